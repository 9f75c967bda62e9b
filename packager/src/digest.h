// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::packager {

/// A running hash.
class Hasher {
  public:
    /// `algorithm` is "sha256" or "sha512"; others are unsupported.
    static Result<Hasher> create(std::string_view algorithm);
    Hasher(Hasher&&) noexcept;
    Hasher& operator=(Hasher&&) noexcept;
    ~Hasher();

    void update(std::span<const std::byte> data);
    /// "<algorithm>:<hex>". The hasher is used up.
    [[nodiscard]] std::string finish();

  private:
    struct State;
    explicit Hasher(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

struct DigestParts {
    std::string_view algorithm;
    std::string_view encoded;
};

/// Splits a digest whose form the OCI grammar allows, whatever the algorithm. corrupt_data for anything else.
Result<DigestParts> split_digest(std::string_view digest);

std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace gadget::packager
