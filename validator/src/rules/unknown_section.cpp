// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

// Notations of other tools, and names that libbpf dropped, with what stands for them today.
std::string translate(std::string_view section) {
    constexpr std::pair<std::string_view, std::string_view> kOld[] = {
        {"sched_cls", "classifier"}, {"sched_act", "action"},
        {"filter", "socket"},        {"kfunc", "fentry"},
        {"kretfunc", "fexit"},       {"rawtracepoint", "raw_tracepoint"},
        {"t", "tracepoint"},         {"k", "kprobe"},
        {"kr", "kretprobe"},         {"u", "uprobe"},
        {"ur", "uretprobe"}};
    const auto end = section.find_first_of("/:");
    const auto prefix = section.substr(0, end);
    std::string rest(end == std::string_view::npos ? std::string_view{} : section.substr(end + 1));
    std::string modern;
    for (const auto& [old_name, name] : kOld) {
        if (prefix == old_name) modern = name;
    }
    const bool colons = end != std::string_view::npos && section[end] == ':';
    if (modern.empty() && (!colons || !model::parse_section(prefix))) return {};
    if (modern.empty()) modern = prefix;
    // tracepoint:sched:sched_switch: the category is separated by a slash here.
    if (colons && modern == "tracepoint") std::replace(rest.begin(), rest.end(), ':', '/');
    return "write SEC(\"" + printable(modern + (rest.empty() ? "" : "/" + rest)) + "\")";
}

}  // namespace

void check_unknown_section(const Input& input, Reporter& report) {
    for (const auto& program : input.facts.programs) {
        if (!modern_section(program.section).empty()) continue;
        if (program.parsed) continue;
        auto hint = translate(program.section);
        if (hint.empty()) hint = printable(model::suggest_section(program.section.substr(0, 128)));
        if (hint.empty())
            hint = "use a section such as \"kprobe/<function>\" or \"tracepoint/<category>/<name>\"";
        report.about_program("program " + quoted(program.name) + " is in section " + quoted(program.section) +
                                 ", which is not known: it cannot be loaded",
                             program, std::move(hint));
    }
}

}  // namespace gadget::validator
