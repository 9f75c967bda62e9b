// SPDX-License-Identifier: Apache-2.0
// yaml-cpp at arm's length: bounded input, findings with positions instead of exceptions.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/diagnostic.h"

namespace gadget::model {

/// One YAML document being read; helpers report findings against its file.
class YamlReader {
  public:
    YamlReader(std::string file, DiagnosticSink& sink) : file_(std::move(file)), sink_(sink) {}

    /// The root mapping; an empty document is an empty mapping. nullopt after a finding. Refuses more than 1
    /// MiB of text, nesting deeper than 64 and documents whose aliases expand to more than 100 000 nodes.
    std::optional<YAML::Node> parse(std::string_view text);

    [[nodiscard]] SourceRange where(const YAML::Node& node) const;
    void error(const YAML::Node& node, std::string id, std::string message, std::string hint = {});
    void warning(const YAML::Node& node, std::string id, std::string message, std::string hint = {},
                 std::optional<FixIt> fix = {});
    /// Puts `replacement` in the place of a key; nullopt when it is not written plainly.
    [[nodiscard]] std::optional<FixIt> replace_key(const YAML::Node& key, std::string replacement) const;

    /// The scalar's text, whatever it looks like; nullopt after a finding when it is not a scalar. A null is
    /// "".
    std::optional<std::string> scalar(const YAML::Node& node, std::string_view what);
    /// Whether `node` is a mapping (a null counts as an empty one); a finding when not.
    bool expect_map(const YAML::Node& node, std::string_view what);
    /// Text of a key; nullopt after a finding when it is not a scalar.
    std::optional<std::string> key(const YAML::Node& node);
    std::vector<std::string> string_list(const YAML::Node& node, std::string_view what);

    [[nodiscard]] bool failed() const { return failed_; }

  private:
    bool within_limits(const YAML::Node& node, unsigned depth, std::size_t& budget);

    std::string file_;
    DiagnosticSink& sink_;
    std::string text_;
    bool failed_ = false;
};

[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace gadget::model
