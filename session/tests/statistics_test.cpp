// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "gadget/session.h"
#include "row_layout.h"
#include "statistics_kinds.h"

namespace gadget::session {
namespace {

std::string json_of(const Statistics& statistics, const Bytes& rows) {
    std::vector<events::Record> records;
    EXPECT_TRUE(events::split_records(rows, statistics.schema().size, records));
    const auto source = events::DataSource::create(
        {.name = statistics.source_name(), .schema = statistics.schema(), .metadata = &statistics.metadata()},
        {});
    EXPECT_TRUE(source) << source.error().to_string();
    std::string out;
    events::JsonWriter(*source).append_batch(records, out);
    return out;
}

TEST(CgroupStatistics, ReadsLimitsThrottlingAndPressure) {
    const auto root = TempDir::create();
    ASSERT_TRUE(root);
    const auto group = root->path() / "service";
    ASSERT_TRUE(gadget::create_directories(group));
    ASSERT_TRUE(write_file_atomic(group / "cpu.stat",
                                  "usage_usec 5\nnr_periods 200\nnr_throttled 50\nthrottled_usec 1500000\n"));
    ASSERT_TRUE(write_file_atomic(group / "cpu.max", "150000 100000\n"));
    ASSERT_TRUE(write_file_atomic(group / "cpu.pressure",
                                  "some avg10=1.50 avg60=0.25 avg300=0.00 total=1\nfull avg10=9 avg60=9\n"));
    ASSERT_TRUE(write_file_atomic(group / "cgroup.procs", std::to_string(::getpid()) + "\n"));
    ASSERT_TRUE(gadget::create_directories(root->path() / "without-controller"));

    auto statistics = make_cgroup_statistics({}, root->path().string());
    ASSERT_TRUE(statistics);
    ASSERT_TRUE((*statistics)->start());
    Bytes rows;
    ASSERT_TRUE((*statistics)->collect(rows));
    const std::string json = json_of(**statistics, rows);
    for (const char* part :
         {R"("cgroupPath":"/service")", R"("nrPeriods":200)", R"("nrThrottled":50)",
          R"("throttledTime":"1.5s")", R"("throttledTime_raw":1500000000)", R"("throttleRatio":25)",
          R"("cpuQuota":"150.00ms")", R"("cpuPeriod":"100.00ms")", R"("cpuLimitCores":1.5)",
          R"("psiSomeAvg10":1.5)", R"("psiSomeAvg60":0.25)", R"("mountnsid":)"}) {
        EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
    }
    EXPECT_EQ(json.find("without-controller"), std::string::npos);
}

TEST(CgroupStatistics, NoLimitIsZero) {
    const auto root = TempDir::create();
    ASSERT_TRUE(
        write_file_atomic(root->path() / "cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n"));
    ASSERT_TRUE(write_file_atomic(root->path() / "cpu.max", "max 100000\n"));
    auto statistics =
        make_cgroup_statistics({"cgroupPath", "cpuQuota", "cpuLimitCores"}, root->path().string());
    Bytes rows;
    ASSERT_TRUE((*statistics)->collect(rows));
    EXPECT_EQ(json_of(**statistics, rows),
              "[{\"cgroupPath\":\"/\",\"cpuLimitCores\":0,\"cpuQuota\":\"0ns\",\"cpuQuota_raw\":0}]\n");
}

TEST(ProgramStatistics, ShowsThePrograms) {
    auto statistics = make_program_statistics({});
    ASSERT_TRUE(statistics);
    if (const auto started = (*statistics)->start(); !started) {
        ASSERT_TRUE(started.error().requirement) << started.error().to_string();
        GTEST_SKIP() << "missing: " << started.error().requirement->feature;
    }
    Bytes rows;
    ASSERT_TRUE((*statistics)->collect(rows));
    const std::string json = json_of(**statistics, rows);
    EXPECT_TRUE(json.starts_with("[")) << json;
    if (rows.empty()) GTEST_SKIP() << "missing: a loaded eBPF program to look at";
    for (const char* key : {"gadgetID", "gadgetName", "gadgetImage", "progID", "progName", "progType",
                            "cpuUsage", "cpuUsageRelative", "cpuTimeStr", "runtime", "runtime_raw",
                            "runcount", "mapMemory", "mapMemory_raw", "mapCount", "comms", "pids"})
        EXPECT_NE(json.find('"' + std::string(key) + "\":"), std::string::npos) << key << " in " << json;
}

TEST(RowLayout, LongTextsAreCutAndLeftOutFieldsIgnored) {
    constexpr FieldSpec kFields[] = {{.name = "name", .type = FieldSpec::Type::text, .text_size = 4},
                                     {.name = "size_raw", .gadget_type = "gadget_bytes"}};
    auto layout = RowLayout::create("things", kFields, {"name"});
    ASSERT_TRUE(layout);
    Bytes rows;
    layout->begin(rows);
    layout->set_text("name", "abcdef");
    layout->set("size_raw", 5);
    ASSERT_EQ(rows.size(), 8U);
    EXPECT_STREQ(reinterpret_cast<const char*>(rows.data()), "abc");
    EXPECT_EQ(RowLayout::create("things", kFields, {"nam"}).error().hint, "did you mean 'name'?");
}

}  // namespace
}  // namespace gadget::session
