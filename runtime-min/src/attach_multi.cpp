// SPDX-License-Identifier: Apache-2.0
// Links that libbpf 1.1 does not know or not well: one link for many functions, tcx, netkit and netfilter.
#include <net/if.h>

#include <cerrno>
#include <cstring>

#include "attach.h"
#include "elf_symbols.h"
#include "kernel_error.h"
#include "kernel_symbols.h"
#include "netns.h"
#include "raw_link.h"

namespace gadget::runtime {
namespace {

using model::AttachKind;

constexpr std::uint32_t kAttachTcxIngress = 46;
constexpr std::uint32_t kAttachTcxEgress = 47;
constexpr std::uint32_t kAttachNetkitPrimary = 54;
constexpr std::uint32_t kAttachNetkitPeer = 55;
constexpr std::uint32_t kAttachNetfilter = 45;
constexpr std::uint32_t kDefragment = 1;
constexpr std::uint32_t kBefore = 8;
constexpr std::uint32_t kReturn = 1;

struct KprobeMultiLink {
    LinkHead head;
    std::uint32_t flags;
    std::uint32_t count;
    std::uint64_t symbols;
    std::uint64_t addresses;
    std::uint64_t cookies;
};

struct UprobeMultiLink {
    LinkHead head;
    std::uint64_t path;
    std::uint64_t offsets;
    std::uint64_t reference_counters;
    std::uint64_t cookies;
    std::uint32_t count;
    std::uint32_t flags;
    std::uint32_t pid;
    std::uint32_t padding;
};

struct TcxLink {
    LinkHead head;
    std::uint32_t relative;
    std::uint32_t padding;
    std::uint64_t expected_revision;
};

struct NetfilterLink {
    LinkHead head;
    std::uint32_t family;
    std::uint32_t hook;
    std::int32_t priority;
    std::uint32_t flags;
};

Result<AttachmentPtr> hold(UniqueFd link) {
    const int number = link.get();
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(link));
    return AttachmentPtr(std::make_unique<FdAttachment>(std::move(fds), number));
}

Error no_target(const AttachRequest& request, const char* wanted) {
    return Error{ErrorCode::invalid_argument, "probe '" + to_string(request.probe.id) + "': section '" +
                                                  request.program.section + "' needs " + wanted +
                                                  " as its target"};
}

/// The errors by which kernels without the link type answer.
Error link_error(int error, const std::string& what, const AttachRequest& request) {
    if (error == EINVAL || error == E2BIG) error = EOPNOTSUPP;
    return attach_error(error, what, requirement_of(*request.program.parsed->kind));
}

/// Multi and session programs say with their type which of the two they are.
std::uint32_t own_attach_type(const AttachRequest& request) {
    return static_cast<std::uint32_t>(bpf_program__expected_attach_type(request.program.handle));
}

}  // namespace

Result<AttachmentPtr> attach_uprobe_multi(const AttachRequest& request) {
    UserFunctions target;
    if (const auto* given = std::get_if<UserFunctions>(&request.probe.target)) {
        target = *given;
    } else {
        const std::string& text = request.program.parsed->target;
        const std::size_t colon = text.rfind(':');
        if (colon == std::string::npos) return no_target(request, "functions of a binary");
        target.binary = text.substr(0, colon);
        target.symbols = {text.substr(colon + 1)};
    }
    const std::string what = request.what(describe_target(request.program, request.probe));
    GADGET_TRY_ASSIGN(const std::filesystem::path binary, find_binary(target.binary).context(what));
    std::vector<std::uint64_t> offsets = target.offsets;
    if (!target.symbols.empty()) {
        GADGET_TRY_ASSIGN(const auto found, matching_offsets(binary, target.symbols).context(what));
        offsets.insert(offsets.end(), found.begin(), found.end());
    }
    if (offsets.empty()) return no_target(request, "functions of a binary");
    const std::vector<std::uint64_t> cookies(request.probe.cookie != 0 ? offsets.size() : 0,
                                             request.probe.cookie);
    UprobeMultiLink link{};
    link.head = {static_cast<std::uint32_t>(request.program.fd()), 0, own_attach_type(request), 0};
    link.path = reinterpret_cast<std::uintptr_t>(binary.c_str());
    link.offsets = reinterpret_cast<std::uintptr_t>(offsets.data());
    link.cookies = cookies.empty() ? 0 : reinterpret_cast<std::uintptr_t>(cookies.data());
    link.count = static_cast<std::uint32_t>(offsets.size());
    link.flags = request.kind() == AttachKind::uretprobe_multi ? kReturn : 0;
    link.pid = static_cast<std::uint32_t>(target.pid.value_or(0));
    UniqueFd fd = create_link(link);
    if (!fd) return link_error(errno, what, request);
    return hold(std::move(fd));
}

Result<AttachmentPtr> attach_kprobe_multi(const AttachRequest& request) {
    KernelFunctions target;
    if (const auto* given = std::get_if<KernelFunctions>(&request.probe.target)) {
        target = *given;
    } else if (!request.program.parsed->target.empty()) {
        target.symbols = {request.program.parsed->target};
    }
    if (target.symbols.empty()) return no_target(request, "kernel functions");
    const std::string what = request.what(describe_target(request.program, request.probe));
    GADGET_TRY_ASSIGN(const auto names, matching_kernel_functions(target.symbols).context(what));
    std::vector<const char*> symbols;
    for (const std::string& name : names) symbols.push_back(name.c_str());
    const std::vector<std::uint64_t> cookies(request.probe.cookie != 0 ? symbols.size() : 0,
                                             request.probe.cookie);
    KprobeMultiLink link{};
    link.head = {static_cast<std::uint32_t>(request.program.fd()), 0, own_attach_type(request), 0};
    link.flags = request.kind() == AttachKind::kretprobe_multi ? kReturn : 0;
    link.count = static_cast<std::uint32_t>(symbols.size());
    link.symbols = reinterpret_cast<std::uintptr_t>(symbols.data());
    link.cookies = cookies.empty() ? 0 : reinterpret_cast<std::uintptr_t>(cookies.data());
    UniqueFd fd = create_link(link);
    if (fd) return hold(std::move(fd));
    if (errno == ESRCH)
        return Error{ErrorCode::not_found, what + ": this kernel lacks one of these functions"};
    return link_error(errno, what, request);
}

Result<AttachmentPtr> attach_tcx(const AttachRequest& request) {
    const auto* const target = std::get_if<NetInterface>(&request.probe.target);
    if (target == nullptr || (target->index == 0 && target->name.empty()))
        return no_target(request, "a network interface");
    std::optional<Direction> direction = target->direction;
    const std::string& place = request.program.parsed->target;
    const bool netkit = request.kind() == AttachKind::netkit;
    if (!direction && place == (netkit ? "peer" : "ingress")) direction = Direction::ingress;
    if (!direction && place == (netkit ? "primary" : "egress")) direction = Direction::egress;
    if (!direction) return no_target(request, "a direction, ingress or egress,");
    const bool ingress = *direction == Direction::ingress;
    const std::uint32_t type = netkit    ? ingress ? kAttachNetkitPeer : kAttachNetkitPrimary
                               : ingress ? kAttachTcxIngress
                                         : kAttachTcxEgress;
    const std::string what = request.what(describe_target(request.program, request.probe));
    UniqueFd fd;
    const auto work = [&]() -> Result<void> {
        unsigned index = target->index;
        if (index == 0) {
            GADGET_TRY_ASSIGN(index, interface_index(target->name));
        }
        TcxLink link{};
        link.head = {static_cast<std::uint32_t>(request.program.fd()), index, type,
                     target->first ? kBefore : 0};
        fd = create_link(link);
        return fd ? Result<void>{} : link_error(errno, what, request);
    };
    GADGET_TRY(in_netns(target->netns_fd, work).context(what));
    return hold(std::move(fd));
}

Result<AttachmentPtr> attach_netfilter(const AttachRequest& request) {
    const auto* const target = std::get_if<NetfilterHook>(&request.probe.target);
    if (target == nullptr) return no_target(request, "a netfilter hook");
    const std::string what = request.what(describe_target(request.program, request.probe));
    UniqueFd fd;
    const auto work = [&]() -> Result<void> {
        NetfilterLink link{};
        link.head = {static_cast<std::uint32_t>(request.program.fd()), 0, kAttachNetfilter, 0};
        link.family = target->family;
        link.hook = target->hook;
        link.priority = target->priority;
        link.flags = target->defragment ? kDefragment : 0;
        fd = create_link(link);
        if (fd) return {};
        // A kernel that has loaded the program knows the link as well: what it does not like is our wish.
        if (errno != EINVAL && errno != EAFNOSUPPORT) return attach_error(errno, what, request.kind());
        return Error{ErrorCode::invalid_argument, what + ": there is no such hook, or its priority is taken"};
    };
    GADGET_TRY(in_netns(target->netns_fd, work).context(what));
    return hold(std::move(fd));
}

}  // namespace gadget::runtime
