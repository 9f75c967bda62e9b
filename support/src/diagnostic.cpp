// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/diagnostic.h"

#include <algorithm>
#include <tuple>

namespace gadget {
namespace {

/// What findings are ordered by: those with a place in a file first, then those in objects, then those
/// without a place.
auto order_key(const Diagnostic& diagnostic) {
    using Key = std::tuple<int, std::string, unsigned, unsigned, std::string, std::string>;
    if (const auto* range = std::get_if<SourceRange>(&diagnostic.location)) {
        return Key{0, range->file, range->line, range->column, diagnostic.id, diagnostic.message};
    }
    if (const auto* object = std::get_if<ObjectLocation>(&diagnostic.location)) {
        return Key{1,
                   object->object + '\0' + object->symbol,
                   static_cast<unsigned>(object->instruction),
                   0,
                   diagnostic.id,
                   diagnostic.message};
    }
    return Key{2, "", 0, 0, diagnostic.id, diagnostic.message};
}

bool same_finding(const Diagnostic& a, const Diagnostic& b) {
    return a.severity == b.severity && a.id == b.id && a.message == b.message && a.location == b.location;
}

}  // namespace

std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::note:
            return "note";
        case Severity::warning:
            return "warning";
        case Severity::error:
            return "error";
    }
    return "error";
}

void DiagnosticList::report(Diagnostic diagnostic) {
    diagnostics_.push_back(std::move(diagnostic));
}

std::size_t DiagnosticList::count(Severity severity) const {
    return static_cast<std::size_t>(std::count_if(diagnostics_.begin(), diagnostics_.end(),
                                                  [&](const auto& d) { return d.severity == severity; }));
}

void DiagnosticList::sort() {
    std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                     [](const auto& a, const auto& b) { return order_key(a) < order_key(b); });
    diagnostics_.erase(std::unique(diagnostics_.begin(), diagnostics_.end(), same_finding),
                       diagnostics_.end());
}

void DiagnosticList::promote_warnings() {
    for (auto& diagnostic : diagnostics_) {
        if (diagnostic.severity == Severity::warning) diagnostic.severity = Severity::error;
    }
}

std::string to_string(const Location& location) {
    if (const auto* range = std::get_if<SourceRange>(&location)) {
        std::string text = range->file;
        if (range->line > 0) text += ":" + std::to_string(range->line);
        if (range->line > 0 && range->column > 0) text += ":" + std::to_string(range->column);
        return text;
    }
    if (const auto* object = std::get_if<ObjectLocation>(&location)) {
        std::string text = object->object;
        if (!object->symbol.empty()) text += (text.empty() ? "'" : ", '") + object->symbol + "'";
        if (object->instruction >= 0) text += ", instruction " + std::to_string(object->instruction);
        return text;
    }
    return {};
}

}  // namespace gadget
