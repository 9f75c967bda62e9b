// SPDX-License-Identifier: Apache-2.0
#include "apply_fixes.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "gadget/model/manifest.h"
#include "gadget/support/files.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

struct Edit {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string replacement;

    friend bool operator==(const Edit&, const Edit&) = default;
};

/// Offset of a 1-based position whose column counts bytes; nullopt when the text has no such place.
std::optional<std::size_t> offset_of(const std::string& text, unsigned line, unsigned column) {
    if (line == 0 || column == 0) return std::nullopt;
    std::size_t start = 0;
    for (unsigned i = 1; i < line; ++i) {
        const auto end = text.find('\n', start);
        if (end == std::string::npos) return std::nullopt;
        start = end + 1;
    }
    const auto end = std::min(text.find('\n', start), text.size());
    const auto offset = start + column - 1;
    return offset <= end ? std::optional(offset) : std::nullopt;
}

std::optional<Edit> edit_of(const std::string& text, const FixIt& fix) {
    const auto begin = offset_of(text, fix.range.line, fix.range.column);
    const auto end = offset_of(text, fix.range.end_line == 0 ? fix.range.line : fix.range.end_line,
                               fix.range.end_column == 0 ? fix.range.column : fix.range.end_column);
    if (!begin || !end || *end < *begin) return std::nullopt;
    return Edit{*begin, *end, fix.replacement};
}

std::size_t errors_in(const std::string& text) {
    DiagnosticList findings;
    (void)model::parse_manifest(text, "gadget.yaml", findings);  // what counts is in the findings
    return findings.count(Severity::error);
}

}  // namespace

FixedText apply_fixes(const std::string& text, const std::string& file, const DiagnosticList& findings) {
    FixedText result{.text = text};
    std::vector<Edit> edits;
    for (const auto& finding : findings.all()) {
        for (const auto& fix : finding.fixes) {
            if (fix.range.file != file) continue;
            if (auto edit = edit_of(text, fix)) {
                edits.push_back(std::move(*edit));
            } else {
                ++result.left;
            }
        }
    }
    // From the end, so that the places of those before stay what they are.
    std::stable_sort(edits.begin(), edits.end(),
                     [](const Edit& a, const Edit& b) { return a.begin > b.begin; });
    edits.erase(std::unique(edits.begin(), edits.end()), edits.end());
    const auto errors = errors_in(text);
    std::size_t limit = text.size() + 1;
    for (const auto& edit : edits) {
        std::string mended = result.text;
        mended.replace(edit.begin, edit.end - edit.begin, edit.replacement);
        if (edit.end > limit || errors_in(mended) > errors) {
            ++result.left;
            continue;
        }
        result.text = std::move(mended);
        limit = edit.begin;
        ++result.applied;
    }
    return result;
}

Result<FixedText> fix_file(const fs::path& path, const DiagnosticList& findings) {
    GADGET_TRY_ASSIGN(const std::string text, read_text_file(path));
    FixedText fixed = apply_fixes(text, path.string(), findings);
    if (fixed.applied == 0) return fixed;
    std::error_code error;
    const fs::path target = fs::canonical(path, error);
    if (error) return errno_error(error.value(), "cannot follow '" + path.string() + "'");
    const auto mode = static_cast<unsigned>(fs::status(target, error).permissions() & fs::perms::mask);
    if (error) return errno_error(error.value(), "cannot look at '" + path.string() + "'");
    GADGET_TRY(write_file_atomic(target, std::string_view(fixed.text), mode));
    return fixed;
}

}  // namespace gadget::cli
