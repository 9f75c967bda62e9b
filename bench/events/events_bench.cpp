// SPDX-License-Identifier: Apache-2.0
// Decoding and printing the event of an open() tracer: records and bytes per second for each output.
//
//   cmake --preset release -DGADGETKIT_STATIC=OFF && ninja -C build/release events_bench
//   build/release/bin/events_bench
//
// Instructions per output byte (goal: at most 12), independent of the machine's speed: the same loop under
// callgrind, counted inside append() only. The program prints how many bytes it wrote.
//
//   valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no
//       --toggle-collect='gadget::events::JsonWriter::append(*' build/release/bin/events_bench --count=json
//   (and --toggle-collect='gadget::events::ColumnsWriter::append(*' with --count=columns)
//
// and divide "Collected" by the bytes.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <string_view>

#include "sample_event.h"

namespace gadget::events::testing {
namespace {

constexpr std::size_t kFlush = 64 * 1024;
constexpr std::uint64_t kMicrosecond = 1000;

/// A thousand opens within one second, with names of different length.
std::vector<Sample> storm() {
    constexpr std::string_view kNames[] = {"/etc/ld.so.cache", "/lib/x86_64-linux-gnu/libc.so.6",
                                           "/proc/self/maps", "/usr/share/locale/locale.alias", "/tmp/x"};
    std::vector<Sample> samples;
    for (unsigned i = 0; i < 1000; ++i) {
        Sample sample = open_event();
        const model::EventSchema& schema = sample.schema();
        const auto set = [&](std::string_view path, const void* data, std::size_t size) {
            std::memcpy(sample.bytes().data() + schema.find(path)->offset, data, size);
        };
        const std::uint64_t time = 5'000'000'000 + i * 997 * kMicrosecond;
        const std::uint32_t pid = 1000 + i * 37;
        const std::uint32_t error = i % 4 == 0 ? 2 : 0;
        const std::string_view name = kNames[i % std::size(kNames)];
        std::vector<char> padded(255, '\0');
        std::copy(name.begin(), name.end(), padded.begin());
        set("timestamp_raw", &time, sizeof time);
        set("proc.pid", &pid, sizeof pid);
        set("proc.tid", &pid, sizeof pid);
        set("error_raw", &error, sizeof error);
        set("fname", padded.data(), padded.size());
        samples.push_back(std::move(sample));
    }
    return samples;
}

template <class Writer>
std::size_t write_all(Writer& writer, const std::vector<Sample>& samples, std::string& out) {
    std::size_t bytes = 0;
    for (const Sample& sample : samples) {
        writer.append(sample.record(), out);
        if (out.size() >= kFlush) {
            bytes += out.size();
            out.clear();
        }
    }
    bytes += out.size();
    out.clear();
    return bytes;
}

template <class Writer>
void measure(benchmark::State& state, Writer writer) {
    const std::vector<Sample> samples = storm();
    std::string out;
    out.reserve(2 * kFlush);
    std::size_t bytes = 0;
    for (auto _ : state) bytes += write_all(writer, samples, out);
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
    state.SetItemsProcessed(static_cast<std::int64_t>(samples.size()) *
                            static_cast<std::int64_t>(state.iterations()));
}

void json(benchmark::State& state) {
    measure(state, JsonWriter(open_event().source()));
}
void json_pretty(benchmark::State& state) {
    measure(state, JsonWriter(open_event().source(), TextFormat::json_pretty));
}
void yaml(benchmark::State& state) {
    measure(state, JsonWriter(open_event().source(), TextFormat::yaml));
}
void columns(benchmark::State& state) {
    measure(state, ColumnsWriter::create(open_event().source(), {}).value());
}

void filter(benchmark::State& state) {
    const std::vector<Sample> samples = storm();
    Filter chosen = Filter::parse(open_event().source(), "pid>=2000,error==ENOENT,fname~\\.so").value();
    std::size_t matches = 0;
    for (auto _ : state) {
        for (const Sample& sample : samples) matches += chosen.matches(sample.record()) ? 1 : 0;
    }
    benchmark::DoNotOptimize(matches);
    state.SetItemsProcessed(static_cast<std::int64_t>(samples.size()) *
                            static_cast<std::int64_t>(state.iterations()));
}

BENCHMARK(json);
BENCHMARK(json_pretty);
BENCHMARK(yaml);
BENCHMARK(columns);
BENCHMARK(filter);

/// One pass for callgrind.
int count(std::string_view what) {
    const std::vector<Sample> samples = storm();
    std::string out;
    out.reserve(2 * kFlush);
    std::size_t bytes = 0;
    if (what == "columns") {
        ColumnsWriter writer = ColumnsWriter::create(open_event().source(), {}).value();
        bytes = write_all(writer, samples, out);
    } else {
        JsonWriter writer(open_event().source());
        bytes = write_all(writer, samples, out);
    }
    std::printf("%zu records, %zu bytes\n", samples.size(), bytes);
    return 0;
}

}  // namespace
}  // namespace gadget::events::testing

int main(int argc, char** argv) {
    constexpr std::string_view kCount = "--count=";
    if (argc == 2 && std::string_view(argv[1]).starts_with(kCount)) {
        return gadget::events::testing::count(std::string_view(argv[1]).substr(kCount.size()));
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
