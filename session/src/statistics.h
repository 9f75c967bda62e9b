// SPDX-License-Identifier: Apache-2.0
// Sources whose rows are made from what the kernel tells in /proc, in cgroup files and about its eBPF
// programs: they make gadgets of metadata alone.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gadget/events.h"
#include "gadget/model/event_schema.h"
#include "gadget/model/manifest.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::session {

class Statistics {
  public:
    virtual ~Statistics() = default;
    [[nodiscard]] virtual std::string source_name() const = 0;
    [[nodiscard]] virtual const model::EventSchema& schema() const = 0;
    /// How the fields are shown, where the gadget's metadata says nothing else.
    [[nodiscard]] virtual const model::DataSourceMetadata& metadata() const = 0;
    [[nodiscard]] virtual std::chrono::nanoseconds default_interval() const = 0;
    /// Takes the first sample, which rates are counted from.
    virtual Result<void> start() = 0;
    /// Appends the rows of now, each of schema().size bytes.
    virtual Result<void> collect(Bytes& rows) = 0;
};

/// The source of `operator`: "process", "cgroup" or "ebpf". `fields`: only these; empty: all.
/// `rejected_input` names an unknown field.
Result<std::unique_ptr<Statistics>> make_statistics(const std::string& operator_name,
                                                    const std::vector<std::string>& fields);

}  // namespace gadget::session
