// SPDX-License-Identifier: Apache-2.0
// What an eBPF author can do about a finding of the compiler, which explains itself in terms of ordinary C.
#pragma once

#include <string>
#include <string_view>

namespace gadget::builder {

class FileStore;

/// The hint for a finding with this message, empty if there is none. `files` serves suggestions for missing
/// headers.
std::string hint_for(std::string_view message, const FileStore& files);

}  // namespace gadget::builder
