// SPDX-License-Identifier: Apache-2.0
#include "test_arguments.h"

#include <CLI/CLI.hpp>

namespace gadget::cli {

CLI::App* add_test_command(CLI::App& app, TestOptions& options, std::function<void()> chosen) {
    auto* command = app.add_subcommand("test", "Run the tests of a gadget on real kernels");
    command->add_option("path", options.path, "folder of the gadget")->type_name("PATH");
    command->add_option("--kernel", options.kernels, "host, 5.10, 6.1, 6.12, ... (default host)")
        ->delimiter(',')
        ->type_name("K,...");
    command
        ->add_option("--report", options.reports, "also write a report: junit=F, json=F, markdown=F, github")
        ->delimiter(',')
        ->type_name("KIND=FILE,...");
    command->add_option("--only", options.only, "only this scenario: its name, or its file without .yaml")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command
        ->add_option("--exec", options.exec,
                     "run this program inside each kernel, and end with its exit status")
        ->type_name("PROGRAM");
    command->add_option("--arg", options.exec_arguments, "an argument of that program; can be repeated")
        ->type_name("ARG")
        ->allow_extra_args(false);
    command->add_option("--shard", options.shard, "only this part of the kernels, e.g. 2/5")
        ->type_name("I/N");
    command
        ->add_option("--matrix", options.matrix, "print the kernels as a matrix of jobs, and do nothing else")
        ->check(CLI::IsMember({"github"}))
        ->type_name("github");
    command->add_flag("--check", options.check, "only say whether the scenarios are free of errors");
    command->add_flag("--list", options.list, "print the scenarios, and do nothing else");
    command->add_flag("--schema", options.schema, "print the JSON schema of scenario files");
    command->add_flag("--raw", options.raw,
                      "load and attach each program of a folder or object by itself, without scenarios");
    command->add_flag("--shell", options.shell, "a shell in a machine with the first of the kernels");
    command->add_flag("--print-qemu", options.print_qemu,
                      "print the command lines of the machines, and do nothing else");
    command
        ->add_option("--gdb", options.gdb_port, "the machine waits for a debugger on this port of 127.0.0.1")
        ->check(CLI::Range(1U, 65'535U))
        ->type_name("PORT");
    command->footer(
        "Examples:\n  gadget test gadgets/trace_open --kernel host,6.1,6.12 --arch amd64,arm64\n"
        "  gadget test gadgets/trace_open --only failed_only --report junit=results.xml\n"
        "  gadget test gadgets/trace_open --raw --kernel 5.10,6.1,6.12\n"
        "  gadget test --exec ./my_test --arg=--verbose --kernel 5.10,6.12\n"
        "  gadget test --shell --kernel 6.12\n"
        "  gadget test gadgets/trace_open --kernel 5.10,6.1,6.12 --matrix github");
    command->callback([&options, chosen = std::move(chosen)] {
        const bool needs_path =
            options.exec.empty() && options.matrix.empty() && !options.schema && !options.shell;
        if (options.path.empty() && needs_path) throw CLI::RequiredError("path");
        chosen();
    });
    return command;
}

std::vector<CLI::App*> add_verifier_command(CLI::App& app, VerifierOptions& options,
                                            std::function<void()> chosen) {
    auto* group =
        app.add_subcommand("verifier", "What the kernel's verifier makes of a gadget, and budgets for it");
    group->require_subcommand(1);
    group->footer(
        "Examples:\n  gadget verifier measure gadgets/trace_open --kernel host,6.1 -o csv\n"
        "  gadget verifier update gadgets/trace_open --kernel 5.10,6.1,6.12 --arch amd64,arm64\n"
        "  gadget verifier check gadgets/trace_open --kernel 5.10,6.1,6.12 --arch amd64,arm64\n"
        "  gadget verifier explain gadgets/trace_open trace_openat_exit --kernel 6.12");
    std::vector<CLI::App*> commands;
    const auto add = [&](const std::string& name, const std::string& text) {
        auto* command = group->add_subcommand(name, text);
        command->add_option("input", options.input, "gadget folder, eBPF object or image")
            ->required()
            ->type_name("PATH|OBJECT|IMAGE");
        command->add_option("--kernel", options.kernels, "host, 5.10, 6.1, 6.12, ... (default host)")
            ->delimiter(',')
            ->type_name("K,...");
        command->callback([&options, name, chosen] {
            options.action = name;
            chosen();
        });
        commands.push_back(command);
        return command;
    };
    const auto add_format = [&](CLI::App* command) {
        command->add_option("-o,--output", options.format, "output format")
            ->check(CLI::IsMember({"text", "json", "csv", "markdown"}))
            ->type_name("text|json|csv|markdown");
        return command;
    };
    const auto add_budget = [&](CLI::App* command) {
        command
            ->add_option("--budget", options.budget,
                         "the file with the budgets (default PATH/test/budget.yaml)")
            ->type_name("FILE");
        return command;
    };
    const auto add_program = [&](CLI::App* command, bool required) {
        auto* option =
            command->add_option("program", options.program, "only this program")->type_name("PROGRAM");
        if (required) option->required();
        return command;
    };
    add_program(add_format(add("measure", "Load each program and show the verifier's statistics")), false);
    add_budget(add_format(add("check", "Compare with the budgets; exit status 1 when one is exceeded")));
    add_budget(add("update", "Measure and record the values in the file with the budgets"));
    add_program(add("explain", "The verifier's walk over the source of a program: hot lines, coverage"), true)
        ->add_flag("--log", options.log, "also show the kernel's log");
    return commands;
}

}  // namespace gadget::cli
