// SPDX-License-Identifier: Apache-2.0
// challenge = scheme 1*SP [ parameter *( "," parameter ) ], several of them separated by commas as well.
#include "challenge.h"

#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

bool is_token_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool done() const { return rest_.empty(); }
    void skip(std::string_view characters) {
        const auto start = rest_.find_first_not_of(characters);
        rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
    }
    std::string token() {
        std::size_t length = 0;
        while (length < rest_.size() && is_token_character(rest_[length])) ++length;
        std::string text(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return text;
    }
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    std::string value() {
        if (!take('"')) return token();
        std::string text;
        while (!rest_.empty() && !take('"')) {
            if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
            text += rest_.front();
            rest_.remove_prefix(1);
        }
        return text;
    }

  private:
    std::string_view rest_;
};

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view text) {
    std::vector<Challenge> challenges;
    Scanner scanner(text);
    while (true) {
        scanner.skip(" \t,");
        if (scanner.done()) return challenges;
        const std::string name = scanner.token();
        if (name.empty()) return challenges;  // not a token: nothing after it can be trusted
        scanner.skip(" \t");
        if (!scanner.take('=')) {
            challenges.push_back({.scheme = lower(name), .parameters = {}});
            continue;
        }
        scanner.skip(" \t");
        std::string value = scanner.value();
        if (challenges.empty()) return challenges;
        challenges.back().parameters.insert_or_assign(lower(name), std::move(value));
    }
}

std::string next_link(std::string_view text) {
    while (!text.empty()) {
        const auto open = text.find('<');
        const auto close = text.find('>', open == std::string_view::npos ? 0 : open);
        if (open == std::string_view::npos || close == std::string_view::npos) return {};
        const auto target = text.substr(open + 1, close - open - 1);
        text.remove_prefix(close + 1);
        const auto parameters = lower(text.substr(0, text.find('<')));
        if (parameters.find("rel=\"next\"") != std::string::npos ||
            parameters.find("rel=next") != std::string::npos) {
            return std::string(target);
        }
    }
    return {};
}

}  // namespace gadget::packager
