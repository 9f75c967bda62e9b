// SPDX-License-Identifier: Apache-2.0
// Annotations of fields: the templates that types bring, what the metadata adds, and how columns read them.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "gadget/support/text.h"
#include "plan.h"

namespace gadget::events::detail {
namespace {

struct TemplateEntry {
    std::string_view name;
    std::string_view key;
    std::string_view value;
};

constexpr TemplateEntry kTemplates[] = {
    {"timestamp", "columns.width", "35"},
    {"timestamp", "columns.maxwidth", "35"},
    {"timestamp", "columns.ellipsis", "end"},
    {"timestamp", "columns.hidden", "true"},
    {"bytes", "columns.width", "10"},
    {"bytes", "columns.alignment", "right"},
    {"duration", "columns.width", "20"},
    {"duration", "columns.alignment", "right"},
    {"node", "columns.width", "30"},
    {"node", "columns.ellipsis", "middle"},
    {"pod", "columns.width", "30"},
    {"pod", "columns.ellipsis", "middle"},
    {"container", "columns.width", "30"},
    {"namespace", "columns.width", "30"},
    {"containerimagename", "columns.width", "30"},
    {"containerimagedigest", "columns.width", "30"},
    {"containerpid", "columns.width", "6"},
    {"containerpid", "columns.hidden", "true"},
    {"containerpid", "columns.alignment", "right"},
    {"containerstartedat", "columns.width", "35"},
    {"containerstartedat", "columns.hidden", "true"},
    {"comm", "columns.maxwidth", "16"},
    {"pcomm", "columns.maxwidth", "16"},
    {"pcomm", "columns.hidden", "true"},
    {"pid", "columns.minwidth", "7"},
    {"pid", "columns.alignment", "right"},
    {"tid", "columns.minwidth", "7"},
    {"tid", "columns.alignment", "right"},
    {"ppid", "columns.minwidth", "7"},
    {"ppid", "columns.alignment", "right"},
    {"ppid", "columns.hidden", "true"},
    {"ptid", "columns.minwidth", "7"},
    {"ptid", "columns.alignment", "right"},
    {"ptid", "columns.hidden", "true"},
    {"uid", "columns.minwidth", "8"},
    {"uid", "columns.alignment", "right"},
    {"gid", "columns.minwidth", "8"},
    {"gid", "columns.alignment", "right"},
    {"ns", "columns.width", "12"},
    {"ns", "columns.alignment", "right"},
    {"ns", "columns.hidden", "true"},
    {"mntns_id", "columns.width", "12"},
    {"mntns_id", "columns.alignment", "right"},
    {"mntns_id", "columns.hidden", "true"},
    {"netns_id", "columns.width", "12"},
    {"netns_id", "columns.alignment", "right"},
    {"netns_id", "columns.hidden", "true"},
    {"l4endpoint", "columns.minwidth", "22"},
    {"l4endpoint", "columns.width", "40"},
    {"l4endpoint", "columns.maxwidth", "52"},
    {"l4endpoint", "columns.ellipsis", "middle"},
    {"syscall", "columns.width", "18"},
    {"syscall", "columns.maxwidth", "28"},
    {"errorstring", "columns.width", "12"},
    {"user_stack", "columns.hidden", "true"},
};

constexpr std::string_view kAutomatic[] = {"pid",       "ppid",     "tid",      "ptid",
                                           "uid",       "gid",      "comm",     "pcomm",
                                           "timestamp", "mntns_id", "netns_id", "user_stack"};

void apply_template(model::Annotations& annotations, std::string_view name) {
    const std::string wanted = to_lower(name);
    for (const TemplateEntry& entry : kTemplates) {
        if (entry.name == wanted) annotations[std::string(entry.key)] = entry.value;
    }
}

void apply(model::Annotations& annotations, const model::Annotations& added) {
    for (const auto& [key, value] : added) {
        if (to_lower(key) == "template") apply_template(annotations, value);
    }
    for (const auto& [key, value] : added) annotations[to_lower(key)] = value;
}

const model::Annotations* find_metadata(const model::DataSourceMetadata* metadata, std::string_view path) {
    if (metadata == nullptr) return nullptr;
    if (const auto found = metadata->fields.find(std::string(path)); found != metadata->fields.end()) {
        return &found->second.annotations;
    }
    const std::string wanted = to_lower(path);
    for (const auto& [name, field] : metadata->fields) {
        if (to_lower(name) == wanted) return &field.annotations;
    }
    return nullptr;
}

Error bad_value(const Node& node, std::string_view key, std::string_view value, std::string_view expected) {
    return Error{.code = ErrorCode::rejected_input,
                 .message = "field '" + node.path + "': annotation " + std::string(key) + " is '" +
                            printable(value) + "', expected " + std::string(expected)};
}

/// Digits that any value of an integer or bool takes; 0 for other types.
unsigned width_of_type(Op op) {
    switch (op) {
        case Op::boolean:
            return 5;
        case Op::u8:
            return 3;
        case Op::i8:
            return 4;
        case Op::u16:
            return 5;
        case Op::i16:
            return 6;
        case Op::u32:
            return 10;
        case Op::i32:
            return 11;
        case Op::u64:
        case Op::i64:
            return 20;
        default:
            return 0;
    }
}

constexpr unsigned kMaxColumnWidth = 4096;

Result<unsigned> read_width(const Node& node, std::string_view key, std::string_view value) {
    if (value == "type") {
        if (const unsigned width = width_of_type(node.op); width > 0) return width;
        return bad_value(node, key, value, "a number ('type' is for integers and booleans)");
    }
    unsigned width = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), width);
    if (error != std::errc{} || end != value.data() + value.size() || width > kMaxColumnWidth) {
        return bad_value(node, key, value, "a number from 0 to 4096, or 'type'");
    }
    return width;
}

Result<void> read_one(Node& node, std::string_view key, const std::string& value) {
    ColumnStyle& column = node.column;
    if (key == "columns.width" || key == "columns.minwidth" || key == "columns.maxwidth") {
        GADGET_TRY_ASSIGN(const unsigned width, read_width(node, key, value));
        (key == "columns.width"      ? column.width
         : key == "columns.minwidth" ? column.min_width
                                     : column.max_width) = width;
    } else if (key == "columns.alignment") {
        if (value != "left" && value != "right") return bad_value(node, key, value, "'left' or 'right'");
        column.alignment = value == "right" ? Alignment::right : Alignment::left;
    } else if (key == "columns.ellipsis") {
        if (value.empty() || value == "none")
            column.ellipsis = Ellipsis::none;
        else if (value == "start")
            column.ellipsis = Ellipsis::start;
        else if (value == "middle")
            column.ellipsis = Ellipsis::middle;
        else if (value == "end")
            column.ellipsis = Ellipsis::end;
        else
            return bad_value(node, key, value, "'start', 'middle', 'end' or nothing");
    } else if (key == "columns.precision") {
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), column.precision);
        if (error != std::errc{} || end != value.data() + value.size() || column.precision < -1 ||
            column.precision > 20) {
            return bad_value(node, key, value, "a number of digits from 0 to 20");
        }
    } else if (key == "columns.fixed") {
        column.fixed = value == "true";
    } else if (key == "columns.hex") {
        column.hex = value == "true";
    } else if (key == "columns.alias") {
        if (!value.empty()) column.name = value;
    } else if (key == "columns.replace") {
        column.replace = value;
    }
    return {};
}

}  // namespace

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

std::string to_upper(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return upper;
}

std::string_view automatic_template(const Node& node) {
    for (const std::string& type : node.type_names) {
        if (!type.starts_with("gadget_")) continue;
        const std::string_view stem = std::string_view(type).substr(7);
        for (const std::string_view name : kAutomatic) {
            if (name == stem) return name;
        }
    }
    return {};
}

std::string metadata_annotation(const model::DataSourceMetadata* metadata, std::string_view path,
                                std::string_view key) {
    if (const model::Annotations* own = find_metadata(metadata, path)) {
        for (const auto& [name, value] : *own) {
            if (to_lower(name) == key) return value;
        }
    }
    return {};
}

void merge_annotations(Node& node, const model::Annotations& defaults,
                       const model::DataSourceMetadata* metadata) {
    apply(node.annotations, defaults);
    if (const model::Annotations* own = find_metadata(metadata, node.path)) apply(node.annotations, *own);
    const auto is_true = [&](const char* key) {
        const auto found = node.annotations.find(key);
        return found != node.annotations.end() && found->second == "true";
    };
    node.hidden = is_true("columns.hidden");
    node.json_skip = is_true("json.skip");
}

Result<void> read_column_style(Node& node) {
    node.column = {};
    node.column.name = node.path;
    for (const auto& [key, value] : node.annotations) GADGET_TRY(read_one(node, key, value));
    ColumnStyle& column = node.column;
    if (column.max_width > 0) column.width = std::min(column.width, column.max_width);
    column.width = std::max({column.width, column.min_width, 1U});
    return {};
}

}  // namespace gadget::events::detail
