// SPDX-License-Identifier: Apache-2.0
#include "kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

namespace gadget::testkit::guest {
namespace {

constexpr std::array<std::string_view, 10> kSigns{
    "BUG: ",
    "WARNING: CPU",
    "Oops: ",
    "general protection fault",
    "kernel BUG at",
    "soft lockup",
    "self-detected stall",
    "detected stalls",
    "blocked for more than",
    "Out of memory: Killed",
};

constexpr std::size_t kMaxProblems = 50;

}  // namespace

bool is_kernel_problem(std::string_view message) {
    // "WARNING: kernel/bpf/x.c:12 at f+0x1/0x2, CPU#0: ..." of Linux 7.x has the processor last.
    if (message.starts_with("WARNING: ") && message.find(" at ") != std::string_view::npos) return true;
    return std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) {
        const auto at = message.find(sign);
        if (at == std::string_view::npos) return false;
        return at == 0 || std::isalnum(static_cast<unsigned char>(message[at - 1])) == 0;  // not "DEBUG: "
    });
}

KernelLog::KernelLog() : fd_(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    if (fd_) (void)::lseek(fd_.get(), 0, SEEK_END);
}

std::vector<std::string> KernelLog::new_problems() {
    std::vector<std::string> problems;
    if (!fd_) return problems;
    std::array<char, 8192> record;  // NOLINT(cppcoreguidelines-pro-type-member-init): one record a read
    while (problems.size() < kMaxProblems) {
        const auto size = ::read(fd_.get(), record.data(), record.size());
        if (size < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: records were overwritten
        if (size <= 0) break;
        std::string_view text(record.data(), static_cast<std::size_t>(size));
        text = text.substr(0, text.find('\n'));
        const auto start = text.find(';');  // "priority,sequence,time,flags;message"
        if (start != std::string_view::npos && is_kernel_problem(text.substr(start + 1))) {
            problems.emplace_back(text.substr(start + 1));
        }
    }
    return problems;
}

}  // namespace gadget::testkit::guest
