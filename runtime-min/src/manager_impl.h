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

/// A map of the object or one made since; the descriptor is borrowed.
struct LoadedMap {
    MapInfo info;
    int fd;
};

/// A map that is not the object's: made while running, or given for one that the object does not have.
struct ExtraMap {
    MapInfo info;
    UniqueFd fd;
};

/// The pin of a map, and what stop() has to be told to remove it.
struct MapPin {
    std::filesystem::path path;
    Cleanup category;
    bool always = false;
};

struct Probe {
    ProbeSpec spec;
    ProbeState state = ProbeState::reset;
    std::optional<Error> reason{};
    std::unique_ptr<Program> clone{};  ///< instead of the object's program
    AttachmentPtr attachment{};
    bool link_pinned = false;
    UniqueFd netns{};  ///< of the target, which refers to this one

    /// Takes a duplicate of the namespace that the target borrows: a pause and a resume may come much later.
    void keep_netns();
};

class Manager::Impl {
  public:
    Impl(ManagerSpec given, UniqueFd epoll) : spec(std::move(given)), epoll_(std::move(epoll)) {}
    ~Impl() { (void)stop(Cleanup::none); }

    Result<ObjectContents> open();
    Result<void> init();
    Result<void> start();
    Result<void> stop(Cleanup cleanup);
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
    template <class Spec>
    Result<void> add_reader(const Spec& reader_spec);
    Result<void> switch_reader(std::string_view map, bool run, bool strict);
    [[nodiscard]] std::vector<ReaderTelemetry> take_reader_telemetry();
    Result<UniqueFd> open_iterator(const ProbeId& id) const;
    Result<bool> is_attached(const ProbeId& id) const;

    [[nodiscard]] std::vector<MapInfo> maps() const;
    Result<MapInfo> map_info(std::string_view map) const;
    Result<UniqueFd> map_fd(std::string_view map) const;
    Result<UniqueFd> program_fd(std::string_view program) const;
    Result<UniqueFd> probe_program_fd(const ProbeId& id) const;
    Result<UniqueFd> perf_event_fd(const ProbeId& id) const;
    Result<void> route_maps(std::span<const MapRoute> routes) const;
    Result<void> route_tail_calls(std::span<const TailCallRoute> routes) const;

    Result<void> new_map(const NewMap& map);
    Result<void> clone_map(std::string_view map, std::string name, std::filesystem::path pin_path);

    Result<void> add_hook(ProbeSpec probe);
    Result<void> clone_program(CloneSpec clone);
    Result<void> remove_hook(const ProbeId& id);
    Result<std::size_t> leave_network_namespace(int netns_fd);
    Result<void> update_activation(std::vector<Selector> activation);
    Result<void> rename_probe(const ProbeId& from, std::string uid);

    const ManagerSpec spec;

  private:
    // Callers of these hold data_ (and control_ when they change anything).
    Result<Object> load_object(std::string& log) const;
    Result<void> complete_init();
    void release();
    void plan_map_pins();
    /// Removes the pins that this init() made.
    void undo_pins();
    Result<void> take_replacements();
    Result<void> pin_programs();
    Result<void> remove_pins(Cleanup cleanup);
    Result<void> fill_maps() const;
    Result<ReaderPtr> open_reader(const RingBufferSpec& ring) const;
    Result<ReaderPtr> open_reader(const PerfBufferSpec& perf) const;
    Result<std::vector<ReaderPtr>> open_readers() const;
    Result<void> make_probes();
    Result<void> copy_programs();
    [[nodiscard]] Selector goal() const;
    [[nodiscard]] Probe* find_probe(const ProbeId& id);
    [[nodiscard]] const Probe* find_probe(const ProbeId& id) const;
    [[nodiscard]] const Program* program_of(const Probe& probe) const;
    [[nodiscard]] Result<const Program*> hookable(const ProbeSpec& probe) const;
    Result<void> add_probe(Probe probe);
    void attach_probe(Probe& probe);
    Result<AttachmentPtr> adopt_or_attach(Probe& probe, const Program& program);
    Result<void> detach_probe(Probe& probe, ProbeState next, bool stopping = false);
    [[nodiscard]] Result<void> verdict(const ProbeId& id) const;
    Result<void> detach_all(ProbeState next, bool stopping = false);
    Result<void> resume_probes();
    void remove_leftovers() const;
    [[nodiscard]] Error wrong_state(const char* operation, const char* remedy) const;
    [[nodiscard]] std::optional<LoadedMap> find_map(std::string_view name) const;
    [[nodiscard]] Error unknown_map(std::string_view name) const;
    [[nodiscard]] Result<LoadedMap> require_map(std::string_view name) const;

    std::mutex control_;
    mutable std::mutex reading_;
    mutable std::shared_mutex data_;

    UniqueFd epoll_;
    std::atomic<bool> flooded_ = false;  // the last round handed over many records
    std::vector<ReaderPtr> readers_;     // reading_
    // data_:
    State state_ = State::reset;
    std::optional<Bytes> opened_;  // by open()
    Object object_;
    std::vector<ExtraMap> extra_maps_;
    std::vector<MapPin> map_pins_;
    std::vector<std::filesystem::path> program_pins_;  // made by us
    std::vector<Probe> probes_;
    std::vector<Selector> activation_;
    std::string load_log_;
};

/// Fills in what follows from the kernel's numbers.
void complete(MapInfo& info);

/// Joins errors of several probes into one.
[[nodiscard]] Result<void> join_errors(std::vector<Error> errors, const std::string& what);

}  // namespace gadget::runtime
