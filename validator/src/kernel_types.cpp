// SPDX-License-Identifier: Apache-2.0
#include "kernel_types.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>

#include "gadget/support/files.h"

namespace gadget::validator {
namespace {

Error unsound(std::string_view what, const std::string& why) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "the BTF of " + std::string(what) + " is damaged: " + why};
}

// A kernel has half a million members: their names are not wanted here.
TypeId member_type(const BtfType& type, std::uint32_t index) {
    return read_at<btf_member>(type.extra, std::uint64_t{index} * sizeof(btf_member))->type;
}

/// Walks over the types that are part of others, looking for one that contains itself.
class NestingCheck {
  public:
    explicit NestingCheck(const BtfView& types) : types_(types), state_(types.type_count(), State::fresh) {}

    bool finds_cycle() {
        for (TypeId id = 1; id < types_.type_count(); ++id) {
            if (state_[id] == State::fresh && !visit(id)) return true;
        }
        return false;
    }

  private:
    enum class State : std::uint8_t { fresh, open, done };
    struct Frame {
        BtfType type;
        std::uint32_t next = 0;  ///< part to look at
    };

    [[nodiscard]] static std::uint32_t part_count(const BtfType& type) {
        if (type.is_composite()) return type.count;
        return is_modifier(type.kind) || type.kind == BTF_KIND_ARRAY ? 1 : 0;
    }
    [[nodiscard]] TypeId part_of(const BtfType& type, std::uint32_t index) const {
        if (type.is_composite()) return member_type(type, index);
        return type.kind == BTF_KIND_ARRAY ? BtfView::array(type).element : type.size_or_type;
    }

    // Depth first, with a stack of its own: BTF may nest deeper than a thread's stack.
    bool visit(TypeId root) {
        std::vector<Frame> stack;
        const auto enter = [&](TypeId id) {
            state_[id] = State::open;
            stack.push_back({types_.shape(id)});
        };
        enter(root);
        while (!stack.empty()) {
            auto& frame = stack.back();
            if (frame.next == part_count(frame.type)) {
                state_[frame.type.id] = State::done;
                stack.pop_back();
                continue;
            }
            const auto id = part_of(frame.type, frame.next++);
            if (id == 0 || state_[id] == State::done) continue;
            if (state_[id] == State::open) return false;
            enter(id);
        }
        return true;
    }

    const BtfView& types_;
    std::vector<State> state_;
};

// Every id that a type refers to.
template <class Visit>
void each_reference(const BtfView& types, const BtfType& type, Visit&& visit) {
    switch (type.kind) {
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            for (std::uint32_t i = 0; i < type.count; ++i) visit(member_type(type, i));
            break;
        case BTF_KIND_ARRAY:
            visit(BtfView::array(type).element);
            visit(read_at<struct btf_array>(type.extra, 0)->index_type);
            break;
        case BTF_KIND_FUNC_PROTO:
            visit(type.size_or_type);
            for (std::uint32_t i = 0; i < type.count; ++i)
                visit(read_at<btf_param>(type.extra, std::uint64_t{i} * sizeof(btf_param))->type);
            break;
        case BTF_KIND_DATASEC:
            for (std::uint32_t i = 0; i < type.count; ++i) visit(types.section_variable(type, i).type);
            break;
        case BTF_KIND_PTR:
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_FUNC:
        case BTF_KIND_VAR:
        case BTF_KIND_DECL_TAG:
        case BTF_KIND_TYPE_TAG:
            visit(type.size_or_type);
            break;
        default:
            break;
    }
}

// Every offset of a name inside a type.
template <class Visit>
void each_name(const BtfType& type, ByteSpan fixed, Visit&& visit) {
    visit(read_at<btf_type>(fixed, 0)->name_off);
    std::size_t step = 0;
    if (type.is_composite()) step = sizeof(btf_member);
    if (type.kind == BTF_KIND_ENUM) step = sizeof(struct btf_enum);
    if (type.kind == BTF_KIND_ENUM64) step = sizeof(struct btf_enum64);
    if (type.kind == BTF_KIND_FUNC_PROTO) step = sizeof(btf_param);
    if (step == 0) return;
    // In each of these the name comes first.
    for (std::uint32_t i = 0; i < type.count; ++i)
        visit(read_at<std::uint32_t>(type.extra, std::uint64_t{i} * step).value_or(0));
}

int say_nothing(libbpf_print_level, const char*, va_list) {
    return 0;
}

// libbpf 1.1 reads split BTF from files only.
Result<BtfPtr> parse_split_btf(const model::ModuleTypes& module, btf* base) {
    GADGET_TRY_ASSIGN(const UniqueFd file, memory_file("module-btf", module.btf));
    const auto path = "/proc/self/fd/" + std::to_string(file.get());
    BtfPtr split(btf__parse_raw_split(path.c_str(), base));
    if (!split) return unsound("module " + module.name, errno_text(errno));
    return split;
}

}  // namespace

Result<void> check_sound(ByteSpan data, std::string_view what) {
    auto opened = BtfView::open(data);
    if (!opened) return unsound(what, opened.error().message);
    const auto& types = *opened;
    const auto strings = read_at<btf_header>(data, 0)->str_len;
    for (TypeId id = 1; id < types.type_count(); ++id) {
        const auto type = types.shape(id);
        bool fine = true;
        each_reference(types, type, [&](TypeId other) { fine = fine && other < types.type_count(); });
        if (!fine) return unsound(what, "type " + std::to_string(id) + " refers to one that is not there");
        const ByteSpan fixed(type.extra.data() - sizeof(btf_type), sizeof(btf_type));
        each_name(type, fixed, [&](std::uint32_t name) { fine = fine && name < strings; });
        if (!fine) return unsound(what, "type " + std::to_string(id) + " has a name outside of the strings");
    }
    if (NestingCheck(types).finds_cycle()) return unsound(what, "a type contains itself");
    return {};
}

void FreeBtf::operator()(btf* types) const {
    btf__free(types);
}

QuietLibbpf::QuietLibbpf() : previous_(reinterpret_cast<void*>(libbpf_set_print(say_nothing))) {}
QuietLibbpf::~QuietLibbpf() {
    libbpf_set_print(reinterpret_cast<libbpf_print_fn_t>(previous_));
}

Result<BtfPtr> parse_btf(ByteSpan data, std::string_view what) {
    BtfPtr types(btf__new(data.data(), static_cast<std::uint32_t>(data.size())));
    if (!types) return unsound(what, errno_text(errno));
    return types;
}

Result<KernelTypes> KernelTypes::open(const model::KernelFacts& kernel) {
    if (libbpf_major_version() != kKnownMajor || libbpf_minor_version() > kKnownMinor) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "objects cannot be relocated for other kernels with libbpf " +
                                std::to_string(libbpf_major_version()) + "." +
                                std::to_string(libbpf_minor_version()),
                     .requirement = Requirement{"libbpf 1.0 to 1.7 as a static archive", ""}};
    }
    KernelTypes types;
    if (kernel.btf.empty()) return types;
    GADGET_TRY(check_sound(kernel.btf, "kernel " + kernel.name()));
    GADGET_TRY_ASSIGN(types.main_, parse_btf(kernel.btf, "kernel " + kernel.name()));
    types.names_.emplace(types.main_.get(), 1);
    const auto first = btf__type_cnt(types.main_.get());
    for (const auto& module : kernel.modules) {
        GADGET_TRY_ASSIGN(BtfPtr split, parse_split_btf(module, types.main_.get()));
        const auto* parsed = split.get();
        types.modules_.push_back({module.name, std::move(split), TypeNames(parsed, first)});
    }
    return types;
}

template <class Visit>
bool KernelTypes::any(std::string_view name, Visit&& visit) const {
    if (!known()) return false;
    const auto in = [&](const btf* types, const TypeNames& names) {
        return names.any(name, [&](std::uint32_t id) { return visit(types, id); });
    };
    if (in(main_.get(), *names_)) return true;
    return std::any_of(modules_.begin(), modules_.end(),
                       [&](const Module& module) { return in(module.types.get(), module.names); });
}

bool KernelTypes::has(const std::string& name, std::uint32_t kind) const {
    return any(essential_name(name.c_str()), [&](const btf* types, std::uint32_t id) {
        const auto* type = btf__type_by_id(types, id);
        return btf_kind(type) == kind && name == btf__name_by_offset(types, type->name_off);
    });
}

bool KernelTypes::is_kfunc(const std::string& name) const {
    if (!known()) return false;
    bool any = !names_->kfuncs().empty();
    if (names_->kfuncs().contains(name)) return true;
    for (const auto& module : modules_) {
        if (module.names.kfuncs().contains(name)) return true;
        any = any || !module.names.kfuncs().empty();
    }
    return !any;
}

KernelTypes::Enumeration KernelTypes::enumeration(std::string_view name) const {
    Enumeration result;
    if (!known()) return result;
    names_->any(name, [&](std::uint32_t id) {
        const auto* type = btf__type_by_id(main_.get(), id);
        if (btf_kind(type) != BTF_KIND_ENUM || name != btf__name_by_offset(main_.get(), type->name_off))
            return false;
        const auto* values = btf_enum(type);
        for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
            const std::string_view word = btf__name_by_offset(main_.get(), values[i].name_off);
            // The last one only counts the others.
            if (word.starts_with("__MAX_") || word.ends_with("_MAX_ID")) continue;
            result.values.insert(values[i].val);
            result.names.emplace(word);
        }
        return true;
    });
    return result;
}

// What libbpf's bpf_core_add_cands() finds by comparing all: types of the same essential name, and of the
// same kind, where both sizes of enumerations are one. Modules are asked when the kernel itself has none.
Result<CoreCandidates*> KernelTypes::candidates(const btf* local, std::uint32_t id) {
    const auto found = cache_.find(id);
    if (found != cache_.end()) return &found->second.list;
    const auto* wanted = btf__type_by_id(local, id);
    const char* full_name = btf__name_by_offset(local, wanted->name_off);
    if (full_name == nullptr || *full_name == '\0')
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "a relocation is about a type without a name"};

    const auto name = essential_name(full_name);
    auto& entry = cache_[id];
    const auto add = [&](const btf* types, const TypeNames& names) {
        names.any(name, [&](std::uint32_t other) {
            const auto* type = btf__type_by_id(types, other);
            const bool fits =
                btf_kind(type) == btf_kind(wanted) || (btf_is_any_enum(type) && btf_is_any_enum(wanted));
            if (fits && essential_name(btf__name_by_offset(types, type->name_off)) == name)
                entry.items.push_back({.types = types, .id = other});
            return false;
        });
    };
    add(main_.get(), *names_);
    for (const auto& module : modules_) {
        if (!entry.items.empty()) break;
        add(module.types.get(), module.names);
    }
    entry.list = {.items = entry.items.data(), .count = static_cast<int>(entry.items.size())};
    return &entry.list;
}

}  // namespace gadget::validator
