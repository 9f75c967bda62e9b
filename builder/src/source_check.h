// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gadget/builder.h"

namespace gadget::builder {

/// Is the request something that a compiler should be asked? One clear message for what it would drown in: a
/// missing file, a folder, an empty, binary or huge file, options that are none.
Result<void> check_request(const Request& request);

}  // namespace gadget::builder
