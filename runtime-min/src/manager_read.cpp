// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

#include "manager_impl.h"

namespace gadget::runtime {
namespace {

constexpr std::chrono::microseconds kBusyWait{1000};
// After a round with this many records the next one is likely to come at once. Waiting a little lets it grow:
// the reader stays behind the producer, which then has nobody to wake.
constexpr std::size_t kFlood = 256;
constexpr std::chrono::microseconds kLinger{200};

/// A ring buffer's reader on a perf event array, for kernels (or users) without ring buffers.
PerfBufferSpec in_place_of(const RingBufferSpec& ring) {
    PerfBufferSpec perf;
    perf.map = ring.map;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    if (ring.size != 0) perf.pages = (ring.size + page - 1) / page;
    perf.start = ring.start;
    perf.on_record = [ring](int, std::span<const std::byte> record) {
        if (ring.on_batch) {
            ring.on_batch(std::span(&record, 1));
        } else {
            ring.on_record(record);
        }
    };
    return perf;
}

/// True when the spec leaves the map out: then its reader goes as well.
bool is_left_out(const ManagerSpec& spec, const std::string& map) {
    return std::ranges::any_of(
        spec.map_edits, [&](const MapEdit& edit) { return edit.map == map && edit.create && !*edit.create; });
}

Error wrong_type(const std::string& map, const char* wanted) {
    return Error{ErrorCode::invalid_argument, "map '" + map + "' is not a " + wanted};
}

/// Waits for the descriptor or the wish to stop. True: the wish.
Result<bool> wait(int fd, CancelToken cancel, std::chrono::microseconds timeout) {
    std::array<pollfd, 2> fds{pollfd{fd, POLLIN, 0}, pollfd{cancel.fd, POLLIN, 0}};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timespec limit{static_cast<time_t>(seconds.count()),
                         static_cast<long>(std::chrono::nanoseconds(timeout - seconds).count())};
    if (ppoll(fds.data(), fds.size(), timeout.count() < 0 ? nullptr : &limit, nullptr) < 0 &&
        errno != EINTR) {
        return errno_error(errno, "waiting for events");
    }
    return cancel.fd >= 0 && fds[1].revents != 0;
}

}  // namespace

Result<ReaderPtr> Manager::Impl::open_reader(const PerfBufferSpec& perf) const {
    GADGET_TRY_ASSIGN(const LoadedMap map, require_map(perf.map));
    if (map.info.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY) return wrong_type(perf.map, "perf event array");
    GADGET_TRY_ASSIGN(ReaderPtr reader, open_perf_reader(map.fd, map.info.max_entries, perf));
    GADGET_TRY(reader->watch(epoll_.get()));
    if (!perf.start) GADGET_TRY(reader->pause());
    return reader;
}

Result<ReaderPtr> Manager::Impl::open_reader(const RingBufferSpec& ring) const {
    GADGET_TRY_ASSIGN(const LoadedMap map, require_map(ring.map));
    if (map.info.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY) return open_reader(in_place_of(ring));
    if (map.info.type != BPF_MAP_TYPE_RINGBUF) return wrong_type(ring.map, "ring buffer");
    GADGET_TRY_ASSIGN(ReaderPtr reader, open_ring_reader(map.fd, map.info.max_entries, ring));
    GADGET_TRY(reader->watch(epoll_.get()));
    if (!ring.start) GADGET_TRY(reader->pause());
    return reader;
}

Result<std::vector<ReaderPtr>> Manager::Impl::open_readers() const {
    std::vector<ReaderPtr> readers;
    for (const RingBufferSpec& ring : spec.ring_buffers) {
        if (is_left_out(spec, ring.map)) continue;
        GADGET_TRY_ASSIGN(ReaderPtr reader, open_reader(ring));
        readers.push_back(std::move(reader));
    }
    for (const PerfBufferSpec& perf : spec.perf_buffers) {
        if (is_left_out(spec, perf.map)) continue;
        GADGET_TRY_ASSIGN(ReaderPtr reader, open_reader(perf));
        readers.push_back(std::move(reader));
    }
    return readers;
}

template <class Spec>
Result<void> Manager::Impl::add_reader(const Spec& reader_spec) {
    const std::lock_guard control(control_);
    const std::lock_guard reading(reading_);
    const std::unique_lock data(data_);
    if (state_ == State::reset) return wrong_state("read", "init() comes first");
    for (const ReaderPtr& reader : readers_) {
        if (reader->stats().map != reader_spec.map) continue;
        return Error{ErrorCode::already_exists, "map '" + reader_spec.map + "' has a reader already"};
    }
    GADGET_TRY_ASSIGN(ReaderPtr reader, open_reader(reader_spec));
    readers_.push_back(std::move(reader));
    return {};
}

Result<void> Manager::add_reader(const RingBufferSpec& ring) {
    if (ring.on_record || ring.on_batch) return impl_->add_reader(ring);
    return Error{ErrorCode::invalid_argument, "ring buffer '" + ring.map + "' has no handler"};
}

Result<void> Manager::add_reader(const PerfBufferSpec& perf) {
    if (perf.on_record) return impl_->add_reader(perf);
    return Error{ErrorCode::invalid_argument, "perf buffer '" + perf.map + "' has no handler"};
}

Result<void> Manager::Impl::switch_reader(std::string_view map, bool run, bool strict) {
    const std::lock_guard control(control_);
    const std::lock_guard reading(reading_);
    for (const ReaderPtr& reader : readers_) {
        if (reader->stats().map != map) continue;
        if (reader->paused() != run) {
            if (!strict) return {};
            return Error{ErrorCode::invalid_argument, "the reader of '" + std::string(map) + "' is " +
                                                          (run ? "not paused" : "paused already")};
        }
        return run ? reader->resume() : reader->pause();
    }
    return Error{ErrorCode::not_found, "map '" + std::string(map) + "' has no reader"};
}

Result<void> Manager::pause_reader(std::string_view map) {
    return impl_->switch_reader(map, false, true);
}
Result<void> Manager::resume_reader(std::string_view map) {
    return impl_->switch_reader(map, true, true);
}
Result<void> Manager::start_reader(std::string_view map) {
    return impl_->switch_reader(map, true, false);
}
Result<void> Manager::stop_reader(std::string_view map) {
    return impl_->switch_reader(map, false, false);
}

std::vector<ReaderTelemetry> Manager::Impl::take_reader_telemetry() {
    const std::lock_guard reading(reading_);
    std::vector<ReaderTelemetry> all;
    for (const ReaderPtr& reader : readers_) reader->take_telemetry(all);
    return all;
}
std::vector<ReaderTelemetry> Manager::take_reader_telemetry() {
    return impl_->take_reader_telemetry();
}

Result<std::size_t> Manager::Impl::consume(std::size_t budget) {
    const std::lock_guard reading(reading_);
    std::size_t handed = 0;
    for (const ReaderPtr& reader : readers_) {
        try {
            GADGET_TRY_ASSIGN(const std::size_t count, reader->drain(budget));
            handed += count;
        } catch (const std::exception& exception) {
            return Error{ErrorCode::internal,
                         "the handler of '" + reader->stats().map + "' threw: " + exception.what()};
        }
    }
    return handed;
}

Result<std::size_t> Manager::Impl::poll(std::chrono::milliseconds timeout, CancelToken cancel) {
    using Clock = std::chrono::steady_clock;
    timeout = std::min<std::chrono::milliseconds>(timeout, std::chrono::hours(24 * 365));
    const auto deadline = Clock::now() + timeout;
    if (flooded_.load(std::memory_order_relaxed) && (timeout.count() < 0 || timeout > kLinger)) {
        GADGET_TRY_ASSIGN(const bool cancelled, wait(-1, cancel, kLinger));
        if (cancelled) return Error{ErrorCode::cancelled, "reading '" + spec.name + "' was interrupted"};
    }
    while (true) {
        auto rest = std::chrono::ceil<std::chrono::microseconds>(deadline - Clock::now());
        const bool last = timeout.count() >= 0 && rest.count() <= 0;
        if (timeout.count() < 0) rest = std::chrono::microseconds(-1);
        if (last) rest = std::chrono::microseconds(0);
        GADGET_TRY_ASSIGN(const bool cancelled, wait(epoll_.get(), cancel, rest));
        if (cancelled) return Error{ErrorCode::cancelled, "reading '" + spec.name + "' was interrupted"};
        GADGET_TRY_ASSIGN(const std::size_t handed, consume(SIZE_MAX));
        flooded_.store(handed >= kFlood, std::memory_order_relaxed);
        if (handed > 0 || last) return handed;
        if (timeout.count() < 0 || deadline > Clock::now()) {
            // Woken for nothing: a record that is reserved but not committed keeps the descriptor readable.
            GADGET_TRY_ASSIGN(const bool interrupted, wait(-1, cancel, kBusyWait));
            if (interrupted)
                return Error{ErrorCode::cancelled, "reading '" + spec.name + "' was interrupted"};
        }
    }
}

std::vector<ReaderStats> Manager::Impl::reader_stats() const {
    // reading_ is not taken: handlers may ask. Readers come and go under data_ as well.
    const std::shared_lock data(data_);
    std::vector<ReaderStats> stats;
    for (const ReaderPtr& reader : readers_) stats.push_back(reader->stats());
    return stats;
}

Result<UniqueFd> Manager::Impl::open_iterator(const ProbeId& id) const {
    const std::shared_lock data(data_);
    const Probe* const probe = find_probe(id);
    if (probe == nullptr) return Error{ErrorCode::not_found, "there is no probe '" + to_string(id) + "'"};
    if (!probe->attachment || probe->attachment->link_fd() < 0) {
        return Error{ErrorCode::invalid_argument, "iterator '" + to_string(id) + "' does not run",
                     "start() comes first"};
    }
    UniqueFd fd(bpf_iter_create(probe->attachment->link_fd()));
    if (!fd) return errno_error(errno, "reading iterator '" + to_string(id) + "'");
    return fd;
}

}  // namespace gadget::runtime
