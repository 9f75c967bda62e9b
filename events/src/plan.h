// SPDX-License-Identifier: Apache-2.0
// The compiled form of a data source: a flat list of nodes in column order. Built once by compile_plan(),
// never changed afterwards; every offset in it was checked against the size of the record.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/events/data_source.h"

namespace gadget::events::detail {

/// How the value of a node is read and shown.
enum class Op : std::uint8_t {
    container,
    boolean,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    f32,
    f64,
    bits,  ///< bit-field
    c_string,
    nul_separated,  ///< bytes with texts one after the other, shown with blanks between them
    dns_name,       ///< labels with their lengths, as in a DNS message
    bytes,
    array,       ///< of element_op
    tail,        ///< the bytes after the struct
    wall_clock,  ///< boot time stamp as nanoseconds since 1970
    timestamp,   ///< the same as a date
    signal,
    errno_name,
    syscall,
    size_text,
    duration,
    file_mode,
    file_flags,
    user,
    group,
    enum_name,
    enum_set,
    ip,
    endpoint,
    protocol,
    kernel_stack,
};

enum class Alignment : std::uint8_t { left, right };
enum class Ellipsis : std::uint8_t { none, start, middle, end };

struct ColumnStyle {
    std::string name;  ///< alias or path
    unsigned width = 16;
    unsigned min_width = 0;  ///< 0 = not given
    unsigned max_width = 0;  ///< 0 = not given
    Alignment alignment = Alignment::left;
    Ellipsis ellipsis = Ellipsis::end;
    bool fixed = false;
    bool hex = false;
    int precision = -1;   ///< of floats; -1 = shortest
    std::string replace;  ///< path of the field whose value is shown here
};

/// A text in the forms that the outputs need, prepared once.
struct Label {
    explicit Label(std::string_view text);
    std::string raw;
    std::string json;      ///< escaped, without quotes
    std::string terminal;  ///< control characters made visible
};

struct LabelRow {
    std::uint64_t value = 0;
    Label label;
};

/// Names of numbers. Rows are sorted by value for name lookup, in declaration order for sets.
struct LabelTable {
    std::vector<LabelRow> rows;
    std::vector<std::uint16_t> dense;  ///< index + 1 by value, when the values are small
    [[nodiscard]] const Label* find(std::uint64_t value) const;
    void sort();
    [[nodiscard]] std::size_t longest() const;
    [[nodiscard]] std::size_t total() const;
};

struct Node {
    std::string name;
    std::string path;
    int parent = -1;
    Op op = Op::container;
    Op element_op = Op::container;  ///< of arrays
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t element_size = 0;
    std::uint32_t count = 1;
    std::uint32_t bit_offset = 0;
    std::uint32_t bit_size = 0;
    bool is_signed = false;
    std::uint32_t version_offset = 0;  ///< ip, endpoint
    std::uint32_t port_offset = 0;     ///< endpoint
    std::uint32_t length_offset = 0;   ///< nul_separated, dns_name: integer with the bytes in use
    std::uint32_t length_size = 0;     ///< 0 = all of them
    int table = -1;                    ///< index in Plan::tables
    std::string separator;             ///< enum_set
    std::string time_format;           ///< timestamp; empty = RFC 3339
    bool added = false;
    bool hidden = false;
    bool unreferenced = false;
    bool json_skip = false;
    std::vector<std::string> type_names;
    std::string enum_name;
    std::vector<model::Enumerator> enumerators;  ///< moved into a table by the formatters
    model::Annotations annotations;              ///< template and metadata merged
    ColumnStyle column;

    [[nodiscard]] bool has_type(std::string_view type) const;
};

struct Plan {
    std::string name;
    std::uint32_t record_size = 0;
    std::vector<Node> nodes;
    std::vector<LabelTable> tables;
    int users = -1;  ///< index in tables
    int groups = -1;
    Environment environment;
    model::Annotations annotations;  ///< of the data source, keys in lower case
    std::vector<FieldInfo> fields;   ///< what users of the library see

    [[nodiscard]] int find(std::string_view path) const;  ///< -1 = none
    /// Exact path or column name first, then ignoring case.
    [[nodiscard]] int find_for_user(std::string_view name) const;
};

/// Whether the value is shown as text (quoted in JSON).
[[nodiscard]] bool is_text(Op op);
[[nodiscard]] ValueType value_type(Op op);
/// Most bytes that the value of `node` can take in any output, quotes included, dynamic parts excluded.
[[nodiscard]] std::size_t max_text(const Plan& plan, const Node& node);

/// Reads schema and metadata into a plan: struct members first, then the added fields, in upstream's order.
Result<std::shared_ptr<const Plan>> compile_plan(const SourceSpec& spec, Environment environment);

/// Adds the fields that show recognised types in words (formatters.cpp).
Result<void> add_formatted_fields(Plan& plan, const model::DataSourceMetadata* metadata);

// annotations.cpp

/// The template that the type of a field brings, empty when none.
[[nodiscard]] std::string_view automatic_template(const Node& node);
/// Merges `defaults` (and the template they name) and the metadata of node.path into node.annotations and
/// applies hidden and json.skip.
void merge_annotations(Node& node, const model::Annotations& defaults,
                       const model::DataSourceMetadata* metadata);
/// Whether the metadata sets an annotation for this very path.
[[nodiscard]] std::string metadata_annotation(const model::DataSourceMetadata* metadata,
                                              std::string_view path, std::string_view key);
/// node.column from node.annotations.
Result<void> read_column_style(Node& node);

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);

}  // namespace gadget::events::detail
