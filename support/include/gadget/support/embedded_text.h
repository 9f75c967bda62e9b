// SPDX-License-Identifier: Apache-2.0
// Text files of the repository that are compiled into an executable (gadgetkit_embed_texts in
// cmake/EmbedFiles.cmake).
#pragma once

#include <string_view>

namespace gadget {

struct EmbeddedText {
    std::string_view name;  ///< path below the folder that was embedded
    std::string_view text;
};

}  // namespace gadget
