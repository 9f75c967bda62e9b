// SPDX-License-Identifier: Apache-2.0
#include "docker_registry.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace gadget::tests {
namespace {

constexpr const char* kPath = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin";

sockaddr_in loopback(unsigned port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

unsigned free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd.get(), generic, size), 0);
    EXPECT_EQ(::getsockname(fd.get(), generic, &size), 0);
    return ntohs(address.sin_port);
}

bool listens(unsigned port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void run(std::vector<std::string> argv) {
    const auto output = run_command({.argv = std::move(argv)});
    ASSERT_TRUE(output) << output.error().to_string();
    ASSERT_TRUE(output->status.success()) << output->err;
}

}  // namespace

std::string DockerRegistry::missing(bool tls, bool accounts) {
    if (!find_program("docker-registry", kPath)) return "docker-registry (package docker-registry)";
    if (tls && !find_program("openssl", kPath)) return "openssl (package openssl)";
    if (accounts && !find_program("htpasswd", kPath)) return "htpasswd (package apache2-utils)";
    return {};
}

DockerRegistry::DockerRegistry(bool tls, bool accounts) : dir_(TempDir::create("docker-registry").value()) {
    const unsigned port = free_port();
    host_ = "127.0.0.1:" + std::to_string(port);
    const auto path = [&](const char* name) { return (dir_.path() / name).string(); };
    std::string config =
        "version: 0.1\nlog:\n  level: error\nstorage:\n  delete:\n    enabled: true\n  filesystem:\n    "
        "rootdirectory: " +
        path("data") + "\nhttp:\n  addr: " + host_ + "\n";
    if (tls) {
        run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", path("key"), "-out", path("cert"), "-days", "2", "-subj", "/CN=test", "-addext",
             "subjectAltName=IP:127.0.0.1,IP:0.0.0.0"});
        config += "  tls:\n    certificate: " + path("cert") + "\n    key: " + path("key") + "\n";
    }
    if (accounts) {
        run({"htpasswd", "-Bbc", path("users"), "me", "secret"});
        config += "auth:\n  htpasswd:\n    realm: test\n    path: " + path("users") + "\n";
    }
    const auto written = write_file_atomic(path("config.yml"), config);
    EXPECT_TRUE(written) << written.error().to_string();
    SpawnOptions spawn;
    spawn.argv = {find_program("docker-registry", kPath)->string(), "serve", path("config.yml")};
    auto started = Subprocess::spawn(spawn);
    if (!started) {
        ADD_FAILURE() << started.error().to_string();
        return;
    }
    process_.emplace(std::move(*started));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!listens(port)) {
        // The end of the process, or a moment later another look.
        pollfd ended{.fd = process_->pidfd(), .events = POLLIN, .revents = 0};
        if (::poll(&ended, 1, 20) != 0 || std::chrono::steady_clock::now() > deadline) {
            ADD_FAILURE() << "docker-registry does not listen";
            return;
        }
    }
}

}  // namespace gadget::tests
