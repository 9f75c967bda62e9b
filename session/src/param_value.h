// SPDX-License-Identifier: Apache-2.0
// The type of a parameter in words, and its initial value as text.
#pragma once

#include <string>

#include "gadget/model/object_facts.h"

namespace gadget::session {

/// "uint32", "bool", "string (at most 15 bytes)"; empty for types that no flag can set.
[[nodiscard]] std::string param_type_name(const model::Field& field);

/// The value that the compiled object holds, also for those that Inspektor Gadget loses (strings, floats).
[[nodiscard]] std::string initial_text(const model::VariableFacts& variable);

}  // namespace gadget::session
