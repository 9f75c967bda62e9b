// SPDX-License-Identifier: Apache-2.0
#include <linux/btf.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "kernel_attach.h"
#include "kernel_code.h"
#include "kernel_reach.h"
#include "rule.h"

namespace gadget::validator {
namespace {

std::string type_name(const BtfView& types, TypeId id) {
    const auto type = types.type(id);
    return quoted(type.kind == BTF_KIND_TYPEDEF ? std::string(type.name) : types.c_name(id));
}

// "member 'mm.pgd'" of the object's own spec: the names on the way.
std::string path_of(const CoreSpec& spec) {
    std::string path;
    for (int i = 0; i < spec.step_count && i < kCoreDepth; ++i) {
        const char* name = spec.steps[i].name;
        if (name == nullptr) continue;
        if (!path.empty()) path += '.';
        path += name;
    }
    return path;
}

// "6.12.117-amd64" -> 0x060c
std::optional<std::uint64_t> version_of(const std::string& release) {
    unsigned numbers[2] = {};
    const char* at = release.data();
    const char* const end = at + release.size();
    for (auto& number : numbers) {
        const auto parsed = std::from_chars(at, end, number);
        if (parsed.ec != std::errc{} || number > 255) return std::nullopt;
        at = parsed.ptr == end ? end : parsed.ptr + 1;
    }
    return std::uint64_t{numbers[0]} << 8 | numbers[1];
}

/// A relocation that the kernel has nothing for.
struct Unresolved {
    std::uint32_t section = 0;
    std::uint32_t instruction = 0;
    std::string message;
};

class ObjectCheck {
  public:
    ObjectCheck(const ObjectCode& object, const model::ObjectFacts& facts, const KernelView& kernel)
        : object_(object), facts_(facts), kernel_(kernel) {}

    Result<KernelRow> run() {
        KernelRow row{.kernel = kernel_.facts.name(), .release = kernel_.facts.release};
        check_maps(row);
        GADGET_TRY(relocate(row));
        find_absent();
        Reach reach(object_, code_, absent_);
        for (std::size_t i = 0; i < facts_.programs.size(); ++i) {
            const auto& program = facts_.programs[i];
            if (!program.parsed) continue;
            KernelCell cell{.program = program.name, .reasons = {}};
            if (program.parsed->target != kDisabledTarget)
                check_attach(*program.parsed, kernel_, cell.reasons);
            check_code(reachable(reach, object_.programs[i]), cell.reasons);
            if (program.parsed->optional) soften(cell.reasons);
            row.programs.push_back(std::move(cell));
        }
        return row;
    }

  private:
    // What libbpf writes into ".kconfig" without the kernel's configuration: what it finds out by trying.
    [[nodiscard]] Reach::Configuration configuration(unsigned patch) const {
        Reach::Configuration values;
        if (const auto version = version_of(kernel_.facts.release))
            values["LINUX_KERNEL_VERSION"] = *version << 8 | patch;
        if (!kernel_.helpers.values.empty())
            values["LINUX_HAS_BPF_COOKIE"] =
                kernel_.helpers.values.contains(BPF_FUNC_get_attach_cookie) ? 1 : 0;
        const bool amd64 = kernel_.facts.arch == model::Arch::amd64;
        if (!kernel_.facts.symbols.empty())
            values["LINUX_HAS_SYSCALL_WRAPPER"] =
                kernel_.facts.symbols.has_function(amd64 ? "__x64_sys_bpf" : "__arm64_sys_bpf") ? 1 : 0;
        return values;
    }

    // Distributions do not tell the third part of the version in the release, so code for the first and for
    // the last one counts.
    std::vector<Reach::Place> reachable(Reach& reach, const ProgramCode& program) const {
        constexpr unsigned kLastPatch = 255;
        std::vector<Reach::Place> places;
        for (const unsigned patch : {0U, kLastPatch}) {
            reach.clear();
            reach.use(configuration(patch));
            reach.follow(program.section, program.first);
            places.insert(places.end(), reach.reached().begin(), reach.reached().end());
            if (!asks_version_) break;
        }
        return places;
    }

    // A program of a section "?..." is only loaded when somebody asks for it.
    static void soften(std::vector<KernelReason>& reasons) {
        for (auto& reason : reasons) {
            if (reason.verdict != KernelVerdict::fails) continue;
            reason.verdict = KernelVerdict::unknown;
            reason.id.clear();
            reason.message += "; the program is optional and may not be asked for";
        }
    }

    void check_maps(KernelRow& row) const {
        if (kernel_.map_types.values.empty()) return;
        for (const auto& map : facts_.maps) {
            if (kernel_.map_types.values.contains(map.type)) continue;
            row.object.push_back(fails("kernel-map-type", "the kernel has no maps of the type of " +
                                                              quoted(map.name) + ": " + map.type_name));
        }
    }

    // Patches a copy of the code as libbpf does before it loads an object.
    Result<void> relocate(KernelRow& row) {
        bool needed = false;
        for (const auto& section : object_.sections) {
            code_.push_back(section.code);
            needed = needed || !section.relocations.empty();
        }
        if (!needed) return {};
        if (!kernel_.types.known()) {
            row.object.push_back(fails(
                "kernel-no-btf", "the kernel has no BTF, so accesses to its structures cannot be relocated",
                "choose a kernel with CONFIG_DEBUG_INFO_BTF"));
            return {};
        }
        for (std::uint32_t i = 0; i < object_.sections.size(); ++i) {
            for (const auto& relocation : object_.sections[i].relocations)
                GADGET_TRY(relocate(i, relocation, row));
        }
        return {};
    }

    Result<void> relocate(std::uint32_t section, const bpf_core_relo& relocation, KernelRow& row) {
        CoreCandidates none{nullptr, 0};
        CoreCandidates* candidates = &none;
        if (relocation.kind != BPF_CORE_TYPE_ID_LOCAL) {
            GADGET_TRY_ASSIGN(candidates, kernel_.types.candidates(object_.types.get(), relocation.type_id));
        }
        CoreCandidate own{.types = object_.types.get(), .id = relocation.type_id};
        CoreCandidates given{.items = &own, .count = 1};
        if (candidates->count == 0 && is_given_by_runtime(relocation.type_id)) candidates = &given;
        std::array<CoreSpec, 3> scratch{};
        CoreResult result{};
        const auto& name = object_.sections[section].name;
        const auto instruction = relocation.insn_off / static_cast<std::uint32_t>(sizeof(bpf_insn));
        int error = bpf_core_calc_relo_insn(name.c_str(), &relocation, 0, object_.types.get(), candidates,
                                            scratch.data(), &result);
        if (error == 0)
            error = bpf_core_patch_insn(name.c_str(), &code_[section][instruction],
                                        static_cast<int>(instruction), &relocation, 0, &result);
        if (error != 0) {
            // libbpf gives the whole object up.
            auto reason = fails("kernel-core-relocation", "an access to " +
                                                              type_name(*object_.view, relocation.type_id) +
                                                              " cannot be relocated: " + errno_text(error));
            reason.source = object_.source(object_.sections[section], instruction);
            row.object.push_back(std::move(reason));
            return {};
        }
        if (result.poison || code_[section][instruction].imm == kPoisonedCall)
            unresolved_.push_back({section, instruction, explain(relocation, *candidates, scratch[0])});
        return {};
    }

    // Whoever runs gadgets adds this type to those of the kernel, with all members at most.
    [[nodiscard]] bool is_given_by_runtime(TypeId id) const {
        return object_.view->type(id).name == "gadget_socket_value";
    }

    std::string explain(const bpf_core_relo& relocation, const CoreCandidates& candidates,
                        const CoreSpec& spec) const {
        const auto type = type_name(*object_.view, relocation.type_id);
        if (candidates.count == 0) return "the kernel has no type " + type;
        const auto path = path_of(spec);
        switch (relocation.kind) {
            case BPF_CORE_ENUMVAL_EXISTS:
            case BPF_CORE_ENUMVAL_VALUE:
                return type + " of the kernel has no value " + quoted(path);
            case BPF_CORE_TYPE_ID_LOCAL:
            case BPF_CORE_TYPE_ID_TARGET:
            case BPF_CORE_TYPE_EXISTS:
            case BPF_CORE_TYPE_SIZE:
            case BPF_CORE_TYPE_MATCHES:
                return "the kernel has no type " + type + " of the same kind";
            default:
                return type + " of the kernel has no member " + quoted(path) + " that fits";
        }
    }

    void find_absent() {
        for (const auto& section : object_.sections) {
            auto& absent = absent_.emplace_back(section.references.size(), false);
            for (std::size_t i = 0; i < section.references.size(); ++i) {
                absent[i] = section.references[i].weak && is_missing(section.references[i]);
                asks_version_ = asks_version_ || section.references[i].name == "LINUX_KERNEL_VERSION";
            }
        }
    }

    [[nodiscard]] bool is_missing(const CodeReference& reference) const {
        if (reference.kind == CodeReference::Kind::kernel_function)
            return kernel_.types.known() && !(kernel_.types.has(reference.name, BTF_KIND_FUNC) &&
                                              kernel_.types.is_kfunc(reference.name));
        if (reference.kind != CodeReference::Kind::kernel_variable) return false;
        if (reference.typed) return kernel_.types.known() && !kernel_.types.has(reference.name, BTF_KIND_VAR);
        return !kernel_.facts.symbols.empty() && !kernel_.facts.symbols.has(reference.name);
    }

    void check_code(std::vector<Reach::Place> places, std::vector<KernelReason>& reasons) const {
        std::sort(places.begin(), places.end(), [](const Reach::Place& a, const Reach::Place& b) {
            return a.section != b.section ? a.section < b.section : a.instruction < b.instruction;
        });
        for (const auto& place : places) {
            const auto& section = object_.sections[place.section];
            const auto& instruction = code_[place.section][place.instruction];
            if (const auto* reference = section.reference(place.instruction)) {
                if (!reference->weak && is_missing(*reference))
                    add(place, missing_symbol(*reference), reasons);
            }
            if (instruction.code != (BPF_JMP | BPF_CALL) || instruction.src_reg != 0) continue;
            if (instruction.imm == kPoisonedCall)
                add_unresolved(place, reasons);
            else
                check_helper(place, static_cast<std::uint32_t>(instruction.imm), reasons);
        }
    }

    void add_unresolved(Reach::Place place, std::vector<KernelReason>& reasons) const {
        for (const auto& entry : unresolved_) {
            if (entry.section != place.section || entry.instruction != place.instruction) continue;
            add(place,
                fails("kernel-core-relocation", entry.message,
                      "ask with bpf_core_field_exists() and the like before the access"),
                reasons);
            return;
        }
    }

    void check_helper(Reach::Place place, std::uint32_t id, std::vector<KernelReason>& reasons) const {
        if (kernel_.helpers.values.empty() || kernel_.helpers.values.contains(id)) return;
        add(place,
            fails("kernel-helper", "the kernel has no helper " + helper_name(id) + "()",
                  "ask with bpf_core_enum_value_exists(enum bpf_func_id, ...) before the call"),
            reasons);
    }

    [[nodiscard]] KernelReason missing_symbol(const CodeReference& reference) const {
        const bool function = reference.kind == CodeReference::Kind::kernel_function;
        const std::string what = function ? "function " : "variable ";
        if (kernel_.types.knows_modules() || kernel_.facts.has_module_symbols)
            return fails("kernel-symbol",
                         "the kernel offers no " + what + quoted(reference.name) + " to programs",
                         "declare it __weak and ask with bpf_ksym_exists()");
        auto reason =
            not_known(what + quoted(reference.name) +
                      " is not offered by the kernel itself; whether a module offers it is not known"
                      " offline");
        reason.id = "kernel-target-unconfirmed";
        return reason;
    }

    // Each reason once, where it shows first.
    void add(Reach::Place place, KernelReason reason, std::vector<KernelReason>& reasons) const {
        const auto same = [&](const KernelReason& other) {
            return other.id == reason.id && other.message == reason.message;
        };
        if (std::any_of(reasons.begin(), reasons.end(), same)) return;
        reason.source = object_.source(object_.sections[place.section], place.instruction);
        reasons.push_back(std::move(reason));
    }

    const ObjectCode& object_;
    const model::ObjectFacts& facts_;
    const KernelView& kernel_;
    std::vector<std::vector<bpf_insn>> code_;  ///< relocated for the kernel
    std::vector<Unresolved> unresolved_;
    Reach::Absent absent_;
    bool asks_version_ = false;
};

}  // namespace

Result<KernelRow> check_kernel(std::span<const std::byte> object, const model::ObjectFacts& facts,
                               const model::KernelFacts& kernel) {
    const QuietLibbpf quiet;
    auto code = read_code(object, facts);
    if (!code) return std::move(code).error();
    GADGET_TRY_ASSIGN(KernelTypes types, KernelTypes::open(kernel));
    const KernelView view{.facts = kernel,
                          .types = types,
                          .program_types = types.enumeration("bpf_prog_type"),
                          .attach_types = types.enumeration("bpf_attach_type"),
                          .map_types = types.enumeration("bpf_map_type"),
                          .helpers = types.enumeration("bpf_func_id")};
    return ObjectCheck(*code, facts, view).run().context("while checking for kernel " + kernel.name());
}

}  // namespace gadget::validator
