// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

namespace gadget::validator {
namespace {

struct Spelling {
    std::string_view old;
    std::string_view now;
};

// What libbpf 1.0 has taken out, or what kernels have since renamed. Ends with a slash: the rest stays.
constexpr Spelling kSpellings[] = {
    {"xdp_devmap/", "xdp/devmap"},
    {"xdp_cpumap/", "xdp/cpumap"},
    {"xdp_devmap", "xdp/devmap"},
    {"xdp_cpumap", "xdp/cpumap"},
    {"socket_filter", "socket"},
    {"cgroup/skb/ingress", "cgroup_skb/ingress"},
    {"cgroup/skb/egress", "cgroup_skb/egress"},
    {"sk_skb/skb_verdict", "sk_skb/verdict"},
    {"raw_tracepoint_writable/", "raw_tp.w/"},
    {"tracing/", "tp_btf/"},
};

std::string modern(std::string_view section) {
    const bool optional = section.starts_with('?');
    if (optional) section.remove_prefix(1);
    for (const auto& each : kSpellings) {
        const bool prefix = each.old.ends_with('/') && section.starts_with(each.old);
        if (!prefix && section != each.old) continue;
        std::string name = (optional ? "?" : "") + std::string(each.now);
        if (prefix && each.now.ends_with('/')) name += section.substr(each.old.size());
        return name;
    }
    // Functions of system calls have had another name since Linux 4.17.
    for (const std::string_view kind : {"kprobe/", "kretprobe/"}) {
        for (const std::string_view old : {"SyS_", "compat_SyS_"}) {
            if (section.starts_with(kind) && section.substr(kind.size()).starts_with(old))
                return std::string(kind == "kprobe/" ? "ksyscall/" : "kretsyscall/") +
                       std::string(section.substr(kind.size() + old.size()));
        }
    }
    return {};
}

}  // namespace

std::string modern_section(std::string_view section) {
    return modern(section);
}

void check_section_legacy(const Input& input, Reporter& report) {
    for (const auto& program : input.facts.programs) {
        const auto name = modern(program.section);
        if (name.empty()) continue;
        report.about_program("program " + quoted(program.name) + ": section " + quoted(program.section) +
                                 " is an old spelling, which loaders no longer know",
                             program, "write SEC(\"" + name + "\")");
    }
}

}  // namespace gadget::validator
