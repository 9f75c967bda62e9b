// SPDX-License-Identifier: Apache-2.0
// The process that links objects: libbpf's linker keeps a global print function and trusts its input.
#pragma once

namespace gadget::builder {

/// Objects on descriptor 0 (a list of strings, wire_stream.h), records of wire.h to descriptor 1: an object,
/// unless the linker refuses (its words go to descriptor 2), then the status. The last phase is the index of
/// the object that was added last.
int link_child_main();

}  // namespace gadget::builder
