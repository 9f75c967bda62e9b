// SPDX-License-Identifier: Apache-2.0
// Source positions of instructions, from .BTF.ext.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "btf_view.h"
#include "gadget/support/diagnostic.h"

namespace gadget::validator {

class LineInfo {
  public:
    /// `data` is a whole .BTF.ext section, `btf` must outlive the object.
    static Result<LineInfo> open(ByteSpan data, const BtfView& btf);
    LineInfo() = default;

    /// The first position at or after byte `begin` and before `end` of the section; file "" when there is
    /// none.
    [[nodiscard]] SourceRange first_in(std::string_view section, std::uint64_t begin,
                                       std::uint64_t end) const;

  private:
    struct Line {
        std::uint32_t instruction = 0;  ///< bytes from the start of the section
        std::uint32_t file = 0;         ///< offset of its name
        std::uint32_t position = 0;     ///< line << 10 | column
    };
    const BtfView* btf_ = nullptr;
    std::unordered_map<std::string_view, std::vector<Line>> by_section_;
};

}  // namespace gadget::validator
