// SPDX-License-Identifier: Apache-2.0
// programs.<name> of the metadata (specification 3.1, 3.7).
#include <algorithm>
#include <charconv>

#include "rules.h"

namespace gadget::validator {
namespace {

using enum model::AttachKind;

struct PerfSetting {
    std::string_view key;
    std::string_view value;  ///< the only one; empty: a frequency
};

constexpr PerfSetting kPerf[] = {{"perf.type", "software"},
                                 {"perf.config", "count_sw_cpu_clock"},
                                 {"perf.sampletype", "sample_raw"},
                                 {"sampler.frequency", ""}};

bool is_frequency(std::string_view text) {
    unsigned value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size() && value > 0;
}

std::string shown(const PerfSetting& setting) {
    return setting.key == "perf.sampletype" ? "perf.sampleType" : std::string(setting.key);
}

void check_perf(const model::ProgramFacts& program, const model::ProgramMetadata* metadata,
                const model::Manifest& manifest, Reporter& report) {
    for (const auto& setting : kPerf) {
        const auto wanted =
            setting.value.empty() ? "a frequency in Hz, e.g. 49" : "'" + std::string(setting.value) + "'";
        const auto of = " of program " + quoted(program.name);
        if (metadata == nullptr || !metadata->settings.contains(std::string(setting.key))) {
            const auto message = shown(setting) + of + " is missing: without it the gadget does not start";
            const auto hint = "add " + shown(setting) + " below programs." +
                              (program.parsed->target.empty() ? program.name : program.parsed->target) +
                              ": " + wanted;
            if (metadata != nullptr && metadata->source.line != 0) {
                report.report(message, metadata->source, hint);
            } else {
                report.about_program(message, program, hint);
            }
            continue;
        }
        const auto& found = metadata->settings.at(std::string(setting.key));
        const bool fits = setting.value.empty() ? is_frequency(found.value) : found.value == setting.value;
        if (fits) continue;
        report.misspelt(shown(setting) + of + " is " + quoted(found.value) + ", but has to be " + wanted,
                        found.value, found.source, manifest, {}, "write " + wanted);
    }
}

// Kinds whose target is looked up when the program is loaded: it is too late to change it.
bool has_fixed_target(model::AttachKind kind) {
    return kind == fentry || kind == fexit || kind == fmod_ret || kind == tp_btf || kind == lsm ||
           kind == lsm_cgroup || kind == iter;
}

// The target of attach_to is read like the one that it replaces.
void check_attach_to(const model::ProgramFacts& program, const model::Setting& setting, Reporter& report) {
    auto section = *program.parsed;
    if (section.kind->prefix == "classifier") return;  // its names are no targets
    section.target = setting.value;
    const auto form = expected_target(section);
    if (form.empty()) return;
    report.report("attach_to of program " + quoted(program.name) + " is " + quoted(setting.value) +
                      ", but programs in section " + quoted(program.section) + " need " + form,
                  setting.source);
}

void check_settings(const std::string& name, const model::ProgramMetadata& metadata,
                    const model::ProgramFacts* program, Reporter& report) {
    const bool perf = program != nullptr && program->parsed && program->parsed->kind->attach == perf_event;
    for (const auto& [key, setting] : metadata.settings) {
        if (key == "attach_to") {
            if (setting.value.empty()) {
                report.report("attach_to of program " + quoted(name) + " is empty", setting.source,
                              "name a target, or gadget_program_disabled");
            } else if (program != nullptr && program->parsed &&
                       has_fixed_target(program->parsed->kind->attach) && setting.value != kDisabledTarget) {
                report.report("attach_to of program " + quoted(name) +
                                  " has no effect: programs in section " + quoted(program->section) +
                                  " are bound to their target when they are loaded",
                              setting.source, "change the section, or use kprobe");
            } else if (program != nullptr && program->parsed) {
                check_attach_to(*program, setting, report);
            }
            continue;
        }
        const bool known = std::any_of(std::begin(kPerf), std::end(kPerf),
                                       [&](const PerfSetting& each) { return each.key == key; });
        if (known && (perf || program == nullptr)) continue;
        report.report(quoted(key) + " of program " + quoted(name) + " is not read by anything",
                      setting.source,
                      perf ? "perf events have perf.type, perf.config, perf.sampleType and sampler.frequency"
                           : "programs have attach_to");
    }
}

}  // namespace

void check_metadata_program_setting(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    const auto& programs = input.manifest->programs;
    for (const auto& program : input.facts.programs) {
        if (!program.parsed || program.parsed->kind->attach != perf_event) continue;
        auto found = programs.find(program.parsed->target);
        if (found == programs.end()) found = programs.find(program.name);
        check_perf(program, found == programs.end() ? nullptr : &found->second, *input.manifest, report);
    }
    for (const auto& [name, metadata] : programs) {
        const auto* program = input.facts.find_program(name);
        for (const auto& each : input.facts.programs) {
            if (program == nullptr && each.parsed && each.parsed->kind->attach == perf_event &&
                each.parsed->target == name)
                program = &each;
        }
        check_settings(name, metadata, program, report);
    }
}

}  // namespace gadget::validator
