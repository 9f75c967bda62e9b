// SPDX-License-Identifier: Apache-2.0
// gadget doctor: each capability probed, not guessed, and told in words.
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "gadget/support/subprocess.h"
#include "places.h"
#include "version.h"

namespace gadget::cli {
namespace {

struct Check {
    std::string name;
    bool ok;
    std::string detail;
    std::string remedy;
};

std::string kernel_release() {
    utsname names{};
    return ::uname(&names) == 0 ? names.release : "unknown";
}

/// Creates a small map and lets go of it: the cheapest honest question whether bpf() is permitted.
Check check_bpf() {
    bpf_attr attr{};
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = 4;
    attr.value_size = 4;
    attr.max_entries = 1;
    const UniqueFd map(static_cast<int>(::syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr)));
    if (map) return {"eBPF", true, "permitted on Linux " + kernel_release(), ""};
    return {"eBPF", false, "bpf(): " + errno_text(errno), "run as root, or with CAP_BPF and CAP_PERFMON"};
}

Check check_file(const std::string& name, const char* path, const std::string& what,
                 const std::string& remedy) {
    const bool ok = ::access(path, R_OK) == 0;
    return {name, ok, ok ? what : std::string(path) + ": " + errno_text(errno), ok ? "" : remedy};
}

Check check_program(const std::string& name, const std::string& program, const std::string& use,
                    const std::string& package) {
    const auto path = find_program(program, environment_variable("PATH"));
    if (path) return {name, true, path->string() + ", " + use, ""};
    return {name, false, program + " is not installed; needed for: " + use, "apt-get install " + package};
}

Check check_runner(const std::string& file, const std::string& use) {
    const auto folder = executable_folder();
    const bool ok = folder && ::access((*folder / file).c_str(), X_OK) == 0;
    return {file, ok,
            ok ? "stands beside this executable" : "is not beside this executable; needed for: " + use,
            ok ? "" : "./dev build"};
}

std::vector<Check> all_checks() {
    return {
        check_bpf(),
        check_file("kernel BTF", "/sys/kernel/btf/vmlinux", "CO-RE relocations work",
                   "use a kernel built with CONFIG_DEBUG_INFO_BTF"),
        check_file("kprobe events", "/sys/bus/event_source/devices/kprobe/type", "kprobes can be attached",
                   "use a kernel built with CONFIG_KPROBES"),
        check_file("uprobe events", "/sys/bus/event_source/devices/uprobe/type", "uprobes can be attached",
                   "use a kernel built with CONFIG_UPROBES"),
        check_program("QEMU for amd64", "qemu-system-x86_64", "tests on amd64 kernels", "qemu-system-x86"),
        check_program("QEMU for arm64", "qemu-system-aarch64", "tests on arm64 kernels", "qemu-system-arm"),
        check_program("package tools", "apt-get", "fetching kernels", "apt"),
        check_runner("gadget-run", "tests on kernels of this architecture"),
        check_runner(model::host_arch() == model::Arch::amd64 ? "gadget-run-arm64" : "gadget-run-amd64",
                     "tests on kernels of the other architecture"),
    };
}

}  // namespace

int doctor(OutputFormat format, const Context& context) {
    const auto checks = all_checks();
    if (format == OutputFormat::json) {
        nlohmann::ordered_json json{{"version", 1}, {"checks", nlohmann::ordered_json::array()}};
        for (const auto& check : checks) {
            json["checks"].push_back(
                {{"name", check.name}, {"ok", check.ok}, {"detail", check.detail}, {"remedy", check.remedy}});
        }
        context.terminal.print(json.dump() + "\n");
        return context.terminal.output_status();
    }
    std::string text = std::string("gadget ") + kVersion + "\n";
    for (const auto& check : checks) {
        std::string name = check.name;
        name.resize(18, ' ');
        text += std::string(check.ok ? "  ok       " : "  missing  ") + name + check.detail + "\n";
        if (!check.remedy.empty()) text += std::string(29, ' ') + "-> " + check.remedy + "\n";
    }
    context.terminal.print(text);
    return context.terminal.output_status();
}

}  // namespace gadget::cli
