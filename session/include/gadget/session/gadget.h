// SPDX-License-Identifier: Apache-2.0
// What a session runs: an eBPF object, its metadata, or both.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gadget/model/object_facts.h"
#include "gadget/session/params.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::session {

struct Gadget {
    std::string name = "gadget";  ///< for messages
    std::string metadata{};       ///< text of gadget.yaml; empty: none
    Bytes object{};               ///< ELF for this machine's architecture; empty: a gadget of metadata alone
    /// What validator::inspect() found in `object`, where the caller has it already.
    std::optional<model::ObjectFacts> facts{};
    Bytes btfgen{};         ///< the layer of the image with BTF for kernels that bring none; empty: none
    bool has_wasm = false;  ///< the image has a Wasm module, which is not run
};

/// The gadget in the file or folder `path`: an eBPF object, an OCI layout folder or a tar of one. Of an image
/// the program for this machine's architecture is taken. Errors: as packager::load_gadget().
Result<Gadget> read_gadget(const std::filesystem::path& path);

/// Every parameter of the gadget: those of its object, and the custom ones of its metadata.
Result<std::vector<Param>> all_params(const Gadget& gadget);

}  // namespace gadget::session
