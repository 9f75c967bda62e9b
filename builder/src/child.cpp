// SPDX-License-Identifier: Apache-2.0
// The compiler process: a request on descriptor 0, records to descriptor 1.
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "clang_compile.h"
#include "embedded.h"
#include "gadget/builder.h"
#include "gadget/support/files.h"
#include "link_child.h"
#include "slice.h"
#include "virtual_paths.h"
#include "wire.h"

namespace gadget::builder {
namespace fs = std::filesystem;
namespace {

constexpr const char* kChildArgument = "__compile";
constexpr const char* kLinkArgument = "__link";
constexpr const char* kUnreadable = "unreadable-include";
constexpr int kProtocolFailure = 70;
constexpr std::size_t kMaxRequest = std::size_t{16} << 20;

// Hands findings to the parent at once, or keeps them while it is open whether they will count.
class Reporter final : public CompileListener {
  public:
    void on_diagnostic(const Diagnostic& diagnostic) override {
        if (diagnostic.id == kUnreadable) told_unreadable_ = true;
        put(RecordKind::diagnostic, encode(diagnostic));
    }
    void on_note(const Note& note) override { put(RecordKind::note, encode(note)); }
    void on_phase(std::string_view phase) override { write(RecordKind::phase, phase); }
    void write(RecordKind kind, std::string_view payload) { send(encode_record(kind, payload)); }

    void hold() { holding_ = true; }
    void release() {
        holding_ = false;
        send(held_);
        held_.clear();
    }
    void drop() {
        holding_ = false;
        told_unreadable_ = false;
        held_.clear();
    }
    [[nodiscard]] bool told_unreadable() const { return told_unreadable_; }

  private:
    void put(RecordKind kind, std::string_view payload) {
        if (holding_) {
            held_ += encode_record(kind, payload);
        } else {
            write(kind, payload);
        }
    }
    static void send(std::string_view bytes) {
        // Nobody is left to be told when this fails; the parent sees that the status record is missing.
        if (!write_all(1, as_bytes(bytes), "result")) ::_exit(kProtocolFailure);
    }

    bool holding_ = false;
    bool told_unreadable_ = false;
    std::string held_;
};

// A finding of the front end on the sliced header may be the slice's fault: then the whole header has the
// last word.
class SliceJudge final : public ParsedHook {
  public:
    explicit SliceJudge(Reporter& reporter) : reporter_(reporter) { reporter_.hold(); }
    bool on_parsed(bool has_errors) override {
        accepted_ = !has_errors;
        if (accepted_) {
            reporter_.release();
        } else {
            reporter_.drop();
        }
        return accepted_;
    }
    [[nodiscard]] bool accepted() const { return accepted_; }

  private:
    Reporter& reporter_;
    bool accepted_ = false;
};

std::string vmlinux_path() {
    return std::string(kVmlinuxDir) + "/vmlinux.h";
}

// Puts the part of vmlinux.h that the program can notice in the place of the whole. False when the program
// does not use it or it cannot be cut.
bool slice_kernel_header(const CompileJob& job, FileStore& files) {
    const StoredFile* whole = files.find_embedded(vmlinux_path());
    if (whole == nullptr) return false;
    const auto slicer = HeaderSlicer::parse(whole->content);
    if (!slicer) return false;
    files.set_override(vmlinux_path(), slicer->skeleton());
    UsedNames names;
    const bool collected = collect_names(job, files, names);
    files.set_override(vmlinux_path(), std::nullopt);
    if (!collected) return false;
    files.set_override(vmlinux_path(), slicer->slice(names));
    return true;
}

CompileStatus compile(const CompileJob& job, const ChildRequest& request, FileStore& files,
                      Reporter& reporter, CompiledUnit& unit) {
    if (!request.whole_kernel_header && slice_kernel_header(job, files)) {
        SliceJudge judge(reporter);
        const CompileStatus status = compile_object(job, files, reporter, &judge, unit);
        if (judge.accepted()) return status;
        reporter.drop();
        files.set_override(vmlinux_path(), std::nullopt);
    }
    return compile_object(job, files, reporter, nullptr, unit);
}

void report_problem(const FileStore& files, Reporter& reporter) {
    Diagnostic finding;
    finding.id = kUnreadable;
    finding.message = files.problem();
    finding.hint = files.problem_hint();
    reporter.on_diagnostic(finding);
}

}  // namespace

bool is_compiler_child(int argc, char** argv) {
    return argc == 2 &&
           (std::string_view(argv[1]) == kChildArgument || std::string_view(argv[1]) == kLinkArgument);
}

int compiler_child_main(int, char** argv) {
    if (std::string_view(argv[1]) == kLinkArgument) return link_child_main();
    const auto bytes = read_all(0, kMaxRequest, "request");
    const auto request = bytes ? decode_request(as_text(*bytes)) : std::nullopt;
    if (!request) return kProtocolFailure;
    FileStore files;
    if (!mount_embedded_headers(request->arch, files)) return kProtocolFailure;
    const CompileJob job = make_job(*request, files);
    Reporter reporter;
    CompiledUnit unit;
    FatalErrorReport fatal{reporter, files, unit};
    report_fatal_errors(fatal);
    const CompileStatus status = compile(job, *request, files, reporter, unit);
    if (!files.problem().empty() && !reporter.told_unreadable()) report_problem(files, reporter);
    if (request->report_lookups) {
        for (const Lookup& lookup : files.lookups()) reporter.write(RecordKind::lookup, encode(lookup));
    }
    for (const fs::path& input : files.inputs()) reporter.write(RecordKind::input, input.string());
    const bool done = status == CompileStatus::done && files.problem().empty();
    if (done) {
        for (const SymbolLocation& symbol : unit.symbols) reporter.write(RecordKind::symbol, encode(symbol));
        reporter.write(RecordKind::object, as_text(unit.object));
    }
    const auto result = static_cast<char>(done ? ChildStatus::done : ChildStatus::rejected);
    reporter.write(RecordKind::status, std::string_view(&result, 1));
    // Not to run destructors over hundreds of megabytes of compiler state.
    ::_exit(0);
}

std::string compiler_version() {
    return clang_version();
}

}  // namespace gadget::builder
