// SPDX-License-Identifier: Apache-2.0
// The commands that gadget-registry has.
#pragma once

#include <array>

namespace gadget::cli {

struct RegistryWord {
    const char* name;
    const char* text;
};
inline constexpr std::array<RegistryWord, 4> kRegistryWords{{{"push", "Send an image to a registry"},
                                                             {"pull", "Get an image from a registry"},
                                                             {"login", "Remember an account at a registry"},
                                                             {"logout", "Forget the account at a registry"}}};
inline constexpr std::array<RegistryWord, 8> kRegistryImageWords{
    {{"push", "Send an image to a registry"},
     {"pull", "Get an image from a registry"},
     {"tags", "Tags of a repository in a registry"},
     {"delete", "Delete an image in a registry"},
     {"referrers", "What a registry has about an image: signatures, SBOM"},
     {"sign", "Sign an image of the store"},
     {"verify", "Check the signature of an image"},
     {"generate-key", "Make a pair of keys for signing"}}};

}  // namespace gadget::cli
