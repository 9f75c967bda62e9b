// SPDX-License-Identifier: Apache-2.0
#include "source_plan.h"

#include <algorithm>
#include <charconv>

#include "gadget/support/text.h"
#include "kernel_enums.h"
#include "yaml_tree.h"

namespace gadget::session {
namespace {

constexpr std::uint32_t kMapTypeHash = 1;  // enum bpf_map_type, include/uapi/linux/bpf.h
constexpr std::uint32_t kMapTypePerfEventArray = 4;
constexpr std::size_t kMaxKernelBtf = std::size_t{64} << 20;

Error rejected(std::string message, std::string hint = "run 'gadget validate' on it") {
    return Error{.code = ErrorCode::rejected_input, .message = std::move(message), .hint = std::move(hint)};
}

std::string annotation(const model::DataSourceMetadata& metadata, std::string_view key) {
    for (const auto& [name, value] : metadata.annotations) {
        if (lower_case(name) == key) return value;
    }
    return {};
}

Result<std::uint64_t> parse_count(const std::string& text, const std::string& what) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = what + ": '" + printable(text) + "' is not a number of fetches"};
    }
    return count;
}

/// The schedule in words; empty words keep what `schedule` has.
Result<void> set_schedule(const std::string& interval, const std::string& count, const std::string& what,
                          ScheduleSpec& schedule) {
    if (!interval.empty()) {
        auto parsed = parse_duration(interval);
        if (!parsed) {
            Error error = std::move(parsed).error();
            error.message = what + ": " + error.message;
            return error;
        }
        schedule.interval = *parsed;
    }
    if (!count.empty()) {
        GADGET_TRY_ASSIGN(schedule.count, parse_count(count, what));
    }
    return {};
}

class Planner {
  public:
    explicit Planner(const PlanInput& input) : input_(input) {}

    Result<std::vector<SourcePlan>> plan() {
        for (const auto& tracer : input_.facts.tracers) GADGET_TRY(add_tracer(tracer));
        for (const auto& iterator : input_.facts.iterators) GADGET_TRY(add_iterator(iterator));
        for (const auto& iterator : input_.facts.map_iterators) GADGET_TRY(add_map_iterator(iterator));
        for (const auto& [name, settings] : input_.metadata.statistics)
            GADGET_TRY(add_statistics(name, settings));
        return std::move(plans_);
    }

  private:
    Result<const model::EventSchema*> find_struct(const std::string& source, const std::string& name) const {
        const auto found = input_.facts.structs.find(name);
        if (found != input_.facts.structs.end()) return &found->second;
        return rejected("data source '" + printable(source) + "' has no struct '" + printable(name) + "'");
    }

    Result<const model::MapFacts*> find_map(const std::string& source, const std::string& name) const {
        const model::MapFacts* map = input_.facts.find_map(name);
        if (map != nullptr) return map;
        return rejected("data source '" + printable(source) + "' has no map '" + printable(name) + "'");
    }

    Result<SourcePlan*> add(SourceKind kind, const std::string& name, model::EventSchema schema,
                            model::DataSourceMetadata metadata = {}) {
        for (const auto& plan : plans_) {
            if (plan.source->name() == name)
                return rejected("data source '" + printable(name) + "' is declared twice");
        }
        for (const auto& [key, value] : input_.metadata.manifest.datasources) {
            if (lower_case(key) == lower_case(name)) lay_over(value, metadata);
        }
        GADGET_TRY(check_stacks(schema));
        take_kernel_enums(schema);
        GADGET_TRY_ASSIGN(auto data,
                          events::DataSource::create({.name = name, .schema = schema, .metadata = &metadata},
                                                     input_.environment));
        plans_.push_back({.source = std::make_unique<Source>(
                              Source{kind, std::move(data), std::move(schema), std::move(metadata)})});
        return &plans_.back();
    }

    static void lay_over(const model::DataSourceMetadata& declared, model::DataSourceMetadata& target) {
        for (const auto& [key, value] : declared.annotations) target.annotations[key] = value;
        for (const auto& [path, field] : declared.fields) {
            for (const auto& [key, value] : field.annotations) target.fields[path].annotations[key] = value;
        }
    }

    /// The object's map of kernel stacks has to be there when a field names one.
    Result<void> check_stacks(const model::EventSchema& schema) const {
        for (const auto& field : schema.fields) {
            if (field.has_type("gadget_kernel_stack") && input_.facts.find_map("ig_kstack") == nullptr) {
                return rejected("field '" + printable(field.path) +
                                "' is a kernel stack, but the object has no map 'ig_kstack'");
            }
        }
        return {};
    }

    /// Enumerators of the running kernel win over those of the object.
    static void take_kernel_enums(model::EventSchema& schema) {
        std::set<std::string> wanted;
        for (const auto& field : schema.fields) {
            if (!field.enum_name.empty()) wanted.insert(field.enum_name);
        }
        if (wanted.empty()) return;
        const auto btf = read_file("/sys/kernel/btf/vmlinux", kMaxKernelBtf);
        if (!btf) return;
        const EnumTable found = find_enums(*btf, wanted);
        for (auto& field : schema.fields) {
            const auto entry = found.find(field.enum_name);
            if (entry != found.end()) field.enumerators = entry->second;
        }
    }

    Result<void> add_tracer(const model::TracerFacts& tracer) {
        GADGET_TRY_ASSIGN(const auto* const schema, find_struct(tracer.name, tracer.struct_name));
        GADGET_TRY_ASSIGN(const auto* const map, find_map(tracer.name, tracer.map));
        GADGET_TRY_ASSIGN(SourcePlan* const plan, add(SourceKind::tracer, tracer.name, *schema));
        plan->map = tracer.map;
        plan->perf = map->type == kMapTypePerfEventArray;
        return {};
    }

    Result<void> add_iterator(const model::IterFacts& iterator) {
        GADGET_TRY_ASSIGN(const auto* const schema, find_struct(iterator.name, iterator.struct_name));
        for (const auto& program : iterator.programs) {
            if (input_.facts.find_program(program) == nullptr) {
                return rejected("data source '" + printable(iterator.name) + "' has no program '" +
                                printable(program) + "'");
            }
        }
        GADGET_TRY_ASSIGN(SourcePlan* const plan, add(SourceKind::iterator, iterator.name, *schema));
        plan->programs = iterator.programs;
        plan->schedule = {.interval = std::chrono::nanoseconds(0), .count = 1};
        const auto& metadata = plan->source->metadata;
        const std::string interval = annotation(metadata, "fetch-interval");
        const std::string count = annotation(metadata, "fetch-count");
        // An interval without a count means: again and again.
        if (!interval.empty() && count.empty()) plan->schedule.count = 0;
        GADGET_TRY(set_schedule(interval, count, "data source '" + iterator.name + "'", plan->schedule));
        plan->schedule.on_stop = annotation(metadata, "ebpf.iter.fetch-on-stop") == "true";
        return {};
    }

    Result<void> add_map_iterator(const model::MapIterFacts& iterator) {
        GADGET_TRY_ASSIGN(const auto* const map, find_map(iterator.name, iterator.map));
        if (map->type != kMapTypeHash || !map->key_schema || !map->value_schema) {
            return rejected("data source '" + printable(iterator.name) + "': map '" + printable(map->name) +
                            "' is not a hash map whose key and value are structs");
        }
        GADGET_TRY_ASSIGN(auto schema, events::make_row_schema(*map->key_schema, *map->value_schema));
        GADGET_TRY_ASSIGN(SourcePlan* const plan,
                          add(SourceKind::map_iterator, iterator.name, std::move(schema)));
        plan->map = iterator.map;
        return schedule_map_iterator(*plan);
    }

    /// Command line, then metadata's paramDefaults, then annotations, then 1 s without limit.
    Result<void> schedule_map_iterator(SourcePlan& plan) const {
        const std::string& name = plan.source->name();
        plan.schedule.interval = std::chrono::seconds(1);
        const auto& metadata = plan.source->metadata;
        const std::string what = "data source '" + name + "'";
        GADGET_TRY(set_schedule(annotation(metadata, "fetch-interval"), annotation(metadata, "fetch-count"),
                                what, plan.schedule));
        GADGET_TRY_ASSIGN(const std::string interval,
                          fetch_option("map-fetch-interval", input_.options.map_fetch_interval, name));
        GADGET_TRY_ASSIGN(const std::string count,
                          fetch_option("map-fetch-count", input_.options.map_fetch_count, name));
        GADGET_TRY(set_schedule(interval, count, "--map-fetch of " + what, plan.schedule));
        plan.schedule.on_stop = annotation(metadata, "ebpf.map.flush-on-stop") == "true";
        if (plan.schedule.interval.count() == 0 && plan.schedule.count > 1) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = what + " is to be fetched " + std::to_string(plan.schedule.count) +
                                    " times without an interval",
                         .hint = "give --map-fetch-interval"};
        }
        return {};
    }

    Result<std::string> fetch_option(const std::string& key, const std::string& given,
                                     const std::string& source) const {
        std::string text = given;
        const auto& defaults = input_.metadata.param_defaults;
        const auto found = defaults.find("operator.oci.ebpf." + key);
        if (text.empty() && found != defaults.end()) text = found->second;
        GADGET_TRY_ASSIGN(auto own, events::option_for_source(text, ',', source));
        return own.value_or("");
    }

    Result<void> add_statistics(const std::string& name, const StatisticsMetadata& settings) {
        GADGET_TRY_ASSIGN(auto statistics, make_statistics(name, settings.fields));
        GADGET_TRY_ASSIGN(SourcePlan* const plan, add(SourceKind::statistics, statistics->source_name(),
                                                      statistics->schema(), statistics->metadata()));
        const std::string what = "operator." + name;
        plan->schedule.interval = statistics->default_interval();
        GADGET_TRY(set_schedule(settings.interval, settings.count, what, plan->schedule));
        GADGET_TRY(set_schedule(annotation(plan->source->metadata, "fetch-interval"),
                                annotation(plan->source->metadata, "fetch-count"), what, plan->schedule));
        if (!settings.first_interval.empty()) {
            GADGET_TRY_ASSIGN(plan->schedule.first, parse_duration(settings.first_interval));
        }
        plan->statistics = std::move(statistics);
        return {};
    }

    const PlanInput& input_;
    std::vector<SourcePlan> plans_;
};

}  // namespace

Result<std::vector<SourcePlan>> plan_sources(const PlanInput& input) {
    return Planner(input).plan();
}

Result<void> apply_annotations(const std::vector<std::string>& annotations, model::Manifest& manifest) {
    for (const auto& text : annotations) {
        const auto colon = text.find(':');
        const auto equals = text.find('=', colon == std::string::npos ? 0 : colon);
        if (colon == 0 || colon == std::string::npos || equals == std::string::npos || equals == colon + 1) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "--annotate: '" + printable(text) + "' is not source:key=value",
                         .hint = "for a field write source.field:key=value"};
        }
        const std::string subject = text.substr(0, colon);
        const std::string key = lower_case(text.substr(colon + 1, equals - colon - 1));
        const std::string value = text.substr(equals + 1);
        const auto dot = subject.find('.');
        auto& source = manifest.datasources[subject.substr(0, dot)];
        if (dot == std::string::npos) {
            source.annotations[key] = value;
        } else {
            source.fields[subject.substr(dot + 1)].annotations[key] = value;
        }
    }
    return {};
}

}  // namespace gadget::session
