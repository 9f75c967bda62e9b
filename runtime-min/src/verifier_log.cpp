// SPDX-License-Identifier: Apache-2.0
#include "verifier_log.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "gadget/support/text.h"

namespace gadget::runtime {
namespace {

constexpr std::size_t kTailLines = 8;

// "prog 'x': failed to load: -13" or "prog 'x': BPF program load failed: Permission denied".
std::optional<std::string> program_of(std::string_view line) {
    constexpr std::string_view kStart = "prog '";
    if (!line.starts_with(kStart)) return std::nullopt;
    const std::size_t end = line.find("':", kStart.size());
    if (end == std::string_view::npos) return std::nullopt;
    return std::string(line.substr(kStart.size(), end - kStart.size()));
}

std::optional<int> number_after(std::string_view line, std::string_view marker) {
    const std::size_t at = line.find(marker);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = trim(line.substr(at + marker.size()));
    int value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{})
        return std::nullopt;
    return value;
}

std::optional<long> leading_number_after(std::string_view line, std::string_view marker) {
    const std::size_t at = line.find(marker);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = line.substr(at + marker.size());
    long value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{} || value < 0)
        return std::nullopt;
    return value;
}

bool is_statistics(std::string_view line) {
    return line.starts_with("processed ") || line.starts_with("verification time") ||
           line.starts_with("stack depth") || line.starts_with("mark_precise") ||
           line.starts_with("peak_states") || line.empty();
}

// "12: (85) call bpf_map_lookup_elem#1" -> 12; nullopt for lines that show no instruction.
std::optional<long> instruction_of(std::string_view line) {
    long index = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
    if (error != std::errc{} || index < 0) return std::nullopt;
    const std::string_view rest(end, static_cast<std::size_t>(line.data() + line.size() - end));
    return rest.starts_with(": (") ? std::optional(index) : std::nullopt;
}

// "; value->count++; @ program.bpf.c:12"
void take_source(std::string_view line, VerifierVerdict& verdict) {
    line.remove_prefix(1);
    const std::size_t at = line.rfind(" @ ");
    if (at != std::string_view::npos && line.find(':', at) != std::string_view::npos) {
        verdict.source = std::string(trim(line.substr(at + 3)));
        line = line.substr(0, at);
    } else {
        verdict.source.clear();
    }
    verdict.code = std::string(trim(line));
}

// Newer kernels (7.x) go on behind the classic log with a report in paragraphs: "Reason:" tells it in words,
// the first line of "At:" reads "function @ file:line:column".
void take_report(std::span<const std::string_view> lines, VerifierVerdict& verdict) {
    std::string_view paragraph;
    for (const std::string_view raw : lines) {
        const std::string_view line = trim(raw);
        if (line == "Reason:" || line == "At:") {
            paragraph = line;
        } else if (line.empty()) {
            paragraph = {};
        } else if (paragraph == "Reason:") {
            verdict.explanation += std::string(verdict.explanation.empty() ? "" : " ") + printable(line);
        } else if (paragraph == "At:") {
            const std::size_t at = line.find(" @ ");
            if (at != std::string_view::npos) verdict.source = printable(line.substr(at + 3));
            return;
        }
    }
}

bool is_state(std::string_view line) {
    // "R0=..." dumps and "from 3 to 9: R0..." tell the verifier's state, not its reason.
    if (line.starts_with("from ") && line.find(" to ") != std::string_view::npos) return true;
    if (line.starts_with("cur state:") || line.starts_with("old state:")) return true;
    const std::size_t colon = line.find(": R");
    if (colon != std::string_view::npos && colon < 8 && line.find('=') != std::string_view::npos) return true;
    return line.size() > 3 && line[0] == 'R' && line.find('=') < 6;
}

}  // namespace

std::vector<Refusal> find_refusals(std::string_view libbpf_output) {
    std::vector<Refusal> refusals;
    const auto at = [&](const std::string& program) -> Refusal& {
        const auto found = std::ranges::find(refusals, program, &Refusal::program);
        if (found != refusals.end()) return *found;
        refusals.push_back({program, 0, {}});
        return refusals.back();
    };
    std::optional<std::string> logging;
    for (const std::string_view line : split(libbpf_output, '\n')) {
        if (logging) {
            if (line.find("-- END PROG LOAD LOG --") != std::string_view::npos) {
                logging.reset();
            } else {
                at(*logging).log.append(line).append("\n");
            }
            continue;
        }
        const auto program = program_of(line);
        if (!program) continue;
        if (line.find("-- BEGIN PROG LOAD LOG --") != std::string_view::npos) {
            logging = program;
            at(*program).log.clear();
        } else if (const auto error = number_after(line, "failed to load: ")) {
            at(*program).error = *error < 0 ? -*error : *error;
        }
    }
    return refusals;
}

VerifierVerdict explain(std::string_view verifier_log) {
    VerifierVerdict verdict;
    std::vector<std::string_view> lines;
    const std::vector<std::string_view> all = split(verifier_log, '\n');
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string_view line = trim(all[i]);
        if (line.starts_with("Verification failed:")) {
            take_report(std::span(all).subspan(i), verdict);
            break;
        }
        if (is_statistics(line)) continue;
        lines.push_back(line);
        if (line.front() == ';') {
            take_source(line, verdict);
        } else if (const auto instruction = instruction_of(line)) {
            verdict.instruction = *instruction;
        }
    }
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (line->front() == ';' || instruction_of(*line) || is_state(*line)) continue;
        verdict.reason = std::string(*line);
        break;
    }
    // What is refused before the first step: "back-edge from insn 12 to 5", "unreachable insn 7".
    if (verdict.instruction < 0)
        verdict.instruction = leading_number_after(verdict.reason, "insn ").value_or(-1);
    const std::size_t first = lines.size() > kTailLines ? lines.size() - kTailLines : 0;
    for (std::size_t i = first; i < lines.size(); ++i) verdict.tail.emplace_back(printable(lines[i]));
    return verdict;
}

void locate(VerifierVerdict& verdict, std::span<const FunctionLines> functions, std::string_view program) {
    if (verdict.instruction < 0 || !verdict.source.empty()) return;
    const auto index = static_cast<std::uint64_t>(verdict.instruction);
    const auto own = std::ranges::find_if(functions, [&](const FunctionLines& function) {
        return function.is_program && function.name == program;
    });
    if (own == functions.end()) return;
    const CodeLine* place = nullptr;
    if (index < own->instructions) {
        for (const CodeLine& line : own->lines) {
            if (line.instruction <= index) place = &line;
        }
    } else if (!verdict.code.empty()) {
        for (const FunctionLines& function : functions) {
            for (const CodeLine& line : function.lines) {
                if (function.is_program || line.text != verdict.code) continue;
                if (place != nullptr && (place->line != line.line || place->file != line.file)) return;
                place = &line;
            }
        }
    }
    if (place == nullptr) return;
    verdict.source =
        printable(place->file.substr(place->file.rfind('/') + 1)) + ":" + std::to_string(place->line);
    if (verdict.code.empty()) verdict.code = printable(place->text);
}

}  // namespace gadget::runtime
