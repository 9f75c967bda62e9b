// SPDX-License-Identifier: Apache-2.0
#include "btf_view.h"

#include <linux/btf.h>

#include <array>
#include <limits>

namespace gadget::validator {
namespace {

Error corrupt(std::string message) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "the BTF is damaged: " + std::move(message),
                 .hint = "compile the object again"};
}

// Bytes that follow the fixed part of a type: some for the kind, some for each of its parts.
struct ExtraSize {
    std::uint8_t fixed = 0;
    std::uint8_t each = 0;
    bool known = false;  ///< else the size of the type is not known either
};

constexpr std::uint32_t kKinds = 32;  // five bits

constexpr std::array<ExtraSize, kKinds> kExtraSizes = [] {
    std::array<ExtraSize, kKinds> sizes{};
    for (const auto kind : {BTF_KIND_PTR, BTF_KIND_FWD, BTF_KIND_TYPEDEF, BTF_KIND_VOLATILE, BTF_KIND_CONST,
                            BTF_KIND_RESTRICT, BTF_KIND_FUNC, BTF_KIND_FLOAT, BTF_KIND_TYPE_TAG})
        sizes[static_cast<std::size_t>(kind)] = {0, 0, true};
    sizes[BTF_KIND_INT] = {sizeof(std::uint32_t), 0, true};
    sizes[BTF_KIND_ARRAY] = {sizeof(btf_array), 0, true};
    sizes[BTF_KIND_STRUCT] = {0, sizeof(btf_member), true};
    sizes[BTF_KIND_UNION] = {0, sizeof(btf_member), true};
    sizes[BTF_KIND_ENUM] = {0, sizeof(btf_enum), true};
    sizes[BTF_KIND_ENUM64] = {0, sizeof(btf_enum64), true};
    sizes[BTF_KIND_FUNC_PROTO] = {0, sizeof(btf_param), true};
    sizes[BTF_KIND_VAR] = {sizeof(btf_var), 0, true};
    sizes[BTF_KIND_DATASEC] = {0, sizeof(btf_var_secinfo), true};
    sizes[BTF_KIND_DECL_TAG] = {sizeof(btf_decl_tag), 0, true};
    return sizes;
}();

std::uint64_t extra_size(std::uint32_t kind, std::uint32_t count) {
    const auto& size = kExtraSizes[kind];
    return size.fixed + std::uint64_t{count} * size.each;
}

Result<btf_header> read_header(ByteSpan data) {
    const auto header = read_at<btf_header>(data, 0);
    if (!header) return corrupt("its header is cut off");
    if (header->magic != BTF_MAGIC) return corrupt("it does not begin with the BTF magic number");
    if (header->version != BTF_VERSION)
        return corrupt("version " + std::to_string(header->version) + " is unknown");
    if (header->hdr_len < sizeof(btf_header) || header->hdr_len > data.size())
        return corrupt("the length of its header is wrong");
    return *header;
}

}  // namespace

bool is_modifier(std::uint32_t kind) {
    return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE ||
           kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG;
}

bool BtfType::is_composite() const {
    return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}
bool BtfType::is_enum() const {
    return kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;
}

Result<BtfView> BtfView::open(ByteSpan data) {
    GADGET_TRY_ASSIGN(const btf_header header, read_header(data));
    const auto body = data.subspan(header.hdr_len);
    const auto types = part(body, header.type_off, header.type_len);
    const auto strings = part(body, header.str_off, header.str_len);
    if (!types || !strings) return corrupt("its types or strings lie outside the section");
    if (strings->empty() || strings->front() != std::byte{0} || strings->back() != std::byte{0})
        return corrupt("its strings do not begin and end with a NUL");

    BtfView view;
    view.types_ = *types;
    view.strings_ = *strings;
    // Most types have 12 to 36 bytes.
    constexpr std::size_t kUsualSize = 20;
    view.offsets_.reserve(types->size() / kUsualSize + 1);
    view.offsets_.push_back(0);
    for (std::uint64_t offset = 0; offset < types->size();) {
        const auto room = types->size() - offset;
        if (room < sizeof(btf_type)) return corrupt("its last type is cut off");
        btf_type fixed;
        std::memcpy(&fixed, types->data() + offset, sizeof(fixed));
        const auto id = static_cast<TypeId>(view.offsets_.size());
        const std::uint32_t kind = BTF_INFO_KIND(fixed.info);
        if (!kExtraSizes[kind].known)
            return corrupt("type " + std::to_string(id) + " is of unknown kind " + std::to_string(kind));
        const auto size = sizeof(btf_type) + extra_size(kind, BTF_INFO_VLEN(fixed.info));
        if (size > room) return corrupt("type " + std::to_string(id) + " is cut off");
        view.offsets_.push_back(static_cast<std::uint32_t>(offset));
        if (kind == BTF_KIND_DATASEC) view.sections_.push_back(id);
        if (kind == BTF_KIND_STRUCT) view.structs_.push_back(id);
        if (kind == BTF_KIND_FUNC) view.functions_.push_back(id);
        offset += size;
    }
    return view;
}

BtfType BtfView::type(TypeId id) const {
    std::uint32_t name_offset = 0;
    auto result = shape(id, name_offset);
    result.name = name(name_offset);
    return result;
}

BtfType BtfView::shape(TypeId id) const {
    std::uint32_t name_offset = 0;
    return shape(id, name_offset);
}

BtfType BtfView::shape(TypeId id, std::uint32_t& name_offset) const {
    if (id == 0 || id >= offsets_.size()) return {};
    // open() has seen that all of it is there.
    const auto* place = types_.data() + offsets_[id];
    btf_type fixed;
    std::memcpy(&fixed, place, sizeof(fixed));
    name_offset = fixed.name_off;
    const std::uint32_t kind = BTF_INFO_KIND(fixed.info);
    const std::uint32_t count = BTF_INFO_VLEN(fixed.info);
    return {.id = id,
            .kind = kind,
            .count = count,
            .kind_flag = BTF_INFO_KFLAG(fixed.info) != 0,
            .size_or_type = fixed.size,
            .name = {},
            .extra = {place + sizeof(fixed), static_cast<std::size_t>(extra_size(kind, count))}};
}

BtfMember BtfView::member(const BtfType& type, std::uint32_t index) const {
    const auto raw = read_at<btf_member>(type.extra, std::uint64_t{index} * sizeof(btf_member));
    if (!raw) return {};
    BtfMember member{
        .name = name(raw->name_off), .type = raw->type, .bit_offset = raw->offset, .bit_size = 0};
    if (type.kind_flag) {
        member.bit_offset = BTF_MEMBER_BIT_OFFSET(raw->offset);
        member.bit_size = BTF_MEMBER_BITFIELD_SIZE(raw->offset);
    }
    return member;
}

BtfEnumerator BtfView::enumerator(const BtfType& type, std::uint32_t index) const {
    if (type.kind == BTF_KIND_ENUM64) {
        const auto raw = read_at<btf_enum64>(type.extra, std::uint64_t{index} * sizeof(btf_enum64));
        if (!raw) return {};
        const auto bits = std::uint64_t{raw->val_hi32} << 32 | raw->val_lo32;
        return {name(raw->name_off), static_cast<std::int64_t>(bits)};
    }
    const auto raw = read_at<btf_enum>(type.extra, std::uint64_t{index} * sizeof(btf_enum));
    if (!raw) return {};
    // The flag says that the enumeration is signed; fields of the type are read with the same sign.
    if (!type.kind_flag) return {name(raw->name_off), std::int64_t{static_cast<std::uint32_t>(raw->val)}};
    return {name(raw->name_off), raw->val};
}

BtfSectionVariable BtfView::section_variable(const BtfType& type, std::uint32_t index) const {
    const auto raw = read_at<btf_var_secinfo>(type.extra, std::uint64_t{index} * sizeof(btf_var_secinfo));
    return raw ? BtfSectionVariable{raw->type, raw->offset, raw->size} : BtfSectionVariable{};
}

TypeId BtfView::parameter(const BtfType& prototype, std::uint32_t index) {
    const auto raw = read_at<btf_param>(prototype.extra, std::uint64_t{index} * sizeof(btf_param));
    return raw ? raw->type : 0;
}

BtfArray BtfView::array(const BtfType& type) {
    const auto raw = read_at<btf_array>(type.extra, 0);
    return raw ? BtfArray{raw->type, raw->nelems} : BtfArray{};
}

BtfInt BtfView::integer(const BtfType& type) {
    const auto raw = read_at<std::uint32_t>(type.extra, 0).value_or(0);
    return {static_cast<std::uint32_t>(BTF_INT_ENCODING(raw)), static_cast<std::uint32_t>(BTF_INT_BITS(raw))};
}

std::uint32_t BtfView::linkage(const BtfType& type) {
    return type.kind == BTF_KIND_VAR ? read_at<std::uint32_t>(type.extra, 0).value_or(0) : type.count;
}

BtfType BtfView::strip(TypeId id) const {
    for (int depth = 0; depth < kMaxDepth; ++depth) {
        const auto current = shape(id);
        if (!is_modifier(current.kind)) return type(id);
        id = current.size_or_type;
    }
    return {};
}

std::optional<std::uint32_t> BtfView::size_of(TypeId id) const {
    std::uint64_t factor = 1;
    for (int depth = 0; depth < 2 * kMaxDepth; ++depth) {
        const auto current = shape(id);
        std::uint64_t size = 0;
        switch (current.kind) {
            case BTF_KIND_PTR:
                size = 8;
                break;
            case BTF_KIND_INT:
            case BTF_KIND_FLOAT:
            case BTF_KIND_STRUCT:
            case BTF_KIND_UNION:
            case BTF_KIND_ENUM:
            case BTF_KIND_ENUM64:
                size = current.size_or_type;
                break;
            case BTF_KIND_ARRAY:
                factor *= array(current).count;
                if (factor > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
                id = array(current).element;
                continue;
            default:
                if (!is_modifier(current.kind)) return std::nullopt;
                id = current.size_or_type;
                continue;
        }
        if (factor * size > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
        return static_cast<std::uint32_t>(factor * size);
    }
    return std::nullopt;
}

std::string BtfView::c_name(TypeId id) const {
    return c_name(id, 0);
}

std::string BtfView::c_name(TypeId id, int depth) const {
    const auto current = type(id);
    if (depth == kMaxDepth) return "...";
    const auto tagged = [&](const char* word) {
        return std::string(word) + " " + (current.name.empty() ? "(anonymous)" : std::string(current.name));
    };
    switch (current.kind) {
        case BTF_KIND_UNKN:
            return "void";
        case BTF_KIND_PTR: {
            auto target = c_name(current.size_or_type, depth + 1);
            return target + (target.ends_with('*') ? "*" : " *");
        }
        case BTF_KIND_CONST:
            return "const " + c_name(current.size_or_type, depth + 1);
        case BTF_KIND_VOLATILE:
            return "volatile " + c_name(current.size_or_type, depth + 1);
        case BTF_KIND_RESTRICT:
        case BTF_KIND_TYPE_TAG:
            return c_name(current.size_or_type, depth + 1);
        case BTF_KIND_STRUCT:
            return tagged("struct");
        case BTF_KIND_UNION:
            return tagged("union");
        case BTF_KIND_FWD:
            return tagged(current.kind_flag ? "union" : "struct");
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64:
            return tagged("enum");
        case BTF_KIND_ARRAY: {
            // The outermost dimension comes first, as in C: char[4][16].
            std::string dimensions;
            auto inner = current;
            for (int level = 0; level < kMaxDepth && inner.kind == BTF_KIND_ARRAY; ++level) {
                dimensions += "[" + std::to_string(array(inner).count) + "]";
                inner = type(array(inner).element);
            }
            return c_name(inner.id, depth + 1) + dimensions;
        }
        case BTF_KIND_FUNC_PROTO:
            return "function";
        default:
            return std::string(current.name);
    }
}

}  // namespace gadget::validator
