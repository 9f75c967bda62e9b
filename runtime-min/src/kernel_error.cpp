// SPDX-License-Identifier: Apache-2.0
#include "kernel_error.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace gadget::runtime {
namespace {

constexpr int kNotSupported = 524;  // the kernel's internal ENOTSUPP, which leaks out of bpf(2)

Error lacking(const std::string& what, Requirement feature, const std::string& why) {
    Error error;
    error.code = ErrorCode::unsupported;
    error.message = what + ": " + why;
    error.requirement = std::move(feature);
    return error;
}

std::string describe(const VerifierVerdict& verdict) {
    std::string text = verdict.reason;
    if (verdict.instruction >= 0) text += " (instruction " + std::to_string(verdict.instruction);
    if (verdict.instruction >= 0 && !verdict.source.empty()) text += ", " + verdict.source;
    if (verdict.instruction >= 0 && !verdict.code.empty()) text += ": " + verdict.code;
    if (verdict.instruction >= 0) text += ")";
    if (!verdict.explanation.empty()) text += ": " + verdict.explanation;
    for (const std::string& line : verdict.tail) text += "\n    " + line;
    return text;
}

/// Programs that the kernel gives to administrators of the network (is_net_admin_prog_type() in
/// kernel/bpf/syscall.c), or that attach to devices.
bool is_network(model::AttachKind kind) {
    using model::AttachKind;
    switch (kind) {
        case AttachKind::tc:
        case AttachKind::tcx:
        case AttachKind::netkit:
        case AttachKind::xdp:
        case AttachKind::action:
        case AttachKind::cgroup:
        case AttachKind::sockops:
        case AttachKind::sk_skb:
        case AttachKind::sk_msg:
        case AttachKind::sk_lookup:
        case AttachKind::sk_reuseport:
        case AttachKind::flow_dissector:
        case AttachKind::lwt:
        case AttachKind::lirc:
        case AttachKind::netfilter:
            return true;
        default:
            return false;
    }
}

}  // namespace

bool has_capability(int capability) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0) return false;
    const auto word = static_cast<std::size_t>(capability / 32);
    return word < data.size() && (data[word].effective >> (capability % 32) & 1U) != 0;
}

bool may_use_bpf() {
    return has_capability(CAP_BPF) || has_capability(CAP_SYS_ADMIN);
}

Requirement requirement_of(model::AttachKind kind) {
    using model::AttachKind;
    switch (kind) {
        case AttachKind::kprobe:
        case AttachKind::kretprobe:
        case AttachKind::ksyscall:
        case AttachKind::kretsyscall:
            return {"kprobes", "CONFIG_KPROBES and CONFIG_KPROBE_EVENTS"};
        case AttachKind::kprobe_multi:
        case AttachKind::kretprobe_multi:
            return {"multi kprobes", "Linux 5.18 with CONFIG_FPROBE"};
        case AttachKind::uprobe:
        case AttachKind::uretprobe:
        case AttachKind::usdt:
            return {"uprobes", "CONFIG_UPROBES and CONFIG_UPROBE_EVENTS"};
        case AttachKind::uprobe_multi:
        case AttachKind::uretprobe_multi:
            return {"multi uprobes", "Linux 6.6"};
        case AttachKind::tracepoint:
            return {"tracepoints", "CONFIG_FTRACE_EVENTS and tracefs"};
        case AttachKind::raw_tracepoint:
            return {"raw tracepoints", "Linux 4.17"};
        case AttachKind::tp_btf:
            return {"BTF tracepoints", "Linux 5.5 with CONFIG_DEBUG_INFO_BTF"};
        case AttachKind::fentry:
        case AttachKind::fexit:
        case AttachKind::fmod_ret:
            return {"BPF trampolines (fentry, fexit, fmod_ret)", "Linux 5.5 on amd64, 6.4 on arm64"};
        case AttachKind::lsm:
        case AttachKind::lsm_cgroup:
            return {"BPF LSM", "Linux 5.7 with CONFIG_BPF_LSM and 'bpf' in lsm="};
        case AttachKind::iter:
            return {"BPF iterators", "Linux 5.8"};
        case AttachKind::perf_event:
            return {"perf events", "CONFIG_PERF_EVENTS"};
        case AttachKind::tcx:
            return {"tcx links", "Linux 6.6"};
        case AttachKind::netkit:
            return {"netkit devices", "Linux 6.7"};
        case AttachKind::xdp:
            return {"XDP links", "Linux 5.9"};
        case AttachKind::tc:
        case AttachKind::action:
            return {"tc classifiers", "CONFIG_NET_CLS_BPF and CONFIG_NET_SCH_INGRESS"};
        case AttachKind::cgroup:
        case AttachKind::sockops:
            return {"cgroup programs", "Linux 5.7 with CONFIG_CGROUP_BPF and cgroup2"};
        case AttachKind::sk_reuseport:
            return {"reuseport programs", "Linux 4.19"};
        case AttachKind::sk_lookup:
            return {"socket lookup programs", "Linux 5.9"};
        case AttachKind::netfilter:
            return {"netfilter links", "Linux 6.4"};
        case AttachKind::struct_ops:
            return {"struct_ops", "Linux 5.6"};
        default:
            return {std::string(model::to_string(kind)) + " programs", ""};
    }
}

Requirement requirement_of(const model::SectionKind& section) {
    if (section.prefix.find("session") == std::string_view::npos) return requirement_of(section.attach);
    return {std::string(section.prefix) + " programs",
            section.since_kernel.empty() ? "a newer Linux" : "Linux " + std::string(section.since_kernel)};
}

std::string missing_capabilities(std::optional<model::AttachKind> kind) {
    struct Capability {
        int number;
        bool needed;
        const char* name;
    };
    const bool network = kind && is_network(*kind);
    const bool socket = kind == model::AttachKind::socket_filter;
    const bool administrator = has_capability(CAP_SYS_ADMIN);  // has the first two in itself
    std::string names;
    for (const Capability& capability :
         {Capability{CAP_BPF, !administrator, "CAP_BPF"},
          Capability{CAP_PERFMON, !administrator && !network && !socket, "CAP_PERFMON"},
          Capability{CAP_NET_ADMIN, network, "CAP_NET_ADMIN"},
          Capability{CAP_NET_RAW, socket, "CAP_NET_RAW"}}) {
        if (!capability.needed || has_capability(capability.number)) continue;
        names += (names.empty() ? "" : " and ") + std::string(capability.name);
    }
    return names;
}

Error permission_error(const std::string& what, const Requirement& feature,
                       std::optional<model::AttachKind> kind) {
    const std::string missing = missing_capabilities(kind);
    if (missing.empty()) {
        Error error =
            lacking(what, feature, "the security policy of this kernel does not permit " + feature.feature);
        error.hint = "use another kind of program, or another kernel";
        return error;
    }
    Error error;
    error.code = ErrorCode::permission_denied;
    error.message = what + ": not permitted";
    error.hint = "run as root";
    error.requirement = Requirement{missing + ", or root", ""};
    return error;
}

Error refusal_error(const Refusal& refusal, const std::optional<model::SectionName>& section,
                    std::span<const std::byte> object) {
    const std::string what = "loading program '" + refusal.program + "'";
    VerifierVerdict verdict = explain(refusal.log);
    if (const auto functions = function_lines(object)) locate(verdict, *functions, refusal.program);
    const Requirement feature =
        section ? requirement_of(*section->kind) : requirement_of(model::AttachKind::syscall);
    const auto kind = section ? std::optional(section->kind->attach) : std::nullopt;
    if (refusal.error == EPERM && verdict.reason.empty()) return permission_error(what, feature, kind);
    if (!verdict.reason.empty()) {
        Error error;
        error.code = ErrorCode::rejected_input;
        error.message = "the verifier refused program '" + refusal.program + "': " + describe(verdict);
        const std::string missing = missing_capabilities(kind);
        if (refusal.error == EPERM && !missing.empty()) {
            error.code = ErrorCode::permission_denied;
            error.requirement = Requirement{missing + ", or root", ""};
        }
        return error;
    }
    if (refusal.error == ESRCH || refusal.error == kNotSupported) {
        return lacking(what, feature, "this kernel lacks " + feature.feature + " or the function it is for");
    }
    Error error = errno_error(refusal.error, what);
    error.code = refusal.error == EINVAL || refusal.error == ENOENT ? ErrorCode::unsupported : error.code;
    if (error.code == ErrorCode::unsupported) error.requirement = feature;
    return error;
}

Error attach_error(int error, const std::string& what, model::AttachKind kind) {
    return attach_error(error, what, requirement_of(kind), kind);
}

Error attach_error(int error, const std::string& what, const Requirement& feature,
                   std::optional<model::AttachKind> kind) {
    error = std::abs(error);
    switch (error) {
        case EPERM:
        case EACCES:
            return permission_error(what, feature, kind);
        case kNotSupported:
        case EOPNOTSUPP:
        case ENOSYS:
            return lacking(what, feature, "this kernel lacks " + feature.feature);
        default:
            return errno_error(error, what);
    }
}

}  // namespace gadget::runtime
