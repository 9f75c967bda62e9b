// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/kernel_symbols.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "numbers.h"

namespace gadget::events {
namespace {

/// Far more than any kernel and its modules have.
constexpr std::size_t kMaxText = std::size_t{256} << 20;
/// Beyond this distance from its start an address is not in a function but in a hole.
constexpr std::uint64_t kMaxFunction = std::uint64_t{16} << 20;

bool is_function(char type) {
    return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

}  // namespace

KernelSymbols KernelSymbols::parse(std::string_view text) {
    KernelSymbols symbols;
    text = text.substr(0, kMaxText);
    std::vector<std::uint64_t> starts;
    std::vector<Name> names;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        std::uint64_t address = 0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), address, 16);
        const auto at = static_cast<std::size_t>(end - line.data());
        if (error != std::errc{} || address == 0 || line.size() < at + 4 || line[at] != ' ' ||
            line[at + 2] != ' ')
            continue;
        if (!is_function(line[at + 1])) continue;
        const std::string_view name = line.substr(at + 3, line.find_first_of(" \t", at + 3) - (at + 3));
        if (name.empty()) continue;
        names.push_back(
            {static_cast<std::uint32_t>(symbols.text_.size()), static_cast<std::uint32_t>(name.size())});
        symbols.text_ += name;
        starts.push_back(address);
    }
    std::vector<std::size_t> order(starts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return starts[a] < starts[b]; });
    symbols.starts_.reserve(order.size());
    symbols.names_.reserve(order.size());
    for (const std::size_t i : order) {
        if (!symbols.starts_.empty() && symbols.starts_.back() == starts[i])
            continue;  // the first alias names the place
        symbols.starts_.push_back(starts[i]);
        symbols.names_.push_back(names[i]);
    }
    return symbols;
}

std::optional<std::string_view> KernelSymbols::find(std::uint64_t address) const {
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), address);
    if (next == starts_.begin()) return std::nullopt;
    const auto index = static_cast<std::size_t>(next - starts_.begin()) - 1;
    if (address - starts_[index] >= kMaxFunction) return std::nullopt;
    return std::string_view(text_).substr(names_[index].begin, names_[index].size);
}

void KernelSymbols::append_stack(std::span<const std::uint64_t> addresses, std::string& out) const {
    for (const std::uint64_t address : addresses) {
        if (address == 0) break;
        if (const auto name = find(address)) {
            out += *name;
        } else {
            char hex[16];
            out += "0x";
            out.append(hex, static_cast<std::size_t>(detail::write_hex(hex, address) - hex));
        }
        out += "; ";
    }
}

}  // namespace gadget::events
