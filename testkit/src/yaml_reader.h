// SPDX-License-Identifier: Apache-2.0
// What the readers of a scenario's parts share: values out of YAML nodes, and findings where they are not
// what they should be.
#pragma once

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/diagnostic.h"
#include "gadget/support/text.h"

namespace gadget::testkit {

class YamlReader {
  public:
    YamlReader(const std::string& file, DiagnosticSink& sink) : file_(file), sink_(sink) {}

    /// Whether a finding was reported.
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const std::string& file() const { return file_; }

    void report(SourceRange where, std::string id, std::string message, std::string hint = {}) {
        failed_ = true;
        sink_.report({.id = std::move(id),
                      .message = std::move(message),
                      .location = std::move(where),
                      .hint = std::move(hint)});
    }

    [[nodiscard]] SourceRange where(const YAML::Node& node) const {
        const auto mark = node.Mark();
        if (mark.is_null()) return {.file = file_};
        return {.file = file_,
                .line = static_cast<unsigned>(mark.line + 1),
                .column = static_cast<unsigned>(mark.column + 1)};
    }

    void error(const YAML::Node& node, std::string id, std::string message, std::string hint = {}) {
        report(where(node), std::move(id), std::move(message), std::move(hint));
    }

    /// A word that is none of `known`.
    template <class Names>
    void unknown(const YAML::Node& node, const std::string& word, std::string id, std::string_view what,
                 const Names& known) {
        std::vector<std::string> names;
        for (const auto& name : known) names.emplace_back(name);
        auto hint = did_you_mean(word, names);
        if (hint.empty()) hint = "known: " + join_words(names);
        error(node, std::move(id), std::string(what) + " '" + printable(word) + "'", std::move(hint));
    }
    template <class Names>
    void unknown(const YAML::Node& node, std::string id, std::string_view what, const Names& known) {
        unknown(node, node.Scalar(), std::move(id), what, known);
    }

    std::string scalar(const YAML::Node& node, std::string_view what) {
        if (node.IsScalar()) return node.Scalar();
        error(node, "scenario-type", std::string(what) + " must be a single value");
        return {};
    }

    std::optional<std::uint64_t> number(const YAML::Node& node, std::string_view what) {
        const auto text = scalar(node, what);
        std::uint64_t value = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (problem == std::errc{} && end == text.data() + text.size() && !text.empty()) return value;
        error(node, "scenario-number", std::string(what) + " must be a whole number");
        return std::nullopt;
    }

    /// Every key must be one of `known` and occur once.
    template <class Names>
    void check_keys(const YAML::Node& map, std::string_view what, const Names& known) {
        std::set<std::string> seen;
        for (const auto& entry : map) {
            if (!entry.first.IsScalar()) {
                error(entry.first, "scenario-type", "a key must be a single value");
            } else if (std::find(std::begin(known), std::end(known), entry.first.Scalar()) ==
                       std::end(known)) {
                unknown(entry.first, "scenario-unknown-key", "unknown key of " + std::string(what), known);
            } else if (!seen.insert(entry.first.Scalar()).second) {
                error(entry.first, "scenario-duplicate-key",
                      "key '" + entry.first.Scalar() + "' stands here twice");
            }
        }
    }

  private:
    const std::string& file_;
    DiagnosticSink& sink_;
    bool failed_ = false;
};

}  // namespace gadget::testkit
