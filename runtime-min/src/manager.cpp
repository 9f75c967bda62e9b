// SPDX-License-Identifier: Apache-2.0
#include "gadget/runtime/manager.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "manager_impl.h"

namespace gadget::runtime {
namespace {

Error bad_spec(const ManagerSpec& spec, const std::string& why) {
    return Error{ErrorCode::invalid_argument, "the description of '" + spec.name + "' is wrong: " + why};
}

Result<void> check_readers(const ManagerSpec& spec) {
    std::set<std::string> maps;
    for (const RingBufferSpec& ring : spec.ring_buffers) {
        if (!maps.insert(ring.map).second) return bad_spec(spec, "map '" + ring.map + "' has two readers");
        if (!ring.on_record && !ring.on_batch)
            return bad_spec(spec, "ring buffer '" + ring.map + "' has no handler");
    }
    for (const PerfBufferSpec& perf : spec.perf_buffers) {
        if (!maps.insert(perf.map).second) return bad_spec(spec, "map '" + perf.map + "' has two readers");
        if (!perf.on_record) return bad_spec(spec, "perf buffer '" + perf.map + "' has no handler");
        if (perf.watermark != 0 && perf.wakeup_events > 1) {
            return bad_spec(spec, "perf buffer '" + perf.map + "' wakes up by records and by bytes");
        }
    }
    return {};
}

bool same_hook(const ProbeSpec& a, const ProbeSpec& b) {
    const auto* const left = std::get_if<KernelTarget>(&a.target);
    const auto* const right = std::get_if<KernelTarget>(&b.target);
    const std::string none;
    return a.section == b.section && (left ? left->name : none) == (right ? right->name : none);
}

Result<void> check_probes(const ManagerSpec& spec) {
    std::set<ProbeId> ids;
    for (const ProbeSpec& probe : spec.probes) {
        if (probe.id.program.empty()) return bad_spec(spec, "a probe names no program");
        if (!ids.insert(probe.id).second)
            return bad_spec(spec, "two probes are called '" + to_string(probe.id) + "'");
        for (const ProbeSpec& other : spec.probes) {
            if (other.id.program != probe.id.program || same_hook(probe, other)) continue;
            return bad_spec(spec, "program '" + probe.id.program +
                                      "' cannot have two sections or kernel targets at once");
        }
    }
    return {};
}

Result<void> check_names(const ManagerSpec& spec) {
    std::set<std::pair<std::string, ProbeId>> constants;
    for (const Constant& constant : spec.constants) {
        std::vector<ProbeId> scopes = constant.probes;
        if (scopes.empty()) scopes.emplace_back();  // the whole object
        for (ProbeId& scope : scopes) {
            if (!constants.emplace(constant.name, std::move(scope)).second)
                return bad_spec(spec, "constant '" + constant.name + "' is set twice");
        }
    }
    std::set<std::string> maps;
    for (const MapEdit& edit : spec.map_edits) {
        if (!maps.insert(edit.map).second) return bad_spec(spec, "map '" + edit.map + "' is edited twice");
    }
    for (const Constant& constant : spec.constants) {
        for (const ProbeId& id : constant.probes) {
            const bool fits = std::ranges::any_of(
                spec.probes, [&](const ProbeSpec& probe) { return probe.id == id && probe.own_copy; });
            if (!fits) {
                return bad_spec(spec, "constant '" + constant.name + "' is for '" + to_string(id) +
                                          "', which is no probe with a copy of its own");
            }
        }
    }
    return {};
}

}  // namespace

std::string_view to_string(State state) {
    switch (state) {
        case State::reset:
            return "not loaded";
        case State::initialized:
            return "loaded";
        case State::paused:
            return "paused";
        case State::running:
            return "running";
    }
    return "unknown";
}

std::string_view to_string(ProbeState state) {
    switch (state) {
        case ProbeState::reset:
            return "not loaded";
        case ProbeState::excluded:
            return "left out";
        case ProbeState::loaded:
            return "loaded";
        case ProbeState::paused:
            return "paused";
        case ProbeState::running:
            return "running";
        case ProbeState::failed:
            return "failed";
    }
    return "unknown";
}

Result<Manager> Manager::create(ManagerSpec spec) {
    GADGET_TRY(check_probes(spec));
    GADGET_TRY(check_readers(spec));
    GADGET_TRY(check_names(spec));
    UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return errno_error(errno, "creating an epoll descriptor");
    return Manager(std::make_unique<Impl>(std::move(spec), std::move(epoll)));
}

Manager::Manager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Manager::Manager(Manager&&) noexcept = default;
Manager& Manager::operator=(Manager&&) noexcept = default;
Manager::~Manager() = default;

State Manager::Impl::state() const {
    const std::shared_lock data(data_);
    return state_;
}

std::string Manager::Impl::load_log() const {
    const std::shared_lock data(data_);
    return load_log_;
}

std::vector<ProbeStatus> Manager::Impl::status() const {
    const std::shared_lock data(data_);
    std::vector<ProbeStatus> result;
    for (const Probe& probe : probes_) {
        ProbeStatus status{probe.spec.id, probe.state, probe.reason, {}, {}};
        if (probe.attachment) status.method = probe.attachment->method();
        const Program* const program = program_of(probe);
        if (program != nullptr) status.target = describe_target(*program, probe.spec);
        result.push_back(std::move(status));
    }
    return result;
}

Result<void> Manager::init() {
    return impl_->init();
}
Result<void> Manager::start() {
    return impl_->start();
}
Result<void> Manager::stop(Cleanup cleanup) {
    return impl_->stop(cleanup);
}
Result<ObjectContents> Manager::open() {
    return impl_->open();
}
Result<void> Manager::pause() {
    return impl_->pause();
}
Result<void> Manager::resume() {
    return impl_->resume();
}
State Manager::state() const {
    return impl_->state();
}
std::vector<ProbeStatus> Manager::status() const {
    return impl_->status();
}
std::vector<ProgramInfo> Manager::programs() const {
    return impl_->programs();
}
std::string Manager::load_log() const {
    return impl_->load_log();
}
int Manager::poll_fd() const {
    return impl_->poll_fd();
}
Result<std::size_t> Manager::consume(std::size_t budget) {
    return impl_->consume(budget);
}
Result<std::size_t> Manager::poll(std::chrono::milliseconds timeout, CancelToken cancel) {
    return impl_->poll(timeout, cancel);
}
std::vector<ReaderStats> Manager::reader_stats() const {
    return impl_->reader_stats();
}
Result<bool> Manager::is_attached(const ProbeId& id) const {
    return impl_->is_attached(id);
}
Result<UniqueFd> Manager::open_iterator(const ProbeId& id) const {
    return impl_->open_iterator(id);
}
std::vector<MapInfo> Manager::maps() const {
    return impl_->maps();
}
Result<MapInfo> Manager::map_info(std::string_view map) const {
    return impl_->map_info(map);
}
Result<UniqueFd> Manager::map_fd(std::string_view map) const {
    return impl_->map_fd(map);
}
Result<UniqueFd> Manager::program_fd(std::string_view program) const {
    return impl_->program_fd(program);
}
Result<UniqueFd> Manager::probe_program_fd(const ProbeId& id) const {
    return impl_->probe_program_fd(id);
}
Result<UniqueFd> Manager::perf_event_fd(const ProbeId& id) const {
    return impl_->perf_event_fd(id);
}
Result<void> Manager::route_maps(std::span<const MapRoute> routes) const {
    return impl_->route_maps(routes);
}
Result<void> Manager::route_tail_calls(std::span<const TailCallRoute> routes) const {
    return impl_->route_tail_calls(routes);
}
Result<void> Manager::add_hook(ProbeSpec probe) {
    return impl_->add_hook(std::move(probe));
}
Result<void> Manager::clone_program(CloneSpec clone) {
    return impl_->clone_program(std::move(clone));
}
Result<std::size_t> Manager::leave_network_namespace(int netns_fd) {
    return impl_->leave_network_namespace(netns_fd);
}
Result<void> Manager::remove_hook(const ProbeId& id) {
    return impl_->remove_hook(id);
}
Result<void> Manager::update_activation(std::vector<Selector> activation) {
    return impl_->update_activation(std::move(activation));
}
Result<void> Manager::rename_probe(const ProbeId& from, std::string uid) {
    return impl_->rename_probe(from, std::move(uid));
}

}  // namespace gadget::runtime
