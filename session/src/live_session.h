// SPDX-License-Identifier: Apache-2.0
// A session on this kernel: the sources, how each is fed, and the Manager.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gadget/session/session.h"
#include "gadget/support/unique_fd.h"
#include "iter_fetch.h"
#include "manager_plan.h"
#include "map_fetch.h"
#include "pace.h"

namespace gadget::session {

class LiveSession final : public Session {
  public:
    LiveSession(Gadget gadget, Options options);
    ~LiveSession() override;

    /// Everything of Session::open().
    Result<void> prepare();

    const std::vector<std::unique_ptr<Source>>& sources() const override { return sources_; }
    const events::Environment& environment() const override { return environment_; }
    Result<void> start(RowHandler handler) override;
    Result<void> poll(std::chrono::milliseconds timeout, CancelToken cancel) override;
    Result<std::optional<Row>> next(std::chrono::milliseconds timeout, CancelToken cancel) override;
    bool finished() const override;
    Result<void> stop() override;
    std::vector<Loss> losses() const override { return losses_; }

  private:
    /// How source number i gets its rows; `schedule` is not used by tracers.
    struct Feed {
        SourcePlan plan;
        Schedule schedule;
        std::unique_ptr<MapFetcher> map{};
        std::unique_ptr<events::RowBuffer> rows{};
    };

    Result<void> read_metadata();
    Result<void> load(std::vector<ParamValue> constants);
    void make_environment();
    void read_events(runtime::ManagerSpec& spec);
    Result<void> open_maps();
    void set_pace();
    Result<void> read_buffers(std::chrono::milliseconds patience, CancelToken cancel);
    void tell_wasm();
    void tell_missing_probes() const;
    void warn(const std::string& text) const;

    void deliver(std::size_t index, std::span<const events::Record> rows);
    void queue(std::size_t index, std::span<const events::Record> rows);
    Result<void> fetch_due();
    void fetch(std::size_t index);
    Result<void> fetch_map(Feed& feed);
    Result<void> fetch_iterator(Feed& feed);
    Result<void> fetch_statistics(Feed& feed);
    void fetch_at_end(SourceKind kind);
    void count_losses();
    void tell_short_rows() const;
    void append_kernel_stack(std::uint32_t id, std::string& out);

    Gadget gadget_;
    Options options_;
    RunMetadata metadata_;
    events::Environment environment_;
    std::vector<Feed> feeds_;
    std::vector<std::unique_ptr<Source>> sources_;  ///< same numbers as feeds_
    std::vector<View> views_;                       ///< likewise
    UniqueFd kernel_btf_{};                         ///< from the image, for kernels without BTF
    std::unique_ptr<runtime::Manager> manager_;     ///< none for gadgets of metadata alone
    Pace pace_{0};
    RowHandler handler_;
    bool running_ = false;
    std::vector<Loss> losses_;

    std::vector<events::Record> fetched_;   ///< of the fetch under way
    std::vector<events::Record> selected_;  ///< what a view leaves of a delivery
    Bytes bytes_;                           ///< of iterators and statistics

    std::deque<Row> queue_;  ///< for next()
    std::size_t queued_bytes_ = 0;
    std::vector<std::uint64_t> short_;    ///< by source: events with fewer bytes than their struct
    std::vector<std::uint64_t> dropped_;  ///< by source: rows that the queue had no room for

    std::optional<events::KernelSymbols> symbols_;
};

}  // namespace gadget::session
