// SPDX-License-Identifier: Apache-2.0
#include "gadget/testkit/command.h"

#include <elf.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <list>
#include <set>

#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "kernel_session.h"

namespace gadget::testkit {
namespace {

struct ElfFacts {
    std::optional<model::Arch> arch;
    std::string interpreter;  ///< empty: static
};

template <class T>
std::optional<T> read_at(const Bytes& data, std::uint64_t offset) {
    if (offset > data.size() || data.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, data.data() + offset, sizeof value);
    return value;
}

Result<ElfFacts> elf_facts(const Bytes& program, const std::string& name) {
    const auto header = read_at<Elf64_Ehdr>(program, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "'" + name + "' is not an executable for 64 bits",
                     .hint =
                         "give a script's interpreter as the program, and the script as an argument of a "
                         "path that is there"};
    }
    ElfFacts facts;
    if (header->e_machine == EM_X86_64) facts.arch = model::Arch::amd64;
    if (header->e_machine == EM_AARCH64) facts.arch = model::Arch::arm64;
    for (unsigned i = 0; i < header->e_phnum; ++i) {
        const auto segment =
            read_at<Elf64_Phdr>(program, header->e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr));
        if (!segment) break;
        if (segment->p_type != PT_INTERP || segment->p_offset > program.size() ||
            program.size() - segment->p_offset < segment->p_filesz || segment->p_filesz < 2)
            continue;
        facts.interpreter.assign(reinterpret_cast<const char*>(program.data() + segment->p_offset),
                                 segment->p_filesz - 1);
    }
    return facts;
}

/// The libraries of a dynamic program as its own loader finds them here, the loader among them.
Result<std::vector<std::filesystem::path>> libraries_of(const std::filesystem::path& program,
                                                        const std::string& interpreter) {
    GADGET_TRY_ASSIGN(const auto listed, run_command({.argv = {interpreter, "--list", program.string()}},
                                                     std::chrono::milliseconds(10'000)));
    if (!listed.status.success()) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "the libraries of '" + program.string() +
                                "' are not here: " + printable(trim(listed.err + listed.out)),
                     .hint = "link it statically"};
    }
    std::vector<std::filesystem::path> files{interpreter};
    for (const auto line : split(listed.out, '\n')) {
        const auto arrow = line.find(" => ");
        const auto path = trim(arrow == std::string_view::npos ? line : line.substr(arrow + 4));
        const auto name = path.substr(0, path.find(" ("));
        if (name.starts_with('/') && std::find(files.begin(), files.end(), name) == files.end())
            files.emplace_back(name);
    }
    return files;
}

/// The program and what it needs, in memory.
struct Baggage {
    ElfFacts facts;
    Bytes program;
    std::vector<std::pair<std::string, Bytes>> libraries;
};

Result<Baggage> pack(const std::filesystem::path& program, bool with_libraries) {
    Baggage baggage;
    GADGET_TRY_ASSIGN(baggage.program, read_file(program));
    GADGET_TRY_ASSIGN(baggage.facts, elf_facts(baggage.program, program.string()));
    if (!with_libraries || baggage.facts.interpreter.empty() || baggage.facts.arch != model::host_arch())
        return baggage;
    GADGET_TRY_ASSIGN(const auto files, libraries_of(program, baggage.facts.interpreter));
    for (const auto& file : files) {
        GADGET_TRY_ASSIGN(Bytes content, read_file(file));
        baggage.libraries.emplace_back(file.string(), std::move(content));
    }
    return baggage;
}

/// What the agent says of the program.
class Watcher {
  public:
    Watcher(CommandResult& result, CommandObserver& observer) : result_(result), observer_(observer) {}

    void frame(const Record& record) {
        if (record[0] == "hello" && record.size() >= 2) result_.release = printable(record[1]);
        if ((record[0] == "row" || record[0] == "log") && record.size() == 3)
            observer_.line(result_.kernel, record[2], record[0] == "log");
        if (record[0] != "end" || record.size() != 6) return;
        ended_ = true;
        number(record[3], result_.status);
        number(record[4], result_.signal);
        result_.hung = record[2] == "hung";
        if (record[2] == "broken")
            result_.failure =
                Error{.code = ErrorCode::io, .message = "it could not be started: " + printable(record[5])};
    }
    void finish(const RunEnd& end) {
        if (result_.failure) return;
        if (!ended_ && end.failure) result_.failure = end.failure;
        if (!ended_ && !end.failure)
            result_.failure =
                Error{.code = ErrorCode::corrupt_data, .message = "the machine ended without a result"};
    }

  private:
    static void number(const std::string& text, int& value) {
        (void)std::from_chars(text.data(), text.data() + text.size(), value);
    }
    CommandResult& result_;
    CommandObserver& observer_;
    bool ended_ = false;
};

Result<Cargo> cargo_for(const CommandRequest& request, const KernelSelector& kernel, const Baggage& baggage) {
    if (baggage.facts.arch != kernel.arch) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "'" + request.program.string() + "' is no program for " +
                                std::string(model::to_string(kernel.arch))};
    }
    JobTest test{.id = "0", .kind = JobKind::command, .argv = {"@/command"}};
    test.argv.insert(test.argv.end(), request.arguments.begin(), request.arguments.end());
    test.environment = {"GADGET_KERNEL=" + kernel.to_string()};
    // Limits are meant for hardware: an emulated machine on a busy host is many times slower.
    constexpr unsigned kPatience = 4;
    const auto timeout = request.timeout * (kernel.is_host() ? 1U : kPatience);
    test.timeout_ms = static_cast<std::uint32_t>(timeout.count());
    Cargo cargo{.job = {},
                .files = {{"command", baggage.program, 0755}},
                .limit = timeout + std::chrono::seconds(60)};
    for (const auto& [name, content] : baggage.libraries) cargo.files.push_back({name, content, 0755});
    if (const auto object = request.objects.find(kernel.arch); object != request.objects.end()) {
        cargo.files.push_back({"gadget.bpf.o", object->second});
        test.environment.emplace_back("GADGET_OBJECT=@/gadget.bpf.o");
    }
    if (!request.manifest.empty()) {
        cargo.files.push_back({"gadget.yaml", as_bytes(request.manifest)});
        test.environment.emplace_back("GADGET_MANIFEST=@/gadget.yaml");
    }
    test.environment.emplace_back("GADGET_RUN=@program");
    cargo.job.tests.push_back(std::move(test));
    return cargo;
}

int status_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::timed_out:
            return 7;
        case ErrorCode::guest_panic:
            return 6;
        case ErrorCode::boot_failed:
            return 5;
        case ErrorCode::unsupported:
        case ErrorCode::permission_denied:
        case ErrorCode::not_found:
            return 3;
        default:
            return 4;
    }
}

}  // namespace

Result<std::vector<CommandResult>> run_command_on_kernels(const CommandRequest& request,
                                                          CommandObserver& observer,
                                                          const CancelToken& cancel) {
    const bool machines = std::any_of(request.kernels.begin(), request.kernels.end(),
                                      [](const KernelSelector& kernel) { return !kernel.is_host(); });
    GADGET_TRY_ASSIGN(const Baggage baggage, pack(request.program, machines));
    const KernelPlace place{
        .runners = request.runners, .cache = request.cache, .memory_mib = request.memory_mib};
    std::vector<CommandResult> results;
    for (const auto& kernel : request.kernels) {
        CommandResult result{.kernel = kernel};
        Watcher watcher(result, observer);
        auto cargo = cargo_for(request, kernel, baggage);
        if (!cargo) {
            result.failure = std::move(cargo).error();
        } else {
            const auto end = run_on_kernel(
                kernel, place, std::move(*cargo),
                [&](const Record& record) {
                    watcher.frame(record);
                    return std::vector<Record>{};
                },
                [&](std::string_view text) { observer.step(kernel, text); }, cancel);
            if (end) {
                watcher.finish(*end);
            } else {
                result.failure = end.error();
            }
        }
        if (result.failure && result.failure->code == ErrorCode::cancelled) return *result.failure;
        results.push_back(std::move(result));
    }
    return results;
}

Result<std::vector<std::string>> shell_command_line(const ShellRequest& request, const KernelSelector& kernel,
                                                    const CancelToken& cancel) {
    GADGET_TRY_ASSIGN(const Baggage shell, pack(request.shell, true));
    if (shell.facts.arch != kernel.arch)
        return Error{
            .code = ErrorCode::unsupported,
            .message = "there is no shell for " + std::string(model::to_string(kernel.arch)) + " here",
            .hint = "give one that is linked static with --exec PROGRAM"};
    JobTest test{.id = "0", .kind = JobKind::terminal, .argv = {"/bin/" + request.shell.filename().string()}};
    Cargo cargo{.job = {}, .files = {{test.argv[0], shell.program, 0755}}};
    cargo.job.tests.push_back(std::move(test));
    std::set<std::string> packed{cargo.files[0].name};
    const auto add = [&](const std::string& name, const Bytes& content) {
        if (packed.insert(name).second) cargo.files.push_back({name, content, 0755});
    };
    for (const auto& [name, content] : shell.libraries) add(name, content);
    std::list<Baggage> tools;  // the cargo borrows from them
    for (const auto& program : request.programs) {
        auto baggage = pack(program, true);
        if (!baggage || baggage->facts.arch != kernel.arch) continue;
        const auto& tool = tools.emplace_back(std::move(*baggage));
        add("/bin/" + program.filename().string(), tool.program);
        for (const auto& [name, content] : tool.libraries) add(name, content);
    }
    const KernelPlace place{
        .runners = request.runners, .cache = request.cache, .memory_mib = request.memory_mib};
    return machine_command(kernel, place, std::move(cargo), request.initramfs, cancel);
}

int exit_status(const std::vector<CommandResult>& results) {
    for (const auto& result : results) {
        if (result.failure) return status_of(*result.failure);
        if (result.hung) return 7;
        if (result.signal != 0) return 128 + result.signal;
        if (result.status != 0) return result.status;
    }
    return 0;
}

}  // namespace gadget::testkit
