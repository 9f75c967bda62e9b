// SPDX-License-Identifier: Apache-2.0
#include "yaml_reader.h"

#include <yaml-cpp/depthguard.h>

#include <algorithm>
#include <cctype>

namespace gadget::model {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20;
constexpr unsigned kMaxDepth = 64;
constexpr std::size_t kMaxNodes = 100'000;

/// Brackets, the one construct whose nesting costs yaml-cpp stack: bounded before it parses.
bool flow_nesting_is_sane(std::string_view text) {
    int depth = 0;
    for (const char c : text) {
        if (c == '[' || c == '{') ++depth;
        if (c == ']' || c == '}') depth = std::max(0, depth - 1);
        if (depth > static_cast<int>(kMaxDepth) * 4) return false;
    }
    return true;
}

/// Block nesting needs indentation: "- - - - x" or deeper and deeper lines.
bool block_nesting_is_sane(std::string_view text) {
    std::size_t dashes = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const bool marker = (text[i] == '-' || text[i] == '?' || text[i] == ':') && text[i + 1] == ' ';
        if (text[i] == '\n') dashes = 0;
        if (marker && ++dashes > kMaxDepth * 4) return false;
    }
    return true;
}

// The parser does not say what is wrong with a tab, only that something is.
std::string tab_hint(std::string_view text) {
    unsigned line = 1;
    bool indentation = true;
    for (const char c : text) {
        if (indentation && c == '\t')
            return "line " + std::to_string(line) + " is indented with a tab: YAML allows only spaces there";
        if (c == '\n') ++line;
        indentation = c == '\n' || (indentation && c == ' ');
    }
    return {};
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

SourceRange YamlReader::where(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    if (mark.is_null()) return {.file = file_};
    return {.file = file_,
            .line = static_cast<unsigned>(mark.line + 1),
            .column = static_cast<unsigned>(mark.column + 1)};
}

void YamlReader::error(const YAML::Node& node, std::string id, std::string message, std::string hint) {
    failed_ = true;
    sink_.report({.severity = Severity::error,
                  .id = std::move(id),
                  .message = std::move(message),
                  .location = where(node),
                  .hint = std::move(hint)});
}

void YamlReader::warning(const YAML::Node& node, std::string id, std::string message, std::string hint,
                         std::optional<FixIt> fix) {
    Diagnostic finding{.severity = Severity::warning,
                       .id = std::move(id),
                       .message = std::move(message),
                       .location = where(node),
                       .hint = std::move(hint)};
    if (fix) {
        finding.location = fix->range;
        finding.fixes.push_back(std::move(*fix));
    }
    sink_.report(std::move(finding));
}

std::optional<FixIt> YamlReader::replace_key(const YAML::Node& key, std::string replacement) const {
    const YAML::Mark mark = key.Mark();
    const std::string& word = key.Scalar();
    if (mark.is_null() || mark.pos < 0 || replacement.empty()) return std::nullopt;
    // Only where the text stands as it is: quotes and escapes would need to be written again.
    if (std::string_view(text_).substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()),
                                       word.size()) != word)
        return std::nullopt;
    SourceRange range = where(key);
    range.end_line = range.line;
    range.end_column = range.column + static_cast<unsigned>(word.size());
    return FixIt{range, std::move(replacement)};
}

bool YamlReader::within_limits(const YAML::Node& node, unsigned depth, std::size_t& budget) {
    if (depth > kMaxDepth || budget == 0) return false;
    --budget;
    if (node.IsMap()) {
        return std::all_of(node.begin(), node.end(), [&](const auto& entry) {
            return within_limits(entry.first, depth + 1, budget) &&
                   within_limits(entry.second, depth + 1, budget);
        });
    }
    if (node.IsSequence()) {
        return std::all_of(node.begin(), node.end(),
                           [&](const auto& entry) { return within_limits(entry, depth + 1, budget); });
    }
    return true;
}

std::optional<YAML::Node> YamlReader::parse(std::string_view text) {
    const auto refuse = [&](std::string id, std::string message, unsigned line = 0, unsigned column = 0,
                            std::string hint = {}) {
        failed_ = true;
        sink_.report({.severity = Severity::error,
                      .id = std::move(id),
                      .message = std::move(message),
                      .location = SourceRange{file_, line, column},
                      .hint = std::move(hint)});
        return std::nullopt;
    };
    if (text.size() > kMaxText) return refuse("yaml-limit", "the file is larger than 1 MiB");
    if (text.find('\0') != std::string_view::npos)
        return refuse("yaml-syntax", "not a text file: it has NUL bytes");
    if (!flow_nesting_is_sane(text) || !block_nesting_is_sane(text))
        return refuse("yaml-limit", "nested too deeply");
    text_ = text;
    try {
        YAML::Node root = YAML::Load(std::string(text));
        std::size_t budget = kMaxNodes;
        if (!within_limits(root, 0, budget))
            return refuse("yaml-limit", "nested too deeply, or aliases expand to too much");
        if (!root.IsDefined() || root.IsNull()) return YAML::Node(YAML::NodeType::Map);
        if (!root.IsMap()) {
            error(root, "yaml-type", "expected a mapping of keys to values at the top of the file");
            return std::nullopt;
        }
        return root;
    } catch (const YAML::DeepRecursion&) {
        return refuse("yaml-limit", "nested too deeply");
    } catch (const YAML::Exception& problem) {
        const bool known = !problem.mark.is_null();
        return refuse("yaml-syntax", problem.msg, known ? static_cast<unsigned>(problem.mark.line + 1) : 0,
                      known ? static_cast<unsigned>(problem.mark.column + 1) : 0, tab_hint(text));
    }
}

std::optional<std::string> YamlReader::scalar(const YAML::Node& node, std::string_view what) {
    if (node.IsNull()) return std::string();
    if (node.IsScalar()) return node.Scalar();
    error(node, "yaml-type",
          std::string(what) + " must be a single value, not a " + (node.IsMap() ? "mapping" : "list"));
    return std::nullopt;
}

std::optional<std::string> YamlReader::key(const YAML::Node& node) {
    if (node.IsScalar()) return node.Scalar();
    error(node, "yaml-type", "a key must be a single word");
    return std::nullopt;
}

bool YamlReader::expect_map(const YAML::Node& node, std::string_view what) {
    if (node.IsNull() || node.IsMap()) return true;
    error(node, "yaml-type", std::string(what) + " must be a mapping of names to values");
    return false;
}

std::vector<std::string> YamlReader::string_list(const YAML::Node& node, std::string_view what) {
    std::vector<std::string> result;
    if (node.IsNull()) return result;
    if (!node.IsSequence()) {
        error(node, "yaml-type", std::string(what) + " must be a list");
        return result;
    }
    for (const auto& entry : node) {
        if (auto text = scalar(entry, "an entry of " + std::string(what))) result.push_back(std::move(*text));
    }
    return result;
}

}  // namespace gadget::model
