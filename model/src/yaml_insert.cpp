// SPDX-License-Identifier: Apache-2.0
// yaml-cpp says where keys and values begin; where they end follows from the indentation (block style) or
// from the brackets (flow style). The text is a liberal reading of YAML, so nothing is believed: the result
// is parsed and must be the old document with the additions.
#include "yaml_insert.h"

#include <algorithm>
#include <array>

namespace gadget::model {
namespace {

bool looks_plain(std::string_view text) {
    const auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '.' || c == ' ' || c == ',' || c == ';' || c == '(' || c == ')' || c == '/';
    };
    const bool start = !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') ||
                                         (text[0] >= 'A' && text[0] <= 'Z') || text[0] == '_');
    if (!start || text.back() == ' ' || !std::all_of(text.begin(), text.end(), word)) return false;
    // What some reader takes for a truth value or for nothing.
    constexpr std::array<std::string_view, 11> kWords{"y",    "n",     "yes",  "no",  "on", "off",
                                                      "true", "false", "null", "nan", "inf"};
    std::string lower(text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return std::find(kWords.begin(), kWords.end(), lower) == kWords.end();
}

std::string scalar_text(std::string_view value, bool flow) {
    if (looks_plain(value) && (!flow || value.find(',') == value.npos)) return std::string(value);
    std::string text = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            text += '\\';
            text += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            text += "\\x";
            text += "0123456789abcdef"[byte >> 4];
            text += "0123456789abcdef"[byte & 15];
        } else {
            text += c;
        }
    }
    return text + '"';
}

struct Layout {
    std::string newline;
    std::size_t step;  // of the indentation
};

std::string block_text(const YamlTree& tree, std::size_t indent, const Layout& layout) {
    std::string text;
    for (const auto& [key, value] : tree.entries) {
        text += std::string(indent, ' ') + scalar_text(key, false) + ':';
        if (const auto* leaf = std::get_if<std::string>(&value)) {
            text += ' ' + scalar_text(*leaf, false) + layout.newline;
        } else {
            const auto& below = std::get<YamlTree>(value);
            text += below.entries.empty() ? " {}" + layout.newline
                                          : layout.newline + block_text(below, indent + layout.step, layout);
        }
    }
    return text;
}

std::string flow_text(const YamlTree& tree) {
    std::string text;
    for (const auto& [key, value] : tree.entries) {
        if (!text.empty()) text += ", ";
        text += scalar_text(key, true) + ": ";
        const auto* leaf = std::get_if<std::string>(&value);
        text += leaf != nullptr ? scalar_text(*leaf, true) : '{' + flow_text(std::get<YamlTree>(value)) + '}';
    }
    return text;
}

// The lines of a text.
class Lines {
  public:
    explicit Lines(std::string_view text) : text_(text) {
        for (std::size_t at = 0; at < text.size();) {
            starts_.push_back(at);
            const std::size_t newline = text.find('\n', at);
            at = newline == text.npos ? text.size() : newline + 1;
        }
    }
    [[nodiscard]] std::size_t count() const { return starts_.size(); }
    [[nodiscard]] std::size_t start(std::size_t line) const {
        return line < starts_.size() ? starts_[line] : text_.size();
    }
    // Without the line break.
    [[nodiscard]] std::string_view line(std::size_t index) const {
        std::string_view line = text_.substr(start(index), start(index + 1) - start(index));
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
        return line;
    }
    [[nodiscard]] std::size_t offset(const YAML::Mark& mark) const {
        const auto line = static_cast<std::size_t>(std::max(0, mark.line));
        return std::min(text_.size(), start(line) + static_cast<std::size_t>(std::max(0, mark.column)));
    }
    [[nodiscard]] std::string_view text() const { return text_; }

  private:
    std::string_view text_;
    std::vector<std::size_t> starts_;
};

std::size_t indent_of(std::string_view line) {
    const std::size_t first = line.find_first_not_of(' ');
    return first == line.npos ? line.size() : first;
}
bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t") == line.npos;
}
bool is_comment(std::string_view line) {
    const std::size_t first = line.find_first_not_of(" \t");
    return first != line.npos && line[first] == '#';
}
bool ends_document(std::string_view line) {
    return line.starts_with("---") || line.starts_with("...");
}

struct Edit {
    std::size_t begin = 0;
    std::size_t end = 0;  // of what is replaced
    std::size_t depth = 0;
    std::string text;
};

class Inserter {
  public:
    Inserter(std::string_view text, const std::string& file) : lines_(text), file_(file) {
        layout_.newline = text.find("\r\n") == text.npos ? "\n" : "\r\n";
        layout_.step = 0;
    }

    Result<YamlInsertion> insert(const YAML::Node& root, const YamlTree& wanted) {
        find_step(root, 0);
        if (layout_.step == 0) layout_.step = 2;
        if (root.size() == 0 && root.Style() != YAML::EmitterStyle::Flow) {
            append_to_end(wanted);
        } else {
            GADGET_TRY(merge(root, wanted, 0, ""));
        }
        GADGET_TRY_ASSIGN(result_.text, apply());
        return std::move(result_);
    }

  private:
    // The first indentation that the author chose is the one for what is added.
    void find_step(const YAML::Node& map, std::size_t column) {
        for (const auto& entry : map) {
            if (layout_.step != 0) return;
            if (!entry.second.IsMap() || entry.second.size() == 0 ||
                entry.second.Style() == YAML::EmitterStyle::Flow) {
                continue;
            }
            const auto below = static_cast<std::size_t>(entry.second.begin()->first.Mark().column);
            if (below > column && below - column <= 8) layout_.step = below - column;
            find_step(entry.second, below);
        }
    }

    void record(const YamlTree& tree, const std::string& path) {
        for (const auto& [key, value] : tree.entries) {
            result_.added.push_back(path + key);
            count_empty(value);
        }
    }
    void count_empty(const YamlTree::Value& value) {
        if (const auto* leaf = std::get_if<std::string>(&value)) {
            result_.empty_leaves += leaf->empty() ? 1 : 0;
            return;
        }
        for (const auto& [key, below] : std::get<YamlTree>(value).entries) count_empty(below);
    }

    void append_to_end(const YamlTree& wanted) {
        record(wanted, "");
        std::size_t line = 0;
        for (std::size_t i = 0; i < lines_.count(); ++i) {
            if (lines_.line(i).starts_with("...")) break;
            if (!is_blank(lines_.line(i))) line = i + 1;
        }
        add_lines(lines_.start(line), block_text(wanted, 0, layout_), 0);
    }

    void add_lines(std::size_t at, std::string text, std::size_t depth) {
        // The last line of a file may lack its line break.
        if (at > 0 && lines_.text()[at - 1] != '\n') text.insert(0, layout_.newline);
        edits_.push_back({at, at, depth, std::move(text)});
    }

    Error refuse(const YAML::Node& node, const std::string& why) const {
        return {ErrorCode::rejected_input,
                "cannot add to '" + file_ + "', line " + std::to_string(node.Mark().line + 1) + ": " + why,
                "write that part in block style, without anchors and aliases, or add the keys by hand"};
    }

    Result<void> merge(const YAML::Node& map, const YamlTree& wanted, std::size_t depth,
                       const std::string& path) {
        YamlTree missing;
        for (const auto& [key, value] : wanted.entries) {
            const auto found = std::find_if(map.begin(), map.end(), [&wanted_key = key](const auto& entry) {
                return entry.first.IsScalar() && entry.first.Scalar() == wanted_key;
            });
            if (found == map.end()) {
                missing.entries.emplace_back(key, value);
                continue;
            }
            const auto* below = std::get_if<YamlTree>(&value);
            if (below == nullptr || below->entries.empty()) continue;  // it is there
            if (found->second.IsMap()) {
                GADGET_TRY(merge(found->second, *below, depth + 1, path + key + '.'));
            } else if (found->second.IsNull()) {
                GADGET_TRY(fill_empty(map, found->first, *below, depth + 1));
                record(*below, path + key + '.');
            }
        }
        if (missing.entries.empty()) return {};
        record(missing, path);
        if (map.Style() == YAML::EmitterStyle::Flow) return add_to_flow(map, missing, depth);
        return add_to_block(map, missing, depth);
    }

    Result<void> add_to_block(const YAML::Node& map, const YamlTree& missing, std::size_t depth) {
        if (map.size() == 0) return refuse(map, "the mapping is empty");
        const YAML::Mark first = map.begin()->first.Mark();
        if (first.is_null()) return refuse(map, "the place of the mapping is unknown");
        const auto column = static_cast<std::size_t>(first.column);
        std::size_t last = static_cast<std::size_t>(first.line);
        if (indent_of(lines_.line(last)) != column) return refuse(map, "a mapping begins within a line");
        for (std::size_t i = last + 1; i < lines_.count(); ++i) {
            const std::string_view line = lines_.line(i);
            if (is_blank(line)) continue;
            const bool inside = indent_of(line) >= column;
            if (ends_document(line) || (!inside && !is_comment(line))) break;
            if (inside) last = i;
        }
        add_lines(lines_.start(last + 1), block_text(missing, column, layout_), depth);
        return {};
    }

    // "key:" with nothing behind it, or with an explicit null.
    Result<void> fill_empty(const YAML::Node& map, const YAML::Node& key, const YamlTree& below,
                            std::size_t depth) {
        if (key.Mark().is_null()) return refuse(map, "the place of a key is unknown");
        const std::size_t at = lines_.offset(key.Mark());
        const std::size_t colon = end_of_key(at);
        if (colon == std::string_view::npos) return refuse(key, "the key is not followed by ':'");
        const std::size_t value = lines_.text().find_first_not_of(" \t", colon + 1);
        const std::string_view rest = lines_.text().substr(std::min(value, lines_.text().size()));
        for (const std::string_view null : {"null", "Null", "NULL", "~"}) {
            if (!rest.starts_with(null)) continue;
            edits_.push_back({value, value + null.size(), depth, '{' + flow_text(below) + '}'});
            return {};
        }
        if (map.Style() == YAML::EmitterStyle::Flow) {
            edits_.push_back({colon + 1, colon + 1, depth, " {" + flow_text(below) + '}'});
            return {};
        }
        if (!rest.empty() && rest[0] != '\n' && rest[0] != '\r' && rest[0] != '#')
            return refuse(key, "the value is not a mapping");
        const auto column = static_cast<std::size_t>(key.Mark().column) + layout_.step;
        add_lines(lines_.start(static_cast<std::size_t>(key.Mark().line) + 1),
                  block_text(below, column, layout_), depth);
        return {};
    }

    // The ':' after the key that begins at `at`.
    [[nodiscard]] std::size_t end_of_key(std::size_t at) const {
        const std::string_view text = lines_.text();
        if (at >= text.size()) return text.npos;
        if (text[at] == '"' || text[at] == '\'') {
            at = skip_quoted(at);
            if (at == text.npos) return at;
        }
        const std::size_t line_end = std::min(text.find('\n', at), text.size());
        const std::size_t colon = text.find(':', at);
        return colon < line_end ? colon : text.npos;
    }

    // Past the quoted text that begins at `at`.
    [[nodiscard]] std::size_t skip_quoted(std::size_t at) const {
        const std::string_view text = lines_.text();
        const char quote = text[at];
        for (++at; at < text.size(); ++at) {
            if (quote == '"' && text[at] == '\\') {
                ++at;
            } else if (text[at] == quote) {
                if (quote == '\'' && at + 1 < text.size() && text[at + 1] == '\'') {
                    ++at;
                } else {
                    return at + 1;
                }
            }
        }
        return text.npos;
    }

    // The bracket that closes the one at `open`.
    [[nodiscard]] std::size_t closing_bracket(std::size_t open) const {
        const std::string_view text = lines_.text();
        int depth = 0;
        for (std::size_t at = open; at < text.size();) {
            const char c = text[at];
            const char before = at == 0 ? ' ' : text[at - 1];
            const bool fresh = before == ' ' || before == ',' || before == '{' || before == '[' ||
                               before == ':' || before == '\n' || before == '\t';
            if ((c == '"' || c == '\'') && fresh) {
                at = skip_quoted(at);
                if (at == text.npos) return at;
                continue;
            }
            if (c == '#' && (before == ' ' || before == '\t' || before == '\n')) {
                at = std::min(text.find('\n', at), text.size());
                continue;
            }
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && --depth == 0) return at;
            ++at;
        }
        return text.npos;
    }

    Result<void> add_to_flow(const YAML::Node& map, const YamlTree& missing, std::size_t depth) {
        const std::string_view text = lines_.text();
        const std::size_t open = lines_.offset(map.Mark());
        if (open >= text.size() || text[open] != '{') return refuse(map, "the place of a '{' is unknown");
        const std::size_t close = closing_bracket(open);
        if (close == text.npos) return refuse(map, "a '{' is not closed");
        const std::size_t last = text.find_last_not_of(" \t\r\n", close - 1);
        const bool comma = text[last] != '{' && text[last] != ',';
        edits_.push_back({last + 1, last + 1, depth,
                          (comma               ? ", "
                           : text[last] == ',' ? " "
                                               : "") +
                              flow_text(missing)});
        return {};
    }

    Result<std::string> apply() {
        // At one place the innermost comes first: what follows it belongs to mappings around it.
        std::stable_sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) {
            return a.begin != b.begin ? a.begin < b.begin : a.depth > b.depth;
        });
        std::string text;
        std::size_t at = 0;
        for (const Edit& edit : edits_) {
            if (edit.begin < at)
                return Error{ErrorCode::rejected_input, "cannot add to '" + file_ + "': places overlap"};
            text += lines_.text().substr(at, edit.begin - at);
            // Only the first of several after an unfinished last line ends that line.
            std::string_view added = edit.text;
            if (text.ends_with('\n') && added.starts_with(layout_.newline))
                added.remove_prefix(layout_.newline.size());
            text += added;
            at = edit.end;
        }
        return text + std::string(lines_.text().substr(at));
    }

    Lines lines_;
    const std::string& file_;
    Layout layout_;
    std::vector<Edit> edits_;
    YamlInsertion result_;
};

bool same(const YAML::Node& a, const YAML::Node& b) {
    if (a.Type() != b.Type() || a.Tag() != b.Tag()) return false;
    if (a.IsScalar()) return a.Scalar() == b.Scalar();
    if (a.size() != b.size()) return false;
    if (a.IsSequence())
        return std::equal(a.begin(), a.end(), b.begin(),
                          [](const auto& x, const auto& y) { return same(x, y); });
    if (!a.IsMap()) return true;
    return std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
        return same(x.first, y.first) && same(x.second, y.second);
    });
}

bool is_tree(const YAML::Node& node, const YamlTree& tree) {
    if (!node.IsMap() || node.size() != tree.entries.size()) return false;
    return std::equal(node.begin(), node.end(), tree.entries.begin(),
                      [](const auto& entry, const auto& wanted) {
                          if (!entry.first.IsScalar() || entry.first.Scalar() != wanted.first) return false;
                          const auto* leaf = std::get_if<std::string>(&wanted.second);
                          if (leaf == nullptr)
                              return is_tree(entry.second, std::get<YamlTree>(wanted.second));
                          return entry.second.IsScalar() && entry.second.Scalar() == *leaf;
                      });
}

const YamlTree::Value* find(const YamlTree& tree, const YAML::Node& key) {
    const auto found = std::find_if(tree.entries.begin(), tree.entries.end(), [&](const auto& entry) {
        return key.IsScalar() && key.Scalar() == entry.first;
    });
    return found == tree.entries.end() ? nullptr : &found->second;
}

// Is `now` the mapping `old` with what it lacked of `wanted` behind its own entries?
bool is_merged(const YAML::Node& old, const YamlTree& wanted, const YAML::Node& now) {
    if (!now.IsMap() || now.size() < old.size()) return false;
    auto entry = now.begin();
    std::vector<std::string> known;
    for (const auto& before : old) {
        if (!same(before.first, entry->first)) return false;
        const auto* value = find(wanted, before.first);
        const auto* below = value == nullptr ? nullptr : std::get_if<YamlTree>(value);
        bool good = false;
        if (below != nullptr && !below->entries.empty() && before.second.IsMap()) {
            good = is_merged(before.second, *below, entry->second);
        } else if (below != nullptr && !below->entries.empty() && before.second.IsNull()) {
            good = is_tree(entry->second, *below);
        } else {
            good = same(before.second, entry->second);
        }
        if (!good) return false;
        if (before.first.IsScalar()) known.push_back(before.first.Scalar());
        ++entry;
    }
    YamlTree rest;
    for (const auto& one : wanted.entries) {
        if (std::find(known.begin(), known.end(), one.first) == known.end()) rest.entries.push_back(one);
    }
    for (const auto& one : rest.entries) {
        if (entry == now.end()) return false;
        YAML::Node pair(YAML::NodeType::Map);
        pair[entry->first] = entry->second;
        if (!is_tree(pair, YamlTree{{one}})) return false;
        ++entry;
    }
    return entry == now.end();
}

}  // namespace

YamlTree& YamlTree::map(const std::string& key) {
    for (auto& [name, value] : entries) {
        if (name == key) return std::get<YamlTree>(value);
    }
    entries.emplace_back(key, YamlTree());
    return std::get<YamlTree>(entries.back().second);
}

void YamlTree::leaf(const std::string& key, std::string value) {
    const bool known =
        std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == key; });
    if (!known) entries.emplace_back(key, std::move(value));
}

Result<YamlInsertion> insert_missing(std::string_view text, const YAML::Node& root, const YamlTree& wanted,
                                     const std::string& file) {
    GADGET_TRY_ASSIGN(YamlInsertion inserted, Inserter(text, file).insert(root, wanted));
    if (inserted.added.empty()) return inserted;
    bool proved = false;
    try {
        proved = is_merged(root, wanted, YAML::Load(inserted.text));
    } catch (const YAML::Exception&) {
        proved = false;
    }
    if (proved) return inserted;
    return Error{
        ErrorCode::rejected_input, "cannot add to '" + file + "' without changing what it says",
        "it lacks " + inserted.added.front() + ": add that by hand, or write the file in block style"};
}

}  // namespace gadget::model
