// SPDX-License-Identifier: Apache-2.0
#include "row_layout.h"

#include <algorithm>
#include <cstring>

#include "gadget/support/text.h"

namespace gadget::session {
namespace {

std::uint32_t size_of(const FieldSpec& spec) {
    switch (spec.type) {
        case FieldSpec::Type::text:
            return spec.text_size;
        case FieldSpec::Type::u32:
        case FieldSpec::Type::i32:
            return 4;
        case FieldSpec::Type::u64:
        case FieldSpec::Type::f64:
            return 8;
    }
    return 8;
}

model::FieldKind kind_of(FieldSpec::Type type) {
    switch (type) {
        case FieldSpec::Type::text:
            return model::FieldKind::c_string;
        case FieldSpec::Type::i32:
            return model::FieldKind::signed_int;
        case FieldSpec::Type::f64:
            return model::FieldKind::floating;
        case FieldSpec::Type::u32:
        case FieldSpec::Type::u64:
            break;
    }
    return model::FieldKind::unsigned_int;
}

/// The names by which a user may ask for the field.
bool is_meant(const FieldSpec& spec, const std::string& wanted) {
    std::string_view bare = spec.name;
    if (bare.ends_with("_raw")) bare.remove_suffix(4);
    return wanted == spec.name || wanted == bare || (!spec.shown_as.empty() && wanted == spec.shown_as);
}

}  // namespace

Result<RowLayout> RowLayout::create(const std::string& source, std::span<const FieldSpec> fields,
                                    const std::vector<std::string>& wanted) {
    for (const auto& name : wanted) {
        if (std::any_of(fields.begin(), fields.end(), [&](const auto& spec) { return is_meant(spec, name); }))
            continue;
        std::vector<std::string> known;
        for (const auto& spec : fields) known.emplace_back(spec.name);
        return Error{.code = ErrorCode::rejected_input,
                     .message = "data source '" + source + "' has no field '" + printable(name) + "'",
                     .hint = did_you_mean(name, known)};
    }
    RowLayout layout;
    layout.schema_.struct_name = source;
    for (const auto& spec : fields) {
        const bool meant =
            std::any_of(wanted.begin(), wanted.end(), [&](const auto& name) { return is_meant(spec, name); });
        if (wanted.empty() || meant) layout.add(spec);
    }
    return layout;
}

void RowLayout::add(const FieldSpec& spec) {
    model::Field field;
    field.name = spec.name;
    field.path = spec.name;
    field.kind = kind_of(spec.type);
    field.size = size_of(spec);
    field.offset = schema_.size;
    field.element_size = spec.type == FieldSpec::Type::text ? 1 : field.size;
    if (!spec.gadget_type.empty()) field.type_names.emplace_back(spec.gadget_type);
    schema_.size += (field.size + 7) / 8 * 8;
    schema_.fields.push_back(std::move(field));

    auto& annotations = metadata_.fields[std::string(spec.name)].annotations;
    if (!spec.description.empty()) annotations["description"] = spec.description;
    if (spec.hidden) annotations["columns.hidden"] = "true";
    if (spec.type == FieldSpec::Type::f64) annotations["columns.precision"] = "2";
    if (spec.type != FieldSpec::Type::text && spec.gadget_type.empty()) {
        annotations["columns.alignment"] = "right";
        annotations["columns.minwidth"] = std::to_string(std::max<std::size_t>(7, spec.name.size()));
        annotations["columns.width"] = annotations["columns.minwidth"];
    }
    if (!spec.shown_as.empty() && spec.gadget_type.starts_with("gadget_"))
        annotations["formatters." + std::string(spec.gadget_type.substr(7)) + ".target"] = spec.shown_as;
}

const model::Field* RowLayout::find(std::string_view name) const {
    for (const auto& field : schema_.fields) {
        if (field.name == name) return &field;
    }
    return nullptr;
}

void RowLayout::begin(Bytes& rows) {
    rows_ = &rows;
    row_ = rows.size();
    rows.resize(rows.size() + schema_.size);
}

void RowLayout::set(std::string_view name, std::uint64_t value) {
    if (const auto* field = find(name); field != nullptr)
        std::memcpy(rows_->data() + row_ + field->offset, &value, std::min<std::size_t>(field->size, 8));
}

void RowLayout::set_float(std::string_view name, double value) {
    if (const auto* field = find(name); field != nullptr)
        std::memcpy(rows_->data() + row_ + field->offset, &value, sizeof value);
}

void RowLayout::set_text(std::string_view name, std::string_view value) {
    if (const auto* field = find(name); field != nullptr && field->size > 0)
        std::memcpy(rows_->data() + row_ + field->offset, value.data(),
                    std::min<std::size_t>(field->size - 1, value.size()));
}

}  // namespace gadget::session
