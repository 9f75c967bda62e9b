// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms made of events, by the metrics.* annotations and types of the fields, and
// their text: histograms drawn for people, and the exposition format of Prometheus.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gadget/events/data_source.h"

namespace gadget::events {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

/// One value of a metric for one combination of keys.
struct MetricSeries {
    std::vector<std::string> labels;  ///< values of Metric::label_names
    double value = 0;                 ///< counter, gauge
    bool is_integer = false;          ///< then `integer` is exact
    std::int64_t integer = 0;
    std::vector<std::uint64_t>
        buckets;              ///< histogram: one for each bound, and one for what is above the last
    std::uint64_t count = 0;  ///< histogram: observations
    double sum = 0;           ///< histogram: of the observed values
};

struct Metric {
    std::string source;  ///< data source; tells metrics of one name apart
    std::string name;
    std::string description;
    std::string unit;
    MetricKind kind = MetricKind::counter;
    std::vector<std::string> label_names;
    std::vector<double> bounds;   ///< histogram: upper bounds, included
    bool integer_bounds = false;  ///< histogram over integers: can be drawn
    std::vector<MetricSeries> series;
};

/// Most combinations of keys that are kept; further ones are counted as dropped.
inline constexpr std::size_t kMaxSeries = 100000;

class MetricsCollector {
  public:
    /// nullopt when the source has neither value fields nor an implicit counter. `rejected_input` when an
    /// annotation asks for a metric of a field that cannot be one.
    static Result<std::optional<MetricsCollector>> create(const DataSource& source);
    MetricsCollector(MetricsCollector&&) noexcept;
    MetricsCollector& operator=(MetricsCollector&&) noexcept;
    ~MetricsCollector();

    void add(Record record);
    /// The state of all metrics; series in the order in which their keys were first seen.
    [[nodiscard]] std::vector<Metric> snapshot() const;
    /// Events that were not counted because there are too many combinations of keys.
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    struct Impl;
    explicit MetricsCollector(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Appends histograms over integers as bars, one drawing for each combination of keys. The overflow bucket is
/// not drawn.
void draw_histograms(const std::vector<Metric>& metrics, std::string& out);

/// Appends all metrics in the Prometheus text format, version 0.0.4. Names are made valid, and different: of
/// a name that was there before, the later one begins with its data source. Label values are escaped.
void write_prometheus(const std::vector<Metric>& metrics, std::string& out);

}  // namespace gadget::events
