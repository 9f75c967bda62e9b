// SPDX-License-Identifier: Apache-2.0
// The flags of 'gadget run'.
#include "run_arguments.h"

#include <CLI/CLI.hpp>

namespace gadget::cli {
namespace {

void add_choice_of_rows(CLI::App& command, RunOptions& options) {
    command
        .add_option("-F,--filter", options.filters,
                    "show only matching rows: field==value,other~regex; --filter.SOURCE for one of several")
        ->type_name("FILTER")
        ->allow_extra_args(false);
    command
        .add_option("-E,--filter-expr", options.expressions,
                    "show only rows for which an expression holds: 'comm == \"cat\" && pid > 1'")
        ->type_name("EXPR")
        ->allow_extra_args(false);
    command.add_option("--sort", options.sort, "order of the rows of arrays: field,-other")
        ->type_name("FIELDS");
    command.add_option("--max-entries", options.max_entries, "rows of an array that are shown, -1 for all")
        ->type_name("N");
    command.add_option("--count", options.max_events, "stop after so many rows")->type_name("N");
    command
        .add_option("--mntns", options.mount_namespaces,
                    "only events of these mount namespaces (inode numbers)")
        ->delimiter(',')
        ->type_name("ID,...");
}

void add_output(CLI::App& command, RunOptions& options) {
    command
        .add_option(
            "-o,--output", options.output,
            "columns, json, jsonpretty, yaml, histogram, pcap-ng or none; SOURCE:MODE,... for several")
        ->type_name("MODE");
    command.add_option("--fields", options.fields, "columns to show: a,b or +a,-b")->type_name("LIST");
    command
        .add_option("--annotate", options.annotations,
                    "change how a source or field is shown: SOURCE[.FIELD]:KEY=VALUE")
        ->delimiter(',')
        ->type_name("ANNOTATION,...");
    command.add_option("--record", options.record_file, "also write the rows to a file for --replay")
        ->type_name("FILE");
    command
        .add_option("--replay", options.replay_file, "show the rows of such a file; needs no gadget, no root")
        ->type_name("FILE");
    command
        .add_option("--metrics-listen", options.metrics_address,
                    "serve the metrics of the gadget to Prometheus at http://HOST:PORT/metrics")
        ->type_name("HOST:PORT");
}

void add_schedule(CLI::App& command, RunOptions& options) {
    command
        .add_option("--map-fetch-interval", options.map_fetch_interval,
                    "time between two looks at what a map gathered (default 1s); SOURCE:TIME,... for several")
        ->type_name("TIME");
    command
        .add_option("--map-fetch-count", options.map_fetch_count,
                    "number of such looks (default 0: no limit)")
        ->type_name("N");
    command
        .add_option("--netns", options.network_namespaces,
                    "network namespaces whose sockets are listed, e.g. /proc/1/ns/net")
        ->delimiter(',')
        ->type_name("FILE,...");
    command.add_option("--iface", options.interface, "network interface that classifiers are attached to")
        ->type_name("NAME");
}

}  // namespace

void add_run_command(CLI::App& app, RunOptions& options,
                     const std::function<void(const std::string& help)>& chosen) {
    auto* command = app.add_subcommand("run", "Run a gadget on this kernel and print its events");
    command->set_help_flag();  // --help with a gadget lists the gadget's parameters
    command->add_flag("-h,--help", options.help, "this text; with a gadget: its parameters");
    command->add_option("input", options.input, "gadget folder, eBPF object or image")
        ->type_name("PATH|OBJECT|IMAGE");
    add_output(*command, options);
    add_choice_of_rows(*command, options);
    add_schedule(*command, options);
    auto* seconds = command->add_option_function<unsigned>(
        "-t,--timeout", [&options](unsigned value) { options.timeout = std::chrono::seconds(value); },
        "stop after so many seconds");
    seconds->type_name("S")->check(CLI::Range(0U, 31'536'000U));
    command->add_flag("--trace-pipe", options.trace_pipe,
                      "also show on standard error what bpf_printk() of any program says");
    command->add_option("--manifest", options.manifest_file, "metadata that belongs to an object")
        ->type_name("FILE");
    command
        ->add_option("--ready-fd", options.ready_fd,
                     "write a newline to this descriptor when every program is attached")
        ->type_name("FD");
    command->allow_extras();
    command->footer(
        "Options that are not listed are parameters of the gadget: 'gadget run IMAGE --help' lists them.\n"
        "Examples: gadget run trace_open --timeout 10\n"
        "          gadget run gadgets/trace_open -o json --failed --comm cat\n"
        "          gadget run top_file --sort -reads --max-entries 20\n"
        "          gadget run trace_open --record events.rec; gadget run --replay events.rec -o yaml");
    command->callback([&options, command, chosen] {
        options.params = command->remaining();
        const bool needs_input = options.replay_file.empty();
        if (options.help && options.input.empty()) return chosen(command->help());
        if (options.input.empty() && needs_input)
            throw CLI::RequiredError("a gadget folder, object or image");
        chosen("");
    });
}

}  // namespace gadget::cli
