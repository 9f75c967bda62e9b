// SPDX-License-Identifier: Apache-2.0
// The object compiled from objects/sample.bpf.c.
#pragma once

#include <gtest/gtest.h>

#include "gadget/support/files.h"
#include "gadget/validator.h"

namespace gadget::validator {

inline Bytes sample_object() {
    auto object = read_file(GADGETKIT_SAMPLE);
    EXPECT_TRUE(object.has_value()) << object.error().to_string();
    return object.value_or(Bytes{});
}

inline model::ObjectFacts sample_facts() {
    auto facts = inspect(sample_object(), {.object_name = "sample"});
    EXPECT_TRUE(facts.has_value()) << facts.error().to_string();
    return facts.value_or(model::ObjectFacts{});
}

}  // namespace gadget::validator
