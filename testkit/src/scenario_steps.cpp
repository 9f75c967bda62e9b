// SPDX-License-Identifier: Apache-2.0
#include "scenario_steps.h"

#include <cctype>
#include <map>
#include <span>

#include "vocabulary.h"

namespace gadget::testkit {
namespace {

constexpr OptionSpec kId{"id"};

class ActionReader {
  public:
    ActionReader(YamlReader& reader, Scenario& scenario) : reader_(reader), scenario_(scenario) {}

    void read(const YAML::Node& root) {
        if (const auto node = root["fixtures"])
            list(node, {"fixtures", "fixture", fixture_specs(), {&kId, 1}}, scenario_.fixtures);
        if (const auto node = root["steps"])
            list(node, {"steps", "step", stimulus_specs(), common_options()}, scenario_.steps);
        if (const auto node = root["defer"])
            list(node, {"defer", "defer", stimulus_specs(), common_options()}, scenario_.cleanup);
    }

  private:
    struct Kind {
        std::string_view key;   ///< of the scenario
        std::string_view name;  ///< of one, and of those without an id
        std::span<const StimulusSpec> specs;
        std::span<const OptionSpec> common;
    };

    void list(const YAML::Node& node, const Kind& kind, std::vector<Step>& steps) {
        if (!node.IsSequence())
            return reader_.error(node, "scenario-type", "'" + std::string(kind.key) + "' must be a list");
        for (const auto& entry : node) {
            if (!entry.IsMap()) {
                reader_.error(entry, "scenario-type",
                              "an entry of '" + std::string(kind.key) +
                                  "' is a mapping such as '- open: {path: /etc/hostname}'");
                continue;
            }
            Step step{.id = std::string(kind.name) + std::to_string(steps.size() + 1)};
            action(entry, kind, step);
            if (!ids_.emplace(step.id, step.kind).second)
                reader_.error(entry, "scenario-duplicate-id", "two steps have the id '" + step.id + "'");
            steps.push_back(std::move(step));
        }
    }

    void action(const YAML::Node& node, const Kind& kind, Step& step) {
        const StimulusSpec* spec = nullptr;
        std::vector<std::string_view> known;
        for (const auto& stimulus : kind.specs) known.push_back(stimulus.kind);
        for (const auto& option : kind.common) known.push_back(option.name);
        reader_.check_keys(node, "a " + std::string(kind.name), known);
        for (const auto& entry : node) {
            if (!entry.first.IsScalar()) continue;
            const auto& key = entry.first.Scalar();
            const auto* found = find(kind.specs, key, &StimulusSpec::kind);
            const auto* common = find(kind.common, key, &OptionSpec::name);
            if (found == nullptr && common == nullptr) continue;
            if (found == nullptr) {
                const auto text = value(entry.second, *common);
                if (key == "id") check_id(entry.second, text);
                (key == "id" ? step.id : step.options[key]) = text;
                continue;
            }
            if (spec != nullptr)
                reader_.error(entry.first, "scenario-two-stimuli",
                              "one step does one thing: split it in two");
            spec = found;
            step.kind = key;
            options(entry.second, *spec, step);
        }
        if (spec == nullptr)
            reader_.error(node, "scenario-no-stimulus",
                          "the " + std::string(kind.name) + " does nothing: name one, such as '" +
                              std::string(kind.specs.front().kind) + "'");
    }

    template <class Spec>
    static const Spec* find(std::span<const Spec> specs, const std::string& name,
                            std::string_view Spec::* member) {
        const auto found =
            std::find_if(specs.begin(), specs.end(), [&](const Spec& spec) { return spec.*member == name; });
        return found == specs.end() ? nullptr : &*found;
    }

    void options(const YAML::Node& node, const StimulusSpec& spec, Step& step) {
        if (!node.IsMap() && !node.IsNull())
            return reader_.error(node, "scenario-type",
                                 "the options of '" + step.kind + "' must be a mapping");
        std::vector<std::string_view> known;
        for (const auto& option : spec.options) known.push_back(option.name);
        if (node.IsMap()) {
            reader_.check_keys(node, "'" + step.kind + "'", known);
            for (const auto& entry : node) {
                const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
                if (const auto* option = find(spec.options, key, &OptionSpec::name))
                    step.options[key] = value(entry.second, *option);
            }
        }
        for (const auto& option : spec.options) {
            if (option.required && !step.options.contains(std::string(option.name)))
                reader_.error(node, "scenario-missing-option",
                              "'" + step.kind + "' needs '" + std::string(option.name) + "'");
        }
    }

    /// The value as text; what its type does not allow is a finding.
    std::string value(const YAML::Node& node, const OptionSpec& option) {
        const auto what = "'" + std::string(option.name) + "'";
        if (node.IsSequence() && option.type == OptionType::words) {
            std::string text;
            for (const auto& entry : node) {
                const auto word = reader_.scalar(entry, "an entry of " + what);
                check(entry, option, word);
                text += (text.empty() ? "" : " ") + word;
            }
            return text;
        }
        auto text = reader_.scalar(node, what);
        if (!node.IsScalar()) return text;
        if (option.type != OptionType::words) {
            check(node, option, text);
        } else {
            auto blanks = text;  // flags may be parted by commas, too
            if (!option.choices.empty()) std::replace(blanks.begin(), blanks.end(), ',', ' ');
            for (const auto word : split(blanks, ' ')) {
                if (!word.empty()) check(node, option, std::string(word));
            }
        }
        return text;
    }

    void check(const YAML::Node& node, const OptionSpec& option, const std::string& text) {
        if (text.find("${") != std::string::npos) return;
        const auto what = "'" + std::string(option.name) + "'";
        const auto consists_of = [&](std::string_view characters) {
            return !text.empty() && text.find_first_not_of(characters) == std::string::npos;
        };
        switch (option.type) {
            case OptionType::text:
                break;
            case OptionType::number:
                if (!consists_of("0123456789"))
                    reader_.error(node, "scenario-number", what + " must be a whole number");
                break;
            case OptionType::octal:
                if (!consists_of("01234567"))
                    reader_.error(node, "scenario-number", what + " must be octal, such as 644");
                break;
            case OptionType::flag:
                if (text != "true" && text != "false")
                    reader_.error(node, "scenario-type", what + " must be true or false");
                break;
            case OptionType::error:
                if (!text.empty() && (text[0] != 'E' || !consists_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")))
                    reader_.error(node, "scenario-type",
                                  what + " must be the name of an error, such as ENOENT");
                break;
            case OptionType::choice:
            case OptionType::words:
                if (const auto known = split(option.choices, ' ');
                    !option.choices.empty() && std::find(known.begin(), known.end(), text) == known.end())
                    reader_.unknown(node, text, "scenario-unknown-word", what + " cannot be", known);
                break;
            case OptionType::netns:
            case OptionType::cgroup:
                check_place(node, option.type == OptionType::netns ? "netns" : "cgroup", text);
                break;
        }
    }

    /// It becomes a part of variables, and the name of a control group.
    void check_id(const YAML::Node& node, const std::string& id) {
        const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
        if (!node.IsScalar() || (!id.empty() && std::all_of(id.begin(), id.end(), plain))) return;
        reader_.error(node, "scenario-id", "an 'id' has letters, digits, '_' and '-'");
    }

    /// The fixtures stand before the steps: they are known.
    void check_place(const YAML::Node& node, const std::string& kind, const std::string& id) {
        const auto found = ids_.find(id);
        if (found != ids_.end() && found->second == kind) return;
        reader_.error(node, "scenario-unknown-fixture",
                      "there is no fixture '" + printable(id) + "' of the kind " + kind,
                      "add it under 'fixtures', with 'id: " + printable(id) + "'");
    }

    YamlReader& reader_;
    Scenario& scenario_;
    std::map<std::string, std::string> ids_{};  ///< to kinds
};

}  // namespace

void read_actions(YamlReader& reader, const YAML::Node& root, Scenario& scenario) {
    ActionReader(reader, scenario).read(root);
}

}  // namespace gadget::testkit
