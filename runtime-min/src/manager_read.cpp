// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>

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

bool is_ring(const bpf_map* map) {
    return bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF;
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

Result<std::vector<ReaderPtr>> Manager::Impl::open_readers() const {
    std::vector<ReaderPtr> readers;
    for (const RingBufferSpec& ring : spec.ring_buffers) {
        GADGET_TRY_ASSIGN(const bpf_map* const map, require_map(ring.map));
        if (!is_ring(map)) return wrong_type(ring.map, "ring buffer");
        GADGET_TRY_ASSIGN(ReaderPtr reader,
                          open_ring_reader(bpf_map__fd(map), bpf_map__max_entries(map), ring));
        GADGET_TRY(reader->watch(epoll_.get()));
        readers.push_back(std::move(reader));
    }
    for (const PerfBufferSpec& perf : spec.perf_buffers) {
        GADGET_TRY_ASSIGN(const bpf_map* const map, require_map(perf.map));
        if (bpf_map__type(map) != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
            return wrong_type(perf.map, "perf event array");
        GADGET_TRY_ASSIGN(ReaderPtr reader,
                          open_perf_reader(bpf_map__fd(map), bpf_map__max_entries(map), perf));
        GADGET_TRY(reader->watch(epoll_.get()));
        readers.push_back(std::move(reader));
    }
    return readers;
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
