// SPDX-License-Identifier: Apache-2.0
// ELF section names of eBPF programs and what they mean: the program type, how the rest of the name reads,
// and whether Inspektor Gadget runs it. Source of the names: libbpf's section table
// (Documentation/bpf/libbpf/program_types.rst).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gadget::model {

/// How a program gets attached.
enum class AttachKind : std::uint8_t {
    kprobe,
    kretprobe,
    kprobe_multi,
    kretprobe_multi,
    ksyscall,
    kretsyscall,
    uprobe,
    uretprobe,
    uprobe_multi,
    uretprobe_multi,
    usdt,
    tracepoint,
    raw_tracepoint,
    tp_btf,
    fentry,
    fexit,
    fmod_ret,
    lsm,
    lsm_cgroup,
    iter,
    perf_event,
    socket_filter,
    tc,
    tcx,
    netkit,
    xdp,
    cgroup,
    sockops,
    sk_skb,
    sk_msg,
    sk_lookup,
    sk_reuseport,
    flow_dissector,
    lwt,
    lirc,
    syscall,
    freplace,
    struct_ops,
    netfilter,
    action,
};

[[nodiscard]] std::string_view to_string(AttachKind kind);

/// How the part after the prefix reads.
enum class TargetGrammar : std::uint8_t {
    none,            ///< nothing, or a free label
    kernel_symbol,   ///< function[+offset]
    kernel_pattern,  ///< function glob
    syscall,         ///< name without prefix: openat
    category_name,   ///< sched/sched_switch
    name,            ///< one word: an event, hook or iterator kind
    path_symbol,     ///< /path:symbol[+offset] or library:symbol
    path_provider_probe,
    label,  ///< optional word that only tells programs apart
};

struct SectionKind {
    std::string_view prefix;  ///< without slash: "kprobe", "fentry.s"
    AttachKind attach;
    TargetGrammar target;
    bool target_required;  ///< a bare prefix is known but cannot be attached without help
    bool sleepable;
    bool runs_in_inspektor_gadget;
    std::string_view
        since_kernel;  ///< first Linux with such programs: "5.8"; empty when newer than all we know
    std::string_view since_libbpf;  ///< first libbpf that knows the name, from 1.0 on; empty otherwise
};

/// Every known prefix, in a stable order.
[[nodiscard]] std::span<const SectionKind> section_table();

struct SectionName {
    const SectionKind* kind;  ///< into section_table(), never null
    std::string target;       ///< after the slash; may be empty
    bool optional = false;    ///< the name began with '?': not loaded unless asked for
};

/// Takes a section name apart; nullopt when no prefix of the table fits. "kprobe/do_unlinkat" -> {kprobe,
/// "do_unlinkat"}.
[[nodiscard]] std::optional<SectionName> parse_section(std::string_view section);

/// "did you mean 'kprobe/...'?" for a section that parse_section() does not know; empty when nothing is near.
[[nodiscard]] std::string suggest_section(std::string_view section);

}  // namespace gadget::model
