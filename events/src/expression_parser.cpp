// SPDX-License-Identifier: Apache-2.0
// Precedence climbing over the tokens.
#include <algorithm>
#include <charconv>

#include "expression_lexer.h"
#include "expression_tree.h"
#include "gadget/support/text.h"

namespace gadget::events::detail {
namespace {

constexpr std::size_t kMaxNodes = 10000;
constexpr int kMaxDepth = 200;

struct BinaryOperator {
    std::string_view symbol;
    int precedence;
    ExprKind kind;
};

constexpr BinaryOperator kBinary[] = {
    {"||", 10, ExprKind::logical_or},
    {"or", 10, ExprKind::logical_or},
    {"&&", 15, ExprKind::logical_and},
    {"and", 15, ExprKind::logical_and},
    {"==", 20, ExprKind::equal},
    {"!=", 20, ExprKind::not_equal},
    {"<=", 20, ExprKind::less_equal},
    {">=", 20, ExprKind::greater_equal},
    {"<", 20, ExprKind::less},
    {">", 20, ExprKind::greater},
    {"in", 20, ExprKind::in},
    {"contains", 20, ExprKind::contains},
    {"startsWith", 20, ExprKind::starts_with},
    {"endsWith", 20, ExprKind::ends_with},
    {"matches", 20, ExprKind::matches},
    {"..", 25, ExprKind::range},
    {"+", 30, ExprKind::add},
    {"-", 30, ExprKind::subtract},
    {"*", 60, ExprKind::multiply},
    {"/", 60, ExprKind::divide},
    {"%", 60, ExprKind::remainder},
};
constexpr int kNotPrecedence = 50;
constexpr int kSignPrecedence = 90;

bool is_number(ExprType type) {
    return type == ExprType::integer || type == ExprType::floating;
}

std::string_view name_of(ExprType type) {
    switch (type) {
        case ExprType::boolean:
            return "a boolean";
        case ExprType::integer:
            return "an integer";
        case ExprType::floating:
            return "a float";
        case ExprType::text:
            return "text";
        case ExprType::list:
            return "a list";
        case ExprType::network:
            return "a network";
    }
    return "a value";
}

class Parser {
  public:
    Parser(const Plan& plan, std::string_view text) : plan_(plan), lexer_(text) {}

    Result<Expression::Program> parse() {
        program_.root = parse_choice(0);
        if (lexer_.ok() && lexer_.token() != Token::end)
            fail("unexpected '" + std::string(lexer_.lexeme()) + "'");
        if (lexer_.ok() && type_of(program_.root) != ExprType::boolean) {
            fail("the expression is " + std::string(name_of(type_of(program_.root))) + ", not a condition");
        }
        if (!lexer_.ok()) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "filter expression: " + lexer_.problem() + " at position " +
                                    std::to_string(lexer_.problem_at() + 1),
                         .hint = hint_};
        }
        return std::move(program_);
    }

  private:
    std::uint32_t fail(std::string problem) {
        lexer_.fail(std::move(problem));
        return 0;
    }

    ExprType type_of(std::uint32_t node) const {
        return program_.nodes.empty() ? ExprType::boolean : program_.nodes[node].type;
    }

    std::uint32_t add(ExprKind kind, ExprType type, std::vector<std::uint32_t> parts = {}) {
        if (program_.nodes.size() >= kMaxNodes) return fail("the expression is too large");
        ExprNode node;
        node.kind = kind;
        node.type = type;
        node.parts = std::move(parts);
        program_.nodes.push_back(std::move(node));
        return static_cast<std::uint32_t>(program_.nodes.size() - 1);
    }

    bool take(std::string_view symbol) {
        if ((lexer_.token() != Token::symbol && lexer_.token() != Token::word) || lexer_.lexeme() != symbol)
            return false;
        lexer_.next();
        return true;
    }
    void expect(std::string_view symbol) {
        if (lexer_.ok() && !take(symbol))
            fail("expected '" + std::string(symbol) + "' instead of '" + printable(lexer_.lexeme()) + "'");
    }

    std::uint32_t parse_choice(int depth) {
        if (depth > kMaxDepth) return fail("nested too deeply");
        const std::uint32_t condition = parse_binary(0, depth);
        if (!lexer_.ok() || !take("?")) return condition;
        const std::uint32_t yes = parse_choice(depth + 1);
        expect(":");
        const std::uint32_t no = parse_choice(depth + 1);
        if (!lexer_.ok()) return 0;
        if (type_of(condition) != ExprType::boolean) return fail("the condition of '?' is not a boolean");
        if (type_of(yes) != type_of(no)) return fail("the two results of '?' have different types");
        return add(ExprKind::choose, type_of(yes), {condition, yes, no});
    }

    const BinaryOperator* binary_operator() const {
        if (lexer_.token() != Token::symbol && lexer_.token() != Token::word) return nullptr;
        const auto* found = std::find_if(
            std::begin(kBinary), std::end(kBinary),
            [&](const BinaryOperator& candidate) { return candidate.symbol == lexer_.lexeme(); });
        return found == std::end(kBinary) ? nullptr : found;
    }

    std::uint32_t parse_binary(int least, int depth) {
        if (depth > kMaxDepth) return fail("nested too deeply");
        std::uint32_t left = parse_unary(depth);
        while (lexer_.ok()) {
            const bool inverted = lexer_.token() == Token::word && lexer_.lexeme() == "not" && least <= 20;
            if (inverted) lexer_.next();
            const BinaryOperator* found = binary_operator();
            if (inverted && (found == nullptr || found->precedence != 20))
                return fail("'not' needs an operator such as 'in' after it");
            if (found == nullptr || found->precedence < least) return left;
            lexer_.next();
            const std::uint32_t right = parse_binary(found->precedence + 1, depth + 1);
            if (!lexer_.ok()) return 0;
            left = combine(*found, left, right);
            if (inverted && lexer_.ok()) left = add(ExprKind::logical_not, ExprType::boolean, {left});
        }
        return left;
    }

    std::uint32_t mismatch(const BinaryOperator& op, std::uint32_t left, std::uint32_t right) {
        return fail("'" + std::string(op.symbol) + "' cannot be used with " +
                    std::string(name_of(type_of(left))) + " and " + std::string(name_of(type_of(right))));
    }

    std::uint32_t combine(const BinaryOperator& op, std::uint32_t left, std::uint32_t right) {
        const ExprType a = type_of(left);
        const ExprType b = type_of(right);
        const bool numbers = is_number(a) && is_number(b);
        const bool texts = a == ExprType::text && b == ExprType::text;
        bool fits = false;
        ExprType type = ExprType::boolean;
        switch (op.kind) {
            case ExprKind::logical_and:
            case ExprKind::logical_or:
                fits = a == ExprType::boolean && b == ExprType::boolean;
                break;
            case ExprKind::equal:
            case ExprKind::not_equal:
                fits = numbers || texts || (a == ExprType::boolean && b == ExprType::boolean);
                break;
            case ExprKind::less:
            case ExprKind::less_equal:
            case ExprKind::greater:
            case ExprKind::greater_equal:
                fits = numbers || texts;
                break;
            case ExprKind::contains:
            case ExprKind::starts_with:
            case ExprKind::ends_with:
                fits = texts;
                break;
            case ExprKind::matches:
                return add_match(op, left, right);
            case ExprKind::in:
                return add_in(op, left, right);
            case ExprKind::range:
                fits = a == ExprType::integer && b == ExprType::integer;
                type = ExprType::list;
                break;
            case ExprKind::remainder:
                fits = a == ExprType::integer && b == ExprType::integer;
                type = ExprType::integer;
                break;
            default:
                fits = numbers;
                type = op.kind == ExprKind::divide || a == ExprType::floating || b == ExprType::floating
                           ? ExprType::floating
                           : ExprType::integer;
                break;
        }
        if (!fits) return mismatch(op, left, right);
        return add(op.kind, type, {left, right});
    }

    std::uint32_t add_match(const BinaryOperator& op, std::uint32_t left, std::uint32_t right) {
        if (type_of(left) != ExprType::text || type_of(right) != ExprType::text)
            return mismatch(op, left, right);
        if (program_.nodes[right].kind != ExprKind::literal)
            return fail("'matches' needs a pattern in quotes");
        auto regex = Regex::compile(program_.nodes[right].text);
        if (!regex) return fail(regex.error().message);
        const std::uint32_t node = add(ExprKind::matches, ExprType::boolean, {left});
        program_.nodes[node].regex = std::move(*regex);
        return node;
    }

    std::uint32_t add_in(const BinaryOperator& op, std::uint32_t left, std::uint32_t right) {
        const ExprNode& set = program_.nodes[right];
        bool fits = false;
        if (set.kind == ExprKind::networks) {
            fits = type_of(left) == ExprType::text;
        } else if (set.kind == ExprKind::range) {
            fits = is_number(type_of(left));
        } else if (set.kind == ExprKind::list) {
            fits = std::all_of(set.parts.begin(), set.parts.end(), [&](std::uint32_t part) {
                return type_of(part) == type_of(left) ||
                       (is_number(type_of(part)) && is_number(type_of(left)));
            });
        }
        if (!fits) return mismatch(op, left, right);
        return add(ExprKind::in, ExprType::boolean, {left, right});
    }

    std::uint32_t parse_unary(int depth) {
        if (depth > kMaxDepth) return fail("nested too deeply");
        if (take("!") || take("not")) {
            const std::uint32_t part = parse_binary(kNotPrecedence, depth + 1);
            if (lexer_.ok() && type_of(part) != ExprType::boolean) return fail("'not' needs a boolean");
            return add(ExprKind::logical_not, ExprType::boolean, {part});
        }
        if (take("-")) {
            const std::uint32_t part = parse_binary(kSignPrecedence, depth + 1);
            if (lexer_.ok() && !is_number(type_of(part))) return fail("'-' needs a number");
            return add(ExprKind::negate, type_of(part), {part});
        }
        if (take("+")) return parse_binary(kSignPrecedence, depth + 1);
        return parse_primary(depth);
    }

    std::uint32_t parse_primary(int depth) {
        if (take("(")) {
            const std::uint32_t inner = parse_choice(depth + 1);
            expect(")");
            return inner;
        }
        if (take("[")) return parse_list(depth);
        switch (lexer_.token()) {
            case Token::number:
                return parse_number();
            case Token::text: {
                const std::uint32_t node = add(ExprKind::literal, ExprType::text);
                if (!lexer_.ok()) return 0;
                program_.nodes[node].text = lexer_.text();
                lexer_.next();
                return node;
            }
            case Token::word:
                return parse_word(depth);
            default:
                return fail("expected a value instead of '" + printable(lexer_.lexeme()) + "'");
        }
    }

    std::uint32_t parse_number() {
        std::string digits(lexer_.lexeme());
        digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
        const bool hex = digits.starts_with("0x");
        const char* first = digits.data() + (hex ? 2 : 0);
        const char* last = digits.data() + digits.size();
        ExprValue value;
        if (!hex && digits.find_first_of(".eE") != std::string::npos) {
            if (std::from_chars(first, last, value.floating).ptr != last) return fail("a malformed number");
            const std::uint32_t node = add(ExprKind::literal, ExprType::floating);
            if (lexer_.ok()) program_.nodes[node].value = value;
            lexer_.next();
            return node;
        }
        const auto [end, error] = std::from_chars(first, last, value.number, hex ? 16 : 10);
        if (error != std::errc{} || end != last) return fail("a number that does not fit in 64 bits");
        const std::uint32_t node = add(ExprKind::literal, ExprType::integer);
        if (lexer_.ok()) program_.nodes[node].value = value;
        lexer_.next();
        return node;
    }

    std::uint32_t parse_list(int depth) {
        std::vector<std::uint32_t> parts;
        while (lexer_.ok() && !take("]")) {
            if (!parts.empty()) expect(",");
            parts.push_back(parse_choice(depth + 1));
        }
        return add(ExprKind::list, ExprType::list, std::move(parts));
    }

    std::uint32_t parse_word(int depth) {
        const std::string word(lexer_.lexeme());
        const std::size_t word_at = lexer_.position();
        lexer_.next();
        if (word == "true" || word == "false") {
            const std::uint32_t node = add(ExprKind::literal, ExprType::boolean);
            if (lexer_.ok()) program_.nodes[node].value.number = word == "true" ? 1 : 0;
            return node;
        }
        if (take("(")) return parse_call(word, depth);
        std::string path = word;
        while (lexer_.ok() && take(".")) {
            if (lexer_.token() != Token::word) return fail("expected a field name after '.'");
            path += "." + std::string(lexer_.lexeme());
            lexer_.next();
        }
        return add_field(path, word_at);
    }

    std::uint32_t add_field(const std::string& path, std::size_t at) {
        const int index = plan_.find_for_user(path);
        if (index < 0) {
            std::vector<std::string> known;
            for (const FieldInfo& field : plan_.fields) known.push_back(field.path);
            hint_ = did_you_mean(path, known);
            lexer_.rewind_to(at);
            return fail("data source '" + printable(plan_.name) + "' has no field '" + path + "'");
        }
        const Node& field = plan_.nodes[static_cast<std::size_t>(index)];
        ExprType type = ExprType::text;
        switch (value_type(field.op)) {
            case ValueType::container:
                lexer_.rewind_to(at);
                return fail("field '" + path + "' is a structure: name one of its members");
            case ValueType::boolean:
                type = ExprType::boolean;
                break;
            case ValueType::integer:
                type = ExprType::integer;
                break;
            case ValueType::floating:
                type = ExprType::floating;
                break;
            default:
                break;
        }
        const std::uint32_t node = add(ExprKind::field, type);
        if (lexer_.ok()) program_.nodes[node].field = &field;
        return node;
    }

    std::uint32_t parse_call(const std::string& name, int depth) {
        std::vector<std::uint32_t> arguments;
        while (lexer_.ok() && !take(")")) {
            if (!arguments.empty()) expect(",");
            arguments.push_back(parse_choice(depth + 1));
        }
        if (!lexer_.ok()) return 0;
        if (name == "cidr") return add_networks(arguments);
        const bool one_text = arguments.size() == 1 && type_of(arguments[0]) == ExprType::text;
        if (name != "len" && name != "lower" && name != "upper") {
            return fail("unknown function '" + name + "'; known are cidr, len, lower and upper");
        }
        if (!one_text) return fail("'" + name + "' needs one text");
        if (name == "len") return add(ExprKind::length, ExprType::integer, std::move(arguments));
        return add(name == "lower" ? ExprKind::lower : ExprKind::upper, ExprType::text, std::move(arguments));
    }

    std::uint32_t add_networks(const std::vector<std::uint32_t>& arguments) {
        std::vector<Network> networks;
        for (const std::uint32_t argument : arguments) {
            const ExprNode& node = program_.nodes[argument];
            const auto network = node.kind == ExprKind::literal && node.type == ExprType::text
                                     ? parse_network(node.text)
                                     : std::nullopt;
            if (!network) return fail("'cidr' needs networks such as \"10.0.0.0/8\"");
            networks.push_back(*network);
        }
        if (networks.empty()) return fail("'cidr' needs at least one network");
        const std::uint32_t node = add(ExprKind::networks, ExprType::network);
        if (lexer_.ok()) program_.nodes[node].networks = std::move(networks);
        return node;
    }

    const Plan& plan_;
    ExpressionLexer lexer_;
    std::string hint_;
    Expression::Program program_;
};

}  // namespace

Result<Expression::Program> parse_expression(const Plan& plan, std::string_view text) {
    if (text.size() > 65536) {
        return Error{.code = ErrorCode::rejected_input, .message = "filter expression: longer than 64 KiB"};
    }
    return Parser(plan, text).parse();
}

}  // namespace gadget::events::detail
