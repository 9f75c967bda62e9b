// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/btfgen.h"

#include <unistd.h>

#include <algorithm>

#include "gadget/support/text.h"
#include "gzip.h"
#include "tar_format.h"

namespace gadget::packager {

namespace {

bool is_part(const std::string& text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '-' || c == '_' || c == '+' || c == '~';
    };
    return !text.empty() && text != "." && text != ".." && std::all_of(text.begin(), text.end(), plain);
}

Result<Bytes> read_member(int fd, const TarMember& member) {
    Bytes content(static_cast<std::size_t>(member.size));
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t count = ::pread(fd, content.data() + done, content.size() - done,
                                      static_cast<off_t>(member.offset + done));
        if (count <= 0) return Error{.code = ErrorCode::io, .message = "cannot read the btfgen layer"};
        done += static_cast<std::size_t>(count);
    }
    return content;
}

}  // namespace

std::string KernelName::path() const {
    return id + "/" + version + "/" + machine + "/" + release + ".btf";
}

Result<Bytes> pack_btfgen(const std::map<KernelName, Bytes>& kernels) {
    std::vector<std::pair<std::string, std::span<const std::byte>>> files;
    for (const auto& [kernel, btf] : kernels) {
        if (!is_part(kernel.id) || !is_part(kernel.version) || !is_part(kernel.machine) ||
            !is_part(kernel.release)) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "'" + printable(kernel.path()) + "' does not name a kernel"};
        }
        files.emplace_back(kernel.path(), btf);
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return gzip(tar_of(files));
}

Result<std::optional<Bytes>> find_btf(std::span<const std::byte> layer, const KernelName& kernel) {
    GADGET_TRY_ASSIGN(const Bytes tar, gunzip(layer, kMaxBinaryFile));
    GADGET_TRY_ASSIGN(const auto fd, memory_file("btfgen", tar));
    std::optional<TarMember> exact;
    std::optional<TarMember> flat;
    // scan_tar() has taken "./" away.
    GADGET_TRY(scan_tar(fd.get(), tar.size(), "the btfgen layer", [&](const TarMember& member) {
        if (member.name == kernel.path()) exact = member;
        if (member.name == kernel.release + ".btf") flat = member;
    }));
    if (!exact && !flat) return std::optional<Bytes>();
    GADGET_TRY_ASSIGN(auto content, read_member(fd.get(), exact ? *exact : *flat));
    return std::optional(std::move(content));
}

}  // namespace gadget::packager
