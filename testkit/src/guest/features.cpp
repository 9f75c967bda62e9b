// SPDX-License-Identifier: Apache-2.0
#include "features.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/support/text.h"
#include "isolation.h"
#include "kernel_btf.h"
#include "netlink.h"

namespace gadget::testkit::guest {
namespace {

constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";

long bpf(int command, bpf_attr& attr) {
    return ::syscall(SYS_bpf, command, &attr, sizeof attr);
}

std::uint64_t address(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

std::string needs_path(const char* path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored) ? "" : std::string(path) + " does not exist";
}

/// r0 = 0; exit
std::array<bpf_insn, 2> return_zero() {
    return {bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
            bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
}

Result<UniqueFd> load_program(bpf_prog_type type, std::uint32_t attach_type, std::uint32_t btf_id) {
    const auto code = return_zero();
    static constexpr char kLicense[] = "GPL";
    bpf_attr attr{};
    attr.prog_type = type;
    attr.insns = address(code.data());
    attr.insn_cnt = static_cast<std::uint32_t>(code.size());
    attr.license = address(kLicense);
    attr.expected_attach_type = attach_type;
    attr.attach_btf_id = btf_id;
    UniqueFd fd(static_cast<int>(bpf(BPF_PROG_LOAD, attr)));
    if (!fd) return errno_error(errno, "loading a program of this kind");
    return fd;
}

std::string open_raw_tracepoint(int program, const char* name) {
    bpf_attr attr{};
    attr.raw_tracepoint.prog_fd = static_cast<std::uint32_t>(program);
    attr.raw_tracepoint.name = name == nullptr ? 0 : address(name);
    const UniqueFd link(static_cast<int>(bpf(BPF_RAW_TRACEPOINT_OPEN, attr)));
    constexpr int kNotSupported = 524;  // ENOTSUPP, which only the kernel knows
    if (link) return {};
    return "attaching a program of this kind: " +
           (errno == kNotSupported ? "not supported (ENOTSUPP)" : errno_text(errno));
}

/// Programs that attach to a kernel function by its BTF id.
std::string trampoline(bpf_prog_type type, bpf_attach_type attach, std::string_view function) {
    const auto btf = read_file(kKernelBtf);
    if (!btf) return btf.error().message;
    const auto id = find_btf_function(*btf, function);
    if (id == 0) return "the kernel's BTF has no function " + std::string(function);
    const auto program = load_program(type, attach, id);
    if (!program) return program.error().message;
    return open_raw_tracepoint(program->get(), nullptr);
}

std::string missing_bpf() {
    bpf_attr attr{};
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = attr.value_size = 4;
    attr.max_entries = 1;
    const UniqueFd map(static_cast<int>(bpf(BPF_MAP_CREATE, attr)));
    return map ? "" : "creating a map: " + errno_text(errno);
}

std::string missing_btf() {
    return needs_path(kKernelBtf);
}
std::string missing_kprobe() {
    return needs_path("/sys/bus/event_source/devices/kprobe/type");
}
std::string missing_uprobe() {
    return needs_path("/sys/bus/event_source/devices/uprobe/type");
}
std::string missing_fentry() {
    return trampoline(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "vfs_rename");
}
/// Programs load and attach where bpf is no active security module, and are never called.
std::string missing_lsm() {
    if (auto missing = trampoline(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_file_open"); !missing.empty())
        return missing;
    const UniqueFd file(::open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC));
    const auto text =
        file ? read_all(file.get(), 4096, "the list of security modules") : Result<Bytes>(Bytes{});
    if (!text || text->empty()) return {};
    const std::string modules(trim(as_text(*text)));
    for (const auto module : split(modules, ',')) {
        if (module == "bpf") return {};
    }
    return "bpf is not among the security modules that are active by default (" + printable(modules) + ")";
}

std::string missing_tracepoint() {
    const auto program = load_program(BPF_PROG_TYPE_TRACEPOINT, 0, 0);
    return program ? "" : program.error().message;
}

std::string missing_raw_tracepoint() {
    const auto program = load_program(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0);
    return program ? open_raw_tracepoint(program->get(), "sched_process_exit") : program.error().message;
}

std::string missing_ringbuf() {
    bpf_attr attr{};
    attr.map_type = BPF_MAP_TYPE_RINGBUF;
    attr.max_entries = 64 * 1024;
    const UniqueFd map(static_cast<int>(bpf(BPF_MAP_CREATE, attr)));
    return map ? "" : "creating a ring buffer: " + errno_text(errno);
}

std::string missing_cgroup2() {
    const auto mounts = read_file("/proc/self/mounts");
    if (!mounts) return mounts.error().message;
    return as_text(*mounts).find(" cgroup2 ") == std::string_view::npos ? "no cgroup2 file system is mounted"
                                                                        : "";
}

std::string missing_cgroup_memory() {
    const auto root = cgroup_mount();
    if (root.empty()) return missing_cgroup2();
    const UniqueFd file(::open((root + "/cgroup.controllers").c_str(), O_RDONLY | O_CLOEXEC));
    const auto text = file ? read_all(file.get(), 4096, "cgroup.controllers") : Result<Bytes>(Bytes{});
    const bool found = text && as_text(*text).find("memory") != std::string_view::npos;
    return found ? "" : "the control groups of version 2 have no memory controller";
}

std::string missing_ipv6() {
    const UniqueFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return socket ? "" : "making a socket: " + errno_text(errno);
}

std::string missing_loop() {
    return needs_path("/dev/loop-control");
}

std::string missing_veth() {
    const auto made = make_veth({.name = "gadgetkit0"}, {.name = "gadgetkit1"});
    if (!made) return made.error().to_string();
    remove_interface("gadgetkit0");
    return {};
}

struct Probe {
    std::string_view name;
    std::string (*missing)();
};

constexpr std::array kProbes{
    Probe{"bpf", missing_bpf},
    Probe{"btf", missing_btf},
    Probe{"kprobe", missing_kprobe},
    Probe{"uprobe", missing_uprobe},
    Probe{"tracepoint", missing_tracepoint},
    Probe{"raw_tracepoint", missing_raw_tracepoint},
    Probe{"ringbuf", missing_ringbuf},
    Probe{"fentry", missing_fentry},
    Probe{"lsm", missing_lsm},
    Probe{"cgroup2", missing_cgroup2},
    Probe{"cgroup_memory", missing_cgroup_memory},
    Probe{"ipv6", missing_ipv6},
    Probe{"loop", missing_loop},
    Probe{"veth", missing_veth},
};

}  // namespace

bool has_probe(std::string_view feature) {
    return std::any_of(kProbes.begin(), kProbes.end(),
                       [&](const Probe& probe) { return probe.name == feature; });
}

std::string missing_feature(std::string_view feature) {
    for (const auto& probe : kProbes) {
        if (probe.name == feature) return probe.missing();
    }
    return "this runner does not know the feature";
}

}  // namespace gadget::testkit::guest
