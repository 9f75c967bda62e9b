// SPDX-License-Identifier: Apache-2.0
#include "record.h"

#include <gtest/gtest.h>

#include <random>

#include "job.h"
#include "variables.h"

namespace gadget::testkit {
namespace {

constexpr const char* kNonce = "0123456789abcdef";

std::vector<Record> parse(FrameParser& parser, std::string_view bytes) {
    std::vector<Record> records;
    parser.push(bytes, records);
    return records;
}

TEST(Record, KeepsEveryByteThroughEncoding) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    const Record record{"a\tb\nc\rd\\e", "", all, "end"};
    const auto line = encode_record(record);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(decode_record(line), record);
}

TEST(Record, RefusesBrokenEscapes) {
    for (const char* bad : {"\\", "a\\q", "\\x", "\\x1", "\\xzz", "\x01", "a\nb"})
        EXPECT_EQ(decode_record(bad), std::nullopt) << bad;
}

TEST(Record, ChecksumIsThatOfGzip) {
    EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
}

TEST(FrameParser, FindsFramesInAnyCuttingOfTheStream) {
    std::string stream;
    for (unsigned i = 0; i < 20; ++i) stream += encode_frame(kNonce, i, {"row", std::to_string(i), "x\ny"});
    for (std::size_t step = 1; step < 50; ++step) {
        FrameParser parser(kNonce);
        std::vector<Record> records;
        for (std::size_t at = 0; at < stream.size(); at += step)
            parser.push(std::string_view(stream).substr(at, step), records);
        ASSERT_EQ(records.size(), 20U) << step;
        EXPECT_EQ(records[7], (Record{"row", "7", "x\ny"}));
        EXPECT_EQ(parser.damaged() + parser.lost() + parser.foreign(), 0U);
    }
}

TEST(FrameParser, SkipsKernelMessagesAroundAndBeforeFrames) {
    FrameParser parser(kNonce);
    const auto records =
        parse(parser, "[    1.0] something\r\n[ 2.0] cut" + encode_frame(kNonce, 0, {"hello"}) + "more\n");
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0], Record{"hello"});
    EXPECT_EQ(parser.damaged(), 0U);
    EXPECT_GT(parser.foreign(), 0U);
}

TEST(FrameParser, TakesTheCarriageReturnOfASerialConsole) {
    FrameParser parser(kNonce);
    auto frame = encode_frame(kNonce, 0, {"hello"});
    frame.insert(frame.size() - 1, "\r");
    EXPECT_EQ(parse(parser, frame).size(), 1U);
}

TEST(FrameParser, IgnoresFramesOfAnotherNonce) {
    FrameParser parser(kNonce);
    EXPECT_TRUE(parse(parser, encode_frame("ffffffffffffffff", 0, {"done"})).empty());
    EXPECT_EQ(parser.damaged(), 0U);
}

TEST(FrameParser, CountsDamageAndLoss) {
    FrameParser parser(kNonce);
    auto damaged = encode_frame(kNonce, 1, {"row", "value"});
    damaged[damaged.size() - 3] ^= 1;
    const auto records =
        parse(parser, encode_frame(kNonce, 0, {"a"}) + damaged + encode_frame(kNonce, 5, {"b"}));
    EXPECT_EQ(records.size(), 2U);
    EXPECT_EQ(parser.damaged(), 1U);
    EXPECT_EQ(parser.lost(), 4U);
}

TEST(FrameParser, RefusesARepeatedFrame) {
    FrameParser parser(kNonce);
    const auto frame = encode_frame(kNonce, 0, {"done"});
    EXPECT_EQ(parse(parser, frame + frame).size(), 1U);
    EXPECT_EQ(parser.damaged(), 1U);
}

TEST(FrameParser, BoundsALineThatNeverEnds) {
    FrameParser parser(kNonce);
    const std::string chunk(kMaxRecordLine / 4, 'x');
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(parse(parser, chunk).empty());
    EXPECT_EQ(parse(parser, "\n" + encode_frame(kNonce, 0, {"a"})).size(), 1U);
    EXPECT_EQ(parser.foreign(), chunk.size() * 12);
}

TEST(FrameParser, SurvivesRandomBytesWithOurMarkerInThem) {
    std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same bytes in every run
    FrameParser parser(kNonce);
    std::vector<Record> records;
    for (int round = 0; round < 2000; ++round) {
        std::string bytes = round % 3 == 0 ? "#gk " + std::string(kNonce) + " " : "";
        for (auto i = random() % 200; i > 0; --i) bytes += static_cast<char>(random());
        parser.push(bytes, records);
    }
    EXPECT_TRUE(records.empty());
    EXPECT_EQ(parse(parser, "\n" + encode_frame(kNonce, 0, {"alive"})).size(), 1U);
}

TEST(Job, SurvivesTheWayToTheGuest) {
    const Job job{.nonce = kNonce,
                  .program = "/bin/gadget-run",
                  .modules = {"/modules/a.ko"},
                  .tests = {{.id = "0",
                             .object = "/o",
                             .manifest = "/m",
                             .params = {{"comm", "a b\tc"}},
                             .features = {"btf"},
                             .steps = {{"one", "open", {{"path", "/x y"}, {"error", "ENOENT"}}}},
                             .timeout_ms = 1234}}};
    const auto parsed = parse_job(encode_job(job));
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    EXPECT_EQ(parsed->nonce, job.nonce);
    ASSERT_EQ(parsed->tests.size(), 1U);
    EXPECT_EQ(parsed->tests[0].params, job.tests[0].params);
    EXPECT_EQ(parsed->tests[0].steps[0].options, job.tests[0].steps[0].options);
    EXPECT_EQ(parsed->tests[0].timeout_ms, 1234U);
}

TEST(Job, RefusesWhatItDoesNotKnow) {
    for (const char* text :
         {"", "nonce\tx\nnonsense\ty\n", "nonce\tx\nobject\t/o\n", "nonce\tx\ntest\t0\ntimeout\tsoon\n",
          "nonce\tx\ntest\t0\nstep\ta\n", "nonce\t\\q\n"}) {
        EXPECT_FALSE(parse_job(text)) << text;
    }
}

TEST(Variables, AreReplacedWhereTheyStand) {
    const Variables variables{{"tmp", "/tmp/0"}, {"a.pid", "17"}};
    EXPECT_EQ(*substitute("${tmp}/x-${a.pid}", variables), "/tmp/0/x-17");
    EXPECT_EQ(*substitute("$5 and $${tmp}", variables), "$5 and ${tmp}");
    EXPECT_EQ(*substitute("", variables), "");
}

TEST(Variables, RefusesUnknownNamesAndOpenBraces) {
    const auto unknown = substitute("${b.pid}", {{"a.pid", "1"}});
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().message.find("b.pid"), std::string::npos);
    EXPECT_FALSE(substitute("${a", {}));
}

}  // namespace
}  // namespace gadget::testkit
