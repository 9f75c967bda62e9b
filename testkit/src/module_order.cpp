// SPDX-License-Identifier: Apache-2.0
#include "module_order.h"

#include <algorithm>
#include <array>
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
