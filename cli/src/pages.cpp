// SPDX-License-Identifier: Apache-2.0
#include "pages.h"

namespace gadget::cli {
namespace {

std::string_view id_of(const EmbeddedText& file) {
    constexpr std::string_view kEnding = ".md";
    return file.name.substr(0, file.name.size() - kEnding.size());
}

}  // namespace

std::vector<std::string> page_ids() {
    std::vector<std::string> ids;
    for (const auto& file : page_files()) ids.emplace_back(id_of(file));
    return ids;
}

std::string_view find_page(std::string_view id) {
    for (const auto& file : page_files()) {
        if (id_of(file) == id) return file.text;
    }
    return {};
}

}  // namespace gadget::cli
