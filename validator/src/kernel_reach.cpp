// SPDX-License-Identifier: Apache-2.0
// Constant propagation over the paths that can be taken. Instruction set: Documentation/bpf/standardization/
// instruction-set.rst of Linux.
#include "kernel_reach.h"

#include <algorithm>
#include <optional>

namespace gadget::validator {
namespace {

constexpr std::uint8_t kLoadImmediate = BPF_LD | BPF_DW | BPF_IMM;
constexpr std::uint32_t kMaxFollowed = 1'000'000;  // instructions of one program, as the kernel

std::uint64_t sign_extend(std::int32_t number) {
    return static_cast<std::uint64_t>(std::int64_t{number});
}

// What a load of this size sees of a number; the machine is little-endian.
std::uint64_t cut(std::uint64_t number, std::uint8_t code) {
    switch (BPF_SIZE(code)) {
        case BPF_B:
            return number & 0xff;
        case BPF_H:
            return number & 0xffff;
        case BPF_W:
            return number & 0xffff'ffff;
        default:
            return number;
    }
}

template <class Word>
std::optional<Word> compute(std::uint8_t operation, Word a, Word b) {
    using Signed = std::make_signed_t<Word>;
    constexpr Word kMask = sizeof(Word) * 8 - 1;
    switch (operation) {
        case BPF_ADD:
            return static_cast<Word>(a + b);
        case BPF_SUB:
            return static_cast<Word>(a - b);
        case BPF_MUL:
            return static_cast<Word>(a * b);
        case BPF_OR:
            return a | b;
        case BPF_AND:
            return a & b;
        case BPF_XOR:
            return a ^ b;
        case BPF_LSH:
            return static_cast<Word>(a << (b & kMask));
        case BPF_RSH:
            return static_cast<Word>(a >> (b & kMask));
        case BPF_ARSH:
            return static_cast<Word>(static_cast<Signed>(a) >> (b & kMask));
        case BPF_NEG:
            return static_cast<Word>(Word{0} - a);
        case BPF_MOV:
            return b;
        default:
            return std::nullopt;  // divisions have signed variants in newer code, byte swaps are rare
    }
}

template <class Word>
std::optional<bool> compare(std::uint8_t operation, Word a, Word b) {
    using Signed = std::make_signed_t<Word>;
    const auto sa = static_cast<Signed>(a);
    const auto sb = static_cast<Signed>(b);
    switch (operation) {
        case BPF_JEQ:
            return a == b;
        case BPF_JNE:
            return a != b;
        case BPF_JGT:
            return a > b;
        case BPF_JGE:
            return a >= b;
        case BPF_JLT:
            return a < b;
        case BPF_JLE:
            return a <= b;
        case BPF_JSET:
            return (a & b) != 0;
        case BPF_JSGT:
            return sa > sb;
        case BPF_JSGE:
            return sa >= sb;
        case BPF_JSLT:
            return sa < sb;
        case BPF_JSLE:
            return sa <= sb;
        default:
            return std::nullopt;
    }
}

}  // namespace

Reach::Reach(const ObjectCode& object, const std::vector<std::vector<bpf_insn>>& code, const Absent& absent)
    : object_(object), code_(code), absent_(absent) {
    for (const auto& section : code_) index_.emplace_back(section.size(), -1);
}

Reach::Registers Reach::at_entry() {
    Registers registers;
    registers.fill(any());
    return registers;
}

void Reach::clear() {
    for (const auto& place : reached_) index_[place.section][place.instruction] = -1;
    reached_.clear();
    states_.clear();
}

void Reach::follow(std::uint32_t section, std::uint32_t instruction) {
    enter({section, instruction}, at_entry());
    while (!todo_.empty()) {
        const auto place = todo_.back();
        todo_.pop_back();
        step(place);
    }
}

// Joins `registers` into what is known at `place`, which is looked at again when that says something new.
void Reach::enter(Place place, const Registers& registers) {
    auto& index = index_[place.section][place.instruction];
    if (index < 0) {
        if (states_.size() >= kMaxFollowed) return;
        index = static_cast<std::int32_t>(states_.size());
        states_.push_back(registers);
        reached_.push_back(place);
        todo_.push_back(place);
        return;
    }
    auto& known = states_[static_cast<std::size_t>(index)];
    bool changed = false;
    for (std::size_t i = 0; i < kRegisters; ++i) {
        const bool same = known[i].kind == registers[i].kind && known[i].number == registers[i].number;
        if (same || known[i].kind == Value::Kind::any) continue;
        known[i] = any();
        changed = true;
    }
    if (changed) todo_.push_back(place);
}

void Reach::go(Place from, std::int64_t distance, const Registers& registers) {
    const auto target = std::int64_t{from.instruction} + distance;
    if (target < 0 || target >= static_cast<std::int64_t>(code_[from.section].size())) return;
    enter({from.section, static_cast<std::uint32_t>(target)}, registers);
}

void Reach::step(Place place) {
    const auto instruction = code_[place.section][place.instruction];
    auto registers = states_[static_cast<std::size_t>(index_[place.section][place.instruction])];
    if (instruction.dst_reg >= kRegisters || instruction.src_reg >= kRegisters) return;
    switch (BPF_CLASS(instruction.code)) {
        case BPF_LD:
            if (instruction.code == kLoadImmediate) return load_immediate(place, instruction, registers);
            for (std::size_t i = 0; i <= 5; ++i) registers[i] = any();
            break;
        case BPF_LDX: {
            const auto source = registers[instruction.src_reg];
            const bool known = source.kind == Value::Kind::address && instruction.off == 0 &&
                               BPF_MODE(instruction.code) == BPF_MEM;
            registers[instruction.dst_reg] = known ? constant(cut(source.number, instruction.code)) : any();
            break;
        }
        case BPF_STX:
            if (BPF_MODE(instruction.code) == BPF_ATOMIC) {
                registers[instruction.src_reg] = any();
                registers[0] = any();
            }
            break;
        case BPF_ALU:
        case BPF_ALU64: {
            auto& target = registers[instruction.dst_reg];
            const auto operand = BPF_SRC(instruction.code) == BPF_X ? registers[instruction.src_reg]
                                                                    : constant(sign_extend(instruction.imm));
            const auto operation = static_cast<std::uint8_t>(BPF_OP(instruction.code));
            const bool plain = instruction.off == 0;  // else a move or division that extends the sign
            const bool known = operand.kind == Value::Kind::constant &&
                               (operation == BPF_MOV || target.kind == Value::Kind::constant);
            std::optional<std::uint64_t> result;
            if (known && plain && BPF_CLASS(instruction.code) == BPF_ALU64)
                result = compute<std::uint64_t>(operation, target.number, operand.number);
            if (known && plain && BPF_CLASS(instruction.code) == BPF_ALU)
                result = compute<std::uint32_t>(operation, static_cast<std::uint32_t>(target.number),
                                                static_cast<std::uint32_t>(operand.number));
            const bool copy = plain && operation == BPF_MOV && BPF_CLASS(instruction.code) == BPF_ALU64 &&
                              operand.kind == Value::Kind::address;
            target = result ? constant(*result) : copy ? operand : any();
            break;
        }
        case BPF_JMP:
        case BPF_JMP32:
            return jump(place, instruction, registers);
        default:
            break;
    }
    go(place, 1, registers);
}

void Reach::load_immediate(Place place, const bpf_insn& instruction, Registers& registers) {
    const auto& code = code_[place.section];
    if (place.instruction + 1 >= code.size()) return;
    const auto& section = object_.sections[place.section];
    auto& target = registers[instruction.dst_reg];
    if (const auto* reference = section.reference(place.instruction)) {
        target = any();
        const auto index = static_cast<std::size_t>(reference - section.references.data());
        if (absent_[place.section][index]) target = constant(0);
        if (reference->kind == CodeReference::Kind::configuration) {
            const auto known = configuration_.find(reference->name);
            if (known != configuration_.end()) target = address_of(known->second);
        }
        // The address of a function is taken to call it back.
        if (reference->kind == CodeReference::Kind::code)
            enter({reference->section, reference->target}, at_entry());
    } else if (instruction.src_reg == 0) {
        const auto low = static_cast<std::uint32_t>(instruction.imm);
        const auto high = static_cast<std::uint32_t>(code[place.instruction + 1].imm);
        target = constant(std::uint64_t{high} << 32 | low);
    } else {
        target = any();
    }
    go(place, 2, registers);
}

void Reach::call(Place place, const bpf_insn& instruction, Registers& registers) {
    if (instruction.src_reg == BPF_PSEUDO_CALL) {
        Registers arguments = at_entry();
        for (std::size_t i = 1; i <= 5; ++i) arguments[i] = registers[i];
        const auto* reference = object_.sections[place.section].reference(place.instruction);
        if (reference == nullptr)
            go(place, std::int64_t{instruction.imm} + 1, arguments);
        else if (reference->kind == CodeReference::Kind::code)
            enter({reference->section, reference->target}, arguments);
    }
    for (std::size_t i = 0; i <= 5; ++i) registers[i] = any();
    go(place, 1, registers);
}

void Reach::jump(Place place, const bpf_insn& instruction, Registers& registers) {
    const auto operation = static_cast<std::uint8_t>(BPF_OP(instruction.code));
    const bool narrow = BPF_CLASS(instruction.code) == BPF_JMP32;
    if (operation == BPF_EXIT) return;
    if (operation == BPF_CALL) return call(place, instruction, registers);
    if (operation == BPF_JA)
        return go(place, std::int64_t{narrow ? instruction.imm : instruction.off} + 1, registers);
    const auto left = registers[instruction.dst_reg];
    const auto right = BPF_SRC(instruction.code) == BPF_X ? registers[instruction.src_reg]
                                                          : constant(sign_extend(instruction.imm));
    std::optional<bool> taken;
    if (left.kind == Value::Kind::constant && right.kind == Value::Kind::constant) {
        taken = narrow ? compare<std::uint32_t>(operation, static_cast<std::uint32_t>(left.number),
                                                static_cast<std::uint32_t>(right.number))
                       : compare<std::uint64_t>(operation, left.number, right.number);
    }
    if (!taken.has_value() || *taken) go(place, std::int64_t{instruction.off} + 1, registers);
    if (!taken.has_value() || !*taken) go(place, 1, registers);
}

}  // namespace gadget::validator
