// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace gadget {

/// Told about long work by whoever does it; the command line shows it, or not. Calls come from one thread.
class Progress {
  public:
    virtual ~Progress() = default;
    /// A new step begins: "fetching linux-image-6.12 (amd64)".
    virtual void step(std::string_view text) = 0;
    /// How far the step is; `total` 0 = unknown.
    virtual void update(std::uint64_t done, std::uint64_t total) = 0;
};

/// Shows nothing.
class NoProgress final : public Progress {
  public:
    void step(std::string_view) override {}
    void update(std::uint64_t, std::uint64_t) override {}
};

}  // namespace gadget
