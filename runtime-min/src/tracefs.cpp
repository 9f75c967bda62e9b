// SPDX-License-Identifier: Apache-2.0
#include "tracefs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <vector>

#include "gadget/support/text.h"

namespace gadget::runtime {
namespace {

constexpr long kTracefsMagic = 0x74726163;
constexpr std::size_t kMaxSmallFile = std::size_t{1} << 20;

UniqueFd open_mounted(const char* path) {
    UniqueFd fd(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct statfs file_system{};
    if (!fd || fstatfs(fd.get(), &file_system) != 0 || file_system.f_type != kTracefsMagic) return {};
    return fd;
}

UniqueFd open_private() {
    const UniqueFd context(static_cast<int>(syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
    if (!context) return {};
    if (syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return {};
    return UniqueFd(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
}

std::vector<std::string> list_folders(int directory, const std::string& path) {
    std::vector<std::string> names;
    UniqueFd fd(openat(directory, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return names;
    const CPtr<DIR, closedir> stream(fdopendir(fd.get()));
    if (!stream) return names;
    (void)fd.release();  // closedir() closes it
    while (const dirent* const entry = readdir(stream.get())) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    return names;
}

Error missing_event(int tracefs, const std::string& category, const std::string& name) {
    Error error;
    error.code = ErrorCode::not_found;
    error.message = "this kernel has no tracepoint '" + category + "/" + name + "'";
    const auto events = list_folders(tracefs, "events/" + category);
    error.hint =
        events.empty() ? did_you_mean(category, list_folders(tracefs, "events")) : did_you_mean(name, events);
    return error;
}

bool is_event_name(const std::string& name) {
    return !name.empty() && name.find('/') == std::string::npos && name.front() != '.' &&
           name.find('\0') == std::string::npos;
}

}  // namespace

UniqueFd find_tracefs(std::span<const char* const> folders) {
    for (const char* const folder : folders) {
        if (UniqueFd fd = open_mounted(folder)) return fd;
    }
    return {};
}

Result<UniqueFd> open_tracefs() {
    constexpr std::array kFolders{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
    if (UniqueFd fd = find_tracefs(kFolders)) return fd;
    errno = 0;
    if (UniqueFd fd = open_private()) return fd;
    const int error = errno;
    Error result =
        errno_error(error, "opening the tracing file system, which is not mounted at /sys/kernel/tracing");
    if (error == EPERM || error == EACCES) {
        result.requirement = Requirement{"tracefs readable, or root", ""};
        result.hint = "run as root";
    } else {
        result.code = ErrorCode::unsupported;
        result.requirement = Requirement{"tracefs", "CONFIG_TRACING"};
    }
    return result;
}

Result<std::string> read_small_file(int directory, const std::string& path) {
    const UniqueFd fd(openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error(errno, "opening '" + path + "'");
    std::string text;
    std::array<char, 4096> buffer;
    while (text.size() < kMaxSmallFile) {
        const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error(errno, "reading '" + path + "'");
        if (count == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return Error{ErrorCode::corrupt_data, "'" + path + "' is longer than expected"};
}

Result<std::uint64_t> tracepoint_id(const std::string& category, const std::string& name) {
    if (!is_event_name(category) || !is_event_name(name)) {
        return Error{ErrorCode::invalid_argument,
                     "'" + category + "/" + name + "' does not name a tracepoint",
                     "write category/name, such as sched/sched_switch"};
    }
    GADGET_TRY_ASSIGN(const UniqueFd tracefs, open_tracefs());
    const auto text = read_small_file(tracefs.get(), "events/" + category + "/" + name + "/id");
    if (!text) {
        if (text.error().code == ErrorCode::not_found) return missing_event(tracefs.get(), category, name);
        return text.error();
    }
    const std::string_view digits = trim(*text);
    std::uint64_t id = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), id).ec != std::errc{}) {
        return Error{ErrorCode::corrupt_data,
                     "the id of tracepoint '" + category + "/" + name + "' is not a number"};
    }
    return id;
}

}  // namespace gadget::runtime
