// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gadget/model/event_schema.h"

namespace gadget::session {

using EnumTable = std::map<std::string, std::vector<model::Enumerator>>;

/// The enumerators of the enums in `wanted` that `btf`, the bytes of a whole BTF section, defines. Enums that
/// it lacks are left out, and so is everything when it does not follow its format. Format:
/// Documentation/bpf/btf.rst of Linux.
[[nodiscard]] EnumTable find_enums(std::span<const std::byte> btf, const std::set<std::string>& wanted);

}  // namespace gadget::session
