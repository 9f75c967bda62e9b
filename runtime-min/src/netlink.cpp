// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace gadget::runtime {
namespace {

constexpr std::size_t kMaxAnswers = std::size_t{16} << 20;

class Request {
  public:
    Request(std::uint16_t type, std::uint16_t flags, const tcmsg& body) {
        nlmsghdr header{};
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        append(&header, sizeof(header));
        append(&body, sizeof(body));
    }
    void add(std::uint16_t type, const void* value, std::size_t size) {
        const rtattr attribute{static_cast<std::uint16_t>(RTA_LENGTH(size)), type};
        append(&attribute, sizeof(attribute));
        append(value, size);
    }
    void add(std::uint16_t type, const std::string& text) { add(type, text.c_str(), text.size() + 1); }
    std::size_t begin(std::uint16_t type) {
        const std::size_t at = bytes_.size();
        add(type, nullptr, 0);
        return at;
    }
    void end(std::size_t at) {
        const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
        std::memcpy(bytes_.data() + at, &length, sizeof(length));
    }
    std::vector<std::byte>& bytes() { return bytes_; }

  private:
    void append(const void* data, std::size_t size) {
        const std::size_t at = bytes_.size();
        bytes_.resize(at + NLMSG_ALIGN(size));
        if (size != 0) std::memcpy(bytes_.data() + at, data, size);
    }
    std::vector<std::byte> bytes_;
};

std::uint32_t parent_of(Direction direction) {
    return TC_H_MAKE(TC_H_CLSACT, direction == Direction::ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

tcmsg body_of(unsigned interface, std::uint32_t parent, std::uint32_t handle, std::uint32_t info) {
    tcmsg body{};
    body.tcm_family = AF_UNSPEC;
    body.tcm_ifindex = static_cast<int>(interface);
    body.tcm_parent = parent;
    body.tcm_handle = handle;
    body.tcm_info = info;
    return body;
}

std::uint32_t filter_info(const TcFilter& filter) {
    return TC_H_MAKE(static_cast<std::uint32_t>(filter.priority) << 16U, htons(filter.protocol));
}

/// Calls `visit(type, payload)` for every attribute; stops at the first that does not fit.
template <class Visit>
void each_attribute(std::span<const std::byte> bytes, const Visit& visit) {
    while (bytes.size() >= sizeof(rtattr)) {
        rtattr attribute;
        std::memcpy(&attribute, bytes.data(), sizeof(attribute));
        if (attribute.rta_len < sizeof(rtattr) || attribute.rta_len > bytes.size()) return;
        visit(attribute.rta_type & NLA_TYPE_MASK,
              bytes.subspan(sizeof(rtattr), attribute.rta_len - sizeof(rtattr)));
        bytes = bytes.subspan(std::min<std::size_t>(RTA_ALIGN(attribute.rta_len), bytes.size()));
    }
}

std::string text_of(std::span<const std::byte> payload) {
    const std::string_view text = as_text(payload);
    return std::string(text.substr(0, text.find('\0')));
}

/// Calls `visit(header, payload)` for every message.
template <class Visit>
void each_message(std::span<const std::byte> bytes, const Visit& visit) {
    while (bytes.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header;
        std::memcpy(&header, bytes.data(), sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > bytes.size()) return;
        visit(header, bytes.subspan(sizeof(header), header.nlmsg_len - sizeof(header)));
        bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
    }
}

std::optional<TcFilter> parse_filter(std::span<const std::byte> payload) {
    if (payload.size() < sizeof(tcmsg)) return std::nullopt;
    tcmsg body;
    std::memcpy(&body, payload.data(), sizeof(body));
    TcFilter filter;
    filter.interface = static_cast<unsigned>(body.tcm_ifindex);
    filter.direction =
        body.tcm_parent == parent_of(Direction::ingress) ? Direction::ingress : Direction::egress;
    filter.handle = body.tcm_handle;
    filter.priority = static_cast<std::uint16_t>(TC_H_MAJ(body.tcm_info) >> 16U);
    filter.protocol = ntohs(static_cast<std::uint16_t>(TC_H_MIN(body.tcm_info)));
    each_attribute(payload.subspan(NLMSG_ALIGN(sizeof(tcmsg))),
                   [&](unsigned type, std::span<const std::byte> value) {
                       if (type != TCA_OPTIONS) return;
                       each_attribute(value, [&](unsigned option, std::span<const std::byte> data) {
                           if (option == TCA_BPF_NAME) filter.name = text_of(data);
                           if (option == TCA_BPF_ID && data.size() >= sizeof(filter.program_id)) {
                               std::memcpy(&filter.program_id, data.data(), sizeof(filter.program_id));
                           }
                       });
                   });
    return filter;
}

Request filter_request(std::uint16_t flags, const TcFilter& filter, int program_fd) {
    Request request(
        RTM_NEWTFILTER, flags,
        body_of(filter.interface, parent_of(filter.direction), filter.handle, filter_info(filter)));
    request.add(TCA_KIND, "bpf");
    const std::size_t options = request.begin(TCA_OPTIONS);
    request.add(TCA_BPF_FD, &program_fd, sizeof(program_fd));
    request.add(TCA_BPF_NAME, filter.name);
    const std::uint32_t act_flags = TCA_BPF_FLAG_ACT_DIRECT;
    request.add(TCA_BPF_FLAGS, &act_flags, sizeof(act_flags));
    request.end(options);
    return request;
}

}  // namespace

Result<RouteSocket> RouteSocket::open() {
    UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!fd) return errno_error(errno, "opening a netlink socket");
    const int on = 1;
    (void)setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));  // only better messages
    return RouteSocket(std::move(fd));
}

Result<int> RouteSocket::exchange(std::vector<std::byte>& request, std::vector<std::byte>& answers) {
    nlmsghdr header;
    std::memcpy(&header, request.data(), sizeof(header));
    header.nlmsg_len = static_cast<std::uint32_t>(request.size());
    header.nlmsg_seq = ++sequence_;
    std::memcpy(request.data(), &header, sizeof(header));
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (sendto(fd_.get(), request.data(), request.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
               sizeof(kernel)) < 0) {
        return errno_error(errno, "sending a netlink request");
    }
    std::vector<std::byte> buffer(64 * 1024);
    while (answers.size() < kMaxAnswers) {
        const ssize_t count = recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return errno_error(errno, "reading a netlink answer");
        std::optional<int> end;
        each_message(std::span(buffer).first(static_cast<std::size_t>(count)),
                     [&](const nlmsghdr& message, std::span<const std::byte> payload) {
                         if (message.nlmsg_seq != sequence_ || end) return;
                         if (message.nlmsg_type == NLMSG_DONE) {
                             end = 0;
                         } else if (message.nlmsg_type == NLMSG_ERROR && payload.size() >= sizeof(int)) {
                             int error = 0;
                             std::memcpy(&error, payload.data(), sizeof(error));
                             end = -error;
                         } else {
                             const std::size_t at = answers.size();
                             answers.resize(at + NLMSG_ALIGN(sizeof(message) + payload.size()));
                             std::memcpy(answers.data() + at, &message, sizeof(message));
                             std::memcpy(answers.data() + at + sizeof(message), payload.data(),
                                         payload.size());
                         }
                     });
        if (end) return *end;
    }
    return Error{ErrorCode::io, "a netlink answer is longer than expected"};
}

Result<bool> RouteSocket::ensure_clsact(unsigned interface) {
    Request request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
                    body_of(interface, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0), 0));
    request.add(TCA_KIND, "clsact");
    std::vector<std::byte> answers;
    GADGET_TRY_ASSIGN(const int error, exchange(request.bytes(), answers));
    if (error == 0) return true;
    if (error == EEXIST) return false;
    if (error == ENOENT) {
        return Error{ErrorCode::unsupported, "adding a clsact discipline: this kernel has no clsact", "",
                     Requirement{"clsact", "CONFIG_NET_SCH_INGRESS"}};
    }
    return errno_error(error, "adding a clsact discipline to interface #" + std::to_string(interface));
}

Result<void> RouteSocket::remove_clsact(unsigned interface) {
    Request request(RTM_DELQDISC, NLM_F_ACK, body_of(interface, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0), 0));
    request.add(TCA_KIND, "clsact");
    std::vector<std::byte> answers;
    GADGET_TRY_ASSIGN(const int error, exchange(request.bytes(), answers));
    if (error == 0 || error == ENODEV || error == ENOENT || error == EINVAL) return {};
    return errno_error(error, "removing the clsact discipline of interface #" + std::to_string(interface));
}

Result<TcFilter> RouteSocket::add_filter(const TcFilter& filter, int program_fd) {
    Request request = filter_request(NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO | NLM_F_ACK, filter, program_fd);
    std::vector<std::byte> answers;
    GADGET_TRY_ASSIGN(const int error, exchange(request.bytes(), answers));
    if (error != 0)
        return errno_error(error, "adding a tc filter to interface #" + std::to_string(filter.interface));
    std::optional<TcFilter> added;
    each_message(answers, [&](const nlmsghdr& message, std::span<const std::byte> payload) {
        if (message.nlmsg_type == RTM_NEWTFILTER && !added) added = parse_filter(payload);
    });
    if (!added) return Error{ErrorCode::io, "the kernel did not say which tc filter it added"};
    return *added;
}

Result<void> RouteSocket::replace_filter(const TcFilter& filter, int program_fd) {
    Request request = filter_request(NLM_F_REPLACE | NLM_F_ACK, filter, program_fd);
    std::vector<std::byte> answers;
    GADGET_TRY_ASSIGN(const int error, exchange(request.bytes(), answers));
    if (error != 0)
        return errno_error(error, "replacing a tc filter on interface #" + std::to_string(filter.interface));
    return {};
}

Result<void> RouteSocket::remove_filter(const TcFilter& filter) {
    Request request(
        RTM_DELTFILTER, NLM_F_ACK,
        body_of(filter.interface, parent_of(filter.direction), filter.handle, filter_info(filter)));
    request.add(TCA_KIND, "bpf");
    std::vector<std::byte> answers;
    GADGET_TRY_ASSIGN(const int error, exchange(request.bytes(), answers));
    if (error == 0 || error == ENODEV || error == ENOENT || error == EINVAL) return {};
    return errno_error(error, "removing a tc filter of interface #" + std::to_string(filter.interface));
}

Result<std::vector<TcFilter>> RouteSocket::list_filters(unsigned interface, Direction direction) {
    Request request(RTM_GETTFILTER, NLM_F_DUMP, body_of(interface, parent_of(direction), 0, 0));
    std::vector<std::byte> answers;
    GADGET_TRY_ASSIGN(const int error, exchange(request.bytes(), answers));
    if (error == ENODEV || error == EINVAL || error == ENOENT) return std::vector<TcFilter>{};
    if (error != 0)
        return errno_error(error, "listing the tc filters of interface #" + std::to_string(interface));
    std::vector<TcFilter> filters;
    each_message(answers, [&](const nlmsghdr& message, std::span<const std::byte> payload) {
        if (message.nlmsg_type != RTM_NEWTFILTER) return;
        auto filter = parse_filter(payload);
        if (filter && filter->handle != 0) filters.push_back(std::move(*filter));
    });
    return filters;
}

}  // namespace gadget::runtime
