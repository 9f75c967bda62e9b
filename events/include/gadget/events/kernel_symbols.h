// SPDX-License-Identifier: Apache-2.0
// Names of kernel addresses, for stacks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gadget::events {

class KernelSymbols {
  public:
    /// The functions in the text of /proc/kallsyms ("address type name [module]"). Lines of another form are
    /// ignored. Without the privilege to see addresses the kernel shows them all as 0: then the table is
    /// empty.
    static KernelSymbols parse(std::string_view text);

    [[nodiscard]] bool empty() const { return starts_.empty(); }
    /// The function that `address` is in: the last one that starts at or before it.
    [[nodiscard]] std::optional<std::string_view> find(std::uint64_t address) const;
    /// Appends "name; name; ", innermost first, up to the first address of 0; addresses without a name in
    /// hexadecimal.
    void append_stack(std::span<const std::uint64_t> addresses, std::string& out) const;

  private:
    struct Name {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };
    std::vector<std::uint64_t> starts_;  // sorted
    std::vector<Name> names_;            // in the same order
    std::string text_;
};

}  // namespace gadget::events
