// SPDX-License-Identifier: Apache-2.0
#include "link_child.h"

#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "gadget/support/files.h"
#include "gadget/support/unique_fd.h"
#include "wire.h"
#include "wire_stream.h"

namespace gadget::builder {
namespace {

constexpr int kProtocolFailure = 70;

using LinkerPtr = CPtr<bpf_linker, bpf_linker__free>;

// libbpf says why on its print function only; the parent reads descriptor 2.
int print_to_stderr(libbpf_print_level level, const char* format, va_list arguments) {
    return level == LIBBPF_WARN ? std::vfprintf(stderr, format, arguments) : 0;
}

// A memory file as a path: the linker of libbpf 1.1 knows nothing else.
std::string path_of(const UniqueFd& fd) {
    return "/proc/self/fd/" + std::to_string(fd.get());
}

bool put(RecordKind kind, std::string_view payload) {
    return write_all(1, as_bytes(encode_record(kind, payload)), "result").has_value();
}

// Empty when the linker refuses.
Bytes link_objects(const std::vector<std::string>& objects) {
    const UniqueFd output(::memfd_create("linked", MFD_CLOEXEC));
    if (!output) return {};
    const LinkerPtr linker(bpf_linker__new(path_of(output).c_str(), nullptr));
    if (linker == nullptr) return {};
    std::vector<UniqueFd> inputs;
    for (const std::string& object : objects) {
        (void)put(RecordKind::phase, std::to_string(inputs.size()));
        auto input = memory_file("object", as_bytes(object));
        if (!input || bpf_linker__add_file(linker.get(), path_of(*input).c_str(), nullptr) != 0) return {};
        inputs.push_back(std::move(*input));
    }
    if (bpf_linker__finalize(linker.get()) != 0) return {};
    if (::lseek(output.get(), 0, SEEK_SET) != 0) return {};
    return read_all(output.get(), kMaxBinaryFile, "linked object").value_or(Bytes());
}

}  // namespace

int link_child_main() {
    libbpf_set_print(print_to_stderr);
    const auto bytes = read_all(0, kMaxBinaryFile, "objects");
    if (!bytes) return kProtocolFailure;
    Reader reader(as_text(*bytes));
    const std::vector<std::string> objects = reader.strings();
    if (!reader.finished() || objects.empty()) return kProtocolFailure;
    const Bytes linked = link_objects(objects);
    const auto result = static_cast<char>(linked.empty() ? ChildStatus::rejected : ChildStatus::done);
    if (!linked.empty() && !put(RecordKind::object, as_text(linked))) return kProtocolFailure;
    return put(RecordKind::status, std::string_view(&result, 1)) ? 0 : kProtocolFailure;
}

}  // namespace gadget::builder
