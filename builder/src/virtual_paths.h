// SPDX-License-Identifier: Apache-2.0
// Where the compiler sees things. Objects name these paths (BTF line information), so they are part of the
// output.
#pragma once

namespace gadget::builder {

inline constexpr const char* kSourceDir = "/gadget";              ///< the folder of the main file
inline constexpr const char* kIncludeDir = "/include/";           ///< + index: the author's include folders
inline constexpr const char* kApiDir = "/gadgetkit/api";          ///< <gadget/...>
inline constexpr const char* kVmlinuxDir = "/gadgetkit/vmlinux";  ///< <vmlinux.h> of the architecture
inline constexpr const char* kLibbpfDir = "/gadgetkit/libbpf";    ///< <bpf/...>
inline constexpr const char* kUapiDir = "/gadgetkit/uapi";        ///< <linux/...>, <asm-generic/...>
inline constexpr const char* kUapiArchDir = "/gadgetkit/uapi-arch";  ///< <asm/...> of the architecture
inline constexpr const char* kClangDir = "/gadgetkit/clang";         ///< clang's own headers are in include/

}  // namespace gadget::builder
