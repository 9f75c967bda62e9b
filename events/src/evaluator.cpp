// SPDX-License-Identifier: Apache-2.0
#include "evaluator.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "escape.h"
#include "names.h"
#include "numbers.h"
#include "units.h"

namespace gadget::events::detail {
namespace {

constexpr std::size_t kMaxStackText = 16384;

char* copy(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

template <Style kStyle>
char* copy_label(char* out, const Label& label) {
    if constexpr (kStyle == Style::json)
        return copy(out, label.json);
    else if constexpr (kStyle == Style::terminal)
        return copy(out, label.terminal);
    else
        return copy(out, label.raw);
}

template <Style kStyle>
char* copy_foreign(char* out, std::string_view text) {
    const auto* from = reinterpret_cast<const unsigned char*>(text.data());
    if constexpr (kStyle == Style::json)
        return write_json(out, from, text.size());
    else if constexpr (kStyle == Style::terminal)
        return write_terminal(out, from, text.size());
    else
        return copy(out, text);
}

template <Style kStyle>
char* copy_c_string(char* out, const unsigned char* from, std::size_t size) {
    if constexpr (kStyle == Style::json)
        return write_json_c_string(out, from, size);
    else if constexpr (kStyle == Style::terminal)
        return write_terminal_c_string(out, from, size);
    else
        return copy(
            out, {reinterpret_cast<const char*>(from), strnlen(reinterpret_cast<const char*>(from), size)});
}

char* numbered(char* out, std::string_view prefix, std::uint64_t number) {
    return write_unsigned(copy(out, prefix), number);
}

char* write_hex_bytes(char* out, const unsigned char* from, std::size_t size) {
    constexpr char kHex[] = "0123456789abcdef";
    for (std::size_t i = 0; i < size; ++i) {
        *out++ = kHex[from[i] >> 4];
        *out++ = kHex[from[i] & 15];
    }
    return out;
}

char* write_bool(char* out, bool value) {
    return copy(out, value ? std::string_view("true") : "false");
}

char* write_address(char* out, const Node& node, const unsigned char* data) {
    switch (data[node.version_offset]) {
        case 4:
            return write_ipv4(out, data + node.offset);
        case 6:
            return write_ipv6(out, data + node.offset);
        default:
            return out;  // not an address: shown as nothing
    }
}

std::uint64_t load_bits(const Node& node, const unsigned char* data) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + node.offset, node.size);
    word >>= node.bit_offset;
    if (node.bit_size >= 64) return word;
    const std::uint64_t mask = (std::uint64_t{1} << node.bit_size) - 1;
    word &= mask;
    if (node.is_signed && (word >> (node.bit_size - 1)) != 0) word |= ~mask;
    return word;
}

/// The bytes of a text field that the event says are in use.
std::string_view used_bytes(const Node& node, const unsigned char* data) {
    std::size_t size = node.size;
    if (node.length_size > 0) {
        std::uint64_t length = 0;
        std::memcpy(&length, data + node.length_offset, node.length_size);
        size = static_cast<std::size_t>(std::min<std::uint64_t>(size, length));
    }
    return {reinterpret_cast<const char*>(data + node.offset), size};
}

void read_nul_separated(std::string_view bytes, std::string& text) {
    while (!bytes.empty() && bytes.back() == '\0') bytes.remove_suffix(1);
    text.assign(bytes);
    std::replace(text.begin(), text.end(), '\0', ' ');
}

/// Up to the empty label; what is not a plain label (a compression pointer, or one that is cut short) ends
/// the name.
void read_dns_name(std::string_view bytes, std::string& text) {
    constexpr std::size_t kLongestLabel = 63;
    text.clear();
    while (!bytes.empty()) {
        const std::size_t length = static_cast<unsigned char>(bytes.front());
        if (length == 0 || length > kLongestLabel || length >= bytes.size()) break;
        text += bytes.substr(1, length);
        text += '.';
        bytes.remove_prefix(length + 1);
    }
    if (text.empty() && !bytes.empty() && bytes.front() == '\0') text = ".";
}

std::uint64_t load_as(Op op, const unsigned char* at) {
    switch (op) {
        case Op::boolean:
            return *at != 0 ? 1 : 0;
        case Op::u8:
            return *at;
        case Op::i8:
            return static_cast<std::uint64_t>(std::int64_t{load<std::int8_t>(at)});
        case Op::u16:
            return load<std::uint16_t>(at);
        case Op::i16:
            return static_cast<std::uint64_t>(std::int64_t{load<std::int16_t>(at)});
        case Op::u32:
            return load<std::uint32_t>(at);
        case Op::i32:
            return static_cast<std::uint64_t>(std::int64_t{load<std::int32_t>(at)});
        case Op::u64:
        case Op::i64:
            return load<std::uint64_t>(at);
        default:
            return 0;
    }
}

}  // namespace

View ViewMaker::complete(Record record) {
    buffer_.assign(std::max<std::size_t>(size_, 1), 0);
    const std::size_t present = std::min<std::size_t>(record.size(), size_);
    if (present > 0) std::memcpy(buffer_.data(), record.data(), present);
    return {buffer_.data(), buffer_.data() + size_, 0};
}

/// The integer in the bytes of a node (or of the node that it shows in words), sign-extended to 64 bits.
std::uint64_t load_number(const Node& node, const unsigned char* data) {
    if (node.op == Op::bits || node.bit_size > 0) return load_bits(node, data);
    const Op op = node.added ? node.element_op : node.op;
    return load_as(op == Op::wall_clock ? Op::u64 : op, data + node.offset);
}

std::uint64_t Evaluator::number(const Node& node, const View& view) const {
    switch (node.op) {
        case Op::wall_clock:
            return static_cast<std::uint64_t>(
                time_.wall_clock(load<std::uint64_t>(view.data + node.offset), view.now));
        default:
            return load_number(node, view.data);
    }
}

double Evaluator::floating(const Node& node, const View& view) const {
    if (node.op == Op::f32) return static_cast<double>(load<float>(view.data + node.offset));
    if (node.op == Op::f64) return load<double>(view.data + node.offset);
    return 0;
}

std::size_t Evaluator::tail_size(const Node& node, const View& view) {
    if (node.size != 4) return view.tail_size;
    return std::min<std::size_t>(view.tail_size, load<std::uint32_t>(view.data + node.offset));
}

std::size_t Evaluator::room(const Node& node, const View& view) {
    std::size_t dynamic = 0;
    if (node.op == Op::tail) dynamic = tail_size(node, view) * 2;
    if (node.op == Op::kernel_stack)
        dynamic = stack_text(load<std::uint32_t>(view.data + node.offset)).size() * kMaxEscape;
    return max_text(*plan_, node) + dynamic + kEscapeSlack;
}

const std::string& Evaluator::stack_text(std::uint32_t id) {
    if (!stack_known_ || id != stack_id_) {
        stack_.clear();
        plan_->environment.kernel_stack(id, stack_);
        if (stack_.size() > kMaxStackText) stack_.resize(kMaxStackText);
        stack_id_ = id;
        stack_known_ = true;
    }
    return stack_;
}

const Label* Evaluator::enum_label(const Node& node, const View& view) const {
    std::uint64_t value = load_number(node, view.data);
    const std::uint32_t bits = node.bit_size > 0 ? node.bit_size : node.size * 8;
    if (bits < 64) value &= (std::uint64_t{1} << bits) - 1;
    return plan_->tables[static_cast<std::size_t>(node.table)].find(value);
}

char* Evaluator::write_array(const Node& node, const View& view, char* out) {
    const unsigned char* at = view.data + node.offset;
    *out++ = '[';
    for (std::uint32_t i = 0; i < node.count; ++i, at += node.element_size) {
        if (i > 0) *out++ = ',';
        switch (node.element_op) {
            case Op::boolean:
                out = write_bool(out, *at != 0);
                break;
            case Op::f32:
                out = write_float(out, load<float>(at));
                break;
            case Op::f64:
                out = write_double(out, load<double>(at));
                break;
            case Op::i8:
            case Op::i16:
            case Op::i32:
            case Op::i64:
                out = write_signed(out, static_cast<std::int64_t>(load_as(node.element_op, at)));
                break;
            default:
                out = write_unsigned(out, load_as(node.element_op, at));
                break;
        }
    }
    *out++ = ']';
    return out;
}

/// Numbers in words that are plain ASCII in every style.
char* Evaluator::write_words(const Node& node, const View& view, char* out) const {
    const unsigned char* at = view.data + node.offset;
    switch (node.op) {
        case Op::signal: {
            const auto value = load<std::uint32_t>(at);
            const std::string_view name = signal_name(value);
            return name.empty() ? numbered(out, "signal#", value) : copy(out, name);
        }
        case Op::errno_name: {
            const auto value = load<std::uint32_t>(at);
            if (value == 0) return out;
            const std::string_view name = errno_name(value);
            return name.empty() ? numbered(out, "error#", value) : copy(out, name);
        }
        case Op::syscall: {
            const std::string_view name = syscall_name(plan_->environment.arch, load<std::uint64_t>(at));
            return copy(out, name.empty() ? "SYS_UNKNOWN" : name);
        }
        case Op::size_text:
            return write_size(out, load<std::uint64_t>(at));
        case Op::duration:
            return write_duration(out, load<std::uint64_t>(at));
        case Op::file_mode:
            return write_file_mode(out, load<std::uint32_t>(at));
        case Op::file_flags:
            return write_file_flags(out, load<std::uint32_t>(at), plan_->environment.arch);
        case Op::ip:
            return write_address(out, node, view.data);
        case Op::endpoint: {
            out = write_address(out, node, view.data);
            *out++ = ':';
            return write_unsigned(out, load<std::uint16_t>(view.data + node.port_offset));
        }
        case Op::protocol: {
            const auto value = load<std::uint16_t>(at);
            const std::string_view name = protocol_name(value);
            return name.empty() ? numbered(out, "proto#", value) : copy(out, name);
        }
        default:
            return out;
    }
}

/// Names from tables that were prepared for each style.
template <Style kStyle>
char* Evaluator::write_label(const Node& node, const View& view, char* out) const {
    if (node.op == Op::enum_name) {
        const Label* label = enum_label(node, view);
        return label != nullptr ? copy_label<kStyle>(out, *label) : copy(out, "UNKNOWN");
    }
    if (node.op == Op::enum_set) {
        const std::uint64_t value = load_number(node, view.data);
        bool first = true;
        for (const LabelRow& row : plan_->tables[static_cast<std::size_t>(node.table)].rows) {
            if ((value & row.value) != row.value) continue;
            if (!first) out = copy_foreign<kStyle>(out, node.separator);
            out = copy_label<kStyle>(out, row.label);
            first = false;
        }
        return out;
    }
    const bool user = node.op == Op::user;
    const auto id = load<std::uint32_t>(view.data + node.offset);
    const Label* label =
        plan_->tables[static_cast<std::size_t>(user ? plan_->users : plan_->groups)].find(id);
    return label != nullptr ? copy_label<kStyle>(out, *label) : numbered(out, user ? "uid:" : "gid:", id);
}

template <Style kStyle>
char* Evaluator::write_text(const Node& node, const View& view, char* out) {
    const unsigned char* at = view.data + node.offset;
    switch (node.op) {
        case Op::c_string:
            return copy_c_string<kStyle>(out, at, node.size);
        case Op::nul_separated:
            read_nul_separated(used_bytes(node, view.data), text_);
            break;
        case Op::dns_name:
            read_dns_name(used_bytes(node, view.data), text_);
            break;
        case Op::bytes:
            return write_hex_bytes(out, at, node.size);
        case Op::tail:
            return write_hex_bytes(out, view.tail, tail_size(node, view));
        case Op::kernel_stack:
            return copy_foreign<kStyle>(out, stack_text(load<std::uint32_t>(at)));
        case Op::timestamp: {
            const std::int64_t time = time_.wall_clock(load<std::uint64_t>(at), view.now);
            if (node.time_format.empty()) return time_.write_rfc3339(out, time);
            text_.assign(out, time_.write_layout(out, time, node.time_format));
            break;
        }
        case Op::user:
        case Op::group:
        case Op::enum_name:
        case Op::enum_set:
            return write_label<kStyle>(node, view, out);
        default:
            return write_words(node, view, out);
    }
    return copy_foreign<kStyle>(out, text_);
}

template <Style kStyle>
char* Evaluator::write(const Node& node, const View& view, char* out) {
    const unsigned char* at = view.data + node.offset;
    switch (node.op) {
        case Op::container:
            return out;
        case Op::boolean:
            return write_bool(out, *at != 0);
        case Op::u8:
            return write_unsigned(out, *at);
        case Op::u16:
            return write_unsigned(out, load<std::uint16_t>(at));
        case Op::u32:
            return write_unsigned(out, load<std::uint32_t>(at));
        case Op::u64:
            return write_unsigned(out, load<std::uint64_t>(at));
        case Op::i8:
            return write_signed(out, load<std::int8_t>(at));
        case Op::i16:
            return write_signed(out, load<std::int16_t>(at));
        case Op::i32:
            return write_signed(out, load<std::int32_t>(at));
        case Op::i64:
            return write_signed(out, load<std::int64_t>(at));
        case Op::f32:
            return write_float(out, load<float>(at));
        case Op::f64:
            return write_double(out, load<double>(at));
        case Op::bits: {
            const std::uint64_t value = load_bits(node, view.data);
            return node.is_signed ? write_signed(out, static_cast<std::int64_t>(value))
                                  : write_unsigned(out, value);
        }
        case Op::wall_clock:
            return write_signed(out, time_.wall_clock(load<std::uint64_t>(at), view.now));
        case Op::array:
            return write_array(node, view, out);
        default:
            break;
    }
    if constexpr (kStyle != Style::json) {
        return write_text<kStyle>(node, view, out);
    } else {
        *out = '"';
        out = write_text<kStyle>(node, view, out + 1);
        *out = '"';
        return out + 1;
    }
}

template char* Evaluator::write<Style::raw>(const Node&, const View&, char*);
template char* Evaluator::write<Style::json>(const Node&, const View&, char*);
template char* Evaluator::write<Style::terminal>(const Node&, const View&, char*);

}  // namespace gadget::events::detail
