// SPDX-License-Identifier: Apache-2.0
// Compiles a schema: checks every offset against the record, so that nothing after this point has to.
#include "plan.h"

#include <algorithm>
#include <set>

#include "escape.h"
#include "gadget/support/text.h"

namespace gadget::events::detail {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxEnumerators = 65536;
constexpr std::size_t kMaxNameLength = 4096;

Error bad_field(const model::Field& field, const std::string& why) {
    return Error{.code = ErrorCode::rejected_input,
                 .message = "field '" + printable(field.path) + "' " + why};
}

Op scalar_op(model::FieldKind kind, std::uint32_t size) {
    using model::FieldKind;
    switch (kind) {
        case FieldKind::boolean:
            return size == 1 ? Op::boolean : Op::bytes;
        case FieldKind::signed_int:
            return size == 1   ? Op::i8
                   : size == 2 ? Op::i16
                   : size == 4 ? Op::i32
                   : size == 8 ? Op::i64
                               : Op::bytes;
        case FieldKind::unsigned_int:
            return size == 1   ? Op::u8
                   : size == 2 ? Op::u16
                   : size == 4 ? Op::u32
                   : size == 8 ? Op::u64
                               : Op::bytes;
        case FieldKind::floating:
            return size == 4 ? Op::f32 : size == 8 ? Op::f64 : Op::bytes;
        case FieldKind::c_string:
            return Op::c_string;
        case FieldKind::structure:
            return Op::container;
        case FieldKind::bytes:
            break;
    }
    return Op::bytes;
}

Result<void> check_field(const model::Field& field, std::uint32_t record_size) {
    if (field.name.empty() || field.name.size() > kMaxNameLength || field.path.size() > kMaxNameLength * 2) {
        return bad_field(field, "has no name, or one that is too long");
    }
    if (field.offset > record_size || field.size > record_size - field.offset) {
        return bad_field(field, "lies outside the struct: offset " + std::to_string(field.offset) +
                                    ", size " + std::to_string(field.size) + ", struct size " +
                                    std::to_string(record_size));
    }
    if (field.is_array) {
        const std::uint64_t total = std::uint64_t{field.element_size} * field.count;
        if (field.element_size == 0 || total != field.size) {
            return bad_field(field, "is an array of " + std::to_string(field.count) + " elements of " +
                                        std::to_string(field.element_size) +
                                        " bytes, which is not its size, " + std::to_string(field.size));
        }
    }
    if (field.bit_size > 0) {
        if (field.size == 0 || field.size > 8 || field.bit_size > 64 || field.bit_offset >= field.size * 8 ||
            field.bit_size > field.size * 8 - field.bit_offset) {
            return bad_field(field, "is a bit-field that lies outside its element");
        }
    }
    return {};
}

Node make_node(const model::Field& field) {
    Node node;
    node.name = field.name;
    node.path = field.path;
    node.offset = field.offset;
    node.size = field.size;
    node.element_size = field.element_size;
    node.count = field.count;
    node.is_signed = field.kind == model::FieldKind::signed_int;
    node.type_names = field.type_names;
    if (field.type_names.empty()) node.enum_name = field.enum_name;  // not behind a typedef
    node.enumerators = field.enumerators;
    if (field.bit_size > 0 && field.kind != model::FieldKind::structure) {
        node.op = Op::bits;
        node.bit_offset = field.bit_offset;
        node.bit_size = field.bit_size;
    } else if (field.is_array && field.kind != model::FieldKind::c_string) {
        node.element_op = scalar_op(field.kind, field.element_size);
        node.op = node.element_op == Op::bytes || node.element_op == Op::container ? Op::bytes : Op::array;
    } else {
        node.op = scalar_op(field.kind, field.size);
    }
    return node;
}

/// gadget_process and its parts show their members under the member's own name.
bool lends_aliases(const Node& node) {
    return node.has_type("gadget_process") || node.has_type("gadget_creds") || node.has_type("gadget_parent");
}

/// Turns the fields of the schema into nodes. Members whose name starts with "__", and what is inside them,
/// are padding.
Result<void> add_members(Plan& plan, const model::EventSchema& schema,
                         const model::DataSourceMetadata* metadata) {
    std::vector<int> node_of(schema.fields.size(), -1);
    std::vector<int> depth_of(schema.fields.size(), 0);
    std::set<std::string> paths;
    std::size_t enumerators = 0;
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
        const model::Field& field = schema.fields[i];
        GADGET_TRY(check_field(field, schema.size));
        int parent = -1;
        if (field.parent >= 0) {
            const auto index = static_cast<std::size_t>(field.parent);
            if (index >= i || schema.fields[index].kind != model::FieldKind::structure) {
                return bad_field(field, "names an enclosing field that is not a structure before it");
            }
            parent = node_of[index];
            depth_of[i] = depth_of[index] + 1;
            if (parent < 0) continue;
        }
        if (depth_of[i] > kMaxDepth) return bad_field(field, "is nested deeper than 32 levels");
        if (field.name.starts_with("__")) continue;
        enumerators += field.enumerators.size();
        if (enumerators > kMaxEnumerators) return bad_field(field, "has too many enumerators");
        if (!paths.insert(field.path).second) return bad_field(field, "exists twice");

        Node node = make_node(field);
        node.parent = parent;
        model::Annotations defaults;
        if (const std::string_view name = automatic_template(node); !name.empty())
            defaults["template"] = name;
        if (parent >= 0 && lends_aliases(plan.nodes[static_cast<std::size_t>(parent)])) {
            defaults["columns.alias"] = node.name;
        }
        merge_annotations(node, defaults, metadata);
        // The numbers of a user stack mean something to a symbolizer only.
        if (parent >= 0 && plan.nodes[static_cast<std::size_t>(parent)].has_type("gadget_user_stack") &&
            metadata_annotation(metadata, node.path, "columns.hidden") != "false") {
            node.hidden = true;
        }
        node_of[i] = static_cast<int>(plan.nodes.size());
        plan.nodes.push_back(std::move(node));
    }
    return {};
}

Result<void> add_tail(Plan& plan, const model::DataSourceMetadata* metadata) {
    const auto name = plan.annotations.find("ebpf.rest.name");
    if (name == plan.annotations.end() || name->second.empty()) return {};
    if (plan.find(name->second) >= 0) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "annotation ebpf.rest.name: the struct has a field '" +
                                printable(name->second) + "' already"};
    }
    Node tail;
    tail.name = tail.path = name->second;
    tail.op = Op::tail;
    tail.added = true;
    if (const auto length = plan.annotations.find("ebpf.rest.len");
        length != plan.annotations.end() && !length->second.empty()) {
        const int found = plan.find(length->second);
        if (found < 0 || plan.nodes[static_cast<std::size_t>(found)].op != Op::u32) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "annotation ebpf.rest.len: '" + printable(length->second) +
                                    "' is not a 32-bit unsigned field of the struct"};
        }
        tail.offset = plan.nodes[static_cast<std::size_t>(found)].offset;
        tail.size = 4;
    }
    merge_annotations(tail, {}, metadata);
    plan.nodes.push_back(std::move(tail));
    return {};
}

LabelTable make_names(const NameTable& names) {
    LabelTable table;
    for (const auto& [id, name] : names)
        table.rows.push_back({id, Label(std::string_view(name).substr(0, 256))});
    table.sort();
    return table;
}

Result<void> finish_columns(Plan& plan) {
    for (Node& node : plan.nodes) {
        GADGET_TRY(read_column_style(node));
        if (!node.column.replace.empty() && plan.find(node.column.replace) < 0) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "field '" + printable(node.path) +
                                    "': annotation columns.replace names '" + printable(node.column.replace) +
                                    "', which is not a field"};
        }
    }
    // What is inside an unreferenced or skipped structure goes with it.
    for (Node& node : plan.nodes) {
        if (node.parent < 0) continue;
        const Node& parent = plan.nodes[static_cast<std::size_t>(node.parent)];
        node.unreferenced = node.unreferenced || parent.unreferenced;
        node.json_skip = node.json_skip || parent.json_skip;
    }
    for (const Node& node : plan.nodes) {
        if (node.unreferenced) continue;
        const auto description = node.annotations.find("description");
        plan.fields.push_back(
            {.path = node.path,
             .column = node.column.name,
             .type = value_type(node.op),
             .hidden = node.hidden || (node.op == Op::container && node.column.replace.empty()),
             .added = node.added,
             .description = description == node.annotations.end() ? "" : description->second});
    }
    return {};
}

}  // namespace

bool Node::has_type(std::string_view type) const {
    return std::find(type_names.begin(), type_names.end(), type) != type_names.end();
}

int Plan::find(std::string_view path) const {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].path == path) return static_cast<int>(i);
    }
    return -1;
}

int Plan::find_for_user(std::string_view wanted) const {
    const std::string lower = to_lower(wanted);
    int best = -1;
    int best_rank = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const Node& node = nodes[i];
        if (node.unreferenced) continue;
        const int rank = node.path == wanted                   ? 4
                         : node.column.name == wanted          ? 3
                         : to_lower(node.path) == lower        ? 2
                         : to_lower(node.column.name) == lower ? 1
                                                               : 0;
        if (rank > best_rank) {
            best = static_cast<int>(i);
            best_rank = rank;
        }
    }
    return best;
}

Label::Label(std::string_view text) : raw(text), json(json_escaped(text)), terminal(terminal_escaped(text)) {}

void LabelTable::sort() {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.value < b.value; });
    dense.clear();
    if (rows.empty() || rows.back().value > 4096 || rows.size() >= 65535) return;
    dense.assign(static_cast<std::size_t>(rows.back().value) + 1, 0);
    for (std::size_t i = rows.size(); i-- > 0;) {  // backwards: the first of equal values wins
        dense[static_cast<std::size_t>(rows[i].value)] = static_cast<std::uint16_t>(i + 1);
    }
}

const Label* LabelTable::find(std::uint64_t value) const {
    if (value < dense.size()) {
        const std::uint16_t index = dense[static_cast<std::size_t>(value)];
        return index > 0 ? &rows[index - 1U].label : nullptr;
    }
    const auto row =
        std::lower_bound(rows.begin(), rows.end(), value,
                         [](const LabelRow& a, std::uint64_t wanted) { return a.value < wanted; });
    return row != rows.end() && row->value == value ? &row->label : nullptr;
}

namespace {
std::size_t label_size(const Label& label) {
    return std::max({label.raw.size(), label.json.size(), label.terminal.size()});
}
}  // namespace

std::size_t LabelTable::longest() const {
    std::size_t longest = 0;
    for (const LabelRow& row : rows) longest = std::max(longest, label_size(row.label));
    return longest;
}

std::size_t LabelTable::total() const {
    std::size_t total = 0;
    for (const LabelRow& row : rows) total += label_size(row.label);
    return total;
}

bool is_text(Op op) {
    switch (op) {
        case Op::container:
        case Op::boolean:
        case Op::i8:
        case Op::i16:
        case Op::i32:
        case Op::i64:
        case Op::u8:
        case Op::u16:
        case Op::u32:
        case Op::u64:
        case Op::f32:
        case Op::f64:
        case Op::bits:
        case Op::array:
        case Op::wall_clock:
            return false;
        default:
            return true;
    }
}

ValueType value_type(Op op) {
    switch (op) {
        case Op::container:
            return ValueType::container;
        case Op::boolean:
            return ValueType::boolean;
        case Op::f32:
        case Op::f64:
            return ValueType::floating;
        case Op::array:
            return ValueType::list;
        case Op::bytes:
        case Op::tail:
            return ValueType::bytes;
        default:
            return is_text(op) ? ValueType::text : ValueType::integer;
    }
}

std::size_t max_text(const Plan& plan, const Node& node) {
    constexpr std::size_t kQuotes = 2;
    switch (node.op) {
        case Op::c_string:
        case Op::nul_separated:
        case Op::dns_name:
            return (std::size_t{node.size} + 1) * 6 + kQuotes;
        case Op::bytes:
            return std::size_t{node.size} * 2 + kQuotes;
        case Op::array:
            return (std::size_t{node.count} + 1) * 36;
        case Op::f32:
        case Op::f64:
            return 384;  // 1e308 with every digit and 20 places
        case Op::user:
            return std::max<std::size_t>(plan.tables[static_cast<std::size_t>(plan.users)].longest(), 16) + 2;
        case Op::group:
            return std::max<std::size_t>(plan.tables[static_cast<std::size_t>(plan.groups)].longest(), 16) +
                   2;
        case Op::enum_name:
            return std::max<std::size_t>(plan.tables[static_cast<std::size_t>(node.table)].longest(), 8) +
                   kQuotes;
        case Op::enum_set: {
            const LabelTable& table = plan.tables[static_cast<std::size_t>(node.table)];
            return table.total() + table.rows.size() * (node.separator.size() * 6) + 8 + kQuotes;
        }
        case Op::timestamp:
            return 64 + node.time_format.size() * 12;
        default:
            return 384;
    }
}

Result<std::shared_ptr<const Plan>> compile_plan(const SourceSpec& spec, Environment environment) {
    const auto fail = [&](const std::string& why) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "data source '" + printable(spec.name) + "': struct '" +
                                printable(spec.schema.struct_name) + "' " + why};
    };
    if (spec.schema.size > kMaxRecordSize) return fail("is larger than 1 MiB");
    if (spec.schema.fields.size() > kMaxFields) return fail("has more than 4096 fields");

    auto plan = std::make_shared<Plan>();
    plan->name = spec.name;
    plan->record_size = spec.schema.size;
    if (spec.metadata != nullptr) {
        for (const auto& [key, value] : spec.metadata->annotations) plan->annotations[to_lower(key)] = value;
    }
    plan->environment = std::move(environment);
    const std::string where = "in data source '" + printable(spec.name) + "'";
    if (plan->environment.users) {
        plan->users = static_cast<int>(plan->tables.size());
        plan->tables.push_back(make_names(*plan->environment.users));
    }
    if (plan->environment.groups) {
        plan->groups = static_cast<int>(plan->tables.size());
        plan->tables.push_back(make_names(*plan->environment.groups));
    }
    GADGET_TRY(add_members(*plan, spec.schema, spec.metadata).context(where));
    GADGET_TRY(add_tail(*plan, spec.metadata).context(where));
    GADGET_TRY(add_formatted_fields(*plan, spec.metadata).context(where));
    GADGET_TRY(finish_columns(*plan).context(where));
    return std::shared_ptr<const Plan>(std::move(plan));
}

}  // namespace gadget::events::detail
