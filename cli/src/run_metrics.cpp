// SPDX-License-Identifier: Apache-2.0
// A server for one client at a time that answers GET /metrics and nothing else. The distribution's library
// prometheus-cpp comes as shared objects only, which the static executables cannot use.
#include "run_metrics.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"

namespace gadget::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxRequest = 8192;
constexpr std::chrono::seconds kPatience{5};  // with a client that sends or takes nothing

struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Result<Endpoint> parse_endpoint(const std::string& text) {
    const Error wrong{.code = ErrorCode::invalid_argument,
                      .message = "--metrics-listen: '" + printable(text) + "' is not an address with a port",
                      .hint = "write for instance 127.0.0.1:2224 or [::1]:2224"};
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return wrong;
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty()) host = "0.0.0.0";
    if (host == "localhost") host = "127.0.0.1";
    std::uint16_t port = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + colon + 1, last, port);
    if (error != std::errc() || end != last) return wrong;
    Endpoint endpoint;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
    if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        endpoint.size = sizeof *v4;
    } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        endpoint.size = sizeof *v6;
    } else {
        return wrong;
    }
    return endpoint;
}

std::string describe(const UniqueFd& socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "";
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (storage.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
        (void)::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
        return std::string(text.data()) + ":" + std::to_string(ntohs(v4->sin_port));
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    (void)::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6->sin6_port));
}

std::string response(std::string_view status, std::string_view type, const std::string& body) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace

struct MetricsServer::Impl {
    UniqueFd listener;
    UniqueFd stopper;
    std::string address;
    Text text;
    std::thread thread;

    /// Waits until `fd` is ready; false: too late, or the server is to stop.
    bool ready(int fd, short wanted, Clock::time_point deadline) const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        std::array<pollfd, 2> fds{pollfd{fd, wanted, 0}, pollfd{stopper.get(), POLLIN, 0}};
        const int count = ::poll(fds.data(), fds.size(), left > 0 ? static_cast<int>(left) : 0);
        return count > 0 && fds[1].revents == 0;
    }

    void serve() const {
        while (true) {
            std::array<pollfd, 2> fds{pollfd{listener.get(), POLLIN, 0}, pollfd{stopper.get(), POLLIN, 0}};
            if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
            if (fds[1].revents != 0) return;
            const UniqueFd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (client) answer(client.get());
        }
    }

    void answer(int client) const {
        const auto deadline = Clock::now() + kPatience;
        std::string request;
        while (request.find("\r\n\r\n") == std::string::npos && request.size() < kMaxRequest) {
            if (!ready(client, POLLIN, deadline)) return;
            std::array<char, 1024> part{};
            const ssize_t count = ::read(client, part.data(), part.size());
            if (count <= 0) return;
            request.append(part.data(), static_cast<std::size_t>(count));
        }
        const bool known = request.starts_with("GET /metrics ") || request.starts_with("GET /metrics?");
        send(client, deadline,
             known ? response("200 OK", "text/plain; version=0.0.4; charset=utf-8", text())
                   : response("404 Not Found", "text/plain", "see /metrics\n"));
    }

    void send(int client, Clock::time_point deadline, std::string_view rest) const {
        while (!rest.empty() && ready(client, POLLOUT, deadline)) {
            const ssize_t count = ::send(client, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (count < 0 && errno != EAGAIN && errno != EINTR) return;
            if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
        }
    }
};

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& address, Text text) {
    GADGET_TRY_ASSIGN(const Endpoint endpoint, parse_endpoint(address));
    auto impl = std::make_unique<Impl>();
    impl->text = std::move(text);
    impl->listener.reset(::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    impl->stopper.reset(::eventfd(0, EFD_CLOEXEC));
    const int on = 1;
    if (!impl->listener || !impl->stopper ||
        ::setsockopt(impl->listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(impl->listener.get(), reinterpret_cast<const sockaddr*>(&endpoint.storage), endpoint.size) !=
            0 ||
        ::listen(impl->listener.get(), 16) != 0) {
        return errno_error(errno, "--metrics-listen: cannot listen on " + address);
    }
    impl->address = describe(impl->listener);
    impl->thread = std::thread([server = impl.get()] { server->serve(); });
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(impl)));
}

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MetricsServer::~MetricsServer() {
    const std::uint64_t one = 1;
    (void)write_all(impl_->stopper.get(), std::as_bytes(std::span(&one, 1)), "eventfd");
    impl_->thread.join();
}

const std::string& MetricsServer::address() const {
    return impl_->address;
}

}  // namespace gadget::cli
