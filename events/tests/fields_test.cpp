// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/fields.h"

#include <gtest/gtest.h>

#include "gadget/events/writers.h"
#include "sample_event.h"

namespace gadget::events {
namespace {

FieldReader reader(const testing::Sample& sample, std::string_view name) {
    return FieldReader::create(sample.source(), name).value();
}

TEST(FieldReader, ReadsNumbersAndTheirWords) {
    const testing::Sample sample = testing::open_event();
    FieldReader error = reader(sample, "error_raw");
    FieldReader name = reader(sample, "error");
    EXPECT_EQ(error.text(sample.record()), std::to_string(error.integer(sample.record())));
    EXPECT_EQ(name.integer(sample.record()), error.integer(sample.record()));
    EXPECT_EQ(name.type(), ValueType::text);
    EXPECT_EQ(error.number(sample.record()), static_cast<double>(error.integer(sample.record())));
}

TEST(FieldReader, TextIsWhatJsonHasBetweenTheQuotes) {
    const testing::Sample sample = testing::open_event();
    std::string json;
    JsonWriter(sample.source()).append(sample.record(), json);
    for (const char* field : {"fname", "flags", "timestamp"}) {
        const std::string wanted =
            "\"" + std::string(field) + "\":\"" + reader(sample, field).text(sample.record()) + "\"";
        EXPECT_NE(json.find(wanted), std::string::npos) << wanted << " in " << json;
    }
}

TEST(FieldReader, FindsColumnsAndRefusesStructures) {
    const testing::Sample sample = testing::open_event();
    EXPECT_EQ(reader(sample, "PID").integer(sample.record()),
              reader(sample, "proc.pid").integer(sample.record()));
    EXPECT_FALSE(FieldReader::create(sample.source(), "proc"));
    const auto unknown = FieldReader::create(sample.source(), "fnam");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().hint, "did you mean 'fname'?");
}

TEST(FieldReader, ShortRecordsAreZero) {
    const testing::Sample sample = testing::open_event();
    EXPECT_EQ(reader(sample, "proc.pid").integer(sample.record().first(4)), 0);
    EXPECT_EQ(reader(sample, "fname").text({}), "");
}

}  // namespace
}  // namespace gadget::events
