// SPDX-License-Identifier: Apache-2.0
// Three locks, always taken in this order, so that handlers may call every const method while another thread
// stops:
//   control_   one life cycle operation at a time; never taken by const methods
//   reading_   the readers, held while handlers run
//   data_      object, probes and state; held briefly, never while handlers run
#pragma once

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "attach.h"
#include "gadget/runtime/manager.h"
#include "object.h"
#include "reader.h"

namespace gadget::runtime {

struct Probe {
    ProbeSpec spec;
    ProbeState state = ProbeState::reset;
    std::optional<Error> reason{};
    std::unique_ptr<Program> clone{};  ///< instead of the object's program
    AttachmentPtr attachment{};
};

class Manager::Impl {
  public:
    Impl(ManagerSpec given, UniqueFd epoll) : spec(std::move(given)), epoll_(std::move(epoll)) {}
    ~Impl() { (void)stop(); }

    Result<void> init();
    Result<void> start();
    Result<void> stop();
    Result<void> pause();
    Result<void> resume();
    [[nodiscard]] State state() const;
    [[nodiscard]] std::vector<ProbeStatus> status() const;
    [[nodiscard]] std::vector<ProgramInfo> programs() const;
    [[nodiscard]] std::string load_log() const;

    [[nodiscard]] int poll_fd() const { return epoll_.get(); }
    Result<std::size_t> consume(std::size_t budget);
    Result<std::size_t> poll(std::chrono::milliseconds timeout, CancelToken cancel);
    [[nodiscard]] std::vector<ReaderStats> reader_stats() const;
    Result<UniqueFd> open_iterator(const ProbeId& id) const;

    [[nodiscard]] std::vector<MapInfo> maps() const;
    Result<MapInfo> map_info(std::string_view map) const;
    Result<UniqueFd> map_fd(std::string_view map) const;
    Result<UniqueFd> program_fd(std::string_view program) const;
    Result<void> route_maps(std::span<const MapRoute> routes) const;
    Result<void> route_tail_calls(std::span<const TailCallRoute> routes) const;

    Result<void> add_hook(ProbeSpec probe);
    Result<void> clone_program(CloneSpec clone);
    Result<void> remove_hook(const ProbeId& id);
    Result<void> update_activation(std::vector<Selector> activation);
    Result<void> rename_probe(const ProbeId& from, std::string uid);

    const ManagerSpec spec;

  private:
    // Callers of these hold data_ (and control_ when they change anything).
    Result<Object> load_object(std::string& log) const;
    Result<void> fill_maps() const;
    Result<std::vector<ReaderPtr>> open_readers() const;
    void make_probes();
    [[nodiscard]] Selector goal() const;
    [[nodiscard]] Probe* find_probe(const ProbeId& id);
    [[nodiscard]] const Probe* find_probe(const ProbeId& id) const;
    [[nodiscard]] const Program* program_of(const Probe& probe) const;
    [[nodiscard]] Result<const Program*> hookable(const ProbeSpec& probe) const;
    Result<void> add_probe(Probe probe);
    void attach_probe(Probe& probe);
    Result<void> detach_probe(Probe& probe, ProbeState next);
    [[nodiscard]] Result<void> verdict(const ProbeId& id) const;
    Result<void> detach_all(ProbeState next);
    [[nodiscard]] Error wrong_state(const char* operation, const char* remedy) const;
    [[nodiscard]] const bpf_map* find_map(std::string_view name) const;
    [[nodiscard]] Error unknown_map(std::string_view name) const;
    [[nodiscard]] Result<const bpf_map*> require_map(std::string_view name) const;

    std::mutex control_;
    mutable std::mutex reading_;
    mutable std::shared_mutex data_;

    UniqueFd epoll_;
    std::atomic<bool> flooded_ = false;  // the last round handed over many records
    std::vector<ReaderPtr> readers_;     // reading_
    // data_:
    State state_ = State::reset;
    Object object_;
    std::vector<Probe> probes_;
    std::vector<Selector> activation_;
    std::string load_log_;
};

/// Joins errors of several probes into one.
[[nodiscard]] Result<void> join_errors(std::vector<Error> errors, const std::string& what);

}  // namespace gadget::runtime
