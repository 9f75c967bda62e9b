// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <thread>

#include "gadget/support/text.h"
#include "manager_impl.h"

namespace gadget::runtime {
namespace {

/// Failures that another attempt cannot change.
bool is_permanent(const Error& error) {
    return error.code != ErrorCode::io && error.code != ErrorCode::timed_out;
}

bool is_required(const ManagerSpec& spec, const std::string& program) {
    if (spec.activation.empty()) return true;
    for (const ProbeSpec& probe : spec.probes) {
        if (probe.id.program != program) continue;
        for (const Selector& selector : spec.activation) {
            if (is_required(selector, probe.id)) return true;
        }
    }
    const ProbeId by_name{program, {}};
    if (std::ranges::any_of(spec.activation, [&](const Selector& s) { return is_required(s, by_name); }))
        return true;
    return std::ranges::any_of(spec.tail_calls,
                               [&](const TailCallRoute& route) { return route.program == program; });
}

bool has_probe(const ManagerSpec& spec, const std::string& program) {
    return spec.probes.empty() || std::ranges::any_of(spec.probes, [&](const ProbeSpec& probe) {
               return probe.id.program == program;
           });
}

}  // namespace

Result<void> join_errors(std::vector<Error> errors, const std::string& what) {
    if (errors.empty()) return {};
    Error joined = std::move(errors.front());
    for (std::size_t i = 1; i < errors.size(); ++i) joined.message += "; " + errors[i].message;
    joined.context.push_back(what);
    return joined;
}

Error Manager::Impl::wrong_state(const char* operation, const char* remedy) const {
    return Error{
        ErrorCode::invalid_argument,
        "cannot " + std::string(operation) + " '" + spec.name + "': it is " + std::string(to_string(state_)),
        remedy};
}

Result<Object> Manager::Impl::load_object(std::string& log) const {
    const auto load = [&](std::span<const std::byte> bytes) {
        const LoadPlan plan{spec, bytes, [this](const std::string& program) {
                                return has_probe(spec, program) && !is_required(spec, program);
                            }};
        return Object::load(plan, log).context("while loading '" + spec.name + "'");
    };
    if (const auto* const given = std::get_if<ObjectBytes>(&spec.object)) return load(given->bytes);
    GADGET_TRY_ASSIGN(const Bytes bytes, read_file(std::get<ObjectFile>(spec.object).path));
    return load(bytes);
}

void Manager::Impl::make_probes() {
    probes_.clear();
    const auto add = [this](const ProbeSpec& probe_spec, const Program& program) {
        Probe probe;
        probe.spec = probe_spec;
        probe.state = program.loaded() ? ProbeState::loaded : ProbeState::excluded;
        probe.reason = program.left_out;
        probes_.push_back(std::move(probe));
    };
    for (const ProbeSpec& probe : spec.probes) add(probe, *object_.find_program(probe.id.program));
    if (!spec.probes.empty()) return;
    for (const Program& program : object_.programs()) {
        if (!program.wanted) continue;
        ProbeSpec probe;
        probe.id.program = program.name;
        probe.enabled = has_target(program, probe);
        add(probe, program);
    }
}

Selector Manager::Impl::goal() const {
    if (!activation_.empty()) return Selector::all_of(activation_);
    std::vector<Selector> all;
    for (const Probe& probe : probes_) {
        // What was excluded by the spec without an activation is not asked for.
        const bool excluded =
            std::ranges::find(spec.excluded_programs, probe.spec.id.program) != spec.excluded_programs.end();
        if (probe.spec.enabled && !excluded) all.push_back(Selector::probe(probe.spec.id));
    }
    return Selector::all_of(std::move(all));
}

Result<void> Manager::Impl::init() {
    const std::lock_guard control(control_);
    if (state() > State::initialized) return wrong_state("load", "stop() comes first");
    if (state() == State::initialized) {
        const std::lock_guard reading(reading_);
        const std::unique_lock data(data_);
        readers_.clear();
        probes_.clear();
        object_ = Object();
        state_ = State::reset;
    }
    std::string log;
    auto object = load_object(log);
    const std::lock_guard reading(reading_);
    const std::unique_lock data(data_);
    load_log_ = std::move(log);
    if (!object) return std::move(object).error();
    object_ = std::move(*object);
    make_probes();
    auto filled = fill_maps();
    auto readers = filled ? open_readers() : Result<std::vector<ReaderPtr>>(std::move(filled).error());
    if (!readers) {
        probes_.clear();
        object_ = Object();
        return std::move(readers).error();
    }
    readers_ = std::move(*readers);
    activation_ = spec.activation;
    state_ = State::initialized;
    return {};
}

void Manager::Impl::attach_probe(Probe& probe) {
    const Program* const program = program_of(probe);
    if (probe.state == ProbeState::running || program == nullptr || !program->loaded()) return;
    const unsigned attempts = probe.spec.retries.value_or(spec.options.retries) + 1;
    for (unsigned attempt = 1;; ++attempt) {
        auto attachment = attach({object_, *program, probe.spec});
        if (attachment) {
            probe.attachment = std::move(*attachment);
            probe.state = ProbeState::running;
            probe.reason.reset();
            return;
        }
        probe.state = ProbeState::failed;
        probe.reason = std::move(attachment).error();
        if (attempt >= attempts || is_permanent(*probe.reason)) return;
        std::this_thread::sleep_for(probe.spec.retry_delay.value_or(spec.options.retry_delay));
    }
}

Result<void> Manager::Impl::detach_probe(Probe& probe, ProbeState next) {
    if (!probe.attachment) {
        if (probe.state == ProbeState::paused) probe.state = next;
        return {};
    }
    auto detached = probe.attachment->detach();
    probe.attachment.reset();
    probe.state = next;
    return std::move(detached).context("while detaching '" + to_string(probe.spec.id) + "'");
}

Result<void> Manager::Impl::detach_all(ProbeState next) {
    std::vector<Error> errors;
    for (auto probe = probes_.rbegin(); probe != probes_.rend(); ++probe) {
        auto detached = detach_probe(*probe, next);
        if (!detached) errors.push_back(std::move(detached).error());
    }
    return join_errors(std::move(errors), "while detaching the probes of '" + spec.name + "'");
}

Result<void> Manager::Impl::verdict(const ProbeId& id) const {
    const Probe* const probe = find_probe(id);
    if (probe == nullptr) return Error{ErrorCode::not_found, "there is no probe '" + to_string(id) + "'"};
    if (probe->state == ProbeState::running) return {};
    if (probe->reason) return *probe->reason;
    return Error{ErrorCode::invalid_argument,
                 "probe '" + to_string(id) + "' does not run: it is " + std::string(to_string(probe->state))};
}

Result<void> Manager::Impl::start() {
    const std::unique_lock control(control_);
    const std::unique_lock data(data_);
    if (state_ == State::running) return {};
    if (state_ == State::reset) return wrong_state("start", "init() comes first");
    const bool resuming = state_ == State::paused;
    const Selector wanted = goal();
    for (Probe& probe : probes_) {
        const auto ids = selected_probes(wanted);
        if (resuming ? probe.state == ProbeState::paused
                     : probe.spec.enabled && std::ranges::find(ids, probe.spec.id) != ids.end()) {
            attach_probe(probe);
        }
    }
    auto held = evaluate(wanted, [this](const ProbeId& id) { return verdict(id); });
    if (held) {
        state_ = State::running;
        return {};
    }
    // What is taken back here never ran as far as the user knows; failures of that are less news than the
    // reason.
    (void)detach_all(resuming ? ProbeState::paused : ProbeState::loaded);
    return std::move(held).context("while starting '" + spec.name + "'");
}

Result<void> Manager::Impl::stop() {
    const std::lock_guard control(control_);
    Result<void> detached;
    {
        const std::unique_lock data(data_);
        if (state_ == State::reset) return {};
        detached = detach_all(ProbeState::loaded);
    }
    auto drained = consume(SIZE_MAX);
    const std::lock_guard reading(reading_);
    const std::unique_lock data(data_);
    readers_.clear();
    for (Probe& probe : probes_) {
        probe.state = ProbeState::reset;
        probe.clone.reset();
    }
    std::vector<Error> errors;
    for (const MapEdit& edit : spec.map_edits) {
        if (edit.pin_path.empty() || !edit.remove_pin_on_stop) continue;
        std::error_code error;
        std::filesystem::remove(edit.pin_path, error);
        if (error) errors.push_back(errno_error(error.value(), "removing the pin of map '" + edit.map + "'"));
    }
    object_ = Object();
    state_ = State::reset;
    if (!detached) errors.push_back(std::move(detached).error());
    if (!drained) errors.push_back(std::move(drained).error());
    return join_errors(std::move(errors), "while stopping '" + spec.name + "'");
}

Result<void> Manager::Impl::pause() {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    if (state_ == State::paused) return {};
    if (state_ != State::running) return wrong_state("pause", "start() comes first");
    state_ = State::paused;
    std::vector<Error> errors;
    for (auto probe = probes_.rbegin(); probe != probes_.rend(); ++probe) {
        if (probe->state != ProbeState::running) continue;
        auto detached = detach_probe(*probe, ProbeState::paused);
        if (!detached) errors.push_back(std::move(detached).error());
    }
    return join_errors(std::move(errors), "while pausing '" + spec.name + "'");
}

Result<void> Manager::Impl::resume() {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    if (state_ == State::running) return {};
    if (state_ != State::paused) return wrong_state("resume", "start() comes first");
    std::vector<Error> errors;
    for (Probe& probe : probes_) {
        if (probe.state != ProbeState::paused) continue;
        attach_probe(probe);
        if (probe.state != ProbeState::running) errors.push_back(*probe.reason);
    }
    state_ = State::running;
    return join_errors(std::move(errors), "while resuming '" + spec.name + "'");
}

}  // namespace gadget::runtime
