// SPDX-License-Identifier: Apache-2.0
// A gadget in your own process: load it from an image or from memory, get its rows, stop it. Nothing here
// prints, and nothing reads the environment.
#pragma once

#include "gadget/session/gadget.h"
#include "gadget/session/params.h"
#include "gadget/session/replay.h"
#include "gadget/session/session.h"
#include "gadget/session/view.h"
