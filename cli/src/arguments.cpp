// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <map>

#include "completion.h"
#include "gadget/support/text.h"
#include "gadget/templates.h"
#include "positionals.h"
#include "registry_exec.h"
#include "registry_grammar.h"
#include "run_arguments.h"
#include "test_arguments.h"
#include "usage_error.h"

namespace gadget::cli {
namespace {

using Action = std::function<int()>;

/// Everything that the flags fill; the chosen command takes its part.
struct Choices {
    NewOptions new_gadget;
    BuildOptions build;
    ValidateOptions validate;
    InspectOptions inspect;
    RunOptions run;
    TestOptions test;
    VerifierOptions verifier;
    ImageOptions image;
    KernelOptions kernel;
    RegistryCommand registry;  ///< for gadget-registry, which parses it again
    OutputFormat doctor = OutputFormat::text;
    Shell shell = Shell::bash;
    std::vector<std::string> archs;
    Action action;
};

const std::map<std::string, FindingsFormat> kFindingsFormats{{"text", FindingsFormat::text},
                                                             {"json", FindingsFormat::json},
                                                             {"sarif", FindingsFormat::sarif},
                                                             {"github", FindingsFormat::github}};
const std::map<std::string, OutputFormat> kOutputFormats{{"text", OutputFormat::text},
                                                         {"json", OutputFormat::json}};
const std::map<std::string, InspectFormat> kInspectFormats{{"text", InspectFormat::text},
                                                           {"json", InspectFormat::json},
                                                           {"yaml", InspectFormat::yaml},
                                                           {"mermaid", InspectFormat::mermaid}};
const std::map<std::string, ExportFormat> kExportFormats{{"oci", ExportFormat::oci},
                                                         {"bpfman", ExportFormat::bpfman}};

/// An option that takes one of the words of `table`; wrong words are refused with the list.
template <class T>
void add_choice(CLI::App& command, const std::string& flags, T& target, const std::map<std::string, T>& table,
                const std::string& text) {
    std::vector<std::string> words;
    for (const auto& [word, value] : table) words.push_back(word);
    command
        .add_option_function<std::string>(
            flags, [&target, &table](const std::string& word) { target = table.at(word); }, text)
        ->check(CLI::IsMember(words).description(""))
        ->type_name(join_words(words, "or"));
}

std::vector<model::Arch> parse_archs(const std::vector<std::string>& words) {
    std::vector<model::Arch> archs;
    for (const auto& word : words) {
        const auto arch = model::parse_arch(word);
        if (!arch)
            throw CLI::ValidationError("--arch", "'" + word + "' is not an architecture: use amd64 or arm64");
        if (std::find(archs.begin(), archs.end(), *arch) == archs.end()) archs.push_back(*arch);
    }
    return archs;
}

void add_archs(CLI::App& command, Choices& choices) {
    command.add_option("--arch", choices.archs, "architectures: amd64, arm64")
        ->delimiter(',')
        ->type_name("A,...");
}

void add_new(CLI::App& app, Choices& choices, const Context& context) {
    auto& options = choices.new_gadget;
    options.template_name = templates::kDefault;
    auto* command = app.add_subcommand("new", "Make the folder of a new gadget");
    command->add_option("name", options.name, "name of the gadget: lower-case letters, digits, underscores")
        ->type_name("NAME");
    command->add_option("--template", options.template_name, "what to start from (default tracer)")
        ->type_name("T");
    command->add_option("-o,--output", options.folder, "the folder to make (default NAME)")->type_name("DIR");
    command->add_flag("--list", options.list, "show the templates");
    command->footer("Example: gadget new starts && gadget build starts -t starts && gadget test starts");
    command->callback([&] {
        if (options.name.empty() && !options.list) throw CLI::RequiredError("name");
        choices.action = [&] { return new_gadget(options, context); };
    });
}

void add_build(CLI::App& app, Choices& choices, const Context& context) {
    auto& options = choices.build;
    auto* command = app.add_subcommand("build", "Compile, validate and pack a gadget folder");
    command->add_option("path", options.path, "folder of the gadget")->required()->type_name("PATH");
    command->add_option("-t,--tag", options.tag, "name of the image in the store")->type_name("REF");
    command
        ->add_option("-f,--file", options.config_file, "build file (default PATH/build.yaml, if it is there)")
        ->type_name("FILE");
    command
        ->add_option("-o,--output", options.output_folder,
                     "also write <arch>.bpf.o, image.oci.tar and compile_commands.json there")
        ->type_name("DIR");
    add_archs(*command, choices);
    command->add_option("-D", options.defines, "define a macro")
        ->type_name("NAME[=VALUE]")
        ->allow_extra_args(false);
    command->add_option("-I", options.include_dirs, "search a folder for headers")
        ->type_name("DIR")
        ->allow_extra_args(false);
    command->add_option("-W", options.warnings, "turn a warning of the compiler on or off")
        ->type_name("[no-]NAME")
        ->allow_extra_args(false);
    command
        ->add_option("--clang", options.clang,
                     "compile with this clang (15 or newer), not with the one inside")
        ->type_name("PATH");
    command
        ->add_option("--depfile", options.depfile,
                     "write what DIR/image.oci.tar depends on, for make and ninja")
        ->type_name("FILE");
    command->add_option("--emit", options.emit, "also write to DIR: skeleton (C and C++ headers)")
        ->delimiter(',')
        ->check(CLI::IsMember({"skeleton"}))
        ->type_name("KIND,...");
    command
        ->add_option("--compile-timeout", options.compile_seconds,
                     "seconds for the compiler, for each object")
        ->type_name("S")
        ->check(CLI::Range(1U, 86'400U));
    command->add_flag("--update-metadata", options.update_metadata,
                      "add what the program knows to gadget.yaml: data sources, fields, parameters");
    command->add_flag("--watch", options.watch, "build again whenever a file changes, until Ctrl-C");
    command->add_flag("--no-validate", options.no_validate, "skip the rules");
    command->add_flag("--strict", options.strict, "warnings are errors");
    add_choice(*command, "--format", options.format, kFindingsFormats, "how findings are shown");
    command->add_flag("--attest", options.attest, "attach SBOM (SPDX) and provenance (SLSA) to the image");
    command
        ->add_option(
            "--btf", options.btf_folder,
            "add what the gadget needs of the BTF of these kernels: DIR/ID/VERSION/MACHINE/KERNEL.btf")
        ->type_name("DIR");
    command->footer(
        "Examples: gadget build gadgets/trace_open -t trace_open -o out\n"
        "          gadget build . -t mine --watch\n"
        "          gadget build . --update-metadata\n"
        "          gadget build . -o out --emit skeleton --depfile out/image.d\n"
        "The keys of build.yaml and the files in DIR: docs/building.md");
    command->callback([&] {
        if (options.output_folder.empty() && !options.emit.empty())
            throw CLI::RequiredError("--emit: -o DIR");
        if (options.output_folder.empty() && !options.depfile.empty())
            throw CLI::RequiredError("--depfile: -o DIR");
        options.archs = parse_archs(choices.archs);
        choices.action = [&] { return context.build(options, context); };
    });
}

void add_validate(CLI::App& app, Choices& choices, const Context& context) {
    auto& options = choices.validate;
    auto* command =
        app.add_subcommand("validate", "Look for mistakes in a gadget folder, an object or an image");
    command->add_option("input", options.input, "gadget folder, eBPF object or image")
        ->type_name("PATH|OBJECT|IMAGE");
    command->add_option("--manifest", options.manifest_file, "metadata that belongs to an object")
        ->type_name("FILE");
    command->add_flag("--strict", options.strict, "warnings are errors");
    add_choice(*command, "--format", options.format, kFindingsFormats, "how findings are shown");
    command->add_flag("--fix", options.fix, "apply the replacements that findings propose to the metadata");
    command->add_option("--explain", options.explain, "show the page about a finding")->type_name("ID");
    command
        ->add_option("--kernel", options.kernels,
                     "also tell whether it runs there: 5.10, 6.1, 6.12, ..., host, all, or a kernel's file")
        ->delimiter(',')
        ->type_name("K,...");
    command
        ->add_option("--target", options.targets,
                     "also look for the functions and USDT probes that programs name in this binary")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command->footer(
        "Examples:\n  gadget validate gadgets/trace_open --strict --format sarif\n"
        "  gadget validate gadgets/trace_open --fix\n  gadget validate --explain hash-key-padding\n"
        "  gadget validate gadgets/trace_open --kernel 5.10,6.1,6.12,host\n"
        "  gadget validate trace_malloc --target /lib/x86_64-linux-gnu/libc.so.6");
    command->callback([&] {
        if (options.explain.empty() && options.input.empty()) throw CLI::RequiredError("input");
        choices.action = [&] { return validate(options, context); };
    });
}

void add_inspect(CLI::App& app, Choices& choices, const Context& context) {
    auto& options = choices.inspect;
    auto* command =
        app.add_subcommand("inspect", "Show programs, maps, data sources, parameters, layers and digests");
    command->add_option("input", options.input, "gadget folder, eBPF object or image")
        ->required()
        ->type_name("PATH|OBJECT|IMAGE");
    add_choice(*command, "-o,--output", options.format, kInspectFormats, "output format");
    command->footer(
        "Examples: gadget inspect trace_open -o json | jq '.objects[0].programs'\n"
        "          gadget inspect gadgets/trace_open -o mermaid   # a flowchart, for Markdown");
    command->callback([&] { choices.action = [&] { return inspect(options, context); }; });
}

void add_run(CLI::App& app, Choices& choices, const Context& context) {
    add_run_command(app, choices.run, [&](const std::string& help) {
        choices.action = [&choices, &context, help] {
            if (help.empty()) return run(choices.run, context);
            context.terminal.print(help);
            return context.terminal.output_status();
        };
    });
}

void add_test(CLI::App& app, Choices& choices, const Context& context) {
    const auto with_archs = [&](auto run, auto& options) {
        return [&choices, &context, &options, run] {
            options.archs = parse_archs(choices.archs);
            choices.action = [&context, &options, run] { return run(context)(options, context); };
        };
    };
    add_archs(*add_test_command(app, choices.test,
                                with_archs([](const Context& c) { return c.test; }, choices.test)),
              choices);
    for (auto* command :
         add_verifier_command(app, choices.verifier,
                              with_archs([](const Context& c) { return c.verifier; }, choices.verifier)))
        add_archs(*command, choices);
}

void add_image(CLI::App& app, Choices& choices, const Context& context) {
    auto& options = choices.image;
    auto* group = app.add_subcommand("image", "Images: the local store, registries, signatures");
    group->require_subcommand(1);
    const auto add_to = [&](CLI::App& parent, const std::string& name, const std::string& text,
                            const std::string& words, const std::string& example) {
        auto* command = parent.add_subcommand(name, text);
        if (!words.empty()) add_positionals(*command, words, options.arguments);
        add_choice(*command, "-o,--output", options.format, kOutputFormats, "output format");
        const std::string path = &parent == &app ? name : parent.get_name() + " " + name;
        command->footer("Example: gadget " + path + (example.empty() ? "" : " " + example));
        command->callback([&options, &choices, &context, name] {
            options.action = name;
            choices.action = [&] { return image(options, context); };
        });
        return command;
    };
    const auto add = [&](const std::string& name, const std::string& text, const std::string& words,
                         const std::string& example) { return add_to(*group, name, text, words, example); };
    add("list", "Images of the store with their digests", "", "-o json")
        ->add_flag("-a,--all", options.all, "signatures too, which are images of their own");
    add("inspect", "Manifests, layers, signatures and other attachments", "IMAGE", "trace_open");
    for (auto* parent : {group, &app})
        add_to(*parent, "tag", "Give an image another name", "IMAGE NEW-NAME",
               "trace_open ghcr.io/me/trace_open:v1");
    add("remove", "Forget names, and images with their last name", "IMAGE...", "trace_open");
    add("prune", "Delete what has no name, once it is an hour old", "", "");
    add_choice(*add("export", "Write an image to a tar", "IMAGE FILE", "trace_open trace_open.tar"),
               "--format", options.export_format, kExportFormats,
               "an OCI layout with signatures, or the form that bpfman loads");
    add("import", "Add the images of a layout or tar", "FILE", "trace_open.tar")
        ->add_option("-n,--name", options.name, "name for an image that has none there")
        ->type_name("IMAGE");
}

void add_kernel(CLI::App& app, Choices& choices, const Context& context) {
    auto& options = choices.kernel;
    auto* group = app.add_subcommand("kernel", "Kernels for tests");
    group->require_subcommand(1);
    const auto add = [&](const std::string& name, const std::string& text, const std::string& words,
                         int least, int most, const std::string& example) {
        auto* command = group->add_subcommand(name, text);
        command->footer("Example: gadget kernel " + name + example);
        if (most > 0)
            command->add_option("words", options.arguments, words)
                ->required()
                ->expected(least, most)
                ->option_text(words);
        add_archs(*command, choices);
        command->callback([&options, &choices, &context, name] {
            options.action = name;
            options.archs = parse_archs(choices.archs);
            choices.action = [&] { return kernel(options, context); };
        });
        return command;
    };
    add_choice(*add("list", "Kernels that are here, and those that can be fetched", "", 0, 0, " -o json"),
               "-o,--output", options.format, kOutputFormats, "output format");
    add("fetch", "Get kernels from the distribution", "ID...", 1, 100, " 5.10 6.12 --arch amd64,arm64");
    add("add",
        "Add a kernel from an image (bzImage, vmlinux, Image), a package, or a container image by digest",
        "ID FILE|IMAGE@DIGEST", 2, 2, " mine arch/x86/boot/bzImage --arch amd64");
    add("remove", "Delete kernels", "ID...", 1, 100, " mine");
}

void add_small_commands(CLI::App& app, Choices& choices, const Context& context) {
    auto* doctor_command =
        app.add_subcommand("doctor", "What this machine offers for building, running and testing gadgets");
    add_choice(*doctor_command, "-o,--output", choices.doctor, kOutputFormats, "output format");
    doctor_command->callback([&] { choices.action = [&] { return doctor(choices.doctor, context); }; });
    doctor_command->footer("Example: gadget doctor -o json");
    auto* version_command = app.add_subcommand("version", "Version of this tool");
    version_command->footer("Example: gadget version");
    version_command->callback([&] { choices.action = [&] { return version(context); }; });
}

CommandWords words_of(const CLI::App& app) {
    CommandWords words{.name = app.get_name(), .description = app.get_description()};
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) words.options.push_back("--" + name);
        for (const auto& name : option->get_snames()) words.options.push_back("-" + name);
    }
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        words.commands.push_back(words_of(*command));
    return words;
}

void add_completion(CLI::App& app, Choices& choices, const Context& context) {
    auto* command = app.add_subcommand("completion", "Print the completion script of a shell");
    command->add_option("shell", "bash, zsh or fish")
        ->required()
        ->type_name("bash|zsh|fish")
        ->check(CLI::IsMember({"bash", "zsh", "fish"}))
        ->each([&choices](const std::string& word) {
            choices.shell = word == "bash" ? Shell::bash : word == "zsh" ? Shell::zsh : Shell::fish;
        });
    command->footer("Example: source <(gadget completion bash)");
    command->callback([&] {
        choices.action = [&] {
            context.terminal.print(completion_script(choices.shell, words_of(app)));
            return context.terminal.output_status();
        };
    });
}

}  // namespace

int dispatch(int argc, char** argv, const Context& context) {
    const bool with_compiler = context.build != nullptr;
    if (with_compiler && is_registry_command(argc, argv)) return become_registry(argv, context.terminal);
    CLI::App app{
        with_compiler ? "Builds, validates, packs, runs and tests eBPF gadgets." : "Runs eBPF gadgets.",
        with_compiler ? "gadget" : "gadget-run"};
    Choices choices;
    app.require_subcommand(1);
    app.set_version_flag("--version", "", "version of this tool");
    if (with_compiler) add_new(app, choices, context);
    if (with_compiler) add_build(app, choices, context);
    add_validate(app, choices, context);
    add_inspect(app, choices, context);
    add_run(app, choices, context);
    if (context.test != nullptr) add_test(app, choices, context);
    add_image(app, choices, context);
    if (with_compiler) {
        add_kernel(app, choices, context);
        for (const auto& word : registry_commands()) add_registry_command(app, word, choices.registry);
        for (const auto& word : registry_image_commands())
            add_registry_command(*app.get_subcommand("image"), word, choices.registry);
        choices.action = [&] { return become_registry(argv, context.terminal); };
    }
    add_small_commands(app, choices, context);
    add_completion(app, choices, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForVersion&) {
        return version(context);
    } catch (const CLI::Success&) {
        context.terminal.print(app.help("", CLI::AppFormatMode::Normal));
        return context.terminal.output_status();
    } catch (const CLI::ParseError& problem) {
        return usage_error(app, problem, argc, argv, context.terminal);
    }
    return choices.action();
}

}  // namespace gadget::cli
