// SPDX-License-Identifier: Apache-2.0
#include "run_metrics.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "gadget/support/files.h"

namespace gadget::cli {
namespace {

/// What the server at "127.0.0.1:PORT" answers.
std::string ask(const std::string& address, const std::string& request) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target), 0);
    EXPECT_TRUE(write_all(client.get(), as_bytes(request), "request"));
    const auto answer = read_all(client.get(), 1 << 20, "answer");
    return answer ? std::string(as_text(*answer)) : answer.error().message;
}

TEST(MetricsServer, AnswersPrometheus) {
    auto server = MetricsServer::start("127.0.0.1:0", [] { return std::string("calls_total 3\n"); });
    ASSERT_TRUE(server) << server.error().to_string();
    const std::string answer = ask((*server)->address(), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Content-Length: 14\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\ncalls_total 3\n")) << answer;
}

TEST(MetricsServer, KnowsOnePageAndSurvivesBadRequests) {
    auto server = MetricsServer::start("127.0.0.1:0", [] { return std::string("x 1\n"); });
    ASSERT_TRUE(server);
    EXPECT_TRUE(ask((*server)->address(), "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(ask((*server)->address(), "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(ask((*server)->address(), std::string(8192, 'x')).starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(ask((*server)->address(), "GET /metrics HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST(MetricsServer, AddressesAreChecked) {
    for (const char* address :
         {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "nowhere:1", "1.2.3:4", ":x"}) {
        const auto server = MetricsServer::start(address, [] { return std::string(); });
        ASSERT_FALSE(server) << address;
        EXPECT_EQ(server.error().code, ErrorCode::invalid_argument) << address;
    }
    const auto first = MetricsServer::start("[::1]:0", [] { return std::string(); });
    if (!first) GTEST_SKIP() << "missing: IPv6 on the loopback interface";
    EXPECT_FALSE(MetricsServer::start((*first)->address(), [] { return std::string(); })) << "it is taken";
}

}  // namespace
}  // namespace gadget::cli
