// SPDX-License-Identifier: Apache-2.0
// What 'gadget image inspect' and 'gadget image export --format bpfman' do with one image of the store.
#pragma once

#include <filesystem>
#include <string>

#include "commands.h"
#include "gadget/packager.h"

namespace gadget::cli {

/// Manifests, layers and attachments, as text or JSON.
Result<void> inspect_stored_image(const packager::Store& store, const ImageOptions& options,
                                  Terminal& terminal);

/// Writes the objects of the image `name` to a tar in bpfman's form.
Result<void> export_for_bpfman(const packager::Store& store, const std::string& name,
                               const std::filesystem::path& file);

}  // namespace gadget::cli
