// SPDX-License-Identifier: Apache-2.0
// open_storm RATE SECONDS: calls openat() on a file that does not exist, RATE times a second (0: as often as
// it can), and prints how many calls it made and how many nanoseconds that took.
#include <fcntl.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

std::uint64_t now() {
    timespec time{};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::uint64_t rate = std::strtoull(argv[1], nullptr, 10);
    const std::uint64_t length = std::strtoull(argv[2], nullptr, 10) * 1'000'000'000;
    constexpr std::uint64_t kTick = 1'000'000;  // paced by the millisecond
    const std::uint64_t begin = now();
    std::uint64_t calls = 0;
    while (now() - begin < length) {
        const std::uint64_t wanted =
            rate == 0 ? calls + 1000 : rate * (now() - begin + kTick) / 1'000'000'000;
        for (; calls < wanted; ++calls)
            (void)openat(AT_FDCWD, "/nonexistent/file-of-the-storm", O_RDONLY | O_CLOEXEC);
        if (rate == 0) continue;
        const timespec rest{0, static_cast<long>(kTick - (now() - begin) % kTick)};
        (void)nanosleep(&rest, nullptr);
    }
    std::printf("%llu %llu\n", static_cast<unsigned long long>(calls),
                static_cast<unsigned long long>(now() - begin));
    return 0;
}
