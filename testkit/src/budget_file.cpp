// SPDX-License-Identifier: Apache-2.0
// test/budget.yaml: read with findings, written sorted.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>

#include "gadget/support/text.h"
#include "gadget/testkit/verifier.h"
#include "yaml_depth.h"

namespace gadget::testkit {
namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20;

class BudgetParser {
  public:
    BudgetParser(const std::string& file, DiagnosticSink& sink) : file_(file), sink_(sink) {}

    Result<BudgetFile> parse(std::string_view text) {
        if (text.size() > kMaxFile || text.find('\0') != std::string_view::npos ||
            !yaml_nesting_is_sane(text)) {
            report({.file = file_}, "budget-unreadable",
                   "not a budget: too large, nested too deeply, or not text");
            return rejected();
        }
        try {
            const YAML::Node root = YAML::Load(std::string(text));
            if (!root.IsMap()) {
                report(where(root), "budget-type", "a budget is a mapping with 'version' and 'programs'");
            } else {
                read(root);
            }
        } catch (const YAML::Exception& problem) {
            report({.file = file_, .line = static_cast<unsigned>(std::max(0, problem.mark.line + 1))},
                   "budget-syntax", problem.msg);
        }
        if (failed_) return rejected();
        return std::move(result_);
    }

  private:
    [[nodiscard]] Error rejected() const {
        return Error{.code = ErrorCode::rejected_input, .message = "the budget '" + file_ + "' has errors"};
    }
    void report(SourceRange range, std::string id, std::string message, std::string hint = {}) {
        failed_ = true;
        sink_.report({.id = std::move(id),
                      .message = std::move(message),
                      .location = std::move(range),
                      .hint = std::move(hint)});
    }
    [[nodiscard]] SourceRange where(const YAML::Node& node) const {
        const auto mark = node.Mark();
        if (mark.is_null()) return {.file = file_};
        return {.file = file_,
                .line = static_cast<unsigned>(mark.line + 1),
                .column = static_cast<unsigned>(mark.column + 1)};
    }

    /// Calls `take` for every entry of a mapping whose key is known.
    template <class Take>
    void each(const YAML::Node& node, std::string_view what, const std::vector<std::string>& known,
              const Take& take) {
        if (!node.IsMap())
            return report(where(node), "budget-type", std::string(what) + " must be a mapping");
        std::set<std::string> seen;
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) {
                report(where(entry.first), "budget-type", "a key must be a single value");
                continue;
            }
            const auto key = entry.first.Scalar();
            if (!known.empty() && std::find(known.begin(), known.end(), key) == known.end()) {
                auto hint = did_you_mean(key, known);
                if (hint.empty()) hint = "known: " + join_words(known);
                report(where(entry.first), "budget-unknown-key",
                       "unknown key of " + std::string(what) + " '" + printable(key) + "'", std::move(hint));
            } else if (!seen.insert(key).second) {
                report(where(entry.first), "budget-duplicate-key",
                       "key '" + printable(key) + "' stands here twice");
            } else {
                take(key, entry.second);
            }
        }
    }

    std::string text_of(const YAML::Node& node, std::string_view what) {
        if (node.IsScalar()) return node.Scalar();
        report(where(node), "budget-type", std::string(what) + " must be a single value");
        return {};
    }

    template <class Number>
    void number(const YAML::Node& node, const std::string& what, Number& target) {
        const auto text = text_of(node, "'" + what + "'");
        Number value{};
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (text.empty() || problem != std::errc{} || end != text.data() + text.size() ||
            !(value >= Number{})) {
            report(where(node), "budget-number", "'" + what + "' must be a number that is not negative");
            return;
        }
        target = value;
    }

    void read(const YAML::Node& root) {
        each(root, "a budget file", {"version", "clang", "objects", "kernels", "budget", "programs"},
             [&](const std::string& key, const YAML::Node& node) {
                 if (key == "version" && text_of(node, "'version'") != "1")
                     report(where(node), "budget-version", "this version of the file is not known",
                            "version: 1");
                 if (key == "clang") result_.clang = text_of(node, "'clang'");
                 if (key == "budget") read_budget(node, result_.budget);
                 if (key == "objects") read_texts(node, key, result_.objects);
                 if (key == "kernels") read_texts(node, key, result_.kernels);
                 if (key == "programs") {
                     each(node, "'programs'", {}, [&](const std::string& name, const YAML::Node& program) {
                         read_program(program, result_.programs[name]);
                     });
                 }
             });
    }

    void read_texts(const YAML::Node& node, const std::string& what,
                    std::map<std::string, std::string>& target) {
        each(node, "'" + what + "'", {},
             [&](const std::string& key, const YAML::Node& value) { target[key] = text_of(value, key); });
    }

    void read_budget(const YAML::Node& node, Budget& budget) {
        each(node, "'budget'",
             {"max_insns", "max_states", "max_stack", "max_limit_percent", "max_increase_percent"},
             [&](const std::string& key, const YAML::Node& value) {
                 if (key == "max_insns") number(value, key, budget.max_instructions.emplace());
                 if (key == "max_states") number(value, key, budget.max_states.emplace());
                 if (key == "max_stack") number(value, key, budget.max_stack.emplace());
                 if (key == "max_limit_percent") number(value, key, budget.max_limit_percent.emplace());
                 if (key == "max_increase_percent") number(value, key, budget.max_increase_percent.emplace());
             });
    }

    void read_program(const YAML::Node& node, ProgramBudget& program) {
        each(node, "a program", {"budget", "expect", "measured"},
             [&](const std::string& key, const YAML::Node& value) {
                 if (key == "budget") read_budget(value, program.budget);
                 if (key == "expect") {
                     each(value, "'expect'", {}, [&](const std::string& kernel, const YAML::Node& word) {
                         const auto verdict = parse_verdict(text_of(word, "a verdict"));
                         if (!verdict) {
                             report(where(word), "budget-verdict", "not a verdict",
                                    "known: accepted, rejected, map-error and object-error");
                         } else {
                             program.expected[kernel] = *verdict;
                         }
                     });
                 }
                 if (key == "measured") {
                     each(value, "'measured'", {}, [&](const std::string& kernel, const YAML::Node& values) {
                         read_measured(values, program.measured[kernel]);
                     });
                 }
             });
    }

    void read_measured(const YAML::Node& node, MeasuredProgram& values) {
        each(node, "what was measured", {"insns", "states", "peak_states", "stack", "size", "jited"},
             [&](const std::string& key, const YAML::Node& value) {
                 if (key == "insns") number(value, key, values.instructions);
                 if (key == "states") number(value, key, values.states);
                 if (key == "peak_states") number(value, key, values.peak_states);
                 if (key == "stack") number(value, key, values.stack);
                 if (key == "size") number(value, key, values.size);
                 if (key == "jited") number(value, key, values.jited_size);
             });
    }

    const std::string& file_;
    DiagnosticSink& sink_;
    BudgetFile result_;
    bool failed_ = false;
};

/// A name as a plain scalar where that is safe.
std::string quoted(const std::string& name) {
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '/' || c == '-' || c == '+';
    });
    if (plain && name.find_first_not_of("0123456789.+-") != std::string::npos) return name;
    std::string text = "\"";
    for (const char c : printable(name)) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return text + "\"";
}

std::string number_text(double value) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%g", value);
    return text;
}

std::string budget_line(const Budget& budget) {
    std::string text;
    const auto add = [&text](const char* key, const std::string& value) {
        text.append(text.empty() ? "" : ", ").append(key).append(": ").append(value);
    };
    if (budget.max_instructions) add("max_insns", std::to_string(*budget.max_instructions));
    if (budget.max_states) add("max_states", std::to_string(*budget.max_states));
    if (budget.max_stack) add("max_stack", std::to_string(*budget.max_stack));
    if (budget.max_limit_percent) add("max_limit_percent", number_text(*budget.max_limit_percent));
    if (budget.max_increase_percent) add("max_increase_percent", number_text(*budget.max_increase_percent));
    return text.empty() ? text : "budget: {" + text + "}\n";
}

std::string measured_line(const MeasuredProgram& values) {
    return "{insns: " + std::to_string(values.instructions) + ", states: " + std::to_string(values.states) +
           ", peak_states: " + std::to_string(values.peak_states) +
           ", stack: " + std::to_string(values.stack) + ", size: " + std::to_string(values.size) +
           ", jited: " + std::to_string(values.jited_size) + "}";
}

void append_texts(std::string& text, const char* key, const std::map<std::string, std::string>& values) {
    if (values.empty()) return;
    text.append(key).append(":\n");
    for (const auto& [name, value] : values) text += "  " + quoted(name) + ": " + quoted(value) + "\n";
}

}  // namespace

Result<BudgetFile> parse_budget(std::string_view text, const std::string& file, DiagnosticSink& sink) {
    return BudgetParser(file, sink).parse(text);
}

std::string budget_text(const BudgetFile& file) {
    std::string text =
        "# SPDX-License-Identifier: Apache-2.0\n"
        "# Budgets for the verifier: 'budget' and 'expect' are the author's, the rest is written by\n"
        "# 'gadget verifier update'.\n"
        "version: 1\n";
    if (!file.clang.empty()) text += "clang: " + quoted(file.clang) + "\n";
    append_texts(text, "objects", file.objects);
    append_texts(text, "kernels", file.kernels);
    text += budget_line(file.budget);
    text += file.programs.empty() ? "programs: {}\n" : "programs:\n";
    for (const auto& [name, program] : file.programs) {
        const auto budget = budget_line(program.budget);
        const bool empty = budget.empty() && program.expected.empty() && program.measured.empty();
        text += "  " + quoted(name) + (empty ? ": {}\n" : ":\n");
        if (!budget.empty()) text += "    " + budget;
        if (!program.expected.empty()) text += "    expect:\n";
        for (const auto& [kernel, verdict] : program.expected)
            text += "      " + quoted(kernel) + ": " + std::string(to_string(verdict)) + "\n";
        if (!program.measured.empty()) text += "    measured:\n";
        for (const auto& [kernel, values] : program.measured)
            text += "      " + quoted(kernel) + ": " + measured_line(values) + "\n";
    }
    return text;
}

}  // namespace gadget::testkit
