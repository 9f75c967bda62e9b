// SPDX-License-Identifier: Apache-2.0
// Stimuli: TCP, UDP and DNS over IPv4 and IPv6, client and server in one process.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {
namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] int family() const { return storage.ss_family; }
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Address and port out of the options of these names; nullopt when they are none.
std::optional<Address> address_option(const StimulusContext& context, const std::string& address_name,
                                      const std::string& port_name, std::string_view default_port) {
    const auto text = context.option(address_name, "127.0.0.1");
    const auto port = parse_number(context.option(port_name, default_port), 10);
    if (!port || *port > 0xffff) return std::nullopt;
    Address address;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(*port));
        std::memcpy(&address.storage, &v4, sizeof v4);
        address.size = sizeof v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(static_cast<std::uint16_t>(*port));
        std::memcpy(&address.storage, &v6, sizeof v6);
        address.size = sizeof v6;
    } else {
        return std::nullopt;
    }
    return address;
}

UniqueFd make_socket(const Address& address, int type) {
    return UniqueFd(::socket(address.family(), type | SOCK_CLOEXEC, 0));
}

/// Binds so that a port can be used again right after a test.
int bind_to(const UniqueFd& socket, const Address& address) {
    const int on = 1;
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return ::bind(socket.get(), address.get(), address.size) == 0 ? 0 : errno;
}

std::string payload(const StimulusContext& context) {
    constexpr unsigned kMaxBytes = 1U << 16;
    return std::string(std::min(parse_number(context.option("bytes", "16"), 10).value_or(16), kMaxBytes),
                       'x');
}

bool wait_readable(const UniqueFd& fd) {
    constexpr int kPatienceMs = 2000;
    pollfd entry{fd.get(), POLLIN, 0};
    return ::poll(&entry, 1, kPatienceMs) > 0;
}

/// The question section of a DNS query for `name` (RFC 1035, 4.1), empty for a name that is none.
std::string dns_query(const std::string& name, std::uint16_t type, std::uint16_t id) {
    std::string packet;
    const auto put16 = [&packet](unsigned value) {
        packet += {static_cast<char>(value >> 8), static_cast<char>(value)};
    };
    for (const unsigned value : {static_cast<unsigned>(id), 0x0100U, 1U, 0U, 0U, 0U}) put16(value);
    for (const auto label : split(name, '.')) {
        if (label.empty() || label.size() > 63) return {};
        packet += static_cast<char>(label.size());
        packet.append(label);
    }
    packet += '\0';
    put16(type);
    put16(1);
    return packet;
}

/// A TLS record with a ClientHello that has one cipher and the server name `name` (RFC 8446, 4.1.2; RFC 6066,
/// 3). Empty for a name that is none.
std::string client_hello(const std::string& name) {
    constexpr std::size_t kMaxName = 255;
    if (name.empty() || name.size() > kMaxName) return {};
    const auto number = [](std::size_t value, int bytes) {
        std::string text;
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
        return text;
    };
    const auto with_size = [&number](const std::string& text, int bytes) {
        return number(text.size(), bytes) + text;
    };
    const std::string server_name = with_size(number(0, 1) + with_size(name, 2), 2);
    const std::string extensions = number(0, 2) + with_size(server_name, 2);
    std::string body = "\x03\x03" + std::string(32, 'r');  // version 1.2, random
    body += number(0, 1) + with_size("\x13\x01", 2);       // no session, TLS_AES_128_GCM_SHA256
    body += with_size(number(0, 1), 1) + with_size(extensions, 2);
    const std::string handshake = number(1, 1) + with_size(body, 3);
    return std::string("\x16\x03\x01") + with_size(handshake, 2);
}

std::uint16_t dns_type(const std::string& name) {
    if (name == "AAAA") return 28;
    if (name == "TXT") return 16;
    if (name == "MX") return 15;
    if (name == "CNAME") return 5;
    return name == "A" ? 1 : 0;
}

/// The answer that a server sends: the question again, and for A one record with 192.0.2.1.
std::string dns_answer(std::string query, const std::string& rcode) {
    const bool found = rcode == "NOERROR";
    query[2] = static_cast<char>(0x81);
    query[3] = static_cast<char>(0x80 | (found ? 0 : rcode == "SERVFAIL" ? 2 : 3));
    if (!found) return query;
    query[7] = 1;  // one answer
    constexpr std::array<unsigned char, 16> kRecord{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    return query.append(reinterpret_cast<const char*>(kRecord.data()), kRecord.size());
}

}  // namespace

std::string talk_tcp(const StimulusContext& context) {
    const auto address = address_option(context, "address", "port", "0");
    if (!address)
        return "'" + context.option("address") + "' and '" + context.option("port") +
               "' are no address and port";
    const bool serve = context.option("listen", context.option("error").empty() ? "true" : "false") == "true";
    UniqueFd listener;
    if (serve) {
        listener = make_socket(*address, SOCK_STREAM);
        if (!listener) return "socket: " + errno_name(errno);
        if (const int error = bind_to(listener, *address); error != 0) return "bind: " + errno_name(error);
        if (::listen(listener.get(), 1) != 0) return "listen: " + errno_name(errno);
    }
    const UniqueFd client = make_socket(*address, SOCK_STREAM);
    if (!client) return "socket: " + errno_name(errno);
    if (const auto source = context.option("source-port"); !source.empty()) {
        auto from = address_option(context, "source-address", "source-port", "0");
        if (!from) return "'" + source + "' is no port";
        if (const int error = bind_to(client, *from); error != 0) return "bind: " + errno_name(error);
    }
    const int error = ::connect(client.get(), address->get(), address->size) == 0 ? 0 : errno;
    auto failure = check_errno(context, "connect", error);
    if (!failure.empty() || error != 0 || !serve) return failure;
    const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!server) return "accept: " + errno_name(errno);
    const auto bytes = payload(context);
    if (::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
        return "send: " + errno_name(errno);
    std::array<char, 1024> buffer{};
    if (!bytes.empty() &&
        (!wait_readable(server) || ::recv(server.get(), buffer.data(), buffer.size(), 0) <= 0))
        return "nothing was received";
    const auto hold = parse_number(context.option("hold", "0"), 10);
    if (!hold) return "hold '" + context.option("hold") + "' is not a number of milliseconds";
    (void)::poll(nullptr, 0, static_cast<int>(std::min(*hold, 600'000U)));
    return {};
}

std::string greet_tls(const StimulusContext& context) {
    const auto address = address_option(context, "address", "port", "0");
    const auto hello = client_hello(context.option("name"));
    if (!address || hello.empty()) return "the options are no server name, address and port";
    const UniqueFd listener = make_socket(*address, SOCK_STREAM);
    if (!listener) return "socket: " + errno_name(errno);
    if (const int error = bind_to(listener, *address); error != 0) return "bind: " + errno_name(error);
    const UniqueFd client = make_socket(*address, SOCK_STREAM);
    if (::listen(listener.get(), 1) != 0 || !client ||
        ::connect(client.get(), address->get(), address->size) != 0)
        return "connect: " + errno_name(errno);
    const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!server) return "accept: " + errno_name(errno);
    if (::send(client.get(), hello.data(), hello.size(), MSG_NOSIGNAL) < 0)
        return "send: " + errno_name(errno);
    std::array<char, 1024> buffer{};
    if (!wait_readable(server) || ::recv(server.get(), buffer.data(), buffer.size(), 0) <= 0)
        return "nothing was received";
    return {};
}

std::string send_udp(const StimulusContext& context) {
    const auto address = address_option(context, "address", "port", "9");
    if (!address)
        return "'" + context.option("address") + "' and '" + context.option("port") +
               "' are no address and port";
    const UniqueFd socket = make_socket(*address, SOCK_DGRAM);
    if (!socket) return "socket: " + errno_name(errno);
    const auto bytes = payload(context);
    const auto sent =
        ::sendto(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, address->get(), address->size);
    return check_errno(context, "sendto", sent < 0 ? errno : 0);
}

std::string bind_socket(const StimulusContext& context) {
    const auto address = address_option(context, "address", "port", "0");
    if (!address)
        return "'" + context.option("address") + "' and '" + context.option("port") +
               "' are no address and port";
    const auto protocol = context.option("protocol", "tcp");
    if (protocol != "tcp" && protocol != "udp") return "unknown protocol '" + protocol + "'";
    const UniqueFd socket = make_socket(*address, protocol == "tcp" ? SOCK_STREAM : SOCK_DGRAM);
    if (!socket) return "socket: " + errno_name(errno);
    return check_errno(context, "bind", bind_to(socket, *address));
}

std::string ask_dns(const StimulusContext& context) {
    const auto address = address_option(context, "address", "port", "53");
    const auto type = dns_type(context.option("type", "A"));
    const auto query = dns_query(context.option("name"), type, 0x4b47);
    if (!address || type == 0 || query.empty()) return "the options are no DNS question";
    const auto rcode = context.option("answer", "NOERROR");
    UniqueFd server;
    if (rcode != "none") {
        server = make_socket(*address, SOCK_DGRAM);
        if (!server) return "socket: " + errno_name(errno);
        if (const int error = bind_to(server, *address); error != 0) return "bind: " + errno_name(error);
    }
    const UniqueFd client = make_socket(*address, SOCK_DGRAM);
    if (!client) return "socket: " + errno_name(errno);
    const auto sent =
        ::sendto(client.get(), query.data(), query.size(), MSG_NOSIGNAL, address->get(), address->size);
    if (sent < 0 || !server) return check_errno(context, "sendto", sent < 0 ? errno : 0);
    std::array<char, 1024> buffer{};
    sockaddr_storage from{};
    socklen_t from_size = sizeof from;
    if (!wait_readable(server)) return "the query did not arrive";
    const auto size = ::recvfrom(server.get(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &from_size);
    constexpr ssize_t kHeader = 12;
    if (size < kHeader) return "the query did not arrive whole";
    const auto answer = dns_answer(std::string(buffer.data(), static_cast<std::size_t>(size)), rcode);
    if (::sendto(server.get(), answer.data(), answer.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&from),
                 from_size) < 0) {
        return "sendto: " + errno_name(errno);
    }
    if (!wait_readable(client) || ::recv(client.get(), buffer.data(), buffer.size(), 0) <= 0)
        return "no answer arrived";
    return {};
}

}  // namespace gadget::testkit::guest
