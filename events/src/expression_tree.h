// SPDX-License-Identifier: Apache-2.0
// The typed tree of an expression: made by expression_parser.cpp, walked by expression.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expression.h"
#include "pattern.h"

namespace gadget::events::detail {

enum class ExprType : std::uint8_t { boolean, integer, floating, text, list, network };

enum class ExprKind : std::uint8_t {
    literal,
    field,
    list,
    networks,
    range,
    negate,
    logical_not,
    logical_and,
    logical_or,
    choose,
    add,
    subtract,
    multiply,
    divide,
    remainder,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    contains,
    starts_with,
    ends_with,
    matches,
    length,
    lower,
    upper,
};

/// A 128-bit prefix; IPv4 as IPv4-mapped IPv6. A network of one family holds no addresses of the other.
struct Network {
    std::array<unsigned char, 16> address{};
    unsigned bits = 128;
    bool is_v4 = false;
};

/// An integer is `number` with `is_negative` telling whether it stands for a value below zero (two's
/// complement).
struct ExprValue {
    std::uint64_t number = 0;
    bool is_negative = false;
    double floating = 0;
    std::string_view text{};
    bool valid = true;
};

struct ExprNode {
    ExprKind kind = ExprKind::literal;
    ExprType type = ExprType::boolean;
    std::vector<std::uint32_t> parts;  ///< operands, or elements of a list
    ExprValue value;                   ///< literal; its text points to `text`
    std::string text;
    const Node* field = nullptr;
    std::vector<Network> networks;
    std::optional<Regex> regex;
    std::vector<char> buffer;  ///< holds the text of a field or a function during an evaluation
};

struct Expression::Program {
    std::vector<ExprNode> nodes;
    std::uint32_t root = 0;
};

Result<Expression::Program> parse_expression(const Plan& plan, std::string_view text);

/// "10.0.0.0/8", "2001:db8::/32" or an address; nullopt when it is neither.
std::optional<Network> parse_network(std::string_view text);
std::optional<std::array<unsigned char, 16>> parse_address(std::string_view text);

}  // namespace gadget::events::detail
