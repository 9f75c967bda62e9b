// SPDX-License-Identifier: Apache-2.0
#include "netlink.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {
namespace {

/// A request that grows at its end; numbers are in the order of this machine.
class Request {
  public:
    Request(std::uint16_t type, std::uint16_t flags) {
        const nlmsghdr header{.nlmsg_len = 0,
                              .nlmsg_type = type,
                              .nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags),
                              .nlmsg_seq = 1,
                              .nlmsg_pid = 0};
        put(header);
    }
    template <class T>
    void put(const T& value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
        bytes_.resize(NLMSG_ALIGN(bytes_.size()), '\0');
    }
    void attribute(std::uint16_t type, std::string_view value) {
        const auto start = open(type);
        bytes_.append(value);
        close(start);
    }
    /// Returns what close() needs.
    std::size_t open(std::uint16_t type) {
        const auto start = bytes_.size();
        put(rtattr{.rta_len = 0, .rta_type = type});
        return start;
    }
    void close(std::size_t start) {
        const auto size = static_cast<std::uint16_t>(bytes_.size() - start);
        std::memcpy(&bytes_[start], &size, sizeof size);
        bytes_.resize(NLMSG_ALIGN(bytes_.size()), '\0');
    }

    /// 0 or an errno.
    [[nodiscard]] int send() {
        const auto size = static_cast<std::uint32_t>(bytes_.size());
        std::memcpy(bytes_.data(), &size, sizeof size);
        const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
        if (!socket || ::send(socket.get(), bytes_.data(), bytes_.size(), 0) < 0) return errno;
        alignas(nlmsghdr) std::array<char, 8192> answer{};
        const auto got = ::recv(socket.get(), answer.data(), answer.size(), 0);
        if (got < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(nlmsgerr))) return got < 0 ? errno : EIO;
        nlmsgerr error{};
        std::memcpy(&error, answer.data() + sizeof(nlmsghdr), sizeof error);
        return -error.error;
    }

  private:
    std::string bytes_;
};

std::string name_value(const std::string& name) {
    return name + '\0';
}

template <class T>
std::string_view raw(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

int create_pair(const std::string& name, const std::string& peer, int netns_of_peer) {
    Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    request.put(ifinfomsg{});
    request.attribute(IFLA_IFNAME, name_value(name));
    const auto info = request.open(IFLA_LINKINFO);
    request.attribute(IFLA_INFO_KIND, "veth");
    const auto data = request.open(IFLA_INFO_DATA);
    const auto other = request.open(VETH_INFO_PEER);
    request.put(ifinfomsg{});
    request.attribute(IFLA_IFNAME, name_value(peer));
    request.attribute(IFLA_NET_NS_FD, raw(netns_of_peer));
    request.close(other);
    request.close(data);
    request.close(info);
    return request.send();
}

int set_up(unsigned index) {
    Request request(RTM_NEWLINK, 0);
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(index);
    link.ifi_flags = IFF_UP;
    link.ifi_change = IFF_UP;
    request.put(link);
    return request.send();
}

/// -1: it is no address with a prefix.
int add_address(unsigned index, const std::string& text) {
    const auto slash = text.find('/');
    const auto address = text.substr(0, slash);
    const auto prefix = slash == std::string::npos ? std::nullopt : parse_number(text.substr(slash + 1), 10);
    in6_addr value{};
    const bool v4 = ::inet_pton(AF_INET, address.c_str(), &value) == 1;
    if (!prefix || *prefix > (v4 ? 32U : 128U) ||
        (!v4 && ::inet_pton(AF_INET6, address.c_str(), &value) != 1))
        return -1;
    Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    ifaddrmsg message{};
    message.ifa_family = v4 ? AF_INET : AF_INET6;
    message.ifa_prefixlen = static_cast<std::uint8_t>(*prefix);
    message.ifa_flags = IFA_F_NODAD;  // nobody else has it: it can be used at once
    message.ifa_index = index;
    request.put(message);
    const std::string_view bytes(reinterpret_cast<const char*>(&value), v4 ? sizeof(in_addr) : sizeof value);
    request.attribute(IFA_LOCAL, bytes);
    request.attribute(IFA_ADDRESS, bytes);
    return request.send();
}

/// In the namespace of this thread.
Result<void> configure(const VethEnd& end) {
    const unsigned index = ::if_nametoindex(end.name.c_str());
    if (index == 0) return errno_error(errno, "the interface '" + end.name + "' is not there");
    if (const int status = set_up(index); status != 0)
        return errno_error(status, "cannot bring '" + end.name + "' up");
    for (const auto& address : end.addresses) {
        const int status = add_address(index, address);
        if (status == -1)
            return Error{.code = ErrorCode::rejected_input,
                         .message = "'" + printable(address) + "' is no address such as 10.9.0.1/24"};
        if (status != 0 && status != EEXIST)
            return errno_error(status, "cannot give '" + end.name + "' the address " + address);
    }
    return {};
}

/// Moves this thread into a namespace and back again.
class InNamespace {
  public:
    explicit InNamespace(int netns) {
        if (netns < 0) return;
        before_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        failed_ = !before_ || ::setns(netns, CLONE_NEWNET) != 0;
    }
    ~InNamespace() {
        if (before_) (void)::setns(before_.get(), CLONE_NEWNET);
    }
    InNamespace(const InNamespace&) = delete;
    InNamespace& operator=(const InNamespace&) = delete;
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    UniqueFd before_;
    bool failed_ = false;
};

}  // namespace

Result<void> make_veth(const VethEnd& one, const VethEnd& other) {
    const auto usable = [](const std::string& name) { return !name.empty() && name.size() < IFNAMSIZ; };
    if (!usable(one.name) || !usable(other.name))
        return Error{.code = ErrorCode::rejected_input,
                     .message = "the names of interfaces have 1 to 15 characters"};
    const UniqueFd here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!here) return errno_error(errno, "cannot open the network namespace");
    for (const auto* end : {&one, &other}) {
        const InNamespace inside(end->netns);
        if (inside.failed()) return errno_error(errno, "cannot enter the network namespace");
        if (end == &one) {
            const int status = create_pair(one.name, other.name, other.netns < 0 ? here.get() : other.netns);
            if (status == EOPNOTSUPP)
                return Error{.code = ErrorCode::unsupported,
                             .message = "this kernel has no pairs of interfaces (veth)"};
            if (status != 0) return errno_error(status, "cannot make the interface '" + one.name + "'");
        }
        GADGET_TRY(configure(*end));
    }
    return {};
}

void remove_interface(const std::string& name) {
    Request request(RTM_DELLINK, 0);
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(::if_nametoindex(name.c_str()));
    request.put(link);
    if (link.ifi_index != 0) (void)request.send();
}

}  // namespace gadget::testkit::guest
