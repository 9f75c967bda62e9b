// SPDX-License-Identifier: Apache-2.0
#include "isolation.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "machine_setup.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {
namespace {

constexpr int kNamespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
constexpr std::size_t kMaxMounts = std::size_t{16} << 20;

/// File systems whose files are the kernel's state: nothing of them is kept on a disk.
constexpr std::array<std::string_view, 16> kKernelFiles{
    "proc",   "sysfs",      "cgroup", "cgroup2",   "tracefs",  "debugfs", "bpf",    "devtmpfs",
    "devpts", "securityfs", "mqueue", "hugetlbfs", "configfs", "fusectl", "pstore", "binfmt_misc"};

struct Mounted {
    std::string point;
    std::string type;
};

/// mountinfo writes blanks, tabs, newlines and backslashes as \040 and the like.
std::string unescaped(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const bool code =
            text[i] == '\\' && i + 3 < text.size() &&
            std::from_chars(text.data() + i + 1, text.data() + i + 4, value, 8).ptr == text.data() + i + 4;
        result += code ? static_cast<char>(value) : text[i];
        if (code) i += 3;
    }
    return result;
}

/// Files of /proc say that they are empty: read_file() does not take them.
std::string read_kernel_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto bytes = fd ? read_all(fd.get(), kMaxMounts, path) : Result<Bytes>(Bytes{});
    return bytes ? std::string(as_text(*bytes)) : std::string();
}

/// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": proc(5).
std::vector<Mounted> mounts() {
    std::vector<Mounted> result;
    const auto text = read_kernel_file("/proc/self/mountinfo");
    for (const auto line : split(text, '\n')) {
        const auto words = split(line, ' ');
        const auto dash = std::find(words.begin(), words.end(), "-");
        if (words.size() < 7 || words.end() - dash < 2) continue;
        result.push_back({unescaped(words[4]), std::string(dash[1])});
    }
    return result;
}

bool is_kernel_files(const std::string& type) {
    return std::find(kKernelFiles.begin(), kKernelFiles.end(), type) != kKernelFiles.end();
}

/// The other flags stay: a mount of a stranger may be locked to them.
unsigned long mount_flags(const std::string& point) {
    struct statvfs found{};
    if (::statvfs(point.c_str(), &found) != 0) return 0;
    unsigned long flags = 0;
    if ((found.f_flag & ST_NOSUID) != 0) flags |= MS_NOSUID;
    if ((found.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
    if ((found.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
    if ((found.f_flag & ST_NOATIME) != 0) flags |= MS_NOATIME;
    if ((found.f_flag & ST_NODIRATIME) != 0) flags |= MS_NODIRATIME;
    if ((found.f_flag & ST_RELATIME) != 0) flags |= MS_RELATIME;
    return flags;
}

/// What is mounted over cannot be reached, and cannot be changed either: EINVAL, ENOENT or EACCES.
Result<void> forbid_writing(const std::string& except) {
    for (const auto& mount : mounts()) {
        if (is_kernel_files(mount.type) || mount.point == except) continue;
        const auto flags = MS_REMOUNT | MS_BIND | MS_RDONLY | mount_flags(mount.point);
        if (::mount(nullptr, mount.point.c_str(), nullptr, flags, nullptr) == 0) continue;
        if (mount.point == "/" || (errno != EINVAL && errno != ENOENT && errno != EACCES))
            return errno_error(errno, "cannot protect " + mount.point + " from being written");
    }
    return {};
}

/// The group of the test looks like the root of all groups; processes must be below it, so that it can hand
/// controllers on.
void enter_group() {
    const auto point = cgroup_mount();
    if (point.empty() || ::mount("cgroup2", point.c_str(), "cgroup2", 0, nullptr) != 0) return;
    const auto own = point + "/test";
    if (::mkdir(own.c_str(), 0755) == 0 || errno == EEXIST) (void)join_cgroup(own);
    for (const char* controller : {"+memory", "+pids"})
        (void)write_file_in_place(point + "/cgroup.subtree_control", controller);
}

void kill_members(const std::string& group) {
    if (write_file_in_place(group + "/cgroup.kill", "1")) return;  // Linux 5.14
    const auto members = read_kernel_file(group + "/cgroup.procs");
    for (const auto line : split(members, '\n')) {
        const auto pid = parse_number(line, 10);
        if (pid && *pid != 0) (void)::kill(static_cast<pid_t>(*pid), SIGKILL);
    }
}

/// Killed processes need a moment to be gone, and a group goes only when it is empty.
void remove_group(const std::string& group) {
    constexpr int kAttempts = 500;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(group, ignored)) {
        if (entry.is_directory(ignored)) remove_group(entry.path().string());
    }
    for (int attempt = 0; attempt < kAttempts && ::rmdir(group.c_str()) != 0 && errno == EBUSY; ++attempt) {
        kill_members(group);
        (void)::usleep(1000);
    }
}

}  // namespace

std::string cgroup_mount() {
    std::string point;
    for (auto& mount : mounts()) {
        if (mount.type == "cgroup2") point = std::move(mount.point);  // the last lies on top
    }
    return point;
}

bool join_cgroup(const std::string& path) {
    return write_file_in_place(path + "/cgroup.procs", "0");
}

TestGroup TestGroup::create(const std::string& name) {
    const auto root = cgroup_mount();
    const auto path = root + "/" + name;
    if (root.empty() || ::mkdir(path.c_str(), 0755) != 0) return TestGroup({});
    for (const char* controller : {"+memory", "+pids"})
        (void)write_file_in_place(root + "/cgroup.subtree_control", controller);
    return TestGroup(path);
}

TestGroup::~TestGroup() {
    if (!path_.empty()) remove_group(path_);
}

Result<void> isolate(const TestGroup& group, const std::string& folder) {
    const bool grouped = !group.path().empty() && join_cgroup(group.path());
    if (::unshare(kNamespaces) != 0) return errno_error(errno, "cannot make namespaces for the test");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return errno_error(errno, "cannot separate the mounts of the test");
    if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0)
        return errno_error(errno, "cannot mount the folder of the test");
    if (::chdir("/") != 0) return errno_error(errno, "cannot leave the working directory");
    GADGET_TRY(forbid_writing(folder));
    if (grouped) enter_group();
    // libbpf looks for tracepoints there; not every system has it mounted.
    if (::access("/sys/kernel/tracing/events", F_OK) != 0)
        (void)::mount("tracefs", "/sys/kernel/tracing", "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
    (void)::mount("bpf", "/sys/fs/bpf", "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700");
    bring_loopback_up();
    return {};
}

void end_descendants() {
    while (true) {
        const auto children = read_kernel_file("/proc/thread-self/children");
        if (trim(children).empty()) return;
        for (const auto word : split(children, ' ')) {
            const auto pid = parse_number(trim(word), 10);
            if (pid && *pid != 0) (void)::kill(static_cast<pid_t>(*pid), SIGKILL);
        }
        if (::waitpid(-1, nullptr, 0) < 0 && errno != EINTR) return;
    }
}

}  // namespace gadget::testkit::guest
