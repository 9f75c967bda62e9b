// SPDX-License-Identifier: Apache-2.0
#include "expression.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "expression_tree.h"

namespace gadget::events::detail {
namespace {

double to_double(const ExprNode& node, const ExprValue& value) {
    if (node.type == ExprType::floating) return value.floating;
    return value.is_negative ? static_cast<double>(static_cast<std::int64_t>(value.number))
                             : static_cast<double>(value.number);
}

/// -1, 0 or 1; 2 when they have no order (not a number).
int compare_integers(const ExprValue& a, const ExprValue& b) {
    if (a.is_negative != b.is_negative) return a.is_negative ? -1 : 1;
    return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
}

int compare(const ExprNode& left, const ExprValue& a, const ExprNode& right, const ExprValue& b) {
    if (left.type == ExprType::text) {
        const int order = a.text.compare(b.text);
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    if (left.type != ExprType::floating && right.type != ExprType::floating) return compare_integers(a, b);
    const double x = to_double(left, a);
    const double y = to_double(right, b);
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
}

ExprValue boolean(bool value) {
    return {.number = value ? 1U : 0U};
}

ExprValue integer(std::uint64_t number, bool is_negative) {
    return {.number = number, .is_negative = is_negative};
}

bool contains_address(const std::vector<Network>& networks, std::string_view text) {
    const auto address = parse_address(text);
    if (!address) return false;
    const bool is_v4 = text.find(':') == std::string_view::npos;
    return std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
        if (network.is_v4 != is_v4) return false;
        const unsigned whole = network.bits / 8;
        if (std::memcmp(address->data(), network.address.data(), whole) != 0) return false;
        if (network.bits % 8 == 0) return true;
        const unsigned mask = 0xff00U >> (network.bits % 8) & 0xff;
        return (((*address)[whole] ^ network.address[whole]) & mask) == 0;
    });
}

class Walker {
  public:
    Walker(std::vector<ExprNode>& nodes, Evaluator& evaluator, const View& view)
        : nodes_(nodes), evaluator_(evaluator), view_(view) {}

    ExprValue value(std::uint32_t index) {
        ExprNode& node = nodes_[index];
        switch (node.kind) {
            case ExprKind::literal: {
                ExprValue literal = node.value;
                if (node.type == ExprType::text) literal.text = node.text;
                return literal;
            }
            case ExprKind::field:
                return field(node);
            case ExprKind::negate: {
                ExprValue part = value(node.parts[0]);
                part.floating = -part.floating;
                part.number = std::uint64_t{0} - part.number;
                part.is_negative = part.number != 0 && !part.is_negative;
                return part;
            }
            case ExprKind::logical_not:
                return boolean(!truth(node.parts[0]));
            case ExprKind::logical_and:
                return boolean(truth(node.parts[0]) && truth(node.parts[1]));
            case ExprKind::logical_or:
                return boolean(truth(node.parts[0]) || truth(node.parts[1]));
            case ExprKind::choose:
                return value(truth(node.parts[0]) ? node.parts[1] : node.parts[2]);
            case ExprKind::matches:
                return boolean(node.regex->search(value(node.parts[0]).text));
            case ExprKind::in:
                return boolean(is_in(node.parts[0], nodes_[node.parts[1]]));
            case ExprKind::length:
                return integer(value(node.parts[0]).text.size(), false);
            case ExprKind::lower:
            case ExprKind::upper:
                return changed_case(node);
            case ExprKind::list:
            case ExprKind::networks:
            case ExprKind::range:
                return {};  // only operands of `in`, which reads their parts
            default:
                return binary(node);
        }
    }

    bool truth(std::uint32_t index) { return value(index).number != 0; }
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    ExprValue field(ExprNode& node) {
        const Node& source = *node.field;
        switch (node.type) {
            case ExprType::boolean:
                return boolean(evaluator_.number(source, view_) != 0);
            case ExprType::integer: {
                const std::uint64_t number = evaluator_.number(source, view_);
                const bool is_signed = source.is_signed || source.op == Op::wall_clock;
                return integer(number, is_signed && static_cast<std::int64_t>(number) < 0);
            }
            case ExprType::floating:
                return {.floating = evaluator_.floating(source, view_)};
            default:
                break;
        }
        const std::size_t room = evaluator_.room(source, view_);
        if (node.buffer.size() < room) node.buffer.resize(room);
        const char* end = evaluator_.write<Style::raw>(source, view_, node.buffer.data());
        return {.text = {node.buffer.data(), static_cast<std::size_t>(end - node.buffer.data())}};
    }

    ExprValue changed_case(ExprNode& node) {
        const ExprValue part = value(node.parts[0]);
        node.buffer.assign(part.text.begin(), part.text.end());
        const char from = node.kind == ExprKind::lower ? 'A' : 'a';
        for (char& c : node.buffer) {
            if (c >= from && c <= from + 25) c = static_cast<char>(c ^ 0x20);
        }
        return {.text = {node.buffer.data(), node.buffer.size()}};
    }

    bool is_in(std::uint32_t left, const ExprNode& set) {
        const ExprValue wanted = value(left);
        if (set.kind == ExprKind::networks) return contains_address(set.networks, wanted.text);
        if (set.kind == ExprKind::range) {
            const int low = compare(nodes_[left], wanted, nodes_[set.parts[0]], value(set.parts[0]));
            const int high = compare(nodes_[left], wanted, nodes_[set.parts[1]], value(set.parts[1]));
            return (low == 0 || low == 1) && (high == 0 || high == -1);
        }
        for (const std::uint32_t part : set.parts) {
            if (compare(nodes_[left], wanted, nodes_[part], value(part)) == 0) return true;
        }
        return false;
    }

    ExprValue binary(const ExprNode& node) {
        const ExprNode& left = nodes_[node.parts[0]];
        const ExprNode& right = nodes_[node.parts[1]];
        const ExprValue a = value(node.parts[0]);
        const ExprValue b = value(node.parts[1]);
        switch (node.kind) {
            case ExprKind::equal:
                return boolean(compare(left, a, right, b) == 0);
            case ExprKind::not_equal:
                return boolean(compare(left, a, right, b) != 0);
            case ExprKind::less:
                return boolean(compare(left, a, right, b) == -1);
            case ExprKind::greater:
                return boolean(compare(left, a, right, b) == 1);
            case ExprKind::less_equal: {
                const int order = compare(left, a, right, b);
                return boolean(order == -1 || order == 0);
            }
            case ExprKind::greater_equal: {
                const int order = compare(left, a, right, b);
                return boolean(order == 1 || order == 0);
            }
            case ExprKind::contains:
                return boolean(a.text.find(b.text) != std::string_view::npos);
            case ExprKind::starts_with:
                return boolean(a.text.starts_with(b.text));
            case ExprKind::ends_with:
                return boolean(a.text.ends_with(b.text));
            default:
                break;
        }
        if (node.type == ExprType::floating)
            return {.floating = calculate(node.kind, to_double(left, a), to_double(right, b))};
        return calculate_integer(node.kind, a, b);
    }

    static double calculate(ExprKind kind, double a, double b) {
        switch (kind) {
            case ExprKind::add:
                return a + b;
            case ExprKind::subtract:
                return a - b;
            case ExprKind::multiply:
                return a * b;
            default:
                return a / b;
        }
    }

    /// Sums and products wrap around at 64 bits; a result is negative when the exact one is.
    ExprValue calculate_integer(ExprKind kind, const ExprValue& a, const ExprValue& b) {
        if (kind == ExprKind::remainder) {
            const auto x = static_cast<std::int64_t>(a.number);
            const auto y = static_cast<std::int64_t>(b.number);
            if (y == 0) {
                failed_ = true;
                return {};
            }
            if (!a.is_negative && !b.is_negative) return integer(a.number % b.number, false);
            const std::int64_t rest = y == -1 ? 0 : x % y;
            return integer(static_cast<std::uint64_t>(rest), rest < 0);
        }
        if (kind == ExprKind::multiply) {
            const std::uint64_t product = a.number * b.number;
            return integer(product, product != 0 && a.is_negative != b.is_negative);
        }
        ExprValue other = b;
        if (kind == ExprKind::subtract) {
            other.number = std::uint64_t{0} - other.number;
            other.is_negative = other.number != 0 && !other.is_negative;
        }
        const std::uint64_t sum = a.number + other.number;
        if (a.is_negative == other.is_negative) return integer(sum, a.is_negative);
        // One of each sign: the sum carries out of 64 bits exactly when it is not negative.
        return integer(sum, sum >= a.number && sum != 0);
    }

    std::vector<ExprNode>& nodes_;
    Evaluator& evaluator_;
    const View& view_;
    bool failed_ = false;
};

}  // namespace

std::optional<std::array<unsigned char, 16>> parse_address(std::string_view text) {
    char buffer[64];
    if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = '\0';
    std::array<unsigned char, 16> address{};
    if (inet_pton(AF_INET6, buffer, address.data()) == 1) return address;
    address.fill(0);
    address[10] = address[11] = 0xff;
    if (inet_pton(AF_INET, buffer, address.data() + 12) == 1) return address;
    return std::nullopt;
}

std::optional<Network> parse_network(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const bool v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    Network network{.address = *address, .is_v4 = v4};
    if (slash == std::string_view::npos) return network;
    unsigned bits = 0;
    const std::string_view digits = text.substr(slash + 1);
    if (digits.empty() || digits.size() > 3) return std::nullopt;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        bits = bits * 10 + static_cast<unsigned>(c - '0');
    }
    if (bits > (v4 ? 32U : 128U)) return std::nullopt;
    network.bits = v4 ? bits + 96 : bits;
    return network;
}

Expression::Expression(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::compile(const Plan& plan, std::string_view text) {
    GADGET_TRY_ASSIGN(Program program, parse_expression(plan, text));
    return Expression(std::make_unique<Program>(std::move(program)));
}

bool Expression::holds(Evaluator& evaluator, const View& view) {
    Walker walker(program_->nodes, evaluator, view);
    return walker.truth(program_->root) && !walker.failed();
}

}  // namespace gadget::events::detail
