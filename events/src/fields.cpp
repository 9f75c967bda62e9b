// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/fields.h"

#include "evaluator.h"
#include "gadget/support/text.h"

namespace gadget::events {

struct FieldReader::Impl {
    Impl(std::shared_ptr<const detail::Plan> plan_in, const detail::Node& node_in)
        : plan(std::move(plan_in)), node(node_in), evaluator(*plan), view(plan->record_size) {}

    std::shared_ptr<const detail::Plan> plan;
    const detail::Node& node;  ///< in *plan
    detail::Evaluator evaluator;
    detail::ViewMaker view;
};

Result<FieldReader> FieldReader::create(const DataSource& source, std::string_view name) {
    const auto& plan = source.plan();
    const int index = plan->find_for_user(name);
    if (index < 0 || plan->nodes[static_cast<std::size_t>(index)].op == detail::Op::container) {
        std::vector<std::string> known;
        for (const FieldInfo& field : source.fields()) known.push_back(field.path);
        return Error{.code = ErrorCode::rejected_input,
                     .message = "data source '" + printable(source.name()) + "' has no field '" +
                                printable(name) + "' with a value",
                     .hint = did_you_mean(name, known)};
    }
    return FieldReader(std::make_unique<Impl>(plan, plan->nodes[static_cast<std::size_t>(index)]));
}

FieldReader::FieldReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FieldReader::FieldReader(FieldReader&&) noexcept = default;
FieldReader& FieldReader::operator=(FieldReader&&) noexcept = default;
FieldReader::~FieldReader() = default;

ValueType FieldReader::type() const {
    return value_type(impl_->node.op);
}

std::int64_t FieldReader::integer(Record record) {
    return static_cast<std::int64_t>(impl_->evaluator.number(impl_->node, impl_->view(record)));
}

double FieldReader::number(Record record) {
    if (type() != ValueType::floating) return static_cast<double>(integer(record));
    return impl_->evaluator.floating(impl_->node, impl_->view(record));
}

void FieldReader::append_text(Record record, std::string& out) {
    const detail::View view = impl_->view(record);
    const std::size_t used = out.size();
    out.resize(used + impl_->evaluator.room(impl_->node, view) + 8);
    const char* end = impl_->evaluator.write<detail::Style::raw>(impl_->node, view, out.data() + used);
    out.resize(static_cast<std::size_t>(end - out.data()));
}

std::string FieldReader::text(Record record) {
    std::string out;
    append_text(record, out);
    return out;
}

}  // namespace gadget::events
