// SPDX-License-Identifier: Apache-2.0
// For tests with packets: a network namespace of the test's own.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "kernel_fixture.h"

namespace gadget::runtime {

/// Indexes into the map `hits` of net.bpf.c.
enum NetHit : std::uint32_t { kSocket, kXdp, kEgress, kIngress, kCgroup, kLookup, kBlock };

/// A cgroup2 folder of the test's own that this process moves into, and out again.
struct OwnCgroup {
    std::filesystem::path root;
    std::filesystem::path folder;

    OwnCgroup() {
        std::ifstream mounts("/proc/self/mounts");
        std::string device;
        std::string path;
        std::string type;
        std::string rest;
        while (mounts >> device >> path >> type && std::getline(mounts, rest)) {
            if (type == "cgroup2") root = path;
        }
        if (root.empty()) return;
        folder = root / ("gadget-test-" + std::to_string(getpid()));
        if (mkdir(folder.c_str(), 0755) != 0) folder.clear();
        if (!folder.empty()) std::ofstream(folder / "cgroup.procs") << getpid();
    }
    ~OwnCgroup() {
        if (folder.empty()) return;
        std::ofstream(root / "cgroup.procs") << getpid();
        (void)rmdir(folder.c_str());
    }
};

/// Puts the test's thread into a fresh network namespace with its loopback up.
struct Net : KernelTest {
    UniqueFd outside;

    void SetUp() override {
        KernelTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        outside = UniqueFd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
        ASSERT_TRUE(outside);
        if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "missing: network namespaces";
        const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        ifreq request{};
        std::strcpy(request.ifr_name, "lo");
        request.ifr_flags = IFF_UP;
        ASSERT_EQ(ioctl(socket_fd.get(), SIOCSIFFLAGS, &request), 0);
    }
    void TearDown() override {
        if (!outside) return;
        ASSERT_EQ(setns(outside.get(), CLONE_NEWNET), 0);
    }

    /// One datagram over the loopback, sent and received.
    static bool send_packet() {
        const UniqueFd receiver(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        if (bind(receiver.get(), raw, size) != 0 || getsockname(receiver.get(), raw, &size) != 0)
            return false;
        const UniqueFd sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (sendto(sender.get(), "x", 1, 0, raw, size) != 1) return false;
        timeval limit{60, 0};
        (void)setsockopt(receiver.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        char byte = 0;
        return recv(receiver.get(), &byte, 1, 0) == 1;
    }

    static ManagerSpec net_spec(std::vector<ProbeSpec> probes) {
        ManagerSpec spec = spec_of("net");
        spec.probes = std::move(probes);
        return spec;
    }
};

}  // namespace gadget::runtime
