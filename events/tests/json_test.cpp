// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sample_event.h"

namespace gadget::events::testing {
namespace {

TEST(JsonWriter, WritesAnOpenEventKeyByKey) {
    EXPECT_EQ(open_event().json(),
              R"({"error":"ENOENT","error_raw":2,"fd":3,"flags":"O_RDONLY|O_CLOEXEC","flags_raw":524288,)"
              R"("fname":"/etc/passwd","mode":"-rw-r--r--","mode_raw":420,"proc":{"comm":"cat",)"
              R"("creds":{"gid":1000,"group":"staff","uid":1000,"user":"ada"},"mntns_id":4026531841,)"
              R"("parent":{"comm":"bash","pid":17,"tid":17},"pid":4242,"tid":4243},)"
              R"("timestamp":"2023-11-14T22:13:20.123456789Z","timestamp_raw":1700000000123456789})"
              "\n");
}

TEST(JsonWriter, WritesEveryScalar) {
    Sample sample;
    sample.value("a_bool", true)
        .value("b_i8", std::int8_t{-128})
        .value("c_i16", std::int16_t{-32768})
        .value("d_i32", std::numeric_limits<std::int32_t>::min())
        .value("e_i64", std::numeric_limits<std::int64_t>::min())
        .value("f_u8", std::uint8_t{255})
        .value("g_u16", std::uint16_t{65535})
        .value("h_u32", std::numeric_limits<std::uint32_t>::max())
        .value("i_u64", std::numeric_limits<std::uint64_t>::max())
        .value("j_f32", 1.5F)
        .value("k_f64", 0.1)
        .value("l_zero", std::uint64_t{0});
    EXPECT_EQ(
        sample.json(),
        R"({"a_bool":true,"b_i8":-128,"c_i16":-32768,"d_i32":-2147483648,"e_i64":-9223372036854775808,)"
        R"("f_u8":255,"g_u16":65535,"h_u32":4294967295,"i_u64":18446744073709551615,"j_f32":1.5,"k_f64":0.1,)"
        R"("l_zero":0})"
        "\n");
}

TEST(JsonWriter, WritesFloatsAsEcmaScriptDoes) {
    Sample sample;
    sample.value("a", 1e20)
        .value("b", 1e21)
        .value("c", 1e-6)
        .value("d", 1e-7)
        .value("e", -0.5)
        .value("f", 100000.0)
        .value("g", std::numeric_limits<double>::infinity())
        .value("h", 0.1F);
    EXPECT_EQ(sample.json(),
              "{\"a\":100000000000000000000,\"b\":1e+21,\"c\":0.000001,\"d\":1e-7,\"e\":-0.5,\"f\":100000,"
              "\"g\":null,\"h\":0.1}\n");
}

TEST(JsonWriter, WritesArraysAsListsAndBytesAsHex) {
    Sample sample;
    sample.array<std::uint64_t>("slots", {0, 7, std::numeric_limits<std::uint64_t>::max()})
        .array<std::int16_t>("steps", {-1, 2})
        .blob("key", {0xde, 0xad, 0x00});
    EXPECT_EQ(sample.json(), "{\"key\":\"dead00\",\"slots\":[0,7,18446744073709551615],\"steps\":[-1,2]}\n");
}

TEST(JsonWriter, CutsStringsAtNulAndEscapes) {
    Sample sample;
    sample.text("full", "0123456789abcdef", 16)
        .text("nul", std::string_view("ab\0cd", 5), 8)
        .text("quotes", "a\"b\\c\n\t\x01", 13)
        .text("html", "<a&b>", 5);
    EXPECT_EQ(sample.json(),
              R"({"full":"0123456789abcdef","html":"<a&b>","nul":"ab","quotes":"a\"b\\c\n\t\u0001"})"
              "\n");
}

TEST(JsonWriter, ReplacesBytesThatAreNotUtf8OneByOne) {
    Sample sample;
    sample.text("a", "x\xff\xfey", 16)
        .text("b", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9)  // é € and an emoji, unterminated
        .text("c", "\xc3", 1)                                  // cut in the middle
        .text("d", "\xed\xa0\x80", 3)                          // surrogate
        .text("e", "\xc0\x80", 2)                              // overlong
        .text("f", "\xe2\x80\xa8", 3);                         // line separator
    EXPECT_EQ(sample.json(),
              "{\"a\":\"x\\ufffd\\ufffdy\",\"b\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"c\":\"\\ufffd\","
              "\"d\":\"\\ufffd\\ufffd\\ufffd\",\"e\":\"\\ufffd\\ufffd\",\"f\":\"\\u2028\"}\n");
}

TEST(JsonWriter, EscapesAtEveryPositionOfAWord) {
    for (std::size_t at = 0; at < 24; ++at) {
        std::string content(24, 'x');
        content[at] = '"';
        Sample sample;
        sample.text("s", content, 24);
        std::string expected(24, 'x');
        expected.replace(at, 1, "\\\"");
        EXPECT_EQ(sample.json(), "{\"s\":\"" + expected + "\"}\n") << at;
    }
}

TEST(JsonWriter, ShowsEndpointsOfBothFamilies) {
    Sample sample;
    sample.open("src", {"gadget_l4endpoint_t"})
        .blob("addr_raw", {127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {"gadget_ip_addr_t"})
        .value("port", std::uint16_t{8080})
        .value("proto_raw", std::uint16_t{6})
        .value("version", std::uint8_t{4})
        .close()
        .open("dst", {"gadget_l3endpoint_t"})
        .blob("addr_raw", {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, {"gadget_ip_addr_t"})
        .value("version", std::uint8_t{6})
        .close();
    EXPECT_EQ(sample.json(),
              R"({"dst":{"addr":"2001:db8::1","version":6},)"
              R"("src":{"addr":"127.0.0.1","port":8080,"proto":"TCP","proto_raw":6,"version":4}})"
              "\n");
}

TEST(JsonWriter, ShowsAnUnknownAddressFamilyAsEmptyInsteadOfDroppingTheEvent) {
    Sample sample;
    sample.open("dst", {"gadget_l3endpoint_t"})
        .blob("addr_raw", std::vector<unsigned char>(16, 1), {"gadget_ip_addr_t"})
        .value("version", std::uint8_t{0})
        .close();
    EXPECT_EQ(sample.json(), "{\"dst\":{\"addr\":\"\",\"version\":0}}\n");
}

TEST(JsonWriter, ShowsEnumsAndSets) {
    const std::vector<model::Enumerator> kinds{{"ZERO", 0}, {"ONE", 1}, {"MINUS", -1}};
    const std::vector<model::Enumerator> bits{{"READ", 1}, {"WRITE", 2}, {"EXEC", 4}};
    Sample sample;
    sample.enumeration("a_raw", std::int32_t{-1}, "kind", kinds)
        .enumeration("b_raw", std::uint32_t{77}, "kind", kinds)
        .enumeration("c_raw", std::uint32_t{5}, "rights_set", bits)
        .enumeration("d", std::uint8_t{1}, "kind", kinds)
        .annotate("c_raw", "ebpf.formatter.bitfield.separator", ", ");
    EXPECT_EQ(sample.json(),
              R"({"a":"MINUS","a_raw":-1,"b":"UNKNOWN","b_raw":77,"c":"READ, EXEC","c_raw":5,"d":1})"
              "\n");
}

TEST(JsonWriter, PrefersTheEnumeratorsOfTheKernel) {
    Sample sample;
    sample.enumeration("a_raw", std::uint32_t{1}, "kind", {{"OLD", 1}});
    sample.environment().kernel_enums["kind"] = {{"NEW\"", 1}};
    EXPECT_EQ(sample.json(), R"({"a":"NEW\"","a_raw":1})"
                             "\n");
}

TEST(JsonWriter, LeavesOutWhatIsMarkedAndWhatIsPadding) {
    Sample sample;
    sample.value("a", 1U)
        .value("__pad", 2U)
        .open("b")
        .value("c", 3U)
        .close()
        .value("d", 4U)
        .annotate("b", "json.skip", "true");
    EXPECT_EQ(sample.json(), "{\"a\":1,\"d\":4}\n");
}

TEST(JsonWriter, ReadsBitFields) {
    Sample sample;
    sample.value("a", std::uint32_t{0b1011'01'1}).value("b", std::int32_t{0b111});
    sample.schema().fields[0].bit_offset = 1;
    sample.schema().fields[0].bit_size = 2;
    sample.schema().fields[1].bit_offset = 0;
    sample.schema().fields[1].bit_size = 3;
    EXPECT_EQ(sample.json(), "{\"a\":1,\"b\":-1}\n");
}

TEST(JsonWriter, IndentsJsonPretty) {
    Sample sample;
    sample.value("b", 1U).open("a").text("c", "x", 4).array<std::uint8_t>("d", {1, 2}).close();
    EXPECT_EQ(
        sample.json(TextFormat::json_pretty),
        "{\n  \"a\": {\n    \"c\": \"x\",\n    \"d\": [\n      1,\n      2\n    ]\n  },\n  \"b\": 1\n}\n");
}

TEST(JsonWriter, WritesAYamlDocumentForEachRecord) {
    Sample sample;
    sample.value("b", 1U).open("a").text("c", "true", 4).text("d", "cat", 4).text("e", "a: b", 5).close();
    EXPECT_EQ(sample.json(TextFormat::yaml), "---\na:\n  c: \"true\"\n  d: cat\n  e: \"a: b\"\nb: 1\n");
}

TEST(JsonWriter, WritesBatches) {
    Sample sample;
    sample.value("a", 1U);
    const std::vector<Record> records(2, sample.record());
    std::string out;
    JsonWriter json(sample.source());
    json.append_batch(records, out);
    json.append_batch({}, out);
    EXPECT_EQ(out, "[{\"a\":1},{\"a\":1}]\n[]\n");

    out.clear();
    JsonWriter(sample.source(), TextFormat::json_pretty).append_batch(records, out);
    EXPECT_EQ(out, "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 1\n  }\n]\n");
}

TEST(JsonWriter, CompletesShortRecordsWithZerosAndCutsLongOnes) {
    Sample sample;
    sample.value("a", 0x01020304U).value("b", 7U);
    std::string out;
    JsonWriter json(sample.source());
    const std::vector<std::byte> whole = sample.bytes();
    json.append(Record(whole).first(6), out);
    json.append({}, out);
    std::vector<std::byte> longer = whole;
    longer.resize(100, std::byte{0xff});
    json.append(longer, out);
    EXPECT_EQ(out, "{\"a\":16909060,\"b\":7}\n{\"a\":0,\"b\":0}\n{\"a\":16909060,\"b\":7}\n");
}

TEST(JsonWriter, ShowsTheTailWhenTheMetadataAsksForIt) {
    Sample sample;
    sample.value("length", 2U)
        .annotate_source("ebpf.rest.name", "payload")
        .annotate_source("ebpf.rest.len", "length");
    sample.bytes().insert(sample.bytes().end(), {std::byte{0xca}, std::byte{0xfe}, std::byte{0x99}});
    EXPECT_EQ(sample.json(), "{\"length\":2,\"payload\":\"cafe\"}\n");
}

TEST(JsonWriter, ShowsALongTail) {
    Sample sample;
    sample.annotate_source("ebpf.rest.name", "payload");
    sample.bytes().assign(100000, std::byte{0xab});
    std::string expected;
    for (int i = 0; i < 100000; ++i) expected += "ab";
    EXPECT_EQ(sample.json(), "{\"payload\":\"" + expected + "\"}\n");
}

TEST(JsonWriter, ShowsKernelStacks) {
    Sample sample;
    sample.value("stack_raw", 9U, {"gadget_kernel_stack", "__u32"});
    sample.environment().kernel_stack = [](std::uint32_t id, std::string& out) {
        out += "f" + std::to_string(id) + "; \"g\"; ";
    };
    EXPECT_EQ(sample.json(), "{\"stack\":\"f9; \\\"g\\\"; \",\"stack_raw\":9}\n");
}

TEST(JsonWriter, ShowsTextsSeparatedByNul) {
    Sample sample;
    sample.value("size", 9U)
        .text("args", std::string_view("ls\0-l\0/x\0junk", 13), 16)
        .text("all", std::string_view("a\0b\"\0\0", 6), 8);
    sample.annotate("args", "formatters.text", "nul-separated")
        .annotate("args", "formatters.text.length", "size")
        .annotate("all", "formatters.text", "nul-separated");
    EXPECT_EQ(sample.json(), "{\"all\":\"a b\\\"\",\"args\":\"ls -l /x\",\"size\":9}\n");
}

TEST(JsonWriter, ShowsDnsNames) {
    Sample sample;
    sample.array<std::uint8_t>("a", {3, 'w', 'w', 'w', 2, 'd', 'e', 0, 9, 9})
        .array<std::uint8_t>("b", {0, 1})
        .array<std::uint8_t>("c", {1, 'x', 0xc0, 0x0c})
        .array<std::uint8_t>("d", {1, 'x', 9, 'y'});
    for (const char* name : {"a", "b", "c", "d"}) sample.annotate(name, "formatters.text", "dns-name");
    EXPECT_EQ(sample.json(), R"({"a":"www.de.","b":".","c":"x.","d":"x."})"
                             "\n");
}

TEST(JsonWriter, RefusesTextFormsThatDoNotFit) {
    Sample number;
    number.value("a", 1U).annotate("a", "formatters.text", "dns-name");
    EXPECT_FALSE(number.try_source());
    Sample unknown;
    unknown.text("a", "", 4).annotate("a", "formatters.text", "utf-16");
    EXPECT_FALSE(unknown.try_source());
    Sample length;
    length.text("a", "", 4)
        .annotate("a", "formatters.text", "nul-separated")
        .annotate("a", "formatters.text.length", "b");
    EXPECT_FALSE(length.try_source());
}

TEST(JsonWriter, EscapesHostileFieldNames) {
    Sample sample;
    sample.value("a\"\n", 1U);
    EXPECT_EQ(sample.json(), "{\"a\\\"\\n\":1}\n");
}

TEST(JsonWriter, TellsTwoUsersOnOneLevelApart) {
    Sample sample;
    sample.environment().users = NameTable{{0, "root"}};
    sample.value("uid", 0U, {"gadget_uid"})
        .value("new_uid", 5U, {"gadget_uid"})
        .value("fsuid_raw", 0U, {"gadget_uid"});
    EXPECT_EQ(sample.json(),
              R"({"fsuid":"root","fsuid_raw":0,"new_uid":5,"new_uid_user":"uid:5","uid":0,"user":"root"})"
              "\n");
}

TEST(JsonWriter, ShowsTheZoneOfTheMachine) {
    Sample sample = open_event();
    sample.environment().utc_offset = [](std::int64_t) { return -(3 * 3600 + 1800); };
    EXPECT_NE(sample.json().find(R"("timestamp":"2023-11-14T18:43:20.123456789-03:30")"), std::string::npos);
}

TEST(JsonWriter, TakesATimestampOfZeroForNow) {
    Sample sample;
    sample.value("t_raw", std::uint64_t{0}, {"gadget_timestamp"});
    sample.environment().now = [] { return std::int64_t{1'000'000'007}; };
    EXPECT_EQ(sample.json(), R"({"t":"1970-01-01T00:00:01.000000007Z","t_raw":1000000007})"
                             "\n");
    sample.environment().now = [time = std::int64_t{1'000'000'000}]() mutable { return ++time; };
    EXPECT_EQ(sample.json(), R"({"t":"1970-01-01T00:00:01.000000001Z","t_raw":1000000001})"
                             "\n")
        << "one moment for the whole record";
}

TEST(JsonWriter, FollowsAGoLayout) {
    Sample sample;
    sample.value("t_raw", std::uint64_t{1}, {"gadget_timestamp"})
        .annotate("t_raw", "formatters.timestamp.format", "Mon Jan _2 15:04:05.000 2006 -0700 \"x\"");
    sample.environment().boot_to_wall_ns = 1'700'000'000'123'000'000;
    EXPECT_NE(sample.json().find(R"("t":"Tue Nov 14 22:13:20.123 2023 +0000 \"x\"")"), std::string::npos)
        << sample.json();
}

}  // namespace
}  // namespace gadget::events::testing
