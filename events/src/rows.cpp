// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/rows.h"

#include <algorithm>

#include "gadget/support/text.h"

namespace gadget::events {

Result<model::EventSchema> make_row_schema(const model::EventSchema& key, const model::EventSchema& value) {
    if (key.size > kMaxRecordSize || value.size > kMaxRecordSize || key.size + value.size > kMaxRecordSize) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "the key '" + printable(key.struct_name) + "' and the value '" +
                                printable(value.struct_name) + "' are together larger than 1 MiB"};
    }
    model::EventSchema row = key;
    row.struct_name = key.struct_name + "+" + value.struct_name;
    row.size = key.size + value.size;
    const auto shift = static_cast<int>(key.fields.size());
    for (model::Field field : value.fields) {
        if (!field.name.starts_with("__") && key.find(field.path) != nullptr) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "field '" + printable(field.path) + "' is in the key '" +
                                    printable(key.struct_name) + "' and in the value '" +
                                    printable(value.struct_name) + "' of the map",
                         .hint = "rename one of them"};
        }
        if (field.offset > value.size) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "field '" + printable(field.path) + "' lies outside the struct"};
        }
        field.offset += key.size;
        if (field.parent >= 0) field.parent += shift;
        row.fields.push_back(std::move(field));
    }
    return row;
}

void RowBuffer::add(std::span<const std::byte> key, std::span<const std::byte> value) {
    const std::size_t begin = bytes_.size();
    bytes_.resize(begin + row_size_);
    const auto place = [&](std::span<const std::byte> part, std::size_t at, std::size_t size) {
        std::copy_n(part.begin(), std::min(part.size(), size),
                    bytes_.begin() + static_cast<std::ptrdiff_t>(at));
    };
    place(key, begin, key_size_);
    place(value, begin + key_size_, row_size_ - key_size_);
}

void RowBuffer::records(std::vector<Record>& records) const {
    records.clear();
    if (row_size_ == 0) return;
    for (std::size_t at = 0; at < bytes_.size(); at += row_size_)
        records.push_back(Record(bytes_).subspan(at, row_size_));
}

Result<void> split_records(std::span<const std::byte> bytes, std::size_t record_size,
                           std::vector<Record>& records) {
    records.clear();
    if (record_size == 0 || bytes.size() % record_size != 0) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "the iterator wrote " + std::to_string(bytes.size()) +
                                " bytes, which is not a whole number of " + std::to_string(record_size) +
                                "-byte records"};
    }
    for (std::size_t at = 0; at < bytes.size(); at += record_size)
        records.push_back(bytes.subspan(at, record_size));
    return {};
}

}  // namespace gadget::events
