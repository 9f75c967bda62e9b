// SPDX-License-Identifier: Apache-2.0
// Which bytes of a struct no member covers. The compiler leaves their content undefined when it fills a
// struct member by member, but the kernel compares keys of hash maps byte by byte.
#include <linux/btf.h>

#include <algorithm>

#include "schema.h"

namespace gadget::validator {
namespace {

// Keys of maps may have 512 bytes; larger structs are no keys.
constexpr std::uint32_t kMaxSize = 4096;
constexpr int kMaxNesting = 16;

class Coverage {
  public:
    Coverage(const BtfView& btf, Budget& budget, std::uint32_t size)
        : btf_(btf), budget_(budget), owner_(size) {}

    void cover(TypeId id, std::uint64_t offset, const std::string& path, int nesting);
    [[nodiscard]] std::vector<model::Hole> holes() const;

  private:
    void mark(std::uint64_t offset, std::uint64_t size, const std::string& path);

    const BtfView& btf_;
    Budget& budget_;
    std::vector<std::uint32_t> owner_;  // of each byte: index in paths_ + 1, 0 = nobody
    std::vector<std::string> paths_;
};

// Members may overlap without end in a damaged object: each costs what it covers and its name.
void Coverage::mark(std::uint64_t offset, std::uint64_t size, const std::string& path) {
    if (offset >= owner_.size()) return;
    const auto covered = std::min<std::uint64_t>(size, owner_.size() - offset);
    if (!budget_.take_bytes(static_cast<std::size_t>(covered) + path.size())) return;
    paths_.push_back(path);
    std::fill_n(owner_.begin() + static_cast<std::ptrdiff_t>(offset), covered,
                static_cast<std::uint32_t>(paths_.size()));
}

void Coverage::cover(TypeId id, std::uint64_t offset, const std::string& path, int nesting) {
    if (offset >= owner_.size() || nesting > kMaxNesting || !budget_.take_field()) return;
    const auto type = btf_.strip(id);
    if (type.kind == BTF_KIND_ARRAY) {
        const auto array = BtfView::array(type);
        const auto size = btf_.size_of(array.element).value_or(0);
        if (!btf_.strip(array.element).is_composite()) {
            mark(offset, std::uint64_t{size} * array.count, path);
            return;
        }
        for (std::uint32_t i = 0;
             size > 0 && i < array.count && offset + std::uint64_t{i} * size < owner_.size(); ++i)
            cover(array.element, offset + std::uint64_t{i} * size, path, nesting + 1);
        return;
    }
    if (!type.is_composite()) {
        mark(offset, btf_.size_of(id).value_or(0), path);
        return;
    }
    // Authors cannot change the types of gadget/types.h: what the hint asks for is not possible there.
    if (nesting > 0 && type.name.starts_with("gadget_")) {
        mark(offset, type.size_or_type, path);
        return;
    }
    for (std::uint32_t i = 0; i < type.count && !budget_.exhausted(); ++i) {
        const auto member = btf_.member(type, i);
        auto name = path;
        if (!member.name.empty()) name += (path.empty() ? "" : ".") + std::string(member.name);
        if (member.bit_size != 0) {
            if (!budget_.take_field()) return;
            const auto last = (member.bit_offset % 8 + member.bit_size + 7) / 8;
            mark(offset + member.bit_offset / 8, last, name);
        } else {
            cover(member.type, offset + member.bit_offset / 8, name, nesting + 1);
        }
    }
}

std::vector<model::Hole> Coverage::holes() const {
    std::vector<model::Hole> result;
    for (std::uint32_t i = 0; i < owner_.size(); ++i) {
        if (owner_[i] != 0) continue;
        if (!result.empty() && result.back().offset + result.back().size == i) {
            ++result.back().size;
        } else {
            result.push_back(
                {i, 1, i == 0 || owner_[i - 1] == 0 ? std::string{} : paths_[owner_[i - 1] - 1]});
        }
    }
    return result;
}

}  // namespace

std::vector<model::Hole> holes_of(const BtfView& btf, TypeId id, Budget& budget) {
    const auto size = btf.type(id).size_or_type;
    if (size > kMaxSize || !budget.take_bytes(size)) return {};
    Coverage coverage(btf, budget, size);
    coverage.cover(id, 0, {}, 0);
    return coverage.holes();
}

}  // namespace gadget::validator
