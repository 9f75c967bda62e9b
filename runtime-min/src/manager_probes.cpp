// SPDX-License-Identifier: Apache-2.0
// Changing the set of probes of a Manager that is loaded.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "manager_impl.h"
#include "trace_event.h"

namespace gadget::runtime {

Probe* Manager::Impl::find_probe(const ProbeId& id) {
    const auto found = std::ranges::find_if(probes_, [&](const Probe& probe) { return probe.spec.id == id; });
    return found == probes_.end() ? nullptr : &*found;
}

const Probe* Manager::Impl::find_probe(const ProbeId& id) const {
    return const_cast<Impl*>(this)->find_probe(id);
}

const Program* Manager::Impl::program_of(const Probe& probe) const {
    return probe.clone ? probe.clone.get() : object_.find_program(probe.spec.id.program);
}

/// The program that a new hook or clone is for.
Result<const Program*> Manager::Impl::hookable(const ProbeSpec& probe) const {
    if (state_ == State::reset) return wrong_state("add a hook to", "init() comes first");
    if (find_probe(probe.id) != nullptr) {
        return Error{ErrorCode::already_exists, "there is a probe '" + to_string(probe.id) + "' already",
                     "give it another uid"};
    }
    const Program* const program = object_.find_program(probe.id.program);
    if (program == nullptr || !program->loaded()) {
        return Error{ErrorCode::not_found, "program '" + probe.id.program + "' is not loaded"};
    }
    if (!probe.section.empty()) {
        return Error{ErrorCode::invalid_argument,
                     "hook '" + to_string(probe.id) + "': the section of a loaded program is fixed"};
    }
    return program;
}

namespace {

int* netns_of(AttachTarget& target) {
    if (auto* const interface = std::get_if<NetInterface>(&target)) return &interface->netns_fd;
    if (auto* const hook = std::get_if<NetfilterHook>(&target)) return &hook->netns_fd;
    return nullptr;
}

}  // namespace

void Probe::keep_netns() {
    int* const borrowed = netns_of(spec.target);
    if (borrowed == nullptr || *borrowed < 0) return;
    netns.reset(fcntl(*borrowed, F_DUPFD_CLOEXEC, 0));
    if (netns) *borrowed = netns.get();  // else attaching tells what is wrong with it
}

Result<void> Manager::Impl::add_probe(Probe probe) {
    probe.keep_netns();
    probe.state = state_ == State::paused ? ProbeState::paused : ProbeState::loaded;
    if (state_ == State::running && probe.spec.enabled) {
        attach_probe(probe);
        if (probe.state != ProbeState::running) return *probe.reason;
    }
    if (!activation_.empty()) activation_.push_back(Selector::best_effort({Selector::probe(probe.spec.id)}));
    probes_.push_back(std::move(probe));
    return {};
}

Result<void> Manager::Impl::add_hook(ProbeSpec probe_spec) {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    GADGET_TRY(hookable(probe_spec));
    if (std::holds_alternative<KernelTarget>(probe_spec.target)) {
        return Error{
            ErrorCode::invalid_argument,
            "hook '" + to_string(probe_spec.id) + "': the kernel target of a loaded program is fixed",
            "clone the program"};
    }
    Probe probe;
    probe.spec = std::move(probe_spec);
    return add_probe(std::move(probe));
}

Result<void> Manager::Impl::clone_program(CloneSpec clone) {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    if (clone.probe.id.uid.empty()) {
        return Error{ErrorCode::invalid_argument, "a clone of '" + clone.probe.id.program + "' needs a uid"};
    }
    GADGET_TRY_ASSIGN(const Program* const original, hookable(clone.probe));
    auto copy = runtime::clone_program(object_, *original, clone, load_log_);
    if (!copy) return std::move(copy).context("while cloning '" + to_string(clone.probe.id) + "'").error();
    Probe probe;
    probe.spec = std::move(clone.probe);
    probe.clone = std::make_unique<Program>(std::move(*copy));
    return add_probe(std::move(probe));
}

Result<void> Manager::Impl::remove_hook(const ProbeId& id) {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    Probe* const probe = find_probe(id);
    if (probe == nullptr) return Error{ErrorCode::not_found, "there is no probe '" + to_string(id) + "'"};
    auto detached = detach_probe(*probe, ProbeState::loaded);
    probes_.erase(probes_.begin() + (probe - probes_.data()));
    return detached;
}

Result<std::size_t> Manager::Impl::leave_network_namespace(int netns_fd) {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    struct stat wanted{};
    if (netns_fd < 0 || fstat(netns_fd, &wanted) != 0)
        return Error{ErrorCode::invalid_argument,
                     "leaving a network namespace: this is no descriptor of one"};
    std::vector<Error> errors;
    std::size_t left = 0;
    for (auto probe = probes_.begin(); probe != probes_.end();) {
        struct stat here{};
        if (!probe->netns || fstat(probe->netns.get(), &here) != 0 || here.st_dev != wanted.st_dev ||
            here.st_ino != wanted.st_ino) {
            ++probe;
            continue;
        }
        auto detached = detach_probe(*probe, ProbeState::loaded);
        if (!detached) errors.push_back(std::move(detached).error());
        probe = probes_.erase(probe);
        ++left;
    }
    GADGET_TRY(join_errors(std::move(errors), "while leaving a network namespace"));
    return left;
}

Result<void> Manager::Impl::update_activation(std::vector<Selector> activation) {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    if (state_ == State::reset) return wrong_state("change the activation of", "init() comes first");
    const Selector wanted = Selector::all_of(activation);
    const auto ids = selected_probes(wanted);
    for (const ProbeId& id : ids) {
        if (find_probe(id) == nullptr)
            return Error{ErrorCode::not_found, "there is no probe '" + to_string(id) + "'"};
    }
    std::vector<ProbeId> added;
    if (state_ == State::running) {
        for (const ProbeId& id : ids) {
            Probe& probe = *find_probe(id);
            if (probe.state == ProbeState::running) continue;
            attach_probe(probe);
            if (probe.state == ProbeState::running) added.push_back(id);
        }
        auto held = evaluate(wanted, [this](const ProbeId& id) { return verdict(id); });
        if (!held) {
            for (const ProbeId& id : added) (void)detach_probe(*find_probe(id), ProbeState::loaded);
            return std::move(held).context("while changing the activation of '" + spec.name + "'");
        }
    }
    std::vector<Error> errors;
    for (Probe& probe : probes_) {
        const bool keep = std::ranges::find(ids, probe.spec.id) != ids.end();
        if (keep && state_ == State::paused && probe.state == ProbeState::loaded)
            probe.state = ProbeState::paused;
        if (keep) probe.spec.enabled = true;
        if (keep) continue;
        auto detached = detach_probe(probe, ProbeState::loaded);
        if (!detached) errors.push_back(std::move(detached).error());
    }
    activation_ = std::move(activation);
    return join_errors(std::move(errors), "while changing the activation of '" + spec.name + "'");
}

void Manager::Impl::remove_leftovers() const {
    const auto uses_events = [this](ProbeMethod method, const char* source) {
        std::error_code ignored;
        return method == ProbeMethod::events ||
               (method == ProbeMethod::automatic &&
                !std::filesystem::exists(spec.options.event_sources / source, ignored));
    };
    const auto by_event = [&](const ProbeSpec& probe) {
        if (const auto* t = std::get_if<KernelFunction>(&probe.target))
            return t->max_active != 0 || uses_events(t->method, "kprobe");
        const auto* const t = std::get_if<UserFunction>(&probe.target);
        return t != nullptr && uses_events(t->method, "uprobe");
    };
    if (std::ranges::any_of(probes_, by_event, &Probe::spec))
        (void)remove_dead_events(spec.options.host_proc);
}

Result<bool> Manager::Impl::is_attached(const ProbeId& id) const {
    const std::shared_lock data(data_);
    const Probe* const probe = find_probe(id);
    if (probe == nullptr) return Error{ErrorCode::not_found, "there is no probe '" + to_string(id) + "'"};
    return probe->attachment && probe->attachment->is_there();
}

Result<void> Manager::Impl::rename_probe(const ProbeId& from, std::string uid) {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    Probe* const probe = find_probe(from);
    if (probe == nullptr) return Error{ErrorCode::not_found, "there is no probe '" + to_string(from) + "'"};
    if (probe->state == ProbeState::running || probe->state == ProbeState::paused) {
        return Error{ErrorCode::invalid_argument,
                     "probe '" + to_string(from) + "' cannot be renamed while it runs"};
    }
    ProbeId to{from.program, std::move(uid)};
    if (find_probe(to) != nullptr) {
        return Error{ErrorCode::already_exists, "there is a probe '" + to_string(to) + "' already"};
    }
    for (Selector& selector : activation_) runtime::rename_probe(selector, from, to);
    probe->spec.id = std::move(to);
    return {};
}

namespace {

Result<UniqueFd> duplicate(const Program* program, std::string_view name) {
    if (program == nullptr || !program->loaded()) {
        return Error{ErrorCode::not_found, "program '" + std::string(name) + "' is not loaded"};
    }
    UniqueFd fd(fcntl(program->fd(), F_DUPFD_CLOEXEC, 0));
    if (!fd) return errno_error(errno, "opening program '" + std::string(name) + "'");
    return fd;
}

}  // namespace

Result<UniqueFd> Manager::Impl::program_fd(std::string_view name) const {
    const std::shared_lock data(data_);
    return duplicate(object_.find_program(name), name);
}

Result<UniqueFd> Manager::Impl::probe_program_fd(const ProbeId& id) const {
    const std::shared_lock data(data_);
    const Probe* const probe = find_probe(id);
    if (probe == nullptr) return Error{ErrorCode::not_found, "there is no probe '" + to_string(id) + "'"};
    return duplicate(program_of(*probe), id.program);
}

Result<UniqueFd> Manager::Impl::perf_event_fd(const ProbeId& id) const {
    const std::shared_lock data(data_);
    const Probe* const probe = find_probe(id);
    if (probe == nullptr) return Error{ErrorCode::not_found, "there is no probe '" + to_string(id) + "'"};
    if (!probe->attachment)
        return Error{ErrorCode::invalid_argument, "probe '" + to_string(id) + "' does not run",
                     "start() comes first"};
    if (probe->attachment->perf_event() < 0) {
        return Error{ErrorCode::unsupported,
                     "probe '" + to_string(id) + "' stands on no perf event of its own"};
    }
    UniqueFd fd(fcntl(probe->attachment->perf_event(), F_DUPFD_CLOEXEC, 0));
    if (!fd) return errno_error(errno, "opening the perf event of '" + to_string(id) + "'");
    return fd;
}

std::vector<ProgramInfo> Manager::Impl::programs() const {
    const std::shared_lock data(data_);
    std::vector<ProgramInfo> result;
    for (const Program& program : object_.programs()) {
        if (!program.loaded()) continue;
        ProgramInfo info;
        info.name = program.name;
        info.section = program.section;
        bpf_prog_info kernel{};
        __u32 size = sizeof(kernel);
        if (bpf_obj_get_info_by_fd(program.fd(), &kernel, &size) == 0) {
            info.id = kernel.id;
            info.type = kernel.type;
            info.instructions = kernel.xlated_prog_len / static_cast<std::uint32_t>(sizeof(bpf_insn));
            info.jited_bytes = kernel.jited_prog_len;
            info.verified_instructions = kernel.verified_insns;
        }
        result.push_back(std::move(info));
    }
    return result;
}

}  // namespace gadget::runtime
