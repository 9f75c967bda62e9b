// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gadget/events/metrics.h"
#include "sample_event.h"

namespace gadget::events::testing {
namespace {

MetricsCollector collector_of(const Sample& sample) {
    return MetricsCollector::create(sample.source()).value().value();
}

Sample counted(const char* comm, std::uint32_t n, double load = 0) {
    Sample sample;
    sample.text("comm", comm, 16).value("n", n, {"gadget_counter__u32"}).value("load", load);
    sample.annotate("comm", "metrics.type", "key").annotate("load", "metrics.type", "gauge");
    return sample;
}

TEST(MetricsCollector, AddsCountersAndKeepsTheLastGauge) {
    MetricsCollector collector = collector_of(counted("a", 1));
    collector.add(counted("a", 3, 0.5).record());
    collector.add(counted("b", 10, 1).record());
    collector.add(counted("a", 4, 0.25).record());
    const std::vector<Metric> metrics = collector.snapshot();
    ASSERT_EQ(metrics.size(), 2U);
    EXPECT_EQ(metrics[0].label_names, std::vector<std::string>{"comm"});
    ASSERT_EQ(metrics[0].series.size(), 2U);
    EXPECT_EQ(metrics[0].series[0].labels, std::vector<std::string>{"a"});
    EXPECT_EQ(metrics[0].series[0].integer, 7);
    EXPECT_EQ(metrics[0].series[1].integer, 10);
    EXPECT_EQ(metrics[1].series[0].value, 0.25);
}

TEST(MetricsCollector, TellsKeysApartThatLookAlikeWhenJoined) {
    const auto keyed = [](const char* a, const char* b) {
        Sample sample;
        sample.text("a", a, 8).text("b", b, 8).value("n", 1U, {"gadget_counter__u32"});
        sample.annotate("a", "metrics.type", "key").annotate("b", "metrics.type", "key");
        return sample;
    };
    MetricsCollector collector = collector_of(keyed("", ""));
    collector.add(keyed("xy", "z").record());
    collector.add(keyed("x", "yz").record());
    ASSERT_EQ(collector.snapshot()[0].series.size(), 2U);
    EXPECT_EQ(collector.snapshot()[0].series[1].labels, (std::vector<std::string>{"x", "yz"}));
}

TEST(MetricsCollector, CountsEvents) {
    Sample sample;
    sample.value("x", 1U).annotate_source("metrics.implicit-counter.name", "opens");
    MetricsCollector collector = collector_of(sample);
    collector.add(sample.record());
    collector.add(sample.record());
    EXPECT_EQ(collector.snapshot()[0].series[0].integer, 2);
}

TEST(MetricsCollector, IsAbsentWithoutValues) {
    Sample sample;
    sample.value("x", 1U).annotate("x", "metrics.type", "key");
    EXPECT_FALSE(MetricsCollector::create(sample.source()).value().has_value());
}

TEST(MetricsCollector, RefusesWhatCannotBeMeasured) {
    Sample text;
    text.text("x", "", 4).annotate("x", "metrics.type", "counter");
    EXPECT_FALSE(MetricsCollector::create(text.source()));
    Sample unknown;
    unknown.value("x", 1U).annotate("x", "metrics.type", "summary");
    EXPECT_FALSE(MetricsCollector::create(unknown.source()));
    Sample bounds;
    bounds.value("x", 1U)
        .annotate("x", "metrics.type", "histogram")
        .annotate("x", "metrics.boundaries", "1,1");
    EXPECT_FALSE(MetricsCollector::create(bounds.source()));
}

TEST(MetricsCollector, PutsScalarsIntoBucketsByUpperBound) {
    Sample sample;
    sample.value("x", 10U)
        .annotate("x", "metrics.type", "histogram")
        .annotate("x", "metrics.boundaries", "5, 10, 20");
    MetricsCollector collector = collector_of(sample);
    collector.add(sample.record());
    Sample large;
    large.value("x", 21U);
    collector.add(large.record());
    const MetricSeries series = collector.snapshot()[0].series[0];
    EXPECT_EQ(series.buckets, (std::vector<std::uint64_t>{0, 1, 0, 1}));
    EXPECT_EQ(series.count, 2U);
    EXPECT_EQ(series.sum, 31);
}

Sample slots() {
    Sample sample;
    sample.array<std::uint32_t>("latency", {0, 3, 1});
    sample.schema().fields[0].type_names = {"gadget_histogram_slot__u32", "__u32"};
    sample.annotate("latency", "metrics.unit", "ms");
    return sample;
}

TEST(DrawHistograms, DrawsBars) {
    MetricsCollector collector = collector_of(slots());
    collector.add(slots().record());
    std::string out;
    draw_histograms(collector.snapshot(), out);
    EXPECT_EQ(out,
              "latency\n"
              "        ms               : count    distribution\n"
              "         0 -> 1          : 0        |                                        |\n"
              "         1 -> 2          : 3        |****************************************|\n"
              "         2 -> 4          : 1        |*************                           |\n");
}

TEST(DrawHistograms, SurvivesCountsNearTheLimit) {
    Sample sample;
    sample.array<std::uint64_t>("n", {~0ULL, ~0ULL / 2});
    sample.schema().fields[0].type_names = {"gadget_histogram_slot__u64"};
    MetricsCollector collector = collector_of(sample);
    collector.add(sample.record());
    std::string out;
    draw_histograms(collector.snapshot(), out);
    EXPECT_NE(out.find("|****************************************|"), std::string::npos);
    EXPECT_NE(out.find("|********************                    |"), std::string::npos);
}

TEST(WritePrometheus, WritesEveryKind) {
    Sample sample = counted("a\"b\\\n", 3, 0.5);
    sample.annotate("n", "metrics.name", "open.calls")
        .annotate("n", "metrics.description", "calls of open()");
    MetricsCollector collector = collector_of(sample);
    collector.add(sample.record());
    std::string out;
    write_prometheus(collector.snapshot(), out);
    EXPECT_EQ(out,
              "# HELP open_calls_total calls of open()\n# TYPE open_calls_total counter\n"
              "open_calls_total{comm=\"a\\\"b\\\\\\n\"} 3\n"
              "# TYPE load gauge\nload{comm=\"a\\\"b\\\\\\n\"} 0.5\n");
    out.clear();
    MetricsCollector histogram = collector_of(slots());
    histogram.add(slots().record());
    write_prometheus(histogram.snapshot(), out);
    EXPECT_EQ(out,
              "# TYPE latency histogram\nlatency_bucket{le=\"1\"} 0\nlatency_bucket{le=\"2\"} "
              "3\nlatency_bucket{le=\"4\"} 4\n"
              "latency_bucket{le=\"+Inf\"} 4\nlatency_sum 10\nlatency_count 4\n");
}

TEST(WritePrometheus, TellsMetricsOfOneNameApart) {
    std::string out;
    write_prometheus({{.source = "tcp", .name = "calls"},
                      {.source = "u-dp", .name = "calls"},
                      {.source = "u-dp", .name = "calls_total"},
                      {.source = "tcp", .name = "calls", .kind = MetricKind::gauge}},
                     out);
    EXPECT_EQ(out,
              "# TYPE calls_total counter\n# TYPE u_dp_calls_total counter\n"
              "# TYPE u_dp__calls_total counter\n# TYPE calls gauge\n");
}

}  // namespace
}  // namespace gadget::events::testing
