// SPDX-License-Identifier: Apache-2.0
// The code of an object as a loader sees it: instructions, what their relocations refer to, and the CO-RE
// relocations.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "elf_view.h"
#include "gadget/model/object_facts.h"
#include "kernel_types.h"
#include "line_info.h"

namespace gadget::validator {

/// What the relocation of an instruction refers to.
struct CodeReference {
    enum class Kind : std::uint8_t { other, code, kernel_function, kernel_variable, configuration };
    Kind kind = Kind::other;
    std::uint32_t instruction = 0;
    std::uint32_t section = 0;  ///< for `code`: index in ObjectCode::sections
    std::uint32_t target = 0;   ///< for `code`: instruction there
    std::string name;           ///< of a symbol of the kernel
    bool weak = false;          ///< may be missing
    bool typed = false;         ///< a variable that has to be in BTF
};

struct CodeSection {
    std::string name;
    std::uint32_t elf_index = 0;
    std::vector<bpf_insn> code;
    std::vector<CodeReference> references;   ///< by instruction
    std::vector<bpf_core_relo> relocations;  ///< in the order of the object

    [[nodiscard]] const CodeReference* reference(std::uint32_t instruction) const;
};

struct ProgramCode {
    std::string name;
    std::uint32_t section = 0;  ///< index in ObjectCode::sections
    std::uint32_t first = 0;    ///< instruction
    std::uint32_t end = 0;
};

struct ObjectCode {
    std::vector<CodeSection> sections;
    std::vector<ProgramCode> programs;  ///< in the order of the facts
    BtfPtr types;                       ///< nullptr when the object has no BTF
    LineInfo lines;                     ///< refers to `view`
    std::unique_ptr<BtfView> view;
    std::size_t instruction_count = 0;

    [[nodiscard]] SourceRange source(const CodeSection& section, std::uint32_t instruction) const;
};

/// `object` must outlive the result. `facts` are those of the same object.
Result<ObjectCode> read_code(ByteSpan object, const model::ObjectFacts& facts);

}  // namespace gadget::validator
