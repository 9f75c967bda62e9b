// SPDX-License-Identifier: Apache-2.0
// libFuzzer: executables and libraries from strangers, their notes, and the arguments of their probes.
#include "gadget/validator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gadget;
    const auto bytes = std::as_bytes(std::span(data, size));
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    for (const auto arch : model::kAllArchs) (void)validator::usdt_argument_problem(text.substr(0, 64), arch);
    const auto target = validator::read_target(bytes, "/fuzz");
    if (!target) return 0;
    model::ObjectFacts facts{.object = "fuzz"};
    for (const auto* section : {"uprobe//fuzz:main", "usdt//fuzz:a:b", "usdt/fuzz:sample:request"})
        facts.programs.push_back({.name = "p", .section = section, .parsed = model::parse_section(section)});
    DiagnosticList findings;
    validator::check_target(facts, *target, findings);
    return 0;
}
