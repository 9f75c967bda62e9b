// SPDX-License-Identifier: Apache-2.0
// Findings as text. The caret line repeats the layout of the source line: tabs are widened in both.
#include <algorithm>

#include "gadget/support/diagnostic.h"
#include "gadget/support/text.h"

namespace gadget {
namespace {

struct Palette {
    std::string_view error, warning, note, bold, caret, reset;
};

constexpr Palette kPlain{"", "", "", "", "", ""};
constexpr Palette kColor{"\033[1;31m", "\033[1;35m", "\033[1;36m", "\033[1m", "\033[1;32m", "\033[0m"};

std::string_view severity_color(Severity severity, const Palette& palette) {
    switch (severity) {
        case Severity::error:
            return palette.error;
        case Severity::warning:
            return palette.warning;
        case Severity::note:
            return palette.note;
    }
    return palette.error;
}

std::string_view line_of(std::string_view text, unsigned line) {
    for (unsigned i = 1; i < line; ++i) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

std::string expand_tabs(std::string_view text, unsigned width) {
    std::string result;
    for (const char c : text) {
        if (c == '\t') {
            do result += ' ';
            while (result.size() % width != 0);
        } else {
            result += c;
        }
    }
    return result;
}

/// Number of characters (not bytes) of UTF-8 text: what a terminal advances by, near enough.
std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string excerpt(const SourceRange& range, const SourceReader& source, const RenderOptions& options,
                    const Palette& palette) {
    if (!source || range.line == 0 || range.file.empty()) return {};
    const auto text = source(range.file);
    if (!text) return {};
    const std::string_view line = line_of(*text, range.line);
    if (line.empty()) return {};
    const std::string number = std::to_string(range.line);
    std::string result = " " + number + " | " + printable(expand_tabs(line, options.tab_width)) + "\n";
    if (range.column == 0 || range.column > line.size() + 1) return result;
    const std::size_t start = range.column - 1;
    std::size_t end =
        range.end_line == range.line && range.end_column > range.column ? range.end_column - 1 : start + 1;
    end = std::min(end, std::max(line.size(), start + 1));
    const std::size_t indent = character_count(expand_tabs(line.substr(0, start), options.tab_width));
    const std::size_t width = std::max<std::size_t>(1, character_count(line.substr(start, end - start)));
    result += " " + std::string(number.size(), ' ') + " | " + std::string(indent, ' ') +
              std::string(palette.caret) + "^" + std::string(width - 1, '~') + std::string(palette.reset) +
              "\n";
    return result;
}

}  // namespace

std::string render(const Diagnostic& diagnostic, const SourceReader& source, const RenderOptions& options) {
    const Palette& palette = options.color ? kColor : kPlain;
    std::string text;
    const std::string where = to_string(diagnostic.location);
    if (!where.empty())
        text += std::string(palette.bold) + printable(where) + ":" + std::string(palette.reset) + " ";
    text += std::string(severity_color(diagnostic.severity, palette)) +
            std::string(to_string(diagnostic.severity)) + ":" + std::string(palette.reset) + " " +
            printable(diagnostic.message);
    if (!diagnostic.id.empty()) text += " [" + diagnostic.id + "]";
    text += "\n";
    if (const auto* range = std::get_if<SourceRange>(&diagnostic.location))
        text += excerpt(*range, source, options, palette);
    for (const auto& note : diagnostic.notes) {
        const std::string place = to_string(note.location);
        text += "  " + std::string(palette.note) + "note:" + std::string(palette.reset) + " " +
                (place.empty() ? "" : printable(place) + ": ") + printable(note.message) + "\n";
        if (const auto* range = std::get_if<SourceRange>(&note.location))
            text += excerpt(*range, source, options, palette);
    }
    if (!diagnostic.hint.empty()) {
        text += "  " + std::string(palette.note) + "hint:" + std::string(palette.reset) + " " +
                printable(diagnostic.hint) + "\n";
    }
    return text;
}

}  // namespace gadget
