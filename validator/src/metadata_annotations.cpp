// SPDX-License-Identifier: Apache-2.0
// The annotations that Inspektor Gadget reads, in lower case, and what their values look like.
#include <algorithm>
#include <charconv>

#include "gadget/support/text.h"
#include "metadata.h"

namespace gadget::validator {
namespace {

enum class Value : std::uint8_t {
    text,
    boolean,
    integer,
    width,
    alignment,
    ellipsis,
    metric,
    duration,
    count,
    array_handling,
    text_form,
};

struct Annotation {
    std::string_view key;
    Value value;
};

constexpr Annotation kFieldAnnotations[] = {
    {"description", Value::text},
    {"template", Value::text},
    {"value.one-of", Value::text},
    {"columns.width", Value::width},
    {"columns.minwidth", Value::width},
    {"columns.maxwidth", Value::width},
    {"columns.alignment", Value::alignment},
    {"columns.ellipsis", Value::ellipsis},
    {"columns.hidden", Value::boolean},
    {"columns.fixed", Value::boolean},
    {"columns.hex", Value::boolean},
    {"columns.alias", Value::text},
    {"columns.precision", Value::integer},
    {"columns.replace", Value::text},
    {"json.skip", Value::boolean},
    {"formatters.timestamp.target", Value::text},
    {"formatters.timestamp.format", Value::text},
    {"formatters.syscall.target", Value::text},
    {"formatters.signal.target", Value::text},
    {"formatters.errno.target", Value::text},
    {"formatters.bytes.target", Value::text},
    {"formatters.duration.target", Value::text},
    {"formatters.file_mode.target", Value::text},
    {"formatters.file_flags.target", Value::text},
    {"formatters.text", Value::text_form},
    {"formatters.text.length", Value::text},
    {"uidgidresolver.target", Value::text},
    {"ebpf.formatter.enum", Value::text},
    {"ebpf.formatter.kstack", Value::text},
    {"ebpf.formatter.bitfield.separator", Value::text},
    {"metrics.type", Value::metric},
    {"metrics.name", Value::text},
    {"metrics.description", Value::text},
    {"metrics.unit", Value::text},
    {"metrics.boundaries", Value::text},
    {"pcap.interface-key", Value::boolean},
    {"pcap.interface-var", Value::text},
    {"logs.name", Value::text},
    {"content-type", Value::text},
    {"profiles.sample-attribute", Value::text},
};

constexpr Annotation kSourceAnnotations[] = {
    {"description", Value::text},
    {"cli.clear-screen-before", Value::boolean},
    {"cli.supported-output-modes", Value::text},
    {"cli.default-output-mode", Value::text},
    {"ebpf.map.flush-on-stop", Value::boolean},
    {"ebpf.iter.fetch-on-stop", Value::boolean},
    {"fetch-interval", Value::duration},
    {"fetch-count", Value::count},
    {"ebpf.rest.name", Value::text},
    {"ebpf.rest.len", Value::text},
    {"metrics.collect", Value::boolean},
    {"metrics.print", Value::boolean},
    {"metrics.implicit-counter.name", Value::text},
    {"metrics.implicit-counter.description", Value::text},
    {"pcap.payload", Value::text},
    {"pcap.timestamp", Value::text},
    {"pcap.packet-length", Value::text},
    {"logs.name", Value::text},
    {"logs.body", Value::text},
    {"logs.severity", Value::text},
    {"logs.array-handling", Value::array_handling},
    {"profiles.stack-fields", Value::text},
    {"profiles.value-field", Value::text},
    {"profiles.name", Value::text},
    {"profiles.type", Value::text},
    {"profiles.unit", Value::text},
    {"kubenameresolver.enable", Value::boolean},
    {"generate_networkpolicy.enable", Value::boolean},
};

// Families whose rest is free: names of environment variables, and what user interfaces read.
constexpr std::string_view kOpenPrefixes[] = {"env.fields.", "views.", "flamegraph."};

std::span<const Annotation> annotations(AnnotationPlace place) {
    if (place == AnnotationPlace::field) return kFieldAnnotations;
    return kSourceAnnotations;
}

const Annotation* find_annotation(std::string_view key, AnnotationPlace place) {
    const auto known = annotations(place);
    const auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) {
        return each.key.size() == key.size() && each.key.back() == key.back() && each.key == key;
    });
    return found == known.end() ? nullptr : &*found;
}

bool is_integer(std::string_view text) {
    int value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), value) != words.end();
}

std::string expected(Value kind, std::string_view value) {
    switch (kind) {
        case Value::text:
            return {};
        case Value::boolean:
            return is_one_of(value, {"true", "false"}) ? "" : "true or false";
        case Value::integer:
            return is_integer(value) ? "" : "an integer";
        case Value::width:
            return is_integer(value) || value == "type" ? "" : "an integer or 'type'";
        case Value::alignment:
            return is_one_of(value, {"left", "right"}) ? "" : "left or right";
        case Value::ellipsis:
            return is_one_of(value, {"", "none", "start", "middle", "end"}) ? ""
                                                                            : "start, middle, end or empty";
        case Value::metric:
            return is_one_of(value, {"key", "counter", "gauge", "histogram"})
                       ? ""
                       : "key, counter, gauge or histogram";
        case Value::duration:
            return is_duration(value) ? "" : "a duration such as 500ms or 1m30s";
        case Value::count:
            return is_count(value) ? "" : "a number of times, 0 for no limit";
        case Value::array_handling:
            return is_one_of(value, {"array", "elements"}) ? "" : "array or elements";
        case Value::text_form:
            return is_one_of(value, {"nul-separated", "dns-name"}) ? "" : "nul-separated or dns-name";
    }
    return {};
}

std::vector<std::string> keys_of(AnnotationPlace place) {
    std::vector<std::string> keys;
    for (const auto& each : annotations(place)) keys.emplace_back(each.key);
    return keys;
}

}  // namespace

// "1500ms", "1.5s", "1h30m"
bool is_duration(std::string_view text) {
    if (text == "0") return true;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty()) return false;
    while (!text.empty()) {
        const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
        const auto number = text.substr(0, digits);
        if (number.empty() || number == "." || std::count(number.begin(), number.end(), '.') > 1)
            return false;
        text.remove_prefix(digits);
        const auto unit = text.substr(0, text.find_first_of("0123456789."));
        if (!is_one_of(unit, {"ns", "us", "\u00b5s", "\u03bcs", "ms", "s", "m", "h"})) return false;
        text.remove_prefix(unit.size());
    }
    return true;
}

bool is_count(std::string_view text) {
    return is_integer(text) && !text.starts_with('-');
}

bool is_known_annotation(std::string_view key, AnnotationPlace place) {
    return find_annotation(key, place) != nullptr ||
           std::any_of(std::begin(kOpenPrefixes), std::end(kOpenPrefixes),
                       [&](auto prefix) { return key.starts_with(prefix); });
}

std::span<const std::string> annotation_keys(AnnotationPlace place) {
    static const auto kField = keys_of(AnnotationPlace::field);
    static const auto kSource = keys_of(AnnotationPlace::data_source);
    return place == AnnotationPlace::field ? kField : kSource;
}

std::string expected_value(std::string_view key, std::string_view value, AnnotationPlace place) {
    const auto* known = find_annotation(key, place);
    return known == nullptr ? std::string{} : expected(known->value, value);
}

std::span<const std::string> template_names() {
    static const std::vector<std::string> kNames{"timestamp",
                                                 "bytes",
                                                 "duration",
                                                 "node",
                                                 "pod",
                                                 "container",
                                                 "namespace",
                                                 "containerImageName",
                                                 "containerPid",
                                                 "comm",
                                                 "pcomm",
                                                 "pid",
                                                 "ppid",
                                                 "containerImageDigest",
                                                 "containerStartedAt",
                                                 "tid",
                                                 "ptid",
                                                 "uid",
                                                 "gid",
                                                 "ns",
                                                 "mntns_id",
                                                 "netns_id",
                                                 "l4endpoint",
                                                 "syscall",
                                                 "errorString",
                                                 "user_stack"};
    return kNames;
}

}  // namespace gadget::validator
