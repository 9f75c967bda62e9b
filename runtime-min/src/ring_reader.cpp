// SPDX-License-Identifier: Apache-2.0
// Layout of a ring buffer map (kernel: Documentation/bpf/ringbuf.rst): page 0 holds the consumer position
// (ours to write), page 1 the producer position, then the data, mapped twice in a row so that no record wraps
// for us. A record is an 8-byte header (length with a busy and a discard bit) and its bytes, padded to 8.
//
// The producer position is read once per drain and everything up to it handed over before our own position is
// published: the fewer times both sides touch the same cache lines, the faster both are, and a reader that
// never quite catches up spares the producer its wakeups. A large ring publishes earlier, after an eighth, so
// that a slow handler does not keep the space of records that it is done with.
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "reader.h"

namespace gadget::runtime {
namespace {

constexpr std::uint32_t kBusy = 1U << 31U;
constexpr std::uint32_t kDiscard = 1U << 30U;
constexpr std::size_t kHeader = 8;
constexpr std::size_t kBatch = 256;

using Position = unsigned long;

class RingReader final : public Reader {
  public:
    RingReader(UniqueFd map, Mapping consumer, Mapping producer, std::size_t size, RingBufferSpec spec)
        : map_(std::move(map)),
          consumer_(std::move(consumer)),
          producer_(std::move(producer)),
          data_(producer_.data() + (producer_.size() - 2 * size)),
          size_(size),
          spec_(std::move(spec)) {}

    ~RingReader() override {
        // Duplicates of the map's descriptor may live on, and epoll would go on watching for them.
        if (epoll_ >= 0) (void)epoll_ctl(epoll_, EPOLL_CTL_DEL, map_.get(), nullptr);
    }

    Result<void> watch(int epoll) override {
        GADGET_TRY(add_to_epoll(epoll, map_.get(), "ring buffer '" + spec_.map + "'"));
        epoll_ = epoll;
        return {};
    }

    Result<void> pause() override {
        if (epoll_ >= 0 && !paused_) (void)epoll_ctl(epoll_, EPOLL_CTL_DEL, map_.get(), nullptr);
        paused_ = true;
        return {};
    }
    Result<void> resume() override {
        if (epoll_ >= 0 && paused_) GADGET_TRY(watch(epoll_));
        paused_ = false;
        return {};
    }
    [[nodiscard]] bool paused() const override { return paused_; }
    void take_telemetry(std::vector<ReaderTelemetry>& all) override {
        all.push_back({spec_.map, -1, std::exchange(high_water_, 0), 0});
    }

    Result<std::size_t> drain(std::size_t budget) override {
        if (paused_) return std::size_t{0};
        std::size_t handed = 0;
        const Position end = load(producer_);
        high_water_ = std::max<std::size_t>(high_water_, end - load(consumer_));
        drain_to(end, budget, handed);
        records_ += handed;
        return handed;
    }

    [[nodiscard]] ReaderStats stats() const override { return {spec_.map, records_, discarded_, 0}; }

  private:
    static Position load(const Mapping& page) {
        return std::atomic_ref(*reinterpret_cast<Position*>(page.data())).load(std::memory_order_acquire);
    }
    void publish(Position position) {
        // Sequentially consistent: the store must be visible before the producer position is read again, else
        // the last wakeup could be lost.
        std::atomic_ref(*reinterpret_cast<Position*>(consumer_.data()))
            .store(position, std::memory_order_seq_cst);
    }

    /// Hands over records up to `end`, or to one that is not committed yet.
    void drain_to(Position end, std::size_t budget, std::size_t& handed) {
        Position position = load(consumer_);
        try {
            drain_from(position, end, budget, handed);
        } catch (...) {
            publish(position);  // what a throwing handler had is not handed over again
            batched_ = 0;
            throw;
        }
    }

    void drain_from(Position& position, Position end, std::size_t budget, std::size_t& handed) {
        const Position step = std::max<Position>(size_ / 8, 4096);
        Position published = position;
        while (position < end && handed + batched_ < budget) {
            std::byte* const record = data_ + (position & (size_ - 1));
            const std::uint32_t header =
                std::atomic_ref(*reinterpret_cast<std::uint32_t*>(record)).load(std::memory_order_acquire);
            if ((header & kBusy) != 0) break;
            const std::size_t length = header & ~(kBusy | kDiscard);
            position += (length + kHeader + 7) / 8 * 8;
            if ((header & kDiscard) != 0) {
                ++discarded_;
            } else {
                take({record + kHeader, std::min(length, size_)}, handed);
            }
            if (position - published >= step) {
                flush(handed);
                publish(position);
                published = position;
            }
        }
        flush(handed);
        if (position != published) publish(position);
    }

    void take(std::span<const std::byte> record, std::size_t& handed) {
        if (!spec_.on_batch) {
            spec_.on_record(record);
            ++handed;
            return;
        }
        batch_[batched_++] = record;
        if (batched_ == batch_.size()) flush(handed);
    }

    void flush(std::size_t& handed) {
        if (batched_ == 0) return;
        const std::size_t count = std::exchange(batched_, 0);
        spec_.on_batch(std::span<const std::span<const std::byte>>(batch_.data(), count));
        handed += count;
    }

    UniqueFd map_;
    int epoll_ = -1;  // borrowed
    bool paused_ = false;
    std::size_t high_water_ = 0;
    Mapping consumer_;
    Mapping producer_;
    std::byte* data_;
    std::size_t size_;
    RingBufferSpec spec_;
    std::array<std::span<const std::byte>, kBatch> batch_{};
    std::size_t batched_ = 0;
    std::atomic<std::uint64_t> records_ = 0;    // also read by other threads
    std::atomic<std::uint64_t> discarded_ = 0;  // also read by other threads
};

}  // namespace

Result<ReaderPtr> open_ring_reader(int map_fd, std::size_t size, const RingBufferSpec& spec) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::string what = "ring buffer '" + spec.map + "'";
    if (size == 0 || (size & (size - 1)) != 0)
        return Error{ErrorCode::corrupt_data, what + " has an impossible size"};
    UniqueFd map(fcntl(map_fd, F_DUPFD_CLOEXEC, 0));
    if (!map) return errno_error(errno, "opening " + what);
    GADGET_TRY_ASSIGN(Mapping consumer, Mapping::map(map.get(), page, 0, true, what));
    GADGET_TRY_ASSIGN(Mapping producer, Mapping::map(map.get(), page + 2 * size, page, false, what));
    return ReaderPtr(
        std::make_unique<RingReader>(std::move(map), std::move(consumer), std::move(producer), size, spec));
}

}  // namespace gadget::runtime
