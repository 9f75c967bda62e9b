// SPDX-License-Identifier: Apache-2.0
// The builder as a program: compile_tool [--whole-header] [--arch amd64,arm64] [--cache DIR] [-I DIR]... [-D
// MACRO]...
//                                        [-W...] [-o DIR] SOURCE
// Writes <arch>.bpf.o into DIR, findings to stderr. Exit status: 0 compiled, 1 rejected, 2 usage, 4 other
// failures.
#include <cstdio>
#include <string_view>

#include "gadget/builder.h"
#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace {

using gadget::builder::Request;

class StderrSink final : public gadget::DiagnosticSink {
  public:
    void report(gadget::Diagnostic diagnostic) override {
        const auto source = [](const std::string& file) -> std::optional<std::string> {
            auto text = gadget::read_text_file(file);
            return text ? std::optional(*text) : std::nullopt;
        };
        std::fputs(gadget::render(diagnostic, source, {}).c_str(), stderr);
    }
};

struct Arguments {
    Request request;
    gadget::builder::Options options;
    std::vector<gadget::model::Arch> archs{gadget::model::kAllArchs.begin(), gadget::model::kAllArchs.end()};
    std::filesystem::path output;
    bool valid = true;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const bool has_value = argument == "--arch" || argument == "-I" || argument == "-D" ||
                               argument == "-o" || argument == "--cache";
        if (has_value && i + 1 == argc) return arguments.valid = false, arguments;
        if (argument == "--whole-header") {
            arguments.request.whole_kernel_header = true;
        } else if (argument == "--arch") {
            arguments.archs.clear();
            for (const auto name : gadget::split(argv[++i], ',')) {
                const auto arch = gadget::model::parse_arch(name);
                if (!arch) return arguments.valid = false, arguments;
                arguments.archs.push_back(*arch);
            }
        } else if (argument == "--cache") {
            arguments.options.cache_dir = argv[++i];
        } else if (argument == "-I") {
            arguments.request.include_dirs.emplace_back(argv[++i]);
        } else if (argument == "-D") {
            arguments.request.defines.emplace_back(argv[++i]);
        } else if (argument == "-o") {
            arguments.output = argv[++i];
        } else if (argument.starts_with("-W")) {
            arguments.request.warnings.emplace_back(argument);
        } else {
            arguments.request.source = argument;
        }
    }
    arguments.valid = !arguments.request.source.empty();
    return arguments;
}

int fail(const gadget::Error& error) {
    std::fprintf(stderr, "compile_tool: %s\n", error.to_string().c_str());
    return error.code == gadget::ErrorCode::rejected_input ? 1 : 4;
}

}  // namespace

int main(int argc, char** argv) {
    if (gadget::builder::is_compiler_child(argc, argv))
        return gadget::builder::compiler_child_main(argc, argv);
    const Arguments arguments = parse(argc, argv);
    if (!arguments.valid) {
        std::fputs(
            "usage: compile_tool [--whole-header] [--arch A,B] [--cache DIR] [-I DIR] [-D MACRO] [-o DIR] "
            "SOURCE\n",
            stderr);
        return 2;
    }
    std::vector<Request> requests;
    for (const auto arch : arguments.archs) {
        requests.push_back(arguments.request);
        requests.back().arch = arch;
    }
    StderrSink sink;
    const auto outputs = gadget::builder::compile(requests, arguments.options, sink);
    if (!outputs) return fail(outputs.error());
    for (const auto& output : *outputs) {
        const auto path = arguments.output / (std::string(to_string(output.arch)) + ".bpf.o");
        if (arguments.output.empty()) continue;
        if (const auto written = gadget::write_file_atomic(path, output.object); !written) {
            return fail(written.error());
        }
    }
    return 0;
}
