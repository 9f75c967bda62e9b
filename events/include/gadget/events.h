// SPDX-License-Identifier: Apache-2.0
// gadget::events: from the raw records of a gadget to typed rows and to text. Knows neither kernel nor files;
// what it needs of the machine comes in through Environment.
#pragma once

#include "gadget/events/data_source.h"
#include "gadget/events/environment.h"
#include "gadget/events/fields.h"
#include "gadget/events/kernel_symbols.h"
#include "gadget/events/metrics.h"
#include "gadget/events/pcapng.h"
#include "gadget/events/query.h"
#include "gadget/events/recording.h"
#include "gadget/events/rows.h"
#include "gadget/events/writers.h"
