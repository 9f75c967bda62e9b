// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/text.h"
#include "rules.h"

namespace gadget::validator {
namespace {

struct AbiStruct {
    std::string_view name;
    std::uint32_t size;
};

// Structs of gadget/types.h that userspace takes apart by their known layout.
constexpr AbiStruct kStructs[] = {
    {"gadget_ip_addr_t", 16}, {"gadget_l3endpoint_t", 32}, {"gadget_l4endpoint_t", 32}, {"gadget_creds", 8},
    {"gadget_parent", 24},    {"gadget_process", 64},      {"gadget_user_stack", 72},
};

}  // namespace

void check_abi_struct_size(const Input& input, Reporter& report) {
    for (const auto& [name, schema] : input.facts.structs) {
        for (const auto& field : schema.fields) {
            if (field.is_array || field.type_names.empty()) continue;
            for (const auto& known : kStructs) {
                if (field.type_names.back() != known.name || field.element_size == known.size) continue;
                report.about_symbol("field " + quoted(field.path) + " of 'struct " + printable(name) + "': " +
                                        quoted(known.name) + " has " + std::to_string(field.element_size) +
                                        " bytes, userspace expects " + std::to_string(known.size),
                                    name, "take the type from <gadget/types.h>");
            }
        }
    }
}

}  // namespace gadget::validator
