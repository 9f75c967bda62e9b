// SPDX-License-Identifier: Apache-2.0
#include "ring_turn.h"

#include <bpf/libbpf.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace gadget::runtime {
namespace {

using Clock = std::chrono::steady_clock;

/// Pins this thread, and gives it back its CPUs.
class OnCpu {
  public:
    explicit OnCpu(int cpu) {
        (void)sched_getaffinity(0, sizeof(before_), &before_);
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        (void)sched_setaffinity(0, sizeof(set), &set);
    }
    ~OnCpu() { (void)sched_setaffinity(0, sizeof(before_), &before_); }
    OnCpu(const OnCpu&) = delete;
    OnCpu& operator=(const OnCpu&) = delete;

  private:
    cpu_set_t before_{};
};

double count_at(const Manager& manager, std::uint32_t index) {
    const auto value = manager.lookup("counts", to_bytes(index));
    if (!value || !*value) return 0;
    return static_cast<double>(from_bytes<std::uint64_t>(**value).value_or(0));
}

template <class ReadOnce>
RingTurn run(const Manager& manager, double seconds, const std::uint64_t& received,
             const ReadOnce& read_once) {
    std::atomic<bool> stop = false;
    std::thread producer([&] {
        const OnCpu first(0);
        while (!stop) (void)syscall(SYS_getpgid, 0);
    });
    const OnCpu last(static_cast<int>(std::thread::hardware_concurrency()) - 1);
    const auto begin = Clock::now();
    double waits = 0;
    while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
        read_once();
        ++waits;
    }
    stop = true;
    producer.join();
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();
    read_once();
    const double sent = count_at(manager, 0);
    const double lost = count_at(manager, 1);
    const double millions = static_cast<double>(received) / 1e6;
    return {millions / took, lost / std::max(sent + lost, 1.0), waits / std::max(millions, 1e-6)};
}

Result<Manager> start(ManagerSpec spec) {
    GADGET_TRY_ASSIGN(Manager manager, Manager::create(std::move(spec)));
    GADGET_TRY(manager.init());
    GADGET_TRY(manager.start());
    return manager;
}

int count_record(void* received, void*, std::size_t) {
    ++*static_cast<std::uint64_t*>(received);
    return 0;
}

}  // namespace

ManagerSpec flood_spec(Bytes object) {
    ManagerSpec spec;
    spec.name = "flood";
    spec.object = ObjectBytes{std::move(object)};
    spec.constants = {{.name = "target_tgid", .value = to_bytes(static_cast<std::uint32_t>(getpid()))},
                      {.name = "syscall_number", .value = to_bytes(std::uint64_t{SYS_getpgid})}};
    return spec;
}

Result<RingTurn> read_with_manager(const Bytes& object, double seconds) {
    std::uint64_t received = 0;
    ManagerSpec spec = flood_spec(object);
    spec.ring_buffers.push_back({.map = "events", .on_record = [&received](auto) { ++received; }});
    GADGET_TRY_ASSIGN(Manager manager, start(std::move(spec)));
    return run(manager, seconds, received, [&] { (void)manager.poll(std::chrono::milliseconds(100)); });
}

Result<RingTurn> read_with_libbpf(const Bytes& object, double seconds) {
    std::uint64_t received = 0;
    GADGET_TRY_ASSIGN(Manager manager, start(flood_spec(object)));
    GADGET_TRY_ASSIGN(const UniqueFd map, manager.map_fd("events"));
    const CPtr<ring_buffer, ring_buffer__free> ring(
        ring_buffer__new(map.get(), count_record, &received, nullptr));
    if (!ring) return errno_error(errno, "opening the ring with libbpf");
    return run(manager, seconds, received, [&] { (void)ring_buffer__poll(ring.get(), 100); });
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace gadget::runtime
