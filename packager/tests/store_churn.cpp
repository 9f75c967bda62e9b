// SPDX-License-Identifier: Apache-2.0
// A writer that is meant to be killed: store_churn STORE WRITER REGISTRY TAR. It builds, tags, imports, pulls
// and removes for ever, and writes a byte to stdout after each round.
#include <unistd.h>

#include <cstdio>

#include "gadget/packager/registry.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

Result<void> round(Store& store, const std::string& writer, const std::string& host, const std::string& tar,
                   unsigned number) {
    const std::string mine = "r/" + writer;
    const std::string content = writer + " round " + std::to_string(number);
    GADGET_TRY(store.add(test::image("x", content), mine + "-moving:a"));
    GADGET_TRY(store.tag(mine + "-moving:a", mine + "-tagged:a"));
    GADGET_TRY(store.import_layout(tar));
    Registry registry(host, {});
    const Reference remote{
        .registry = host, .repository = "x", .tag = number % 2 == 0 ? "v1" : "v2", .digest = {}};
    GADGET_TRY(pull(registry, remote, store));
    GADGET_TRY(store.add(test::image("gone", content), mine + "-gone:a"));
    return store.remove(mine + "-gone:a");
}

int churn(const std::string& root, const std::string& writer, const std::string& host,
          const std::string& tar) {
    for (unsigned number = 0;; ++number) {
        auto store = Store::open(root);
        if (!store) return std::fprintf(stderr, "%s\n", store.error().to_string().c_str()), 1;
        const auto done = round(*store, writer, host, tar, number);
        if (!done) return std::fprintf(stderr, "%s\n", done.error().to_string().c_str()), 1;
        if (::write(STDOUT_FILENO, "x", 1) != 1) return 1;
    }
}

}  // namespace
}  // namespace gadget::packager

int main(int argc, char** argv) {
    return argc == 5 ? gadget::packager::churn(argv[1], argv[2], argv[3], argv[4]) : 2;
}
