// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/data_source.h"

#include <charconv>

#include "gadget/support/text.h"
#include "plan.h"

namespace gadget::events {

std::string_view to_string(ValueType type) {
    switch (type) {
        case ValueType::container:
            return "container";
        case ValueType::boolean:
            return "boolean";
        case ValueType::integer:
            return "integer";
        case ValueType::floating:
            return "float";
        case ValueType::text:
            return "text";
        case ValueType::bytes:
            return "bytes";
        case ValueType::list:
            return "list";
    }
    return "unknown";
}

NameTable parse_name_table(std::string_view text) {
    NameTable table;
    for (const std::string_view line : split(text, '\n')) {
        const std::vector<std::string_view> parts = split(line, ':');
        if (parts.size() < 4 || parts[0].empty() || parts[0].front() == '#') continue;
        std::uint32_t id = 0;
        const auto [end, error] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), id);
        if (error != std::errc{} || end != parts[2].data() + parts[2].size()) continue;
        table.emplace(id, parts[0]);
    }
    return table;
}

Result<DataSource> DataSource::create(const SourceSpec& spec, Environment environment) {
    GADGET_TRY_ASSIGN(auto plan, detail::compile_plan(spec, std::move(environment)));
    return DataSource(std::move(plan));
}

const std::string& DataSource::name() const {
    return plan_->name;
}
std::uint32_t DataSource::record_size() const {
    return plan_->record_size;
}
const std::vector<FieldInfo>& DataSource::fields() const {
    return plan_->fields;
}

std::string_view DataSource::annotation(std::string_view key) const {
    const auto found = plan_->annotations.find(std::string(key));
    return found == plan_->annotations.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace gadget::events
