// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "cmd_test.h"

namespace gadget::cli {

Result<std::vector<testkit::KernelSelector>> shard_of(const std::string& shard,
                                                      std::vector<testkit::KernelSelector> kernels) {
    if (shard.empty()) return kernels;
    const char* end = shard.data() + shard.size();
    std::size_t index = 0;
    std::size_t count = 0;
    const auto first = std::from_chars(shard.data(), end, index);
    const bool slash = first.ec == std::errc{} && first.ptr != end && *first.ptr == '/';
    const auto second = slash ? std::from_chars(first.ptr + 1, end, count) : first;
    if (!slash || second.ec != std::errc{} || second.ptr != end || index == 0 || index > count) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "--shard: '" + shard + "' is not a part such as 1/3"};
    }
    std::vector<testkit::KernelSelector> part;
    for (std::size_t i = index - 1; i < kernels.size(); i += count) part.push_back(kernels[i]);
    return part;
}

std::string github_matrix(const std::vector<testkit::KernelSelector>& kernels) {
    std::string text = "{\"include\":[";
    for (const auto& kernel : kernels) {
        // Names of kernels have no characters that JSON would escape: parse_kernel_selectors() sees to that.
        text += std::string(text.ends_with('[') ? "" : ",") + "{\"kernel\":\"" + kernel.id +
                "\",\"arch\":\"" + std::string(model::to_string(kernel.arch)) + "\"}";
    }
    return text + "]}\n";
}

}  // namespace gadget::cli
