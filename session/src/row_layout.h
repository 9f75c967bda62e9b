// SPDX-License-Identifier: Apache-2.0
// The layout of rows that are made here: a schema built field by field, and a way to write a row by it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/event_schema.h"
#include "gadget/model/manifest.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::session {

/// One field of a source: its name, type and how it is shown.
struct FieldSpec {
    enum class Type : std::uint8_t { text, u32, i32, u64, f64 };
    std::string_view name;
    Type type = Type::u64;
    std::string_view gadget_type{};  ///< "gadget_bytes": shown in words too
    std::string_view shown_as{};     ///< name of the field in words, when not `name` without "_raw"
    std::string_view description{};
    bool hidden = false;
    std::uint32_t text_size = 32;
};

class RowLayout {
  public:
    /// Only the fields in `wanted` (all when empty); a name without "_raw" means the raw field too.
    /// `rejected_input` names one that does not exist, and `source`.
    static Result<RowLayout> create(const std::string& source, std::span<const FieldSpec> fields,
                                    const std::vector<std::string>& wanted);

    [[nodiscard]] const model::EventSchema& schema() const { return schema_; }
    [[nodiscard]] const model::DataSourceMetadata& metadata() const { return metadata_; }

    /// A row of zeros at the end of `rows`; the setters write to it. Fields that are left out are ignored.
    void begin(Bytes& rows);
    void set(std::string_view field, std::uint64_t value);
    void set_float(std::string_view field, double value);
    /// Cut when it is too long.
    void set_text(std::string_view field, std::string_view value);

  private:
    void add(const FieldSpec& spec);
    [[nodiscard]] const model::Field* find(std::string_view name) const;

    model::EventSchema schema_;
    model::DataSourceMetadata metadata_;
    Bytes* rows_ = nullptr;
    std::size_t row_ = 0;
};

}  // namespace gadget::session
