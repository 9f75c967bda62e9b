// SPDX-License-Identifier: Apache-2.0
// Changes functions of an eBPF object before it is loaded.
#pragma once

#include <linux/bpf.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::session {

/// Names of the functions that begin with `prefix`, sorted; none for what is no object.
std::vector<std::string> functions_with_prefix(const Bytes& object, std::string_view prefix);

/// Gives a function another body with the same arguments. The old one becomes a call of the new one, which
/// stands behind everything else of its section: so nothing else has to move. `rejected_input` when the
/// object has no such function, or it is too short for a call.
Result<void> replace_function(Bytes& object, const std::string& name, std::span<const bpf_insn> body);

}  // namespace gadget::session
