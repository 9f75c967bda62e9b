// SPDX-License-Identifier: Apache-2.0
// Probes as events of the tracing file system (kernel: Documentation/trace/kprobetrace.rst,
// uprobetracer.rst). They stay until somebody removes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"
#include "owner.h"

namespace gadget::runtime {

struct TraceEventRequest {
    bool user = false;
    bool returns = false;
    unsigned max_active = 0;  ///< kretprobes, 0 = the kernel's choice
    std::string place;        ///< "do_sys_open+4", "/bin/bash:0x1234(0x5678)"
    std::string symbol;       ///< for the name
    std::string uid;
};

class TraceEvent {
  public:
    /// `proc`: where this process finds its number. `unsupported` when the kernel has no such events.
    static Result<TraceEvent> create(const TraceEventRequest& request, const std::filesystem::path& proc);
    TraceEvent(TraceEvent&& other) noexcept = default;
    TraceEvent& operator=(TraceEvent&& other) noexcept = default;
    TraceEvent(const TraceEvent&) = delete;
    TraceEvent& operator=(const TraceEvent&) = delete;
    ~TraceEvent() { (void)remove(); }

    [[nodiscard]] const std::string& name() const { return name_; }
    /// For perf_event_open(2).
    [[nodiscard]] std::uint64_t id() const { return id_; }
    /// Tries again for a while when the kernel says that the event is in use: letting go of it takes it time.
    Result<void> remove();

  private:
    TraceEvent(UniqueFd tracefs, bool user, std::string name)
        : tracefs_(std::move(tracefs)), user_(user), name_(std::move(name)) {}
    UniqueFd tracefs_;  ///< invalid: nothing to remove
    bool user_ = false;
    std::string name_;
    std::uint64_t id_ = 0;
};

/// Removes events of our group whose makers are dead. The kernel itself refuses to remove those in use. Never
/// fails: what cannot be read is left alone. Returns how many went.
std::size_t remove_dead_events(const std::filesystem::path& proc);

}  // namespace gadget::runtime
