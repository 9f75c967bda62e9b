// SPDX-License-Identifier: Apache-2.0
// The bytes of an object before libbpf sees them. Two things are done here that libbpf has no call for:
//   constants in assembler symbols  `asm("%0 = name ll" : "=r"(value))` refers to an undefined symbol, which
//   libbpf
//                                   takes for a missing kernel symbol; the value goes into the instruction
//                                   instead
//   instruction patchers            callbacks that change a program's instructions
// Bytes that need neither are passed on as they are, without a copy.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gadget/runtime/spec.h"
#include "gadget/support/result.h"

namespace gadget::runtime {

/// One `rN = name ll`.
struct AsmUse {
    std::string program;       ///< function that holds the instruction
    std::size_t index = 0;     ///< of the instruction in that function
    std::size_t position = 0;  ///< in the bytes
};
using AsmUses = std::map<std::string, std::vector<AsmUse>>;

class ObjectImage {
  public:
    /// Finds the constants in assembler symbols and frees libbpf from them. Bytes that are not an ELF object
    /// for eBPF are left to libbpf, which refuses them. `bytes` must outlive the image.
    static ObjectImage open(std::span<const std::byte> bytes);

    [[nodiscard]] std::span<const std::byte> bytes() const { return copy_ ? *copy_ : original_; }
    [[nodiscard]] bool changed() const { return copy_.has_value(); }
    [[nodiscard]] const AsmUses& asm_uses() const { return uses_; }

    /// Writes the constants that name assembler symbols and are not for certain probes only.
    Result<void> set_constants(std::span<const Constant> constants, const std::string& object);
    /// Calls every patcher with every function.
    Result<void> patch(std::span<const InstructionPatcher> patchers);

  private:
    explicit ObjectImage(std::span<const std::byte> bytes) : original_(bytes) {}
    Bytes& writable();

    std::span<const std::byte> original_;
    std::optional<Bytes> copy_;
    AsmUses uses_;
};

/// The 64-bit value of a constant for an assembler symbol in `program`.
Result<std::uint64_t> asm_value(const Constant& constant, const std::string& program,
                                const std::string& object);

}  // namespace gadget::runtime
