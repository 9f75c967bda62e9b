// SPDX-License-Identifier: Apache-2.0
// Records as text: JSON, indented JSON, YAML and columns. A writer appends to a string of the caller and
// keeps its working memory, so that an event costs no allocation. Writers are not to be shared between
// threads.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "gadget/events/data_source.h"

namespace gadget::events {

enum class TextFormat : std::uint8_t {
    json,         ///< one object per line
    json_pretty,  ///< indented by two spaces
    yaml,         ///< a document "---" for each record
};

/// All fields that are not marked json.skip, hidden ones too; keys sorted by byte order at each level.
class JsonWriter {
  public:
    explicit JsonWriter(const DataSource& source, TextFormat format = TextFormat::json);
    JsonWriter(JsonWriter&&) noexcept;
    JsonWriter& operator=(JsonWriter&&) noexcept;
    ~JsonWriter();

    /// Appends the record of a tracer and a newline.
    void append(Record record, std::string& out);
    /// Appends the records of one fetch of an array source: one JSON array on a line ("[]" when empty); in
    /// YAML a document for each.
    void append_batch(std::span<const Record> records, std::string& out);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct ColumnsOptions {
    /// Width of the terminal; 0 = not a terminal: the widths of the annotations are used as they are.
    unsigned terminal_width = 0;
    /// Empty: the fields that are not hidden. "a,b": exactly these. "+a,-b": the default ones with a, without
    /// b.
    std::string fields{};
};

class ColumnsWriter {
  public:
    /// `rejected_input` when `fields` names an unknown column.
    static Result<ColumnsWriter> create(const DataSource& source, const ColumnsOptions& options);
    ColumnsWriter(ColumnsWriter&&) noexcept;
    ColumnsWriter& operator=(ColumnsWriter&&) noexcept;
    ~ColumnsWriter();

    /// The header line with its newline.
    [[nodiscard]] const std::string& header() const;
    /// Fits the columns to a new terminal width; header() changes.
    void set_terminal_width(unsigned width);
    /// Appends one line. Bytes that would control the terminal are shown as escapes.
    void append(Record record, std::string& out);

  private:
    struct Impl;
    explicit ColumnsWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gadget::events
