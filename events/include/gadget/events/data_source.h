// SPDX-License-Identifier: Apache-2.0
// DataSource: what the records of one source mean. Schema, metadata and environment are compiled once into a
// flat list of fields with precomputed offsets; writers and filters then work on the bytes of a record,
// without decoding into a row object and without allocating memory for an event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/events/environment.h"
#include "gadget/model/event_schema.h"
#include "gadget/model/manifest.h"
#include "gadget/support/result.h"

namespace gadget::events {

/// The bytes of one event as the kernel delivered them. Shorter than the struct: missing bytes are zero.
/// Longer: the rest is cut, or shown in the field that the annotation ebpf.rest.name asks for.
using Record = std::span<const std::byte>;

/// Largest struct that a data source may have, and most fields.
inline constexpr std::uint32_t kMaxRecordSize = 1U << 20;
inline constexpr std::size_t kMaxFields = 4096;

struct SourceSpec {
    std::string name;
    model::EventSchema schema;
    const model::DataSourceMetadata* metadata = nullptr;  ///< used during create() only; may be null
};

/// What a value is, for users of the library: how it compares and prints.
enum class ValueType : std::uint8_t { container, boolean, integer, floating, text, bytes, list };

[[nodiscard]] std::string_view to_string(ValueType type);

/// One field of a data source: a member of the struct, or one that was added to show it in words.
struct FieldInfo {
    std::string path;    ///< full dotted name
    std::string column;  ///< name of its column: alias or path
    ValueType type = ValueType::container;
    bool hidden = false;      ///< has no column unless asked for
    bool added = false;       ///< not a member of the struct
    std::string description;  ///< from the metadata
};

namespace detail {
struct Plan;
}

class DataSource {
  public:
    /// Compiles the source. `rejected_input` when a field lies outside the struct, nesting or counts exceed
    /// the limits, or an annotation has a value that cannot be used; the message names the field.
    static Result<DataSource> create(const SourceSpec& spec, Environment environment);

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] std::uint32_t record_size() const;
    /// All fields that an output may show, in column order.
    [[nodiscard]] const std::vector<FieldInfo>& fields() const;
    /// A data source annotation, empty when it is not set.
    [[nodiscard]] std::string_view annotation(std::string_view key) const;

    /// The compiled form, for the writers and filters of this library.
    [[nodiscard]] const std::shared_ptr<const detail::Plan>& plan() const { return plan_; }

  private:
    explicit DataSource(std::shared_ptr<const detail::Plan> plan) : plan_(std::move(plan)) {}
    std::shared_ptr<const detail::Plan> plan_;  // shared with the writers, which may outlive this object
};

}  // namespace gadget::events
