// SPDX-License-Identifier: Apache-2.0
// What the transport makes of servers that answer strangely.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "registry/curl_library.h"
#include "registry/http.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

using namespace std::chrono_literals;

/// Answers one connection with fixed bytes, once it has seen a whole request head, and closes it.
class OneAnswer {
  public:
    explicit OneAnswer(std::string answer) : answer_(std::move(answer)) {
        listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this] { serve(); });
    }

    Result<HttpResponse> ask(const HttpReply& reply = {}) const {
        const auto transport = make_http_transport({.idle_timeout = 20s});
        HttpRequest request;
        request.url = *parse_url("http://127.0.0.1:" + std::to_string(port_) + "/x");
        return transport->perform(request, reply);
    }

  private:
    void serve() const {
        const UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::string seen;
        char buffer[4096];
        while (seen.find("\r\n\r\n") == std::string::npos) {
            const ssize_t count = ::recv(fd.get(), buffer, sizeof buffer, 0);
            if (count <= 0) return;
            seen.append(buffer, static_cast<std::size_t>(count));
        }
        std::string_view left = answer_;
        while (!left.empty()) {
            const ssize_t count = ::send(fd.get(), left.data(), left.size(), MSG_NOSIGNAL);
            if (count <= 0) return;
            left.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    std::string answer_;
    UniqueFd listener_;
    unsigned port_ = 0;
    std::jthread thread_;
};

TEST(Transport, ReadsSizedChunkedAndOpenBodies) {
    for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
                               "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nT: x\r\n\r\n",
                               "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nX-A: b\r\n\r\nhello"}) {
        const auto response = OneAnswer(answer).ask();
        ASSERT_TRUE(response) << response.error().to_string();
        EXPECT_EQ(response->status, 200);
        EXPECT_EQ(as_text(response->body), "hello");
        EXPECT_EQ(response->header("x-a"), "b");
    }
}

TEST(Transport, LimitsWhatItKeeps) {
    const std::string body(50000, 'x');
    const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + body;
    EXPECT_EQ(OneAnswer(ok).ask({.memory_limit = 1000}).error().code, ErrorCode::rejected_input);
    const auto error =
        OneAnswer("HTTP/1.1 500 No\r\nContent-Length: 50000\r\n\r\n" + body).ask({.memory_limit = 1000});
    ASSERT_TRUE(error) << "an error's text is cut";
    EXPECT_EQ(error->body.size(), 1000U);
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 1000; ++i) many += "A: b\r\n";
    EXPECT_EQ(OneAnswer(many + "\r\n").ask().error().code, ErrorCode::corrupt_data);
}

TEST(Transport, WhatIsNoHttpOrCutIsTold) {
    EXPECT_EQ(OneAnswer("SSH-2.0-x\r\n").ask().error().code, ErrorCode::corrupt_data);
    EXPECT_EQ(OneAnswer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").ask().error().code, ErrorCode::io);
    EXPECT_EQ(OneAnswer("").ask().error().code, ErrorCode::io);
}

TEST(Transport, WithoutLibcurlThePackageIsNamed) {
    const auto absent = load_curl("libcurl-that-nobody-has.so.4");
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ErrorCode::unsupported);
    EXPECT_NE(absent.error().hint.find("libcurl4"), std::string::npos) << absent.error().hint;
    const auto another = load_curl("libc.so.6");
    ASSERT_FALSE(another);
    EXPECT_NE(another.error().message.find("has no function curl_"), std::string::npos)
        << another.error().message;
}

TEST(Transport, ATakerThatHasEnoughEndsTheTransfer) {
    const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    HttpReply reply;
    reply.sink = [](std::span<const std::byte>) -> Result<void> {
        return Error{.code = ErrorCode::corrupt_data, .message = "enough"};
    };
    EXPECT_EQ(OneAnswer(ok).ask(reply).error().message, "enough");
    reply.sink = nullptr;
    reply.head = [](const HttpResponse& head) -> Result<void> {
        return Error{.code = ErrorCode::corrupt_data, .message = "status " + std::to_string(head.status)};
    };
    EXPECT_EQ(OneAnswer(ok).ask(reply).error().message, "status 200");
}

}  // namespace
}  // namespace gadget::packager
