// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "rules.h"

namespace gadget::validator {
namespace {

// Structs that belong to one event alone: no other is of their class.
constexpr std::string_view kOwnStructs[] = {"block_bio_complete",
                                            "block_bio_remap",
                                            "block_rq_remap",
                                            "consume_skb",
                                            "inet_sock_set_state",
                                            "irq_handler_entry",
                                            "irq_handler_exit",
                                            "kfree_skb",
                                            "mark_victim",
                                            "net_dev_xmit",
                                            "oom_score_adj_update",
                                            "sched_migrate_task",
                                            "sched_move_numa",
                                            "sched_pi_setprio",
                                            "sched_process_exec",
                                            "sched_process_fork",
                                            "sched_process_wait",
                                            "sched_stat_runtime",
                                            "sched_switch",
                                            "signal_deliver",
                                            "signal_generate",
                                            "sock_exceed_buf_limit",
                                            "sock_rcvqueue_full",
                                            "sys_enter",
                                            "sys_exit",
                                            "task_newtask",
                                            "task_rename",
                                            "tcp_probe",
                                            "tcp_retransmit_synack",
                                            "workqueue_execute_start",
                                            "workqueue_queue_work"};

constexpr std::string_view kPrefix = "struct trace_event_raw_";

// The event whose struct the context is; empty when it may be of any event.
std::string_view owner_of(std::string_view type) {
    if (!type.starts_with(kPrefix) || !type.ends_with(" *")) return {};
    type.remove_prefix(kPrefix.size());
    type.remove_suffix(2);
    const bool own = std::find(std::begin(kOwnStructs), std::end(kOwnStructs), type) != std::end(kOwnStructs);
    return own ? type : std::string_view{};
}

// The name that the struct of an event has: one for all entries, one for all exits of system calls.
std::string_view struct_of(std::string_view category, std::string_view event) {
    if (category == "syscalls" && event.starts_with("sys_enter")) return "sys_enter";
    if (category == "syscalls" && event.starts_with("sys_exit")) return "sys_exit";
    return event;
}

}  // namespace

void check_tracepoint_context(const Input& input, Reporter& report) {
    for (const auto& program : input.facts.programs) {
        if (!program.parsed || program.parsed->kind->attach != model::AttachKind::tracepoint) continue;
        if (!program.parameters || program.parameters->size() != 1) continue;
        const std::string_view target = program.parsed->target;
        const auto slash = target.find('/');
        const auto owner = owner_of(program.parameters->front());
        if (slash == std::string_view::npos || owner.empty()) continue;
        const auto wanted = struct_of(target.substr(0, slash), target.substr(slash + 1));
        if (wanted.empty() || owner == wanted) continue;
        report.about_program("program " + quoted(program.name) + " is attached to tracepoint " +
                                 quoted(target) + " but takes the struct of event " + quoted(owner) +
                                 ": it reads other members than it names",
                             program, "take struct trace_event_raw_" + std::string(wanted) + " *");
    }
}

}  // namespace gadget::validator
