// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as gadget.yaml, with all rules on it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gadget/validator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gadget;
    DiagnosticList findings;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto manifest = model::parse_manifest(text, "gadget.yaml", findings);
    if (!manifest) return 0;
    validator::validate({}, &*manifest, {}, findings);
    return 0;
}
