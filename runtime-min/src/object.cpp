// SPDX-License-Identifier: Apache-2.0
// Loading is all or nothing in libbpf. A program that the activation can do without and that the kernel
// refuses is left out, and the object opened again: the second attempt sees the same bytes and the same
// edits.
#include "object.h"

#include <algorithm>
#include <cerrno>

#include "attach.h"
#include "core_btf.h"
#include "gadget/support/text.h"
#include "kernel_error.h"
#include "libbpf_log.h"
#include "verifier_log.h"

namespace gadget::runtime {
namespace {

// The last line that says something of its own.
std::string last_line(std::string_view text) {
    std::string_view last;
    for (const std::string_view raw : split(text, '\n')) {
        const std::string_view line = trim(raw);
        if (!line.empty() && !line.starts_with("failed to load object")) last = line;
    }
    return printable(last);
}

bool in_tail_calls(const ManagerSpec& spec, std::string_view name) {
    return std::ranges::any_of(spec.tail_calls,
                               [&](const TailCallRoute& route) { return route.program == name; });
}

bool is_wanted(const ManagerSpec& spec, const Program& program) {
    if (spec.probes.empty()) return !program.optional_section;
    if (spec.load_all && !program.optional_section) return true;
    return in_tail_calls(spec, program.name) || std::ranges::any_of(spec.probes, [&](const ProbeSpec& probe) {
               return probe.id.program == program.name;
           });
}

Error open_error(int error, const std::string& name, const std::string& log) {
    Error result;
    result.code = ErrorCode::corrupt_data;
    result.message = "'" + name + "' is not an eBPF object that can be loaded: " + errno_text(error);
    if (const std::string line = last_line(log); !line.empty()) result.message += " (" + line + ")";
    return result;
}

// A load that failed without a refused program: a map, BTF, a missing ksym...
Error load_error(int error, const std::string& name, const std::string& log) {
    if (error == EPERM) return permission_error("loading '" + name + "'", {"bpf(2)", ""});
    Error result = errno_error(error, "loading '" + name + "'");
    if (const std::string line = last_line(log); !line.empty()) result.message += " (" + line + ")";
    return result;
}

bool is_program(int fd) {
    std::error_code error;
    const auto kind = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), error);
    return !error && kind == "anon_inode:bpf-prog";
}

// libbpf 1.1 parses the kernel's BTF for a target that is set by name, and lets go of it at the end of a load
// only: an object that is closed before leaks it (6 MB). So it gets a load of nothing.
void forget_kernel_btf(bpf_object* object) {
    const LogCapture quiet;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object)(void) bpf_program__set_autoload(program, false);
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object)(void) bpf_map__set_autocreate(map, false);
    (void)bpf_object__load(object);
}

}  // namespace

Error unknown_name(std::string_view kind, std::string_view name, const std::string& object,
                   std::span<const std::string> candidates) {
    Error error;
    error.code = ErrorCode::not_found;
    error.message = std::string(kind) + " '" + std::string(name) + "' is not in '" + object + "'";
    error.hint = did_you_mean(name, candidates);
    return error;
}

const Program* Object::find_program(std::string_view name) const {
    const auto found = std::ranges::find(programs_, name, &Program::name);
    return found == programs_.end() ? nullptr : &*found;
}

bpf_map* Object::find_map(std::string_view name) const {
    return object_ ? bpf_object__find_map_by_name(object_.get(), std::string(name).c_str()) : nullptr;
}

std::vector<std::string> Object::map_names() const {
    std::vector<std::string> result;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_.get()) result.emplace_back(bpf_map__name(map));
    return result;
}

Result<Object> Object::open(const LoadPlan& plan, Decisions& decisions) {
    const LogCapture capture;
    Object result;
    std::string kernel_btf = plan.spec.options.kernel_btf.string();
    if (const auto& structs = plan.spec.options.extra_structs; !structs.empty()) {
        GADGET_TRY_ASSIGN(result.core_btf_, btf_with_structs(kernel_btf, structs));
        kernel_btf = "/proc/self/fd/" + std::to_string(result.core_btf_.get());
    }
    bpf_object_open_opts options{};
    options.sz = sizeof(options);
    options.object_name = plan.spec.name.c_str();
    if (!kernel_btf.empty()) options.btf_custom_path = kernel_btf.c_str();
    options.kernel_log_level = plan.spec.options.verifier_log_level;
    result.object_.reset(
        bpf_object__open_mem(plan.image.bytes().data(), plan.image.bytes().size(), &options));
    if (!result.object_) return open_error(errno, plan.spec.name, capture.text());
    result.asm_uses_ = plan.image.asm_uses();
    bpf_program* handle = nullptr;
    bpf_object__for_each_program(handle, result.object_.get()) {
        Program program;
        program.name = bpf_program__name(handle);
        program.section = bpf_program__section_name(handle);
        program.parsed = model::parse_section(program.section);
        program.handle = handle;
        program.optional_section = !program.section.empty() && program.section.front() == '?';
        result.programs_.push_back(std::move(program));
    }
    if (auto prepared = result.prepare(plan, decisions); !prepared) {
        forget_kernel_btf(result.object_.get());
        return prepared.error();
    }
    return result;
}

void Object::decide_excluded(const ManagerSpec& spec, Decisions& decisions) {
    if (!decisions.excluded) {
        decisions.excluded.emplace(spec.excluded_programs.begin(), spec.excluded_programs.end());
        for (const Program& program : programs_) {
            if (!spec.excluder.excluded) break;
            if (spec.excluder.excluded(program.name, program.section))
                decisions.excluded->insert(program.name);
        }
        if (spec.excluder.done) spec.excluder.done();
    }
    excluded_ = *decisions.excluded;
}

/// Programs that are pinned already take the place of those in the object, which are then not loaded.
Result<void> Object::take_pinned(const ManagerSpec& spec) {
    for (const ProbeSpec& probe : spec.probes) {
        if (probe.pin_program.empty() || probe.own_copy) continue;
        const std::string what =
            "probe '" + to_string(probe.id) + "': pin '" + probe.pin_program.string() + "'";
        const auto program = std::ranges::find(programs_, probe.id.program, &Program::name);
        if (program == programs_.end() || program->clone) continue;
        UniqueFd pinned(bpf_obj_get(probe.pin_program.c_str()));
        if (!pinned && errno == ENOENT) continue;
        if (!pinned) return errno_error(errno, what);
        bpf_prog_info info{};
        __u32 size = sizeof(info);
        if (!is_program(pinned.get()) || bpf_obj_get_info_by_fd(pinned.get(), &info, &size) != 0 ||
            info.type != static_cast<__u32>(bpf_program__type(program->handle))) {
            return Error{ErrorCode::invalid_argument, what + " holds something else than this program"};
        }
        program->clone = std::move(pinned);
        program->from_pin = true;
    }
    return {};
}

Result<void> Object::prepare(const LoadPlan& plan, Decisions& decisions) {
    const ManagerSpec& spec = plan.spec;
    decide_excluded(spec, decisions);
    std::vector<std::string> program_names;
    for (const Program& program : programs_) program_names.push_back(program.name);
    for (const ProbeSpec& probe : spec.probes) {
        const auto found = std::ranges::find(programs_, probe.id.program, &Program::name);
        if (found == programs_.end())
            return unknown_name("program", probe.id.program, spec.name, program_names);
        GADGET_TRY(retarget(*found, probe));
        const bool tc = found->parsed && found->parsed->kind->attach == model::AttachKind::tc;
        // Without any target it is a program to be called by others, or to be hooked later.
        if (tc && !std::holds_alternative<std::monostate>(probe.target)) GADGET_TRY(check_tc_target(probe));
    }
    GADGET_TRY(take_pinned(spec));
    for (Program& program : programs_) {
        program.wanted = is_wanted(spec, program);
        if (is_excluded(program.name)) {
            program.left_out = Error{ErrorCode::not_found, "program '" + program.name + "' is excluded"};
        } else if (const auto reason = decisions.left_out.find(program.name);
                   reason != decisions.left_out.end()) {
            program.left_out = reason->second;
        }
        const bool load = program.wanted && !program.left_out && !program.from_pin;
        if (load) GADGET_TRY(ensure_type(program));
        (void)bpf_program__set_autoload(program.handle, load);  // fails only after the load
    }
    GADGET_TRY(edit_maps(*this, spec));
    return set_constants(*this, spec.constants, spec.name);
}

Result<ObjectContents> inspect_object(const ObjectImage& image, const std::string& name) {
    const LogCapture capture;
    bpf_object_open_opts options{};
    options.sz = sizeof(options);
    options.object_name = name.c_str();
    const ObjectPtr object(bpf_object__open_mem(image.bytes().data(), image.bytes().size(), &options));
    if (!object) return open_error(errno, name, capture.text());
    ObjectContents contents;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get())
        contents.programs.emplace_back(bpf_program__name(program));
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object.get()) contents.maps.emplace_back(bpf_map__name(map));
    for (const auto& [symbol, uses] : image.asm_uses()) contents.asm_constants.push_back(symbol);
    return contents;
}

Result<Object> Object::load(const LoadPlan& plan, std::string& log) {
    log.clear();
    Decisions decisions;
    while (true) {
        GADGET_TRY_ASSIGN(Object object, open(plan, decisions));
        LogCapture capture;
        const int status = bpf_object__load(object.object_.get());
        log += capture.text();
        object.templates_.clear();
        if (status == 0) return object;
        const auto refusals = find_refusals(capture.text());
        // libbpf stops at the first refused program.
        const auto refused =
            std::ranges::find_if(refusals, [](const Refusal& refusal) { return refusal.error != 0; });
        const Program* program = refused == refusals.end() ? nullptr : object.find_program(refused->program);
        if (program == nullptr) return load_error(-status, plan.spec.name, capture.text());
        Error reason = refusal_error(*refused, program->parsed, plan.image.bytes());
        if (!plan.may_be_left_out(program->name) || decisions.left_out.contains(program->name)) return reason;
        decisions.left_out.emplace(program->name, std::move(reason));
    }
}

}  // namespace gadget::runtime
