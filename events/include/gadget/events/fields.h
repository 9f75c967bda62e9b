// SPDX-License-Identifier: Apache-2.0
// One field of a record, for programs that take rows themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gadget/events/data_source.h"

namespace gadget::events {

/// Reads one field of the records of a source. Not to be shared between threads.
class FieldReader {
  public:
    /// `name` as in the outputs: full path or column, letter case ignored. `rejected_input` for an unknown
    /// field and for a structure, which has no value.
    static Result<FieldReader> create(const DataSource& source, std::string_view name);
    FieldReader(FieldReader&&) noexcept;
    FieldReader& operator=(FieldReader&&) noexcept;
    ~FieldReader();

    [[nodiscard]] ValueType type() const;
    /// The number behind the field: integers, booleans, enums and what stands for a number (errors, sizes); 0
    /// for text.
    [[nodiscard]] std::int64_t integer(Record record);
    /// Floating and integer fields.
    [[nodiscard]] double number(Record record);
    /// What the outputs show, without quotes; lists as "[1,2]".
    [[nodiscard]] std::string text(Record record);
    void append_text(Record record, std::string& out);

  private:
    struct Impl;
    explicit FieldReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gadget::events
