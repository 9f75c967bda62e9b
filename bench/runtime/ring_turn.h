// SPDX-License-Identifier: Apache-2.0
// One turn of reading a flooded 512 KiB ring, by our reader or by libbpf's: the same producer, pinned to the
// first CPU, and the reader on the last.
#pragma once

#include "gadget/runtime.h"

namespace gadget::runtime {

struct RingTurn {
    double delivered = 0;  ///< million records per second
    double lost = 0;       ///< share of all
    double waits = 0;      ///< calls that waited, per million records
};

/// The object flood.bpf.c, set up for this process.
ManagerSpec flood_spec(Bytes object);

Result<RingTurn> read_with_manager(const Bytes& object, double seconds);
Result<RingTurn> read_with_libbpf(const Bytes& object, double seconds);

/// Middle of the values; they must not be empty.
double median(std::vector<double> values);

}  // namespace gadget::runtime
