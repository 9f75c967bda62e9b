// SPDX-License-Identifier: Apache-2.0
// What an eBPF object means, as lines of text that compare: type ids and string offsets resolved, order of
// types gone.
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace gadget::builder::testing {

struct ObjectSummary {
    bool valid = false;
    std::vector<std::string> sections;  ///< name, type, flags, size, content (not of BTF and symbol tables)
    std::vector<std::string> relocations;   ///< section, offset, type, symbol
    std::vector<std::string> core_records;  ///< section, instruction, kind, root type, access path
    std::vector<std::string> functions;     ///< section, instruction, name
    /// Section, instruction, file name, line, column. Without those of column 0: places that the optimiser
    /// makes up when it merges instructions, more of them when DWARF is wanted.
    std::vector<std::string> lines;
    std::multiset<std::string> types;  ///< kind and name of each named type; struct members with offsets
};

ObjectSummary summarize(std::span<const std::byte> object);

/// The first difference of two lists as text, empty when they are the same.
std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b);
/// Elements of `part` that are not in `whole`, at most ten.
std::vector<std::string> missing_from(const std::multiset<std::string>& whole,
                                      const std::multiset<std::string>& part);

}  // namespace gadget::builder::testing
