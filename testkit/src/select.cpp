// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"

namespace gadget::testkit {
namespace {

bool valid_name(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.size() <= 64 &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '+' ||
                      c == '-';
           });
}

Result<std::vector<model::Arch>> parse_archs(std::string_view text) {
    std::vector<model::Arch> archs;
    for (const auto word : split(text, ',')) {
        const auto arch = model::parse_arch(trim(word));
        if (!arch) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "unknown architecture '" + printable(trim(word)) + "'",
                         .hint = "known: amd64 and arm64"};
        }
        if (std::find(archs.begin(), archs.end(), *arch) == archs.end()) archs.push_back(*arch);
    }
    return archs;
}

}  // namespace

std::string KernelSelector::to_string() const {
    return id + "/" + std::string(model::to_string(arch));
}

Result<std::vector<KernelSelector>> parse_kernel_selectors(std::string_view kernels, std::string_view archs) {
    GADGET_TRY_ASSIGN(const auto wanted_archs, parse_archs(archs));
    std::vector<KernelSelector> selectors;
    for (const auto word : split(kernels, ',')) {
        const std::string id(trim(word));
        if (!valid_name(id)) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "'" + printable(id) + "' is not the name of a kernel",
                         .hint = "known: host, " + join_words(known_kernel_ids())};
        }
        for (const auto arch : wanted_archs) {
            KernelSelector selector{id, arch};
            if (selector.is_host() && arch != model::host_arch()) continue;
            if (std::find(selectors.begin(), selectors.end(), selector) == selectors.end()) {
                selectors.push_back(std::move(selector));
            }
        }
    }
    return selectors;
}

}  // namespace gadget::testkit
