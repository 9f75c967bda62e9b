// SPDX-License-Identifier: Apache-2.0
// Types and targets of programs, where the section name alone does not settle them for libbpf.
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>

#include "gadget/support/text.h"
#include "libbpf_log.h"
#include "object.h"

namespace gadget::runtime {
namespace {

using model::AttachKind;

struct KindType {
    AttachKind kind;
    std::uint32_t type;  // enum bpf_prog_type, with the ones that the headers of libbpf 1.1 lack
    bpf_attach_type attach;
};

// Newer than the headers of libbpf 1.1.
constexpr auto kUprobeMulti = static_cast<bpf_attach_type>(48);
constexpr auto kNetfilter = static_cast<bpf_attach_type>(45);
constexpr std::uint32_t kNetfilterProgram = 32;

// Sections such as "classifier/x" or "socket1" open in libbpf 1.x with no type; these are the kinds that
// occur in them.
constexpr std::array kTypes{
    KindType{AttachKind::kprobe, BPF_PROG_TYPE_KPROBE, {}},
    KindType{AttachKind::kretprobe, BPF_PROG_TYPE_KPROBE, {}},
    KindType{AttachKind::ksyscall, BPF_PROG_TYPE_KPROBE, {}},
    KindType{AttachKind::kretsyscall, BPF_PROG_TYPE_KPROBE, {}},
    KindType{AttachKind::uprobe, BPF_PROG_TYPE_KPROBE, {}},
    KindType{AttachKind::uretprobe, BPF_PROG_TYPE_KPROBE, {}},
    KindType{AttachKind::uprobe_multi, BPF_PROG_TYPE_KPROBE, kUprobeMulti},
    KindType{AttachKind::uretprobe_multi, BPF_PROG_TYPE_KPROBE, kUprobeMulti},
    KindType{AttachKind::kprobe_multi, BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI},
    KindType{AttachKind::kretprobe_multi, BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI},
    KindType{AttachKind::usdt, BPF_PROG_TYPE_KPROBE, {}},
    KindType{AttachKind::tracepoint, BPF_PROG_TYPE_TRACEPOINT, {}},
    KindType{AttachKind::raw_tracepoint, BPF_PROG_TYPE_RAW_TRACEPOINT, {}},
    KindType{AttachKind::tp_btf, BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP},
    KindType{AttachKind::fentry, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY},
    KindType{AttachKind::fexit, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT},
    KindType{AttachKind::fmod_ret, BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN},
    KindType{AttachKind::iter, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER},
    KindType{AttachKind::lsm, BPF_PROG_TYPE_LSM, BPF_LSM_MAC},
    KindType{AttachKind::perf_event, BPF_PROG_TYPE_PERF_EVENT, {}},
    KindType{AttachKind::socket_filter, BPF_PROG_TYPE_SOCKET_FILTER, {}},
    KindType{AttachKind::tc, BPF_PROG_TYPE_SCHED_CLS, {}},
    KindType{AttachKind::tcx, BPF_PROG_TYPE_SCHED_CLS, {}},
    KindType{AttachKind::netkit, BPF_PROG_TYPE_SCHED_CLS, {}},
    KindType{AttachKind::netfilter, kNetfilterProgram, kNetfilter},
    KindType{AttachKind::xdp, BPF_PROG_TYPE_XDP, BPF_XDP},
    KindType{AttachKind::sockops, BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS},
    KindType{AttachKind::sk_lookup, BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP},
};

bpf_prog_type type_in(const KindType& kind) {
    return std::bit_cast<bpf_prog_type>(kind.type);
}

const KindType* type_of(AttachKind kind) {
    for (const KindType& entry : kTypes) {
        if (entry.kind == kind) return &entry;
    }
    return nullptr;
}

Error section_error(const std::string& program, const std::string& section) {
    Error error;
    error.code = ErrorCode::invalid_argument;
    error.message = "program '" + program + "' has the unknown section '" + section + "'";
    error.hint = model::suggest_section(section);
    return error;
}

bool takes_kernel_target(AttachKind kind) {
    switch (kind) {
        case AttachKind::tp_btf:
        case AttachKind::fentry:
        case AttachKind::fexit:
        case AttachKind::fmod_ret:
        case AttachKind::freplace:
        case AttachKind::lsm:
        case AttachKind::iter:
            return true;
        default:
            return false;
    }
}

Result<void> apply_section(Program& program, const std::string& section) {
    const auto parsed = model::parse_section(section);
    if (!parsed) return section_error(program.name, section);
    const LogCapture capture;
    bpf_prog_type type = BPF_PROG_TYPE_UNSPEC;
    bpf_attach_type attach{};
    if (libbpf_prog_type_by_name(section.c_str(), &type, &attach) != 0) {
        const KindType* const known = type_of(parsed->kind->attach);
        if (known == nullptr) return section_error(program.name, section);
        type = type_in(*known);
        attach = known->attach;
    }
    (void)bpf_program__set_type(program.handle, type);  // both fail only after the load
    (void)bpf_program__set_expected_attach_type(program.handle, attach);
    program.section = section;
    program.parsed = *parsed;
    return {};
}

}  // namespace

Result<void> retarget(Program& program, const ProbeSpec& probe) {
    if (!probe.section.empty() && probe.section != program.section) {
        GADGET_TRY(apply_section(program, probe.section));
    }
    const auto* const target = std::get_if<KernelTarget>(&probe.target);
    if (!program.parsed || !takes_kernel_target(program.parsed->kind->attach)) {
        if (target == nullptr) return {};
        return Error{ErrorCode::invalid_argument, "probe '" + to_string(probe.id) + "': section '" +
                                                      program.section + "' takes no kernel target"};
    }
    std::string name = target != nullptr ? target->name : std::string();
    if (name.empty() && !probe.section.empty()) name = program.parsed->target;
    const int other = target != nullptr ? target->program_fd : -1;
    if (name.empty() && other >= 0) name = program.parsed->target;
    if (other < 0 && (name.empty() || name == program.parsed->target)) {
        if (probe.section.empty()) return {};
    }
    if (name.empty()) return section_error(program.name, program.section);
    const LogCapture capture;
    const int status = bpf_program__set_attach_target(program.handle, std::max(other, 0), name.c_str());
    if (status == 0) {
        program.parsed->target = name;
        return {};
    }
    if (status == -ENOENT || status == -ESRCH) {
        return Error{ErrorCode::not_found,
                     "probe '" + to_string(probe.id) + "': this kernel's BTF has no '" + name + "'"};
    }
    return errno_error(status, "probe '" + to_string(probe.id) + "': setting the target '" + name + "'");
}

Result<void> ensure_type(const Program& program) {
    if (bpf_program__type(program.handle) != BPF_PROG_TYPE_UNSPEC) return {};
    const KindType* const known = program.parsed ? type_of(program.parsed->kind->attach) : nullptr;
    if (known == nullptr) return section_error(program.name, program.section);
    (void)bpf_program__set_type(program.handle, type_in(*known));
    (void)bpf_program__set_expected_attach_type(program.handle, known->attach);
    return {};
}

}  // namespace gadget::runtime
