// SPDX-License-Identifier: Apache-2.0
// The tracepoints of a kernel image with their categories. Each is a `struct trace_event_call event_<name>`,
// which points to its class, which points to the name of its category (include/linux/trace_events.h of
// Linux, the same from 5.10 to 7.x):
//
//     struct trace_event_call { struct list_head list; struct trace_event_class *class; ... };
//     struct trace_event_class { const char *system; ... };
#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "kallsyms.h"

namespace gadget::testkit {
namespace {

constexpr std::size_t kClassOffset = 16;
constexpr std::string_view kEvent = "event_";
constexpr std::string_view kClass = "event_class_";

// "event_sched_switch" -> "sched_switch"; "event_enter__openat" -> "sys_enter_openat".
std::string event_name(std::string_view symbol, std::string_view category) {
    auto name = symbol.substr(kEvent.size());
    if (category == "syscalls") {
        for (const std::string_view way : {"enter", "exit"}) {
            if (name.starts_with(way) && name.substr(way.size()).starts_with("__"))
                return "sys_" + std::string(way) + "_" + std::string(name.substr(way.size() + 2));
        }
    }
    return std::string(name);
}

constexpr std::string_view kAbsent = "ni_syscall";  // stands for calls that are not there
constexpr std::string_view kNative[] = {"__x64_sys_", "__arm64_sys_"};

/// The name behind the prefix of a function that implements a native system call; empty for others.
std::string_view system_call(std::string_view symbol) {
    for (const auto prefix : kNative) {
        if (symbol.starts_with(prefix)) return symbol.substr(prefix.size());
    }
    return {};
}

}  // namespace

// The table of system calls is a long run of pointers to their functions. Those of other instruction sets
// have functions of their own among them, which breaks their runs.
std::vector<std::string> read_system_calls(const KernelMemory& memory,
                                           const std::vector<ImageSymbol>& symbols) {
    constexpr std::size_t kLeast = 250;
    std::unordered_map<std::uint64_t, std::string_view> functions;
    for (const auto& symbol : symbols) {
        const auto name = system_call(symbol.name);
        if (symbol.address == 0 || name.empty()) continue;
        auto& known = functions[symbol.address];
        // What is not built in shares the address of the one that stands for it.
        if (known != kAbsent) known = name;
    }
    std::vector<std::string_view> run;
    std::vector<std::string_view> longest;
    std::uint64_t last = 0;
    memory.each_pointer([&](std::uint64_t at, std::uint64_t pointer) {
        const auto found = functions.find(pointer);
        if (found == functions.end()) return;
        if (at != last + 8) run.clear();
        last = at;
        run.push_back(found->second);
        if (run.size() > longest.size()) longest = run;
    });
    if (longest.size() < kLeast) return {};
    std::sort(longest.begin(), longest.end());
    longest.erase(std::unique(longest.begin(), longest.end()), longest.end());
    std::vector<std::string> names(longest.begin(), longest.end());
    std::erase(names, kAbsent);
    return names;
}

std::vector<std::string> read_tracepoints(const KernelMemory& memory, const std::vector<ImageSymbol>& symbols,
                                          const std::vector<std::string>& system_calls) {
    std::unordered_set<std::uint64_t> classes;
    for (const auto& symbol : symbols) {
        if (symbol.address != 0 && symbol.name.starts_with(kClass)) classes.insert(symbol.address);
    }
    std::vector<std::string> names;
    if (system_calls.empty()) return names;
    for (const auto& symbol : symbols) {
        if (!symbol.name.starts_with(kEvent) || symbol.name.starts_with(kClass)) continue;
        const auto event_class = memory.pointer(symbol.address + kClassOffset);
        if (!classes.contains(event_class)) continue;
        const auto category = memory.word(memory.pointer(event_class));
        if (category.empty()) continue;
        const auto name = event_name(symbol.name, category);
        if (category == "syscalls") {
            const auto call = name.substr(name.find('_', 4) + 1);  // behind "sys_enter_", "sys_exit_"
            if (!std::binary_search(system_calls.begin(), system_calls.end(), call)) continue;
        }
        names.push_back(std::string(category) + "/" + name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace gadget::testkit
