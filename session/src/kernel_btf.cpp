// SPDX-License-Identifier: Apache-2.0
#include "kernel_btf.h"

#include <sys/utsname.h>

#include "gadget/packager/btfgen.h"
#include "gadget/support/text.h"

namespace gadget::session {
namespace {

/// The value of NAME=value or NAME="value" in an os-release file.
std::string os_release_value(const std::string& text, std::string_view name) {
    for (auto line : split(text, '\n')) {
        if (!line.starts_with(name) || line.substr(name.size(), 1) != "=") continue;
        line = trim(line.substr(name.size() + 1));
        const bool quoted = line.size() > 1 && (line.front() == '"' || line.front() == '\'');
        return std::string(quoted ? line.substr(1, line.size() - 2) : line);
    }
    return {};
}

}  // namespace

Result<UniqueFd> kernel_btf_from(std::span<const std::byte> layer, const MachinePlaces& places) {
    std::error_code ignored;
    if (layer.empty() || std::filesystem::exists(places.kernel_btf, ignored)) return UniqueFd();
    packager::KernelName kernel{
        .id = {}, .version = {}, .machine = places.machine, .release = places.release};
    if (const auto text = read_text_file(places.os_release)) {
        kernel.id = os_release_value(*text, "ID");
        kernel.version = os_release_value(*text, "VERSION_ID");
    }
    utsname machine{};
    if (::uname(&machine) == 0) {
        if (kernel.machine.empty()) kernel.machine = machine.machine;
        if (kernel.release.empty()) kernel.release = machine.release;
    }
    GADGET_TRY_ASSIGN(const auto btf, packager::find_btf(layer, kernel));
    if (!btf) return UniqueFd();
    return memory_file("kernel-btf", *btf);
}

}  // namespace gadget::session
