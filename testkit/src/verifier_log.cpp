// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "gadget/support/text.h"
#include "gadget/testkit/verifier.h"

namespace gadget::testkit {
namespace {

std::optional<std::uint64_t> leading_number(std::string_view text) {
    text = trim(text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

/// The number behind a word: "(limit 1000000)".
void take(std::string_view line, std::string_view word, std::uint64_t& target) {
    const auto at = line.find(word);
    if (at == std::string_view::npos) return;
    if (const auto value = leading_number(line.substr(at + word.size()))) target = *value;
}

/// "stack depth 32+0+16": the functions on one path, added up as they stand.
std::uint64_t stack_sum(std::string_view list) {
    std::uint64_t sum = 0;
    for (const auto part : split(trim(list), '+')) sum += leading_number(part).value_or(0);
    return sum;
}

/// The statistics that `line` has a part of.
bool take_statistics(std::string_view line, std::optional<VerifierStatistics>& found) {
    constexpr std::string_view kTime = "verification time ";
    constexpr std::string_view kStack = "stack depth ";
    constexpr std::string_view kStackMax = "stack depth max ";  // Linux 7.3
    constexpr std::string_view kProcessed = "processed ";
    const auto statistics = [&]() -> VerifierStatistics& {
        if (!found) found.emplace();
        return *found;
    };
    if (line.starts_with(kTime) && leading_number(line.substr(kTime.size()))) {
        take(line, kTime, statistics().microseconds);
    } else if (line.starts_with(kStackMax) && leading_number(line.substr(kStackMax.size()))) {
        take(line, kStackMax, statistics().stack_depth);
    } else if (line.starts_with(kStack) && leading_number(line.substr(kStack.size()))) {
        statistics().stack_depth = stack_sum(line.substr(kStack.size()));
    } else if (line.starts_with(kProcessed) && line.find(" insns") != std::string_view::npos) {
        auto& all = statistics();
        take(line, kProcessed, all.instructions);
        take(line, "(limit ", all.limit);
        take(line, "max_states_per_insn ", all.max_states_per_instruction);
        take(line, "total_states ", all.total_states);
        take(line, "peak_states ", all.peak_states);
        take(line, "mark_read ", all.longest_mark_read);
    } else {
        return false;
    }
    return true;
}

bool is_instruction(std::string_view line) {
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
    if (error != std::errc{}) return false;
    const auto rest = line.substr(static_cast<std::size_t>(end - line.data()));
    return rest.starts_with(": (") || rest.starts_with(": R") || rest.starts_with(": safe");
}

/// What tells the verifier's state, not its reason.
bool is_state(std::string_view line) {
    if (line.starts_with("from ") && line.find(" to ") != std::string_view::npos) return true;
    if (line.starts_with("mark_precise") || line.starts_with("func#") || line.starts_with("last_idx") ||
        line.starts_with("subprog "))
        return true;
    return line.size() > 3 && line[0] == 'R' && line.find('=') < 6;
}

/// "; count++; @ program.bpf.c:12"; the place is there from Linux 6.9 on.
void take_source(std::string_view line, VerifierLog& log) {
    line.remove_prefix(1);
    const auto at = line.rfind(" @ ");
    const bool place = at != std::string_view::npos && line.find(':', at) != std::string_view::npos;
    log.source = place ? printable(trim(line.substr(at + 3))) : std::string();
    log.code = printable(trim(place ? line.substr(0, at) : line));
}

/// Linux 7.x goes on behind the classic log with a report in paragraphs. "Reason:" has it in words, the first
/// line of "At:" reads "function @ file:line:column".
struct Report {
    bool inside = false;
    std::string_view paragraph;
    std::string reason;

    void take(std::string_view line, VerifierLog& log) {
        if (line.empty()) {
            paragraph = {};
        } else if (line.ends_with(':') && line.find(' ') == std::string_view::npos) {
            paragraph = line;
        } else if (paragraph == "Reason:") {
            reason += (reason.empty() ? "" : " ") + printable(line);
        } else if (paragraph == "At:") {
            const auto at = line.find(" @ ");
            if (at != std::string_view::npos) log.source = printable(trim(line.substr(at + 3)));
            paragraph = {};
        }
    }
};

}  // namespace

double VerifierStatistics::percent_of_limit() const {
    return limit == 0 ? 0 : 100.0 * static_cast<double>(instructions) / static_cast<double>(limit);
}

VerifierLog parse_verifier_log(std::string_view text) {
    VerifierLog log;
    Report report;
    for (auto line : split(text, '\n')) {
        line = trim(line);
        if (take_statistics(line, log.statistics)) continue;
        if (line.starts_with("Verification failed:")) {
            report.inside = true;
            report.reason.clear();
        } else if (report.inside) {
            report.take(line, log);
        } else if (line.starts_with(';')) {
            take_source(line, log);
        } else if (!line.empty() && !is_instruction(line) && !is_state(line)) {
            log.reason = printable(line);
        }
    }
    if (!report.reason.empty()) log.reason = std::move(report.reason);
    return log;
}

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::accepted:
            return "accepted";
        case Verdict::rejected:
            return "rejected";
        case Verdict::map_error:
            return "map-error";
        case Verdict::object_error:
            return "object-error";
    }
    return "object-error";
}

std::optional<Verdict> parse_verdict(std::string_view word) {
    for (const auto verdict :
         {Verdict::accepted, Verdict::rejected, Verdict::map_error, Verdict::object_error}) {
        if (word == to_string(verdict)) return verdict;
    }
    return std::nullopt;
}

}  // namespace gadget::testkit
