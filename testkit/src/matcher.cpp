// SPDX-License-Identifier: Apache-2.0
#include "matcher.h"

#include <regex.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "row_field.h"

namespace gadget::testkit {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxMatchedText = 64 * 1024;
constexpr std::size_t kMaxShownRow = 600;

struct RegexFree {
    void operator()(regex_t* regex) const {
        ::regfree(regex);
        delete regex;
    }
};
using RegexPtr = std::unique_ptr<regex_t, RegexFree>;

Result<RegexPtr> compile_regex(const std::string& text) {
    auto raw = std::make_unique<regex_t>();
    const int status = ::regcomp(raw.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (status != 0) {
        std::string reason(256, '\0');
        reason.resize(::regerror(status, raw.get(), reason.data(), reason.size()) - 1);
        return Error{.code = ErrorCode::rejected_input,
                     .message = "regular expression '" + text + "': " + reason};
    }
    return RegexPtr(raw.release());
}

struct CompiledField {
    const FieldMatch* spec = nullptr;
    std::vector<std::string> values;
    RegexPtr regex;
};

struct CompiledExpectation {
    const Expectation* spec = nullptr;
    std::vector<CompiledField> fields;
    std::vector<std::vector<CompiledField>> order;
    std::size_t reached = 0;  ///< events of `order` that came
    std::uint64_t count = 0;
    std::size_t best_score = 0;  ///< fields that match in `best_row`
    std::string best_row;        ///< the row that came nearest without matching
    std::string best_mismatch;
    std::string surplus_row;  ///< the first row beyond the maximum
};

/// The value at a dotted path: "a.b" is b in a, or a key "a.b". nullptr when it is not there.
const Json* lookup(const Json& row, std::string_view path) {
    if (!row.is_object()) return nullptr;
    if (const auto whole = row.find(std::string(path)); whole != row.end()) return &*whole;
    for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
        const auto part = row.find(std::string(path.substr(0, dot)));
        if (part == row.end()) continue;
        if (const auto* found = lookup(*part, path.substr(dot + 1)); found != nullptr) return found;
    }
    return nullptr;
}

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<double> number_of(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool equal(const Json& value, const std::string& text, const std::string& wanted) {
    if (text == wanted) return true;
    if (!value.is_number_float()) return false;
    return number_of(text) == number_of(wanted) && number_of(text).has_value();  // 1.50 is 1.5
}

bool matches(const CompiledField& field, const Json* value) {
    using Kind = FieldMatch::Kind;
    if (field.spec->kind == Kind::absent) return value == nullptr;
    if (value == nullptr) return false;
    const auto text = text_of(*value);
    switch (field.spec->kind) {
        case Kind::equals:
            return equal(*value, text, field.values[0]);
        case Kind::not_equals:
            return !equal(*value, text, field.values[0]);
        case Kind::contains:
            return text.find(field.values[0]) != std::string::npos;
        case Kind::regex:
            return text.size() <= kMaxMatchedText &&
                   ::regexec(field.regex.get(), text.c_str(), 0, nullptr, 0) == 0;
        case Kind::range: {
            const auto number = number_of(text);
            return number && *number >= field.spec->minimum && *number <= field.spec->maximum;
        }
        case Kind::one_of:
            for (const auto& wanted : field.values) {
                if (equal(*value, text, wanted)) return true;
            }
            return false;
        case Kind::absent:
            break;
    }
    return false;
}

std::string number_text(double value) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), end};
}

std::string describe(const CompiledField& field) {
    using Kind = FieldMatch::Kind;
    const auto& name = field.spec->field;
    switch (field.spec->kind) {
        case Kind::equals:
            return name + " = '" + field.values[0] + "'";
        case Kind::not_equals:
            return name + " other than '" + field.values[0] + "'";
        case Kind::contains:
            return name + " with '" + field.values[0] + "' in it";
        case Kind::regex:
            return name + " matching /" + field.values[0] + "/";
        case Kind::one_of:
            return name + " one of '" + join_words(field.values, "or") + "'";
        case Kind::absent:
            return "no " + name;
        case Kind::range: {
            constexpr double kInfinity = std::numeric_limits<double>::infinity();
            if (field.spec->maximum == kInfinity) return name + " >= " + number_text(field.spec->minimum);
            if (field.spec->minimum == -kInfinity) return name + " <= " + number_text(field.spec->maximum);
            return name + " in " + number_text(field.spec->minimum) + ".." + number_text(field.spec->maximum);
        }
    }
    return name;
}

std::string describe(const std::vector<CompiledField>& fields) {
    std::vector<std::string> parts;
    for (const auto& field : fields) parts.push_back(describe(field));
    return parts.empty() ? "any content" : join_words(parts);
}

std::string shorten(std::string text) {
    if (text.size() > kMaxShownRow) text = text.substr(0, kMaxShownRow) + "...";
    return printable(text);
}

std::string wanted_count(const Expectation& spec) {
    constexpr auto kUnlimited = std::numeric_limits<std::uint64_t>::max();
    if (spec.minimum == spec.maximum)
        return spec.minimum == 0 ? "no event" : "exactly " + std::to_string(spec.minimum);
    if (spec.maximum == kUnlimited) return "at least " + std::to_string(spec.minimum);
    if (spec.minimum == 0) return "at most " + std::to_string(spec.maximum);
    return std::to_string(spec.minimum) + " to " + std::to_string(spec.maximum);
}

/// Counts `row` for `expectation`, or remembers how near it came.
void apply(CompiledExpectation& expectation, const Json& row, std::string_view text) {
    if (expectation.reached < expectation.order.size()) {
        const auto& next = expectation.order[expectation.reached];
        const bool comes = std::all_of(next.begin(), next.end(), [&](const CompiledField& field) {
            return matches(field, lookup(row, field.spec->field));
        });
        if (comes) ++expectation.reached;
    }
    if (!expectation.order.empty()) return;
    std::size_t score = 0;
    std::string mismatch;
    for (const auto& field : expectation.fields) {
        const auto* value = lookup(row, field.spec->field);
        if (matches(field, value)) {
            ++score;
        } else if (mismatch.empty()) {
            mismatch = field.spec->field +
                       (value == nullptr ? " is missing" : " is '" + shorten(text_of(*value)) + "'");
        }
    }
    if (score == expectation.fields.size()) {
        if (++expectation.count > expectation.spec->maximum && expectation.surplus_row.empty()) {
            expectation.surplus_row = shorten(std::string(text));
        }
    } else if (expectation.best_row.empty() || score > expectation.best_score) {
        expectation.best_score = score;
        expectation.best_row = shorten(std::string(text));
        expectation.best_mismatch = std::move(mismatch);
    }
}

Result<std::vector<CompiledField>> compile_fields(const std::vector<FieldMatch>& fields,
                                                  const Variables& variables) {
    std::vector<CompiledField> compiled;
    for (const auto& field : fields) {
        CompiledField entry{.spec = &field};
        for (const auto& value : field.values) {
            auto text = substitute(value, variables);
            if (!text) return std::move(text).context("in the expectation on '" + field.field + "'").error();
            entry.values.push_back(std::move(*text));
        }
        if (field.kind == FieldMatch::Kind::regex) {
            GADGET_TRY_ASSIGN(entry.regex, compile_regex(entry.values.at(0)));
        }
        compiled.push_back(std::move(entry));
    }
    return compiled;
}

/// Which event of the order is missing.
std::string order_failure(const CompiledExpectation& expectation, std::uint64_t rows) {
    const auto number = [](std::size_t value) { return std::to_string(value); };
    std::string text = "expected " + number(expectation.order.size()) + " events in their order, got " +
                       number(expectation.reached) + " of them (of " + std::to_string(rows) +
                       " events); none with " + describe(expectation.order[expectation.reached]);
    if (expectation.reached > 0)
        text += " came after the one with " + describe(expectation.order[expectation.reached - 1]);
    return text;
}

/// The line of the scenario that an expectation stands in.
std::string place_of(const Expectation& spec) {
    return spec.where.line == 0 ? std::string()
                                : spec.where.file + ":" + std::to_string(spec.where.line) + ": ";
}

}  // namespace

struct Matcher::Impl {
    std::vector<CompiledExpectation> expectations;
    bool lines = false;
    std::uint64_t rows = 0;
    std::string bad_row;
};

Matcher::Matcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Result<Matcher> Matcher::create(const std::vector<Expectation>& expectations, const Variables& variables,
                                bool lines) {
    auto impl = std::make_unique<Impl>();
    impl->lines = lines;
    for (const auto& spec : expectations) {
        CompiledExpectation compiled{.spec = &spec};
        GADGET_TRY_ASSIGN(compiled.fields, compile_fields(spec.fields, variables));
        for (const auto& event : spec.order) {
            GADGET_TRY_ASSIGN(auto fields, compile_fields(event, variables));
            compiled.order.push_back(std::move(fields));
        }
        impl->expectations.push_back(std::move(compiled));
    }
    return Matcher(std::move(impl));
}

void Matcher::row(std::string_view json) {
    ++impl_->rows;
    if (impl_->lines) {
        const Json line{{"line", json}};
        for (auto& expectation : impl_->expectations) apply(expectation, line, json);
        return;
    }
    const auto row = Json::parse(json, nullptr, false);
    const auto is_object = [](const Json& element) { return element.is_object(); };
    if (row.is_array() && std::all_of(row.begin(), row.end(), is_object)) {  // all rows of one fetch
        for (const auto& element : row) {
            for (auto& expectation : impl_->expectations)
                apply(expectation, element, element.dump(-1, ' ', false, Json::error_handler_t::replace));
        }
        return;
    }
    if (!row.is_object()) {
        if (impl_->bad_row.empty()) {
            impl_->bad_row = "line " + std::to_string(impl_->rows) + ": '" + shorten(std::string(json)) + "'";
        }
        return;
    }
    for (auto& expectation : impl_->expectations) apply(expectation, row, json);
}

bool Matcher::satisfied() const {
    for (const auto& expectation : impl_->expectations) {
        const bool ordered = !expectation.order.empty();
        if (ordered ? expectation.reached < expectation.order.size()
                    : expectation.count < expectation.spec->minimum)
            return false;
    }
    return true;
}

bool Matcher::has_upper_bounds() const {
    for (const auto& expectation : impl_->expectations) {
        if (expectation.spec->maximum != std::numeric_limits<std::uint64_t>::max()) return true;
    }
    return false;
}

std::uint64_t Matcher::rows() const {
    return impl_->rows;
}
std::string Matcher::bad_row() const {
    return impl_->bad_row;
}

std::vector<std::string> Matcher::failures() const {
    std::vector<std::string> failures;
    for (const auto& expectation : impl_->expectations) {
        const auto& spec = *expectation.spec;
        if (!expectation.order.empty()) {
            if (expectation.reached < expectation.order.size())
                failures.push_back(place_of(spec) + order_failure(expectation, impl_->rows));
            continue;
        }
        const bool too_few = expectation.count < spec.minimum;
        if (!too_few && expectation.count <= spec.maximum) continue;
        std::string text = place_of(spec) + "expected " + wanted_count(spec) + " with " +
                           describe(expectation.fields) + ", got " + std::to_string(expectation.count) +
                           " (of " + std::to_string(impl_->rows) + " events)";
        if (too_few && !expectation.best_row.empty()) {
            text += "; nearest, but " + expectation.best_mismatch + ": " + expectation.best_row;
        } else if (!too_few && !expectation.surplus_row.empty()) {
            text += "; one too many: " + expectation.surplus_row;
        }
        failures.push_back(std::move(text));
    }
    return failures;
}

Result<std::vector<std::string>> objects_of_row(std::string_view line) {
    const auto row = Json::parse(line, nullptr, false);
    const auto is_object = [](const Json& element) { return element.is_object(); };
    if (row.is_object()) return std::vector{std::string(line)};
    if (!row.is_array() || !std::all_of(row.begin(), row.end(), is_object))
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "the gadget printed '" + shorten(std::string(line)) + "', which is no row"};
    std::vector<std::string> objects;
    for (const auto& element : row)
        objects.push_back(element.dump(-1, ' ', false, Json::error_handler_t::replace));
    return objects;
}

std::optional<std::string> field_of_row(std::string_view json, std::string_view path) {
    const auto row = Json::parse(json, nullptr, false);
    const auto* value = lookup(row, path);
    return value == nullptr ? std::nullopt : std::optional(text_of(*value));
}

}  // namespace gadget::testkit
