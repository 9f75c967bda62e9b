// SPDX-License-Identifier: Apache-2.0
// The kernels that we know, as data.
#include <algorithm>
#include <array>

#include "gadget/testkit/kernels.h"

namespace gadget::testkit {
namespace {

/// What a kernel is known to lack.
struct Lack {
    std::string_view kernel;
    model::Arch arch;
    std::string_view feature;
    std::string_view why;
};

constexpr std::string_view kNoTrampolines =
    "on arm64, ftrace does not call eBPF programs directly before Linux 6.4";

constexpr std::array kLacks{
    Lack{"5.10", model::Arch::amd64, "lsm",
         "bpf is not among the security modules that are active by default"},
    Lack{"5.10", model::Arch::arm64, "fentry", kNoTrampolines},
    Lack{"5.10", model::Arch::arm64, "lsm", kNoTrampolines},
    Lack{"6.1", model::Arch::arm64, "fentry", kNoTrampolines},
    Lack{"6.1", model::Arch::arm64, "lsm", kNoTrampolines},
};

/// The series that a gadget has to pass on: the oldest and the newer ones with long support. What is newer is
/// looked at for what is to come.
constexpr std::array<std::string_view, 3> kRequired{"5.10", "6.1", "6.12"};

}  // namespace

std::map<std::string, std::string> known_lacks(const KernelSelector& kernel) {
    std::map<std::string, std::string> lacks;
    for (const auto& lack : kLacks) {
        if (lack.kernel == kernel.id && lack.arch == kernel.arch) lacks.emplace(lack.feature, lack.why);
    }
    return lacks;
}

std::vector<KernelSpec> kernel_specs(std::span<const Kernel> stored) {
    std::vector<KernelSpec> specs{{.id = "host", .arch = model::host_arch(), .source = "host"}};
    for (const auto arch : model::kAllArchs) {
        for (const auto& id : known_kernel_ids()) {
            const bool required = std::find(kRequired.begin(), kRequired.end(), id) != kRequired.end();
            specs.push_back({.id = id,
                             .arch = arch,
                             .source = "distribution",
                             .required = required,
                             .expect = known_lacks({id, arch})});
        }
    }
    for (const auto& kernel : stored) {
        auto spec = std::find_if(specs.begin(), specs.end(), [&](const KernelSpec& other) {
            return other.id == kernel.id && other.arch == kernel.arch;
        });
        if (spec == specs.end()) spec = specs.insert(specs.end(), {.id = kernel.id, .arch = kernel.arch});
        if (!kernel.source.empty()) spec->source = kernel.source;
        spec->digest = "sha256:" + kernel.sha256;
        spec->release = kernel.release;
    }
    return specs;
}

}  // namespace gadget::testkit
