// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "gadget/events/recording.h"
#include "gadget/events/rows.h"
#include "replay_everything.h"
#include "sample_event.h"

namespace gadget::events::testing {
namespace {

/// Hands out `content` in pieces of at most `piece` bytes.
RecordingReader::Read in_pieces(std::string content, std::size_t piece) {
    return [content = std::move(content), piece,
            at = std::size_t{0}](std::span<std::byte> buffer) mutable -> Result<std::size_t> {
        const std::size_t size = std::min({buffer.size(), piece, content.size() - at});
        std::memcpy(buffer.data(), content.data() + at, size);
        at += size;
        return size;
    };
}

std::string recording(const Sample& sample) {
    RecordingWriter writer;
    std::string out;
    Sample copy = sample;
    writer.begin(copy.environment(), out);
    const std::uint32_t source = writer.add_source({"open", copy.schema(), &sample.metadata()}, out);
    EXPECT_TRUE(writer.append(source, sample.record(), out));
    const std::vector<Record> batch(2, sample.record());
    EXPECT_TRUE(writer.append_batch(source, batch, out));
    writer.append_lost(source, 7, out);
    return out;
}

/// Replays to JSON; the error text when something is wrong.
std::string replay(const std::string& content, std::size_t piece = 1000) {
    auto reader = RecordingReader::open(in_pieces(content, piece));
    if (!reader) return reader.error().to_string();
    std::string out;
    Environment environment;
    std::vector<JsonWriter> writers;
    while (true) {
        auto item = reader->next();
        if (!item) return item.error().to_string();
        if (!*item) return out;
        if (const auto* recorded = std::get_if<RecordedEnvironment>(&**item)) {
            environment.boot_to_wall_ns = recorded->boot_to_wall_ns;
            environment.arch = recorded->arch;
        } else if (const auto* source = std::get_if<RecordedSource>(&**item)) {
            auto compiled =
                DataSource::create({source->name, source->schema, &source->metadata}, environment);
            if (!compiled) return compiled.error().to_string();
            writers.emplace_back(*compiled);
        } else if (const auto* row = std::get_if<RecordedRow>(&**item)) {
            writers.at(row->source).append(row->record, out);
        } else if (const auto* batch = std::get_if<RecordedBatch>(&**item)) {
            writers.at(batch->source).append_batch(batch->records, out);
        } else {
            out += "lost " + std::to_string(std::get<RecordedLoss>(**item).count) + "\n";
        }
    }
}

TEST(Recording, ReplaysToTheSameText) {
    Sample sample = open_event();
    sample.environment().users.reset();
    sample.environment().groups.reset();
    sample.annotate("fname", "json.skip", "true");
    const std::string line = sample.json();
    const std::string object = line.substr(0, line.size() - 1);
    EXPECT_EQ(line.find("fname"), std::string::npos);
    const std::string expected = line + "[" + object + "," + object + "]\nlost 7\n";
    EXPECT_EQ(replay(recording(sample)), expected);
    EXPECT_EQ(replay(recording(sample), 1), expected) << "byte by byte";
}

TEST(Recording, KeepsEnumerators) {
    Sample sample;
    sample.enumeration("a_raw", std::int32_t{-1}, "kind", {{"MINUS", -1}});
    EXPECT_EQ(replay(recording(sample)).substr(0, 24), "{\"a\":\"MINUS\",\"a_raw\":-1}");
}

TEST(Recording, RefusesWhatIsNoRecording) {
    EXPECT_NE(replay("").find("not a recording"), std::string::npos);
    EXPECT_NE(replay("GKEVENTX00000000").find("not a recording"), std::string::npos);
    std::string newer = recording(open_event());
    newer[8] = 2;
    EXPECT_NE(replay(newer).find("version 2"), std::string::npos);
}

TEST(Recording, SaysWhenItIsCutAnywhere) {
    const std::string whole = recording(open_event());
    std::size_t complete = 0;
    for (std::size_t size = 16; size < whole.size(); ++size) {
        const std::string text = replay(whole.substr(0, size));
        if (text.find("damaged") == std::string::npos) ++complete;
    }
    EXPECT_EQ(complete, 5U) << "only the ends of the header and of four blocks are good places to stop";
}

TEST(Recording, SurvivesDamage) {
    const std::string whole = recording(open_event());
    std::mt19937 random(3);
    for (int i = 0; i < 500; ++i) {
        std::string damaged = whole;
        for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
        replay_everything(reinterpret_cast<const unsigned char*>(damaged.data()), damaged.size());
    }
}

TEST(Recording, SkipsBlocksOfUnknownKind) {
    const std::string whole = recording(open_event());
    std::string extended = whole.substr(0, 16);
    extended += std::string("\x63\0\0\0\x03\0\0\0abc", 11);
    extended += whole.substr(16);
    EXPECT_EQ(replay(extended), replay(whole));
}

TEST(MakeRowSchema, PutsValueFieldsAfterKeyFields) {
    Sample key("key");
    key.value("pid", 7U).open("in").value("x", std::uint16_t{1}).close();
    Sample value("value");
    value.open("out").value("y", 5U).close().value("n", std::uint64_t{9});
    const auto schema = make_row_schema(key.schema(), value.schema());
    ASSERT_TRUE(schema);
    RowBuffer rows(key.schema().size, value.schema().size);
    rows.add(key.record(), value.record());
    rows.add(key.record().first(4), {});
    std::vector<Record> records;
    rows.records(records);
    ASSERT_EQ(records.size(), 2U);
    std::string out;
    JsonWriter(DataSource::create({"map", *schema, nullptr}, {}).value()).append_batch(records, out);
    EXPECT_EQ(out,
              "[{\"in\":{\"x\":1},\"n\":9,\"out\":{\"y\":5},\"pid\":7},{\"in\":{\"x\":0},\"n\":0,\"out\":{"
              "\"y\":0},\"pid\":7}]\n");
}

TEST(MakeRowSchema, RefusesANameThatIsInBoth) {
    Sample key;
    key.value("pid", 7U);
    EXPECT_FALSE(make_row_schema(key.schema(), key.schema()));
}

TEST(SplitRecords, WantsWholeRecords) {
    const std::vector<std::byte> bytes(12);
    std::vector<Record> records;
    EXPECT_TRUE(split_records(bytes, 4, records));
    EXPECT_EQ(records.size(), 3U);
    EXPECT_FALSE(split_records(bytes, 5, records));
    EXPECT_FALSE(split_records(bytes, 0, records));
}

}  // namespace
}  // namespace gadget::events::testing
