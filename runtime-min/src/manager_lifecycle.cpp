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
    const auto load = [&](std::span<const std::byte> bytes) -> Result<Object> {
        ObjectImage image = ObjectImage::open(bytes);
        GADGET_TRY(image.patch(spec.patchers));
        GADGET_TRY(image.set_constants(spec.constants, spec.name));
        const LoadPlan plan{spec, image, [this](const std::string& program) {
                                return has_probe(spec, program) && !is_required(spec, program);
                            }};
        return Object::load(plan, log).context("while loading '" + spec.name + "'");
    };
    if (opened_) return load(*opened_);
    if (const auto* const given = std::get_if<ObjectBytes>(&spec.object)) return load(given->bytes);
    GADGET_TRY_ASSIGN(const Bytes bytes, read_file(std::get<ObjectFile>(spec.object).path));
    return load(bytes);
}

Result<ObjectContents> Manager::Impl::open() {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    if (state_ != State::reset || opened_) {
        return Error{ErrorCode::already_exists, "the object of '" + spec.name + "' is open already"};
    }
    Bytes bytes;
    if (const auto* const given = std::get_if<ObjectBytes>(&spec.object)) {
        bytes = given->bytes;
    } else {
        GADGET_TRY_ASSIGN(bytes, read_file(std::get<ObjectFile>(spec.object).path));
    }
    GADGET_TRY_ASSIGN(ObjectContents contents, inspect_object(ObjectImage::open(bytes), spec.name));
    opened_ = std::move(bytes);
    return contents;
}

Result<void> Manager::Impl::make_probes() {
    probes_.clear();
    const auto add = [this](const ProbeSpec& probe_spec, const Program& program) {
        Probe probe;
        probe.spec = probe_spec;
        probe.keep_netns();
        probe.state = program.loaded() ? ProbeState::loaded : ProbeState::excluded;
        probe.reason = program.left_out;
        probes_.push_back(std::move(probe));
    };
    for (const ProbeSpec& probe : spec.probes) add(probe, *object_.find_program(probe.id.program));
    if (!spec.probes.empty()) return copy_programs();
    for (const Program& program : object_.programs()) {
        if (!program.wanted) continue;
        ProbeSpec probe;
        probe.id.program = program.name;
        probe.enabled = has_target(program, probe);
        add(probe, program);
    }
    return {};
}

/// Probes with a program of their own get it now, with the constants that are theirs.
Result<void> Manager::Impl::copy_programs() {
    for (Probe& probe : probes_) {
        if (!probe.spec.own_copy || probe.state != ProbeState::loaded) continue;
        CloneSpec clone;
        clone.probe.id = probe.spec.id;
        for (const Constant& constant : spec.constants) {
            if (std::ranges::find(constant.probes, probe.spec.id) != constant.probes.end())
                clone.constants.push_back(constant);
        }
        const Program& original = *object_.find_program(probe.spec.id.program);
        auto copy = runtime::clone_program(object_, original, clone, load_log_);
        if (copy) {
            probe.clone = std::make_unique<Program>(std::move(*copy));
            continue;
        }
        Error reason = std::move(copy).context("while copying '" + to_string(probe.spec.id) + "'").error();
        const bool required =
            spec.activation.empty() || std::ranges::any_of(spec.activation, [&](const Selector& selector) {
                return runtime::is_required(selector, probe.spec.id);
            });
        if (required) return reason;
        probe.state = ProbeState::excluded;
        probe.reason = std::move(reason);
    }
    return {};
}

Selector Manager::Impl::goal() const {
    if (!activation_.empty()) return Selector::all_of(activation_);
    std::vector<Selector> all;
    for (const Probe& probe : probes_) {
        // What was excluded by the spec without an activation is not asked for.
        if (probe.spec.enabled && !object_.is_excluded(probe.spec.id.program))
            all.push_back(Selector::probe(probe.spec.id));
    }
    return Selector::all_of(std::move(all));
}

/// Lets go of everything that init() made.
void Manager::Impl::release() {
    readers_.clear();
    probes_.clear();
    extra_maps_.clear();
    object_ = Object();
    state_ = State::reset;
}

/// What has to be in place before a program may run.
Result<void> Manager::Impl::complete_init() {
    GADGET_TRY(take_replacements());
    GADGET_TRY(make_probes());
    GADGET_TRY(pin_programs());
    GADGET_TRY(fill_maps());
    GADGET_TRY_ASSIGN(readers_, open_readers());
    return {};
}

Result<void> Manager::Impl::init() {
    const std::lock_guard control(control_);
    if (state() > State::initialized) return wrong_state("load", "stop() comes first");
    if (state() == State::initialized) {
        const std::lock_guard reading(reading_);
        const std::unique_lock data(data_);
        release();
    }
    plan_map_pins();
    std::string log;
    auto object = load_object(log);
    const std::lock_guard reading(reading_);
    const std::unique_lock data(data_);
    load_log_ = std::move(log);
    if (!object) {
        map_pins_.clear();  // libbpf has taken back its own
        return std::move(object).error();
    }
    object_ = std::move(*object);
    auto ready = complete_init();
    if (!ready) {
        release();
        undo_pins();
        return ready;
    }
    activation_ = spec.activation;
    state_ = State::initialized;
    return {};
}

void Manager::Impl::attach_probe(Probe& probe) {
    const Program* const program = program_of(probe);
    if (probe.state == ProbeState::running || program == nullptr || !program->loaded()) return;
    const unsigned attempts = probe.spec.retries.value_or(spec.options.retries) + 1;
    for (unsigned attempt = 1;; ++attempt) {
        auto attachment = adopt_or_attach(probe, *program);
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

Result<void> Manager::Impl::detach_all(ProbeState next, bool stopping) {
    std::vector<Error> errors;
    for (auto probe = probes_.rbegin(); probe != probes_.rend(); ++probe) {
        auto detached = detach_probe(*probe, next, stopping);
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
    if (state_ == State::paused) return resume_probes();
    if (state_ == State::reset) return wrong_state("start", "init() comes first");
    remove_leftovers();
    const Selector wanted = goal();
    const auto ids = selected_probes(wanted);
    for (Probe& probe : probes_) {
        if (probe.spec.enabled && std::ranges::find(ids, probe.spec.id) != ids.end()) attach_probe(probe);
    }
    auto held = evaluate(wanted, [this](const ProbeId& id) { return verdict(id); });
    if (held) {
        state_ = State::running;
        return {};
    }
    // What is taken back here never ran as far as the user knows; failures of that are less news than the
    // reason.
    (void)detach_all(ProbeState::loaded);
    return std::move(held).context("while starting '" + spec.name + "'");
}

Result<void> Manager::Impl::stop(Cleanup cleanup) {
    const std::lock_guard control(control_);
    Result<void> detached;
    {
        const std::unique_lock data(data_);
        opened_.reset();
        if (state_ == State::reset) return {};
        detached = detach_all(ProbeState::loaded, true);
    }
    auto drained = consume(SIZE_MAX);
    const std::lock_guard reading(reading_);
    const std::unique_lock data(data_);
    std::vector<Error> errors;
    if (!detached) errors.push_back(std::move(detached).error());
    if (!drained) errors.push_back(std::move(drained).error());
    readers_.clear();
    auto removed = remove_pins(cleanup);
    if (!removed) errors.push_back(std::move(removed).error());
    for (Probe& probe : probes_) {
        probe.state = ProbeState::reset;
        probe.clone.reset();
        probe.netns.reset();
    }
    extra_maps_.clear();
    object_ = Object();
    state_ = State::reset;
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
    return resume_probes();
}

Result<void> Manager::Impl::resume_probes() {
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
