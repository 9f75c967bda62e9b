// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as build.yaml.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gadget/model/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gadget;
    DiagnosticList findings;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)model::parse_build_config(text, "build.yaml", findings);
    return 0;
}
