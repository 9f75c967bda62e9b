// SPDX-License-Identifier: Apache-2.0
#include "kernel_btf.h"

#include <linux/btf.h>

#include <cstring>

namespace gadget::testkit::guest {
namespace {

/// Bytes after btf_type of a type of `kind` with `count` members; ~0 for a kind that we do not know.
std::size_t tail_size(unsigned kind, std::size_t count) {
    constexpr unsigned kEnum64 = 19;  // newer than the headers of some distributions
    switch (kind) {
        case BTF_KIND_INT:
        case BTF_KIND_VAR:
        case BTF_KIND_DECL_TAG:
            return 4;
        case BTF_KIND_ARRAY:
            return sizeof(btf_array);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            return count * sizeof(btf_member);
        case BTF_KIND_ENUM:
            return count * sizeof(btf_enum);
        case BTF_KIND_FUNC_PROTO:
            return count * sizeof(btf_param);
        case BTF_KIND_DATASEC:
            return count * sizeof(btf_var_secinfo);
        case kEnum64:
            return count * 12;
        case BTF_KIND_PTR:
        case BTF_KIND_FWD:
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_FUNC:
        case BTF_KIND_FLOAT:
        case BTF_KIND_TYPE_TAG:
            return 0;
        default:
            return ~std::size_t{0};
    }
}

bool string_at(std::span<const std::byte> strings, std::size_t offset, std::string_view wanted) {
    if (offset >= strings.size() || strings.size() - offset <= wanted.size()) return false;
    return as_text(strings.subspan(offset, wanted.size())) == wanted &&
           strings[offset + wanted.size()] == std::byte{0};
}

}  // namespace

std::uint32_t find_btf_function(std::span<const std::byte> btf, std::string_view name) {
    btf_header header{};
    if (btf.size() < sizeof header) return 0;
    std::memcpy(&header, btf.data(), sizeof header);
    if (header.magic != BTF_MAGIC || header.hdr_len > btf.size()) return 0;
    const auto body = btf.subspan(header.hdr_len);
    if (header.type_off > body.size() || header.type_len > body.size() - header.type_off ||
        header.str_off > body.size() || header.str_len > body.size() - header.str_off) {
        return 0;
    }
    auto types = body.subspan(header.type_off, header.type_len);
    const auto strings = body.subspan(header.str_off, header.str_len);
    for (std::uint32_t id = 1; types.size() >= sizeof(btf_type); ++id) {
        btf_type type{};
        std::memcpy(&type, types.data(), sizeof type);
        const unsigned kind = BTF_INFO_KIND(type.info);
        if (kind == BTF_KIND_FUNC && string_at(strings, type.name_off, name)) return id;
        const auto tail = tail_size(kind, BTF_INFO_VLEN(type.info));
        if (tail > types.size() - sizeof type) return 0;
        types = types.subspan(sizeof type + tail);
    }
    return 0;
}

}  // namespace gadget::testkit::guest
