// SPDX-License-Identifier: Apache-2.0
// Findings that an author accepts, with the reason: comments in source and metadata, and `allow` of
// build.yaml. docs/findings.md tells authors how they are written.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/manifest.h"
#include "gadget/support/diagnostic.h"

namespace gadget::validator {

class Suppressions {
  public:
    /// Takes every `gadget:allow(ID, ...): REASON` from the comments of `text`: after `//`, `/*` or `#`.
    /// Findings in `file` are allowed in the line of the comment or, where the comment stands alone, in the
    /// next line that is neither empty nor such a comment.
    void add_comments(std::string_view text, const std::string& file);

    /// `allow` of build.yaml: findings of that id, wherever they are.
    void add(const std::vector<model::AllowedFinding>& allowed);

    /// Whether findings may be `partial`, e.g. because the source does not compile: then a suppression
    /// without a finding says nothing.
    enum class Extent : std::uint8_t { whole, partial };

    /// Passes `findings` on to `sink` without those that are allowed, then reports suppressions that are
    /// unknown, unused or without reason. Syntax errors, of the compiler and of YAML, cannot be allowed.
    void apply(std::span<const Diagnostic> findings, Extent extent, DiagnosticSink& sink) const;

  private:
    struct Entry {
        std::string id;
        std::string reason;
        SourceRange source;  ///< of the id
        unsigned line = 0;   ///< where findings are allowed; 0 = everywhere
    };
    [[nodiscard]] static bool allows(const Entry& entry, const Diagnostic& finding);

    std::vector<Entry> entries_;
};

}  // namespace gadget::validator
