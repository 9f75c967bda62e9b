// SPDX-License-Identifier: Apache-2.0
// The events of a gadget as C++: values are copied out of the record one by one, so padding, bit-fields and
// the alignment of the record are no concern of whoever includes the header.
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <set>

#include "skeleton.h"

namespace gadget::cli {
namespace {

using model::EventSchema;
using model::Field;
using model::FieldKind;

constexpr const char* kHead =
    R"(// Made by 'gadget build --emit skeleton': changes are lost. For C++17 and newer; readers need libbpf 1.0 or
// newer.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

)";

constexpr const char* kDetail = R"(namespace detail {

template <class T>
T value_at(const unsigned char* record, std::size_t offset) {
    T value;
    std::memcpy(&value, record + offset, sizeof(T));
    return value;
}
inline bool bool_at(const unsigned char* record, std::size_t offset) { return record[offset] != 0; }
template <class T, std::size_t N>
std::array<T, N> array_at(const unsigned char* record, std::size_t offset) {
    std::array<T, N> values;
    std::memcpy(values.data(), record + offset, N * sizeof(T));
    return values;
}
inline std::string text_at(const unsigned char* record, std::size_t offset, std::size_t size) {
    const char* text = reinterpret_cast<const char*>(record + offset);
    return std::string(text, ::strnlen(text, size));
}
// Bits of a little-endian unit.
template <class T>
T bits_at(const unsigned char* record, std::size_t offset, unsigned bytes, unsigned start, unsigned count) {
    std::uint64_t unit = 0;
    for (unsigned i = 0; i < bytes; ++i) unit |= std::uint64_t{record[offset + i]} << (8 * i);
    unit >>= start;
    if (count < 64) unit &= (std::uint64_t{1} << count) - 1;
    const bool negative = static_cast<T>(-1) < static_cast<T>(1) && count < 64 && (unit >> (count - 1) & 1) != 0;
    if (negative) unit |= ~std::uint64_t{0} << count;
    return static_cast<T>(unit);
}

}  // namespace detail

)";

bool is_keyword(const std::string& word) {
    static const std::set<std::string> words{
        "alignas",   "alignof",   "and",      "asm",      "auto",     "bool",     "break",   "case",
        "catch",     "char",      "class",    "concept",  "const",    "continue", "default", "delete",
        "do",        "double",    "else",     "enum",     "explicit", "export",   "extern",  "false",
        "float",     "for",       "friend",   "goto",     "if",       "inline",   "int",     "long",
        "mutable",   "namespace", "new",      "not",      "nullptr",  "operator", "or",      "private",
        "protected", "public",    "register", "requires", "return",   "short",    "signed",  "sizeof",
        "static",    "struct",    "switch",   "template", "this",     "throw",    "true",    "try",
        "typedef",   "typeid",    "typename", "union",    "unsigned", "using",    "virtual", "void",
        "volatile",  "while",     "xor",      "kSize",    "parse"};
    return words.count(word) != 0;
}

std::string member_name(const std::string& name) {
    const std::string identifier = c_identifier(name);
    return is_keyword(identifier) ? identifier + '_' : identifier;
}

/// "open_failed" is OpenFailed.
std::string type_name(std::string_view name) {
    std::string text;
    bool start = true;
    for (const char c : c_identifier(name)) {
        if (c == '_') {
            start = true;
            continue;
        }
        text += start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        start = false;
    }
    return text;
}

std::string scalar_type(const Field& field) {
    const std::string bits = std::to_string(field.element_size * 8);
    switch (field.kind) {
        case FieldKind::boolean:
            return "bool";
        case FieldKind::signed_int:
            return "std::int" + bits + "_t";
        case FieldKind::unsigned_int:
            return "std::uint" + bits + "_t";
        case FieldKind::floating:
            return field.element_size == 4 ? "float" : "double";
        default:
            return "unsigned char";
    }
}

std::string array_type(const Field& field) {
    // bool in an array may hold any byte, which is no bool of C++.
    const std::string element = field.kind == FieldKind::boolean ? "unsigned char" : scalar_type(field);
    const auto count = field.is_array ? field.count : field.size;
    return element + ", " + std::to_string(count);
}

bool is_scalar(const Field& field) {
    return !field.is_array && field.kind != FieldKind::c_string && field.kind != FieldKind::bytes;
}

/// What reads the field from `record`.
std::string reading(const Field& field) {
    const std::string offset = std::to_string(field.offset);
    if (field.bit_size != 0) {
        const std::string type = field.kind == FieldKind::boolean ? "std::uint8_t" : scalar_type(field);
        return "detail::bits_at<" + type + ">(record, " + offset + ", " + std::to_string(field.element_size) +
               ", " + std::to_string(field.bit_offset) + ", " + std::to_string(field.bit_size) + ")" +
               (field.kind == FieldKind::boolean ? " != 0" : "");
    }
    if (field.kind == FieldKind::c_string)
        return "detail::text_at(record, " + offset + ", " + std::to_string(field.size) + ")";
    if (!is_scalar(field)) return "detail::array_at<" + array_type(field) + ">(record, " + offset + ")";
    if (field.kind == FieldKind::boolean) return "detail::bool_at(record, " + offset + ")";
    return "detail::value_at<" + scalar_type(field) + ">(record, " + offset + ")";
}

class StructWriter {
  public:
    explicit StructWriter(const EventSchema& schema) : schema_(schema) {}

    std::string write(const std::string& name, const std::string& what) {
        std::string text = "/// " + what + ": struct " + schema_.struct_name + ", " +
                           std::to_string(schema_.size) + " bytes.\nstruct " + name + " {\n";
        text += "    static constexpr std::size_t kSize = " + std::to_string(schema_.size) + ";\n\n";
        text += members(-1, 4);
        text +=
            "\n    /// Of the first kSize bytes at `data`; empty when there are fewer.\n    static "
            "std::optional<" +
            name +
            "> parse(const void* data, std::size_t size) {\n"
            "        if (size < kSize) return std::nullopt;\n"
            "        const auto* record = static_cast<const unsigned char*>(data);\n        (void)record;\n"
            "        " +
            name + " event;\n";
        text += assignments(-1, "event.");
        return text + "        return event;\n    }\n};\n\n";
    }

  private:
    template <class Handle>
    void for_children(int parent, const Handle& handle) const {
        for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
            if (schema_.fields[i].parent == parent) handle(schema_.fields[i], static_cast<int>(i));
        }
    }
    [[nodiscard]] std::string members(int parent, std::size_t indent) const {
        std::string text;
        const std::string start(indent, ' ');
        for_children(parent, [&](const Field& field, int index) {
            const std::string name = member_name(field.name);
            if (field.kind == FieldKind::structure) {
                text += start + "struct {\n" + members(index, indent + 4) + start + "} " + name + ";\n";
            } else if (field.kind == FieldKind::c_string) {
                text += start + "std::string " + name + ";\n";
            } else if (!is_scalar(field)) {
                text += start + "std::array<" + array_type(field) + "> " + name + "{};\n";
            } else {
                text += start + scalar_type(field) + ' ' + name + "{};\n";
            }
        });
        return text;
    }
    [[nodiscard]] std::string assignments(int parent, const std::string& prefix) const {
        std::string text;
        for_children(parent, [&](const Field& field, int index) {
            const std::string target = prefix + member_name(field.name);
            text += field.kind == FieldKind::structure ? assignments(index, target + '.')
                                                       : "        " + target + " = " + reading(field) + ";\n";
        });
        return text;
    }

    const EventSchema& schema_;
};

std::string quoted(std::string_view text) {
    return '"' + std::string(text) + '"';
}

/// A function from number to name for each enum of the events, each once.
std::string enum_names(const std::vector<const EventSchema*>& schemas) {
    std::string text;
    std::set<std::string> done;
    for (const EventSchema* schema : schemas) {
        for (const Field& field : schema->fields) {
            if (field.enum_name.empty() || !done.insert(field.enum_name).second) continue;
            text += "/// The name of a value of enum " + field.enum_name +
                    ", empty when it has none.\ninline std::string_view " + c_identifier(field.enum_name) +
                    "_name(std::int64_t value) {\n    switch (value) {\n";
            std::set<std::int64_t> seen;
            for (const auto& [name, value] : field.enumerators) {
                if (!seen.insert(value).second) continue;
                text += "        case " + std::to_string(value) + ": return " + quoted(name) + ";\n";
            }
            text += "        default: return {};\n    }\n}\n\n";
        }
    }
    return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

constexpr const char* kRingReader =
    R"(/// Hands the events of data source '@source@' to a function, as they come: map '@map@'.
class @Type@Reader {
  public:
    using Handler = std::function<void(const @Type@Event&)>;

    /// `map_fd` is borrowed for the life of the reader. Null with errno set on failure.
    static std::unique_ptr<@Type@Reader> create(int map_fd, Handler handler) {
        std::unique_ptr<@Type@Reader> reader(new @Type@Reader(std::move(handler)));
        reader->buffer_ = @new@;
        if (reader->buffer_ == nullptr) return nullptr;
        return reader;
    }
    @Type@Reader(const @Type@Reader&) = delete;
    @Type@Reader& operator=(const @Type@Reader&) = delete;
    ~@Type@Reader() { @free@(buffer_); }

    /// Waits at most `timeout_ms` (-1: for ever). The number of events, or a negative errno.
    int poll(int timeout_ms) { return @poll@(buffer_, timeout_ms); }
    /// Records that were shorter than an event of this program: object and header do not belong together.
    [[nodiscard]] std::uint64_t bad_records() const { return bad_records_; }
    /// Events that were lost because nobody read them in time; perf buffers only.
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

  private:
    explicit @Type@Reader(Handler handler) : handler_(std::move(handler)) {}
    static void take(void* context, const void* data, std::size_t size) {
        auto* self = static_cast<@Type@Reader*>(context);
        if (const auto event = @Type@Event::parse(data, size)) {
            self->handler_(*event);
        } else {
            ++self->bad_records_;
        }
    }
    static int on_record(void* context, void* data, std::size_t size) {
        take(context, data, size);
        return 0;
    }
    static void on_sample(void* context, int, void* data, std::uint32_t size) { take(context, data, size); }
    static void on_lost(void* context, int, unsigned long long count) {
        static_cast<@Type@Reader*>(context)->lost_ += count;
    }

    Handler handler_;
    @buffer@* buffer_ = nullptr;
    std::uint64_t bad_records_ = 0;
    std::uint64_t lost_ = 0;
};

)";

constexpr const char* kIterReader =
    R"(/// Reads data source '@source@' once to its end: `iter_fd` is what bpf_iter_create() gives for the link of
/// program '@program@'. 0 or a negative errno.
inline int read_@source_id@(int iter_fd, const std::function<void(const @Type@Event&)>& handler) {
    std::vector<unsigned char> bytes;
    for (;;) {
        unsigned char chunk[4096];
        const ssize_t count = ::read(iter_fd, chunk, sizeof chunk);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) return -errno;
        if (count == 0) return 0;
        bytes.insert(bytes.end(), chunk, chunk + count);
        std::size_t at = 0;
        for (; bytes.size() - at >= @Type@Event::kSize; at += @Type@Event::kSize)
            handler(*@Type@Event::parse(bytes.data() + at, @Type@Event::kSize));
        bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
}

)";

constexpr const char* kMapReader =
    R"(/// Reads data source '@source@' once: all entries of hash map '@map@'. 0 or a negative errno.
inline int read_@source_id@(int map_fd,
                            const std::function<void(const @Type@Key&, const @Type@Value&)>& handler) {
    std::array<unsigned char, @Type@Key::kSize> key{};
    std::array<unsigned char, @Type@Value::kSize> value{};
    bool first = true;
    for (;;) {
        std::array<unsigned char, @Type@Key::kSize> next{};
        const int error = bpf_map_get_next_key(map_fd, first ? nullptr : key.data(), next.data());
        if (error != 0) return errno == ENOENT ? 0 : -errno;
        key = next;
        first = false;
        if (bpf_map_lookup_elem(map_fd, key.data(), value.data()) != 0) continue;  // it has gone
        handler(*@Type@Key::parse(key.data(), key.size()), *@Type@Value::parse(value.data(), value.size()));
    }
}

)";

std::string reader_text(const char* text, const std::string& source, const std::string& map) {
    std::string result = replaced(text, "@source@", source);
    result = replaced(std::move(result), "@source_id@", c_identifier(source));
    result = replaced(std::move(result), "@Type@", type_name(source));
    return replaced(std::move(result), "@map@", map);
}

std::string ring_reader(const model::TracerFacts& tracer, bool ring) {
    std::string text = reader_text(kRingReader, tracer.name, tracer.map);
    text = replaced(std::move(text), "@new@",
                    ring ? "ring_buffer__new(map_fd, on_record, reader.get(), nullptr)"
                         : "perf_buffer__new(map_fd, 64, on_sample, on_lost, reader.get(), nullptr)");
    text = replaced(std::move(text), "@free@", ring ? "ring_buffer__free" : "perf_buffer__free");
    text = replaced(std::move(text), "@poll@", ring ? "ring_buffer__poll" : "perf_buffer__poll");
    return replaced(std::move(text), "@buffer@", ring ? "ring_buffer" : "perf_buffer");
}

}  // namespace

std::string event_reader_header(std::string_view name, const model::ObjectFacts& facts) {
    std::string types;
    std::vector<const EventSchema*> schemas;
    const auto add = [&](const EventSchema& schema, const std::string& type, const std::string& what) {
        schemas.push_back(&schema);
        types += StructWriter(schema).write(type, what);
    };
    for (const auto& tracer : facts.tracers) {
        const auto schema = facts.structs.find(tracer.struct_name);
        const auto* map = facts.find_map(tracer.map);
        if (schema == facts.structs.end() || map == nullptr) continue;
        add(schema->second, type_name(tracer.name) + "Event",
            "An event of data source '" + tracer.name + "'");
        types += ring_reader(tracer, map->type == BPF_MAP_TYPE_RINGBUF);
    }
    for (const auto& iterator : facts.iterators) {
        const auto schema = facts.structs.find(iterator.struct_name);
        if (schema == facts.structs.end() || iterator.programs.empty()) continue;
        add(schema->second, type_name(iterator.name) + "Event",
            "An entry of data source '" + iterator.name + "'");
        types +=
            replaced(reader_text(kIterReader, iterator.name, ""), "@program@", iterator.programs.front());
    }
    for (const auto& iterator : facts.map_iterators) {
        const auto* map = facts.find_map(iterator.map);
        if (map == nullptr || !map->key_schema || !map->value_schema) continue;
        const std::string type = type_name(iterator.name);
        add(*map->key_schema, type + "Key", "The key of an entry of data source '" + iterator.name + "'");
        add(*map->value_schema, type + "Value",
            "The value of an entry of data source '" + iterator.name + "'");
        types += reader_text(kMapReader, iterator.name, iterator.map);
    }
    return kHead + ("namespace " + c_identifier(name) + " {\n\n") + kDetail + enum_names(schemas) + types +
           "}  // namespace " + c_identifier(name) + "\n";
}

}  // namespace gadget::cli
