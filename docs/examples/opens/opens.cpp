// SPDX-License-Identifier: Apache-2.0
// Counts who opens files: opens OBJECT SECONDS [PID]
#include <gadget/runtime.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace rt = gadget::runtime;

static int fail(const gadget::Error& error) {
    std::fputs(("opens: " + error.to_string() + "\n").c_str(), stderr);
    return 1;
}

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: opens OBJECT SECONDS [PID]\n", stderr);
        return 2;
    }
    std::map<std::uint32_t, unsigned> opens;

    rt::ManagerSpec spec;
    spec.name = "opens";
    spec.object = rt::ObjectFile{argv[1]};
    spec.ring_buffers.push_back({.map = "events", .on_record = [&](std::span<const std::byte> record) {
                                     if (const auto pid = rt::from_bytes<std::uint32_t>(record))
                                         ++opens[*pid];
                                 }});
    if (argc > 3) {
        const auto pid = static_cast<std::uint32_t>(std::atoi(argv[3]));
        spec.constants.push_back({.name = "target_pid", .value = rt::to_bytes(pid)});
    }

    auto manager = rt::Manager::create(std::move(spec));
    if (!manager) return fail(manager.error());
    if (const auto loaded = manager->init(); !loaded) return fail(loaded.error());
    if (const auto started = manager->start(); !started) return fail(started.error());

    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[2]));
    while (std::chrono::steady_clock::now() < end) {
        if (const auto polled = manager->poll(std::chrono::milliseconds(100)); !polled)
            return fail(polled.error());
    }
    if (const auto stopped = manager->stop(); !stopped) return fail(stopped.error());
    for (const auto& [pid, count] : opens) std::printf("%u opened %u files\n", pid, count);
    return 0;
}
