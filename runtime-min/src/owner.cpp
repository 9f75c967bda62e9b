// SPDX-License-Identifier: Apache-2.0
#include "owner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <vector>

#include "gadget/support/text.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

constexpr std::size_t kMinSymbol = 10;
constexpr std::size_t kMaxFilterProbe = 160;  // the kernel cuts nothing then
constexpr std::string_view kFilterPrefix = "gadgetkit:";

template <class Number>
bool parse(std::string_view text, Number& value, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 17> buffer{};
    return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, 16).ptr};
}

std::string clean(std::string_view text) {
    std::string result(text);
    for (char& letter : result) {
        const bool fine = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9');
        if (!fine) letter = '_';
    }
    return result;
}

/// Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and parentheses.
std::optional<std::uint64_t> start_time(const std::filesystem::path& process) {
    const auto text = read_small_file(AT_FDCWD, process / "stat");
    if (!text) return std::nullopt;
    const std::size_t name_end = text->rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    constexpr std::size_t kStart = 19;  // counted from field 3
    const auto fields = split(trim(std::string_view(*text).substr(name_end + 1)), ' ');
    std::uint64_t start = 0;
    if (fields.size() <= kStart || !parse(fields[kStart], start)) return std::nullopt;
    return start;
}

/// Ids count in the namespace of the first process that `proc` shows.
std::uint32_t namespace_of(const std::filesystem::path& proc) {
    struct stat status{};
    if (stat((proc / "1/ns/pid").c_str(), &status) != 0) {
        // Not everybody may look at the first process. Where our own number agrees, so does the namespace.
        std::error_code error;
        const bool ours = std::filesystem::read_symlink(proc / "self", error) == std::to_string(getpid());
        if (!ours || stat((proc / "self/ns/pid").c_str(), &status) != 0) return 0;
    }
    return static_cast<std::uint32_t>(status.st_ino & 0xffffffU);
}

}  // namespace

Result<Owner> find_owner(const std::filesystem::path& proc) {
    std::error_code error;
    const std::string self = std::filesystem::read_symlink(proc / "self", error).string();
    Owner owner;
    if (error || !parse(self, owner.pid)) {
        return Error{ErrorCode::invalid_argument,
                     "'" + proc.string() + "' is no proc file system that shows this process"};
    }
    const auto start = start_time(proc / self);
    if (!start)
        return Error{ErrorCode::corrupt_data, "cannot read '" + (proc / self / "stat").string() + "'"};
    owner.start = *start;
    owner.space = namespace_of(proc);
    return owner;
}

bool is_dead(const Owner& owner, const std::filesystem::path& proc) {
    return owner.space != 0 && owner.space == namespace_of(proc) &&
           start_time(proc / std::to_string(owner.pid)) != owner.start;
}

Result<std::string> event_name(const EventName& name) {
    const std::string prefix = name.returns ? "r_" : "p_";
    std::string suffix = name.uid.empty() ? "" : "_" + clean(name.uid);
    suffix += "_" + std::to_string(name.owner.pid) + "_" + hexadecimal(name.owner.start) + "_" +
              hexadecimal(name.owner.space) + "_" + std::to_string(name.number);
    if (prefix.size() + suffix.size() + kMinSymbol > kMaxEventName) {
        return Error{ErrorCode::invalid_argument,
                     "the uid '" + name.uid + "' is too long for the name of a trace event"};
    }
    return prefix + clean(name.symbol).substr(0, kMaxEventName - prefix.size() - suffix.size()) + suffix;
}

std::optional<Owner> event_owner(std::string_view name) {
    if (!name.starts_with("p_") && !name.starts_with("r_")) return std::nullopt;
    const auto parts = split(name, '_');
    if (parts.size() < 6) return std::nullopt;
    Owner owner;
    unsigned number = 0;
    const std::size_t last = parts.size() - 1;
    if (!parse(parts[last], number) || !parse(parts[last - 1], owner.space, 16) ||
        !parse(parts[last - 2], owner.start, 16) || !parse(parts[last - 3], owner.pid) || owner.pid == 0) {
        return std::nullopt;
    }
    return owner;
}

std::string filter_name(std::string_view probe, const Owner& owner) {
    return std::string(kFilterPrefix) + std::string(probe.substr(0, kMaxFilterProbe)) + ":" +
           std::to_string(owner.pid) + ":" + hexadecimal(owner.start) + ":" + hexadecimal(owner.space);
}

std::optional<FilterOwner> parse_filter_name(std::string_view name) {
    if (!name.starts_with(kFilterPrefix)) return std::nullopt;
    const auto parts = split(name.substr(kFilterPrefix.size()), ':');
    if (parts.size() < 4) return std::nullopt;
    FilterOwner result;
    const std::size_t last = parts.size() - 1;
    if (!parse(parts[last], result.owner.space, 16) || !parse(parts[last - 1], result.owner.start, 16) ||
        !parse(parts[last - 2], result.owner.pid) || result.owner.pid == 0) {
        return std::nullopt;
    }
    // What is before these three, which hold no colon.
    const auto* const end = parts[last - 2].data() - 1;
    result.probe.assign(name.data() + kFilterPrefix.size(), end);
    return result;
}

}  // namespace gadget::runtime
