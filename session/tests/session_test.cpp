// SPDX-License-Identifier: Apache-2.0
// Sessions that need no eBPF: gadgets of metadata alone, their options, recordings.
#include "gadget/session.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace gadget::session {
namespace {

using std::chrono::milliseconds;

constexpr const char* kProcesses = R"(
name: ps
operator:
  process: {emitstats: "true", interval: 10ms, count: "1"}
)";

Result<std::unique_ptr<Session>> open_processes(ViewOptions view, const std::string& metadata = kProcesses) {
    return Session::open({.name = "ps", .metadata = metadata}, {.view = std::move(view)});
}

std::vector<Row> all_rows(Session& session) {
    std::vector<Row> rows;
    while (true) {
        auto row = session.next(milliseconds(10'000));
        EXPECT_TRUE(row) << row.error().to_string();
        if (!row || !*row) return rows;
        rows.push_back(std::move(**row));
    }
}

TEST(StatisticsSession, ShowsThisProcess) {
    auto session = open_processes({.filters = {{"", "pid==" + std::to_string(::getpid())}}});
    ASSERT_TRUE(session) << session.error().to_string();
    ASSERT_TRUE((*session)->start());
    const auto rows = all_rows(**session);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_TRUE((*session)->finished());
    const auto& data = rows[0].source->data;
    EXPECT_EQ(events::FieldReader::create(data, "ppid")->integer(rows[0].bytes), ::getppid());
    EXPECT_EQ(events::FieldReader::create(data, "uid")->integer(rows[0].bytes), ::getuid());
    EXPECT_EQ(events::FieldReader::create(data, "state")->text(rows[0].bytes), "R");
    EXPECT_GT(events::FieldReader::create(data, "memoryRSS_raw")->integer(rows[0].bytes), 4096);
    EXPECT_FALSE(events::FieldReader::create(data, "nothing"));
    EXPECT_TRUE((*session)->stop());
}

/// Every field that the specification names, in JSON.
TEST(StatisticsSession, JsonHasTheFieldsOfTheSpecification) {
    auto session = open_processes({.filters = {{"", "pid==1"}}});
    ASSERT_TRUE(session) << session.error().to_string();
    std::string out;
    events::JsonWriter writer((*session)->sources()[0]->data);
    ASSERT_TRUE(
        (*session)->start([&](const Delivery& delivery) { writer.append_batch(delivery.rows, out); }));
    while (!(*session)->finished()) ASSERT_TRUE((*session)->poll(milliseconds(1000)));
    for (const char* key : {"pid",
                            "ppid",
                            "comm",
                            "nice",
                            "priority",
                            "cpuTime",
                            "cpuTimeStr",
                            "cpuUsage",
                            "cpuUsageRelative",
                            "memoryRSS",
                            "memoryRSS_raw",
                            "memoryVirtual",
                            "memoryVirtual_raw",
                            "memoryShared",
                            "memoryShared_raw",
                            "memoryRelative",
                            "threadCount",
                            "state",
                            "uid",
                            "startTime",
                            "startTimeStr",
                            "mountnsid"}) {
        EXPECT_NE(out.find('"' + std::string(key) + "\":"), std::string::npos) << key << " in " << out;
    }
}

TEST(StatisticsSession, SortsAndCuts) {
    auto session = open_processes({.sort = "-pid", .max_entries = "3"});
    ASSERT_TRUE(session) << session.error().to_string();
    ASSERT_TRUE((*session)->start());
    const auto rows = all_rows(**session);
    ASSERT_EQ(rows.size(), 3U);
    auto pid = events::FieldReader::create(rows[0].source->data, "pid");
    EXPECT_GT(pid->integer(rows[0].bytes), pid->integer(rows[1].bytes));
    EXPECT_GT(pid->integer(rows[1].bytes), pid->integer(rows[2].bytes));
}

TEST(StatisticsSession, OnlyTheFieldsThatTheMetadataNames) {
    const auto session =
        open_processes({}, "operator: {process: {emitstats: true, fields: 'pid, memoryRSS'}}\n");
    ASSERT_TRUE(session) << session.error().to_string();
    EXPECT_EQ((*session)->sources()[0]->schema.fields.size(), 2U);
    const auto unknown = open_processes({}, "operator: {process: {emitstats: true, fields: pidd}}\n");
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().message.find("'pidd'"), std::string::npos);
}

TEST(SessionOptions, WhatDoesNotFitIsNamed) {
    const auto message = [](ViewOptions view) {
        const auto session = open_processes(std::move(view));
        return session ? std::string() : session.error().message;
    };
    EXPECT_NE(message({.filters = {{"open", "pid==1"}}}).find("no data source 'open'"), std::string::npos);
    EXPECT_NE(message({.filters = {{"", "pidd==1"}}}).find("'pidd'"), std::string::npos);
    EXPECT_NE(message({.expressions = {{"", "pid +"}}}).find(""), std::string::npos);
    EXPECT_NE(message({.sort = "open:pid"}).find("no data source 'open'"), std::string::npos);
    EXPECT_NE(message({.sort = "nope"}).find("nope"), std::string::npos);
    EXPECT_NE(message({.max_entries = "many"}).find("'many'"), std::string::npos);
}

TEST(SessionOptions, ParamsAndMetadataAreChecked) {
    const auto param = Session::open({.metadata = kProcesses}, {.params = {{"pid", "1"}}});
    EXPECT_FALSE(param);
    const auto empty = Session::open({.name = "x", .metadata = "name: x\n"}, {});
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error().code, ErrorCode::unsupported);
    const auto interval = open_processes({}, "operator: {process: {emitstats: true, interval: soon}}\n");
    ASSERT_FALSE(interval);
    EXPECT_NE(interval.error().message.find("'soon' is not a duration"), std::string::npos);
}

TEST(SessionWasm, SaysWhatIsMissing) {
    std::vector<std::string> warnings;
    const std::string metadata = std::string(kProcesses) +
                                 "datasources:\n  deadlock: {fields: {x: {}}}\n"
                                 "  processes: {fields: {pid: {}, made_by_wasm: {}}}\n";
    const auto session =
        Session::open({.name = "ps", .metadata = metadata, .has_wasm = true},
                      {.on_warning = [&](const std::string& text) { warnings.push_back(text); }});
    ASSERT_TRUE(session) << session.error().to_string();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("data source 'deadlock' and field 'processes.made_by_wasm'"),
              std::string::npos)
        << warnings[0];
    EXPECT_EQ(warnings[0].find("processes.pid"), std::string::npos);
}

TEST(CancelledSession, SaysSo) {
    auto session = open_processes({}, "operator: {process: {emitstats: true}}\n");
    ASSERT_TRUE(session);
    ASSERT_TRUE((*session)->start());
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    writer.reset();  // the end of the pipe is readable
    const auto done = (*session)->poll(milliseconds(-1), {reader.get()});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::cancelled);
}

events::RecordingReader::Read reader_of(const std::string& text) {
    return [&text, at = std::size_t{0}](std::span<std::byte> buffer) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(buffer.size(), text.size() - at);
        std::memcpy(buffer.data(), text.data() + at, count);
        at += count;
        return count;
    };
}

/// A recording of one fetch of processes, with a loss.
std::string recording() {
    auto session = open_processes({.sort = "pid"});
    std::string out;
    events::RecordingWriter writer;
    writer.begin((*session)->environment(), out);
    record_source(writer, *(*session)->sources()[0], out);
    EXPECT_TRUE((*session)->start(
        [&](const Delivery& delivery) { EXPECT_TRUE(writer.append_batch(0, delivery.rows, out)); }));
    while (!(*session)->finished()) EXPECT_TRUE((*session)->poll(milliseconds(1000)));
    writer.append_lost(0, 7, out);
    return out;
}

TEST(Replay, DeliversTheSameRowsThroughTheSameOptions) {
    const std::string text = recording();
    auto replay = Replay::open(reader_of(text), {.sort = "-pid", .max_entries = "2"}, machine_environment());
    ASSERT_TRUE(replay) << replay.error().to_string();
    ASSERT_EQ((*replay)->sources().size(), 1U);
    EXPECT_TRUE((*replay)->sources()[0]->is_array());
    auto pid = events::FieldReader::create((*replay)->sources()[0]->data, "pid");
    std::vector<std::int64_t> pids;
    while (true) {
        const auto more = (*replay)->step([&](const Delivery& delivery) {
            for (const auto& row : delivery.rows) pids.push_back(pid->integer(row));
        });
        ASSERT_TRUE(more) << more.error().to_string();
        if (!*more) break;
    }
    ASSERT_EQ(pids.size(), 2U);
    EXPECT_GT(pids[0], pids[1]);
    ASSERT_EQ((*replay)->losses().size(), 1U);
    EXPECT_EQ((*replay)->losses()[0].count, 7U);
}

TEST(Replay, DamagedRecordingsEndWithWords) {
    const std::string whole = recording();
    const RowHandler ignore = [](const Delivery&) {};
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 16) {
        const std::string part = whole.substr(0, size);
        auto replay = Replay::open(reader_of(part), {}, machine_environment());
        if (!replay) {
            EXPECT_EQ(replay.error().code, ErrorCode::corrupt_data) << replay.error().to_string();
            continue;
        }
        Result<bool> more = true;
        while (more && *more) more = (*replay)->step(ignore);
        if (!more) {
            EXPECT_EQ(more.error().code, ErrorCode::corrupt_data);
        }
    }
}

}  // namespace
}  // namespace gadget::session
