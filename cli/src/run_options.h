// SPDX-License-Identifier: Apache-2.0
// Everything that 'gadget run' can be told.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gadget::cli {

struct RunOptions {
    std::string input;
    std::filesystem::path manifest_file;
    std::string output;                ///< "json" or "source:json,other:none"; empty: what the gadget says
    std::string fields;                ///< "a,b", "+a,-b" or "source:a,b;other:c"
    std::vector<std::string> filters;  ///< for the only source; "source.": see filters_of_source
    std::vector<std::string> expressions;
    std::string sort;
    std::string max_entries;
    std::string map_fetch_interval;
    std::string map_fetch_count;
    std::vector<std::string> annotations;
    std::vector<std::uint64_t> mount_namespaces;
    std::vector<std::filesystem::path> network_namespaces;
    std::string interface;
    std::filesystem::path record_file;
    std::filesystem::path replay_file;
    std::string metrics_address;           ///< "HOST:PORT"
    std::uint64_t max_events = 0;          ///< 0 = no limit
    std::chrono::milliseconds timeout{0};  ///< 0 = until interrupted
    int ready_fd = -1;                     ///< gets one newline when every program is attached
    bool trace_pipe = false;               ///< also show what bpf_printk() says
    bool help = false;
    std::vector<std::string> params;  ///< words for the gadget itself, and options for one source
};

}  // namespace gadget::cli
