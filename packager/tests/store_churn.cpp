// SPDX-License-Identifier: Apache-2.0
// A writer that dies without warning. It builds, tags, imports, pulls and removes:
//
//     store_churn STORE WRITER REGISTRY TAR                        two rounds; says how many points each verb
//     has store_churn STORE WRITER REGISTRY TAR ROUND VERB POINT       dies in that round, at that point of
//     that verb
//
// A point is a call that changes what is stored, or waits for it; the linker sends them here (--wrap). Death
// comes right before the call, so what is on the disk is what the calls before left. The verb's name is said
// first.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "gadget/packager/registry.h"
#include "test_image.h"

namespace {

std::atomic<long> calls_left{-1};  // until death; negative: not counted down
std::atomic<long> calls_made{0};
const char* current_verb = "start";

void pass_point() {
    ++calls_made;
    if (calls_left.load() < 0 || calls_left.fetch_sub(1) != 1) return;
    std::fputs(current_verb, stdout);
    std::fflush(stdout);
    ::kill(::getpid(), SIGKILL);
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the linker wants these names
extern "C" {
#define GADGET_POINT(result, name, parameters, arguments) \
    result __real_##name parameters;                      \
    result __wrap_##name parameters;                      \
    result __wrap_##name parameters {                     \
        pass_point();                                     \
        return __real_##name arguments;                   \
    }
GADGET_POINT(ssize_t, write, (int fd, const void* from, size_t size), (fd, from, size))
GADGET_POINT(int, fsync, (int fd), (fd))
GADGET_POINT(int, fdatasync, (int fd), (fd))
GADGET_POINT(int, rename, (const char* from, const char* to), (from, to))
GADGET_POINT(int, renameat, (int a, const char* from, int b, const char* to), (a, from, b, to))
GADGET_POINT(int, unlink, (const char* path), (path))
GADGET_POINT(int, unlinkat, (int fd, const char* path, int flags), (fd, path, flags))
GADGET_POINT(int, mkdir, (const char* path, mode_t mode), (path, mode))
GADGET_POINT(int, mkdirat, (int fd, const char* path, mode_t mode), (fd, path, mode))
GADGET_POINT(int, fchmod, (int fd, mode_t mode), (fd, mode))
GADGET_POINT(int, flock, (int fd, int what), (fd, what))
#undef GADGET_POINT
}
// NOLINTEND(bugprone-reserved-identifier)

namespace gadget::packager {
namespace {

struct Writer {
    Store store;
    std::string name;
    std::string host;
    std::string tar;
    // Where to die, if anywhere.
    unsigned last_round = 2;
    std::string last_verb{};
    long last_point = 0;
    std::map<std::string, long> points{};  ///< of each verb, in the newest round
};

Result<void> build(Writer& writer, unsigned round) {
    // New each time: no blob of it is in the store.
    const std::string content = writer.name + " " + std::to_string(::getpid()) + " " + std::to_string(round);
    GADGET_TRY(writer.store.add(test::image("x", content), "r/" + writer.name + "-moving:a"));
    return writer.store.add(test::image("gone", content), "r/" + writer.name + "-gone:a");
}

Result<void> tag(Writer& writer, unsigned /*round*/) {
    return writer.store.tag("r/" + writer.name + "-moving:a", "r/" + writer.name + "-tagged:a");
}

Result<void> import(Writer& writer, unsigned /*round*/) {
    GADGET_TRY(writer.store.import_layout(writer.tar));
    return {};
}

Result<void> pull_one(Writer& writer, unsigned round) {
    Registry registry(writer.host, {});
    const Reference remote{
        .registry = writer.host, .repository = "x", .tag = round % 2 == 0 ? "v1" : "v2", .digest = {}};
    GADGET_TRY(pull(registry, remote, writer.store));
    return {};
}

/// Also what was imported and pulled, so that the next round does that again. The other writer may have been
/// first.
Result<void> remove(Writer& writer, unsigned /*round*/) {
    GADGET_TRY(writer.store.remove("r/" + writer.name + "-gone:a"));
    for (const auto& name : {std::string("r/imported:a"), writer.host + "/x:v1", writer.host + "/x:v2"}) {
        const auto removed = writer.store.remove(name);
        if (!removed && removed.error().code != ErrorCode::not_found) return removed;
    }
    return {};
}

struct Verb {
    const char* name;
    Result<void> (*work)(Writer& writer, unsigned round);
};
constexpr Verb kVerbs[] = {
    {"build", build}, {"tag", tag}, {"import", import}, {"pull", pull_one}, {"remove", remove}};

Result<void> play(Writer& writer, unsigned round) {
    for (const auto& verb : kVerbs) {
        current_verb = verb.name;
        calls_made = 0;
        if (round == writer.last_round && writer.last_verb == verb.name) calls_left = writer.last_point;
        GADGET_TRY(verb.work(writer, round));
        writer.points[verb.name] = calls_made;
    }
    return {};
}

int churn(Writer& writer) {
    for (unsigned round = 0; round < 2 || !writer.last_verb.empty(); ++round) {
        if (const auto done = play(writer, round); !done)
            return std::fprintf(stderr, "%s: %s\n", current_verb, done.error().to_string().c_str()), 1;
    }
    for (const auto& [verb, points] : writer.points) std::printf("%s %ld\n", verb.c_str(), points);
    return 0;
}

}  // namespace
}  // namespace gadget::packager

int main(int argc, char** argv) {
    using namespace gadget::packager;
    if (argc != 5 && argc != 8) return 2;
    auto store = Store::open(argv[1]);
    if (!store) return std::fprintf(stderr, "%s\n", store.error().to_string().c_str()), 1;
    Writer writer{.store = std::move(*store), .name = argv[2], .host = argv[3], .tar = argv[4]};
    if (argc == 8) {
        writer.last_round = static_cast<unsigned>(std::atoi(argv[5]));
        writer.last_verb = argv[6];
        writer.last_point = std::atol(argv[7]);
    }
    return churn(writer);
}
