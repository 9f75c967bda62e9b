// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gadget/packager/layout.h"
#include "gadget/packager/reference.h"

namespace gadget::cli {

/// What short names stand for: GADGET_DEFAULT_REGISTRY ("registry.example.org/team"), else Inspektor
/// Gadget's.
packager::ReferenceDefaults reference_defaults();
/// The image that `text` names, completed.
Result<packager::Reference> parse_image_name(const std::string& text);
/// The full name of the image that `text` names.
Result<std::string> full_name(const std::string& text);
/// What the store calls the image that `text` names: its full name, or a digest. "foo@sha256:..." also finds
/// the image of that digest under another tag of its repository.
Result<std::string> stored_name(const packager::Layout& store, const std::string& text);
/// A full name as short as it may be written.
std::string short_name(const std::string& name);

}  // namespace gadget::cli
