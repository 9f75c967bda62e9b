// SPDX-License-Identifier: Apache-2.0
#include "tunnel_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace gadget::tests {
namespace {

sockaddr_in loopback(unsigned port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

bool send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// What can be read from one side goes to the other; false at the end.
bool pass_on(int from, int to) {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::recv(from, buffer.data(), buffer.size(), 0);
    return count > 0 && send_all(to, {buffer.data(), static_cast<std::size_t>(count)});
}

}  // namespace

TunnelProxy::TunnelProxy(unsigned port)
    : target_port_(port),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
    own_port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_loop(); });
}

TunnelProxy::~TunnelProxy() {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
    acceptor_.join();
    connections_.clear();
}

std::vector<std::string> TunnelProxy::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

bool TunnelProxy::readable(int fd) const {
    std::array<pollfd, 2> fds{{{fd, POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    return ::poll(fds.data(), fds.size(), -1) > 0 && fds[1].revents == 0;
}

void TunnelProxy::accept_loop() {
    while (readable(listener_.get())) {
        const int client = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0) connections_.emplace_back([this, client] { serve(client); });
    }
}

void TunnelProxy::serve(int raw) {
    const UniqueFd client(raw);
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
        if (!readable(client.get())) return;
        char byte = 0;
        if (::recv(client.get(), &byte, 1, 0) != 1) return;
        head += byte;
    }
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(head);
    }
    const UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(target_port_);
    const bool connected =
        head.starts_with("CONNECT ") &&
        ::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!send_all(client.get(), connected ? "HTTP/1.1 200 OK\r\n\r\n" : "HTTP/1.1 502 No\r\n\r\n")) return;
    if (connected) carry(client.get(), server.get());
}

void TunnelProxy::carry(int client, int server) const {
    while (true) {
        std::array<pollfd, 3> fds{{{client, POLLIN, 0}, {server, POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), -1) < 0 || fds[2].revents != 0) return;
        if (fds[0].revents != 0 && !pass_on(client, server)) return;
        if (fds[1].revents != 0 && !pass_on(server, client)) return;
    }
}

}  // namespace gadget::tests
