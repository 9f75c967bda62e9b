// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gadget/session/gadget.h"
#include "gadget/session/packet_filter.h"
#include "gadget/session/params.h"
#include "gadget/session/view.h"
#include "gadget/support/cancel.h"

namespace gadget::session {

struct Options {
    ParamWords params{};  ///< values for the gadget's parameters, by key
    ViewOptions view{};
    std::string map_fetch_interval{};  ///< "1s" or "source:1s,..."; empty: what the metadata says, else 1s
    std::string map_fetch_count{};     ///< "3" or "source:3,..."; 0: no limit
    /// "source.field:key=value": annotations on top of the metadata.
    std::vector<std::string> annotations{};
    std::vector<std::uint64_t> mount_namespaces{};  ///< only events of these, where the gadget can filter
    /// Files of network namespaces that TCP and UDP iterators read; empty: the caller's.
    std::vector<std::filesystem::path> network_namespaces{};
    std::string interface{};  ///< for traffic classifiers
    /// Clocks and names; nullopt: those of this machine.
    std::optional<events::Environment> environment{};
    /// For the parameters of packet filters; without one they are `unsupported`.
    FilterCompiler compile_packet_filter{};
    /// Called with words about what went wrong without ending the run.
    std::function<void(const std::string& text)> on_warning{};
};

struct Loss {
    std::string source;
    std::uint64_t count = 0;
};

/// A row with its bytes, for those who take rows one by one.
struct Row {
    const Source* source = nullptr;
    Bytes bytes;
};

/// One run of a gadget. Not to be shared between threads; the handler runs inside poll() and stop().
class Session {
  public:
    /// Reads the gadget, checks the options and loads the programs; nothing is attached yet. Errors:
    /// `rejected_input` gadget or options, `invalid_argument` a parameter, `permission_denied` and
    /// `unsupported` with Error::requirement, others as runtime::Manager.
    static Result<std::unique_ptr<Session>> open(Gadget gadget, Options options);
    virtual ~Session() = default;

    [[nodiscard]] virtual const std::vector<std::unique_ptr<Source>>& sources() const = 0;
    /// The environment that the sources were made with.
    [[nodiscard]] virtual const events::Environment& environment() const = 0;

    /// Attaches. Rows go to `handler`; without one they wait for next().
    virtual Result<void> start(RowHandler handler = {}) = 0;
    /// Waits at most `timeout` (negative: for ever) for something to happen and hands it over. `cancelled`
    /// when the token fires.
    virtual Result<void> poll(std::chrono::milliseconds timeout, CancelToken cancel = {}) = 0;
    /// The next row; nullopt after the timeout, or when nothing can come any more (finished()).
    virtual Result<std::optional<Row>> next(std::chrono::milliseconds timeout, CancelToken cancel = {}) = 0;
    /// No source can deliver anything more: every one was fetched as often as it was to be.
    [[nodiscard]] virtual bool finished() const = 0;
    /// Detaches, hands over what was still waiting and what the sources flush at the end, and closes.
    virtual Result<void> stop() = 0;
    /// What was lost up to now (after stop(): in all), sources without loss left out.
    [[nodiscard]] virtual std::vector<Loss> losses() const = 0;
};

/// Clocks, names and architecture of this machine.
[[nodiscard]] events::Environment machine_environment();

}  // namespace gadget::session
