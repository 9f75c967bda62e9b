// SPDX-License-Identifier: Apache-2.0
// Programs of the network side: XDP links, control groups, network namespaces, sockets.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>

#include "attach.h"
#include "kernel_error.h"
#include "libbpf_log.h"
#include "netns.h"

namespace gadget::runtime {
namespace {

Error wrong_target(const AttachRequest& request, const char* wanted) {
    return Error{ErrorCode::invalid_argument, "probe '" + to_string(request.probe.id) +
                                                  "': programs of section '" + request.program.section +
                                                  "' need " + wanted + " as their target"};
}

AttachmentPtr hold(UniqueFd link) {
    const int number = link.get();
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(link));
    return std::make_unique<FdAttachment>(std::move(fds), number);
}

/// How a program gets onto a socket: as its filter, or as what chooses within its reuseport group.
struct SocketOption {
    int attach;
    int detach;
};
constexpr SocketOption kFilter{SO_ATTACH_BPF, SO_DETACH_BPF};
constexpr SocketOption kReuseport{SO_ATTACH_REUSEPORT_EBPF, SO_DETACH_REUSEPORT_BPF};

class SocketAttachment final : public Attachment {
  public:
    SocketAttachment(UniqueFd socket, int detach) : socket_(std::move(socket)), detach_(detach) {}
    ~SocketAttachment() override { (void)detach(); }
    Result<void> detach() override {
        if (!socket_) return {};
        const int unused = 0;
        const int status = setsockopt(socket_.get(), SOL_SOCKET, detach_, &unused, sizeof(unused));
        const int error = errno;
        socket_.reset();
        if (status != 0 && error != ENOENT) return errno_error(error, "detaching a program from a socket");
        return {};
    }
    [[nodiscard]] std::string method() const override { return "socket option"; }

  private:
    UniqueFd socket_;  // a duplicate: the owner may close its own meanwhile
    int detach_;       // socket option
};

std::uint32_t xdp_flags(XdpMode mode) {
    switch (mode) {
        case XdpMode::automatic:
            return 0;
        case XdpMode::skb:
            return XDP_FLAGS_SKB_MODE;
        case XdpMode::driver:
            return XDP_FLAGS_DRV_MODE;
        case XdpMode::hardware:
            return XDP_FLAGS_HW_MODE;
    }
    return 0;
}

/// Before Linux 5.9: the program stays with the interface until somebody takes it off. We only do while it is
/// ours.
class NetlinkXdpAttachment final : public Attachment {
  public:
    NetlinkXdpAttachment(unsigned interface, std::uint32_t flags, UniqueFd program, UniqueFd netns)
        : interface_(static_cast<int>(interface)),
          flags_(flags),
          program_(std::move(program)),
          netns_(std::move(netns)) {}
    ~NetlinkXdpAttachment() override { (void)detach(); }
    Result<void> detach() override {
        if (!program_) return {};
        const UniqueFd program = std::move(program_);
        return in_netns(netns_.get(), [&]() -> Result<void> {
            bpf_xdp_attach_opts options{};
            options.sz = sizeof(options);
            options.old_prog_fd = program.get();
            const int status = bpf_xdp_detach(interface_, flags_ | XDP_FLAGS_REPLACE, &options);
            // EEXIST: another program is there by now; ENODEV: the interface is gone.
            if (status == 0 || status == -EEXIST || status == -ENODEV || status == -ENOENT) return {};
            return errno_error(status, "taking the XDP program off interface #" + std::to_string(interface_));
        });
    }
    [[nodiscard]] std::string method() const override { return "netlink"; }

  private:
    int interface_;
    std::uint32_t flags_;
    UniqueFd program_;  // a duplicate
    UniqueFd netns_;    // that of the interface
};

Result<AttachmentPtr> attach_xdp_by_netlink(const AttachRequest& request, unsigned index, std::uint32_t flags,
                                            const std::string& what) {
    const LogCapture capture;
    const int status = bpf_xdp_attach(static_cast<int>(index), request.program.fd(),
                                      flags | XDP_FLAGS_UPDATE_IF_NOEXIST, nullptr);
    if (status == -EBUSY || status == -EEXIST)
        return Error{ErrorCode::already_exists, what + ": the interface has an XDP program already"};
    if (status != 0) return attach_error(status, what, request.kind());
    UniqueFd program(fcntl(request.program.fd(), F_DUPFD_CLOEXEC, 0));
    UniqueFd netns(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (program && netns) {
        return AttachmentPtr(
            std::make_unique<NetlinkXdpAttachment>(index, flags, std::move(program), std::move(netns)));
    }
    const int error = errno;
    (void)bpf_xdp_detach(static_cast<int>(index), flags, nullptr);
    return errno_error(error, what);
}

class SocketMapAttachment final : public Attachment {
  public:
    SocketMapAttachment(UniqueFd map, UniqueFd program, bpf_attach_type type)
        : map_(std::move(map)), program_(std::move(program)), type_(type) {}
    ~SocketMapAttachment() override { (void)detach(); }
    Result<void> detach() override {
        if (!program_) return {};
        const UniqueFd program = std::move(program_);
        const int status = bpf_prog_detach2(program.get(), map_.get(), type_);
        if (status == 0 || errno == ENOENT) return {};  // somebody has put another one in its place
        return errno_error(errno, "detaching a program from a socket map");
    }
    [[nodiscard]] std::string method() const override { return "socket map"; }

  private:
    UniqueFd map_;
    UniqueFd program_;
    bpf_attach_type type_;
};

/// A packet socket of our own: the filter lasts as long as the socket.
Result<AttachmentPtr> attach_packet_socket(const AttachRequest& request, const NetInterface& target) {
    const bool all = target.index == 0 && target.name.empty();
    const std::string where =
        !target.name.empty() ? "'" + target.name + "'" : "#" + std::to_string(target.index);
    const std::string what =
        request.what("the packets of " + (all ? "all interfaces" : "interface " + where));
    UniqueFd packets;
    const auto work = [&]() -> Result<void> {
        unsigned index = target.index;
        if (index == 0 && !target.name.empty()) {
            GADGET_TRY_ASSIGN(index, interface_index(target.name));
        }
        // Protocol 0 receives nothing until bind(): no packet gets past the filter.
        packets.reset(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!packets) return attach_error(errno, what, request.kind());
        const int program = request.program.fd();
        if (setsockopt(packets.get(), SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) != 0) {
            return attach_error(errno, what, request.kind());
        }
        sockaddr_ll address{};
        address.sll_family = AF_PACKET;
        address.sll_protocol =
            htons(target.protocol == 0 ? static_cast<std::uint16_t>(ETH_P_ALL) : target.protocol);
        address.sll_ifindex = static_cast<int>(index);
        if (bind(packets.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
            return attach_error(errno, what, request.kind());
        }
        return {};
    };
    GADGET_TRY(in_netns(target.netns_fd, work).context(what));
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(packets));
    return AttachmentPtr(std::make_unique<FdAttachment>(std::move(fds)));
}

}  // namespace

Result<AttachmentPtr> attach_xdp(const AttachRequest& request) {
    const auto* const target = std::get_if<NetInterface>(&request.probe.target);
    if (target == nullptr || (target->index == 0 && target->name.empty())) {
        return wrong_target(request, "a network interface");
    }
    const std::string what = request.what(describe_target(request.program, request.probe));
    UniqueFd link;
    AttachmentPtr by_netlink;
    const auto work = [&]() -> Result<void> {
        unsigned index = target->index;
        if (index == 0) {
            GADGET_TRY_ASSIGN(index, interface_index(target->name));
        }
        if (target->xdp_by_netlink) {
            GADGET_TRY_ASSIGN(by_netlink,
                              attach_xdp_by_netlink(request, index, xdp_flags(target->xdp_mode), what));
            return {};
        }
        bpf_link_create_opts options{};
        options.sz = sizeof(options);
        options.flags = xdp_flags(target->xdp_mode);
        link.reset(bpf_link_create(request.program.fd(), static_cast<int>(index), BPF_XDP, &options));
        if (link) return {};
        if (errno == EBUSY) {
            return Error{ErrorCode::already_exists, what + ": the interface has an XDP program already"};
        }
        if (errno != EINVAL) return attach_error(errno, what, request.kind());
        GADGET_TRY_ASSIGN(by_netlink,
                          attach_xdp_by_netlink(request, index, xdp_flags(target->xdp_mode), what));
        return {};
    };
    GADGET_TRY(in_netns(target->netns_fd, work).context(what));
    return by_netlink ? std::move(by_netlink) : AttachmentPtr(hold(std::move(link)));
}

Result<AttachmentPtr> attach_cgroup(const AttachRequest& request) {
    const auto* const target = std::get_if<Cgroup>(&request.probe.target);
    if (target == nullptr || target->path.empty()) return wrong_target(request, "a cgroup2 folder");
    const std::string what = request.what(describe_target(request.program, request.probe));
    const UniqueFd folder(open(target->path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return errno_error(errno, what + ": opening '" + target->path.string() + "'");
    bpf_link_create_opts options{};
    options.sz = sizeof(options);
    const auto type = bpf_program__expected_attach_type(request.program.handle);
    UniqueFd link(bpf_link_create(request.program.fd(), folder.get(), type, &options));
    if (link) return AttachmentPtr(hold(std::move(link)));
    if (errno == EBADF) {
        return Error{ErrorCode::invalid_argument,
                     what + ": '" + target->path.string() + "' is not a cgroup2 folder"};
    }
    return attach_error(errno, what, request.kind());
}

Result<AttachmentPtr> attach_netns(const AttachRequest& request) {
    const auto* const given = std::get_if<NetNamespace>(&request.probe.target);
    if (given == nullptr) return wrong_target(request, "a network namespace");
    const std::string what = request.what(given->path.string());
    const UniqueFd netns(open(given->path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns) return errno_error(errno, what);
    bpf_link_create_opts options{};
    options.sz = sizeof(options);
    const auto type = bpf_program__expected_attach_type(request.program.handle);
    UniqueFd link(bpf_link_create(request.program.fd(), netns.get(), type, &options));
    if (!link) return attach_error(errno, what, request.kind());
    return AttachmentPtr(hold(std::move(link)));
}

Result<AttachmentPtr> attach_socket_map(const AttachRequest& request) {
    const auto* const target = std::get_if<SocketMap>(&request.probe.target);
    if (target == nullptr) return wrong_target(request, "a socket map of the object");
    const std::string what = request.what(describe_target(request.program, request.probe));
    const bpf_map* const map = request.object.find_map(target->map);
    if (map == nullptr) return Error{ErrorCode::not_found, what + ": there is no map '" + target->map + "'"};
    UniqueFd map_fd(fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0));
    UniqueFd program(fcntl(request.program.fd(), F_DUPFD_CLOEXEC, 0));
    if (!map_fd || !program) return errno_error(errno, what);
    const auto type = bpf_program__expected_attach_type(request.program.handle);
    if (bpf_prog_attach(program.get(), map_fd.get(), type, 0) != 0) {
        return attach_error(errno, what, request.kind());
    }
    return AttachmentPtr(std::make_unique<SocketMapAttachment>(std::move(map_fd), std::move(program), type));
}

Result<AttachmentPtr> attach_socket(const AttachRequest& request) {
    const bool reuseport = request.kind() == model::AttachKind::sk_reuseport;
    const auto* const interface = std::get_if<NetInterface>(&request.probe.target);
    if (interface != nullptr && !reuseport) return attach_packet_socket(request, *interface);
    const auto* const target = std::get_if<Socket>(&request.probe.target);
    if (target == nullptr || target->fd < 0)
        return wrong_target(request, reuseport ? "a socket of the group" : "a socket or an interface");
    const std::string what = request.what("a socket");
    UniqueFd socket(fcntl(target->fd, F_DUPFD_CLOEXEC, 0));
    if (!socket) return errno_error(errno, what);
    const int program = request.program.fd();
    const SocketOption& option = reuseport ? kReuseport : kFilter;
    if (setsockopt(socket.get(), SOL_SOCKET, option.attach, &program, sizeof(program)) != 0) {
        return attach_error(errno, what, request.kind());
    }
    return AttachmentPtr(std::make_unique<SocketAttachment>(std::move(socket), option.detach));
}

}  // namespace gadget::runtime
