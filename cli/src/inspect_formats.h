// SPDX-License-Identifier: Apache-2.0
// The forms of 'gadget inspect -o'. Each ends with a newline.
#pragma once

#include <string>

#include "load_gadget.h"

namespace gadget::cli {

/// Tables; facts of one architecture.
[[nodiscard]] std::string inspect_text(const LoadedGadget& gadget);
/// The versioned contract of scripts: image, and facts of every architecture. On one line.
[[nodiscard]] std::string inspect_json(const LoadedGadget& gadget);
/// The same tree as YAML.
[[nodiscard]] std::string inspect_yaml(const LoadedGadget& gadget);
/// A flowchart in the language of mermaid.js: hooks, programs, maps and data sources of one architecture.
[[nodiscard]] std::string inspect_mermaid(const LoadedGadget& gadget);

/// The object of this machine's architecture, else the first; nullptr when there is none.
[[nodiscard]] const LoadedObject* object_to_show(const LoadedGadget& gadget);

}  // namespace gadget::cli
