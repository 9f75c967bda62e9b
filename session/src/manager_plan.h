// SPDX-License-Identifier: Apache-2.0
// What the runtime is told: programs with their targets, constants, changes of maps.
#pragma once

#include <vector>

#include "gadget/runtime.h"
#include "source_plan.h"
#include "transform.h"

namespace gadget::session {

/// The part of the spec that does not depend on who reads the events. `constants` are the gadget's
/// parameters. `rejected_input` names a program whose metadata cannot be used, `invalid_argument` an option
/// that is missing.
Result<runtime::ManagerSpec> plan_manager(const PlanInput& input, const KernelFeatures& kernel,
                                          std::vector<ParamValue> constants);

}  // namespace gadget::session
