// SPDX-License-Identifier: Apache-2.0
#include "line_info.h"

#include <linux/btf.h>

#include <algorithm>

namespace gadget::validator {
namespace {

// The headers of .BTF.ext (Documentation/bpf/btf.rst, section 4.2), which the kernel's UAPI does not define.
struct ExtHeader {
    std::uint16_t magic;
    std::uint8_t version;
    std::uint8_t flags;
    std::uint32_t header_size;
    std::uint32_t func_info_offset;
    std::uint32_t func_info_size;
    std::uint32_t line_info_offset;
    std::uint32_t line_info_size;
};

struct ExtSection {
    std::uint32_t name;
    std::uint32_t count;
};

struct RawLine {
    std::uint32_t instruction;
    std::uint32_t file;
    std::uint32_t text;
    std::uint32_t position;
};

Error corrupt(std::string message) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "the line information (.BTF.ext) is damaged: " + std::move(message),
                 .hint = "compile the object again"};
}

}  // namespace

Result<LineInfo> LineInfo::open(ByteSpan data, const BtfView& btf) {
    LineInfo info;
    info.btf_ = &btf;
    const auto header = read_at<ExtHeader>(data, 0);
    if (!header || header->magic != BTF_MAGIC) return corrupt("its header is cut off or is not that of BTF");
    if (header->header_size > data.size()) return corrupt("the length of its header is wrong");
    const auto lines =
        part(data.subspan(header->header_size), header->line_info_offset, header->line_info_size);
    if (!lines) return corrupt("it reaches beyond its section");
    if (lines->empty()) return info;

    const auto record_size = read_at<std::uint32_t>(*lines, 0).value_or(0);
    if (record_size < sizeof(RawLine)) return corrupt("its records are too short");
    for (std::uint64_t offset = sizeof(std::uint32_t); offset < lines->size();) {
        const auto section = read_at<ExtSection>(*lines, offset);
        if (!section) return corrupt("a section is cut off");
        offset += sizeof(ExtSection);
        const auto records = part(*lines, offset, std::uint64_t{section->count} * record_size);
        if (!records) return corrupt("the records of a section are cut off");
        auto& target = info.by_section_[btf.name(section->name)];
        if (target.empty()) target.reserve(section->count);
        for (std::uint32_t i = 0; i < section->count; ++i) {
            const auto raw = *read_at<RawLine>(*records, std::uint64_t{i} * record_size);
            target.push_back({raw.instruction, raw.file, raw.position});
        }
        offset += records->size();
    }
    for (auto& [name, entries] : info.by_section_) {
        std::stable_sort(entries.begin(), entries.end(),
                         [](const Line& a, const Line& b) { return a.instruction < b.instruction; });
    }
    return info;
}

SourceRange LineInfo::first_in(std::string_view section, std::uint64_t begin, std::uint64_t end) const {
    const auto found = by_section_.find(section);
    if (found == by_section_.end()) return {};
    const auto& lines = found->second;
    const auto line = std::lower_bound(lines.begin(), lines.end(), begin,
                                       [](const Line& a, std::uint64_t at) { return a.instruction < at; });
    if (line == lines.end() || line->instruction >= end) return {};
    return SourceRange{.file = std::string(btf_->name(line->file)),
                       .line = line->position >> 10,
                       .column = line->position & 0x3ff};
}

}  // namespace gadget::validator
