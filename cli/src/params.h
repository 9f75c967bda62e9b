// SPDX-License-Identifier: Apache-2.0
// The parameters of a gadget, as the commands name them.
#pragma once

#include "gadget/session/params.h"

namespace gadget::cli {

using session::describe_params;
using session::gadget_params;

}  // namespace gadget::cli
