// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

using enum model::AttachKind;

// What to use instead in a gadget that has to run on Inspektor Gadget too.
std::string alternative(const model::SectionName& section) {
    const std::string target = printable(section.target);
    const auto named = [&](std::string_view prefix) {
        return "use SEC(\"" + std::string(prefix) + (target.empty() ? "" : "/" + target) + "\")";
    };
    switch (section.kind->attach) {
        case kprobe_multi:
            return "use one program per function in sections kprobe/<function>";
        case kretprobe_multi:
            return "use one program per function in sections kretprobe/<function>";
        case ksyscall:
            return "use SEC(\"tracepoint/syscalls/sys_enter_" + target + "\")";
        case kretsyscall:
            return "use SEC(\"tracepoint/syscalls/sys_exit_" + target + "\")";
        case uprobe:
        case uprobe_multi:
            return named("uprobe");
        case uretprobe:
        case uretprobe_multi:
            return named("uretprobe");
        case usdt:
            return named("usdt");
        case raw_tracepoint:
            return named("raw_tracepoint");
        case fentry:
            return named("fentry");
        case fexit:
            return named("fexit");
        case fmod_ret:
            return "use fentry or fexit to observe, lsm to deny";
        case lsm_cgroup:
            return named("lsm");
        case iter:
            return named("iter");
        case tc:
        case tcx:
        case netkit:
        case xdp:
        case action:
            return "use SEC(\"classifier/ingress/<name>\") or SEC(\"classifier/egress/<name>\")";
        case cgroup:
            return "use a classifier or a socket filter";
        default:
            return "nothing replaces it: the gadget runs with GadgetKit only";
    }
}

// Iterator kinds that Inspektor Gadget reads.
bool is_read_iterator(std::string_view kind) {
    constexpr std::string_view kKinds[] = {"task", "task_file", "tcp", "udp", "ksym", "bpf_map_elem"};
    return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

}  // namespace

void check_unsupported_section(const Input& input, Reporter& report) {
    for (const auto& program : input.facts.programs) {
        if (!program.parsed) continue;
        const auto& kind = *program.parsed->kind;
        const auto where = "program " + quoted(program.name) + ": Inspektor Gadget refuses ";
        if (!kind.runs_in_inspektor_gadget) {
            report.about_program(where + "section " + quoted(program.section), program,
                                 alternative(*program.parsed));
        } else if ((kind.attach == kprobe || kind.attach == kretprobe) &&
                   program.parsed->target.find('+') != std::string::npos) {
            report.about_program(where + "offsets into functions, as in " + quoted(program.section), program,
                                 "attach to the function itself");
        } else if (kind.attach == iter && !program.parsed->target.empty() &&
                   !is_read_iterator(program.parsed->target)) {
            report.about_program(where + "iterators over " + quoted(program.parsed->target), program,
                                 "it reads task, task_file, tcp, udp, ksym and bpf_map_elem");
        }
    }
}

}  // namespace gadget::validator
