// SPDX-License-Identifier: Apache-2.0
// --filter, --sort and --max-entries.
#include "gadget/events/query.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>

#include "evaluator.h"
#include "expression.h"
#include "gadget/support/text.h"
#include "pattern.h"

namespace gadget::events {
namespace {

using detail::Evaluator;
using detail::Node;
using detail::Op;
using detail::Plan;
using detail::Style;
using detail::View;

Error rejected(std::string message, std::string hint = {}) {
    return Error{.code = ErrorCode::rejected_input, .message = std::move(message), .hint = std::move(hint)};
}

Result<const Node*> find_value(const Plan& plan, std::string_view name, const char* option) {
    const int index = plan.find_for_user(name);
    if (index < 0) {
        std::vector<std::string> known;
        for (const FieldInfo& field : plan.fields) known.push_back(field.path);
        return rejected(std::string(option) + ": data source '" + printable(plan.name) + "' has no field '" +
                            printable(name) + "'",
                        did_you_mean(name, known));
    }
    const Node* node = &plan.nodes[static_cast<std::size_t>(index)];
    const ValueType type = value_type(node->op);
    if (type == ValueType::container || type == ValueType::list || type == ValueType::bytes) {
        return rejected(std::string(option) + ": field '" + printable(node->path) + "' holds a " +
                        std::string(to_string(type)) + ", which cannot be compared");
    }
    return node;
}

/// Whether the number of an integer field is to be read as signed.
bool is_signed(const Node& node) {
    switch (node.op) {
        case Op::i8:
        case Op::i16:
        case Op::i32:
        case Op::i64:
        case Op::wall_clock:
            return true;
        case Op::bits:
            return node.is_signed;
        default:
            return false;
    }
}

/// The text of a value without copying it where the record holds it as it is.
class TextReader {
  public:
    std::string_view read(Evaluator& evaluator, const Node& node, const View& view) {
        if (node.op == Op::c_string) {
            const auto* text = reinterpret_cast<const char*>(view.data + node.offset);
            return {text, strnlen(text, node.size)};
        }
        const std::size_t room = evaluator.room(node, view);
        if (buffer_.size() < room) buffer_.resize(room);
        const char* end = evaluator.write<Style::raw>(node, view, buffer_.data());
        return {buffer_.data(), static_cast<std::size_t>(end - buffer_.data())};
    }

  private:
    std::vector<char> buffer_;
};

enum class Comparison : std::uint8_t {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    search,
    not_search
};

struct Operator {
    std::string_view text;
    Comparison comparison;
};

constexpr Operator kOperators[] = {
    {"=", Comparison::equal},          {"==", Comparison::equal},      {"!=", Comparison::not_equal},
    {"<", Comparison::less},           {"<=", Comparison::less_equal}, {">", Comparison::greater},
    {">=", Comparison::greater_equal}, {"~", Comparison::search},      {"!~", Comparison::not_search},
};

template <class T>
bool holds(Comparison comparison, const T& a, const T& b) {
    switch (comparison) {
        case Comparison::equal:
            return a == b;
        case Comparison::not_equal:
            return a != b;
        case Comparison::less:
            return a < b;
        case Comparison::less_equal:
            return a <= b;
        case Comparison::greater:
            return a > b;
        case Comparison::greater_equal:
            return a >= b;
        default:
            return false;
    }
}

struct Condition {
    const Node* node = nullptr;
    Comparison comparison = Comparison::equal;
    std::uint64_t number = 0;
    double floating = 0;
    std::string text;
    std::optional<detail::Regex> regex;
};

template <class T>
bool parse_whole(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

Result<void> parse_number(Condition& condition, std::string_view value) {
    const Node& node = *condition.node;
    const unsigned bits = node.bit_size > 0 ? node.bit_size : std::min(node.size, 8U) * 8;
    bool fits = false;
    if (is_signed(node)) {
        std::int64_t number = 0;
        fits = parse_whole(value, number);
        if (fits && bits < 64) {
            const std::int64_t limit = std::int64_t{1} << (bits - 1);
            fits = number >= -limit && number < limit;
        }
        condition.number = static_cast<std::uint64_t>(number);
    } else {
        fits = parse_whole(value, condition.number) && (bits >= 64 || condition.number >> bits == 0);
    }
    if (fits) return {};
    return rejected("filter: '" + printable(value) + "' is not a number that field '" + printable(node.path) +
                    "' (" + std::to_string(bits) + " bits" + (is_signed(node) ? ", signed" : "") +
                    ") can have");
}

Result<void> parse_value(Condition& condition, const std::string& value) {
    const Node& node = *condition.node;
    const bool search =
        condition.comparison == Comparison::search || condition.comparison == Comparison::not_search;
    const ValueType type = value_type(node.op);
    if (search && type != ValueType::text) {
        return rejected("filter: field '" + printable(node.path) + "' is not text: '~' cannot search it");
    }
    switch (type) {
        case ValueType::boolean: {
            if (condition.comparison != Comparison::equal && condition.comparison != Comparison::not_equal) {
                return rejected("filter: field '" + printable(node.path) +
                                "' is a boolean: only '==' and '!=' compare it");
            }
            if (value != "true" && value != "false" && value != "1" && value != "0") {
                return rejected("filter: field '" + printable(node.path) + "' is true or false, not '" +
                                printable(value) + "'");
            }
            condition.number = value == "true" || value == "1" ? 1 : 0;
            return {};
        }
        case ValueType::integer:
            return parse_number(condition, value);
        case ValueType::floating:
            if (parse_whole(value, condition.floating)) return {};
            return rejected("filter: '" + printable(value) + "' is not a number, as field '" +
                            printable(node.path) + "' is");
        default:
            break;
    }
    if (search) {
        GADGET_TRY_ASSIGN(condition.regex, detail::Regex::compile(value).context("in --filter"));
    }
    condition.text = value;
    return {};
}

Result<Condition> parse_condition(const Plan& plan, std::string_view text) {
    constexpr std::string_view kOperatorCharacters = "!~<>=";
    const std::size_t begin = text.find_first_of(kOperatorCharacters);
    if (begin == std::string_view::npos || begin == 0) {
        return rejected("filter: '" + printable(text) + "' is not of the form 'field OPERATOR value'",
                        "for example 'pid==42'; operators are = == != < <= > >= ~ !~");
    }
    const std::size_t end = std::min(text.find_first_not_of(kOperatorCharacters, begin), text.size());
    const std::string_view symbol = text.substr(begin, end - begin);
    const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                     [&](const Operator& candidate) { return candidate.text == symbol; });
    if (found == std::end(kOperators)) {
        return rejected("filter: unknown operator '" + printable(symbol) + "' in '" + printable(text) + "'",
                        "operators are = == != < <= > >= ~ !~");
    }
    if (end == text.size()) return rejected("filter: '" + printable(text) + "' has no value");
    Condition condition;
    condition.comparison = found->comparison;
    GADGET_TRY_ASSIGN(condition.node, find_value(plan, trim(text.substr(0, begin)), "filter"));
    GADGET_TRY(parse_value(condition, std::string(text.substr(end))));
    return condition;
}

/// Splits at commas; a backslash takes the meaning from a comma or a backslash.
std::vector<std::string> split_conditions(std::string_view text) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\')) {
            parts.back() += text[++i];
        } else if (text[i] == ',') {
            parts.emplace_back();
        } else {
            parts.back() += text[i];
        }
    }
    return parts;
}

/// Formatted numbers are ordered by the number.
bool sorts_by_number(const Node& node) {
    return value_type(node.op) == ValueType::integer || value_type(node.op) == ValueType::boolean ||
           node.op == Op::size_text || node.op == Op::duration || node.op == Op::timestamp;
}

}  // namespace

struct Filter::Impl {
    explicit Impl(const DataSource& source)
        : plan(source.plan()), evaluator(*plan), view(plan->record_size) {}

    bool matches(Condition& condition, const View& bytes) {
        const Node& node = *condition.node;
        switch (value_type(node.op)) {
            case ValueType::boolean:
                return holds(condition.comparison, evaluator.number(node, bytes), condition.number);
            case ValueType::integer: {
                const std::uint64_t number = evaluator.number(node, bytes);
                if (!is_signed(node)) return holds(condition.comparison, number, condition.number);
                return holds(condition.comparison, static_cast<std::int64_t>(number),
                             static_cast<std::int64_t>(condition.number));
            }
            case ValueType::floating:
                return holds(condition.comparison, evaluator.floating(node, bytes), condition.floating);
            default:
                break;
        }
        const std::string_view value = text.read(evaluator, node, bytes);
        if (condition.regex)
            return condition.regex->search(value) == (condition.comparison == Comparison::search);
        return holds(condition.comparison, value, std::string_view(condition.text));
    }

    std::shared_ptr<const Plan> plan;
    Evaluator evaluator;
    detail::ViewMaker view;
    TextReader text;
    std::vector<Condition> conditions;
    std::optional<detail::Expression> expression;
};

Result<Filter> Filter::parse(const DataSource& source, std::string_view text) {
    auto impl = std::make_unique<Impl>(source);
    for (const std::string& part : split_conditions(text)) {
        GADGET_TRY_ASSIGN(Condition condition, parse_condition(*impl->plan, part));
        impl->conditions.push_back(std::move(condition));
    }
    return Filter(std::move(impl));
}

Result<Filter> Filter::parse_expression(const DataSource& source, std::string_view text) {
    auto impl = std::make_unique<Impl>(source);
    GADGET_TRY_ASSIGN(impl->expression, detail::Expression::compile(*impl->plan, text));
    return Filter(std::move(impl));
}

Filter::Filter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

bool Filter::matches(Record record) {
    const View bytes = impl_->view(record);
    for (Condition& condition : impl_->conditions) {
        if (!impl_->matches(condition, bytes)) return false;
    }
    return !impl_->expression || impl_->expression->holds(impl_->evaluator, bytes);
}

struct Sorter::Impl {
    struct Key {
        const Node* node = nullptr;
        bool descending = false;
    };

    explicit Impl(const DataSource& source)
        : plan(source.plan()), evaluator(*plan), view(plan->record_size) {}

    /// A number whose unsigned order is the order of the field.
    std::uint64_t rank(const Node& node, const View& bytes) {
        if (value_type(node.op) == ValueType::floating) {
            const double value = evaluator.floating(node, bytes);
            std::uint64_t bits = 0;
            std::memcpy(&bits, &value, sizeof bits);
            return (bits >> 63) != 0 ? ~bits : bits | std::uint64_t{1} << 63;
        }
        const std::uint64_t number = evaluator.number(node, bytes);
        return is_signed(node) ? number ^ std::uint64_t{1} << 63 : number;
    }

    std::shared_ptr<const Plan> plan;
    Evaluator evaluator;
    detail::ViewMaker view;
    TextReader text;
    std::vector<Key> keys;
};

Result<Sorter> Sorter::parse(const DataSource& source, std::string_view text) {
    auto impl = std::make_unique<Impl>(source);
    for (std::string_view name : split(text, ',')) {
        name = trim(name);
        if (name.empty()) continue;
        Impl::Key key;
        key.descending = name.front() == '-';
        if (key.descending || name.front() == '+') name.remove_prefix(1);
        GADGET_TRY_ASSIGN(key.node, find_value(*impl->plan, name, "sort"));
        impl->keys.push_back(key);
    }
    return Sorter(std::move(impl));
}

Sorter::Sorter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sorter::Sorter(Sorter&&) noexcept = default;
Sorter& Sorter::operator=(Sorter&&) noexcept = default;
Sorter::~Sorter() = default;

void Sorter::sort(std::vector<Record>& records) {
    Impl& impl = *impl_;
    const std::size_t count = impl.keys.size();
    std::vector<std::uint64_t> ranks(records.size() * count);
    std::vector<std::string> texts;
    for (std::size_t row = 0; row < records.size(); ++row) {
        const View bytes = impl.view(records[row]);
        for (std::size_t k = 0; k < count; ++k) {
            const Node& node = *impl.keys[k].node;
            if (sorts_by_number(node) || value_type(node.op) == ValueType::floating) {
                ranks[row * count + k] = impl.rank(node, bytes);
            } else {
                ranks[row * count + k] = texts.size();
                texts.emplace_back(impl.text.read(impl.evaluator, node, bytes));
            }
        }
    }
    const auto before = [&](std::size_t a, std::size_t b) {
        for (std::size_t k = 0; k < count; ++k) {
            const Node& node = *impl.keys[k].node;
            const std::uint64_t left = ranks[a * count + k];
            const std::uint64_t right = ranks[b * count + k];
            const bool numbers = sorts_by_number(node) || value_type(node.op) == ValueType::floating;
            const int order = numbers ? (left < right   ? -1
                                         : left > right ? 1
                                                        : 0)
                                      : texts[left].compare(texts[right]);
            if (order != 0) return impl.keys[k].descending ? order > 0 : order < 0;
        }
        return false;
    };
    std::vector<std::size_t> order(records.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), before);
    std::vector<Record> sorted;
    sorted.reserve(records.size());
    for (const std::size_t row : order) sorted.push_back(records[row]);
    records = std::move(sorted);
}

Result<std::optional<std::string>> option_for_source(std::string_view text, char separator,
                                                     std::string_view source) {
    std::optional<std::string> own;
    std::size_t qualified = 0;
    const std::vector<std::string_view> parts = split(text, separator);
    for (const std::string_view part : parts) {
        const std::size_t colon = part.find(':');
        if (colon == std::string_view::npos) continue;
        ++qualified;
        if (trim(part.substr(0, colon)) == source) own = std::string(part.substr(colon + 1));
    }
    if (qualified == 0) return std::optional<std::string>(std::string(text));
    if (qualified != parts.size()) {
        return rejected("'" + printable(text) +
                        "' mixes values for one data source ('source:value') and for all");
    }
    return own;
}

Result<std::optional<std::size_t>> max_entries_for_source(std::string_view text, std::string_view source) {
    GADGET_TRY_ASSIGN(const std::optional<std::string> own, option_for_source(text, ',', source));
    if (!own || own->empty()) return std::optional<std::size_t>{};
    std::int64_t number = 0;
    if (!parse_whole(trim(*own), number) || number < -1) {
        return rejected("max-entries: '" + printable(*own) + "' is not a number of records, or -1 for all");
    }
    if (number < 0) return std::optional<std::size_t>{};
    return std::optional<std::size_t>(static_cast<std::size_t>(number));
}

}  // namespace gadget::events
