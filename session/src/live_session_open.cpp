// SPDX-License-Identifier: Apache-2.0
// From a gadget and options to a session whose programs are loaded.
#include <algorithm>
#include <set>

#include "gadget/support/text.h"
#include "gadget/validator.h"
#include "kernel_btf.h"
#include "live_session.h"
#include "packet_filter.h"
#include "socket_owners.h"

namespace gadget::session {
namespace {

/// Whether an iterator shows one network namespace only.
bool walks_network(const model::ObjectFacts& facts, const std::vector<std::string>& programs) {
    return std::any_of(programs.begin(), programs.end(), [&](const std::string& name) {
        const auto* program = facts.find_program(name);
        return program != nullptr && program->parsed &&
               (program->parsed->target == "tcp" || program->parsed->target == "udp");
    });
}

}  // namespace

Result<void> LiveSession::prepare() {
    GADGET_TRY(read_metadata());
    if (!gadget_.facts) gadget_.facts.emplace();
    if (!gadget_.object.empty() && gadget_.facts->programs.empty()) {
        GADGET_TRY_ASSIGN(gadget_.facts, validator::inspect(gadget_.object, {.object_name = gadget_.name}));
    }
    make_environment();
    GADGET_TRY_ASSIGN(auto plans, plan_sources({*gadget_.facts, metadata_, options_, environment_}));
    for (auto& plan : plans) {
        plan.record_size = plan.source->data.record_size();
        plan.per_network_namespace = walks_network(*gadget_.facts, plan.programs);
        plan.kind = plan.source->kind;
        sources_.push_back(std::move(plan.source));
        const Schedule schedule(plan.schedule);
        feeds_.push_back({.plan = std::move(plan), .schedule = schedule});
    }
    dropped_.resize(feeds_.size());
    short_.resize(feeds_.size());
    tell_wasm();
    if (sources_.empty()) {
        return Error{
            .code = ErrorCode::unsupported,
            .message = gadget_.name + " has no data source to show",
            .hint =
                "a gadget declares them with GADGET_TRACER, GADGET_ITER, GADGET_MAPITER, or turns on "
                "an operator in its metadata"};
    }
    GADGET_TRY_ASSIGN(views_, make_views(sources_, options_.view));
    GADGET_TRY_ASSIGN(const auto params, all_params(gadget_));
    GADGET_TRY_ASSIGN(auto constants, assign_params(params, options_.params));
    return gadget_.object.empty() ? Result<void>() : load(std::move(constants));
}

Result<void> LiveSession::read_metadata() {
    GADGET_TRY_ASSIGN(metadata_, read_run_metadata(gadget_.metadata, gadget_.name));
    GADGET_TRY_ASSIGN(const auto custom, custom_params(gadget_.metadata));
    if (!custom.empty()) {
        GADGET_TRY_ASSIGN(const std::string patched,
                          apply_custom_params(gadget_.metadata, custom, options_.params));
        GADGET_TRY_ASSIGN(metadata_, read_run_metadata(patched, gadget_.name));
    }
    return apply_annotations(options_.annotations, metadata_.manifest);
}

void LiveSession::make_environment() {
    environment_ = options_.environment ? *options_.environment : machine_environment();
    if (gadget_.facts->find_map("ig_kstack") == nullptr) return;
    environment_.kernel_stack = [this](std::uint32_t id, std::string& out) { append_kernel_stack(id, out); };
}

Result<void> LiveSession::load(std::vector<ParamValue> constants) {
    const KernelFeatures kernel = probe_kernel();
    const PlanInput input{*gadget_.facts, metadata_, options_, environment_};
    GADGET_TRY_ASSIGN(auto spec, plan_manager(input, kernel, std::move(constants)));
    for (auto& feed : feeds_) feed.plan.perf = feed.plan.perf || !kernel.ring_buffers;
    if (!kernel.boot_clock) replace_boot_clock(gadget_.object);
    if (asks_for_socket_owners(*gadget_.facts))
        warn("nothing fills the map of socket owners (gadget_sockets): fields about them stay empty");
    GADGET_TRY(set_packet_filters(options_.params, options_.compile_packet_filter, gadget_.object));
    GADGET_TRY_ASSIGN(kernel_btf_, kernel_btf_from(gadget_.btfgen));
    if (kernel_btf_) spec.options.kernel_btf = "/proc/self/fd/" + std::to_string(kernel_btf_.get());
    spec.name = gadget_.name;
    spec.object = runtime::ObjectBytes{std::move(gadget_.object)};
    read_events(spec);
    GADGET_TRY_ASSIGN(auto manager, runtime::Manager::create(std::move(spec)));
    manager_ = std::make_unique<runtime::Manager>(std::move(manager));
    GADGET_TRY(manager_->init());
    set_pace();
    return open_maps();
}

/// By the smallest of the buffers that are read.
void LiveSession::set_pace() {
    std::size_t smallest = SIZE_MAX;
    for (const auto& feed : feeds_) {
        if (feed.plan.kind != SourceKind::tracer) continue;
        const auto info = manager_->map_info(feed.plan.map);
        const bool is_ring = info && !feed.plan.perf;
        smallest = std::min<std::size_t>(smallest, is_ring ? info->max_entries : 0);
    }
    pace_ = Pace(smallest);
}

void LiveSession::read_events(runtime::ManagerSpec& spec) {
    for (std::size_t i = 0; i < feeds_.size(); ++i) {
        if (feeds_[i].plan.kind != SourceKind::tracer) continue;
        const std::string& map = feeds_[i].plan.map;
        if (feeds_[i].plan.perf) {
            spec.perf_buffers.push_back({.map = map, .on_record = [this, i](int, events::Record record) {
                                             deliver(i, std::span(&record, 1));
                                         }});
        } else {
            spec.ring_buffers.push_back(
                {.map = map,
                 .on_batch = [this, i](std::span<const events::Record> records) { deliver(i, records); }});
        }
    }
}

Result<void> LiveSession::open_maps() {
    for (auto& feed : feeds_) {
        if (feed.plan.kind != SourceKind::map_iterator) continue;
        GADGET_TRY_ASSIGN(const auto info, manager_->map_info(feed.plan.map));
        GADGET_TRY_ASSIGN(UniqueFd fd, manager_->map_fd(feed.plan.map));
        feed.map =
            std::make_unique<MapFetcher>(std::move(fd), info.key_size, info.value_size, info.max_entries);
        feed.rows = std::make_unique<events::RowBuffer>(info.key_size, info.value_size);
    }
    return {};
}

/// What the image's Wasm module would have added, as far as the metadata tells.
void LiveSession::tell_wasm() {
    if (!gadget_.has_wasm) return;
    std::vector<std::string> missing;
    for (const auto& [name, metadata] : metadata_.manifest.datasources) {
        const auto found = std::find_if(sources_.begin(), sources_.end(),
                                        [&](const auto& source) { return source->name() == name; });
        if (found == sources_.end()) {
            missing.push_back("data source '" + printable(name) + "'");
            continue;
        }
        std::set<std::string> known;
        for (const auto& field : (*found)->data.fields()) known.insert(field.path);
        for (const auto& [path, field] : metadata.fields) {
            if (!known.contains(path)) missing.push_back("field '" + printable(name + "." + path) + "'");
        }
    }
    warn("the image has a Wasm module, which is not run" + (missing.empty()
                                                                ? std::string(": what it computes is missing")
                                                                : "; missing: " + join_words(missing)));
}

}  // namespace gadget::session
