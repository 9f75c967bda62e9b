// SPDX-License-Identifier: Apache-2.0
// Changes of gadget.yaml as text: what is not touched stays byte for byte, comments, order and unknown keys
// too.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/object_facts.h"
#include "gadget/support/diagnostic.h"
#include "gadget/support/result.h"

namespace gadget::model {

/// `text` with the range of each fix replaced; the file that a range names does not matter. Ranges are
/// 1-based, columns count bytes, ends are one past the last byte; a range without an end is an insertion. The
/// order of `fixes` does not matter, two at the same place are inserted in their order. `invalid_argument`
/// when a range is not in the text or two overlap: then nothing of the fixes can be trusted.
[[nodiscard]] Result<std::string> apply_fixes(std::string_view text, std::span<const FixIt> fixes);

/// What merge_metadata() did.
struct MetadataUpdate {
    std::string text;  ///< the new file; the old bytes when nothing was missing
    /// What was added, as dotted paths in the order of the file's sections: "datasources.open.fields.pid".
    std::vector<std::string> added;
    std::size_t empty_descriptions = 0;  ///< of `added`: for the author to fill in
};

/// Adds to gadget.yaml (`text`; empty: a new file) what `objects` know and it does not say: data sources with
/// their fields, parameters with their keys, and the name of the gadget. Descriptions that follow from a type
/// of Inspektor Gadget are written, others are empty. Nothing is changed or removed. Without objects only a
/// missing name and description are added.
///
/// `file` names the metadata in findings. `rejected_input` when the file is not well-formed (the findings say
/// why) or is written in a way that cannot be edited safely (aliases where something is missing, for example;
/// the message says where).
[[nodiscard]] Result<MetadataUpdate> merge_metadata(std::string_view text, const std::string& file,
                                                    std::string_view gadget_name,
                                                    std::span<const ObjectFacts* const> objects,
                                                    DiagnosticSink& sink);

}  // namespace gadget::model
