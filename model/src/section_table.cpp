// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/section_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "gadget/support/text.h"

namespace gadget::model {
namespace {

using enum AttachKind;
using G = TargetGrammar;

constexpr bool kRequired = true;
constexpr bool kOptional = false;
constexpr bool kSleepable = true;
constexpr bool kPlain = false;
constexpr bool kRuns = true;
constexpr bool kRefused = false;

constexpr std::array kTable{
    SectionKind{"kprobe", kprobe, G::kernel_symbol, kRequired, kPlain, kRuns, "4.1", ""},
    SectionKind{"kretprobe", kretprobe, G::kernel_symbol, kRequired, kPlain, kRuns, "4.1", ""},
    SectionKind{"kprobe.multi", kprobe_multi, G::kernel_pattern, kOptional, kPlain, kRefused, "5.18", ""},
    SectionKind{"kretprobe.multi", kretprobe_multi, G::kernel_pattern, kOptional, kPlain, kRefused, "5.18",
                ""},
    SectionKind{"kprobe.session", kprobe_multi, G::kernel_pattern, kOptional, kPlain, kRefused, "6.10",
                "1.5"},
    SectionKind{"ksyscall", ksyscall, G::syscall, kOptional, kPlain, kRefused, "4.17", "1.0"},
    SectionKind{"kretsyscall", kretsyscall, G::syscall, kOptional, kPlain, kRefused, "4.17", "1.0"},
    SectionKind{"uprobe", uprobe, G::path_symbol, kOptional, kPlain, kRuns, "4.1", ""},
    SectionKind{"uprobe.s", uprobe, G::path_symbol, kOptional, kSleepable, kRefused, "6.0", "1.0"},
    SectionKind{"uretprobe", uretprobe, G::path_symbol, kOptional, kPlain, kRuns, "4.1", ""},
    SectionKind{"uretprobe.s", uretprobe, G::path_symbol, kOptional, kSleepable, kRefused, "6.0", "1.0"},
    SectionKind{"uprobe.multi", uprobe_multi, G::path_symbol, kOptional, kPlain, kRefused, "6.6", "1.3"},
    SectionKind{"uprobe.multi.s", uprobe_multi, G::path_symbol, kOptional, kSleepable, kRefused, "6.6",
                "1.3"},
    SectionKind{"uretprobe.multi", uretprobe_multi, G::path_symbol, kOptional, kPlain, kRefused, "6.6",
                "1.3"},
    SectionKind{"uretprobe.multi.s", uretprobe_multi, G::path_symbol, kOptional, kSleepable, kRefused, "6.6",
                "1.3"},
    SectionKind{"uprobe.session", uprobe_multi, G::path_symbol, kOptional, kPlain, kRefused, "6.13", "1.6"},
    SectionKind{"uprobe.session.s", uprobe_multi, G::path_symbol, kOptional, kSleepable, kRefused, "6.13",
                "1.6"},
    SectionKind{"usdt", usdt, G::path_provider_probe, kOptional, kPlain, kRuns, "4.1", ""},
    SectionKind{"usdt.s", usdt, G::path_provider_probe, kOptional, kSleepable, kRefused, "6.0", ""},
    SectionKind{"tracepoint", tracepoint, G::category_name, kRequired, kPlain, kRuns, "4.7", ""},
    SectionKind{"tp", tracepoint, G::category_name, kRequired, kPlain, kRuns, "4.7", ""},
    SectionKind{"raw_tracepoint", raw_tracepoint, G::name, kRequired, kPlain, kRuns, "4.17", ""},
    SectionKind{"raw_tp", raw_tracepoint, G::name, kRequired, kPlain, kRuns, "4.17", ""},
    SectionKind{"raw_tracepoint.w", raw_tracepoint, G::name, kRequired, kPlain, kRefused, "5.2", ""},
    SectionKind{"raw_tp.w", raw_tracepoint, G::name, kRequired, kPlain, kRefused, "5.2", ""},
    SectionKind{"tp_btf", tp_btf, G::name, kRequired, kPlain, kRuns, "5.5", ""},
    SectionKind{"fentry", fentry, G::kernel_symbol, kRequired, kPlain, kRuns, "5.5", ""},
    SectionKind{"fentry.s", fentry, G::kernel_symbol, kRequired, kSleepable, kRefused, "5.10", ""},
    SectionKind{"fexit", fexit, G::kernel_symbol, kRequired, kPlain, kRuns, "5.5", ""},
    SectionKind{"fexit.s", fexit, G::kernel_symbol, kRequired, kSleepable, kRefused, "5.10", ""},
    SectionKind{"fmod_ret", fmod_ret, G::kernel_symbol, kRequired, kPlain, kRefused, "5.7", ""},
    SectionKind{"fmod_ret.s", fmod_ret, G::kernel_symbol, kRequired, kSleepable, kRefused, "5.10", ""},
    SectionKind{"fsession", fmod_ret, G::kernel_symbol, kRequired, kPlain, kRefused, "", ""},
    SectionKind{"fsession.s", fmod_ret, G::kernel_symbol, kRequired, kSleepable, kRefused, "", ""},
    SectionKind{"lsm", lsm, G::name, kRequired, kPlain, kRuns, "5.7", ""},
    SectionKind{"lsm.s", lsm, G::name, kRequired, kSleepable, kRuns, "5.10", ""},
    SectionKind{"lsm_cgroup", lsm_cgroup, G::name, kRequired, kPlain, kRefused, "6.0", "1.0"},
    SectionKind{"iter", iter, G::name, kRequired, kPlain, kRuns, "5.8", ""},
    SectionKind{"iter.s", iter, G::name, kRequired, kSleepable, kRefused, "5.18", ""},
    SectionKind{"perf_event", perf_event, G::label, kOptional, kPlain, kRuns, "4.9", ""},
    SectionKind{"socket", socket_filter, G::label, kOptional, kPlain, kRuns, "3.19", ""},
    SectionKind{"classifier", tc, G::label, kOptional, kPlain, kRuns, "4.1", ""},
    SectionKind{"tc", tc, G::label, kOptional, kPlain, kRefused, "4.1", ""},
    SectionKind{"tcx", tcx, G::label, kOptional, kPlain, kRefused, "6.6", "1.3"},
    SectionKind{"netkit", netkit, G::label, kOptional, kPlain, kRefused, "6.7", "1.3"},
    SectionKind{"action", action, G::none, kOptional, kPlain, kRefused, "4.1", ""},
    SectionKind{"xdp", xdp, G::label, kOptional, kPlain, kRefused, "4.8", ""},
    SectionKind{"xdp.frags", xdp, G::label, kOptional, kPlain, kRefused, "5.18", ""},
    SectionKind{"cgroup_skb", cgroup, G::label, kOptional, kPlain, kRefused, "4.10", ""},
    SectionKind{"cgroup", cgroup, G::label, kOptional, kPlain, kRefused, "4.10", ""},
    SectionKind{"sockops", sockops, G::label, kOptional, kPlain, kRuns, "4.13", ""},
    SectionKind{"sk_skb", sk_skb, G::label, kOptional, kPlain, kRuns, "4.14", ""},
    SectionKind{"sk_msg", sk_msg, G::label, kOptional, kPlain, kRuns, "4.17", ""},
    SectionKind{"sk_lookup", sk_lookup, G::label, kOptional, kPlain, kRefused, "5.9", ""},
    SectionKind{"sk_reuseport", sk_reuseport, G::label, kOptional, kPlain, kRefused, "4.19", ""},
    SectionKind{"flow_dissector", flow_dissector, G::none, kOptional, kPlain, kRefused, "4.20", ""},
    SectionKind{"lwt_in", lwt, G::none, kOptional, kPlain, kRefused, "4.10", ""},
    SectionKind{"lwt_out", lwt, G::none, kOptional, kPlain, kRefused, "4.10", ""},
    SectionKind{"lwt_xmit", lwt, G::none, kOptional, kPlain, kRefused, "4.10", ""},
    SectionKind{"lwt_seg6local", lwt, G::none, kOptional, kPlain, kRefused, "4.18", ""},
    SectionKind{"lirc_mode2", lirc, G::none, kOptional, kPlain, kRefused, "4.18", ""},
    SectionKind{"syscall", AttachKind::syscall, G::none, kOptional, kSleepable, kRefused, "5.14", ""},
    SectionKind{"freplace", freplace, G::kernel_symbol, kOptional, kPlain, kRefused, "5.6", ""},
    SectionKind{"struct_ops", struct_ops, G::name, kOptional, kPlain, kRefused, "5.6", ""},
    SectionKind{"struct_ops.s", struct_ops, G::name, kOptional, kSleepable, kRefused, "6.3", "1.2"},
    SectionKind{"netfilter", netfilter, G::none, kOptional, kPlain, kRefused, "6.4", "1.3"},
};

const SectionKind* find_prefix(std::string_view prefix) {
    const auto* found =
        std::find_if(kTable.begin(), kTable.end(), [&](const auto& kind) { return kind.prefix == prefix; });
    return found == kTable.end() ? nullptr : found;
}

}  // namespace

std::string_view to_string(AttachKind kind) {
    static constexpr std::array<std::string_view, 40> kNames{"kprobe",
                                                             "kretprobe",
                                                             "kprobe.multi",
                                                             "kretprobe.multi",
                                                             "ksyscall",
                                                             "kretsyscall",
                                                             "uprobe",
                                                             "uretprobe",
                                                             "uprobe.multi",
                                                             "uretprobe.multi",
                                                             "usdt",
                                                             "tracepoint",
                                                             "raw_tracepoint",
                                                             "tp_btf",
                                                             "fentry",
                                                             "fexit",
                                                             "fmod_ret",
                                                             "lsm",
                                                             "lsm_cgroup",
                                                             "iter",
                                                             "perf_event",
                                                             "socket filter",
                                                             "tc",
                                                             "tcx",
                                                             "netkit",
                                                             "xdp",
                                                             "cgroup",
                                                             "sockops",
                                                             "sk_skb",
                                                             "sk_msg",
                                                             "sk_lookup",
                                                             "sk_reuseport",
                                                             "flow_dissector",
                                                             "lwt",
                                                             "lirc",
                                                             "syscall",
                                                             "freplace",
                                                             "struct_ops",
                                                             "netfilter",
                                                             "action"};
    return kNames.at(static_cast<std::size_t>(kind));
}

std::span<const SectionKind> section_table() {
    return kTable;
}

std::optional<SectionName> parse_section(std::string_view section) {
    SectionName name{.kind = nullptr, .target = {}, .optional = section.starts_with('?')};
    if (name.optional) section.remove_prefix(1);
    const auto slash = section.find('/');
    name.kind = find_prefix(section.substr(0, slash));
    if (slash != std::string_view::npos) name.target = section.substr(slash + 1);
    // "socket1", "socket_filter": any name that begins with "socket" is a socket filter (specification 3.1).
    if (name.kind == nullptr && section.starts_with("socket")) {
        name.kind = find_prefix("socket");
        name.target = section.substr(std::string_view("socket").size());
    }
    if (name.kind == nullptr) return std::nullopt;
    return name;
}

std::string suggest_section(std::string_view section) {
    const bool optional = section.starts_with('?');
    if (optional) section.remove_prefix(1);
    const auto slash = section.find('/');
    std::vector<std::string> prefixes;
    for (const auto& kind : kTable) prefixes.emplace_back(kind.prefix);
    std::string best = nearest(section.substr(0, slash), prefixes);
    if (best.empty()) return {};
    if (slash != std::string_view::npos) best += section.substr(slash);
    return std::string("did you mean '") + (optional ? "?" : "") + best + "'?";
}

}  // namespace gadget::model
