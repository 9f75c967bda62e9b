// SPDX-License-Identifier: Apache-2.0
// Hand-made schemas and records for the tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gadget/events.h"

namespace gadget::events::testing {

using model::FieldKind;

/// Lays members out one after the other and keeps their bytes.
class Sample {
  public:
    explicit Sample(std::string name = "event") { schema_.struct_name = std::move(name); }

    /// Opens a structure: members until close() are inside.
    Sample& open(const std::string& name, std::vector<std::string> types = {}) {
        add(name, FieldKind::structure, 0, std::move(types));
        open_.push_back(static_cast<int>(schema_.fields.size()) - 1);
        return *this;
    }
    Sample& close() {
        model::Field& field = schema_.fields[static_cast<std::size_t>(open_.back())];
        field.size = field.element_size = schema_.size - field.offset;
        open_.pop_back();
        return *this;
    }
    template <class T>
    Sample& value(const std::string& name, T number, std::vector<std::string> types = {}) {
        constexpr FieldKind kind = std::is_same_v<T, bool>       ? FieldKind::boolean
                                   : std::is_floating_point_v<T> ? FieldKind::floating
                                   : std::is_signed_v<T>         ? FieldKind::signed_int
                                                                 : FieldKind::unsigned_int;
        add(name, kind, sizeof(T), std::move(types));
        put(&number, sizeof number);
        return *this;
    }
    Sample& text(const std::string& name, std::string_view content, std::size_t size,
                 std::vector<std::string> types = {}) {
        model::Field& field = add(name, FieldKind::c_string, size, std::move(types));
        field.element_size = 1;
        field.count = static_cast<std::uint32_t>(size);
        std::string padded(content);
        padded.resize(size, '\0');
        put(padded.data(), size);
        return *this;
    }
    Sample& blob(const std::string& name, std::vector<unsigned char> content,
                 std::vector<std::string> types = {}) {
        add(name, FieldKind::bytes, content.size(), std::move(types));
        put(content.data(), content.size());
        return *this;
    }
    template <class T>
    Sample& array(const std::string& name, std::vector<T> content) {
        model::Field& field = add(name,
                                  std::is_floating_point_v<T> ? FieldKind::floating
                                  : std::is_signed_v<T>       ? FieldKind::signed_int
                                                              : FieldKind::unsigned_int,
                                  content.size() * sizeof(T), {});
        field.is_array = true;
        field.element_size = sizeof(T);
        field.count = static_cast<std::uint32_t>(content.size());
        put(content.data(), content.size() * sizeof(T));
        return *this;
    }
    template <class T>
    Sample& enumeration(const std::string& name, T number, const std::string& tag,
                        std::vector<model::Enumerator> enumerators) {
        value(name, number);
        schema_.fields.back().enum_name = tag;
        schema_.fields.back().enumerators = std::move(enumerators);
        return *this;
    }
    Sample& annotate(const std::string& path, const std::string& key, const std::string& text) {
        metadata_.fields[path].annotations[key] = text;
        return *this;
    }
    Sample& annotate_source(const std::string& key, const std::string& text) {
        metadata_.annotations[key] = text;
        return *this;
    }

    model::EventSchema& schema() { return schema_; }
    const model::DataSourceMetadata& metadata() const { return metadata_; }
    std::vector<std::byte>& bytes() { return bytes_; }
    Record record() const { return bytes_; }
    Environment& environment() { return environment_; }

    Result<DataSource> try_source() const {
        return DataSource::create({.name = "sample", .schema = schema_, .metadata = &metadata_},
                                  environment_);
    }
    DataSource source() const { return try_source().value(); }

    std::string json(TextFormat format = TextFormat::json) const {
        std::string out;
        JsonWriter(source(), format).append(bytes_, out);
        return out;
    }
    /// Header and one line.
    std::string columns(unsigned width = 0, const std::string& fields = {}) const {
        ColumnsWriter writer =
            ColumnsWriter::create(source(), {.terminal_width = width, .fields = fields}).value();
        std::string out = writer.header();
        writer.append(bytes_, out);
        return out;
    }

  private:
    model::Field& add(const std::string& name, FieldKind kind, std::size_t size,
                      std::vector<std::string> types) {
        model::Field field;
        field.name = name;
        field.parent = open_.empty() ? -1 : open_.back();
        field.path =
            open_.empty() ? name : schema_.fields[static_cast<std::size_t>(open_.back())].path + "." + name;
        field.kind = kind;
        field.offset = schema_.size;
        field.size = field.element_size = static_cast<std::uint32_t>(size);
        field.type_names = std::move(types);
        schema_.fields.push_back(field);
        return schema_.fields.back();
    }
    void put(const void* data, std::size_t size) {
        const auto* from = static_cast<const std::byte*>(data);
        bytes_.insert(bytes_.end(), from, from + size);
        schema_.size += static_cast<std::uint32_t>(size);
    }

    model::EventSchema schema_;
    model::DataSourceMetadata metadata_;
    std::vector<std::byte> bytes_;
    std::vector<int> open_;
    Environment environment_;
};

/// An event like that of an open() tracer: ten fields.
inline Sample open_event() {
    Sample sample("event");
    sample.environment().boot_to_wall_ns = 1'700'000'000'000'000'000;
    sample.environment().users = NameTable{{0, "root"}, {1000, "ada"}};
    sample.environment().groups = NameTable{{0, "root"}, {1000, "staff"}};
    sample.environment().arch = model::Arch::amd64;
    sample.value("timestamp_raw", std::uint64_t{123456789}, {"gadget_timestamp", "__u64"})
        .open("proc", {"gadget_process"})
        .text("comm", "cat", 16, {"gadget_comm", "char"})
        .value("pid", std::uint32_t{4242}, {"gadget_pid", "__u32"})
        .value("tid", std::uint32_t{4243}, {"gadget_tid", "__u32"})
        .value("mntns_id", std::uint64_t{4026531841}, {"gadget_mntns_id", "__u64"})
        .open("creds", {"gadget_creds"})
        .value("uid", std::uint32_t{1000}, {"gadget_uid", "__u32"})
        .value("gid", std::uint32_t{1000}, {"gadget_gid", "__u32"})
        .close()
        .open("parent", {"gadget_parent"})
        .text("comm", "bash", 16, {"gadget_pcomm", "char"})
        .value("pid", std::uint32_t{17}, {"gadget_ppid", "__u32"})
        .value("tid", std::uint32_t{17}, {"gadget_ptid", "__u32"})
        .close()
        .close()
        .value("error_raw", std::uint32_t{2}, {"gadget_errno", "__u32"})
        .value("fd", std::uint32_t{3}, {"__u32"})
        .value("flags_raw", std::uint32_t{02000000}, {"gadget_file_flags", "__u32"})
        .value("mode_raw", std::uint32_t{0644}, {"gadget_file_mode", "__u32"})
        .text("fname", "/etc/passwd", 255);
    return sample;
}

}  // namespace gadget::events::testing
