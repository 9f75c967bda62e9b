// SPDX-License-Identifier: Apache-2.0
// BPF_LINK_CREATE with layouts of our own, those of union bpf_attr (kernel: include/uapi/linux/bpf.h): what
// can be attached depends on the kernel alone, not on the version of libbpf.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "gadget/support/unique_fd.h"

namespace gadget::runtime {

struct LinkHead {
    std::uint32_t program;
    std::uint32_t target;
    std::uint32_t attach_type;
    std::uint32_t flags;
};

/// `Link` begins with a LinkHead. The kernel refuses set bytes behind the fields it knows; these structures
/// have none.
template <class Link>
UniqueFd create_link(const Link& link) {
    constexpr int kLinkCreate = 28;
    return UniqueFd(static_cast<int>(syscall(SYS_bpf, kLinkCreate, &link, sizeof(link))));
}

}  // namespace gadget::runtime
