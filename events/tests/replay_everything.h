// SPDX-License-Identifier: Apache-2.0
// Runs bytes that claim to be a recording through every part that reads schemas and records: for the fuzzer,
// and for tests that damage recordings.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "gadget/events.h"

namespace gadget::events::testing {

struct ReplayTarget {
    DataSource source;
    std::vector<JsonWriter> json;
    std::vector<ColumnsWriter> columns;
    std::vector<Filter> filters;
    std::vector<Sorter> sorters;
    std::vector<MetricsCollector> metrics;
    std::vector<PcapngWriter> captures{};
    std::vector<FieldReader> fields{};
};

inline ReplayTarget make_replay_target(DataSource source) {
    ReplayTarget target{std::move(source), {}, {}, {}, {}, {}};
    for (const TextFormat format : {TextFormat::json, TextFormat::json_pretty, TextFormat::yaml}) {
        target.json.emplace_back(target.source, format);
    }
    for (const unsigned width : {0U, 1U, 17U, 200U}) {
        if (auto writer = ColumnsWriter::create(target.source, {.terminal_width = width}))
            target.columns.push_back(std::move(*writer));
    }
    for (const FieldInfo& field : target.source.fields()) {
        for (const char* condition : {"==1", ">=a", "~a.*b"}) {
            if (target.filters.size() > 8) break;
            if (auto filter = Filter::parse(target.source, field.path + condition))
                target.filters.push_back(std::move(*filter));
        }
        if (target.sorters.size() > 4) continue;
        if (auto sorter = Sorter::parse(target.source, "-" + field.path))
            target.sorters.push_back(std::move(*sorter));
    }
    for (const FieldInfo& field : target.source.fields()) {
        if (target.fields.size() > 32) break;
        if (auto reader = FieldReader::create(target.source, field.path))
            target.fields.push_back(std::move(*reader));
    }
    if (auto capture = PcapngWriter::create(target.source)) target.captures.push_back(std::move(*capture));
    if (auto collector = MetricsCollector::create(target.source); collector && *collector) {
        target.metrics.push_back(std::move(**collector));
    }
    return target;
}

inline void replay_records(ReplayTarget& target, std::vector<Record> records) {
    std::string out;
    for (JsonWriter& writer : target.json) writer.append_batch(records, out);
    for (const Record record : records) {
        for (JsonWriter& writer : target.json) writer.append(record, out);
        for (ColumnsWriter& writer : target.columns) writer.append(record, out);
        for (Filter& filter : target.filters) (void)filter.matches(record);
        for (MetricsCollector& collector : target.metrics) collector.add(record);
        for (PcapngWriter& capture : target.captures) capture.append(record, out);
        for (FieldReader& field : target.fields) {
            field.append_text(record, out);
            (void)field.integer(record);
            (void)field.number(record);
        }
        out.clear();
    }
    for (Sorter& sorter : target.sorters) sorter.sort(records);
    for (MetricsCollector& collector : target.metrics) {
        draw_histograms(collector.snapshot(), out);
        write_prometheus(collector.snapshot(), out);
    }
}

inline void replay_everything(const unsigned char* data, std::size_t size) {
    std::size_t at = 0;
    auto reader = RecordingReader::open([&](std::span<std::byte> buffer) -> Result<std::size_t> {
        const std::size_t part = std::min(buffer.size(), size - at);
        if (part > 0) std::memcpy(buffer.data(), data + at, part);
        at += part;
        return part;
    });
    if (!reader) return;
    Environment environment;
    environment.users = NameTable{{0, "root"}};
    environment.groups = NameTable{{0, "root"}};
    environment.now = [] { return std::int64_t{0}; };
    std::map<std::uint32_t, std::string> stacks;
    environment.kernel_stack = [&stacks](std::uint32_t id, std::string& out) { out += stacks[id % 64]; };
    std::vector<ReplayTarget> targets;
    std::vector<int> target_of;  ///< by number of the recorded source; -1: it was refused
    while (true) {
        auto item = reader->next();
        if (!item || !*item) return;
        if (const auto* recorded = std::get_if<RecordedEnvironment>(&**item)) {
            environment.boot_to_wall_ns = recorded->boot_to_wall_ns;
        } else if (const auto* definition = std::get_if<RecordedSource>(&**item)) {
            auto source = DataSource::create({definition->name, definition->schema, &definition->metadata},
                                             environment);
            target_of.push_back(source && targets.size() < 8 ? static_cast<int>(targets.size()) : -1);
            if (target_of.back() >= 0) targets.push_back(make_replay_target(std::move(*source)));
        } else if (const auto* stack = std::get_if<RecordedStack>(&**item)) {
            stacks[stack->id % 64] = stack->text;
        } else if (const auto* row = std::get_if<RecordedRow>(&**item)) {
            const int target = target_of.at(row->source);
            if (target >= 0) replay_records(targets[static_cast<std::size_t>(target)], {row->record});
        } else if (auto* batch = std::get_if<RecordedBatch>(&**item)) {
            const int target = target_of.at(batch->source);
            if (target >= 0)
                replay_records(targets[static_cast<std::size_t>(target)], std::move(batch->records));
        }
    }
}

}  // namespace gadget::events::testing
