// SPDX-License-Identifier: Apache-2.0
// The vocabulary that all libraries share: plain values, read from YAML, ELF or BTF, never live kernel
// objects.
#pragma once

#include "gadget/model/event_schema.h"
#include "gadget/model/manifest.h"
#include "gadget/model/object_facts.h"
#include "gadget/model/platform.h"
#include "gadget/model/section_table.h"
