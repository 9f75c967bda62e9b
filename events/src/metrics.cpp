// SPDX-License-Identifier: Apache-2.0
// A record finds its series by the text of its keys, then adds to one accumulator for each metric.
#include "gadget/events/metrics.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include "evaluator.h"
#include "gadget/support/text.h"
#include "numbers.h"

namespace gadget::events {
namespace {

using detail::Evaluator;
using detail::Node;
using detail::Op;
using detail::Plan;
using detail::Style;
using detail::View;

enum class Role : std::uint8_t { none, key, counter, gauge, histogram };

constexpr std::size_t kMaxBounds = 1024;
constexpr double kDefaultBounds[] = {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};

std::string annotation(const model::Annotations& annotations, const char* key) {
    const auto found = annotations.find(key);
    return found == annotations.end() ? std::string{} : found->second;
}

Error rejected(const Node& node, const std::string& why) {
    return Error{.code = ErrorCode::rejected_input,
                 .message = "metrics: field '" + printable(node.path) + "' " + why};
}

Result<Role> role_of(const Node& node) {
    const std::string type = annotation(node.annotations, "metrics.type");
    if (type == "key") return Role::key;
    if (type == "counter") return Role::counter;
    if (type == "gauge") return Role::gauge;
    if (type == "histogram") return Role::histogram;
    if (!type.empty()) {
        return rejected(
            node, "has metrics.type '" + printable(type) + "'; known are key, counter, gauge and histogram");
    }
    if (node.has_type("gadget_counter__u32") || node.has_type("gadget_counter__u64")) return Role::counter;
    if (node.has_type("gadget_gauge__u32") || node.has_type("gadget_gauge__u64")) return Role::gauge;
    if (node.has_type("gadget_histogram_slot__u32") || node.has_type("gadget_histogram_slot__u64"))
        return Role::histogram;
    return Role::none;
}

bool is_number(const Node& node) {
    const ValueType type = value_type(node.op);
    return type == ValueType::integer || type == ValueType::floating;
}

bool is_slots(const Node& node) {
    return node.op == Op::array && (node.element_op == Op::u32 || node.element_op == Op::u64);
}

Result<std::vector<double>> read_bounds(const Node& node) {
    const std::string text = annotation(node.annotations, "metrics.boundaries");
    if (text.empty()) return std::vector<double>(std::begin(kDefaultBounds), std::end(kDefaultBounds));
    std::vector<double> bounds;
    for (std::string_view part : split(text, ',')) {
        part = trim(part);
        double bound = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), bound);
        if (error != std::errc{} || end != part.data() + part.size() ||
            (!bounds.empty() && !(bound > bounds.back())) || bounds.size() >= kMaxBounds) {
            return rejected(node,
                            "has metrics.boundaries '" + printable(text) + "', expected increasing numbers");
        }
        bounds.push_back(bound);
    }
    return bounds;
}

std::string base64(const unsigned char* data, std::size_t size) {
    constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < size; i += 3) {
        const std::size_t left = size - i;
        const unsigned word = static_cast<unsigned>(data[i] << 16) |
                              static_cast<unsigned>(left > 1 ? data[i + 1] << 8 : 0) |
                              static_cast<unsigned>(left > 2 ? data[i + 2] : 0);
        text += kLetters[word >> 18];
        text += kLetters[word >> 12 & 63];
        text += left > 1 ? kLetters[word >> 6 & 63] : '=';
        text += left > 2 ? kLetters[word & 63] : '=';
    }
    return text;
}

/// A metric and where its values come from; node nullptr: the number of events.
struct Meter {
    const Node* node = nullptr;
    Metric description;
};

bool is_signed_number(const Node& node) {
    return node.is_signed || node.op == Op::wall_clock || node.op == Op::i8 || node.op == Op::i16 ||
           node.op == Op::i32 || node.op == Op::i64;
}

double as_double(const Node& node, std::uint64_t number) {
    return is_signed_number(node) ? static_cast<double>(static_cast<std::int64_t>(number))
                                  : static_cast<double>(number);
}

void observe(MetricSeries& series, const std::vector<double>& bounds, double value, std::uint64_t times) {
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
    series.buckets[static_cast<std::size_t>(bucket)] += times;
    series.count += times;
    series.sum += value * static_cast<double>(times);
}

}  // namespace

struct MetricsCollector::Impl {
    explicit Impl(const DataSource& source)
        : plan(source.plan()), evaluator(*plan), view(plan->record_size) {}

    Result<void> read_fields() {
        for (const Node& node : plan->nodes) {
            if (node.unreferenced) continue;
            GADGET_TRY_ASSIGN(const Role role, role_of(node));
            if (role == Role::none) continue;
            if (role == Role::key) {
                const ValueType type = value_type(node.op);
                if (type == ValueType::container || type == ValueType::list)
                    return rejected(node, "cannot be a key");
                keys.push_back(&node);
            } else {
                GADGET_TRY(add_meter(node, role));
            }
        }
        if (std::string name = annotation(plan->annotations, "metrics.implicit-counter.name");
            !name.empty()) {
            Meter meter;
            meter.description.name = std::move(name);
            meter.description.description =
                annotation(plan->annotations, "metrics.implicit-counter.description");
            meters.push_back(std::move(meter));
        }
        for (Meter& meter : meters) {
            meter.description.source = plan->name;
            for (const Node* key : keys) {
                const std::string name = annotation(key->annotations, "metrics.name");
                meter.description.label_names.push_back(name.empty() ? key->path : name);
            }
        }
        return {};
    }

    Result<void> add_meter(const Node& node, Role role) {
        Meter meter;
        meter.node = &node;
        Metric& metric = meter.description;
        metric.name = annotation(node.annotations, "metrics.name");
        if (metric.name.empty()) metric.name = node.path;
        metric.description = annotation(node.annotations, "metrics.description");
        metric.unit = annotation(node.annotations, "metrics.unit");
        metric.kind = role == Role::counter ? MetricKind::counter
                      : role == Role::gauge ? MetricKind::gauge
                                            : MetricKind::histogram;
        if (role == Role::histogram && is_slots(node)) {
            if (node.count > 64) return rejected(node, "has more than 64 slots");
            metric.integer_bounds = true;
            for (std::uint32_t i = 0; i < node.count; ++i)
                metric.bounds.push_back(static_cast<double>(std::uint64_t{1} << i));
        } else if (!is_number(node)) {
            return rejected(node, "is neither an integer nor a float, so it has no value to measure");
        } else if (role == Role::histogram) {
            GADGET_TRY_ASSIGN(metric.bounds, read_bounds(node));
            metric.integer_bounds = value_type(node.op) == ValueType::integer;
        }
        meters.push_back(std::move(meter));
        return {};
    }

    /// The text of the keys of a record, each followed by its size, so that no two combinations look the
    /// same.
    void read_keys(const View& bytes) {
        key_text.clear();
        for (const Node* key : keys) {
            const std::size_t begin = key_text.size();
            if (key->op == Op::bytes) {
                key_text += base64(bytes.data + key->offset, key->size);
            } else {
                const std::size_t room = evaluator.room(*key, bytes);
                key_text.resize(begin + room);
                const char* end = evaluator.write<Style::raw>(*key, bytes, key_text.data() + begin);
                key_text.resize(static_cast<std::size_t>(end - key_text.data()));
            }
            const std::size_t size = key_text.size() - begin;
            key_text.append(reinterpret_cast<const char*>(&size), sizeof size);
        }
    }

    std::vector<std::string> split_keys(std::string_view text) const {
        std::vector<std::string> labels(keys.size());
        for (std::size_t i = keys.size(); i-- > 0;) {
            std::size_t size = 0;
            std::memcpy(&size, text.data() + text.size() - sizeof size, sizeof size);
            text.remove_suffix(sizeof size);
            labels[i] = text.substr(text.size() - size);
            text.remove_suffix(size);
        }
        return labels;
    }

    std::vector<MetricSeries>* find_series() {
        const auto found = index.find(key_text);
        if (found != index.end()) return &rows[found->second];
        if (rows.size() >= kMaxSeries) return nullptr;
        index.emplace(key_text, rows.size());
        std::vector<MetricSeries>& row = rows.emplace_back(meters.size());
        const std::vector<std::string> labels = split_keys(key_text);
        for (std::size_t i = 0; i < meters.size(); ++i) {
            row[i].labels = labels;
            if (meters[i].description.kind == MetricKind::histogram)
                row[i].buckets.resize(meters[i].description.bounds.size() + 1);
            row[i].is_integer =
                meters[i].node == nullptr || value_type(meters[i].node->op) == ValueType::integer;
        }
        return &row;
    }

    void add_value(const Meter& meter, MetricSeries& series, const View& bytes) {
        if (meter.node == nullptr) {
            ++series.integer;
            series.value += 1;
            return;
        }
        const Node& node = *meter.node;
        if (node.op == Op::array) {
            for (std::uint32_t i = 0; i < node.count; ++i) {
                const unsigned char* at = bytes.data + node.offset + std::size_t{i} * node.element_size;
                const std::uint64_t times = node.element_op == Op::u32 ? detail::load<std::uint32_t>(at)
                                                                       : detail::load<std::uint64_t>(at);
                if (times > 0) observe(series, meter.description.bounds, meter.description.bounds[i], times);
            }
            return;
        }
        const bool integer = value_type(node.op) == ValueType::integer;
        const std::uint64_t number = integer ? evaluator.number(node, bytes) : 0;
        const double value = integer ? as_double(node, number) : evaluator.floating(node, bytes);
        switch (meter.description.kind) {
            case MetricKind::counter:
                series.value += value;
                series.integer =
                    static_cast<std::int64_t>(static_cast<std::uint64_t>(series.integer) + number);
                break;
            case MetricKind::gauge:
                series.value = value;
                series.integer = static_cast<std::int64_t>(number);
                break;
            case MetricKind::histogram:
                observe(series, meter.description.bounds, value, 1);
                break;
        }
    }

    std::shared_ptr<const Plan> plan;
    Evaluator evaluator;
    detail::ViewMaker view;
    std::vector<const Node*> keys;
    std::vector<Meter> meters;
    std::string key_text;
    std::unordered_map<std::string, std::size_t> index;  ///< by key_text, in rows
    std::vector<std::vector<MetricSeries>> rows;         ///< one series for each meter
    std::uint64_t dropped = 0;
};

Result<std::optional<MetricsCollector>> MetricsCollector::create(const DataSource& source) {
    auto impl = std::make_unique<Impl>(source);
    GADGET_TRY(impl->read_fields());
    if (impl->meters.empty()) return std::optional<MetricsCollector>{};
    return std::optional<MetricsCollector>(MetricsCollector(std::move(impl)));
}

MetricsCollector::MetricsCollector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsCollector::MetricsCollector(MetricsCollector&&) noexcept = default;
MetricsCollector& MetricsCollector::operator=(MetricsCollector&&) noexcept = default;
MetricsCollector::~MetricsCollector() = default;

void MetricsCollector::add(Record record) {
    const View bytes = impl_->view(record);
    impl_->read_keys(bytes);
    std::vector<MetricSeries>* row = impl_->find_series();
    if (row == nullptr) {
        ++impl_->dropped;
        return;
    }
    for (std::size_t i = 0; i < impl_->meters.size(); ++i)
        impl_->add_value(impl_->meters[i], (*row)[i], bytes);
}

std::vector<Metric> MetricsCollector::snapshot() const {
    std::vector<Metric> metrics;
    for (std::size_t i = 0; i < impl_->meters.size(); ++i) {
        Metric metric = impl_->meters[i].description;
        metric.series.reserve(impl_->rows.size());
        for (const auto& row : impl_->rows) metric.series.push_back(row[i]);
        metrics.push_back(std::move(metric));
    }
    return metrics;
}

std::uint64_t MetricsCollector::dropped() const {
    return impl_->dropped;
}

}  // namespace gadget::events
