// SPDX-License-Identifier: Apache-2.0
#include "test_places.h"

#include "places.h"

namespace gadget::cli {
namespace {

std::string comma_list(const std::vector<std::string>& words, std::string_view fallback) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
    return text.empty() ? std::string(fallback) : text;
}

std::string arch_list(const std::vector<model::Arch>& archs) {
    std::vector<std::string> words;
    for (const auto arch : archs) words.emplace_back(model::to_string(arch));
    return comma_list(words, model::to_string(model::host_arch()));
}

}  // namespace

Result<std::vector<testkit::KernelSelector>> selected_kernels(const std::vector<std::string>& kernels,
                                                              const std::vector<model::Arch>& archs) {
    GADGET_TRY_ASSIGN(auto selected,
                      testkit::parse_kernel_selectors(comma_list(kernels, "host"), arch_list(archs)));
    if (selected.empty()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "'host' has the architecture " +
                                std::string(model::to_string(model::host_arch())) +
                                ": there is nothing to test on"};
    }
    return selected;
}

Result<std::map<model::Arch, std::filesystem::path>> find_runners() {
    GADGET_TRY_ASSIGN(const std::filesystem::path folder, executable_folder());
    std::map<model::Arch, std::filesystem::path> runners;
    for (const auto arch : model::kAllArchs) {
        const std::string name =
            arch == model::host_arch() ? "gadget-run" : "gadget-run-" + std::string(model::to_string(arch));
        std::error_code ignored;
        if (std::filesystem::exists(folder / name, ignored)) runners[arch] = folder / name;
    }
    return runners;
}

}  // namespace gadget::cli
