// SPDX-License-Identifier: Apache-2.0
#include "fixtures.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "isolation.h"
#include "machine_setup.h"
#include "netlink.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {
namespace {

constexpr unsigned kMaxFile = 64U << 20;
constexpr unsigned kMaxProcesses = 256;

std::string option(const JobStep& step, const std::string& name, std::string_view fallback = "") {
    const auto found = step.options.find(name);
    return found == step.options.end() ? std::string(fallback) : found->second;
}

Error bad_option(const JobStep& step, const std::string& name) {
    return Error{.code = ErrorCode::rejected_input,
                 .message = name + " '" + printable(option(step, name)) + "' is not a number that it may be"};
}

Result<unsigned> number(const JobStep& step, const std::string& name, std::string_view fallback,
                        unsigned most, int base = 10) {
    const auto value = parse_number(option(step, name, fallback), base);
    if (!value || *value > most) return bad_option(step, name);
    return *value;
}

std::string inode_of(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? std::to_string(found.st_ino) : std::string();
}

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> result;
    for (const auto word : split(text, ' ')) {
        if (!word.empty()) result.emplace_back(word);
    }
    return result;
}

Result<void> give_to(const JobStep& step, const std::string& path) {
    constexpr unsigned kUnchanged = ~0U;
    GADGET_TRY_ASSIGN(const unsigned uid, number(step, "uid", std::to_string(kUnchanged), kUnchanged));
    GADGET_TRY_ASSIGN(const unsigned gid, number(step, "gid", std::to_string(kUnchanged), kUnchanged));
    if (::chown(path.c_str(), uid, gid) != 0) return errno_error(errno, "cannot give away " + path);
    return {};
}

/// A process of a tree: tells its place and pid, makes its children, and sleeps.
[[noreturn]] void sleep_in_tree(int report, const std::string& place, unsigned depth, unsigned width,
                                const std::string& comm) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!comm.empty()) (void)::prctl(PR_SET_NAME, comm.c_str());
    const auto line = place + " " + std::to_string(::getpid()) + "\n";
    (void)!::write(report, line.data(), line.size());
    for (unsigned i = 1; depth > 1 && i <= width; ++i) {
        if (::fork() == 0) sleep_in_tree(report, place + "." + std::to_string(i), depth - 1, width, comm);
    }
    ::close(report);
    while (true) ::pause();
}

}  // namespace

struct Fixtures::Kind {
    std::string_view name;
    Result<void> (Fixtures::*make)(const JobStep&);
};

const Fixtures::Kind* Fixtures::find(std::string_view kind) {
    static constexpr std::array kKinds{
        Kind{"netns", &Fixtures::make_netns},   Kind{"veth", &Fixtures::make_veth_pair},
        Kind{"cgroup", &Fixtures::make_cgroup}, Kind{"file", &Fixtures::make_file},
        Kind{"folder", &Fixtures::make_folder}, Kind{"processes", &Fixtures::make_processes},
    };
    const auto found =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return k.name == kind; });
    return found == kKinds.end() ? nullptr : &*found;
}

bool has_fixture(std::string_view kind) {
    return Fixtures::find(kind) != nullptr;
}

Result<void> Fixtures::make(const JobStep& fixture) {
    const auto* kind = find(fixture.kind);
    if (kind == nullptr)
        return Error{.code = ErrorCode::rejected_input,
                     .message = "this runner has no fixture '" + printable(fixture.kind) + "'"};
    return (this->*kind->make)(fixture).context("fixture '" + fixture.id + "'");
}

Result<int> Fixtures::netns(const std::string& id) const {
    if (id.empty()) return -1;
    const auto found = namespaces_.find(id);
    if (found == namespaces_.end())
        return Error{.code = ErrorCode::not_found,
                     .message = "there is no network namespace '" + printable(id) + "'"};
    return found->second.get();
}

Result<Place> Fixtures::place_of(const JobStep& step) const {
    Place place;
    GADGET_TRY_ASSIGN(place.netns, netns(option(step, "netns")));
    if (const auto id = option(step, "cgroup"); !id.empty()) {
        const auto found = groups_.find(id);
        if (found == groups_.end())
            return Error{.code = ErrorCode::not_found,
                         .message = "there is no control group '" + printable(id) + "'"};
        place.cgroup = found->second;
    }
    return place;
}

Result<void> Fixtures::make_netns(const JobStep& fixture) {
    constexpr const char* kHere = "/proc/thread-self/ns/net";
    const UniqueFd before(::open(kHere, O_RDONLY | O_CLOEXEC));
    if (!before || ::unshare(CLONE_NEWNET) != 0) return errno_error(errno, "cannot make a network namespace");
    bring_loopback_up();
    UniqueFd made(::open(kHere, O_RDONLY | O_CLOEXEC));
    set_(fixture.id + ".netns", inode_of(kHere));
    if (::setns(before.get(), CLONE_NEWNET) != 0)
        return errno_error(errno, "cannot go back to the test's network namespace");
    if (!made) return errno_error(errno, "cannot keep the network namespace");
    namespaces_[fixture.id] = std::move(made);
    return {};
}

Result<void> Fixtures::make_veth_pair(const JobStep& fixture) {
    VethEnd one{.name = option(fixture, "name"), .addresses = words(option(fixture, "address"))};
    VethEnd other{.name = option(fixture, "peer"), .addresses = words(option(fixture, "peer-address"))};
    GADGET_TRY_ASSIGN(one.netns, netns(option(fixture, "netns")));
    GADGET_TRY_ASSIGN(other.netns, netns(option(fixture, "peer-netns")));
    return make_veth(one, other);
}

Result<void> Fixtures::make_cgroup(const JobStep& fixture) {
    const auto root = cgroup_mount();
    if (root.empty())
        return Error{.code = ErrorCode::unsupported,
                     .message = "there are no control groups of version 2 here",
                     .hint = "name cgroup2 under 'requires'"};
    const auto path = root + "/" + fixture.id;
    if (::mkdir(path.c_str(), 0755) != 0) return errno_error(errno, "cannot make a control group");
    const struct {
        const char* option;
        const char* file;
    } limits[] = {{"memory", "/memory.max"}, {"processes", "/pids.max"}};
    for (const auto& limit : limits) {
        const auto value = option(fixture, limit.option);
        if (value.empty() || write_file_in_place(path + limit.file, value)) continue;
        return Error{.code = ErrorCode::unsupported,
                     .message = "the control group takes no limit '" + value + "' for " + limit.option,
                     .hint = "name cgroup_memory under 'requires'"};
    }
    set_(fixture.id + ".cgroup", inode_of(path));
    set_(fixture.id + ".path", path);
    groups_[fixture.id] = path;
    return {};
}

Result<void> Fixtures::make_file(const JobStep& fixture) {
    const auto path = option(fixture, "path");
    GADGET_TRY_ASSIGN(const unsigned mode, number(fixture, "mode", "644", 07777, 8));
    auto content = option(fixture, "content");
    GADGET_TRY_ASSIGN(const unsigned size, number(fixture, "size", std::to_string(content.size()), kMaxFile));
    content.resize(size, 'x');
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return errno_error(errno, "cannot make " + path);
    GADGET_TRY(write_all(fd.get(), as_bytes(content), path));
    if (::fchmod(fd.get(), mode) != 0) return errno_error(errno, "cannot change the mode of " + path);
    return give_to(fixture, path);
}

Result<void> Fixtures::make_folder(const JobStep& fixture) {
    const auto path = option(fixture, "path");
    GADGET_TRY_ASSIGN(const unsigned mode, number(fixture, "mode", "755", 07777, 8));
    if (::mkdir(path.c_str(), 0700) != 0 || ::chmod(path.c_str(), mode) != 0)
        return errno_error(errno, "cannot make " + path);
    return give_to(fixture, path);
}

Result<void> Fixtures::make_processes(const JobStep& fixture) {
    GADGET_TRY_ASSIGN(const unsigned depth, number(fixture, "depth", "2", 8));
    GADGET_TRY_ASSIGN(const unsigned width, number(fixture, "width", "1", 8));
    unsigned level = 1;
    unsigned all = 0;
    for (unsigned i = 0; i < depth && all <= kMaxProcesses; ++i, level *= width) all += level;
    if (all == 0 || all > kMaxProcesses) return bad_option(fixture, "depth");
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error(errno, "cannot make a pipe");
    const UniqueFd reading(fds[0]);
    UniqueFd writing(fds[1]);
    const auto root = ::fork();
    if (root < 0) return errno_error(errno, "cannot fork");
    if (root == 0) sleep_in_tree(writing.get(), "", depth, width, option(fixture, "comm"));
    writing.reset();
    GADGET_TRY_ASSIGN(const Bytes said,
                      read_all(reading.get(), std::size_t{64} << 10, "the tree of processes"));
    unsigned seen = 0;
    for (const auto line : split(as_text(said), '\n')) {
        const auto blank = line.find(' ');
        if (blank == std::string_view::npos) continue;
        set_(fixture.id + std::string(line.substr(0, blank)) + ".pid", std::string(line.substr(blank + 1)));
        ++seen;
    }
    if (seen != all) return Error{.code = ErrorCode::io, .message = "not all processes could be made"};
    return {};
}

}  // namespace gadget::testkit::guest
