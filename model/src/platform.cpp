// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/platform.h"

namespace gadget::model {

std::string_view to_string(Arch arch) {
    return arch == Arch::amd64 ? "amd64" : "arm64";
}

std::optional<Arch> parse_arch(std::string_view name) {
    if (name == "amd64" || name == "x86_64") return Arch::amd64;
    if (name == "arm64" || name == "aarch64") return Arch::arm64;
    return std::nullopt;
}

std::string_view machine_name(Arch arch) {
    return arch == Arch::amd64 ? "x86_64" : "aarch64";
}

Arch host_arch() {
#if defined(__x86_64__)
    return Arch::amd64;
#elif defined(__aarch64__)
    return Arch::arm64;
#else
#error "gadgets run on amd64 and arm64 only"
#endif
}

}  // namespace gadget::model
