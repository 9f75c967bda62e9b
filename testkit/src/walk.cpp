// SPDX-License-Identifier: Apache-2.0
// The verifier's walk: a log with every instruction, joined with the lines of the object.
#include <algorithm>
#include <charconv>
#include <set>

#include "gadget/runtime/object_lines.h"
#include "gadget/support/text.h"
#include "gadget/testkit/verifier.h"

namespace gadget::testkit {
namespace {

using runtime::CodeLine;
using runtime::FunctionLines;

/// "12: (85) call bpf_map_lookup_elem#1" -> 12.
std::optional<std::uint64_t> instruction_of(std::string_view line) {
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
    if (error != std::errc{}) return std::nullopt;
    const auto rest = line.substr(static_cast<std::size_t>(end - line.data()));
    return rest.starts_with(": (") ? std::optional(index) : std::nullopt;
}

struct Place {
    std::string file;
    unsigned line = 0;
    auto operator<=>(const Place&) const = default;
};

struct Quote {
    std::string code;
    std::optional<Place> place;  ///< from Linux 6.9 on
};

/// "; count++; @ program.bpf.c:12"
Quote quote_of(std::string_view line) {
    line.remove_prefix(1);
    Quote quote;
    const auto at = line.rfind(" @ ");
    const auto colon = at == std::string_view::npos ? at : line.find(':', at);
    if (colon != std::string_view::npos) {
        unsigned number = 0;
        const auto digits = line.substr(colon + 1);
        if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc{}) {
            quote.place = Place{std::string(trim(line.substr(at + 3, colon - at - 3))), number};
            line = line.substr(0, at);
        }
    }
    quote.code = std::string(trim(line));
    return quote;
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

/// Finds the line of an instruction: by its index in the program's own function, else by what the log quotes.
class LineFinder {
  public:
    LineFinder(const std::vector<FunctionLines>& functions, const std::string& program)
        : functions_(functions) {
        for (const auto& function : functions) {
            if (function.is_program && function.name == program) main_ = &function;
        }
    }
    [[nodiscard]] const FunctionLines* main() const { return main_; }

    [[nodiscard]] const CodeLine* find(std::uint64_t instruction, const Quote& quote) const {
        if (main_ != nullptr && instruction < main_->instructions) {
            const auto& lines = main_->lines;
            auto next = std::upper_bound(
                lines.begin(), lines.end(), instruction,
                [](std::uint64_t at, const CodeLine& line) { return at < line.instruction; });
            if (next != lines.begin()) return &*std::prev(next);
        }
        // Functions of .text stand behind the program in the order in which the loader found their calls.
        for (const auto& function : functions_) {
            if (function.is_program) continue;
            for (const auto& line : function.lines) {
                const bool same_place =
                    !quote.place ||
                    (quote.place->line == line.line && base_name(line.file) == base_name(quote.place->file));
                if (same_place && line.text == quote.code) return &line;
            }
        }
        return nullptr;
    }

    /// The function that a line belongs to.
    [[nodiscard]] const FunctionLines* owner(const CodeLine* line) const {
        for (const auto& function : functions_) {
            const auto* first = function.lines.data();
            if (line >= first && line < first + function.lines.size()) return &function;
        }
        return nullptr;
    }

  private:
    const std::vector<FunctionLines>& functions_;
    const FunctionLines* main_ = nullptr;
};

}  // namespace

Result<VerifierWalk> walk_of(const ProgramMeasurement& measurement, std::span<const std::byte> object) {
    GADGET_TRY_ASSIGN(const auto functions, runtime::function_lines(object));
    const LineFinder finder(functions, measurement.program);
    if (finder.main() == nullptr || finder.main()->lines.empty()) {
        return Error{.code = ErrorCode::not_found,
                     .message = "the object has no line information for '" + measurement.program + "'"};
    }
    std::map<Place, WalkedLine> lines;
    const auto at = [&](const CodeLine& line) -> WalkedLine& {
        auto& walked = lines[Place{line.file, line.line}];
        walked.file = line.file;
        walked.line = line.line;
        if (walked.code.empty()) walked.code = line.text;
        return walked;
    };
    std::set<std::uint64_t> visited;
    std::set<const FunctionLines*> entered{finder.main()};
    Quote quote;
    for (const auto text : split(measurement.log, '\n')) {
        if (text.starts_with(';')) quote = quote_of(text);
        const auto instruction = instruction_of(text);
        if (!instruction) continue;
        visited.insert(*instruction);
        const auto* line = finder.find(*instruction, quote);
        if (line == nullptr) continue;
        ++at(*line).visits;
        if (const auto* function = finder.owner(line)) entered.insert(function);
    }
    for (const auto* function : entered) {
        for (const auto& line : function->lines) (void)at(line);
    }
    VerifierWalk walk{.instructions = measurement.size, .visited = visited.size()};
    if (walk.instructions == 0) {
        for (const auto* function : entered) walk.instructions += function->instructions;
    }
    for (auto& [place, line] : lines) walk.lines.push_back(std::move(line));
    return walk;
}

}  // namespace gadget::testkit
