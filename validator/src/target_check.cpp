// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "gadget/support/text.h"
#include "rule.h"

namespace gadget::validator {
namespace {

using enum Severity;
using model::AttachKind;

constexpr RuleInfo kUnused{"target-unused", warning, "no program is attached to a target that was given"};
constexpr RuleInfo kSymbol{"target-symbol", error, "a uprobe names a function that its target does not have"};
constexpr RuleInfo kProbe{"target-probe", error,
                          "a program names a USDT probe that its target does not have"};
constexpr RuleInfo kArgument{"target-usdt-argument", warning,
                             "a USDT probe has an argument that libbpf cannot decode"};
constexpr RuleInfo kRules[] = {kUnused, kSymbol, kProbe, kArgument};

constexpr std::size_t kMaxArguments = 12;  // of a probe, for libbpf

// "/usr/lib/libssl.so" belongs to "/usr/lib/libssl.so" and "/sysroot/usr/lib/libssl.so"; "libssl" to
// "/any/where/libssl.so.3"; "bash" to "/bin/bash".
bool belongs(std::string_view wanted, std::string_view path) {
    if (wanted.empty()) return false;
    if (wanted.find('/') != std::string_view::npos) {
        if (!wanted.starts_with('/')) return wanted == path;
        return path.ends_with(wanted);
    }
    const auto name = path.substr(path.rfind('/') + 1);
    return name == wanted || name.starts_with(std::string(wanted) + ".so");
}

bool is_uprobe(AttachKind kind) {
    return kind == AttachKind::uprobe || kind == AttachKind::uretprobe || kind == AttachKind::uprobe_multi ||
           kind == AttachKind::uretprobe_multi;
}

class TargetCheck {
  public:
    TargetCheck(const model::ObjectFacts& facts, const TargetFacts& target, DiagnosticSink& sink)
        : facts_(facts), target_(target), sink_(sink) {}

    void run() {
        bool used = false;
        for (const auto& program : facts_.programs) {
            if (!program.parsed) continue;
            const auto kind = program.parsed->kind->attach;
            if (!is_uprobe(kind) && kind != AttachKind::usdt) continue;
            const std::string_view target = program.parsed->target;
            const auto colon = target.find(':');
            if (!belongs(target.substr(0, colon), target_.path)) continue;
            used = true;
            if (colon == std::string_view::npos) continue;  // a finding of section-target
            const auto rest = target.substr(colon + 1);
            if (kind == AttachKind::usdt)
                check_probe(program, rest);
            else
                check_function(program, kind, rest);
        }
        if (!used)
            Reporter(kUnused, facts_.object, sink_)
                .about_object(
                    "no program is attached to " + quoted(target_.path),
                    "sections read uprobe/PATH:FUNCTION, uretprobe/PATH:FUNCTION, usdt/PATH:PROVIDER:PROBE");
    }

  private:
    void check_function(const model::ProgramFacts& program, AttachKind kind, std::string_view rest) {
        const std::string name(rest.substr(0, rest.find('+')));
        const bool pattern = name.find_first_of("*?") != std::string::npos;
        if (name.empty() || pattern || (name[0] >= '0' && name[0] <= '9')) return;  // an address
        if (std::binary_search(target_.functions.begin(), target_.functions.end(), name)) return;
        // Inspektor Gadget finds entries of Go functions in their own table, which is not read here.
        if (target_.has_go_symbols && kind == AttachKind::uprobe) return;
        Reporter report(kSymbol, facts_.object, sink_);
        report.about_program("program " + quoted(program.name) + ": " + quoted(target_.path) +
                                 " has no function " + quoted(name),
                             program, report.suggest(name, candidates(name), no_symbols_hint()));
    }

    // Those that begin alike, so that large libraries do not hide the right one.
    [[nodiscard]] std::vector<std::string> candidates(const std::string& name) const {
        std::vector<std::string> near;
        for (const auto& function : target_.functions) {
            const auto distance =
                function.size() > name.size() ? function.size() - name.size() : name.size() - function.size();
            if (distance <= name.size() / 4 + 1 && function[0] == name[0]) near.push_back(function);
        }
        return near;
    }

    [[nodiscard]] std::string no_symbols_hint() const {
        return target_.functions.empty() ? "the file has no symbols: is it stripped?" : "";
    }

    void check_probe(const model::ProgramFacts& program, std::string_view rest) {
        const std::string wanted(rest);
        std::vector<const TargetProbe*> sites;
        std::set<std::string> names;
        for (const auto& probe : target_.probes) {
            const auto name = probe.provider + ":" + probe.name;
            if (name == wanted) sites.push_back(&probe);
            names.insert(name);
        }
        if (sites.empty()) {
            Reporter report(kProbe, facts_.object, sink_);
            const std::vector<std::string> candidates(names.begin(), names.end());
            report.about_program("program " + quoted(program.name) + ": " + quoted(target_.path) +
                                     " has no probe " + quoted(wanted),
                                 program,
                                 report.suggest(wanted, candidates,
                                                names.empty() ? "the file has no USDT probes at all" : ""));
            return;
        }
        check_arguments(program, wanted, sites);
    }

    void check_arguments(const model::ProgramFacts& program, const std::string& name,
                         const std::vector<const TargetProbe*>& sites) {
        std::set<std::string> told;
        Reporter report(kArgument, facts_.object, sink_);
        const std::string hint =
            "libbpf refuses to attach to the probe; read the registers in the program instead";
        for (const auto* site : sites) {
            if (site->arguments.size() > kMaxArguments && told.insert("").second)
                report.about_program("program " + quoted(program.name) + ": probe " + quoted(name) + " has " +
                                         std::to_string(site->arguments.size()) +
                                         " arguments, libbpf decodes no more than 12",
                                     program, hint);
            for (std::size_t i = 0; i < site->arguments.size() && i < kMaxArguments; ++i) {
                const auto& argument = site->arguments[i];
                const auto problem = usdt_argument_problem(argument, target_.arch);
                if (problem.empty() || !told.insert(argument).second) continue;
                report.about_program("program " + quoted(program.name) + ": libbpf cannot decode argument " +
                                         std::to_string(i + 1) + " of probe " + quoted(name) + ", " +
                                         quoted(argument) + ": " + problem,
                                     program, hint);
            }
        }
    }

    const model::ObjectFacts& facts_;
    const TargetFacts& target_;
    DiagnosticSink& sink_;
};

}  // namespace

void check_target(const model::ObjectFacts& facts, const TargetFacts& target, DiagnosticSink& sink) {
    TargetCheck(facts, target, sink).run();
}

std::span<const RuleInfo> target_rules() {
    return kRules;
}

}  // namespace gadget::validator
