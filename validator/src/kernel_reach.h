// SPDX-License-Identifier: Apache-2.0
// Which instructions of a program can run on a kernel. Code that asks whether a field, a helper or a function
// exists and acts on the answer holds instructions that some kernels must never see; the verifier leaves them
// out because it follows constants, so the same is done here.
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernel_code.h"

namespace gadget::validator {

class Reach {
  public:
    /// `code` is the code of each section after relocation, in the order of `object.sections`. `absent` tells
    /// whether the kernel lacks a weak symbol, whose address then is 0. All must outlive the object.
    using Absent = std::vector<std::vector<bool>>;  ///< [section][reference]
    Reach(const ObjectCode& object, const std::vector<std::vector<bpf_insn>>& code, const Absent& absent);

    /// What variables of the section ".kconfig" hold, by name; those that are not known are left out.
    using Configuration = std::map<std::string, std::uint64_t, std::less<>>;
    void use(Configuration configuration) { configuration_ = std::move(configuration); }

    /// Adds what can be reached from an instruction of a section.
    void follow(std::uint32_t section, std::uint32_t instruction);
    /// Forgets what was reached, for the next program.
    void clear();

    struct Place {
        std::uint32_t section = 0;
        std::uint32_t instruction = 0;
    };
    /// What was reached, without order.
    [[nodiscard]] const std::vector<Place>& reached() const { return reached_; }

  private:
    /// What a register can hold: nothing yet, one number, the address of one number, or anything.
    struct Value {
        enum class Kind : std::uint8_t { none, constant, address, any };
        Kind kind = Kind::none;
        std::uint64_t number = 0;
    };
    static constexpr std::size_t kRegisters = 11;
    using Registers = std::array<Value, kRegisters>;
    static Value constant(std::uint64_t number) { return {Value::Kind::constant, number}; }
    static Value address_of(std::uint64_t number) { return {Value::Kind::address, number}; }
    static Value any() { return {Value::Kind::any, 0}; }
    static Registers at_entry();

    void enter(Place place, const Registers& registers);
    void step(Place place);
    void go(Place from, std::int64_t distance, const Registers& registers);
    void call(Place place, const bpf_insn& instruction, Registers& registers);
    void jump(Place place, const bpf_insn& instruction, Registers& registers);
    void load_immediate(Place place, const bpf_insn& instruction, Registers& registers);

    const ObjectCode& object_;
    const std::vector<std::vector<bpf_insn>>& code_;
    const Absent& absent_;
    Configuration configuration_;
    std::vector<std::vector<std::int32_t>> index_;  ///< of each instruction in states_; -1: not reached
    std::vector<Registers> states_;
    std::vector<Place> reached_;
    std::vector<Place> todo_;
};

}  // namespace gadget::validator
