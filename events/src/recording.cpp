// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/recording.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace gadget::events {
namespace {

constexpr std::string_view kMagic = "GKEVENTS";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kReadAhead = 256 * 1024;

enum class Kind : std::uint32_t { environment = 1, source = 2, record = 3, batch = 4, lost = 5, stack = 6 };

template <class T>
void put(std::string& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

void put_header(std::string& out, Kind kind, std::size_t size) {
    put(out, static_cast<std::uint32_t>(kind));
    put(out, static_cast<std::uint32_t>(size));
}

void put_annotations(std::string& out, const model::Annotations& annotations) {
    put(out, static_cast<std::uint32_t>(annotations.size()));
    for (const auto& [key, value] : annotations) {
        put_text(out, key);
        put_text(out, value);
    }
}

void put_field(std::string& out, const model::Field& field) {
    put_text(out, field.name);
    put_text(out, field.path);
    put(out, static_cast<std::uint8_t>(field.kind));
    put(out, static_cast<std::uint8_t>(field.is_array ? 1 : 0));
    put(out, field.offset);
    put(out, field.size);
    put(out, field.element_size);
    put(out, field.count);
    put(out, static_cast<std::int32_t>(field.parent));
    put(out, field.bit_offset);
    put(out, field.bit_size);
    put(out, static_cast<std::uint32_t>(field.type_names.size()));
    for (const std::string& name : field.type_names) put_text(out, name);
    put_text(out, field.enum_name);
    put(out, static_cast<std::uint32_t>(field.enumerators.size()));
    for (const model::Enumerator& enumerator : field.enumerators) {
        put_text(out, enumerator.name);
        put(out, enumerator.value);
    }
}

Error corrupt(const std::string& why) {
    return Error{.code = ErrorCode::corrupt_data, .message = "the recording is damaged: " + why};
}

/// Takes values from a block. Asking for more than there is makes it fail for good, and every value zero.
class Cursor {
  public:
    explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <class T>
    T take() {
        T value{};
        if (bytes_.size() < sizeof(T)) {
            failed_ = true;
            bytes_ = {};
            return value;
        }
        std::memcpy(&value, bytes_.data(), sizeof(T));
        bytes_ = bytes_.subspan(sizeof(T));
        return value;
    }
    std::span<const std::byte> take_bytes(std::size_t size) {
        if (bytes_.size() < size) {
            failed_ = true;
            bytes_ = {};
            return {};
        }
        const auto taken = bytes_.first(size);
        bytes_ = bytes_.subspan(size);
        return taken;
    }
    std::string take_text() {
        const auto bytes = take_bytes(take<std::uint32_t>());
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    /// A count of things that take at least `least` bytes each; fails when they cannot all be there.
    std::uint32_t take_count(std::size_t least) {
        const auto count = take<std::uint32_t>();
        if (count > bytes_.size() / least) failed_ = true;
        return failed_ ? 0 : count;
    }
    [[nodiscard]] bool complete() const { return !failed_ && bytes_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    std::span<const std::byte> bytes_;
    bool failed_ = false;
};

model::Annotations take_annotations(Cursor& cursor) {
    model::Annotations annotations;
    for (std::uint32_t left = cursor.take_count(8); left > 0; --left) {
        std::string key = cursor.take_text();
        annotations[std::move(key)] = cursor.take_text();
    }
    return annotations;
}

model::Field take_field(Cursor& cursor) {
    model::Field field;
    field.name = cursor.take_text();
    field.path = cursor.take_text();
    const auto kind = cursor.take<std::uint8_t>();
    field.kind = kind <= static_cast<std::uint8_t>(model::FieldKind::bytes)
                     ? static_cast<model::FieldKind>(kind)
                     : model::FieldKind::bytes;
    field.is_array = cursor.take<std::uint8_t>() != 0;
    field.offset = cursor.take<std::uint32_t>();
    field.size = cursor.take<std::uint32_t>();
    field.element_size = cursor.take<std::uint32_t>();
    field.count = cursor.take<std::uint32_t>();
    field.parent = cursor.take<std::int32_t>();
    field.bit_offset = cursor.take<std::uint32_t>();
    field.bit_size = cursor.take<std::uint32_t>();
    for (std::uint32_t left = cursor.take_count(4); left > 0; --left)
        field.type_names.push_back(cursor.take_text());
    field.enum_name = cursor.take_text();
    for (std::uint32_t left = cursor.take_count(12); left > 0; --left) {
        std::string name = cursor.take_text();
        field.enumerators.push_back({std::move(name), cursor.take<std::int64_t>()});
    }
    return field;
}

RecordedSource take_source(Cursor& cursor) {
    RecordedSource source;
    source.source = cursor.take<std::uint32_t>();
    source.name = cursor.take_text();
    source.schema.struct_name = cursor.take_text();
    source.schema.size = cursor.take<std::uint32_t>();
    constexpr std::size_t kLeastField = 54;
    for (std::uint32_t left = cursor.take_count(kLeastField); left > 0 && !cursor.failed(); --left) {
        source.schema.fields.push_back(take_field(cursor));
    }
    source.metadata.annotations = take_annotations(cursor);
    for (std::uint32_t left = cursor.take_count(8); left > 0 && !cursor.failed(); --left) {
        std::string path = cursor.take_text();
        source.metadata.fields[std::move(path)].annotations = take_annotations(cursor);
    }
    return source;
}

}  // namespace

void RecordingWriter::begin(const Environment& environment, std::string& out) {
    out += kMagic;
    put(out, kVersion);
    put(out, std::uint32_t{0});
    put_header(out, Kind::environment, 9);
    put(out, environment.boot_to_wall_ns);
    put(out, static_cast<std::uint8_t>(environment.arch));
}

std::uint32_t RecordingWriter::add_source(const SourceSpec& source, std::string& out) {
    const std::uint32_t number = sources_++;
    std::string block;
    put(block, number);
    put_text(block, source.name);
    put_text(block, source.schema.struct_name);
    put(block, source.schema.size);
    put(block, static_cast<std::uint32_t>(source.schema.fields.size()));
    for (const model::Field& field : source.schema.fields) put_field(block, field);
    static const model::DataSourceMetadata kNone;
    const model::DataSourceMetadata& metadata = source.metadata != nullptr ? *source.metadata : kNone;
    put_annotations(block, metadata.annotations);
    put(block, static_cast<std::uint32_t>(metadata.fields.size()));
    for (const auto& [path, field] : metadata.fields) {
        put_text(block, path);
        put_annotations(block, field.annotations);
    }
    put_header(out, Kind::source, block.size());
    out += block;
    return number;
}

Result<void> RecordingWriter::append(std::uint32_t source, Record record, std::string& out) {
    if (record.size() > kMaxRecordingBlock - 4) {
        return Error{.code = ErrorCode::invalid_argument, .message = "a record is too large for a recording"};
    }
    put_header(out, Kind::record, record.size() + 4);
    put(out, source);
    out.append(reinterpret_cast<const char*>(record.data()), record.size());
    return {};
}

Result<void> RecordingWriter::append_batch(std::uint32_t source, std::span<const Record> records,
                                           std::string& out) {
    std::size_t size = 8;
    for (const Record record : records) size += 4 + std::min<std::size_t>(record.size(), kMaxRecordingBlock);
    if (size > kMaxRecordingBlock) {
        return Error{.code = ErrorCode::invalid_argument, .message = "a batch is too large for a recording"};
    }
    put_header(out, Kind::batch, size);
    put(out, source);
    put(out, static_cast<std::uint32_t>(records.size()));
    for (const Record record : records) {
        put_text(out, {reinterpret_cast<const char*>(record.data()), record.size()});
    }
    return {};
}

void RecordingWriter::append_lost(std::uint32_t source, std::uint64_t count, std::string& out) {
    put_header(out, Kind::lost, 12);
    put(out, source);
    put(out, count);
}

void RecordingWriter::append_stack(std::uint32_t id, std::string_view text, std::string& out) {
    text = text.substr(0, kMaxRecordedStack);
    put_header(out, Kind::stack, 4 + text.size());
    put(out, id);
    out += text;
}

Result<RecordingReader> RecordingReader::open(Read read) {
    RecordingReader reader(std::move(read));
    std::byte header[16];
    GADGET_TRY_ASSIGN(const std::size_t size, reader.fill(header));
    if (size != sizeof header || std::memcmp(header, kMagic.data(), kMagic.size()) != 0) {
        return Error{.code = ErrorCode::corrupt_data, .message = "the file is not a recording of events"};
    }
    std::uint32_t version = 0;
    std::memcpy(&version, header + kMagic.size(), sizeof version);
    if (version != kVersion) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "the recording has format version " + std::to_string(version) +
                                ", known is version 1"};
    }
    return reader;
}

/// Reads until `target` is full or the input ends.
Result<std::size_t> RecordingReader::fill(std::span<std::byte> target) {
    std::size_t done = 0;
    while (done < target.size()) {
        if (begin_ == end_) {
            input_.resize(kReadAhead);
            GADGET_TRY_ASSIGN(const std::size_t got, read_(input_));
            begin_ = 0;
            end_ = std::min(got, input_.size());
            if (end_ == 0) break;
        }
        const std::size_t part = std::min(target.size() - done, end_ - begin_);
        std::memcpy(target.data() + done, input_.data() + begin_, part);
        begin_ += part;
        done += part;
    }
    return done;
}

/// Brings the next block into block_; false at the end of the input.
Result<bool> RecordingReader::read_block() {
    std::byte header[8];
    GADGET_TRY_ASSIGN(const std::size_t got, fill(header));
    if (got == 0) return false;
    if (got < sizeof header) return corrupt("it ends inside a block");
    std::uint32_t size = 0;
    std::memcpy(&kind_, header, 4);
    std::memcpy(&size, header + 4, 4);
    if (size > kMaxRecordingBlock) return corrupt("a block of " + std::to_string(size) + " bytes");
    // Grow with what is really there, not with what the header promises.
    std::size_t done = 0;
    while (done < size) {
        const std::size_t part = std::min<std::size_t>(size - done, std::size_t{1} << 20);
        if (block_.size() < done + part) block_.resize(done + part);
        GADGET_TRY_ASSIGN(const std::size_t read, fill(std::span(block_).subspan(done, part)));
        if (read < part) return corrupt("it ends inside a block");
        done += part;
    }
    block_size_ = size;
    return true;
}

Result<std::optional<RecordedItem>> RecordingReader::next() {
    using Item = std::optional<RecordedItem>;
    while (true) {
        GADGET_TRY_ASSIGN(const bool more, read_block());
        if (!more) return Item{};
        Cursor cursor(std::span<const std::byte>(block_).first(block_size_));
        switch (static_cast<Kind>(kind_)) {
            case Kind::environment: {
                RecordedEnvironment environment;
                environment.boot_to_wall_ns = cursor.take<std::int64_t>();
                environment.arch =
                    cursor.take<std::uint8_t>() == static_cast<std::uint8_t>(model::Arch::arm64)
                        ? model::Arch::arm64
                        : model::Arch::amd64;
                if (!cursor.complete()) return corrupt("the environment block");
                return Item(environment);
            }
            case Kind::source: {
                RecordedSource source = take_source(cursor);
                if (!cursor.complete())
                    return corrupt("the definition of data source " + std::to_string(sources_));
                if (source.source != sources_ || sources_ >= kMaxRecordedSources) {
                    return corrupt("data sources are not numbered in order");
                }
                ++sources_;
                return Item(std::move(source));
            }
            case Kind::record: {
                const auto source = cursor.take<std::uint32_t>();
                if (cursor.failed() || source >= sources_)
                    return corrupt("a record of an unknown data source");
                return Item(RecordedRow{source, cursor.take_bytes(block_size_ - 4)});
            }
            case Kind::batch: {
                RecordedBatch batch;
                batch.source = cursor.take<std::uint32_t>();
                for (std::uint32_t left = cursor.take_count(4); left > 0; --left) {
                    batch.records.push_back(cursor.take_bytes(cursor.take<std::uint32_t>()));
                }
                if (!cursor.complete() || batch.source >= sources_) return corrupt("a batch of records");
                return Item(std::move(batch));
            }
            case Kind::lost: {
                RecordedLoss loss;
                loss.source = cursor.take<std::uint32_t>();
                loss.count = cursor.take<std::uint64_t>();
                if (!cursor.complete() || loss.source >= sources_) return corrupt("a count of lost samples");
                return Item(loss);
            }
            case Kind::stack: {
                const auto id = cursor.take<std::uint32_t>();
                if (cursor.failed() || block_size_ - 4 > kMaxRecordedStack) return corrupt("a kernel stack");
                const auto text = cursor.take_bytes(block_size_ - 4);
                return Item(RecordedStack{id, {reinterpret_cast<const char*>(text.data()), text.size()}});
            }
        }
    }
}

}  // namespace gadget::events
