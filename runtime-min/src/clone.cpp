// SPDX-License-Identifier: Apache-2.0
// A clone is loaded from the instructions that libbpf relocated for the original: map references in them are
// descriptors, so other maps are a matter of other numbers. Constants live in a map too (.rodata); a clone
// with its own values gets its own, frozen before the load so that the verifier takes the values as known.
#include <cerrno>

#include "kernel_error.h"
#include "libbpf_log.h"
#include "object.h"
#include "verifier_log.h"

namespace gadget::runtime {
namespace {

constexpr std::uint8_t kLoadImmediate = BPF_LD | BPF_IMM | BPF_DW;
constexpr std::size_t kLogSize = std::size_t{4} << 20;

bool is_map_reference(const bpf_insn& instruction) {
    return instruction.code == kLoadImmediate &&
           (instruction.src_reg == BPF_PSEUDO_MAP_FD || instruction.src_reg == BPF_PSEUDO_MAP_VALUE);
}

/// True when the program refers to the map.
bool replace_references(std::span<bpf_insn> instructions, int from, int to) {
    bool found = false;
    for (std::size_t i = 0; i < instructions.size(); ++i) {
        if (is_map_reference(instructions[i]) && instructions[i].imm == from) {
            instructions[i].imm = to;
            found = true;
        }
        if (instructions[i].code == kLoadImmediate) ++i;  // takes two slots
    }
    return found;
}

Result<UniqueFd> make_section(const std::string& section, const Bytes& content) {
    bpf_map_create_opts options{};
    options.sz = sizeof(options);
    options.map_flags = BPF_F_RDONLY_PROG;
    UniqueFd fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "clone.rodata", sizeof(std::uint32_t),
                               static_cast<__u32>(content.size()), 1, &options));
    const std::uint32_t key = 0;
    if (!fd || bpf_map_update_elem(fd.get(), &key, content.data(), BPF_ANY) != 0 ||
        bpf_map_freeze(fd.get()) != 0) {
        return errno_error(errno, "making a copy of section " + section);
    }
    return fd;
}

/// Constants in assembler symbols stand in the instructions; those of the program itself come first, in the
/// order of the object.
Result<void> replace_asm_constant(const Object& object, const Constant& constant,
                                  std::span<bpf_insn> instructions, const std::string& program) {
    for (const AsmUse& use : object.asm_uses().at(constant.name)) {
        if (use.program != program || use.index + 1 >= instructions.size() ||
            instructions[use.index].code != kLoadImmediate) {
            continue;
        }
        GADGET_TRY_ASSIGN(const std::uint64_t value, asm_value(constant, program, program));
        instructions[use.index].imm = static_cast<__s32>(value);
        instructions[use.index + 1].imm = static_cast<__s32>(value >> 32U);
    }
    return {};
}

Result<void> replace_constants(const Object& object, const CloneSpec& spec, std::span<bpf_insn> instructions,
                               Program& clone) {
    std::vector<Constant> variables;
    for (const Constant& constant : spec.constants) {
        if (object.asm_uses().contains(constant.name)) {
            GADGET_TRY(replace_asm_constant(object, constant, instructions, clone.name));
        } else {
            variables.push_back(constant);
        }
    }
    if (variables.empty()) return {};
    GADGET_TRY_ASSIGN(const auto sections, changed_sections(object.handle(), variables, clone.name));
    for (const auto& [section, content] : sections) {
        if (!section.starts_with(".rodata")) {
            return Error{ErrorCode::invalid_argument,
                         "a clone of '" + clone.name + "' shares " + section + " with its original"};
        }
        const bpf_map* const original = object.find_map(section);
        GADGET_TRY_ASSIGN(UniqueFd copy, make_section(section, content));
        (void)replace_references(instructions, bpf_map__fd(original),
                                 copy.get());  // unused constants are fine
        clone.clone_maps.push_back(std::move(copy));
    }
    return {};
}

Result<void> replace_maps(const Object& object, const CloneSpec& spec, std::span<bpf_insn> instructions) {
    for (const MapReplacement& replacement : spec.maps) {
        const bpf_map* const map = object.find_map(replacement.map);
        if (map == nullptr || !replace_references(instructions, bpf_map__fd(map), replacement.fd)) {
            return Error{ErrorCode::not_found, "program '" + spec.probe.id.program +
                                                   "' does not use a map '" + replacement.map + "'"};
        }
    }
    return {};
}

/// The kernel type behind a tracing or LSM program, 0 for others. Kernels before 5.17 do not tell; then it is
/// looked up anew, as for a clone that goes somewhere else.
Result<__u32> attach_type_id(Program& clone, const CloneSpec& spec, const bpf_prog_info& info) {
    const auto* const moved = std::get_if<KernelTarget>(&spec.probe.target);
    const bool needed = info.type == BPF_PROG_TYPE_TRACING || info.type == BPF_PROG_TYPE_LSM;
    if (moved != nullptr && (!needed || moved->name.empty() || moved->program_fd >= 0)) {
        return Error{ErrorCode::invalid_argument,
                     "a clone of '" + clone.name + "' has no such kernel target"};
    }
    if (moved == nullptr && (!needed || info.attach_btf_id != 0)) return info.attach_btf_id;
    if (moved != nullptr) clone.parsed->target = moved->name;
    const LogCapture capture;
    const std::string target = clone.parsed ? clone.parsed->target : std::string();
    const int id =
        libbpf_find_vmlinux_btf_id(target.c_str(), bpf_program__expected_attach_type(clone.handle));
    if (id <= 0) return Error{ErrorCode::not_found, "this kernel's BTF has no '" + target + "'"};
    return static_cast<__u32>(id);
}

}  // namespace

Result<Program> clone_program(const Object& object, const Program& original, const CloneSpec& spec,
                              std::string& log) {
    if (original.parsed && original.parsed->kind->attach == model::AttachKind::usdt) {
        return Error{ErrorCode::unsupported, "the USDT program '" + original.name + "' cannot be cloned"};
    }
    if (original.from_pin) {
        return Error{ErrorCode::unsupported,
                     "program '" + original.name + "' came from a pin: there is nothing to clone it from"};
    }
    Program clone;
    clone.name = original.name;
    clone.section = original.section;
    clone.parsed = original.parsed;
    clone.handle = original.handle;
    clone.wanted = true;
    const bpf_insn* const first = bpf_program__insns(original.handle);
    std::vector<bpf_insn> instructions(first, first + bpf_program__insn_cnt(original.handle));
    GADGET_TRY(replace_maps(object, spec, instructions));
    GADGET_TRY(replace_constants(object, spec, instructions, clone));

    bpf_prog_info info{};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(original.fd(), &info, &size) != 0)
        return errno_error(errno, "reading '" + original.name + "'");
    GADGET_TRY_ASSIGN(const __u32 attach_btf_id, attach_type_id(clone, spec, info));
    bpf_prog_load_opts options{};
    options.sz = sizeof(options);
    options.expected_attach_type = bpf_program__expected_attach_type(original.handle);
    options.prog_flags = bpf_program__flags(original.handle);
    options.attach_btf_id = attach_btf_id;
    const char* const license = info.gpl_compatible != 0 ? "GPL" : "Proprietary";
    const auto load = [&](__u32 log_level) {
        options.log_level = log_level;
        clone.clone.reset(bpf_prog_load(bpf_program__type(original.handle), original.name.c_str(), license,
                                        instructions.data(), instructions.size(), &options));
        return clone.clone.valid();
    };
    if (load(0)) return clone;
    std::vector<char> buffer(kLogSize);
    options.log_buf = buffer.data();
    options.log_size = static_cast<__u32>(buffer.size());
    if (load(1)) return clone;
    const int error = errno;
    log = buffer.data();
    return refusal_error({original.name, error, log}, original.parsed);
}

}  // namespace gadget::runtime
