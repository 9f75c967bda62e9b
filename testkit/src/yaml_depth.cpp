// SPDX-License-Identifier: Apache-2.0
#include "yaml_depth.h"

namespace gadget::testkit {

bool yaml_nesting_is_sane(std::string_view text) {
    constexpr int kMaxNesting = 32;
    int brackets = 0;
    int markers = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '[' || c == '{') ++brackets;
        if ((c == ']' || c == '}') && brackets > 0) --brackets;
        if (c == '\n') markers = 0;
        const bool marker = (c == '-' || c == '?') && i + 1 < text.size() && text[i + 1] == ' ';
        if (marker) ++markers;
        if (brackets > kMaxNesting || markers > kMaxNesting) return false;
    }
    return true;
}

}  // namespace gadget::testkit
