// SPDX-License-Identifier: Apache-2.0
// mark_counter MARK FILE: reads standard input to its end as fast as it can. FILE holds at any time two
// 64-bit numbers: lines, and lines' worth of MARK, that were read up to now.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::uint64_t count(std::string_view text, std::string_view what) {
    std::uint64_t found = 0;
    while (!text.empty()) {
        const void* at = memmem(text.data(), text.size(), what.data(), what.size());
        if (at == nullptr) break;
        ++found;
        text.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) +
                           what.size());
    }
    return found;
}

void add(std::uint64_t& number, std::uint64_t more) {
    std::atomic_ref(number).fetch_add(more, std::memory_order_relaxed);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string_view mark = argv[1];
    const int file = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    constexpr std::size_t kSize = 2 * sizeof(std::uint64_t);
    if (file < 0 || ftruncate(file, kSize) != 0) return 1;
    void* const shared = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) return 1;
    auto* const numbers = static_cast<std::uint64_t*>(shared);
    std::vector<char> buffer(1 << 20);
    std::size_t kept = 0;  // what may be the first part of a line
    while (true) {
        const ssize_t got = read(STDIN_FILENO, buffer.data() + kept, buffer.size() - kept);
        if (got <= 0) return got < 0 ? 1 : 0;
        const std::string_view text(buffer.data(), kept + static_cast<std::size_t>(got));
        const std::size_t end = text.rfind('\n') + 1;
        const std::string_view lines = text.substr(0, end);
        add(numbers[0], count(lines, "\n"));
        add(numbers[1], count(lines, mark));
        kept = text.size() - end;
        if (kept == buffer.size()) return 1;  // no text
        std::memmove(buffer.data(), buffer.data() + end, kept);
    }
}
