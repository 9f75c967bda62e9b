// SPDX-License-Identifier: Apache-2.0
// Metrics as text. The drawing has the layout of Inspektor Gadget's, with a line of keys where there are
// keys.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "escape.h"
#include "gadget/events/metrics.h"

namespace gadget::events {
namespace {

constexpr std::size_t kBarCells = 40;

std::string padded(std::string text, std::size_t width, bool right) {
    if (text.size() >= width) return text;
    const std::string blanks(width - text.size(), ' ');
    return right ? blanks + text : text + blanks;
}

std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    char buffer[64];
    const bool whole = std::floor(value) == value && std::fabs(value) < 1e21;
    const auto format = whole ? std::chars_format::fixed : std::chars_format::general;
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr};
}

void draw(const Metric& metric, const MetricSeries& series, std::string& out) {
    out += detail::terminal_escaped(metric.name);
    for (std::size_t i = 0; i < metric.label_names.size(); ++i) {
        out += (i == 0 ? " " : ", ") + detail::terminal_escaped(metric.label_names[i]) + "=" +
               detail::terminal_escaped(series.labels[i]);
    }
    out += "\n        " + padded(detail::terminal_escaped(metric.unit), 16, false) +
           " : count    distribution\n";
    const std::size_t rows = metric.bounds.size();
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < rows; ++i) largest = std::max(largest, series.buckets[i]);
    std::string start = "0";
    for (std::size_t i = 0; i < rows; ++i) {
        const std::string end = number_text(metric.bounds[i]);
        const std::uint64_t count = series.buckets[i];
        // By division first where the product would not fit.
        const std::uint64_t stars = largest == 0                              ? 0
                                    : largest > ~std::uint64_t{0} / kBarCells ? count / (largest / kBarCells)
                                                                              : count * kBarCells / largest;
        const auto cells = static_cast<std::size_t>(std::min<std::uint64_t>(stars, kBarCells));
        out += padded(start, 10, true) + " -> " + padded(end, 10, false) + " : " +
               padded(std::to_string(count), 8, false) + " |" + std::string(cells, '*') +
               std::string(kBarCells - cells, ' ') + "|\n";
        start = end;
    }
}

/// Letters, digits, '_' and (in metric names) ':'; everything else becomes '_'.
std::string valid_name(std::string_view text, bool colon) {
    std::string name;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9';
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
        if (digit && name.empty()) name += '_';
        name += letter || digit ? c : '_';
    }
    return name.empty() ? "_" : name;
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t length = 0;
        const char32_t c = detail::decode_utf8(reinterpret_cast<const unsigned char*>(text.data() + at),
                                               text.size() - at, length);
        if (c == U'\\')
            out += "\\\\";
        else if (c == U'\n')
            out += "\\n";
        else if (c == U'"' && quotes)
            out += "\\\"";
        else if (length == 1 && c == 0xfffd)
            out += "\xef\xbf\xbd";
        else
            out += text.substr(at, length);
        at += length;
    }
}

/// A scrape ends at the second metric of a name.
std::string family_name(const Metric& metric, std::set<std::string>& taken) {
    const std::string_view suffix = metric.kind == MetricKind::counter ? "_total" : "";
    const auto with_suffix = [&](const std::string& text) {
        std::string name = valid_name(text, true);
        if (!name.ends_with(suffix)) name += suffix;
        return name;
    };
    std::string name = with_suffix(metric.name);
    for (std::string prefix = metric.source + "_"; !taken.insert(name).second; prefix += "_")
        name = with_suffix(prefix + metric.name);
    return name;
}

/// {a="x",b="y",le="5"}; nothing when there are no labels.
void append_labels(std::string& out, const Metric& metric, const MetricSeries& series,
                   std::string_view bound) {
    if (metric.label_names.empty() && bound.empty()) return;
    out += '{';
    bool first = true;
    const auto label = [&](std::string_view name, std::string_view value) {
        if (!first) out += ',';
        first = false;
        out += valid_name(name, false);
        out += "=\"";
        append_escaped(out, value, true);
        out += '"';
    };
    for (std::size_t i = 0; i < metric.label_names.size(); ++i)
        label(metric.label_names[i], series.labels[i]);
    if (!bound.empty()) label("le", bound);
    out += '}';
}

void append_sample(std::string& out, const std::string& name, const Metric& metric,
                   const MetricSeries& series, std::string_view bound, const std::string& value) {
    out += name;
    append_labels(out, metric, series, bound);
    out += " " + value + "\n";
}

void append_histogram(std::string& out, const std::string& name, const Metric& metric,
                      const MetricSeries& series) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < metric.bounds.size(); ++i) {
        below += series.buckets[i];
        append_sample(out, name + "_bucket", metric, series, number_text(metric.bounds[i]),
                      std::to_string(below));
    }
    append_sample(out, name + "_bucket", metric, series, "+Inf", std::to_string(series.count));
    append_sample(out, name + "_sum", metric, series, "", number_text(series.sum));
    append_sample(out, name + "_count", metric, series, "", std::to_string(series.count));
}

}  // namespace

void draw_histograms(const std::vector<Metric>& metrics, std::string& out) {
    for (const Metric& metric : metrics) {
        if (metric.kind != MetricKind::histogram || !metric.integer_bounds) continue;
        for (const MetricSeries& series : metric.series) draw(metric, series, out);
    }
}

void write_prometheus(const std::vector<Metric>& metrics, std::string& out) {
    constexpr const char* kKinds[] = {"counter", "gauge", "histogram"};
    std::set<std::string> taken;
    for (const Metric& metric : metrics) {
        const std::string name = family_name(metric, taken);
        if (!metric.description.empty()) {
            out += "# HELP " + name + " ";
            append_escaped(out, metric.description, false);
            out += '\n';
        }
        out += "# TYPE " + name + " " + kKinds[static_cast<std::size_t>(metric.kind)] + "\n";
        for (const MetricSeries& series : metric.series) {
            if (metric.kind == MetricKind::histogram)
                append_histogram(out, name, metric, series);
            else
                append_sample(out, name, metric, series, "",
                              series.is_integer ? std::to_string(series.integer) : number_text(series.value));
        }
    }
}

}  // namespace gadget::events
