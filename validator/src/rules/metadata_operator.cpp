// SPDX-License-Identifier: Apache-2.0
// operator.<name>.* of the metadata: data sources that an operator makes (specification 8.2).
#include <algorithm>
#include <iterator>

#include "metadata.h"
#include "rules.h"

namespace gadget::validator {
namespace {

enum class Value : std::uint8_t { boolean, duration, count, text };

struct OperatorKey {
    std::string_view key;
    Value value;
};

constexpr OperatorKey kKeys[] = {
    {"ebpf.emitstats", Value::boolean},
    {"process.emitstats", Value::boolean},
    {"process.interval", Value::duration},
    {"process.first-interval", Value::duration},
    {"process.count", Value::count},
    {"process.fields", Value::text},
    {"cgroup.emitstats", Value::boolean},
    {"cgroup.interval", Value::duration},
    {"cgroup.first-interval", Value::duration},
    {"cgroup.count", Value::count},
};

std::string expected(Value kind, const std::string& value) {
    // Templates are filled in at run time.
    if (value.find("{{") != std::string::npos) return {};
    if (kind == Value::boolean && value != "true" && value != "false") return "true or false";
    if (kind == Value::duration && !is_duration(value)) return "a duration such as 500ms or 1m30s";
    if (kind == Value::count && !is_count(value)) return "a number of times, 0 for no limit";
    return {};
}

}  // namespace

void check_metadata_operator(const Input& input, Reporter& report) {
    if (input.manifest == nullptr) return;
    std::vector<std::string> keys;
    for (const auto& each : kKeys) keys.emplace_back(each.key);
    const auto check = [&](const model::Settings& settings, std::string_view prefix) {
        for (const auto& [path, setting] : settings) {
            if (!path.starts_with(prefix)) continue;
            const auto key = path.substr(prefix.size());
            const auto* known = std::find_if(std::begin(kKeys), std::end(kKeys),
                                             [&](const OperatorKey& each) { return each.key == key; });
            if (known == std::end(kKeys)) {
                report.report("no operator reads 'operator." + key + "'", setting.source,
                              report.suggest(key, keys, "the keys are those of ebpf, process and cgroup"));
                continue;
            }
            const auto wanted = expected(known->value, setting.value);
            if (wanted.empty()) continue;
            report.report("'operator." + key + "' is " + quoted(setting.value) + ", but has to be " + wanted,
                          setting.source);
        }
    };
    check(input.manifest->operators, "");
    for (const auto& [name, param] : input.manifest->custom_params) check(param.patch, "operator.");
}

}  // namespace gadget::validator
