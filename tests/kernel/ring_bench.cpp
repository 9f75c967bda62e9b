// SPDX-License-Identifier: Apache-2.0
// End-to-end reading of a flooded 512 KiB ring: our reader and libbpf's ring_buffer__poll() take turns in one
// process, with the same producer pinned to the first CPU and the reader to the last. Prints one line of
// JSON.
//   ring_bench [seconds per turn] [turns]
#include <bpf/libbpf.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "gadget/runtime.h"

extern const unsigned char object_flood[];
extern const std::size_t object_flood_size;

namespace {

using namespace gadget;
using namespace gadget::runtime;
using Clock = std::chrono::steady_clock;

template <class T>
Bytes bytes_of(const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {bytes.begin(), bytes.end()};
}

void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
}

struct Outcome {
    double delivered = 0;  ///< million records per second
    double lost = 0;       ///< share of all
};

Manager make_manager(std::uint64_t& received, bool with_reader) {
    ManagerSpec spec;
    spec.name = "flood";
    const auto bytes = std::as_bytes(std::span(object_flood, object_flood_size));
    spec.object = ObjectBytes{{bytes.begin(), bytes.end()}};
    spec.constants = {{.name = "target_tgid", .value = bytes_of(static_cast<std::uint32_t>(getpid()))},
                      {.name = "syscall_number", .value = bytes_of(std::uint64_t{SYS_getpgid})}};
    if (with_reader) {
        spec.ring_buffers.push_back({.map = "events", .on_record = [&received](auto) { ++received; }});
    }
    auto manager = Manager::create(std::move(spec));
    auto ready = manager ? manager->init() : Result<void>(manager.error());
    if (ready) ready = manager->start();
    if (!ready) {
        std::fprintf(stderr, "%s\n", ready.error().to_string().c_str());
        std::exit(3);
    }
    return std::move(*manager);
}

std::uint64_t count_at(const Manager& manager, std::uint32_t index) {
    const auto value = manager.lookup("counts", bytes_of(index));
    return value && *value ? *reinterpret_cast<const std::uint64_t*>((*value)->data()) : 0;
}

template <class ReadOnce>
Outcome run(const Manager& manager, double seconds, const std::uint64_t& received,
            const ReadOnce& read_once) {
    std::atomic<bool> stop = false;
    std::thread producer([&] {
        pin(0);
        while (!stop) (void)syscall(SYS_getpgid, 0);
    });
    pin(static_cast<int>(std::thread::hardware_concurrency()) - 1);
    const auto begin = Clock::now();
    const std::uint64_t first = received;
    while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds) read_once();
    stop = true;
    producer.join();
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();
    read_once();
    const double sent = static_cast<double>(count_at(manager, 0));
    const double lost = static_cast<double>(count_at(manager, 1));
    return {static_cast<double>(received - first) / took / 1e6, lost / (sent + lost)};
}

Outcome ours(double seconds) {
    std::uint64_t received = 0;
    Manager manager = make_manager(received, true);
    return run(manager, seconds, received, [&] { (void)manager.poll(std::chrono::milliseconds(100)); });
}

int count_record(void* received, void*, std::size_t) {
    ++*static_cast<std::uint64_t*>(received);
    return 0;
}

Outcome stock(double seconds) {
    std::uint64_t received = 0;
    Manager manager = make_manager(received, false);
    const auto map = manager.map_fd("events");
    ring_buffer* const ring = map ? ring_buffer__new(map->get(), count_record, &received, nullptr) : nullptr;
    if (ring == nullptr) std::exit(3);
    const Outcome outcome = run(manager, seconds, received, [&] { (void)ring_buffer__poll(ring, 100); });
    ring_buffer__free(ring);
    return outcome;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
    const int turns = argc > 2 ? std::max(std::atoi(argv[2]), 1) : 5;
    std::vector<double> our_rate, stock_rate, our_loss, stock_loss;
    for (int turn = 0; turn < turns; ++turn) {
        const Outcome a = ours(seconds);
        const Outcome b = stock(seconds);
        our_rate.push_back(a.delivered);
        our_loss.push_back(a.lost);
        stock_rate.push_back(b.delivered);
        stock_loss.push_back(b.lost);
    }
    std::printf(
        "{\"benchmark\":\"ring-512k\",\"gadgetkit_mps\":%.2f,\"libbpf_mps\":%.2f,\"ratio\":%.2f,"
        "\"gadgetkit_lost\":%.3f,\"libbpf_lost\":%.3f}\n",
        median(our_rate), median(stock_rate), median(our_rate) / median(stock_rate), median(our_loss),
        median(stock_loss));
    return 0;
}
