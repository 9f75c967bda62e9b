// SPDX-License-Identifier: Apache-2.0
// Measurements as JSON, CSV and Markdown.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "gadget/testkit/verifier.h"

namespace gadget::testkit {
namespace {

using Json = nlohmann::ordered_json;

Json program_json(const ProgramMeasurement& program) {
    const auto& statistics = program.statistics;
    Json json{{"program", program.program},
              {"section", program.section},
              {"verdict", to_string(program.verdict)},
              {"insns", statistics.instructions},
              {"limit", statistics.limit},
              {"percent_of_limit", statistics.percent_of_limit()},
              {"total_states", statistics.total_states},
              {"peak_states", statistics.peak_states},
              {"max_states_per_insn", statistics.max_states_per_instruction},
              {"mark_read", statistics.longest_mark_read},
              {"duration_us", statistics.microseconds},
              {"stack_depth", statistics.stack_depth},
              {"size", program.size},
              {"xlated_bytes", program.xlated_size},
              {"jited_bytes", program.jited_size},
              {"memory_peak_bytes", program.memory_peak},
              {"log_truncated", program.log_truncated}};
    if (program.verdict != Verdict::accepted) {
        json["error"] = program.error;
        json["reason"] = printable(program.reason);
        if (!program.source.empty()) json["source"] = printable(program.source);
    }
    return json;
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",\"\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + "\"";
}

std::string percent_text(double value) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

std::string cell(std::string_view text) {
    std::string result;
    for (const char c : printable(text)) {
        if (c == '|') result += '\\';
        result += c;
    }
    return result;
}

}  // namespace

std::string measurements_json(std::span<const KernelMeasurement> measured,
                              std::span<const BudgetCheck> checks, std::string_view clang) {
    Json kernels = Json::array();
    for (const auto& kernel : measured) {
        Json entry{{"kernel", kernel.kernel.id},
                   {"arch", model::to_string(kernel.kernel.arch)},
                   {"release", printable(kernel.release)},
                   {"object", kernel.object_sha256}};
        if (kernel.failure) entry["failure"] = printable(kernel.failure->to_string());
        entry["programs"] = Json::array();
        for (const auto& program : kernel.programs) entry["programs"].push_back(program_json(program));
        kernels.push_back(std::move(entry));
    }
    Json document{{"version", 1}, {"clang", clang}, {"kernels", std::move(kernels)}};
    if (!checks.empty()) {
        Json rows = Json::array();
        for (const auto& check : checks) {
            Json row{{"program", check.program},
                     {"kernel", check.kernel.to_string()},
                     {"status", to_string(check.status)},
                     {"message", printable(check.message)}};
            if (check.has_baseline) {
                row["insns_change"] = check.instruction_change;
                row["states_change"] = check.state_change;
            }
            rows.push_back(std::move(row));
        }
        document["checks"] = std::move(rows);
    }
    return document.dump(2) + "\n";
}

std::string measurements_csv(std::span<const KernelMeasurement> measured, std::string_view clang) {
    std::string text =
        "kernel,arch,release,clang,object,prog_name,section,verdict,total_insns,limit,percent_of_limit,total_"
        "states,"
        "peak_states,max_states_per_insn,mark_read,duration,stack_depth,prog_size,xlated_bytes,prog_size_"
        "jited,"
        "mem_peak,reason\n";
    for (const auto& kernel : measured) {
        for (const auto& program : kernel.programs) {
            const auto& statistics = program.statistics;
            std::string line;
            const auto add = [&line](std::string_view value) {
                line.append(line.empty() ? "" : ",").append(csv_field(value));
            };
            add(kernel.kernel.id);
            add(model::to_string(kernel.kernel.arch));
            add(printable(kernel.release));
            add(clang);
            add(kernel.object_sha256);
            add(program.program);
            add(program.section);
            add(to_string(program.verdict));
            add(std::to_string(statistics.instructions));
            add(std::to_string(statistics.limit));
            add(percent_text(statistics.percent_of_limit()));
            for (const auto value :
                 {statistics.total_states, statistics.peak_states, statistics.max_states_per_instruction,
                  statistics.longest_mark_read, statistics.microseconds, statistics.stack_depth, program.size,
                  program.xlated_size, program.jited_size, program.memory_peak})
                add(std::to_string(value));
            add(printable(program.reason));
            text += line + "\n";
        }
    }
    return text;
}

std::string measurements_markdown(std::span<const KernelMeasurement> measured,
                                  std::span<const BudgetCheck> checks) {
    // A row for each program, a column for each kernel.
    std::vector<std::string> programs;
    for (const auto& kernel : measured) {
        for (const auto& program : kernel.programs) {
            if (std::find(programs.begin(), programs.end(), program.program) == programs.end())
                programs.push_back(program.program);
        }
    }
    std::string text = "| program |";
    std::string rule = "|---|";
    for (const auto& kernel : measured) {
        text += " " + cell(kernel.kernel.to_string()) + " |";
        rule += "---:|";
    }
    text += "\n" + rule + "\n";
    for (const auto& name : programs) {
        text += "| `" + cell(name) + "` |";
        for (const auto& kernel : measured) {
            const auto found = std::find_if(kernel.programs.begin(), kernel.programs.end(),
                                            [&](const auto& program) { return program.program == name; });
            if (found == kernel.programs.end()) {
                text += " – |";
            } else if (found->verdict != Verdict::accepted) {
                text += " " + std::string(to_string(found->verdict)) + " |";
            } else {
                text += " " + std::to_string(found->statistics.instructions) + " (" +
                        percent_text(found->statistics.percent_of_limit()) + " %) |";
            }
        }
        text += "\n";
    }
    bool first = true;
    for (const auto& check : checks) {
        if (check.status == BudgetStatus::within) continue;
        if (first) text += "\n";
        first = false;
        text += "- `" + cell(check.program) + "` on " + cell(check.kernel.to_string()) + ": **" +
                std::string(to_string(check.status)) + "**, " + cell(check.message) + "\n";
    }
    return text;
}

}  // namespace gadget::testkit
