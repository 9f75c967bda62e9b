// SPDX-License-Identifier: Apache-2.0
#include "proc_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::session {
namespace {

constexpr std::size_t kMaxSmallFile = std::size_t{64} << 10;

}  // namespace

std::optional<std::string> read_small_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return std::nullopt;
    std::string text(4096, '\0');
    std::size_t used = 0;
    while (used < kMaxSmallFile) {
        if (used == text.size()) text.resize(text.size() * 2);
        const ssize_t count = ::read(fd.get(), text.data() + used, text.size() - used);
        if (count < 0) return std::nullopt;
        if (count == 0) break;
        used += static_cast<std::size_t>(count);
    }
    text.resize(used);
    return text;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const auto begin = line.find_first_not_of(" \t\n");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        const auto end = line.find_first_of(" \t\n");
        words.push_back(line.substr(0, end));
        if (end == std::string_view::npos) return words;
        line.remove_prefix(end);
    }
}

std::uint64_t number_of(std::string_view text) {
    std::uint64_t number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

double float_of(std::string_view text) {
    double number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::optional<std::uint64_t> value_in(std::string_view text, std::string_view key) {
    for (const auto line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 2) continue;
        std::string_view name = words[0];
        if (name.ends_with(':')) name.remove_suffix(1);
        if (name == key) return number_of(words[1]);
    }
    return std::nullopt;
}

std::vector<std::uint32_t> process_ids() {
    std::vector<std::uint32_t> ids;
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.find_first_not_of("0123456789") == std::string::npos)
            ids.push_back(static_cast<std::uint32_t>(number_of(name)));
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::uint64_t mount_namespace_of(std::uint32_t pid) {
    struct stat status{};
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/mnt";
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace gadget::session
