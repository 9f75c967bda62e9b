// SPDX-License-Identifier: Apache-2.0
#include "api_names.h"

#include <cctype>
#include <vector>

namespace gadget::api_tests {
namespace {

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::vector<std::string> tokens(std::string_view text) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i + 1;
        if (is_word(text[i])) {
            while (end < text.size() && is_word(text[end])) ++end;
            result.emplace_back(text.substr(i, end - i));
        } else if (text[i] == '"' || text[i] == '\'') {
            while (end < text.size() && text[end] != text[i]) end += text[end] == '\\' ? 2 : 1;
            ++end;
        } else if (std::isspace(static_cast<unsigned char>(text[i])) == 0) {
            result.emplace_back(1, text[i]);
        }
        i = end;
    }
    return result;
}

/// Takes the directives out of `text`, puts the names of its macros into `names`, and returns the rest.
std::string take_directives(std::string_view text, std::set<std::string>& names) {
    std::string rest;
    bool directive = false;
    bool continued = false;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t end = std::min(text.find('\n', i), text.size());
        const std::string_view line = text.substr(i, end - i);
        const auto first = line.find_first_not_of(" \t");
        const bool starts = !continued && first != std::string_view::npos && line[first] == '#';
        if (starts) {
            const auto words = tokens(line.substr(first));
            if (words.size() > 2 && words[1] == "define") names.insert(words[2]);
        }
        directive = starts || (continued && directive);
        continued = !line.empty() && line.back() == '\\';
        if (!directive) rest.append(line).append("\n");
        i = end + 1;
    }
    return rest;
}

class Declarations {
  public:
    explicit Declarations(std::set<std::string>& names) : names_(names) {}

    void read(const std::vector<std::string>& words) {
        std::vector<std::string> statement;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (words[i] == ";") {
                end(statement);
                statement.clear();
            } else if (words[i] == "{") {
                i = block(words, i, statement);
            } else {
                statement.push_back(words[i]);
            }
        }
    }

  private:
    static bool is_type_word(const std::string& word) {
        return word == "struct" || word == "union" || word == "enum";
    }

    /// Handles the block that starts at `open`, and returns where it ends.
    std::size_t block(const std::vector<std::string>& words, std::size_t open,
                      std::vector<std::string>& statement) {
        std::size_t close = open;
        for (int depth = 0; close < words.size(); ++close) {
            depth += words[close] == "{" ? 1 : words[close] == "}" ? -1 : 0;
            if (depth == 0) break;
        }
        const bool defines_type =
            statement.size() <= 3 && !statement.empty() &&
            (is_type_word(statement[0]) || (statement[0] == "typedef" && is_type_word(statement[1])));
        if (defines_type) {
            const std::size_t tag = statement[0] == "typedef" ? 2 : 1;
            if (statement.size() > tag) names_.insert(statement[tag]);
            if (statement[tag - 1] == "enum") enumerators(words, open + 1, close);
            statement = {statement[0] == "typedef" ? "typedef" : "variable"};
        } else if (!statement.empty() && statement.back() != "=") {
            function(statement);
            statement.clear();
        }
        return close;
    }

    void enumerators(const std::vector<std::string>& words, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            if (words[i - 1] == "{" || words[i - 1] == ",") names_.insert(words[i]);
        }
    }

    /// The name before the first parenthesis that belongs to no attribute.
    void function(const std::vector<std::string>& statement) {
        int depth = 0;
        for (std::size_t i = 0; i < statement.size(); ++i) {
            if (statement[i] == ")") --depth;
            if (statement[i] != "(") continue;
            const bool attribute = i > 0 && statement[i - 1] == "__attribute__";
            if (depth++ == 0 && i > 0 && !attribute) {
                names_.insert(statement[i - 1]);
                return;
            }
        }
    }

    /// A statement without a block, or what stands behind its block.
    void end(const std::vector<std::string>& statement) {
        if (statement.size() < 2 || statement[0] == "GADGET_PARAM" || statement[0] == "_Static_assert")
            return;
        if (statement[0] == "extern") return function(statement);
        // A declaration of a type that is defined elsewhere.
        if (statement.size() == 2 && is_type_word(statement[0])) return;
        if (statement[0] == "variable" && statement[1] == "__attribute__") return;
        for (std::size_t i = 1; i < statement.size(); ++i) {
            const std::string& word = statement[i];
            // The ")" of a pointer to a function: (*name)(..)
            if (word == ")" && statement[i - 1] != ")") {
                names_.insert(statement[i - 1]);
                return;
            }
            if (word == "=" || word == "[" || word == "SEC" || word == "__attribute__") {
                names_.insert(statement[i - 1]);
                return;
            }
        }
        names_.insert(statement.back());
    }

    std::set<std::string>& names_;
};

}  // namespace

std::string without_comments(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view here = text.substr(i, 2);
        if (here == "/*") {
            i = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
            result += ' ';
        } else if (here == "//") {
            i = std::min(text.find('\n', i), text.size());
        } else {
            result += text[i++];
        }
    }
    return result;
}

std::set<std::string> declared_names(std::string_view text) {
    std::set<std::string> names;
    const std::string rest = take_directives(without_comments(text), names);
    Declarations(names).read(tokens(rest));
    return names;
}

std::set<std::string> identifiers(std::string_view text) {
    std::set<std::string> result;
    for (auto& word : tokens(text)) {
        if (is_word(word[0])) result.insert(std::move(word));
    }
    return result;
}

}  // namespace gadget::api_tests
