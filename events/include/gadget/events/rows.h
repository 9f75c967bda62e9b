// SPDX-License-Identifier: Apache-2.0
// Rows that are put together from several parts: the key and the value of a map.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gadget/events/data_source.h"

namespace gadget::events {

/// The schema of the rows of a map iterator: the fields of the key, then those of the value. `rejected_input`
/// when a field name is in both.
Result<model::EventSchema> make_row_schema(const model::EventSchema& key, const model::EventSchema& value);

/// The rows of one fetch, stored one after the other; memory is kept from fetch to fetch.
class RowBuffer {
  public:
    explicit RowBuffer(std::size_t key_size, std::size_t value_size)
        : key_size_(key_size), row_size_(key_size + value_size) {}

    void clear() { bytes_.clear(); }
    /// Adds a row; parts of the wrong size are cut or completed with zeros.
    void add(std::span<const std::byte> key, std::span<const std::byte> value);
    /// Fills `records` with the rows, valid until the next add() or clear().
    void records(std::vector<Record>& records) const;
    [[nodiscard]] std::size_t size() const { return row_size_ == 0 ? 0 : bytes_.size() / row_size_; }

  private:
    std::size_t key_size_;
    std::size_t row_size_;
    std::vector<std::byte> bytes_;
};

/// Cuts the bytes that iterator programs wrote into records of `record_size`. `corrupt_data` when there is a
/// rest.
Result<void> split_records(std::span<const std::byte> bytes, std::size_t record_size,
                           std::vector<Record>& records);

}  // namespace gadget::events
