// SPDX-License-Identifier: Apache-2.0
// Facts and all rules of one object against libbpf's bpf_object__open_mem on the same bytes (goal: at most 3
// times).
//
//   cmake --preset release -DGADGETKIT_STATIC=OFF && ninja -C build/release validator_bench
//   build/release/bin/validator_bench OBJECT... [gadget.yaml]
//
// Objects as 'gadget build -o' leaves them. Each figure is the median of many alternating runs. Exit status 1
// when a ratio is beyond the goal, 2 when something cannot be read.
#include <bpf/libbpf.h>

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/validator.h"

namespace {

using namespace gadget;

constexpr int kRuns = 400;
constexpr double kGoal = 3.0;

struct CloseObject {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};

int silent(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) {
    return 0;
}

template <class Work>
void measure(std::vector<double>& times, const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    times.push_back(time.count());
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Prints facts, rules and libbpf in microseconds and gives the ratio; nullopt when the object cannot be
/// read.
std::optional<double> report(const std::string& path, const model::Manifest* manifest) {
    const auto object = read_file(path);
    if (!object) {
        std::fprintf(stderr, "%s\n", object.error().to_string().c_str());
        return std::nullopt;
    }
    std::vector<double> facts;
    std::vector<double> all;
    std::vector<double> libbpf;
    bool readable = true;
    for (int i = 0; i < kRuns && readable; ++i) {
        measure(facts, [&] { readable = validator::inspect(*object, {}).has_value(); });
        measure(all, [&] {
            const auto seen = validator::inspect(*object, {});
            DiagnosticList findings;
            if (seen) validator::validate(*seen, manifest, {}, findings);
        });
        measure(libbpf, [&] {
            const std::unique_ptr<bpf_object, CloseObject> opened(
                bpf_object__open_mem(object->data(), object->size(), nullptr));
            readable = readable && opened != nullptr;
        });
    }
    if (!readable) {
        std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
        return std::nullopt;
    }
    const double ratio = median(all) / median(libbpf);
    std::printf(
        "%-32s facts %7.1f us   facts and rules %7.1f us   libbpf open %7.1f us   ratio %.2f (goal %.1f)\n",
        path.substr(path.rfind('/') + 1).c_str(), median(facts), median(all), median(libbpf), ratio, kGoal);
    return ratio;
}

}  // namespace

int main(int argc, char** argv) {
    libbpf_set_print(silent);
    std::vector<std::string> objects;
    std::optional<model::Manifest> manifest;
    for (int i = 1; i < argc; ++i) {
        const std::string path = argv[i];
        if (!path.ends_with(".yaml")) {
            objects.push_back(path);
            continue;
        }
        DiagnosticList findings;
        const auto text = read_text_file(path);
        if (!text) return 2;
        auto parsed = model::parse_manifest(*text, path, findings);
        if (!parsed) return 2;
        manifest = *std::move(parsed);
    }
    if (objects.empty()) {
        std::fprintf(stderr, "usage: validator_bench OBJECT... [gadget.yaml]\n");
        return 2;
    }
    bool within = true;
    for (const auto& path : objects) {
        const auto ratio = report(path, manifest ? &*manifest : nullptr);
        if (!ratio) return 2;
        within = within && *ratio <= kGoal;
    }
    return within ? 0 : 1;
}
