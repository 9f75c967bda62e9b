// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as an object, with all rules on what it turns out to hold. Begin with the
// compiled test objects as corpus: fuzz_inspect corpus/ build/<preset>/validator/golden/*/
#include <cstddef>
#include <cstdint>
#include <span>

#include "gadget/validator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gadget;
    const auto facts = validator::inspect(std::as_bytes(std::span(data, size)), {});
    if (!facts) return 0;
    DiagnosticList findings;
    validator::validate(*facts, nullptr, {}, findings);
    validator::compare(*facts, *facts, findings);
    return 0;
}
