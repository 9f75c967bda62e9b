// SPDX-License-Identifier: Apache-2.0
// object_diff A B: do two objects mean the same? For measurements over many programs. Exit status 1 = they
// differ.
#include <cstdio>

#include "gadget/support/files.h"
#include "object_summary.h"

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const auto a = gadget::read_file(argv[1]);
    const auto b = gadget::read_file(argv[2]);
    if (!a || !b) return 2;
    using namespace gadget::builder::testing;
    const ObjectSummary left = summarize(*a);
    const ObjectSummary right = summarize(*b);
    if (!left.valid || !right.valid) return std::puts("not an object with BTF"), 1;
    int differences = 0;
    const auto compare = [&](const char* what, const auto& x, const auto& y) {
        const std::string difference = first_difference(x, y);
        if (difference.empty()) return;
        ++differences;
        std::printf("%s: %s\n", what, difference.c_str());
    };
    compare("sections", left.sections, right.sections);
    compare("relocations", left.relocations, right.relocations);
    compare("CO-RE records", left.core_records, right.core_records);
    compare("functions", left.functions, right.functions);
    compare("lines", left.lines, right.lines);
    std::printf("types only in A: %zu, only in B: %zu, all: %zu and %zu\n",
                missing_from(right.types, left.types).size(), missing_from(left.types, right.types).size(),
                left.types.size(), right.types.size());
    return differences == 0 ? 0 : 1;
}
