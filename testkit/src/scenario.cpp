// SPDX-License-Identifier: Apache-2.0
#include "gadget/testkit/scenario.h"

#include <array>
#include <set>

#include "gadget/support/files.h"
#include "scenario_expect.h"
#include "scenario_steps.h"
#include "vocabulary.h"
#include "yaml_depth.h"

namespace gadget::testkit {
namespace {

constexpr std::size_t kMaxScenario = 64 * 1024;
constexpr std::size_t kMaxRecording = std::size_t{16} << 20;
constexpr unsigned kMaxTimeout = 600;
constexpr std::string_view kBudgetFile = "budget.yaml";  // see verifier.h

/// What a recording has no use for: it happened before.
constexpr std::array kLiveKeys{"requires", "fixtures", "steps", "defer", "pause"};

Error rejected(const std::string& file) {
    return Error{.code = ErrorCode::rejected_input, .message = "the scenario '" + file + "' has errors"};
}

class Parser {
  public:
    Parser(const std::string& file, DiagnosticSink& sink) : reader_(file, sink) {}

    Result<Scenario> parse(std::string_view text) {
        Scenario scenario;
        scenario.file = reader_.file();
        if (text.size() > kMaxScenario || text.find('\0') != std::string_view::npos ||
            !yaml_nesting_is_sane(text)) {
            reader_.report({.file = reader_.file()}, "scenario-unreadable",
                           "not a scenario: too large, nested too deeply, or not text");
            return rejected(reader_.file());
        }
        try {
            const YAML::Node root = YAML::Load(std::string(text));
            if (!root.IsMap()) {
                reader_.error(root, "scenario-type",
                              "a scenario is a mapping with 'name', 'steps' and 'expect'");
            } else {
                read(root, scenario);
            }
        } catch (const YAML::Exception& problem) {
            const bool known = !problem.mark.is_null();
            reader_.report({.file = reader_.file(),
                            .line = known ? static_cast<unsigned>(problem.mark.line + 1) : 0,
                            .column = known ? static_cast<unsigned>(problem.mark.column + 1) : 0},
                           "scenario-syntax", problem.msg);
        }
        if (reader_.failed()) return rejected(reader_.file());
        return scenario;
    }

  private:
    void read(const YAML::Node& root, Scenario& scenario) {
        reader_.check_keys(root, "a scenario", scenario_keys());
        if (const auto name = root["name"]) scenario.name = reader_.scalar(name, "'name'");
        if (scenario.name.empty())
            reader_.error(root, "scenario-name", "the scenario has no name",
                          "add 'name: what the gadget does'");
        if (const auto text = root["description"])
            scenario.description = reader_.scalar(text, "'description'");
        if (const auto timeout = root["timeout"]) read_timeout(timeout, scenario);
        if (const auto features = root["requires"]) read_features(features, scenario);
        if (const auto params = root["params"]) read_params(params, scenario);
        read_actions(reader_, root, scenario);
        if (const auto messages = root["messages"]) read_messages(messages, scenario);
        if (const auto output = root["output"]) read_output(output, scenario);
        if (const auto pause = root["pause"]) {
            scenario.pause = reader_.scalar(pause, "'pause'") == "true";
            if (!scenario.pause) reader_.error(pause, "scenario-type", "write 'pause: true'");
        }
        if (const auto replay = root["replay"]) read_replay(root, replay, scenario);
        const auto expect = root["expect"];
        if (!expect || !expect.IsSequence() || expect.size() == 0) {
            reader_.error(expect ? expect : root, "scenario-expect",
                          "a scenario expects something: 'expect' must be a list of events",
                          "add 'expect: [{event: {field: value}}]'");
            return;
        }
        for (const auto& entry : expect) read_expectation(reader_, entry, scenario);
    }

    void read_timeout(const YAML::Node& node, Scenario& scenario) {
        const auto seconds = reader_.number(node, "'timeout'");
        if (!seconds) return;
        if (*seconds == 0 || *seconds > kMaxTimeout) {
            reader_.error(node, "scenario-number",
                          "'timeout' must be 1 to " + std::to_string(kMaxTimeout) + " seconds");
            return;
        }
        scenario.timeout_seconds = static_cast<unsigned>(*seconds);
    }

    void read_features(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsSequence())
            return reader_.error(node, "scenario-type", "'requires' must be a list of features");
        std::vector<std::string_view> known;
        for (const auto& spec : feature_specs()) known.push_back(spec.name);
        for (const auto& entry : node) {
            const auto name = reader_.scalar(entry, "a feature");
            if (!entry.IsScalar()) continue;
            if (std::find(known.begin(), known.end(), name) == known.end())
                reader_.unknown(entry, "scenario-unknown-feature", "unknown feature", known);
            scenario.features.push_back(name);
        }
    }

    void read_params(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsMap())
            return reader_.error(node, "scenario-type", "'params' must be a mapping of parameters to values");
        for (const auto& entry : node) {
            scenario.params.emplace_back(reader_.scalar(entry.first, "a parameter's name"),
                                         reader_.scalar(entry.second, "a parameter"));
        }
    }

    void read_messages(const YAML::Node& node, Scenario& scenario) {
        if (!node.IsSequence())
            return reader_.error(node, "scenario-type", "'messages' must be a list of texts");
        for (const auto& entry : node) scenario.messages.push_back(reader_.scalar(entry, "a message"));
    }

    void read_output(const YAML::Node& node, Scenario& scenario) {
        scenario.output = reader_.scalar(node, "'output'");
        const auto modes = output_modes();
        if (node.IsScalar() && std::find(modes.begin(), modes.end(), scenario.output) == modes.end())
            reader_.unknown(node, "scenario-unknown-output", "unknown output", modes);
    }

    void read_replay(const YAML::Node& root, const YAML::Node& node, Scenario& scenario) {
        scenario.replay = reader_.scalar(node, "'replay'");
        const std::filesystem::path path(scenario.replay);
        if (scenario.replay.empty() || path.is_absolute() || path != path.filename())
            reader_.error(node, "scenario-replay", "'replay' must be the name of a file beside the scenario");
        for (const char* key : kLiveKeys) {
            if (const auto other = root[key])
                reader_.error(other, "scenario-replay",
                              "a recording is shown as it is: there is no '" + std::string(key) + "'");
        }
    }

    YamlReader reader_;
};

/// What stands beside the scenario belongs to it.
void read_recording(const std::filesystem::path& file, Scenario& scenario, DiagnosticSink& sink) {
    auto bytes = read_file(file.parent_path() / scenario.replay, kMaxRecording);
    if (bytes) {
        scenario.recording = std::move(*bytes);
        return;
    }
    sink.report({.id = "scenario-replay",
                 .message = bytes.error().message,
                 .location = SourceRange{.file = file.string(), .line = 1},
                 .hint = "make one with: gadget run --record " + scenario.replay});
}

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
        if (!scenario->replay.empty()) {
            read_recording(file, *scenario, sink);
            if (scenario->recording.empty()) failure = rejected(file.string());
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
