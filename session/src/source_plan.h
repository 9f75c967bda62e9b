// SPDX-License-Identifier: Apache-2.0
// The data sources of a gadget: what the object and the metadata declare, as values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gadget/model/object_facts.h"
#include "gadget/session/session.h"
#include "metadata.h"
#include "schedule.h"
#include "statistics.h"

namespace gadget::session {

/// Where the rows of a source come from, beside what others may know of it.
struct SourcePlan {
    std::unique_ptr<Source> source;            ///< handed on when the plan is carried out
    SourceKind kind = SourceKind::tracer;      ///< the source's
    std::size_t record_size = 0;               ///< the source's
    bool per_network_namespace = false;        ///< iterator over TCP or UDP sockets
    ScheduleSpec schedule{};                   ///< array sources
    std::string map{};                         ///< tracer, map iterator
    bool perf = false;                         ///< tracer: a perf event array
    std::vector<std::string> programs{};       ///< iterator
    std::unique_ptr<Statistics> statistics{};  ///< statistics
};

/// What the plan is made from. References must outlive the call.
struct PlanInput {
    const model::ObjectFacts& facts;
    const RunMetadata& metadata;
    const Options& options;
    const events::Environment& environment;
};

/// Every source of the gadget, in the order tracers, iterators, map iterators, statistics. `rejected_input`
/// names what the object lacks, or which option does not fit.
Result<std::vector<SourcePlan>> plan_sources(const PlanInput& input);

/// "source:key=value" and "source.field:key=value" laid over the metadata. `invalid_argument` for another
/// form.
Result<void> apply_annotations(const std::vector<std::string>& annotations, model::Manifest& manifest);

}  // namespace gadget::session
