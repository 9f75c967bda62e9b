// SPDX-License-Identifier: Apache-2.0
#include "slice.h"

#include <algorithm>
#include <utility>

#include "clang_compile.h"

namespace gadget::builder {
namespace {

constexpr std::string_view kTagKeywords[] = {"struct", "union", "enum"};

bool is_identifier_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_identifier(char c) {
    return is_identifier_start(c) || (c >= '0' && c <= '9');
}

bool is_tag_keyword(std::string_view word) {
    return std::find(std::begin(kTagKeywords), std::end(kTagKeywords), word) != std::end(kTagKeywords);
}

// The next identifier or single character at or after `at`; empty at the end. Numbers are skipped whole.
std::string_view next_token(std::string_view text, std::size_t& at) {
    while (at < text.size()) {
        const char c = text[at];
        if (c == ' ' || c == '\t' || c == '\n') {
            ++at;
        } else if (is_identifier(c)) {
            const std::size_t begin = at;
            while (at < text.size() && is_identifier(text[at])) ++at;
            if (is_identifier_start(c)) return text.substr(begin, at - begin);
        } else {
            return text.substr(at++, 1);
        }
    }
    return {};
}

// Past the "(...)" at or after `at`, if that is what comes next.
void skip_parentheses(std::string_view text, std::size_t& at) {
    unsigned depth = 0;
    do {
        const std::string_view token = next_token(text, at);
        if (token.empty()) return;
        if (token == "(") ++depth;
        if (token == ")") --depth;
    } while (depth > 0);
}

// The name that a typedef or extern declaration declares: in "(*name)", or else the last word before "[", "("
// or ";" outside of braces, attributes aside.
std::string_view declared_name(std::string_view text) {
    std::string_view last;
    unsigned braces = 0;
    for (std::size_t at = 0;;) {
        const std::string_view token = next_token(text, at);
        if (token.empty()) return last;
        if (token == "{") ++braces;
        if (token == "}" && braces > 0) --braces;
        if (braces > 0) continue;
        if (token == "__attribute__") {
            skip_parentheses(text, at);
        } else if (token == "(" && at < text.size() && text[at] == '*') {
            while (at < text.size() && text[at] == '*') ++at;
            return next_token(text, at);
        } else if (token == "(" || token == "[" || token == ";") {
            return last;
        } else if (is_identifier_start(token[0])) {
            last = token;
        }
    }
}

}  // namespace

std::optional<HeaderSlicer> HeaderSlicer::parse(std::string_view header) {
    HeaderSlicer slicer;
    slicer.chunks_.reserve(1 << 15);
    slicer.tags_.reserve(1 << 15);
    slicer.ordinary_.reserve(1 << 15);
    std::size_t begin = 0;  // of the declaration that is open
    bool open = false;
    for (std::size_t at = 0; at < header.size();) {
        const std::size_t newline = header.find('\n', at);
        const std::size_t end = newline == header.npos ? header.size() : newline + 1;
        const std::string_view line = header.substr(at, end - at);
        const char first = line.front();
        const bool ends = line.size() >= 2 && line[line.size() - 2] == ';';
        if (!open && (first == '\n' || first == '#')) {
            if (first == '#' && ends) return std::nullopt;
            if (line.size() >= 2 && line[line.size() - 2] == '\\') return std::nullopt;
            if (first == '#') slicer.chunks_.push_back({line, true});
        } else if (!open && !is_identifier_start(first)) {
            return std::nullopt;
        } else {
            if (!open) begin = at;
            // Inside of braces lines are indented, so a ';' at the end of one that is not ends the
            // declaration.
            open = !(ends && first != '\t');
            if (!open) {
                slicer.chunks_.push_back({header.substr(begin, end - begin), false});
                if (!slicer.index_declaration(static_cast<std::uint32_t>(slicer.chunks_.size() - 1))) {
                    return std::nullopt;
                }
            }
        }
        at = end;
    }
    if (open) return std::nullopt;
    return slicer;
}

bool HeaderSlicer::index_declaration(std::uint32_t chunk) {
    const std::string_view text = chunks_[chunk].text;
    std::size_t at = 0;
    const std::string_view first = next_token(text, at);
    if (first == "typedef" || first == "extern") {
        const std::string_view name = declared_name(text);
        if (name.empty()) return false;
        ordinary_.emplace(name, chunk);
        const std::size_t brace = text.find('{');
        if (brace != text.npos && text.substr(8).starts_with("enum "))
            index_enumerators(chunk, text.substr(brace));
        return true;
    }
    if (!is_tag_keyword(first)) return false;
    const std::string_view name = next_token(text, at);
    if (name == "{") {
        if (first != "enum") return false;
        index_enumerators(chunk, text);
        return true;
    }
    const std::string_view after = next_token(text, at);
    if (after == ";") {
        forwards_.emplace(name, chunk);
        return true;
    }
    if (after != "{") return false;
    tags_.emplace(name, chunk);
    if (first == "enum") index_enumerators(chunk, text.substr(at));
    return true;
}

void HeaderSlicer::index_enumerators(std::uint32_t chunk, std::string_view body) {
    std::string_view previous;
    for (std::size_t at = 0;;) {
        const std::string_view token = next_token(body, at);
        if (token.empty()) return;
        if ((token == "=" || token == "," || token == "}") && !previous.empty() &&
            is_identifier_start(previous[0])) {
            ordinary_.emplace(previous, chunk);
        }
        if (token == "}") return;
        previous = token;
    }
}

// The closure over one program's names.
class HeaderSlicer::Selection {
  public:
    Selection(const HeaderSlicer& slicer, const UsedNames& used)
        : slicer_(slicer), used_(used), selected_(slicer.chunks_.size(), false) {
        for (const std::string& name : used.tags) add_tag(name);
        for (const std::string& name : used.ordinary) add_ordinary(name);
        while (!pending_.empty()) {
            const std::uint32_t chunk = pending_.back();
            pending_.pop_back();
            scan(slicer_.chunks_[chunk].text);
        }
    }

    [[nodiscard]] bool contains(std::uint32_t chunk) const { return selected_[chunk]; }

    // Structs and unions that are pointed to, in the order of their names, as "struct x;".
    [[nodiscard]] std::vector<std::string> forward_declarations() const {
        std::vector<std::string> result;
        for (const auto& [tag, keyword] : pointed_to_) {
            result.push_back(std::string(keyword) + ' ' + std::string(tag) + ";\n");
        }
        std::sort(result.begin(), result.end());
        return result;
    }

  private:
    void add(std::uint32_t chunk) {
        if (selected_[chunk]) return;
        selected_[chunk] = true;
        pending_.push_back(chunk);
    }
    void add_tag(std::string_view tag) {
        if (const auto found = slicer_.tags_.find(tag); found != slicer_.tags_.end())
            return add(found->second);
        if (const auto found = slicer_.forwards_.find(tag); found != slicer_.forwards_.end())
            add(found->second);
    }
    void add_ordinary(std::string_view name) {
        if (const auto found = slicer_.ordinary_.find(name); found != slicer_.ordinary_.end())
            add(found->second);
    }

    void scan(std::string_view text) {
        // A program can only call a function with what it returns and takes at hand.
        const bool function = text.starts_with("extern");
        std::size_t at = 0;
        std::string_view token = next_token(text, at);
        while (!token.empty()) {
            if (!is_tag_keyword(token)) {
                if (is_identifier_start(token[0])) add_ordinary(token);
                token = next_token(text, at);
                continue;
            }
            const std::string_view keyword = token;
            const std::string_view tag = next_token(text, at);
            if (tag.empty() || !is_identifier_start(tag[0])) {
                token = tag;
                continue;
            }
            token = next_token(text, at);
            if (token == "{") continue;  // the definition itself
            if (token != "*" || keyword == "enum" || function) {
                add_tag(tag);
                continue;
            }
            while (token == "*" || token == "const" || token == "volatile") token = next_token(text, at);
            pointed_to_.emplace(tag, keyword);
            if (!token.empty() && is_identifier_start(token[0]) &&
                used_.ordinary.contains(std::string(token))) {
                add_tag(tag);
            }
        }
    }

    const HeaderSlicer& slicer_;
    const UsedNames& used_;
    std::vector<bool> selected_;
    std::vector<std::uint32_t> pending_;
    std::unordered_map<std::string_view, std::string_view> pointed_to_;  // tag -> keyword
};

std::string HeaderSlicer::skeleton() const {
    std::string text;
    for (const Chunk& chunk : chunks_) {
        if (chunk.directive) text += chunk.text;
    }
    return text;
}

std::string HeaderSlicer::slice(const UsedNames& used) const {
    const Selection selection(*this, used);
    std::string text;
    text.reserve(std::size_t{512} << 10);
    bool declared = false;
    for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
        if (chunks_[i].directive) {
            text += chunks_[i].text;
        } else if (!std::exchange(declared, true)) {
            for (const std::string& forward : selection.forward_declarations()) text += forward;
        }
        if (!chunks_[i].directive && selection.contains(i)) text += chunks_[i].text;
    }
    return text;
}

}  // namespace gadget::builder
