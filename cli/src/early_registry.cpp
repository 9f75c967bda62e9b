// SPDX-License-Identifier: Apache-2.0
// Commands of gadget-registry begin before this executable does: LLVM's static constructors take milliseconds
// that pushing and pulling need not wait for. Runs before any constructor, so it uses nothing that has one.
// Whatever does not succeed here (another place, no such file) is done, or explained, by become_registry()
// later.
#include <unistd.h>

#include <cstring>

#include "registry_words.h"

namespace {

// Sanitizers have to begin first.
#if !defined(__SANITIZE_ADDRESS__)

constexpr const char* kBeside = "/gadget-registry";
constexpr std::size_t kMaxPath = 4096;

template <class Words>
bool names(const Words& words, const char* text) {
    for (const auto& word : words) {
        if (std::strcmp(word.name, text) == 0) return true;
    }
    return false;
}

bool is_for_registry(int argc, char** argv) {
    using gadget::cli::kRegistryImageWords;
    using gadget::cli::kRegistryWords;
    if (argc < 2) return false;
    if (names(kRegistryWords, argv[1])) return true;
    return argc > 2 && std::strcmp(argv[1], "image") == 0 && names(kRegistryImageWords, argv[2]);
}

void start_registry_early(int argc, char** argv, char** environment) {
    if (!is_for_registry(argc, argv)) return;
    char path[kMaxPath];
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
    if (length <= 0 || static_cast<std::size_t>(length) >= sizeof path) return;
    path[length] = '\0';
    char* slash = std::strrchr(path, '/');
    if (slash == nullptr || static_cast<std::size_t>(slash - path) + std::strlen(kBeside) >= sizeof path)
        return;
    std::strcpy(slash, kBeside);
    ::execve(path, argv, environment);
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const start_early)(int, char**,
                                                                        char**) = start_registry_early;

#endif

}  // namespace
