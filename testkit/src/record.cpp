// SPDX-License-Identifier: Apache-2.0
#include "record.h"

#include <array>
#include <charconv>

namespace gadget::testkit {
namespace {

constexpr std::string_view kMarker = "#gk ";
constexpr std::string_view kHex = "0123456789abcdef";

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
        table[i] = value;
    }
    return table;
}

constexpr auto kCrcTable = make_crc_table();

int hex_digit(char c) {
    const auto position = kHex.find(c);
    return position == std::string_view::npos ? -1 : static_cast<int>(position);
}

template <class Number>
bool parse_number(std::string_view text, int base, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// Takes the text up to the next space off the front of `text`.
std::string_view next_word(std::string_view& text) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    return word;
}

}  // namespace

std::string encode_record(const Record& record) {
    std::string line;
    for (std::size_t i = 0; i < record.size(); ++i) {
        if (i != 0) line += '\t';
        for (const char c : record[i]) {
            const auto byte = static_cast<unsigned char>(c);
            switch (c) {
                case '\t':
                    line += "\\t";
                    break;
                case '\n':
                    line += "\\n";
                    break;
                case '\r':
                    line += "\\r";
                    break;
                case '\\':
                    line += "\\\\";
                    break;
                default:
                    if (byte < 0x20 || byte == 0x7f) {
                        line += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
                    } else {
                        line += c;
                    }
            }
        }
    }
    return line;
}

std::optional<Record> decode_record(std::string_view line) {
    Record record(1);
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '\t') {
            record.emplace_back();
            continue;
        }
        if (c != '\\') {
            if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
            record.back() += c;
            continue;
        }
        if (++i == line.size()) return std::nullopt;
        switch (line[i]) {
            case 't':
                record.back() += '\t';
                break;
            case 'n':
                record.back() += '\n';
                break;
            case 'r':
                record.back() += '\r';
                break;
            case '\\':
                record.back() += '\\';
                break;
            case 'x': {
                if (line.size() - i < 3) return std::nullopt;
                const int high = hex_digit(line[i + 1]);
                const int low = hex_digit(line[i + 2]);
                if (high < 0 || low < 0) return std::nullopt;
                record.back() += static_cast<char>(high * 16 + low);
                i += 2;
                break;
            }
            default:
                return std::nullopt;
        }
    }
    return record;
}

std::uint32_t crc32(std::string_view text) {
    std::uint32_t crc = 0xffffffffU;
    for (const char c : text) crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8);
    return ~crc;
}

std::string encode_frame(std::string_view nonce, std::uint64_t sequence, const Record& record) {
    const auto number = std::to_string(sequence);
    const auto body = encode_record(record);
    const auto crc = crc32(number + ' ' + body);
    std::string frame(kMarker);
    frame.append(nonce).append(" ").append(number).append(" ");
    for (int shift = 28; shift >= 0; shift -= 4) frame += kHex[(crc >> shift) & 15U];
    frame.append(" ").append(body).append("\n");
    return frame;
}

void FrameParser::push(std::string_view bytes, std::vector<Record>& out) {
    while (!bytes.empty()) {
        const auto newline = bytes.find('\n');
        const auto part = bytes.substr(0, newline);
        if (!skipping_ && pending_.size() + part.size() > kMaxRecordLine) {
            foreign_ += pending_.size();
            pending_.clear();
            skipping_ = true;
        }
        if (skipping_) {
            foreign_ += part.size();
        } else {
            pending_.append(part);
        }
        if (newline == std::string_view::npos) return;
        if (!skipping_) line(pending_, out);
        pending_.clear();
        skipping_ = false;
        bytes.remove_prefix(newline + 1);
    }
}

void FrameParser::line(std::string_view text, std::vector<Record>& out) {
    if (text.ends_with('\r')) text.remove_suffix(1);  // a serial console adds it
    const auto prefix = std::string(kMarker) + nonce_ + ' ';
    const auto start = text.rfind(prefix);  // kernel messages may stand before us in the line
    if (start == std::string_view::npos) {
        foreign_ += text.size();
        return;
    }
    foreign_ += start;
    auto rest = text.substr(start + prefix.size());
    const auto number = next_word(rest);
    const auto checksum = next_word(rest);
    std::uint64_t sequence = 0;
    std::uint32_t crc = 0;
    if (!parse_number(number, 10, sequence) || checksum.size() != 8 || !parse_number(checksum, 16, crc) ||
        crc32(std::string(number) + ' ' + std::string(rest)) != crc) {
        ++damaged_;
        return;
    }
    auto record = decode_record(rest);
    if (!record || sequence < next_) {
        ++damaged_;
        return;
    }
    lost_ += sequence - next_;
    next_ = sequence + 1;
    out.push_back(std::move(*record));
}

}  // namespace gadget::testkit
