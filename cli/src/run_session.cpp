// SPDX-License-Identifier: Apache-2.0
#include "run_session.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kFlushSize = 64 << 10;
constexpr std::uint32_t kMapTypePerfEventArray = 4;  // enum bpf_map_type, include/uapi/linux/bpf.h

std::int64_t now_ns(clockid_t clock) {
    timespec time{};
    (void)::clock_gettime(clock, &time);  // cannot fail for these clocks
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int utc_offset(std::int64_t unix_seconds) {
    const time_t seconds = unix_seconds;
    tm local{};
    return ::localtime_r(&seconds, &local) == nullptr ? 0 : static_cast<int>(local.tm_gmtoff);
}

std::optional<events::NameTable> name_table(const char* file) {
    const auto text = read_text_file(file);
    if (!text) return std::nullopt;
    return events::parse_name_table(*text);
}

events::Environment machine_environment() {
    events::Environment environment;
    environment.boot_to_wall_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME);
    environment.utc_offset = utc_offset;
    environment.users = name_table("/etc/passwd");
    environment.groups = name_table("/etc/group");
    return environment;
}

}  // namespace

/// A data source, its map and its writer. Exactly one of the writers is there, none for RunFormat::none.
struct RunSession::Source {
    std::string name;
    std::string map;
    bool perf = false;
    events::DataSource data;
    std::optional<events::JsonWriter> json;
    std::optional<events::ColumnsWriter> columns;
    std::optional<events::Filter> filter;
};

RunSession::RunSession(const RunOptions& options, const Context& context)
    : options_(options), context_(context) {}

RunSession::~RunSession() = default;

Result<void> RunSession::add_source(const LoadedGadget& gadget, const model::ObjectFacts& facts,
                                    const model::TracerFacts& tracer, runtime::ManagerSpec& spec) {
    const auto schema = facts.structs.find(tracer.struct_name);
    const model::MapFacts* map = facts.find_map(tracer.map);
    if (schema == facts.structs.end() || map == nullptr) {
        return Error{
            .code = ErrorCode::rejected_input,
            .message = "data source '" + tracer.name + "' has no " +
                       (map == nullptr ? "map '" + tracer.map + "'" : "struct '" + tracer.struct_name + "'"),
            .hint = "run 'gadget validate' on it"};
    }
    const model::DataSourceMetadata* metadata = nullptr;
    if (gadget.manifest) {
        const auto found = gadget.manifest->datasources.find(tracer.name);
        if (found != gadget.manifest->datasources.end()) metadata = &found->second;
    }
    GADGET_TRY_ASSIGN(auto data, events::DataSource::create(
                                     {.name = tracer.name, .schema = schema->second, .metadata = metadata},
                                     machine_environment()));
    auto source = std::make_unique<Source>(
        Source{tracer.name, tracer.map, map->type == kMapTypePerfEventArray, std::move(data), {}, {}, {}});
    switch (options_.format) {
        case RunFormat::columns: {
            GADGET_TRY_ASSIGN(source->columns, events::ColumnsWriter::create(
                                                   source->data, {.terminal_width = context_.terminal.width(),
                                                                  .fields = options_.fields}));
            break;
        }
        case RunFormat::json:
            source->json.emplace(source->data, events::TextFormat::json);
            break;
        case RunFormat::json_pretty:
            source->json.emplace(source->data, events::TextFormat::json_pretty);
            break;
        case RunFormat::yaml:
            source->json.emplace(source->data, events::TextFormat::yaml);
            break;
        case RunFormat::none:
            break;
    }
    if (!options_.filter.empty()) {
        GADGET_TRY_ASSIGN(source->filter, events::Filter::parse(source->data, options_.filter));
    }
    Source* target = source.get();
    sources_.push_back(std::move(source));
    if (target->perf) {
        spec.perf_buffers.push_back(
            {.map = tracer.map,
             .on_record = [this, target](int, events::Record record) { take(*target, record); }});
    } else {
        spec.ring_buffers.push_back({.map = tracer.map, .on_record = [this, target](events::Record record) {
                                         take(*target, record);
                                     }});
    }
    return {};
}

Result<std::unique_ptr<RunSession>> RunSession::create(const LoadedGadget& gadget, const RunOptions& options,
                                                       std::vector<ParamValue> params,
                                                       const Context& context) {
    const LoadedObject& object = *gadget.find(model::host_arch());
    std::unique_ptr<RunSession> session(new RunSession(options, context));
    runtime::ManagerSpec spec;
    spec.name = gadget.name;
    spec.object = runtime::ObjectBytes{object.object};
    for (auto& param : params)
        spec.constants.push_back({.name = param.variable, .value = std::move(param.value)});
    for (const auto& tracer : object.facts.tracers)
        GADGET_TRY(session->add_source(gadget, object.facts, tracer, spec));
    GADGET_TRY_ASSIGN(auto manager, runtime::Manager::create(std::move(spec)));
    session->manager_ = std::make_unique<runtime::Manager>(std::move(manager));
    GADGET_TRY(session->manager_->init());
    return session;
}

void RunSession::take(Source& source, events::Record record) {
    if (enough() || (source.filter && !source.filter->matches(record))) return;
    if (source.json) source.json->append(record, out_);
    if (source.columns) source.columns->append(record, out_);
    ++printed_;
    if (out_.size() >= kFlushSize) flush();
}

void RunSession::flush() {
    context_.terminal.print(out_);
    out_.clear();
}

Result<void> RunSession::tell_ready() const {
    if (options_.ready_fd < 0) return {};
    return write_all(options_.ready_fd, as_bytes("\n"), "cannot write to the descriptor of --ready-fd");
}

Result<void> RunSession::loop() {
    const bool limited = options_.timeout.count() > 0;
    const auto deadline = Clock::now() + options_.timeout;
    while (!enough() && !context_.terminal.output_failed()) {
        auto wait = std::chrono::milliseconds(-1);
        if (limited) {
            wait = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
            if (wait.count() <= 0) return {};
        }
        const auto count = manager_->poll(wait, context_.cancel);
        flush();
        if (!count && count.error().code == ErrorCode::cancelled) return {};
        if (!count) return count.error();
    }
    return {};
}

void RunSession::tell_losses() {
    for (const auto& source : sources_) {
        std::uint64_t lost = 0;
        if (source->perf) {
            for (const auto& stats : manager_->reader_stats())
                lost += stats.map == source->map ? stats.lost : 0;
        } else {
            lost = manager_->lost_samples(source->map).value_or(0U);
        }
        if (lost == 0) continue;
        context_.terminal.say("gadget: warning: lost " + std::to_string(lost) + " events of '" +
                              source->name + "': they came faster than they were read");
    }
}

Result<void> RunSession::run() {
    for (const auto& source : sources_) {
        if (source->columns) out_ += source->columns->header();
    }
    flush();
    GADGET_TRY(manager_->start());
    GADGET_TRY(tell_ready());
    Result<void> looped = loop();
    tell_losses();                  // before the detaching, during which nobody reads and nobody is meant to
    GADGET_TRY(manager_->pause());  // no new events; those in the buffers are still handed over
    if (looped) {
        auto rest = manager_->consume();
        if (!rest) looped = std::move(rest).error();
    }
    Result<void> stopped = manager_->stop();
    flush();
    return looped ? std::move(stopped) : std::move(looped);
}

}  // namespace gadget::cli
