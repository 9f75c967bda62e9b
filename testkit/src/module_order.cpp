// SPDX-License-Identifier: Apache-2.0
#include "module_order.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "gadget/support/text.h"

namespace gadget::testkit {
namespace {

constexpr std::array<std::string_view, 2> kPortModules{"virtio_pci", "virtio_console"};

constexpr std::array<std::string_view, 15> kGadgetModules{
    "virtio",
    "virtio_ring",
    "virtio_pci",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_console",
    "sch_ingress",
    "cls_bpf",
    "act_bpf",
    "veth",
    "dummy",
    "overlay",
    "tcp_diag",
    "inet_diag",
    "loop",
};

constexpr std::size_t kMaxModule = std::size_t{32} << 20;

/// File names say '-' where modinfo says '_'.
std::string normal_name(std::string_view name) {
    std::string result(name);
    std::replace(result.begin(), result.end(), '-', '_');
    return result;
}

/// The end of a signed module (scripts/sign-file.c of Linux): signature, 12 bytes of which the last four are
/// its length, these words.
void remove_signature(Bytes& module) {
    constexpr std::string_view kEnd = "~Module signature appended~\n";
    constexpr std::size_t kDescription = 12;
    if (!as_text(module).ends_with(kEnd) || module.size() < kEnd.size() + kDescription) return;
    const auto trailer = module.size() - kEnd.size();
    std::size_t length = 0;
    for (auto i = trailer - 4; i < trailer; ++i)
        length = length << 8 | std::to_integer<std::size_t>(module[i]);
    if (length <= trailer - kDescription) module.resize(trailer - kDescription - length);
}

/// Takes its name from the section: the kernel then finds none of that name.
void hide_section(Bytes& module, std::string_view name) {
    Elf64_Ehdr header{};
    if (module.size() < sizeof header) return;
    std::memcpy(&header, module.data(), sizeof header);
    const auto section_at = [&](std::size_t index) { return header.e_shoff + index * sizeof(Elf64_Shdr); };
    const bool fits = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                      header.e_shentsize == sizeof(Elf64_Shdr) && header.e_shstrndx < header.e_shnum &&
                      header.e_shoff <= module.size() &&
                      (module.size() - header.e_shoff) / sizeof(Elf64_Shdr) >= header.e_shnum;
    if (!fits) return;
    const auto read = [&](std::size_t index) {
        Elf64_Shdr section{};
        std::memcpy(&section, module.data() + section_at(index), sizeof section);
        return section;
    };
    const auto names = read(header.e_shstrndx);
    for (std::size_t i = 1; i < header.e_shnum; ++i) {
        auto section = read(i);
        const auto text = as_text(module);
        const auto start = names.sh_offset + section.sh_name;
        if (start >= text.size() || start < names.sh_offset) continue;
        const auto end = text.find('\0', start);
        if (end == std::string_view::npos || text.substr(start, end - start) != name) continue;
        section.sh_name = 0;  // the empty name
        std::memcpy(module.data() + section_at(i), &section, sizeof section);
    }
}

class Order {
  public:
    explicit Order(std::filesystem::path folder) : folder_(std::move(folder)) {}

    Result<void> add(const std::string& name) {
        if (!seen_.insert(name).second) return {};
        auto path = folder_ / (name + ".ko");
        std::error_code ignored;
        if (!std::filesystem::exists(path, ignored)) return {};
        GADGET_TRY_ASSIGN(const Bytes module, read_file(path, kMaxModule));
        for (const auto& dependency : module_dependencies(module)) GADGET_TRY(add(dependency));
        paths_.push_back(std::move(path));
        return {};
    }
    [[nodiscard]] std::vector<std::filesystem::path> take() { return std::move(paths_); }

  private:
    std::filesystem::path folder_;
    std::set<std::string> seen_;
    std::vector<std::filesystem::path> paths_;
};

}  // namespace

std::vector<std::string> module_dependencies(std::span<const std::byte> module) {
    // .modinfo is a run of NUL-terminated "key=value" strings; the key with its leading NUL occurs nowhere
    // else.
    constexpr std::string_view kKey("\0depends=", 9);
    const auto text = as_text(module);
    const auto start = text.find(kKey);
    if (start == std::string_view::npos) return {};
    const auto value = text.substr(start + kKey.size());
    std::vector<std::string> names;
    for (const auto name : split(value.substr(0, value.find('\0')), ',')) {
        if (!name.empty() && name.size() < 64) names.push_back(normal_name(name));
    }
    return names;
}

Bytes plain_module(Bytes module) {
    remove_signature(module);
    hide_section(module, ".BTF");
    return module;
}

Result<std::vector<std::filesystem::path>> order_modules(const std::filesystem::path& folder,
                                                         std::span<const std::string_view> wanted) {
    Order order(folder);
    for (const auto name : wanted) GADGET_TRY(order.add(normal_name(name)));
    return order.take();
}

std::span<const std::string_view> port_modules() {
    return kPortModules;
}
std::span<const std::string_view> gadget_modules() {
    return kGadgetModules;
}

}  // namespace gadget::testkit
