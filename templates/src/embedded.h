// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "gadget/support/embedded_text.h"

namespace gadget::templates {

/// The files of all templates: "<template>/<path in the gadget's folder>", sorted, with @name@ for the
/// gadget's name.
std::span<const EmbeddedText> embedded_files();

}  // namespace gadget::templates
