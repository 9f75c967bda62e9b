// SPDX-License-Identifier: Apache-2.0
// Stimuli: time, memory, locks, and the memory limit of a control group.
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/unique_fd.h"
#include "isolation.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {
namespace {

constexpr unsigned kMaxWaitMs = 600'000;
constexpr unsigned kMaxBytes = 64U << 20;

/// The number of an option, or why it is none.
struct Number {
    unsigned value = 0;
    std::string problem;
};

Number number_option(const StimulusContext& context, const char* name, const char* fallback, unsigned most) {
    const auto text = context.option(name, fallback);
    const auto value = parse_number(text, 10);
    if (!value || *value > most)
        return {0, std::string(name) + " '" + text + "' is not a number up to " + std::to_string(most)};
    return {*value, {}};
}

/// One lock as futex(2) describes it: 0 free, 1 taken, 2 taken and waited for.
class FutexLock {
  public:
    void lock() {
        std::uint32_t expected = 0;
        if (word_.compare_exchange_strong(expected, 1)) return;
        while (word_.exchange(2) != 0)
            (void)::syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, 2, nullptr, nullptr, 0);
    }
    void unlock() {
        if (word_.exchange(0) == 2)
            (void)::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

  private:
    std::atomic<std::uint32_t> word_{0};
};

/// Touches memory until the kernel ends it.
[[noreturn]] void eat_memory(unsigned bytes) {
    constexpr std::size_t kPiece = 1U << 20;
    for (std::size_t done = 0; done < bytes; done += kPiece) {
        auto* piece = static_cast<volatile char*>(
            ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (piece == MAP_FAILED) ::_exit(2);
        for (std::size_t i = 0; i < kPiece; i += 4096) piece[i] = 1;
    }
    ::_exit(0);
}

}  // namespace

std::string wait_a_while(const StimulusContext& context) {
    const auto time = number_option(context, "ms", "100", kMaxWaitMs);
    if (!time.problem.empty()) return time.problem;
    std::this_thread::sleep_for(std::chrono::milliseconds(time.value));
    return {};
}

std::string allocate_memory(const StimulusContext& context) {
    const auto size = number_option(context, "size", "4096", kMaxBytes);
    if (!size.problem.empty()) return size.problem;
    auto* memory = static_cast<volatile char*>(std::malloc(size.value));
    if (memory == nullptr) return "malloc: " + errno_name(ENOMEM);
    for (std::size_t i = 0; i < size.value; i += 4096) memory[i] = 1;
    if (context.option("leak") != "true") std::free(const_cast<char*>(memory));
    return {};
}

/// A thread that wants the lock while this one holds it.
std::string contend_for_lock(const StimulusContext& context) {
    const auto time = number_option(context, "ms", "20", kMaxWaitMs);
    if (!time.problem.empty()) return time.problem;
    FutexLock lock;
    lock.lock();
    std::thread other([&lock] {
        lock.lock();
        lock.unlock();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(time.value));
    lock.unlock();
    other.join();
    return {};
}

std::string exhaust_group(const StimulusContext& context) {
    const auto size = number_option(context, "limit", "8388608", kMaxBytes);
    if (!size.problem.empty()) return size.problem;
    const auto root = cgroup_mount();
    if (root.empty()) return "there are no control groups of version 2 here";
    const auto group = root + "/gadgetkit-oom-" + std::to_string(::getpid());
    if (::mkdir(group.c_str(), 0755) != 0) return "no control group can be made: " + errno_name(errno);
    const auto limit = std::to_string(size.value);
    std::string failure;
    if (!write_file_in_place(group + "/memory.max", limit)) {
        failure = "the control group has no memory limit";
    } else {
        (void)write_file_in_place(group + "/memory.swap.max", "0");
        const auto child = ::fork();
        if (child == 0) {
            if (!write_file_in_place(group + "/cgroup.procs", "0")) ::_exit(3);
            eat_memory(size.value * 4);
        }
        int status = 0;
        while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        if (child < 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            failure = "the kernel did not kill the process that went over the limit";
    }
    (void)::rmdir(group.c_str());
    return failure;
}

}  // namespace gadget::testkit::guest
