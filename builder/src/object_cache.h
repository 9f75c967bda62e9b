// SPDX-License-Identifier: Apache-2.0
// Objects that were compiled before. An entry holds every question that the compiler asked of the author's
// folders with its answer (file contents, and what was not there), the object, and its symbols. It counts
// only when all questions have the same answers now, for the same request and the same executable (which
// holds the compiler and the other headers); contents are compared byte by byte, so a hit is never a guess.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "gadget/builder.h"
#include "wire.h"

namespace gadget::builder {

class ObjectCache {
  public:
    static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
    static constexpr std::size_t kMaxEntries = 512;

    /// Empty `dir`, or an executable without a build id: not enabled.
    explicit ObjectCache(std::filesystem::path dir);

    [[nodiscard]] bool enabled() const { return !dir_.empty(); }
    /// Here and in store(), the files of symbols are virtual paths: an entry serves the same source anywhere.
    [[nodiscard]] std::optional<Output> find(const ChildRequest& request) const;
    /// What cannot be written is not kept; the oldest entries go when there are too many.
    void store(const ChildRequest& request, std::span<const Lookup> lookups, const Output& output) const;

  private:
    [[nodiscard]] std::filesystem::path entry_path(const std::string& key, std::string_view source) const;
    void evict() const;

    std::filesystem::path dir_;
    std::string build_id_;
};

}  // namespace gadget::builder
