// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gadget/testkit/scenario.h"
#include "yaml_reader.h"

namespace gadget::testkit {

/// Reads "fixtures", "steps" and "defer" of a scenario; what is wrong with them goes to `reader`.
void read_actions(YamlReader& reader, const YAML::Node& root, Scenario& scenario);

}  // namespace gadget::testkit
