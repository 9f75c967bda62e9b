// SPDX-License-Identifier: Apache-2.0
// A perf event array holds one perf event per CPU; bpf_perf_event_output() on a CPU writes into that event's
// ring (kernel: include/uapi/linux/perf_event.h, perf_event_mmap_page). Records may wrap, then they are
// copied together.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>

#include "kernel_error.h"
#include "perf_event.h"
#include "reader.h"

namespace gadget::runtime {
namespace {

struct SampleHeader {
    perf_event_header header;
    std::uint32_t size;
};

struct LostRecord {
    perf_event_header header;
    std::uint64_t id;
    std::uint64_t lost;
};

struct CpuRing {
    int cpu;
    UniqueFd event;
    Mapping memory;
    std::size_t high_water = 0;
    std::uint64_t lost = 0;
};

class PerfReader final : public Reader {
  public:
    PerfReader(UniqueFd map, std::size_t page, PerfBufferSpec spec)
        : map_(std::move(map)), page_(page), spec_(std::move(spec)) {}
    ~PerfReader() override { (void)pause(); }  // the map may be shared

    Result<void> pause() override {
        for (const CpuRing& ring : rings_) (void)bpf_map_delete_elem(map_.get(), &ring.cpu);
        paused_ = true;
        return {};
    }
    Result<void> resume() override {
        for (const CpuRing& ring : rings_) GADGET_TRY(connect(ring.cpu, ring.event.get()));
        paused_ = false;
        return {};
    }
    [[nodiscard]] bool paused() const override { return paused_; }
    void take_telemetry(std::vector<ReaderTelemetry>& all) override {
        for (CpuRing& ring : rings_) {
            all.push_back(
                {spec_.map, ring.cpu, std::exchange(ring.high_water, 0), std::exchange(ring.lost, 0)});
        }
    }

    Result<void> open(std::uint32_t entries, std::size_t pages) {
        GADGET_TRY_ASSIGN(const std::vector<int> cpus, online_cpus());
        for (const int cpu : cpus) {
            if (static_cast<std::uint32_t>(cpu) < entries) GADGET_TRY(open_cpu(cpu, pages));
        }
        return {};
    }

    Result<void> watch(int epoll) override {
        for (const CpuRing& ring : rings_) GADGET_TRY(add_to_epoll(epoll, ring.event.get(), name()));
        return {};
    }

    Result<std::size_t> drain(std::size_t budget) override {
        std::size_t handed = 0;
        for (CpuRing& ring : rings_) {
            if (handed >= budget) break;
            handed += drain_ring(ring, budget - handed);
        }
        records_ += handed;
        return handed;
    }

    [[nodiscard]] ReaderStats stats() const override { return {spec_.map, records_, 0, lost_}; }

  private:
    [[nodiscard]] std::string name() const { return "perf buffer '" + spec_.map + "'"; }

    Result<void> open_cpu(int cpu, std::size_t pages) {
        perf_event_attr attributes{};
        attributes.type = PERF_TYPE_SOFTWARE;
        attributes.config = PERF_COUNT_SW_BPF_OUTPUT;
        attributes.sample_type = PERF_SAMPLE_RAW;
        attributes.sample_period = 1;
        if (spec_.watermark != 0) {
            attributes.watermark = 1;
            attributes.wakeup_watermark = spec_.watermark;
        } else {
            attributes.wakeup_events = std::max(spec_.wakeup_events, 1U);
        }
        UniqueFd event = open_perf_event(attributes, -1, cpu);
        if (!event && errno == ENODEV) return {};  // went offline meanwhile
        if (!event)
            return attach_error(errno, "opening " + name() + " on CPU " + std::to_string(cpu),
                                model::AttachKind::perf_event);
        GADGET_TRY_ASSIGN(Mapping memory, Mapping::map(event.get(), page_ * (pages + 1), 0, true, name()));
        const int fd = event.get();
        GADGET_TRY(connect(cpu, fd));
        rings_.push_back({cpu, std::move(event), std::move(memory)});
        if (ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) != 0) return errno_error(errno, "enabling " + name());
        return {};
    }

    Result<void> connect(int cpu, int event) {
        if (bpf_map_update_elem(map_.get(), &cpu, &event, BPF_ANY) == 0) return {};
        return errno_error(errno, "connecting " + name() + " on CPU " + std::to_string(cpu));
    }

    std::size_t drain_ring(CpuRing& ring, std::size_t budget) {
        auto* const control = reinterpret_cast<perf_event_mmap_page*>(ring.memory.data());
        const std::span data(ring.memory.data() + page_, ring.memory.size() - page_);
        const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
        std::uint64_t tail = control->data_tail;
        ring.high_water = std::max<std::size_t>(ring.high_water, head - tail);
        std::size_t handed = 0;
        while (tail < head && handed < budget) {
            perf_event_header header;
            const std::size_t at =
                tail & (data.size() - 1);  // records are aligned to 8: the header never wraps
            std::memcpy(&header, data.data() + at, sizeof(header));
            if (header.size < sizeof(header) || header.size > head - tail) break;
            handed += give(ring, header, whole(data, at, header.size));
            tail += header.size;
            // Each record's space is free again as soon as its handler returns.
            std::atomic_ref(control->data_tail).store(tail, std::memory_order_release);
        }
        return handed;
    }

    std::span<const std::byte> whole(std::span<std::byte> data, std::size_t at, std::size_t size) {
        if (at + size <= data.size()) return data.subspan(at, size);
        const std::size_t first = data.size() - at;
        scratch_.resize(size);
        std::memcpy(scratch_.data(), data.data() + at, first);
        std::memcpy(scratch_.data() + first, data.data(), size - first);
        return scratch_;
    }

    std::size_t give(CpuRing& ring, const perf_event_header& header, std::span<const std::byte> record) {
        if (header.type == PERF_RECORD_SAMPLE && record.size() >= sizeof(SampleHeader)) {
            SampleHeader sample;
            std::memcpy(&sample, record.data(), sizeof(sample));
            record = record.subspan(sizeof(sample));
            spec_.on_record(ring.cpu, record.first(std::min<std::size_t>(sample.size, record.size())));
            return 1;
        }
        if (header.type == PERF_RECORD_LOST && record.size() >= sizeof(LostRecord)) {
            LostRecord lost;
            std::memcpy(&lost, record.data(), sizeof(lost));
            lost_ += lost.lost;
            ring.lost += lost.lost;
            if (spec_.on_lost) spec_.on_lost(ring.cpu, lost.lost);
        }
        return 0;
    }

    UniqueFd map_;
    std::size_t page_;
    PerfBufferSpec spec_;
    std::vector<CpuRing> rings_;
    bool paused_ = false;
    Bytes scratch_;
    std::atomic<std::uint64_t> records_ = 0;  // also read by other threads
    std::atomic<std::uint64_t> lost_ = 0;     // also read by other threads
};

}  // namespace

Result<ReaderPtr> open_perf_reader(int map_fd, std::uint32_t entries, const PerfBufferSpec& spec) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t pages = std::bit_ceil(std::max<std::size_t>(spec.pages, 1));
    if (spec.watermark >= pages * page) {
        return Error{ErrorCode::invalid_argument,
                     "perf buffer '" + spec.map + "': the watermark does not fit into the buffer"};
    }
    UniqueFd map(fcntl(map_fd, F_DUPFD_CLOEXEC, 0));
    if (!map) return errno_error(errno, "opening perf buffer '" + spec.map + "'");
    auto reader = std::make_unique<PerfReader>(std::move(map), page, spec);
    GADGET_TRY(reader->open(entries, pages));
    return ReaderPtr(std::move(reader));
}

}  // namespace gadget::runtime
