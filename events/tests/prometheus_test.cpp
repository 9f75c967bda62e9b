// SPDX-License-Identifier: Apache-2.0
// Our text beside that of the client library of Prometheus, which leaves descriptions as they are: a line
// break in one ends a scrape.
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "gadget/events/metrics.h"

namespace gadget::events {
namespace {

/// What the client library calls the same.
prometheus::MetricFamily family_of(const Metric& metric, const std::string& name) {
    prometheus::MetricFamily family{name, metric.description, prometheus::MetricType::Gauge, {}};
    if (metric.kind == MetricKind::counter) family.type = prometheus::MetricType::Counter;
    if (metric.kind == MetricKind::histogram) family.type = prometheus::MetricType::Histogram;
    for (const auto& series : metric.series) {
        prometheus::ClientMetric client;
        for (std::size_t i = 0; i < series.labels.size(); ++i)
            client.label.push_back({metric.label_names[i], series.labels[i]});
        client.counter.value = client.gauge.value = series.value;
        client.histogram.sample_count = series.count;
        client.histogram.sample_sum = series.sum;
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < series.buckets.size(); ++i) {
            below += series.buckets[i];
            client.histogram.bucket.push_back({below, i < metric.bounds.size()
                                                          ? metric.bounds[i]
                                                          : std::numeric_limits<double>::infinity()});
        }
        family.metric.push_back(client);
    }
    return family;
}

/// The library writes count and sum of a histogram before its buckets; the format leaves that open.
std::vector<std::string> sorted_lines(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    std::sort(lines.begin(), lines.end());
    return lines;
}

void expect_agreement(const Metric& metric, const std::string& name) {
    std::string ours;
    write_prometheus({metric}, ours);
    EXPECT_EQ(sorted_lines(ours),
              sorted_lines(prometheus::TextSerializer().Serialize({family_of(metric, name)})));
}

Metric sample(MetricKind kind) {
    return {.name = "calls",
            .description = "How often",
            .kind = kind,
            .label_names = {"comm", "pid"},
            .series = {{.labels = {"cat", "1"}}, {.labels = {"a\"b\\c\nd", "\xc3\xa9"}}}};
}

TEST(PrometheusClient, AgreesAboutCounters) {
    Metric metric = sample(MetricKind::counter);
    metric.series[0].value = 3;
    metric.series[1].value = 1.5;
    expect_agreement(metric, "calls_total");
}

TEST(PrometheusClient, AgreesAboutGauges) {
    Metric metric = sample(MetricKind::gauge);
    metric.series[0].value = -2.25;
    metric.series[1].value = std::numeric_limits<double>::infinity();
    expect_agreement(metric, "calls");
}

TEST(PrometheusClient, AgreesAboutHistograms) {
    Metric metric = sample(MetricKind::histogram);
    metric.bounds = {1, 2, 4};
    for (auto& series : metric.series) {
        series.buckets = {1, 0, 5, 2};
        series.count = 8;
        series.sum = 33;
    }
    expect_agreement(metric, "calls");
}

}  // namespace
}  // namespace gadget::events
