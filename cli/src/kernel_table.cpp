// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "kernel_checks.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;
using validator::KernelReason;
using validator::KernelRow;
using validator::KernelVerdict;

constexpr const char* kObject = "(object)";  // what concerns all programs

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

/// Programs of all rows in the order in which they first occur.
std::vector<std::string> program_names(const KernelTable& table) {
    std::vector<std::string> names;
    for (const auto& row : table.rows) {
        for (const auto& cell : row.programs) {
            if (std::find(names.begin(), names.end(), cell.program) == names.end())
                names.push_back(cell.program);
        }
    }
    return names;
}

std::string cell_text(const KernelRow& row, const std::string& program) {
    for (const auto& cell : row.programs) {
        if (cell.program != program) continue;
        auto verdict = cell.verdict();
        for (const auto& reason : row.object) verdict = std::max(verdict, reason.verdict);
        return std::string(to_string(verdict));
    }
    return "-";
}

/// The reasons of all rows, each once, with the kernels that it is true for.
std::string reasons_text(const KernelTable& table) {
    struct Entry {
        std::string text;
        std::vector<std::string> kernels;
    };
    std::vector<Entry> entries;
    const auto add = [&](const std::string& program, const KernelReason& reason, const std::string& kernel) {
        const auto text = printable(program) + " " + std::string(to_string(reason.verdict)) + ": " +
                          printable(reason.message);
        const auto found = std::find_if(entries.begin(), entries.end(),
                                        [&](const Entry& entry) { return entry.text == text; });
        if (found == entries.end())
            entries.push_back({text, {kernel}});
        else
            found->kernels.push_back(kernel);
    };
    for (const auto& row : table.rows) {
        for (const auto& reason : row.object) add(kObject, reason, row.kernel);
        for (const auto& cell : row.programs) {
            for (const auto& reason : cell.reasons) add(cell.program, reason, row.kernel);
        }
    }
    std::string text;
    for (const auto& entry : entries) text += entry.text + " [" + join_words(entry.kernels, "and") + "]\n";
    return text;
}

Json reasons_json(const std::vector<KernelReason>& reasons) {
    auto json = Json::array();
    for (const auto& reason : reasons) {
        json.push_back({{"id", reason.id.empty() ? Json() : Json(reason.id)},
                        {"verdict", to_string(reason.verdict)},
                        {"message", reason.message}});
    }
    return json;
}

Json row_json(const KernelRow& row) {
    auto programs = Json::array();
    for (const auto& cell : row.programs) {
        programs.push_back({{"program", cell.program},
                            {"verdict", to_string(cell.verdict())},
                            {"reasons", reasons_json(cell.reasons)}});
    }
    return {{"kernel", row.kernel},
            {"release", row.release},
            {"verdict", to_string(row.verdict())},
            {"object", reasons_json(row.object)},
            {"programs", std::move(programs)}};
}

}  // namespace

std::string kernel_table_text(const KernelTable& table) {
    std::string text;
    if (!table.rows.empty()) {
        const auto programs = program_names(table);
        std::size_t first = 7;
        for (const auto& program : programs) first = std::max(first, program.size());
        text = padded("PROGRAM", first);
        for (const auto& row : table.rows) text += "  " + padded(row.kernel, 7);
        text += "\n";
        for (const auto& program : programs) {
            text += padded(printable(program), first);
            for (const auto& row : table.rows)
                text += "  " + padded(cell_text(row, program), std::max<std::size_t>(row.kernel.size(), 7));
            text.erase(text.find_last_not_of(' ') + 1);
            text += "\n";
        }
        const auto reasons = reasons_text(table);
        if (!reasons.empty()) text += "\n" + reasons;
    }
    for (const auto& remark : table.remarks) text += printable(remark) + "\n";
    return text;
}

std::string add_kernel_table(const std::string& findings, const KernelTable& table) {
    auto json = Json::parse(findings, nullptr, false);
    if (!json.is_object()) return findings;
    auto rows = Json::array();
    for (const auto& row : table.rows) rows.push_back(row_json(row));
    json["kernels"] = {{"version", 1}, {"rows", std::move(rows)}, {"remarks", table.remarks}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gadget::cli
