// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/runtime/spec.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {

/// Where a Manager is in its life.
enum class State : std::uint8_t {
    reset,        ///< nothing in the kernel: new, stopped, or a load that failed
    initialized,  ///< loaded: maps are there and filled, programs are not attached
    paused,       ///< programs are off their hooks, all else is as it was
    running,
};
/// "not loaded", "loaded", "paused", "running".
[[nodiscard]] std::string_view to_string(State state);

enum class ProbeState : std::uint8_t {
    reset,     ///< nothing loaded
    excluded,  ///< left out on purpose: excluded, or optional and refused by the kernel; see
               ///< ProbeStatus::reason
    loaded,    ///< the program is in the kernel, not attached
    paused,
    running,
    failed,  ///< could not be attached; see ProbeStatus::reason
};
/// In words, as in messages.
[[nodiscard]] std::string_view to_string(ProbeState state);

struct ProbeStatus {
    ProbeId id;
    ProbeState state = ProbeState::reset;
    std::optional<Error> reason{};  ///< why it is excluded or failed
    std::string target{};           ///< where it is attached, in words: "tracepoint sched/sched_switch"
    std::string method{};  ///< of a running probe: "perf event", "trace event gadgetkit/p_x", "link"...
};

/// A loaded program, as the kernel describes it.
struct ProgramInfo {
    std::string name;                ///< C function name in the object
    std::string section;             ///< in force: the object's, or ProbeSpec::section
    std::uint32_t id = 0;            ///< the kernel's id
    std::uint32_t type = 0;          ///< enum bpf_prog_type
    std::uint32_t instructions = 0;  ///< after the verifier's rewriting
    std::uint32_t jited_bytes = 0;
    std::uint32_t verified_instructions = 0;  ///< processed by the verifier (Linux 5.16), 0 = unknown
};

/// A map, as it was made.
struct MapInfo {
    std::string name;
    std::uint32_t id = 0;           ///< the kernel's id
    std::uint32_t type = 0;         ///< enum bpf_map_type
    std::uint32_t key_size = 0;     ///< bytes
    std::uint32_t value_size = 0;   ///< bytes; of one CPU for per-CPU maps
    std::uint32_t max_entries = 0;  ///< elements; of a ring buffer: bytes
    std::uint32_t flags = 0;        ///< BPF_F_*
    bool per_cpu = false;
    /// Bytes that lookup() returns and update() takes: value_size, or for per-CPU maps value_size rounded up
    /// to 8, times the number of possible CPUs.
    std::size_t full_value_size = 0;
};

/// Whatever is there (BPF_ANY), only if the key is new (BPF_NOEXIST), only if it is there (BPF_EXIST).
enum class UpdateMode : std::uint8_t { any, insert, replace };

/// What a program is run on, without an event of the kernel. Borrowed during test_run().
struct TestRunInput {
    std::span<const std::byte> data{};     ///< packet; network programs need at least 14 bytes
    std::span<const std::byte> context{};  ///< e.g. the arguments of a raw tracepoint, a struct __sk_buff
    unsigned repeat = 1;                   ///< runs; more than one makes a benchmark
    /// Called before the run begins again because a signal interrupted it, to put back what it changed.
    std::function<void()> on_restart{};
};
struct TestRunOutcome {
    std::uint32_t return_value = 0;       ///< of the last run
    std::chrono::nanoseconds duration{};  ///< mean of one run
    Bytes data{};                         ///< the packet as the program left it; empty when there was none
};

/// What a reader has done since init().
struct ReaderStats {
    std::string map;
    std::uint64_t records = 0;    ///< handed to handlers
    std::uint64_t discarded = 0;  ///< ring: taken back by the program
    std::uint64_t lost = 0;       ///< perf: reported by the kernel
};

/// How full a buffer was and what it lost, since the last time it was asked.
struct ReaderTelemetry {
    std::string map;
    int cpu = -1;                ///< of a perf buffer; -1 = a ring buffer, which has none
    std::size_t high_water = 0;  ///< bytes waiting at most, when the reader came
    std::uint64_t lost = 0;      ///< perf: reported by the kernel
};

/// What an object file holds, before anything is loaded.
struct ObjectContents {
    std::vector<std::string> programs{};
    std::vector<std::string> maps{};
    std::vector<std::string> asm_constants{};  ///< assembler symbols that wait for a value
};

/// Owns everything that it makes in the kernel; the destructor stops it as stop(Cleanup::none) does. Methods
/// may be called from several threads (one at a time works, the others wait). Handlers run inside poll(),
/// consume() and stop() only; they may call every const method, and no other: a handler waits for itself in
/// those. Errors, unless a method says more: `invalid_argument` a wrong state or spec · `not_found` an
/// unknown program, map, symbol or event · `rejected_input` the verifier refused (reason and source line in
/// the message, everything in load_log()) · `permission_denied` and `unsupported` with Error::requirement ·
/// `io` the rest. Descriptors that are returned belong to the caller and are close-on-exec; they keep what
/// they stand for alive in the kernel, also after stop(). A moved-from Manager can be destroyed and assigned
/// to, nothing else.
class Manager {
  public:
    /// Checks the spec by itself: unique names, handlers, values. Touches neither files nor kernel.
    static Result<Manager> create(ManagerSpec spec);
    Manager(Manager&&) noexcept;
    Manager& operator=(Manager&&) noexcept;
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager();

    /// Reads the object and tells what is in it, so that the user can decide; the next init() loads these
    /// bytes. `already_exists` when it was opened already.
    Result<ObjectContents> open();
    /// Loads programs and maps, and opens the readers. From `initialized` it first lets go of what is there.
    /// On failure nothing stays and the state is `reset`.
    Result<void> init();
    /// Attaches the enabled probes in order and checks the activation. On failure everything is as before the
    /// call. Running: nothing to do. Paused: resume().
    Result<void> start();
    /// Detaches in reverse order, hands over what was submitted before that, and lets go of everything.
    /// Removes the pins of maps of the categories in `cleanup`. Always ends in `reset`; the error names what
    /// could not be removed.
    Result<void> stop(Cleanup cleanup = Cleanup::none);
    /// Takes every running probe off its hook; maps and what is already in buffers stay. All are tried.
    Result<void> pause();
    /// Attaches what pause() took off, at the end of the row where several programs share a hook. All are
    /// tried; the error names those that could not be, the others run.
    Result<void> resume();

    [[nodiscard]] State state() const;
    /// Of every probe, in the order of the spec, then of hooks and clones. Empty before the first init();
    /// after stop() what there was, as `reset`.
    [[nodiscard]] std::vector<ProbeStatus> status() const;
    /// The loaded programs, in the order of the object, without clones. Empty when nothing is loaded.
    [[nodiscard]] std::vector<ProgramInfo> programs() const;
    /// What the kernel and libbpf said during the last init(), with the full verifier log of a refused
    /// program.
    [[nodiscard]] std::string load_log() const;

    // ---- Events ----

    /// Becomes readable when records wait: for an event loop of your own, which then calls consume(). Owned
    /// by the Manager, the same number from create() to its end.
    [[nodiscard]] int poll_fd() const;
    /// Hands over what waits now, without blocking; at most about `budget` records a buffer, so that a
    /// flooded one cannot starve the others. Returns the number of records.
    Result<std::size_t> consume(std::size_t budget = SIZE_MAX);
    /// Waits for records, at most `timeout` (negative: for ever), and hands them over. Returns how many, 0
    /// after the timeout; `cancelled` when the token's descriptor (an eventfd, a signalfd, a pipe) becomes
    /// readable. After a round with many records it waits 200 µs for more, so that the program has nobody to
    /// wake.
    Result<std::size_t> poll(std::chrono::milliseconds timeout, CancelToken cancel = {});
    /// Of every reader that is there; empty before init() and after stop().
    [[nodiscard]] std::vector<ReaderStats> reader_stats() const;
    /// One entry a ring buffer, one a CPU of a perf buffer. Starts over with every call.
    [[nodiscard]] std::vector<ReaderTelemetry> take_reader_telemetry();
    /// A paused perf buffer is disconnected: bpf_perf_event_output() gives -ENOENT. A paused ring buffer
    /// keeps filling. `invalid_argument` when it is paused (resume: when it is not).
    Result<void> pause_reader(std::string_view map);
    Result<void> resume_reader(std::string_view map);
    /// The same for whoever does not care how it was.
    Result<void> start_reader(std::string_view map);
    Result<void> stop_reader(std::string_view map);
    /// One more reader, of a map of the object or of a new one, from `initialized` on until stop(). The spec
    /// is copied. `already_exists` when the map has one. RingBufferSpec::size has no effect: the map is
    /// there.
    Result<void> add_reader(const RingBufferSpec& ring);
    Result<void> add_reader(const PerfBufferSpec& perf);
    /// Sum over all CPUs of the per-CPU array `<map>_lost_samples`, 0 when the object has none.
    Result<std::uint64_t> lost_samples(std::string_view map) const;
    /// An iterator program's output: read it to its end. The probe must be running.
    Result<UniqueFd> open_iterator(const ProbeId& id) const;

    // ---- Maps: by name, from `initialized` on ----

    /// Those of the object, then new ones and replacements that the object does not have. Empty when nothing
    /// is loaded.
    [[nodiscard]] std::vector<MapInfo> maps() const;
    Result<MapInfo> map_info(std::string_view map) const;
    /// A duplicate of the map's descriptor.
    Result<UniqueFd> map_fd(std::string_view map) const;
    /// The value, MapInfo::full_value_size bytes; nullopt: no such key. values.h makes C++ values of it.
    Result<std::optional<Bytes>> lookup(std::string_view map, std::span<const std::byte> key) const;
    /// `value` has MapInfo::full_value_size bytes. `already_exists` and `not_found` by the mode.
    Result<void> update(std::string_view map, std::span<const std::byte> key,
                        std::span<const std::byte> value, UpdateMode mode = UpdateMode::any) const;
    /// False: there was no such key.
    Result<bool> erase(std::string_view map, std::span<const std::byte> key) const;
    /// Calls `visit` with every element until it returns false. Elements that come and go meanwhile may be
    /// missed or seen twice. The spans are valid during the call.
    using MapVisitor = std::function<bool(std::span<const std::byte> key, std::span<const std::byte> value)>;
    Result<void> for_each(std::string_view map, const MapVisitor& visit) const;
    /// From now on only programs can write to the map; there is no way back.
    Result<void> freeze(std::string_view map) const;
    /// Makes a map; it goes with stop(), its pin by Cleanup::internal_pinned. `already_exists` for a name or
    /// a pin that is taken.
    Result<void> new_map(const NewMap& map);
    /// A new, empty map of the same definition, pinned if a path is given; as new_map().
    Result<void> clone_map(std::string_view map, std::string name, std::filesystem::path pin_path = {});
    /// What ManagerSpec::dumper says of these maps, one after the other; of all when none are named. Without
    /// a dumper: nothing.
    Result<std::string> dump(std::span<const std::string> maps = {}) const;
    /// Puts inner maps into outer ones, those of the same outer map that stand in a row at once. The first
    /// error ends it; the routes before it are in place.
    Result<void> route_maps(std::span<const MapRoute> routes) const;
    /// Puts programs into program arrays; as route_maps().
    Result<void> route_tail_calls(std::span<const TailCallRoute> routes) const;

    // ---- Programs ----

    /// Runs a loaded program of the object by BPF_PROG_TEST_RUN; nothing needs to be attached. `unsupported`
    /// for kinds that the kernel cannot run so (kprobes, tracepoints).
    Result<TestRunOutcome> test_run(std::string_view program, const TestRunInput& input) const;
    /// A duplicate of the program's descriptor.
    Result<UniqueFd> program_fd(std::string_view program) const;
    /// The same of the program that this probe runs: of a clone or a copy, its own.
    Result<UniqueFd> probe_program_fd(const ProbeId& id) const;
    /// A duplicate of the perf event under a running kprobe, uprobe or tracepoint. `unsupported` for probes
    /// that stand on something else.
    Result<UniqueFd> perf_event_fd(const ProbeId& id) const;
    /// Asks the kernel whether a running probe is still there: others may have removed a tc filter, or the
    /// interface under it.
    Result<bool> is_attached(const ProbeId& id) const;
    /// One more attachment of a loaded program, attached at once when the Manager runs; on failure nothing
    /// stays. The id must be new, else `already_exists`. It goes with stop(): the next init() begins with the
    /// spec.
    Result<void> add_hook(ProbeSpec probe);
    /// Loads a program once more, with constants and maps of its own, and attaches it when the Manager runs.
    /// On failure nothing stays. USDT programs cannot be cloned.
    Result<void> clone_program(CloneSpec clone);
    /// Detaches a probe and forgets it; its program stays loaded, a clone goes.
    Result<void> remove_hook(const ProbeId& id);
    /// Detaches and forgets every probe that was told to attach in this network namespace, and lets go of the
    /// namespace, which may then end. Returns how many. `invalid_argument`: not a descriptor of a namespace.
    Result<std::size_t> leave_network_namespace(int netns_fd);
    /// Changes which probes run: attaches what is missing, detaches what is not named any more, leaves the
    /// rest alone. Unknown probes change nothing; when the new activation does not hold, the old set is kept.
    Result<void> update_activation(std::vector<Selector> activation);
    /// Gives a probe that is not attached another uid; selectors follow, until stop(). `already_exists` when
    /// there is such a probe.
    Result<void> rename_probe(const ProbeId& from, std::string uid);

  private:
    class Impl;
    explicit Manager(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gadget::runtime
