// SPDX-License-Identifier: Apache-2.0
// What runtime-min promises about speed, each time against the plain way in the same run:
//   ring     end-to-end reading of a flooded 512 KiB ring, against libbpf's ring_buffer__poll()
//   detach   64 uprobes by one multi link, against 64 one by one
//   routes   64 inner maps in one call, against 64 calls
//   start    init() and start() of an object with one program, against a loader written by hand on libbpf
// and, for information, 300 probes and 100 cycles of init(), start() and stop().
// Prints one line each and at last one of JSON; status 1 when a promise is not kept.
//   runtime_bench [turns]
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ring_turn.h"

extern const unsigned char object_flood[];
extern const std::size_t object_flood_size;
extern const unsigned char object_multi[];
extern const std::size_t object_multi_size;
extern const unsigned char object_maps[];
extern const std::size_t object_maps_size;

// bench_target_00() to bench_target_77(): 64 functions
#define DEFINE(name)                                                       \
    extern "C" __attribute__((noipa)) int bench_target_##name(int value) { \
        asm volatile("" : "+r"(value));                                    \
        return value + 1;                                                  \
    }
#define CALL(name) sum += bench_target_##name(0);
#define FOUR(make, tens, a, b, c, d) make(tens##a) make(tens##b) make(tens##c) make(tens##d)
#define EIGHT(make, tens) FOUR(make, tens, 0, 1, 2, 3) FOUR(make, tens, 4, 5, 6, 7)
#define FOUR_TENS(make, a, b, c, d) EIGHT(make, a) EIGHT(make, b) EIGHT(make, c) EIGHT(make, d)
FOUR_TENS(DEFINE, 0, 1, 2, 3)
FOUR_TENS(DEFINE, 4, 5, 6, 7)

namespace {
using namespace gadget;
using namespace gadget::runtime;
using Clock = std::chrono::steady_clock;

Bytes object(const unsigned char* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    return {bytes.begin(), bytes.end()};
}

template <class T>
T need(Result<T> result) {
    if (result) {
        if constexpr (std::is_void_v<T>) {
            return;
        } else {
            return std::move(*result);
        }
    }
    std::fprintf(stderr, "runtime_bench: %s\n", result.error().to_string().c_str());
    std::exit(3);
}

template <class Work>
double milliseconds(const Work& work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

Manager load(ManagerSpec spec) {
    Manager manager = need(Manager::create(std::move(spec)));
    need(manager.init());
    return manager;
}

struct Ratio {
    double ours;
    double plain;
};

/// Middle of the ratios: both sides of one were measured next to each other.
double middle(const std::vector<Ratio>& turns, bool more_is_better) {
    std::vector<double> ratios;
    for (const Ratio& turn : turns)
        ratios.push_back(more_is_better ? turn.ours / turn.plain : turn.plain / turn.ours);
    return median(ratios);
}

double middle_of(const std::vector<Ratio>& turns, double Ratio::* side) {
    std::vector<double> values;
    for (const Ratio& turn : turns) values.push_back(turn.*side);
    return median(values);
}

bool report(const char* name, const std::vector<Ratio>& turns, const char* unit, double ratio, double wanted,
            bool at_most) {
    const bool kept = at_most ? ratio <= wanted : ratio >= wanted;
    std::printf("%-7s gadgetkit %10.3f %s   plain %10.3f %s   ratio %7.2f   wanted %s %.1f   %s\n", name,
                middle_of(turns, &Ratio::ours), unit, middle_of(turns, &Ratio::plain), unit, ratio,
                at_most ? "<=" : ">=", wanted, kept ? "kept" : "NOT KEPT");
    std::fflush(stdout);
    return kept;
}

struct RingResult {
    std::vector<Ratio> rate;
    std::vector<Ratio> lost;
};

RingResult bench_ring(int turns) {
    const Bytes flood = object(object_flood, object_flood_size);
    RingResult result;
    // Many short turns side by side: what the rest of the machine does changes from one second to the next.
    for (int turn = 0; turn < 5 * turns; ++turn) {
        const RingTurn ours = need(read_with_manager(flood, 0.2));
        const RingTurn plain = need(read_with_libbpf(flood, 0.2));
        result.rate.push_back({ours.delivered, plain.delivered});
        result.lost.push_back({ours.lost, plain.lost});
    }
    return result;
}

std::vector<Ratio> bench_detach(int turns) {
    const Bytes multi = object(object_multi, object_multi_size);
    std::vector<Ratio> result;
    int sum = 0;
    FOUR_TENS(CALL, 0, 1, 2, 3)
    FOUR_TENS(CALL, 4, 5, 6, 7)
    if (sum != 64) std::abort();
    for (int turn = 0; turn < turns; ++turn) {
        ManagerSpec spec;
        spec.object = ObjectBytes{multi};
        ProbeSpec many;
        many.id.program = "on_many";
        many.target = UserFunctions{.binary = "/proc/self/exe", .symbols = {"bench_target_*"}};
        spec.probes = {many};
        Manager at_once = load(spec);
        spec.probes.clear();
        for (int i = 0; i < 64; ++i) {
            ProbeSpec one;
            one.id = {"on_one", std::to_string(i)};
            UserFunction target;
            target.binary = "/proc/self/exe";
            target.symbol = "bench_target_" + std::to_string(i / 8) + std::to_string(i % 8);
            one.target = target;
            spec.probes.push_back(one);
        }
        Manager one_by_one = load(spec);
        need(at_once.start());
        const double ours = milliseconds([&] { need(at_once.pause()); });
        need(one_by_one.start());
        const double plain = milliseconds([&] { need(one_by_one.pause()); });
        result.push_back({ours, plain});
    }
    return result;
}

std::vector<Ratio> bench_routes(int turns) {
    ManagerSpec spec;
    spec.object = ObjectBytes{object(object_maps, object_maps_size)};
    Manager manager = load(spec);
    std::vector<MapRoute> routes;
    for (std::uint32_t key = 0; key < 64; ++key) {
        Bytes bytes(sizeof(key));
        std::memcpy(bytes.data(), &key, sizeof(key));
        routes.push_back({.outer = "outer", .key = std::move(bytes), .inner = "inner_one"});
    }
    std::vector<Ratio> result;
    for (int turn = 0; turn < turns; ++turn) {
        const double ours = milliseconds([&] { need(manager.route_maps(routes)); });
        const double plain = milliseconds([&] {
            for (const MapRoute& route : routes) need(manager.route_maps(std::span(&route, 1)));
        });
        result.push_back({ours, plain});
    }
    return result;
}

/// What a skeleton does: open, set the constants, load, attach.
bool load_by_hand(const Bytes& flood) {
    bpf_object* const opened = bpf_object__open_mem(flood.data(), flood.size(), nullptr);
    if (opened == nullptr) return false;
    const std::uint32_t tgid = static_cast<std::uint32_t>(getpid());
    bpf_map* const constants = bpf_object__find_map_by_name(opened, ".rodata");
    std::size_t size = 0;
    const void* const initial = bpf_map__initial_value(constants, &size);
    std::vector<std::byte> values(size);
    std::memcpy(values.data(), initial, size);
    std::memcpy(values.data(), &tgid, sizeof(tgid));
    bool good = bpf_map__set_initial_value(constants, values.data(), values.size()) == 0 &&
                bpf_object__load(opened) == 0;
    bpf_link* const link =
        good ? bpf_program__attach(bpf_object__find_program_by_name(opened, "flood")) : nullptr;
    good = link != nullptr;
    bpf_link__destroy(link);
    bpf_object__close(opened);
    return good;
}

std::vector<Ratio> bench_start(int turns) {
    const Bytes flood = object(object_flood, object_flood_size);
    std::vector<Ratio> result;
    for (int turn = 0; turn < turns; ++turn) {
        std::vector<double> ours;
        std::vector<double> plain;
        const auto take_ours = [&] {
            ours.push_back(milliseconds([&] {
                Manager manager = load(flood_spec(flood));
                need(manager.start());
            }));
        };
        const auto take_plain = [&] {
            plain.push_back(milliseconds([&] {
                if (load_by_hand(flood)) return;
                std::fprintf(stderr, "runtime_bench: the loader written by hand failed: %s\n",
                             std::strerror(errno));
                std::exit(3);
            }));
        };
        for (int i = 0; i < 30; ++i) {  // who comes second may wait for what the first left to the kernel
            if (i % 2 == 0) take_ours();
            take_plain();
            if (i % 2 != 0) take_ours();
        }
        result.push_back({median(ours), median(plain)});
    }
    return result;
}

void bench_many_probes() {
    ManagerSpec spec = flood_spec(object(object_flood, object_flood_size));
    for (int i = 0; i < 300; ++i) {
        ProbeSpec probe;
        probe.id = {"flood", std::to_string(i)};
        probe.own_copy = true;
        spec.probes.push_back(std::move(probe));
    }
    Manager manager = need(Manager::create(std::move(spec)));
    const double init = milliseconds([&] { need(manager.init()); });
    const double start = milliseconds([&] { need(manager.start()); });
    const double stop = milliseconds([&] { need(manager.stop()); });
    std::printf("300 probes: init %.0f ms, start %.0f ms, stop %.0f ms\n", init, start, stop);
}

void bench_cycles() {
    Manager manager = need(Manager::create(flood_spec(object(object_flood, object_flood_size))));
    double init = 0;
    double start = 0;
    double stop = 0;
    constexpr int kCycles = 100;
    for (int i = 0; i < kCycles; ++i) {
        init += milliseconds([&] { need(manager.init()); });
        start += milliseconds([&] { need(manager.start()); });
        stop += milliseconds([&] { need(manager.stop()); });
    }
    std::printf("cycle: init %.2f ms, start %.2f ms, stop %.2f ms\n", init / kCycles, start / kCycles,
                stop / kCycles);
}

}  // namespace

int main(int argc, char** argv) {
    (void)setpriority(PRIO_PROCESS, 0, -20);  // what else runs here shall not decide: it would hit both sides
    const int turns = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 5;
    const RingResult ring = bench_ring(turns);
    const double ring_ratio = middle(ring.rate, true);
    bool kept = report("ring", ring.rate, "M/s", ring_ratio, 2.0, false);
    const double our_loss = middle_of(ring.lost, &Ratio::ours);
    const double plain_loss = middle_of(ring.lost, &Ratio::plain);
    std::printf("        lost: gadgetkit %.1f %%, libbpf %.1f %%\n", 100 * our_loss, 100 * plain_loss);
    kept = our_loss <= plain_loss && kept;
    const auto detach = bench_detach(turns);
    kept = report("detach", detach, "ms ", middle(detach, false), 20.0, false) && kept;
    const auto routes = bench_routes(turns);
    kept = report("routes", routes, "ms ", middle(routes, false), 20.0, false) && kept;
    const auto start = bench_start(turns);
    const double start_ratio = 1 / middle(start, false);
    kept = report("start", start, "ms ", start_ratio, 1.1, true) && kept;
    bench_many_probes();
    bench_cycles();
    std::printf(
        "{\"benchmark\":\"runtime\",\"ring\":%.2f,\"ring_lost\":[%.3f,%.3f],\"detach\":%.1f,\"routes\":%.1f,"
        "\"start\":%.3f}\n",
        ring_ratio, our_loss, plain_loss, middle(detach, false), middle(routes, false), start_ratio);
    return kept ? 0 : 1;
}
