// SPDX-License-Identifier: Apache-2.0
// ${name} in scenarios: values that are only known when the test runs, such as the pid of a stimulus process.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::testkit {

using Variables = std::map<std::string, std::string>;

/// `text` with every ${name} replaced; "$${" gives "${". `rejected_input` for an unknown name or a missing
/// brace.
Result<std::string> substitute(std::string_view text, const Variables& variables);

}  // namespace gadget::testkit
