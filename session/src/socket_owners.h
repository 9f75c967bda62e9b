// SPDX-License-Identifier: Apache-2.0
// Gadgets that include gadget/sockets-map.h look up who owns a socket.
#pragma once

#include "gadget/model.h"
#include "gadget/runtime.h"

namespace gadget::session {

/// Whether the object has the map of socket owners.
[[nodiscard]] bool asks_for_socket_owners(const model::ObjectFacts& facts);

/// Gives the map's values the layout that Inspektor Gadget's socket enricher has without its optional tail,
/// so that the programs load. Nobody fills the map here: look-ups find nothing.
void plan_socket_owners(const model::ObjectFacts& facts, runtime::ManagerSpec& spec);

}  // namespace gadget::session
