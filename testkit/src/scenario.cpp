// SPDX-License-Identifier: Apache-2.0
#include "gadget/testkit/scenario.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "gadget/support/files.h"
#include "gadget/support/text.h"
#include "vocabulary.h"
#include "yaml_depth.h"

namespace gadget::testkit {
namespace {

constexpr std::size_t kMaxScenario = 64 * 1024;
constexpr unsigned kMaxTimeout = 600;
constexpr std::string_view kBudgetFile = "budget.yaml";  // see verifier.h

constexpr std::array<std::string_view, 9> kKeys{"name",   "description", "requires", "params", "steps",
                                                "expect", "messages",    "pause",    "timeout"};
constexpr std::array<std::string_view, 3> kExpectKeys{"event", "none", "count"};
constexpr std::array<std::string_view, 6> kMatchKeys{"regex", "contains", "min", "max", "not", "absent"};

class Parser {
  public:
    Parser(const std::string& file, DiagnosticSink& sink) : file_(file), sink_(sink) {}

    Result<Scenario> parse(std::string_view text) {
        Scenario scenario;
        scenario.file = file_;
        if (text.size() > kMaxScenario || text.find('\0') != std::string_view::npos ||
            !yaml_nesting_is_sane(text)) {
            report({.file = file_}, "scenario-unreadable",
                   "not a scenario: too large, nested too deeply, or not text");
            return rejected();
        }
        try {
            const YAML::Node root = YAML::Load(std::string(text));
            if (!root.IsMap()) {
                error(root, "scenario-type", "a scenario is a mapping with 'name', 'steps' and 'expect'");
            } else {
                read(root, scenario);
            }
        } catch (const YAML::Exception& problem) {
            const bool known = !problem.mark.is_null();
            report({.file = file_,
                    .line = known ? static_cast<unsigned>(problem.mark.line + 1) : 0,
                    .column = known ? static_cast<unsigned>(problem.mark.column + 1) : 0},
                   "scenario-syntax", problem.msg);
        }
        if (failed_) return rejected();
        return scenario;
    }

  private:
    [[nodiscard]] Error rejected() const {
        return Error{.code = ErrorCode::rejected_input, .message = "the scenario '" + file_ + "' has errors"};
    }

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

    template <class Names>
    void unknown(const YAML::Node& key, std::string id, std::string_view what, const Names& known) {
        std::vector<std::string> names;
        for (const auto& name : known) names.emplace_back(name);
        auto hint = did_you_mean(key.Scalar(), names);
        if (hint.empty()) hint = "known: " + join_words(names);
        error(key, std::move(id), std::string(what) + " '" + printable(key.Scalar()) + "'", std::move(hint));
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

    void read(const YAML::Node& root, Scenario& scenario) {
        check_keys(root, "a scenario", kKeys);
        if (const auto name = root["name"]) scenario.name = scalar(name, "'name'");
        if (scenario.name.empty())
            error(root, "scenario-name", "the scenario has no name", "add 'name: what the gadget does'");
        if (const auto text = root["description"]) scenario.description = scalar(text, "'description'");
        if (const auto timeout = root["timeout"]) read_timeout(timeout, scenario);
        if (const auto features = root["requires"]) read_features(features, scenario);
        if (const auto params = root["params"]) read_params(params, scenario);
        if (const auto steps = root["steps"]) read_steps(steps, scenario);
        if (const auto messages = root["messages"]) read_messages(messages, scenario);
        if (const auto pause = root["pause"]) {
            scenario.pause = scalar(pause, "'pause'") == "true";
            if (!scenario.pause) error(pause, "scenario-type", "write 'pause: true'");
        }
        const auto expect = root["expect"];
        if (!expect || !expect.IsSequence() || expect.size() == 0) {
            error(expect ? expect : root, "scenario-expect",
                  "a scenario expects something: 'expect' must be a list of events",
                  "add 'expect: [{event: {field: value}}]'");
            return;
        }
        for (const auto& entry : expect) read_expectation(entry, scenario);
    }

    void read_timeout(const YAML::Node& node, Scenario& scenario) {
        const auto seconds = number(node, "'timeout'");
        if (!seconds) return;
        if (*seconds == 0 || *seconds > kMaxTimeout) {
            error(node, "scenario-number",
                  "'timeout' must be 1 to " + std::to_string(kMaxTimeout) + " seconds");
            return;
        }
        scenario.timeout_seconds = static_cast<unsigned>(*seconds);
    }

    void read_features(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsSequence()) return error(node, "scenario-type", "'requires' must be a list of features");
        std::vector<std::string_view> known;
        for (const auto& spec : feature_specs()) known.push_back(spec.name);
        for (const auto& entry : node) {
            const auto name = scalar(entry, "a feature");
            if (name.empty()) continue;
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                unknown(entry, "scenario-unknown-feature", "unknown feature", known);
            }
            scenario.features.push_back(name);
        }
    }

    void read_params(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsMap())
            return error(node, "scenario-type", "'params' must be a mapping of parameters to values");
        for (const auto& entry : node) {
            scenario.params.emplace_back(scalar(entry.first, "a parameter's name"),
                                         scalar(entry.second, "a parameter"));
        }
    }

    void read_messages(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsSequence()) return error(node, "scenario-type", "'messages' must be a list of texts");
        for (const auto& entry : node) scenario.messages.push_back(scalar(entry, "a message"));
    }

    void read_steps(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsSequence()) return error(node, "scenario-type", "'steps' must be a list");
        std::set<std::string> ids;
        for (const auto& entry : node) {
            if (!entry.IsMap()) {
                error(entry, "scenario-type", "a step is a mapping such as '- open: {path: /etc/hostname}'");
                continue;
            }
            Step step{.id = "step" + std::to_string(scenario.steps.size() + 1)};
            read_step(entry, step);
            if (!ids.insert(step.id).second)
                error(entry, "scenario-duplicate-id", "two steps have the id '" + step.id + "'");
            scenario.steps.push_back(std::move(step));
        }
    }

    void read_step(const YAML::Node& node, Step& step) {
        const StimulusSpec* spec = nullptr;
        std::vector<std::string_view> known;
        for (const auto& stimulus : stimulus_specs()) known.push_back(stimulus.kind);
        for (const auto& option : common_options()) known.push_back(option.name);
        check_keys(node, "a step", known);
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) continue;
            const auto& key = entry.first.Scalar();
            const auto specs = stimulus_specs();
            const auto found = std::find_if(specs.begin(), specs.end(),
                                            [&](const StimulusSpec& s) { return s.kind == key; });
            if (found == specs.end()) {
                if (key == "id") {
                    step.id = scalar(entry.second, "'id'");
                } else {
                    step.options[key] = scalar(entry.second, "'" + key + "'");
                }
                continue;
            }
            if (spec != nullptr)
                error(entry.first, "scenario-two-stimuli", "one step does one thing: split it in two");
            spec = &*found;
            step.kind = key;
            read_options(entry.second, *spec, step);
        }
        if (spec == nullptr)
            error(node, "scenario-no-stimulus", "the step does nothing: name a stimulus, such as 'open'");
    }

    void read_options(const YAML::Node& node, const StimulusSpec& spec, Step& step) {
        if (!node.IsMap() && !node.IsNull()) {
            return error(node, "scenario-type", "the options of '" + step.kind + "' must be a mapping");
        }
        std::vector<std::string_view> known;
        for (const auto& option : spec.options) known.push_back(option.name);
        if (node.IsMap()) {
            check_keys(node, "'" + step.kind + "'", known);
            for (const auto& entry : node) {
                const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
                step.options[key] = entry.second.IsSequence() ? list(entry.second, key)
                                                              : scalar(entry.second, "'" + key + "'");
            }
        }
        for (const auto& option : spec.options) {
            if (option.required && !step.options.contains(std::string(option.name))) {
                error(node, "scenario-missing-option",
                      "'" + step.kind + "' needs '" + std::string(option.name) + "'");
            }
        }
    }

    std::string list(const YAML::Node& node, const std::string& what) {
        std::string text;
        for (const auto& entry : node)
            text += (text.empty() ? "" : " ") + scalar(entry, "an entry of '" + what + "'");
        return text;
    }

    void read_expectation(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsMap())
            return error(node, "scenario-type",
                         "an expectation is a mapping such as '- event: {field: value}'");
        check_keys(node, "an expectation", kExpectKeys);
        const auto event = node["event"];
        const auto none = node["none"];
        if (static_cast<bool>(event) == static_cast<bool>(none)) {
            return error(node, "scenario-expect", "an expectation has either 'event' or 'none'");
        }
        Expectation expectation{.where = where(node)};
        if (none) expectation.minimum = expectation.maximum = 0;
        const auto& fields = event ? event : none;
        if (!fields.IsMap())
            return error(fields, "scenario-type", "an event is a mapping of fields to values");
        for (const auto& entry : fields) {
            FieldMatch match{.field = scalar(entry.first, "a field's name")};
            read_match(entry.second, match);
            expectation.fields.push_back(std::move(match));
        }
        if (const auto count = node["count"]) {
            if (none) error(count, "scenario-expect", "'none' has no count");
            read_count(count, expectation);
        }
        scenario.expectations.push_back(std::move(expectation));
    }

    void read_count(const YAML::Node& node, Expectation& expectation) {
        if (!node.IsMap()) {
            if (const auto exact = number(node, "'count'"))
                expectation.minimum = expectation.maximum = *exact;
            return;
        }
        constexpr std::array<std::string_view, 2> kCountKeys{"min", "max"};
        check_keys(node, "'count'", kCountKeys);
        if (const auto minimum = node["min"]) expectation.minimum = number(minimum, "'min'").value_or(0);
        if (const auto maximum = node["max"]) {
            expectation.maximum = number(maximum, "'max'").value_or(0);
            if (!node["min"]) expectation.minimum = 0;
        }
        if (expectation.minimum > expectation.maximum)
            error(node, "scenario-number", "'min' is larger than 'max'");
    }

    void read_match(const YAML::Node& node, FieldMatch& match) {
        using Kind = FieldMatch::Kind;
        if (node.IsScalar()) {
            match.values.push_back(node.Scalar());
        } else if (node.IsNull()) {
            match.values.emplace_back();
        } else if (node.IsSequence()) {
            match.kind = Kind::one_of;
            for (const auto& entry : node)
                match.values.push_back(scalar(entry, "a value of '" + match.field + "'"));
        } else {
            read_condition(node, match);
        }
    }

    void read_condition(const YAML::Node& node, FieldMatch& match) {
        using Kind = FieldMatch::Kind;
        check_keys(node, "a condition", kMatchKeys);
        const bool range = node["min"] || node["max"];
        if (node.size() != (range && node["min"] && node["max"] ? 2U : 1U)) {
            return error(node, "scenario-condition",
                         "a condition is one of regex, contains, not, absent, or min and max");
        }
        if (range) {
            match.kind = Kind::range;
            if (node["min"]) match.minimum = real(node["min"]);
            if (node["max"]) match.maximum = real(node["max"]);
            return;
        }
        const auto key = node.begin()->first.Scalar();
        match.kind = key == "regex"      ? Kind::regex
                     : key == "contains" ? Kind::contains
                     : key == "not"      ? Kind::not_equals
                                         : Kind::absent;
        match.values.push_back(scalar(node.begin()->second, "'" + key + "'"));
        if (match.kind == Kind::absent && match.values[0] != "true")
            error(node, "scenario-condition", "write 'absent: true'");
    }

    double real(const YAML::Node& node) {
        const auto text = scalar(node, "a bound");
        double value = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (problem != std::errc{} || end != text.data() + text.size() || text.empty()) {
            error(node, "scenario-number", "a bound must be a number");
        }
        return value;
    }

    const std::string& file_;
    DiagnosticSink& sink_;
    bool failed_ = false;
};

}  // namespace

Result<Scenario> parse_scenario(std::string_view text, const std::string& file, DiagnosticSink& sink) {
    return Parser(file, sink).parse(text);
}

Result<std::vector<Scenario>> load_scenarios(const std::filesystem::path& folder, DiagnosticSink& sink) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto extension = entry.path().extension();
        if (entry.path().filename() == kBudgetFile) continue;
        if (extension == ".yaml" || extension == ".yml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) {
        return Error{.code = ErrorCode::not_found,
                     .message = "no scenarios in '" + folder.string() + "'",
                     .hint = "a scenario is a YAML file with 'name', 'steps' and 'expect'"};
    }
    std::vector<Scenario> scenarios;
    std::optional<Error> failure;
    for (const auto& file : files) {
        GADGET_TRY_ASSIGN(const std::string text, read_text_file(file));
        auto scenario = parse_scenario(text, file.string(), sink);
        if (!scenario) {
            failure = std::move(scenario).error();
            continue;
        }
        for (const auto& other : scenarios) {
            if (other.name != scenario->name) continue;
            sink.report({.id = "scenario-name",
                         .message = "another scenario has the name '" + other.name + "' too",
                         .location = SourceRange{.file = file.string(), .line = 1},
                         .hint = "the first is " + other.file});
            failure = Error{.code = ErrorCode::rejected_input,
                            .message = "the scenarios in '" + folder.string() + "' have errors"};
        }
        scenarios.push_back(std::move(*scenario));
    }
    if (failure) return *failure;
    return scenarios;
}

}  // namespace gadget::testkit
