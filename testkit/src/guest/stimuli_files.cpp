// SPDX-License-Identifier: Apache-2.0
// Stimuli: files and folders.
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {
namespace {

struct NamedFlag {
    std::string_view name;
    int value;
};

constexpr std::array kOpenFlags{
    NamedFlag{"read", O_RDONLY},           NamedFlag{"write", O_WRONLY},
    NamedFlag{"read-write", O_RDWR},       NamedFlag{"create", O_CREAT},
    NamedFlag{"exclusive", O_EXCL},        NamedFlag{"truncate", O_TRUNC},
    NamedFlag{"append", O_APPEND},         NamedFlag{"nonblock", O_NONBLOCK},
    NamedFlag{"directory", O_DIRECTORY},   NamedFlag{"nofollow", O_NOFOLLOW},
    NamedFlag{"close-on-exec", O_CLOEXEC}, NamedFlag{"path", O_PATH},
};

}  // namespace

std::string open_file(const StimulusContext& context) {
    const auto path = context.option("path");
    int flags = 0;
    auto words = context.option("flags", "read");
    std::replace(words.begin(), words.end(), ',', ' ');
    for (const auto word : split(words, ' ')) {
        if (word.empty()) continue;
        bool known = false;
        for (const auto& flag : kOpenFlags) {
            if (flag.name != trim(word)) continue;
            flags |= flag.value;
            known = true;
        }
        if (!known) return "unknown open flag '" + std::string(word) + "'";
    }
    const auto mode = parse_number(context.option("mode", "644"), 8);
    if (!mode) return "mode '" + context.option("mode") + "' is not octal";
    const auto call = context.option("call", "openat");
    long fd = -1;
    if (call == "openat") {
        fd = ::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags, *mode);
    } else if (call == "openat2") {
        open_how how{};
        how.flags = static_cast<unsigned>(flags);
        how.mode = (flags & O_CREAT) != 0 ? *mode : 0;
        fd = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
    } else if (call == "open") {
#ifdef SYS_open
        fd = ::syscall(SYS_open, path.c_str(), flags, *mode);
#else
        fd = ::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags, *mode);  // this architecture has no open()
#endif
    } else {
        return "unknown call '" + call + "'";
    }
    const int error = fd < 0 ? errno : 0;
    if (fd >= 0) ::close(static_cast<int>(fd));
    return check_errno(context, call + "(\"" + path + "\")", error);
}

std::string make_folder(const StimulusContext& context) {
    const auto path = context.option("path");
    const auto mode = parse_number(context.option("mode", "755"), 8);
    if (!mode) return "mode '" + context.option("mode") + "' is not octal";
    return check_errno(context, "mkdir(\"" + path + "\")", ::mkdir(path.c_str(), *mode) == 0 ? 0 : errno);
}

std::string remove_file(const StimulusContext& context) {
    const auto path = context.option("path");
    const bool folder = context.option("folder") == "true";
    const int status = folder ? ::rmdir(path.c_str()) : ::unlink(path.c_str());
    return check_errno(context, (folder ? "rmdir(\"" : "unlink(\"") + path + "\")", status == 0 ? 0 : errno);
}

std::string rename_file(const StimulusContext& context) {
    const auto from = context.option("from");
    const auto to = context.option("to");
    return check_errno(context, "rename(\"" + from + "\", \"" + to + "\")",
                       ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno);
}

std::string write_file(const StimulusContext& context) {
    constexpr unsigned kMaxSize = 64U << 20;
    const auto path = context.option("path");
    const auto size = parse_number(context.option("size", "4096"), 10);
    if (!size || *size > kMaxSize)
        return "size '" + context.option("size") + "' is not a number up to 64 MiB";
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!fd) return check_errno(context, "open(\"" + path + "\")", errno);
    const std::string content(*size, 'x');
    const auto written = ::write(fd.get(), content.data(), content.size());
    int error = written < 0 ? errno : 0;
    if (error == 0 && context.option("sync") == "true" && ::fsync(fd.get()) != 0) error = errno;
    return check_errno(context, "write(\"" + path + "\")", error);
}

}  // namespace gadget::testkit::guest
