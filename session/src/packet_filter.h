// SPDX-License-Identifier: Apache-2.0
// From classic packet filters to eBPF, and into the function that GADGET_PF() defines.
#pragma once

#include <linux/bpf.h>

#include <string>
#include <vector>

#include "gadget/session/packet_filter.h"
#include "gadget/session/params.h"
#include "gadget/support/files.h"

namespace gadget::session {

/// The body of a function whose fourth and fifth argument are the packet's begin and end; it returns whether
/// the filter takes the packet. Reading outside of the packet means no, as in the classic language.
/// `rejected_input` for instructions that do not exist, jump outside of the filter, or read what only a
/// socket has.
Result<std::vector<bpf_insn>> translate_filter(const ClassicFilter& filter);

/// Parameters "pf" and "pf-NAME" of an object's functions gadget_pf_NAME.
std::vector<Param> packet_filter_params(const Bytes& object);

/// Puts the filters that `values` has into the object. `unsupported` when there is one and no compiler.
Result<void> set_packet_filters(const ParamWords& values, const FilterCompiler& compiler, Bytes& object);

}  // namespace gadget::session
