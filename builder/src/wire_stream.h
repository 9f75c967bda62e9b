// SPDX-License-Identifier: Apache-2.0
// Numbers (u32, little endian) and strings (u32 length, bytes) to and from text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/diagnostic.h"

namespace gadget::builder {

class Writer {
  public:
    void number(std::uint32_t value) {
        for (unsigned i = 0; i < 4; ++i) text_ += static_cast<char>(value >> (8 * i) & 0xff);
    }
    void string(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        text_ += value;
    }
    void strings(const std::vector<std::string>& values) {
        number(static_cast<std::uint32_t>(values.size()));
        for (const std::string& value : values) string(value);
    }
    void range(const SourceRange& range) {
        string(range.file);
        for (const unsigned value : {range.line, range.column, range.end_line, range.end_column})
            number(value);
    }
    /// The compiler knows no places in objects: a range, or nothing.
    void location(const Location& location) {
        const auto* range_of = std::get_if<SourceRange>(&location);
        number(range_of != nullptr ? 1 : 0);
        if (range_of != nullptr) range(*range_of);
    }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

// Reads what Writer wrote; after the first value that is not there, all are empty and ok() is false.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}
    std::uint32_t number() {
        if (text_.size() < 4) return fail(), 0;
        std::uint32_t value = 0;
        for (unsigned i = 0; i < 4; ++i) {
            value |= std::uint32_t{static_cast<unsigned char>(text_[i])} << (8 * i);
        }
        text_.remove_prefix(4);
        return value;
    }
    std::string string() {
        const std::uint32_t size = number();
        if (text_.size() < size) return fail(), std::string();
        std::string value(text_.substr(0, size));
        text_.remove_prefix(size);
        return value;
    }
    std::vector<std::string> strings() {
        std::vector<std::string> values;
        for (std::uint32_t count = number(); ok_ && count > 0; --count) values.push_back(string());
        return values;
    }
    SourceRange range() {
        SourceRange range;
        range.file = string();
        range.line = number();
        range.column = number();
        range.end_line = number();
        range.end_column = number();
        return range;
    }
    Location location() { return number() == 1 ? Location(range()) : Location(std::monostate()); }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool finished() const { return ok_ && text_.empty(); }

  private:
    void fail() {
        ok_ = false;
        text_ = {};
    }
    std::string_view text_;
    bool ok_ = true;
};

}  // namespace gadget::builder
