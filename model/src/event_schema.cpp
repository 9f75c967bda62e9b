// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/event_schema.h"

#include <algorithm>

namespace gadget::model {

std::string_view to_string(FieldKind kind) {
    switch (kind) {
        case FieldKind::structure:
            return "struct";
        case FieldKind::boolean:
            return "bool";
        case FieldKind::signed_int:
            return "int";
        case FieldKind::unsigned_int:
            return "uint";
        case FieldKind::floating:
            return "float";
        case FieldKind::c_string:
            return "string";
        case FieldKind::bytes:
            return "bytes";
    }
    return "bytes";
}

bool Field::has_type(std::string_view type) const {
    return std::find(type_names.begin(), type_names.end(), type) != type_names.end();
}

const Field* EventSchema::find(std::string_view path) const {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.path == path; });
    return found == fields.end() ? nullptr : &*found;
}

}  // namespace gadget::model
