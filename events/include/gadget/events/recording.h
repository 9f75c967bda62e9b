// SPDX-License-Identifier: Apache-2.0
// Recorded events: raw records with the schemas and annotations that give them meaning, so that a run can be
// shown again without the kernel, the gadget or root, by another version of the outputs.
//
// Format, little-endian: the 8 bytes "GKEVENTS", u32 version (1), u32 zero; then blocks of u32 kind, u32 size
// and `size` bytes. Kinds: 1 environment, 2 source, 3 record, 4 batch, 5 lost samples, 6 text of a kernel
// stack. Unknown kinds are skipped. Strings are u32 size and bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gadget/events/data_source.h"

namespace gadget::events {

/// Largest block of a recording: one record, or all records of a fetch.
inline constexpr std::uint32_t kMaxRecordingBlock = 64U << 20;
inline constexpr std::size_t kMaxRecordedSources = 1024;
inline constexpr std::size_t kMaxRecordedStack = 64U << 10;

/// Makes the bytes of a recording; the caller stores them.
class RecordingWriter {
  public:
    /// Appends what a file starts with. Call once, first.
    void begin(const Environment& environment, std::string& out);
    /// Appends the definition of a source and returns its number for the calls below.
    std::uint32_t add_source(const SourceSpec& source, std::string& out);
    /// A record or batch that does not fit in a block is `invalid_argument` and nothing is appended.
    Result<void> append(std::uint32_t source, Record record, std::string& out);
    Result<void> append_batch(std::uint32_t source, std::span<const Record> records, std::string& out);
    void append_lost(std::uint32_t source, std::uint64_t count, std::string& out);
    /// What the kernel stack `id` of the rows that follow is, for all sources; longer texts are cut.
    void append_stack(std::uint32_t id, std::string_view text, std::string& out);

  private:
    std::uint32_t sources_ = 0;
};

struct RecordedEnvironment {
    std::int64_t boot_to_wall_ns = 0;
    model::Arch arch = model::Arch::amd64;
};
struct RecordedSource {
    std::uint32_t source = 0;
    std::string name;
    model::EventSchema schema;
    model::DataSourceMetadata metadata;
};
/// Records and texts point into the reader and are valid until its next call.
struct RecordedRow {
    std::uint32_t source = 0;
    Record record;
};
struct RecordedBatch {
    std::uint32_t source = 0;
    std::vector<Record> records;
};
struct RecordedLoss {
    std::uint32_t source = 0;
    std::uint64_t count = 0;
};
struct RecordedStack {
    std::uint32_t id = 0;
    std::string_view text;
};
using RecordedItem = std::variant<RecordedEnvironment, RecordedSource, RecordedRow, RecordedBatch,
                                  RecordedLoss, RecordedStack>;

/// Reads a recording piece by piece, in memory of the size of its largest block. Nothing in it is trusted:
/// sizes and counts are checked before they are used, schemas when DataSource::create() compiles them.
class RecordingReader {
  public:
    /// Fills `buffer` from the start; returns the bytes read, 0 at the end.
    using Read = std::function<Result<std::size_t>(std::span<std::byte> buffer)>;

    /// `corrupt_data` when the input is not a recording, `unsupported` when its version is newer.
    static Result<RecordingReader> open(Read read);

    /// The next item; nullopt at the end. `corrupt_data` for a block that is cut short or contradicts itself.
    Result<std::optional<RecordedItem>> next();

  private:
    explicit RecordingReader(Read read) : read_(std::move(read)) {}
    Result<std::size_t> fill(std::span<std::byte> target);
    Result<bool> read_block();

    Read read_;
    std::vector<std::byte> input_;  ///< read ahead
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint32_t kind_ = 0;
    std::vector<std::byte> block_;
    std::size_t block_size_ = 0;
    std::size_t sources_ = 0;
};

}  // namespace gadget::events
