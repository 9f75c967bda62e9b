// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/files.h"

namespace gadget::testkit {

/// The names in the "depends=" entry of a module's .modinfo, empty when there are none.
[[nodiscard]] std::vector<std::string> module_dependencies(std::span<const std::byte> module);

/// The files of `wanted` modules and of what they depend on, dependencies first; names that `folder` does not
/// have are left out (built into the kernel, or not packaged).
Result<std::vector<std::filesystem::path>> order_modules(const std::filesystem::path& folder,
                                                         std::span<const std::string_view> wanted);

/// `module` without its signature and without its BTF, which take longer to check than the code to load: for
/// a machine that has no use for either. A module that is no such ELF file is returned as it is. The kernel
/// must not insist on signatures.
[[nodiscard]] Bytes plain_module(Bytes module);

/// What a virtio-serial port on PCI needs where it is not built in (Linux 5.10 and 6.1).
[[nodiscard]] std::span<const std::string_view> port_modules();
/// What gadgets may attach to: worth keeping from a kernel package.
[[nodiscard]] std::span<const std::string_view> gadget_modules();

}  // namespace gadget::testkit
