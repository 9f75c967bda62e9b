// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "cmd_verifier.h"
#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

constexpr std::size_t kHotLines = 10;

using testkit::VerifierWalk;
using testkit::WalkedLine;

/// The author's file behind a path of the line information, when it is in the gadget's folder.
std::optional<std::string> source_of(const std::string& name, const std::filesystem::path& folder) {
    if (folder.empty()) return std::nullopt;
    const auto file = folder / std::filesystem::path(name).filename();
    auto text = read_text_file(file);
    if (!text) return std::nullopt;
    return std::move(*text);
}

std::string summary(const testkit::KernelMeasurement& kernel, const testkit::ProgramMeasurement& program) {
    const auto& s = program.statistics;
    std::string text = fmt::format("{} on {} ({}): {}\n", program.program, kernel.kernel.to_string(),
                                   printable(kernel.release), to_string(program.verdict));
    if (!program.reason.empty()) {
        text += "  " + printable(program.reason) + "\n";
        if (!program.source.empty()) text += "  at " + printable(program.source) + "\n";
    }
    text += fmt::format(
        "  {} instructions processed, {:.2f} % of the limit of {}; {} states, {} at once; {} bytes of "
        "stack\n",
        s.instructions, s.percent_of_limit(), s.limit, s.total_states, s.peak_states, s.stack_depth);
    return text;
}

std::string coverage(const VerifierWalk& walk) {
    const auto seen = std::count_if(walk.lines.begin(), walk.lines.end(),
                                    [](const WalkedLine& line) { return line.visits > 0; });
    const auto percent = [](auto part, auto whole) {
        return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    };
    return fmt::format(
        "  the walk came by {} of {} instructions ({:.0f} %), {} of {} source lines ({:.0f} %)\n",
        walk.visited, walk.instructions, percent(walk.visited, walk.instructions), seen, walk.lines.size(),
        percent(seen, walk.lines.size()));
}

/// The line's text: the object may have none.
std::string code_of(const WalkedLine& line, const std::filesystem::path& folder) {
    if (!line.code.empty()) return line.code;
    const auto source = source_of(line.file, folder);
    if (!source) return {};
    const auto all = split(*source, '\n');
    return line.line == 0 || line.line > all.size() ? std::string() : std::string(trim(all[line.line - 1]));
}

std::string hot_lines(const VerifierWalk& walk, const std::filesystem::path& folder) {
    std::vector<const WalkedLine*> hot;
    for (const auto& line : walk.lines) {
        if (line.visits > 0) hot.push_back(&line);
    }
    std::stable_sort(hot.begin(), hot.end(),
                     [](const WalkedLine* a, const WalkedLine* b) { return a->visits > b->visits; });
    if (hot.size() > kHotLines) hot.resize(kHotLines);
    std::string text = "\nhot lines: instructions processed, line\n";
    for (const auto* line : hot)
        text += fmt::format("{:>9}  {}:{}  {}\n", line->visits, printable(line->file), line->line,
                            printable(code_of(*line, folder)));
    return text;
}

/// Each line of the source that has code, with its visits; ##### where the verifier never came by.
std::string annotated(const VerifierWalk& walk, const std::filesystem::path& folder) {
    std::map<std::string, std::map<unsigned, const WalkedLine*>> files;
    for (const auto& line : walk.lines) files[line.file][line.line] = &line;
    std::string text;
    for (const auto& [name, lines] : files) {
        const auto source = source_of(name, folder);
        text += "\n" + printable(name) + "\n";
        const auto show = [&](unsigned number, const WalkedLine* line, std::string_view code) {
            const std::string visits = line == nullptr     ? ""
                                       : line->visits == 0 ? "#####"
                                                           : std::to_string(line->visits);
            text += fmt::format("{:>9} {:>5}  {}\n", visits, number, printable(code));
        };
        if (!source) {
            for (const auto& [number, line] : lines) show(number, line, line->code);
            continue;
        }
        const auto all = split(*source, '\n');
        const auto first = lines.begin()->first;
        const auto last = std::min<std::size_t>(lines.rbegin()->first, all.size());
        for (std::size_t number = std::max(1U, first); number <= last; ++number) {
            const auto found = lines.find(static_cast<unsigned>(number));
            std::string code;
            for (const char c : all[number - 1]) code += c == '\t' ? std::string(4, ' ') : std::string(1, c);
            show(static_cast<unsigned>(number), found == lines.end() ? nullptr : found->second, code);
        }
    }
    return text;
}

}  // namespace

std::string explanation(const testkit::KernelMeasurement& kernel, const testkit::ProgramMeasurement& program,
                        std::span<const std::byte> object, const std::filesystem::path& folder,
                        bool with_log) {
    std::string text = summary(kernel, program);
    if (const auto walk = testkit::walk_of(program, object); walk) {
        text += coverage(*walk) + hot_lines(*walk, folder) + annotated(*walk, folder);
    } else {
        text += "  " + printable(walk.error().to_string()) + "\n";
    }
    if (program.log_truncated) text += "\nthe log was too long and is cut off: numbers above are too low\n";
    if (with_log) {
        text += "\nlog of the verifier\n";
        for (const auto line : split(program.log, '\n')) text += "  " + printable(line) + "\n";
    }
    return text + "\n";
}

}  // namespace gadget::cli
