// SPDX-License-Identifier: Apache-2.0
// Types and targets of programs, where the section name alone does not settle them for libbpf.
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <optional>

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

struct SectionAttach {
    std::string_view section;  ///< prefix, or prefix/target
    bpf_attach_type attach;
};

// Sections that ask for more than their kind tells.
constexpr std::array kAttachTypes{
    SectionAttach{"kprobe.session", static_cast<bpf_attach_type>(56)},
    SectionAttach{"uprobe.session", static_cast<bpf_attach_type>(57)},
    SectionAttach{"uprobe.session.s", static_cast<bpf_attach_type>(57)},
    SectionAttach{"fsession", static_cast<bpf_attach_type>(58)},
    SectionAttach{"fsession.s", static_cast<bpf_attach_type>(58)},
    SectionAttach{"cgroup/connect_unix", static_cast<bpf_attach_type>(49)},
    SectionAttach{"cgroup/sendmsg_unix", static_cast<bpf_attach_type>(50)},
    SectionAttach{"cgroup/recvmsg_unix", static_cast<bpf_attach_type>(51)},
    SectionAttach{"cgroup/getpeername_unix", static_cast<bpf_attach_type>(52)},
    SectionAttach{"cgroup/getsockname_unix", static_cast<bpf_attach_type>(53)},
};

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
    KindType{AttachKind::cgroup, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, {}},  // those of kAttachTypes
};

bpf_prog_type type_in(const KindType& kind) {
    return std::bit_cast<bpf_prog_type>(kind.type);
}

/// nullopt: nobody knows what such a section is.
std::optional<KindType> type_of(const model::SectionName& section) {
    const auto* const entry = std::ranges::find(kTypes, section.kind->attach, &KindType::kind);
    if (entry == kTypes.end()) return std::nullopt;
    KindType type = *entry;
    const std::string full = std::string(section.kind->prefix) + "/" + section.target;
    const auto* const special = std::ranges::find_if(kAttachTypes, [&](const SectionAttach& it) {
        return it.section == section.kind->prefix || it.section == full;
    });
    if (special != kAttachTypes.end()) {
        type.attach = special->attach;
    } else if (type.kind == AttachKind::cgroup) {
        return std::nullopt;
    }
    return type;
}

/// What libbpf adds to a load for sections that it knows, on its own and out of sight.
void set_flags(const Program& program) {
    std::uint32_t flags = bpf_program__flags(program.handle);
    if (program.parsed->kind->sleepable) flags |= BPF_F_SLEEPABLE;
    if (program.parsed->kind->prefix == "xdp.frags") flags |= BPF_F_XDP_HAS_FRAGS;
    (void)bpf_program__set_flags(program.handle, flags);  // fails only after the load
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

Result<void> aim(const Program& program, int other, const std::string& name) {
    const LogCapture capture;
    const int status = bpf_program__set_attach_target(program.handle, other, name.c_str());
    if (status == 0) return {};
    if (status == -ENOENT || status == -ESRCH) {
        return Error{ErrorCode::not_found,
                     "program '" + program.name + "': this kernel's BTF has no '" + name + "'"};
    }
    return errno_error(status, "program '" + program.name + "': setting the target '" + name + "'");
}

Result<void> apply_section(Program& program, const std::string& section) {
    const auto parsed = model::parse_section(section);
    if (!parsed) return section_error(program.name, section);
    const LogCapture capture;
    bpf_prog_type type = BPF_PROG_TYPE_UNSPEC;
    bpf_attach_type attach{};
    if (libbpf_prog_type_by_name(section.c_str(), &type, &attach) != 0) {
        const auto known = type_of(*parsed);
        if (!known) return section_error(program.name, section);
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
    GADGET_TRY(aim(program, std::max(other, 0), name));
    program.parsed->target = name;
    return {};
}

Result<void> ensure_type(const Program& program) {
    if (program.parsed) set_flags(program);
    if (bpf_program__type(program.handle) != BPF_PROG_TYPE_UNSPEC) return {};
    const auto known = program.parsed ? type_of(*program.parsed) : std::nullopt;
    if (!known) return section_error(program.name, program.section);
    (void)bpf_program__set_type(program.handle, type_in(*known));
    (void)bpf_program__set_expected_attach_type(program.handle, known->attach);
    return takes_kernel_target(known->kind) ? aim(program, 0, program.parsed->target) : Result<void>{};
}

}  // namespace gadget::runtime
