// SPDX-License-Identifier: Apache-2.0
#include "kernel_attach.h"

#include <linux/btf.h>

#include <algorithm>

#include "gadget/support/text.h"
#include "rule.h"

namespace gadget::validator {
namespace {

using model::AttachKind;
constexpr const char* kTarget = "kernel-target";
constexpr const char* kUnconfirmed = "kernel-target-unconfirmed";
constexpr const char* kProgramType = "kernel-program-type";

/// The names that the kernel's enum bpf_prog_type and enum bpf_attach_type have for a kind; "" = none of its
/// own.
struct TypeNames {
    AttachKind kind;
    std::string_view program;
    std::string_view attach;
};

constexpr TypeNames kTypes[] = {
    {AttachKind::kprobe, "BPF_PROG_TYPE_KPROBE", ""},
    {AttachKind::kretprobe, "BPF_PROG_TYPE_KPROBE", ""},
    {AttachKind::kprobe_multi, "BPF_PROG_TYPE_KPROBE", "BPF_TRACE_KPROBE_MULTI"},
    {AttachKind::kretprobe_multi, "BPF_PROG_TYPE_KPROBE", "BPF_TRACE_KPROBE_MULTI"},
    {AttachKind::ksyscall, "BPF_PROG_TYPE_KPROBE", ""},
    {AttachKind::kretsyscall, "BPF_PROG_TYPE_KPROBE", ""},
    {AttachKind::uprobe, "BPF_PROG_TYPE_KPROBE", ""},
    {AttachKind::uretprobe, "BPF_PROG_TYPE_KPROBE", ""},
    {AttachKind::uprobe_multi, "BPF_PROG_TYPE_KPROBE", "BPF_TRACE_UPROBE_MULTI"},
    {AttachKind::uretprobe_multi, "BPF_PROG_TYPE_KPROBE", "BPF_TRACE_UPROBE_MULTI"},
    {AttachKind::usdt, "BPF_PROG_TYPE_KPROBE", ""},
    {AttachKind::tracepoint, "BPF_PROG_TYPE_TRACEPOINT", ""},
    {AttachKind::raw_tracepoint, "BPF_PROG_TYPE_RAW_TRACEPOINT", ""},
    {AttachKind::tp_btf, "BPF_PROG_TYPE_TRACING", "BPF_TRACE_RAW_TP"},
    {AttachKind::fentry, "BPF_PROG_TYPE_TRACING", "BPF_TRACE_FENTRY"},
    {AttachKind::fexit, "BPF_PROG_TYPE_TRACING", "BPF_TRACE_FEXIT"},
    {AttachKind::fmod_ret, "BPF_PROG_TYPE_TRACING", "BPF_MODIFY_RETURN"},
    {AttachKind::lsm, "BPF_PROG_TYPE_LSM", "BPF_LSM_MAC"},
    {AttachKind::lsm_cgroup, "BPF_PROG_TYPE_LSM", "BPF_LSM_CGROUP"},
    {AttachKind::iter, "BPF_PROG_TYPE_TRACING", "BPF_TRACE_ITER"},
    {AttachKind::perf_event, "BPF_PROG_TYPE_PERF_EVENT", ""},
    {AttachKind::socket_filter, "BPF_PROG_TYPE_SOCKET_FILTER", ""},
    {AttachKind::tc, "BPF_PROG_TYPE_SCHED_CLS", ""},
    {AttachKind::tcx, "BPF_PROG_TYPE_SCHED_CLS", "BPF_TCX_INGRESS"},
    {AttachKind::netkit, "BPF_PROG_TYPE_SCHED_CLS", "BPF_NETKIT_PRIMARY"},
    {AttachKind::xdp, "BPF_PROG_TYPE_XDP", ""},
    {AttachKind::sockops, "BPF_PROG_TYPE_SOCK_OPS", ""},
    {AttachKind::sk_skb, "BPF_PROG_TYPE_SK_SKB", ""},
    {AttachKind::sk_msg, "BPF_PROG_TYPE_SK_MSG", ""},
    {AttachKind::sk_lookup, "BPF_PROG_TYPE_SK_LOOKUP", ""},
    {AttachKind::sk_reuseport, "BPF_PROG_TYPE_SK_REUSEPORT", ""},
    {AttachKind::flow_dissector, "BPF_PROG_TYPE_FLOW_DISSECTOR", ""},
    {AttachKind::lwt, "BPF_PROG_TYPE_LWT_IN", ""},
    {AttachKind::lirc, "BPF_PROG_TYPE_LIRC_MODE2", ""},
    {AttachKind::syscall, "BPF_PROG_TYPE_SYSCALL", ""},
    {AttachKind::freplace, "BPF_PROG_TYPE_EXT", ""},
    {AttachKind::struct_ops, "BPF_PROG_TYPE_STRUCT_OPS", ""},
    {AttachKind::netfilter, "BPF_PROG_TYPE_NETFILTER", ""},
    {AttachKind::action, "BPF_PROG_TYPE_SCHED_ACT", ""},
};

class AttachCheck {
  public:
    AttachCheck(const model::SectionName& section, const KernelView& kernel,
                std::vector<KernelReason>& reasons)
        : section_(section), kernel_(kernel), reasons_(reasons) {}

    void run() {
        if (!check_type()) return;
        switch (section_.kind->attach) {
            case AttachKind::kprobe:
            case AttachKind::kretprobe:
                need_function("register_kprobe", "kprobes (CONFIG_KPROBES)");
                if (!section_.target.empty()) kernel_function(function_name());
                break;
            case AttachKind::kprobe_multi:
            case AttachKind::kretprobe_multi:
                check_kprobe_multi();
                break;
            case AttachKind::ksyscall:
            case AttachKind::kretsyscall:
                need_function("register_kprobe", "kprobes (CONFIG_KPROBES)");
                if (!section_.target.empty()) check_syscall(section_.target, "system call");
                break;
            case AttachKind::uprobe:
            case AttachKind::uretprobe:
            case AttachKind::uprobe_multi:
            case AttachKind::uretprobe_multi:
            case AttachKind::usdt:
                need_function("uprobe_register", "uprobes (CONFIG_UPROBES)");
                break;
            case AttachKind::tracepoint:
                check_tracepoint();
                break;
            case AttachKind::raw_tracepoint:
            case AttachKind::tp_btf:
                check_raw_tracepoint();
                break;
            case AttachKind::fentry:
            case AttachKind::fexit:
            case AttachKind::fmod_ret:
                check_trampoline();
                check_traced_function();
                break;
            case AttachKind::lsm:
            case AttachKind::lsm_cgroup:
                check_trampoline();
                check_lsm();
                break;
            case AttachKind::iter:
                check_iterator();
                break;
            default:
                break;
        }
    }

  private:
    void fail(const char* id, std::string message, std::string hint = {}) {
        reasons_.push_back(fails(id, std::move(message), std::move(hint)));
    }
    void unknown(std::string message) { reasons_.push_back(not_known(std::move(message))); }

    bool knows_symbols() const { return !kernel_.facts.symbols.empty(); }
    /// Data symbols are only there with CONFIG_KALLSYMS_ALL.
    bool knows_data_symbols() const { return kernel_.facts.symbols.has_prefix("__tracepoint_"); }
    bool knows_modules() const { return kernel_.facts.has_module_symbols || kernel_.types.knows_modules(); }

    bool check_type() {
        const auto found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeNames& names) {
            return names.kind == section_.kind->attach;
        });
        if (found == std::end(kTypes)) return true;
        if (kernel_.program_types.names.empty()) {
            unknown("the kernel has no BTF, which would tell its program types");
            return true;
        }
        auto attach = found->attach;
        if (section_.kind->prefix == "kprobe.session") attach = "BPF_TRACE_KPROBE_SESSION";
        const bool fine = kernel_.program_types.names.contains(found->program) &&
                          (attach.empty() || kernel_.attach_types.names.contains(attach));
        if (!fine)
            fail(kProgramType,
                 "the kernel does not know programs of section '" + std::string(section_.kind->prefix) + "'");
        return fine;
    }

    // A feature shows by a function that only kernels with it have.
    bool need_function(const char* function, const std::string& feature) {
        if (!knows_symbols()) {
            unknown("the symbols of the kernel are not known, which would tell whether it has " + feature);
            return true;
        }
        if (kernel_.facts.symbols.has_function(function)) return true;
        fail(kProgramType, "the kernel was built without " + feature);
        return false;
    }

    // "function+0x10" -> "function"
    [[nodiscard]] std::string function_name() const {
        return section_.target.substr(0, section_.target.find('+'));
    }

    std::string function_hint(const std::string& name) const {
        constexpr std::size_t kCandidates = 4096;
        return did_you_mean(name, kernel_.facts.symbols.functions_like(name, kCandidates));
    }

    void kernel_function(const std::string& name) {
        if (!knows_symbols()) {
            if (!kernel_.types.has(name, BTF_KIND_FUNC))
                unknown("whether function '" + name +
                        "' exists is not known without the symbols of the kernel");
        } else if (!kernel_.facts.symbols.has(name)) {
            missing_function(name);
        }
    }

    void missing_function(const std::string& name) {
        const auto hint = function_hint(name);
        if (knows_modules()) {
            fail(kTarget, "function " + quoted(name) + " does not exist", hint);
            return;
        }
        auto reason = not_known("function " + quoted(name) +
                                " is not in the kernel itself; whether a module has it is not known offline");
        reason.id = kUnconfirmed;
        reason.hint = hint;
        reasons_.push_back(std::move(reason));
    }

    void check_kprobe_multi() {
        if (!need_function("register_fprobe_ips", "multi-kprobes (CONFIG_FPROBE)")) return;
        const bool pattern = section_.target.find_first_of("*?") != std::string::npos;
        if (!section_.target.empty() && !pattern) kernel_function(section_.target);
    }

    void check_syscall(const std::string& name, const std::string& what) {
        if (!knows_symbols() && !kernel_.facts.system_calls) {
            unknown("whether " + what + " " + quoted(name) +
                    " exists is not known without the symbols of the kernel");
            return;
        }
        const auto& calls = kernel_.facts.system_calls;
        if (calls && std::binary_search(calls->begin(), calls->end(), name)) return;
        const bool amd64 = kernel_.facts.arch == model::Arch::amd64;
        if (calls || !kernel_.facts.symbols.has_function((amd64 ? "__x64_sys_" : "__arm64_sys_") + name)) {
            fail(kTarget, what + " " + quoted(name) + " does not exist", syscall_hint(name));
            return;
        }
        // arm64 has functions for calls that only 32-bit programs can make.
        if (!amd64) unknown("whether " + what + " " + quoted(name) + " is native is not known offline");
    }

    std::string syscall_hint(const std::string& name) const {
        if (kernel_.facts.system_calls) return did_you_mean(name, *kernel_.facts.system_calls);
        const std::string prefix = kernel_.facts.arch == model::Arch::amd64 ? "__x64_sys_" : "__arm64_sys_";
        std::vector<std::string> names;
        for (const auto& function : kernel_.facts.symbols.functions_like(prefix + name, 4096)) {
            if (function.starts_with(prefix)) names.push_back(function.substr(prefix.size()));
        }
        return did_you_mean(name, names);
    }

    void check_tracepoint() {
        const auto slash = section_.target.find('/');
        if (slash == std::string::npos) return;  // a finding of section-target
        const auto category = section_.target.substr(0, slash);
        const auto name = section_.target.substr(slash + 1);
        if (kernel_.facts.tracepoints) {
            const auto& known = *kernel_.facts.tracepoints;
            if (std::binary_search(known.begin(), known.end(), section_.target)) return;
            missing_tracepoint(category, name);
            return;
        }
        for (const std::string_view prefix : {"sys_enter_", "sys_exit_"}) {
            if (category == "syscalls" && name.starts_with(prefix)) {
                check_syscall(name.substr(prefix.size()), "tracepoint of system call");
                return;
            }
        }
        if (!tracepoint_exists(name)) {
            fail_tracepoint(name, {});
            return;
        }
        unknown("tracepoint " + quoted(name) + " exists, but whether its category is " + quoted(category) +
                " is not known offline");
    }

    void missing_tracepoint(const std::string& category, const std::string& name) {
        const auto& known = *kernel_.facts.tracepoints;
        for (const auto& other : known) {
            if (other.size() > name.size() && other.ends_with("/" + name))
                return fail_tracepoint(section_.target, "did you mean '" + other + "'?");
        }
        std::vector<std::string> candidates;
        for (const auto& other : known) {
            if (other.starts_with(category + "/")) candidates.push_back(other);
        }
        fail_tracepoint(section_.target,
                        did_you_mean(section_.target, candidates.empty() ? known : candidates));
    }

    // Many tracepoints belong to modules, which have their own.
    void fail_tracepoint(const std::string& name, const std::string& hint) {
        if (knows_modules() || section_.target.starts_with("syscalls/")) {
            fail(kTarget, "tracepoint " + quoted(name) + " does not exist", hint);
            return;
        }
        auto reason = not_known("tracepoint " + quoted(name) +
                                " is not in the kernel itself; whether a module has it is not known offline");
        reason.id = kUnconfirmed;
        reason.hint = hint;
        reasons_.push_back(std::move(reason));
    }

    [[nodiscard]] bool tracepoint_exists(const std::string& name) const {
        if (kernel_.types.has("btf_trace_" + name, BTF_KIND_TYPEDEF)) return true;
        return knows_data_symbols() && kernel_.facts.symbols.has("__tracepoint_" + name);
    }

    void check_raw_tracepoint() {
        if (!kernel_.types.known() && !knows_data_symbols()) {
            unknown("whether tracepoint " + quoted(section_.target) +
                    " exists is not known without BTF and symbols");
            return;
        }
        if (!tracepoint_exists(section_.target)) fail_tracepoint(section_.target, {});
    }

    void check_trampoline() {
        need_function("register_ftrace_direct",
                      "direct calls of ftrace (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS), which '" +
                          std::string(section_.kind->prefix) + "' needs");
    }

    void check_traced_function() {
        const auto& name = section_.target;
        if (!kernel_.types.known()) {
            fail(kTarget, "the kernel has no BTF, which programs of this kind need");
            return;
        }
        if (!kernel_.types.has(name, BTF_KIND_FUNC)) {
            if (kernel_.facts.symbols.has_function(name))
                fail(kTarget, "function " + quoted(name) + " has no type in the BTF of the kernel",
                     "use a kprobe, which needs none");
            else
                missing_function(name);
            return;
        }
        if (section_.kind->attach == AttachKind::fmod_ret && !name.starts_with("security_"))
            unknown("whether the return value of " + quoted(name) +
                    " may be changed (error injection) is not known offline");
        if (section_.kind->sleepable)
            unknown("whether programs at " + quoted(name) + " may sleep is not known offline");
    }

    void check_lsm() {
        const auto hook = "bpf_lsm_" + section_.target;
        if (!kernel_.types.known()) {
            fail(kTarget, "the kernel has no BTF, which programs of this kind need");
            return;
        }
        if (!kernel_.types.has(hook, BTF_KIND_FUNC)) {
            fail(kTarget, "LSM hook " + quoted(section_.target) + " does not exist", hook_hint("bpf_lsm_"));
            return;
        }
        if (section_.kind->sleepable)
            unknown("whether programs at hook " + quoted(section_.target) +
                    " may sleep is not known offline");
        unknown("whether 'bpf' is among the active LSMs (lsm= at boot, CONFIG_LSM) is not known offline");
    }

    std::string hook_hint(const std::string& prefix) const {
        std::vector<std::string> names;
        for (const auto& function : kernel_.facts.symbols.functions_like(prefix + section_.target, 4096)) {
            if (function.starts_with(prefix)) names.push_back(function.substr(prefix.size()));
        }
        return did_you_mean(section_.target, names);
    }

    void check_iterator() {
        if (!kernel_.types.known()) {
            fail(kTarget, "the kernel has no BTF, which programs of this kind need");
            return;
        }
        if (kernel_.types.has("bpf_iter_" + section_.target, BTF_KIND_FUNC)) return;
        fail(kTarget, "the kernel has no iterator over " + quoted(section_.target), hook_hint("bpf_iter_"));
    }

    const model::SectionName& section_;
    const KernelView& kernel_;
    std::vector<KernelReason>& reasons_;
};

}  // namespace

KernelReason fails(std::string id, std::string message, std::string hint) {
    return {.id = std::move(id),
            .verdict = KernelVerdict::fails,
            .message = std::move(message),
            .hint = std::move(hint)};
}

KernelReason not_known(std::string message) {
    return {.id = {}, .verdict = KernelVerdict::unknown, .message = std::move(message)};
}

void check_attach(const model::SectionName& section, const KernelView& kernel,
                  std::vector<KernelReason>& reasons) {
    AttachCheck(section, kernel, reasons).run();
}

}  // namespace gadget::validator
