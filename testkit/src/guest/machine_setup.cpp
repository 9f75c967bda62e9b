// SPDX-License-Identifier: Apache-2.0
#include "machine_setup.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::testkit::guest {
namespace {

struct Mount {
    const char* type;
    const char* target;
    unsigned long flags;
    const char* data;
    bool required;
};

constexpr unsigned long kSafe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

constexpr std::array kMounts{
    Mount{"proc", "/proc", kSafe, nullptr, true},
    Mount{"sysfs", "/sys", kSafe, nullptr, true},
    Mount{"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, nullptr, true},
    Mount{"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777", true},
    Mount{"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755", false},
    Mount{"tracefs", "/sys/kernel/tracing", kSafe, nullptr, false},
    Mount{"debugfs", "/sys/kernel/debug", kSafe, nullptr, false},
    Mount{"securityfs", "/sys/kernel/security", kSafe, nullptr, false},
    Mount{"bpf", "/sys/fs/bpf", kSafe, "mode=700", false},
    Mount{"cgroup2", "/sys/fs/cgroup", kSafe, nullptr, false},
};

/// Files of /sys have no size.
Result<std::string> read_kernel_text(const char* path) {
    const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error(errno, std::string("cannot open ") + path);
    GADGET_TRY_ASSIGN(const Bytes bytes, read_all(fd.get(), 4096, path));
    return std::string(as_text(bytes));
}

}  // namespace

Result<void> mount_file_systems() {
    for (const auto& mount : kMounts) {
        (void)::mkdir(mount.target, 0755);  // exists, or mount() says what is wrong
        if (::mount(mount.type, mount.target, mount.type, mount.flags, mount.data) == 0) continue;
        if (mount.required && errno != EBUSY)
            return errno_error(errno, std::string("cannot mount ") + mount.target);
    }
    return {};
}

Result<void> load_modules(const std::vector<std::string>& paths) {
    for (const auto& path : paths) {
        const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) return errno_error(errno, "cannot open the module " + path);
        if (::syscall(SYS_finit_module, fd.get(), "", 0) != 0 && errno != EEXIST) {
            return errno_error(errno, "cannot load the module " + path);
        }
    }
    return {};
}

void bring_loopback_up() {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    if (!socket || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    (void)::ioctl(socket.get(), SIOCSIFFLAGS, &request);
}

UniqueFd open_virtio_port(std::string_view name) {
    std::error_code error;
    for (const auto& port : std::filesystem::directory_iterator("/sys/class/virtio-ports", error)) {
        const auto text = read_text_file(port.path() / "name");
        if (!text || trim(*text) != name) continue;
        return UniqueFd(::open(("/dev/" + port.path().filename().string()).c_str(), O_RDWR | O_CLOEXEC));
    }
    return UniqueFd();
}

Result<void> run_on_console(const std::vector<std::string>& argv) {
    // /dev/console is no terminal that a session can have: its device is.
    GADGET_TRY_ASSIGN(const std::string active, read_kernel_text("/sys/class/tty/console/active"));
    const auto names = split(trim(active), ' ');
    const std::string device = "/dev/" + std::string(names.back());
    const auto child = ::fork();
    if (child < 0) return errno_error(errno, "cannot fork");
    if (child == 0) {
        (void)::setsid();
        const int terminal = ::open(device.c_str(), O_RDWR);
        if (terminal < 0) ::_exit(1);
        (void)::ioctl(terminal, TIOCSCTTY, 0);
        for (const int target : {0, 1, 2}) (void)::dup2(terminal, target);
        std::vector<char*> words;
        for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        const std::array<const char*, 5> environment{"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/root",
                                                     "TERM=linux", "PS1=# ", nullptr};
        ::execve(words[0], words.data(), const_cast<char* const*>(environment.data()));
        ::_exit(127);
    }
    int status = 0;
    while (true) {  // orphans come here, too
        const auto ended = ::waitpid(-1, &status, 0);
        if (ended == child || (ended < 0 && errno != EINTR)) break;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return Error{.code = ErrorCode::io, .message = "the shell could not be started"};
    return {};
}

void power_off() {
    ::sync();
    (void)::reboot(RB_POWER_OFF);
    (void)::reboot(RB_AUTOBOOT);  // a machine without a power switch: QEMU ends on reset
    while (true) ::pause();
}

}  // namespace gadget::testkit::guest
