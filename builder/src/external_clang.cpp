// SPDX-License-Identifier: Apache-2.0
// The embedded headers are written to a temporary folder; -ffile-prefix-map gives all files the names that
// the compiler inside sees, and libbpf's linker drops DWARF, so that the object names nothing of the machine
// either.
#include "external_clang.h"

#include <algorithm>
#include <charconv>

#include "compile_job.h"
#include "embedded.h"
#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "hints.h"
#include "virtual_paths.h"

namespace gadget::builder {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxText = std::size_t{4} << 20;
constexpr std::chrono::seconds kVersionTimeout{10};

// Takes a number and the ':' behind it off `text`.
bool take_number(std::string_view& text, unsigned& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end == text.data() + text.size() || *end != ':') return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

// "file:3:7: " off the start of `line`; an empty range when it does not begin so.
SourceRange take_place(std::string_view& line) {
    for (std::size_t colon = line.find(':'); colon != line.npos; colon = line.find(':', colon + 1)) {
        std::string_view rest = line.substr(colon + 1);
        SourceRange range{.file = std::string(line.substr(0, colon))};
        if (!take_number(rest, range.line) || !take_number(rest, range.column)) continue;
        line = trim(rest);
        return range;
    }
    return {};
}

// "[-Wname]" or "[-Werror,-Wname]" off the end.
std::string take_option(std::string_view& message) {
    const std::size_t open = message.rfind(" [-W");
    if (open == message.npos || !message.ends_with(']')) return {};
    std::string_view option = message.substr(open + 2, message.size() - open - 3);
    message = message.substr(0, open);
    if (const std::size_t comma = option.rfind(','); comma != option.npos) option.remove_prefix(comma + 1);
    return std::string(option);
}

void add_line(std::string_view line, std::vector<Diagnostic>& findings) {
    const SourceRange range = take_place(line);
    const Location location = range.line == 0 ? Location() : Location(range);
    if (line.starts_with("clang: ")) line.remove_prefix(7);
    constexpr std::pair<std::string_view, Severity> kWords[] = {{"fatal error: ", Severity::error},
                                                                {"error: ", Severity::error},
                                                                {"warning: ", Severity::warning},
                                                                {"note: ", Severity::note}};
    for (const auto& [word, severity] : kWords) {
        if (!line.starts_with(word)) continue;
        std::string_view message = line.substr(word.size());
        if (severity == Severity::note) {
            if (!findings.empty()) findings.back().notes.push_back({std::string(message), location});
            return;
        }
        std::string id = take_option(message);
        if (id.empty()) id = severity == Severity::error ? "clang-error" : "clang-warning";
        findings.push_back(Diagnostic{
            .severity = severity, .id = std::move(id), .message = printable(message), .location = location});
        return;
    }
}

struct Folders {
    fs::path headers;  // written by us
    fs::path source;   // what the compiler inside calls /gadget
};

fs::path absolute_folder(const fs::path& path) {
    std::string text = fs::absolute(path.empty() ? "." : path).lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

std::vector<std::string> arguments_for(const ExternalClang& clang, const Request& request,
                                       const Folders& folders) {
    const auto map = [](const fs::path& from, const std::string& to) {
        return "-ffile-prefix-map=" + from.string() + "=" + to;
    };
    std::vector<std::string> arguments{clang.path.string(),
                                       "-target",
                                       "bpfel",
                                       "-mcpu=v1",
                                       "-Wall",
                                       "-g",
                                       "-O2",
                                       "-nostdlibinc",
                                       "-fno-color-diagnostics",
                                       "-fno-caret-diagnostics",
                                       "-fno-diagnostics-show-note-include-stack",
                                       map(folders.headers, "/gadgetkit")};
    std::vector<std::string> includes;
    for (std::size_t i = 0; i < request.include_dirs.size(); ++i) {
        const fs::path dir = absolute_folder(request.include_dirs[i]);
        arguments.push_back(map(dir, kIncludeDir + std::to_string(i)));
        includes.push_back("-I" + dir.string());
    }
    arguments.push_back(map(folders.source, kSourceDir));
    arguments.push_back("-fdebug-compilation-dir=" + std::string(kSourceDir));
    arguments.insert(arguments.end(), request.options.begin(), request.options.end());
    arguments.insert(arguments.end(), request.warnings.begin(), request.warnings.end());
    arguments.push_back(request.arch == model::Arch::amd64 ? "-D__TARGET_ARCH_x86" : "-D__TARGET_ARCH_arm64");
    for (const std::string& define : request.defines) arguments.push_back("-D" + define);
    arguments.insert(arguments.end(), includes.begin(), includes.end());
    for (const char* dir : {kApiDir, kVmlinuxDir, kLibbpfDir, kUapiDir, kUapiArchDir}) {
        arguments.push_back("-isystem");
        arguments.push_back((folders.headers / fs::path(dir).filename()).string());
    }
    arguments.insert(arguments.end(),
                     {"-MMD", "-MF", (folders.headers / "deps").string(), "-c",
                      absolute_folder(request.source).string(), "-o", (folders.headers / "object").string()});
    return arguments;
}

// Back from absolute names to those of the request.
class Names {
  public:
    Names(const Request& request, const Folders& folders) : folders_(folders) {
        const fs::path folder = request.folder.empty() ? request.source.parent_path() : request.folder;
        known_.emplace_back(folders.source, folder);
        for (const fs::path& dir : request.include_dirs) known_.emplace_back(absolute_folder(dir), dir);
    }
    [[nodiscard]] std::string of(const std::string& file) const {
        const std::string headers = folders_.headers.string() + '/';
        if (file.starts_with(headers)) {
            const std::size_t folder = file.find('/', headers.size());
            return '<' + file.substr(folder == file.npos ? headers.size() : folder + 1) + '>';
        }
        for (const auto& [absolute, given] : known_) {
            const std::string start = absolute.string() + '/';
            if (file.starts_with(start)) return (given / file.substr(start.size())).string();
        }
        return file;
    }
    void put_into(Location& location) const {
        if (auto* range = std::get_if<SourceRange>(&location)) range->file = of(range->file);
    }

  private:
    const Folders& folders_;
    std::vector<std::pair<fs::path, fs::path>> known_;
};

void finish_findings(const Names& names, const Request& request, std::vector<Diagnostic>& findings) {
    FileStore files;
    (void)mount_embedded_headers(request.arch, files);
    for (Diagnostic& finding : findings) {
        names.put_into(finding.location);
        for (Note& note : finding.notes) names.put_into(note.location);
        finding.hint = hint_for(finding.message, files);
    }
}

Error not_compiled(const ExternalClang& clang, const Request& request, const ExitStatus& exit) {
    return {ErrorCode::internal,
            "'" + clang.path.string() + "' (" + clang.version + ") ended with " + exit.to_string() + " on '" +
                request.source.string() + "' and does not say why",
            "compile without --clang to use the compiler inside"};
}

}  // namespace

std::string parse_clang_version(std::string_view text) {
    constexpr std::string_view kWords = "clang version ";
    const std::size_t at = text.find(kWords);
    if (at == text.npos) return {};
    const std::string_view rest = text.substr(at + kWords.size());
    return std::string(rest.substr(0, rest.find_first_not_of("0123456789.")));
}

std::vector<Diagnostic> parse_clang_text(std::string_view text) {
    std::vector<Diagnostic> findings;
    for (const std::string_view line : split(text, '\n')) add_line(line, findings);
    return findings;
}

std::vector<fs::path> parse_clang_dependencies(std::string_view text) {
    std::vector<fs::path> inputs;
    const std::size_t colon = text.find(": ");
    if (colon == text.npos) return inputs;
    std::string name;
    const auto end = [&] {
        if (!name.empty() && std::find(inputs.begin(), inputs.end(), name) == inputs.end())
            inputs.emplace_back(name);
        name.clear();
    };
    for (std::size_t at = colon + 2; at < text.size(); ++at) {
        const char c = text[at];
        const char next = at + 1 < text.size() ? text[at + 1] : '\n';
        if (c == '\\' && (next == ' ' || next == '#' || next == '\\')) {
            name += next;
            ++at;
        } else if (c == '$' && next == '$') {
            name += '$';
            ++at;
        } else if (c == ' ' || c == '\n' || (c == '\\' && next == '\n')) {
            end();
        } else {
            name += c;
        }
    }
    end();
    return inputs;
}

Result<ExternalClang> probe_clang(const fs::path& clang) {
    SpawnOptions spawn;
    spawn.argv = {clang.string(), "--version"};
    const auto answer = run_command(spawn, kVersionTimeout);
    if (!answer && answer.error().code == ErrorCode::not_found) {
        return Error{ErrorCode::not_found, "the compiler '" + clang.string() + "' is not there",
                     "name the executable of clang 15 or newer, or leave out --clang"};
    }
    if (!answer) return answer.error();
    const std::string version = parse_clang_version(answer->out);
    if (version.empty()) {
        return Error{ErrorCode::invalid_argument,
                     "'" + clang.string() + "' is no clang: it does not tell its version",
                     "gcc cannot be used: it lacks relocations that gadgets need"};
    }
    unsigned major = 0;
    (void)std::from_chars(version.data(), version.data() + version.size(), major);
    if (major < kOldestClang) {
        const std::string oldest = "clang " + std::to_string(kOldestClang);
        return Error{ErrorCode::unsupported,
                     "'" + clang.string() + "' is clang " + version +
                         ", which is too old: it does not know all relocations of gadgets",
                     "use " + oldest + " or newer, or leave out --clang to use the compiler inside",
                     Requirement{oldest, ""}};
    }
    return ExternalClang{clang, version};
}

ExternalOutcome compile_with(const ExternalClang& clang, const Request& request, const Options& options) {
    ExternalOutcome outcome;
    outcome.output.arch = request.arch;
    const auto failed = [&](Error error) {
        outcome.failure = std::move(error);
        return std::move(outcome);
    };
    const auto temporary = TempDir::create("gadget-clang");
    if (!temporary) return failed(temporary.error());
    const Folders folders{
        temporary->path(),
        absolute_folder(request.folder.empty() ? request.source.parent_path() : request.folder)};
    if (auto written = write_embedded_headers(request.arch, folders.headers); !written)
        return failed(written.error());
    SpawnOptions spawn;
    spawn.argv = arguments_for(clang, request, folders);
    spawn.memory_limit = options.memory_limit;
    const auto run = run_command(spawn, options.timeout, kMaxText);
    if (!run) return failed(run.error());
    const Names names(request, folders);
    outcome.findings = parse_clang_text(run->err);
    finish_findings(names, request, outcome.findings);
    const bool told = std::any_of(outcome.findings.begin(), outcome.findings.end(),
                                  [](const auto& finding) { return finding.severity == Severity::error; });
    if (!run->status.success())
        return told ? std::move(outcome) : failed(not_compiled(clang, request, run->status));
    const auto object = read_file(folders.headers / "object");
    if (!object) return failed(object.error());
    const LinkInput input{request.source.string(), *object};
    auto linked = link(std::span(&input, 1), options);
    if (!linked) return failed(linked.error());
    outcome.output.object = std::move(*linked);
    if (const auto deps = read_text_file(folders.headers / "deps")) {
        for (const fs::path& file : parse_clang_dependencies(*deps))
            outcome.output.inputs.emplace_back(names.of(file.string()));
    }
    outcome.compiled = true;
    return outcome;
}

}  // namespace gadget::builder
