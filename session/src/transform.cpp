// SPDX-License-Identifier: Apache-2.0
#include "transform.h"

#include <elf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "gadget/support/unique_fd.h"

namespace gadget::session {
namespace {

constexpr std::uint32_t kRingBufferProbeSize = 65536;  // a multiple of every page size

int bpf_call(bpf_cmd command, bpf_attr& attributes) {
    return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

bool has_ring_buffers() {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_RINGBUF;
    attributes.max_entries = kRingBufferProbeSize;
    const UniqueFd map(bpf_call(BPF_MAP_CREATE, attributes));
    return map.valid() || errno != EINVAL;
}

bool has_boot_clock() {
    const std::array<bpf_insn, 2> program{
        bpf_insn{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_boot_ns},
        bpf_insn{.code = BPF_JMP | BPF_EXIT}};
    static constexpr char kLicense[] = "GPL";
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_TRACEPOINT;
    attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
    attributes.insn_cnt = program.size();
    attributes.license = reinterpret_cast<std::uintptr_t>(kLicense);
    const UniqueFd loaded(bpf_call(BPF_PROG_LOAD, attributes));
    return loaded.valid() || errno != EINVAL;
}

template <class T>
bool read_at(const Bytes& bytes, std::uint64_t at, T& value) {
    if (at > bytes.size() || sizeof(T) > bytes.size() - at) return false;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return true;
}

std::size_t replace_in(Bytes& object, std::uint64_t begin, std::uint64_t size) {
    std::size_t replaced = 0;
    for (std::uint64_t at = begin; at + sizeof(bpf_insn) <= begin + size; at += sizeof(bpf_insn)) {
        bpf_insn instruction{};
        std::memcpy(&instruction, object.data() + at, sizeof instruction);
        const bool is_helper_call = instruction.code == (BPF_JMP | BPF_CALL) && instruction.src_reg == 0;
        if (!is_helper_call || instruction.imm != BPF_FUNC_ktime_get_boot_ns) continue;
        instruction = bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K};
        std::memcpy(object.data() + at, &instruction, sizeof instruction);
        ++replaced;
    }
    return replaced;
}

}  // namespace

KernelFeatures probe_kernel() {
    return {.ring_buffers = has_ring_buffers(), .boot_clock = has_boot_clock()};
}

std::size_t replace_boot_clock(Bytes& object) {
    Elf64_Ehdr header{};
    if (!read_at(object, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return 0;
    std::size_t replaced = 0;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        Elf64_Shdr section{};
        if (!read_at(object, header.e_shoff + std::uint64_t{i} * sizeof section, section)) break;
        const bool is_code = section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0;
        const bool inside =
            section.sh_offset <= object.size() && section.sh_size <= object.size() - section.sh_offset;
        if (is_code && inside) replaced += replace_in(object, section.sh_offset, section.sh_size);
    }
    return replaced;
}

}  // namespace gadget::session
