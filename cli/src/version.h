// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace gadget::cli {

inline constexpr const char* kVersion = GADGETKIT_VERSION;
/// What images say about who built them. Not a bare version: Inspektor Gadget compares those with its own.
inline constexpr const char* kBuilderVersion = "gadgetkit-" GADGETKIT_VERSION;

}  // namespace gadget::cli
