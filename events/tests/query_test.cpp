// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sample_event.h"

namespace gadget::events::testing {
namespace {

bool matches(const Sample& sample, const std::string& text) {
    auto filter = Filter::parse(sample.source(), text);
    if (!filter) ADD_FAILURE() << filter.error().to_string();
    return filter && filter->matches(sample.record());
}

std::string filter_error(const Sample& sample, const std::string& text) {
    const auto filter = Filter::parse(sample.source(), text);
    return filter ? "" : filter.error().to_string();
}

Sample typed() {
    Sample sample;
    sample.value("flag", true)
        .value("small", std::int8_t{-5})
        .value("big", std::uint64_t{1} << 63)
        .value("ratio", 0.5)
        .text("name", "cat,dog\\", 16)
        .value("size_raw", std::uint64_t{82500}, {"gadget_bytes"})
        .array<std::uint32_t>("list", {1, 2})
        .open("in")
        .value("pid", 7U)
        .close();
    return sample;
}

TEST(Filter, ComparesNumbers) {
    const Sample sample = typed();
    EXPECT_TRUE(matches(sample, "small==-5"));
    EXPECT_TRUE(matches(sample, "small=-5"));
    EXPECT_FALSE(matches(sample, "small!=-5"));
    EXPECT_TRUE(matches(sample, "small<0"));
    EXPECT_TRUE(matches(sample, "big>=9223372036854775808"));
    EXPECT_FALSE(matches(sample, "big<9223372036854775807"));
    EXPECT_TRUE(matches(sample, "ratio>0.25,ratio<=0.5"));
    EXPECT_TRUE(matches(sample, "in.pid==7"));
    EXPECT_TRUE(matches(sample, "IN.PID==7"));
}

TEST(Filter, ComparesBooleansAndText) {
    const Sample sample = typed();
    EXPECT_TRUE(matches(sample, "flag==true"));
    EXPECT_TRUE(matches(sample, "flag!=0"));
    EXPECT_TRUE(matches(sample, "name==cat\\,dog\\\\"));
    EXPECT_TRUE(matches(sample, "name>cat"));
    EXPECT_TRUE(matches(sample, "name~^cat.dog"));
    EXPECT_FALSE(matches(sample, "name!~dog"));
    EXPECT_TRUE(matches(sample, "size==82 kB"));
}

TEST(Filter, WantsEveryCondition) {
    EXPECT_FALSE(matches(typed(), "flag==true,small==1"));
    EXPECT_TRUE(matches(typed(), "flag==true,small==-5,in.pid<8"));
}

TEST(Filter, MatchesAddedFields) {
    EXPECT_TRUE(matches(open_event(), "error==ENOENT,flags~CLOEXEC,proc.creds.user==ada,mode~^-rw"));
    EXPECT_TRUE(matches(open_event(), "comm==cat"));
    EXPECT_TRUE(matches(open_event(), "timestamp~2023-11-14T,timestamp_raw==1700000000123456789"));
}

TEST(Filter, NamesWhatItCannotUse) {
    const Sample sample = typed();
    EXPECT_NE(filter_error(sample, "nome==x").find("has no field 'nome'"), std::string::npos);
    EXPECT_NE(filter_error(sample, "nome==x").find("did you mean 'name'"), std::string::npos);
    EXPECT_NE(filter_error(sample, "small==128").find("8 bits, signed"), std::string::npos);
    EXPECT_NE(filter_error(sample, "small==0x1").find("not a number"), std::string::npos);
    EXPECT_NE(filter_error(sample, "big==-1").find("64 bits"), std::string::npos);
    EXPECT_NE(filter_error(sample, "flag>true").find("boolean"), std::string::npos);
    EXPECT_NE(filter_error(sample, "flag==yes").find("true or false"), std::string::npos);
    EXPECT_NE(filter_error(sample, "small~1").find("not text"), std::string::npos);
    EXPECT_NE(filter_error(sample, "name~(").find("pattern '('"), std::string::npos);
    EXPECT_NE(filter_error(sample, "name==").find("has no value"), std::string::npos);
    EXPECT_NE(filter_error(sample, "name").find("form"), std::string::npos);
    EXPECT_NE(filter_error(sample, "name=!x").find("unknown operator"), std::string::npos);
    EXPECT_NE(filter_error(sample, "in==1").find("container"), std::string::npos);
    EXPECT_NE(filter_error(sample, "list==1").find("list"), std::string::npos);
}

/// Records {a: u32, b: char[4], c: i32} and what is left of them after sorting, as "ab" pairs.
std::string sorted(const std::string& keys) {
    Sample layout;
    layout.value("a", 0U).text("b", "", 4).value("c", 0);
    std::vector<Sample> samples;
    for (const auto& [a, b, c] : {std::tuple{2U, "x", -1}, {1U, "y", 5}, {2U, "a", -9}, {1U, "b", 0}}) {
        samples.emplace_back().value("a", a).text("b", b, 4).value("c", c);
    }
    std::vector<Record> records;
    for (const Sample& sample : samples) records.push_back(sample.record());
    auto sorter = Sorter::parse(layout.source(), keys);
    if (!sorter) return sorter.error().to_string();
    sorter->sort(records);
    std::string names;
    for (const Record record : records) names += static_cast<char>(record[4]);
    return names;
}

TEST(Sorter, OrdersByKeysAndKeepsTheOrderOfEqualRecords) {
    EXPECT_EQ(sorted("a"), "ybxa");
    EXPECT_EQ(sorted("-a"), "xayb");
    EXPECT_EQ(sorted("a,b"), "byax");
    EXPECT_EQ(sorted("-a,-b"), "xayb");
    EXPECT_EQ(sorted("c"), "axby");
    EXPECT_EQ(sorted("-b"), "yxba");
    EXPECT_NE(sorted("d").find("has no field 'd'"), std::string::npos);
}

TEST(Sorter, OrdersSizesByNumberAndFloatsBySign) {
    Sample first;
    first.value("n_raw", std::uint64_t{9}, {"gadget_bytes"}).value("f", -2.5);
    Sample second;
    second.value("n_raw", std::uint64_t{82500}, {"gadget_bytes"}).value("f", 1.0);
    std::vector<Record> records{first.record(), second.record()};
    Sorter::parse(first.source(), "-n").value().sort(records);
    EXPECT_EQ(records[0].data(), second.record().data());
    Sorter::parse(first.source(), "f").value().sort(records);
    EXPECT_EQ(records[0].data(), first.record().data());
}

TEST(OptionForSource, PicksThePartOfTheSource) {
    EXPECT_EQ(option_for_source("a,b", ';', "x").value(), "a,b");
    EXPECT_EQ(option_for_source("x:a,b;y:c", ';', "y").value(), "c");
    EXPECT_EQ(option_for_source("x:a;y:c", ';', "z").value(), std::nullopt);
    EXPECT_FALSE(option_for_source("x:a;c", ';', "x"));
}

TEST(MaxEntriesForSource, LeavesUnnamedSourcesAlone) {
    EXPECT_EQ(max_entries_for_source("5", "x").value(), 5U);
    EXPECT_EQ(max_entries_for_source("-1", "x").value(), std::nullopt);
    EXPECT_EQ(max_entries_for_source("x:3,y:0", "y").value(), 0U);
    EXPECT_EQ(max_entries_for_source("x:3", "y").value(), std::nullopt);
    EXPECT_FALSE(max_entries_for_source("many", "x"));
}

}  // namespace
}  // namespace gadget::events::testing
