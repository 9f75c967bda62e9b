// SPDX-License-Identifier: Apache-2.0
// The part of libbpf that relocates CO-RE accesses. bpftool uses it in the same way, but libbpf does not
// count it as its API: no header of the package declares it, and only the static archive has it. What follows
// is its binary interface, which is the same from libbpf 1.0 to 1.7. kKnownMinor and a test keep it from
// being used with another one.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>

struct btf;

namespace gadget::validator {

inline constexpr unsigned kKnownMajor = 1;
inline constexpr unsigned kKnownMinor = 7;  ///< the last one

/// A type of the kernel that could be the one that the object means.
struct CoreCandidate {
    const btf* types;
    std::uint32_t id;
};

struct CoreCandidates {
    CoreCandidate* items;
    int count;
};

inline constexpr int kCoreDepth = 64;

struct CoreAccessor {
    std::uint32_t type_id;
    std::uint32_t index;
    const char* name;  ///< of a member or enumerator; nullptr for an element of an array
};

/// How an access string ("0:1:2") reads: steps with names, and raw ones.
struct CoreSpec {
    const btf* types;
    CoreAccessor steps[kCoreDepth];
    std::uint32_t root_type_id;
    bpf_core_relo_kind kind;
    int step_count;
    int raw[kCoreDepth];
    int raw_count;
    std::uint32_t bit_offset;
};

struct CoreResult {
    std::uint64_t original;
    std::uint64_t value;
    bool poison;  ///< the kernel has nothing that fits: the instruction is made one that no verifier accepts
    bool validate;
    bool fail_memory_size;
    std::uint32_t original_size;
    std::uint32_t original_type;
    std::uint32_t new_size;
    std::uint32_t new_type;
};

/// What libbpf makes of an instruction that must not be reached: a call of this helper.
inline constexpr std::int32_t kPoisonedCall = 195896080;

extern "C" {
std::size_t bpf_core_essential_name_len(const char* name);
/// Works out what becomes of an instruction. `scratch` is three specs; the first is that of the object. The
/// type of the relocation must exist in `local`.
int bpf_core_calc_relo_insn(const char* program, const bpf_core_relo* relocation, int index, const btf* local,
                            CoreCandidates* candidates, CoreSpec* scratch, CoreResult* result);
/// Writes it into the instruction, and the one behind it when it is of two parts.
int bpf_core_patch_insn(const char* program, bpf_insn* instruction, int instruction_index,
                        const bpf_core_relo* relocation, int index, const CoreResult* result);
}

}  // namespace gadget::validator
