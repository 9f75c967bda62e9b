// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

/// The architectures have different system calls: arm64 has no open(), stat() or fork().
bool is_syscall_tracepoint(const model::ProgramFacts& program) {
    return program.parsed && program.parsed->kind->attach == model::AttachKind::tracepoint &&
           program.parsed->target.starts_with("syscalls/");
}

void report_missing(const model::ObjectFacts& there, const model::ObjectFacts& not_there, Reporter& report) {
    for (const auto& program : there.programs) {
        if (not_there.find_program(program.name) != nullptr || is_syscall_tracepoint(program)) continue;
        report.about_program("program " + quoted(program.name) + " is in the " + printable(there.object) +
                                 ", but not in the " + printable(not_there.object),
                             program,
                             "the gadget does less there: say so in its description, or add a program");
    }
}

}  // namespace

void compare_arch_program_missing(const model::ObjectFacts& a, const model::ObjectFacts& b,
                                  Reporter& report) {
    report_missing(a, b, report);
    report_missing(b, a, report);
}

}  // namespace gadget::validator
