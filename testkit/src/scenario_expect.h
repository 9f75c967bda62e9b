// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gadget/testkit/scenario.h"
#include "yaml_reader.h"

namespace gadget::testkit {

/// Reads an entry of "expect"; what is wrong with it goes to `reader`.
void read_expectation(YamlReader& reader, const YAML::Node& node, Scenario& scenario);

}  // namespace gadget::testkit
