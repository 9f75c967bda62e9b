// SPDX-License-Identifier: Apache-2.0
// Arguments of USDT probes: "size@operand", the operand as the assembler of the architecture writes it. Which
// of them libbpf decodes: src/usdt.c of libbpf, version 1.1.
#include "target_arguments.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "gadget/validator.h"

namespace gadget::validator {
namespace {

constexpr std::size_t kMaxArguments = 64;  // libbpf takes 12

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A word of assembler, read from its front.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool take(char c) {
        skip_blanks();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    std::optional<std::int64_t> number() {
        skip_blanks();
        auto text = rest_;
        if (text.starts_with('+')) text.remove_prefix(1);
        std::int64_t value = 0;
        const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
        if (result.ec != std::errc{}) return std::nullopt;
        rest_ = text.substr(static_cast<std::size_t>(result.ptr - text.data()));
        return value;
    }
    std::string_view word() {
        skip_blanks();
        const auto end = std::find_if(rest_.begin(), rest_.end(), [](char c) {
            return !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' && c != '.';
        });
        const auto result = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(result.size());
        return result;
    }
    bool at_end() {
        skip_blanks();
        return rest_.empty();
    }

  private:
    void skip_blanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
    }
    std::string_view rest_;
};

/// The number behind a register's letters: "r10d" -> 10; nullopt when there is none.
std::optional<int> register_number(std::string_view name, std::string_view letters) {
    if (!name.starts_with(letters)) return std::nullopt;
    name.remove_prefix(letters.size());
    int number = 0;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), number);
    if (result.ec != std::errc{} || result.ptr != name.data() + name.size()) return std::nullopt;
    return number;
}

bool is_x86_register(std::string_view name) {
    static constexpr std::array<std::string_view, 34> kNames{
        "rip", "eip", "rax", "eax", "ax", "al",  "rbx", "ebx", "bx", "bl",  "rcx", "ecx",
        "cx",  "cl",  "rdx", "edx", "dx", "dl",  "rsi", "esi", "si", "sil", "rdi", "edi",
        "di",  "dil", "rbp", "ebp", "bp", "bpl", "rsp", "esp", "sp", "spl"};
    if (std::find(kNames.begin(), kNames.end(), name) != kNames.end()) return true;
    if (!name.empty() && std::string_view("dwb").find(name.back()) != std::string_view::npos)
        name.remove_suffix(1);
    const auto number = register_number(name, "r");
    return number && *number >= 8 && *number <= 15;
}

std::string x86_register_problem(std::string_view name) {
    if (is_x86_register(name)) return {};
    for (const std::string_view vector : {"xmm", "ymm", "zmm", "st", "mm"}) {
        if (name.starts_with(vector)) return "it is in a floating point register";
    }
    return name.empty() ? "its operand is not known" : "register '%" + std::string(name) + "' is not known";
}

std::string x86_problem(Scanner operand) {
    if (operand.take('$')) return operand.number() && operand.at_end() ? "" : "its constant cannot be read";
    if (operand.take('%')) {
        auto problem = x86_register_problem(operand.word());
        return problem.empty() && !operand.at_end() ? "its operand is not known" : problem;
    }
    if (!operand.number() && !operand.word().empty())
        return "it is the address of a variable, relative to the program counter";
    if (!operand.take('(')) return "its operand is not known";
    if (operand.take(','))
        return "it is an element of an array (scaled index), which only libbpf 1.7 decodes";
    if (!operand.take('%')) return "its operand is not known";
    auto problem = x86_register_problem(operand.word());
    if (!problem.empty()) return problem;
    if (operand.take(','))
        return "it is an element of an array (scaled index), which only libbpf 1.7 decodes";
    return operand.take(')') && operand.at_end() ? "" : "its operand is not known";
}

std::string arm64_register_problem(std::string_view name) {
    const auto number = register_number(name, "x");
    if (name == "sp" || (number && *number >= 0 && *number <= 30)) return {};
    if (register_number(name, "w")) return "it is in a 32-bit register";
    for (const std::string_view vector : {"v", "q", "d", "s", "h", "b"}) {
        if (register_number(name.substr(0, name.find('.')), vector))
            return "it is in a floating point register";
    }
    return name.empty() ? "its operand is not known" : "register '" + std::string(name) + "' is not known";
}

std::string arm64_problem(Scanner operand) {
    if (operand.take('[')) {
        auto problem = arm64_register_problem(operand.word());
        if (!problem.empty()) return problem;
        if (operand.take(',') && !operand.number()) return "its address is the sum of two registers";
        return operand.take(']') && operand.at_end() ? "" : "its operand is not known";
    }
    if (operand.number()) return operand.at_end() ? "" : "its constant cannot be read";
    auto problem = arm64_register_problem(operand.word());
    return problem.empty() && !operand.at_end() ? "its operand is not known" : problem;
}

}  // namespace

std::vector<std::string> split_usdt_arguments(std::string_view text, model::Arch arch) {
    std::vector<std::string> arguments;
    std::string current;
    int depth = 0;
    const auto finish = [&] {
        if (!current.empty() && arguments.size() < kMaxArguments) arguments.push_back(current);
        current.clear();
    };
    for (const char c : text) {
        if (c == '[' && arch == model::Arch::arm64) ++depth;
        if (c == ']' && depth > 0) --depth;
        if (c == ' ' && depth == 0)
            finish();
        else if (current.size() < kMaxArguments * 4)
            current += c;
    }
    finish();
    return arguments;
}

std::string usdt_argument_problem(std::string_view argument, model::Arch arch) {
    Scanner scanner(argument);
    const auto size = scanner.number();
    if (!size || !scanner.take('@')) return "it does not read as size@operand";
    const auto bytes = *size < 0 ? -*size : *size;
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
        return "its size is " + std::to_string(bytes) + " bytes";
    return arch == model::Arch::amd64 ? x86_problem(scanner) : arm64_problem(scanner);
}

}  // namespace gadget::validator
