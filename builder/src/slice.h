// SPDX-License-Identifier: Apache-2.0
// A kernel header (vmlinux.h as bpftool writes it) cut down to what a program can notice. Most of the time of
// compiling a gadget goes into a hundred thousand lines of which it uses a few hundred.
//
// In: the header and every identifier of the rest of the translation unit, after macro expansion. Out: the
// declarations of those names, and what these need in turn. A struct that is only pointed to becomes a
// forward declaration, unless the pointer's name is one of the identifiers: to look into a struct, a program
// has to name it or a member that leads to it. Where this reasoning fails, the compiler sees an incomplete or
// unknown type, which is an error and never a different program; the caller then compiles with the whole
// header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gadget::builder {

struct UsedNames;

class HeaderSlicer {
  public:
    /// Borrows `header`. nullopt when it is not in the form in which bpftool writes it.
    static std::optional<HeaderSlicer> parse(std::string_view header);

    /// Only the preprocessor directives: what macros and #if of other headers can notice.
    [[nodiscard]] std::string skeleton() const;
    /// The part that a program with these names needs.
    [[nodiscard]] std::string slice(const UsedNames& used) const;

  private:
    struct Chunk {
        std::string_view text;  // one declaration with its newline, or directives and blank lines
        bool directive = false;
    };
    class Selection;

    bool index_declaration(std::uint32_t chunk);
    void index_enumerators(std::uint32_t chunk, std::string_view body);

    std::vector<Chunk> chunks_;
    std::unordered_map<std::string_view, std::uint32_t> tags_;      // definitions of struct, union, enum
    std::unordered_map<std::string_view, std::uint32_t> ordinary_;  // typedefs, functions, enumerators
    std::unordered_map<std::string_view, std::uint32_t> forwards_;  // "struct x;"
};

}  // namespace gadget::builder
