// SPDX-License-Identifier: Apache-2.0
// The parts of gadget.yaml that matter at run time only: programs, operators, defaults and custom parameters
// with their patches. https://inspektor-gadget.io/docs: "Metadata".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gadget/model/manifest.h"
#include "gadget/session/params.h"

namespace gadget::session {

/// `programs.<name>`: where a program is attached, and how a perf event samples.
struct ProgramMetadata {
    std::string attach_to;                        ///< empty: as the section says
    std::map<std::string, std::string> settings;  ///< "perf.type", "sampler.frequency", ... in lower case
};

/// `operator.<name>` of the operators that make rows without an eBPF program.
struct StatisticsMetadata {
    std::string interval;             ///< empty: the operator's default
    std::string first_interval;       ///< empty: `interval`
    std::string count;                ///< empty: no limit
    std::vector<std::string> fields;  ///< empty: all
};

struct RunMetadata {
    model::Manifest manifest;
    std::map<std::string, ProgramMetadata> programs;
    std::map<std::string, StatisticsMetadata> statistics;  ///< "process", "cgroup", "ebpf": those turned on
    std::map<std::string, std::string> param_defaults;     ///< by full name in lower case
};

/// Reads `text` (empty: no metadata). `rejected_input` with the first error in it.
Result<RunMetadata> read_run_metadata(const std::string& text, const std::string& name);

/// The parameters under `params.custom`.
Result<std::vector<Param>> custom_params(const std::string& text);

/// `text` with the patches of the custom parameters merged in: those in `values`, else their defaults.
Result<std::string> apply_custom_params(const std::string& text, const std::vector<Param>& params,
                                        const ParamWords& values);

}  // namespace gadget::session
