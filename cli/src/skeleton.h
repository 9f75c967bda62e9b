// SPDX-License-Identifier: Apache-2.0
// gadget build --emit skeleton: C and C++ for programs that carry a gadget with them. Plain text from facts;
// the headers need libbpf and nothing of GadgetKit.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model.h"

namespace gadget::cli {

/// `name` as a C identifier: "trace-open" is trace_open.
std::string c_identifier(std::string_view name);

/// The object as a header for C and C++: its bytes, and functions <name>_bpf__open(), __load(), __attach(),
/// __destroy() over libbpf's skeletons, with a member for each map, program, link and global variable.
std::string skeleton_header(std::string_view name, model::Arch arch, std::span<const std::byte> object,
                            const model::ObjectFacts& facts);

/// What the header of one architecture is called: "<name>.<arch>.skel.h".
std::string skeleton_file(std::string_view name, model::Arch arch);

/// The header that includes that of the machine it is compiled for.
std::string skeleton_choice(std::string_view name, const std::vector<model::Arch>& archs);

/// A header for C++17: a struct for each kind of event, parse() from its bytes, and a reader for each data
/// source, which hands decoded events to a function.
std::string event_reader_header(std::string_view name, const model::ObjectFacts& facts);

}  // namespace gadget::cli
