// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/metadata_edit.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "yaml_insert.h"
#include "yaml_reader.h"

namespace gadget::model {
namespace {

// What a field is by its type. Names of types: docs of <gadget/types.h>.
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kTypeDescriptions{{
    {"gadget_timestamp", "Time of the event"},
    {"gadget_mntns_id", "Mount namespace of the process"},
    {"gadget_netns_id", "Network namespace"},
    {"gadget_process", "Process that caused the event"},
    {"gadget_parent", "Parent of the process"},
    {"gadget_creds", "User and group of the process"},
    {"gadget_pid", "Process ID"},
    {"gadget_tid", "Thread ID"},
    {"gadget_ppid", "Process ID of the parent"},
    {"gadget_ptid", "Thread ID of the parent"},
    {"gadget_uid", "User ID"},
    {"gadget_gid", "Group ID"},
    {"gadget_comm", "Name of the process"},
    {"gadget_pcomm", "Name of the parent process"},
    {"gadget_errno", "Number of the error, 0 if there was none"},
    {"gadget_syscall", "Number of the system call"},
    {"gadget_signal", "Number of the signal"},
    {"gadget_bytes", "Size in bytes"},
    {"gadget_duration", "Duration in nanoseconds"},
    {"gadget_file_mode", "Mode of the file"},
    {"gadget_file_flags", "Flags the file was opened with"},
    {"gadget_kernel_stack", "Kernel stack"},
    {"gadget_user_stack", "User stack"},
    {"gadget_l4endpoint_t", "Address and port"},
}};

// Variables that Inspektor Gadget has flags of its own for.
struct KnownParam {
    std::string_view variable;
    std::string_view key;
    std::string_view description;
};
constexpr std::array<KnownParam, 8> kKnownParams{{
    {"targ_pid", "pid", "Show only events of this process ID"},
    {"targ_tid", "tid", "Show only events of this thread ID"},
    {"targ_uid", "uid", "Show only events of this user ID"},
    {"targ_gid", "gid", "Show only events of this group ID"},
    {"targ_comm", "comm", "Show only events of processes of this name"},
    {"collect_ustack", "collect-ustack", "Collect user stacks"},
    {"collect_build_id", "collect-build-id", "Collect build IDs for user stacks"},
    {"collect_otel_stack", "collect-otel-stack", "Collect stacks of interpreted languages"},
}};

std::string description_of(const Field& field) {
    for (const auto& [type, text] : kTypeDescriptions) {
        if (field.has_type(type)) return std::string(text);
    }
    return {};
}

const KnownParam* known_param(const std::string& variable) {
    const auto* const found =
        std::find_if(kKnownParams.begin(), kKnownParams.end(),
                     [&](const KnownParam& param) { return param.variable == variable; });
    return found == kKnownParams.end() ? nullptr : found;
}

// Fields of the top level, as far as they are fields: names that begin with "__" are padding.
void add_fields(const EventSchema* schema, YamlTree& fields) {
    if (schema == nullptr) return;
    for (const Field& field : schema->fields) {
        if (field.parent != -1 || field.name.empty() || field.name.starts_with("__")) continue;
        fields.map(field.name).map("annotations").leaf("description", description_of(field));
    }
}

const EventSchema* find_struct(const ObjectFacts& object, const std::string& name) {
    const auto found = object.structs.find(name);
    return found == object.structs.end() ? nullptr : &found->second;
}

void add_datasources(const ObjectFacts& object, YamlTree& sources) {
    for (const TracerFacts& tracer : object.tracers)
        add_fields(find_struct(object, tracer.struct_name), sources.map(tracer.name).map("fields"));
    for (const IterFacts& iterator : object.iterators)
        add_fields(find_struct(object, iterator.struct_name), sources.map(iterator.name).map("fields"));
    for (const MapIterFacts& iterator : object.map_iterators) {
        YamlTree& fields = sources.map(iterator.name).map("fields");
        const MapFacts* map = object.find_map(iterator.map);
        if (map == nullptr) continue;
        add_fields(map->key_schema ? &*map->key_schema : nullptr, fields);
        add_fields(map->value_schema ? &*map->value_schema : nullptr, fields);
    }
}

// Initial values of strings are lost at run time, so the metadata has to repeat them.
std::string lost_default(const VariableFacts* variable) {
    if (variable == nullptr || variable->type.kind != FieldKind::c_string) return {};
    std::string text;
    for (const std::byte byte : variable->initial) {
        if (byte == std::byte{0}) break;
        text += static_cast<char>(byte);
    }
    return text;
}

void add_params(const ObjectFacts& object, YamlTree& params) {
    for (const std::string& name : object.params) {
        YamlTree& param = params.map(name);
        const KnownParam* known = known_param(name);
        param.leaf("key", known == nullptr ? name : std::string(known->key));
        if (std::string value = lost_default(object.find_variable(name)); !value.empty())
            param.leaf("defaultValue", std::move(value));
        param.leaf("description", known == nullptr ? std::string() : std::string(known->description));
    }
}

// A key of the author's that means the same: Inspektor Gadget ignores case when it runs a gadget.
std::string known_key(const YAML::Node& map, const std::string& key) {
    if (!map.IsMap()) return key;
    const std::string lower = lower_case(key);
    for (const auto& entry : map) {
        if (entry.first.IsScalar() && lower_case(entry.first.Scalar()) == lower) return entry.first.Scalar();
    }
    return key;
}

const YAML::Node child_of(const YAML::Node& map, const std::string& key) {
    if (!map.IsMap()) return YAML::Node();
    for (const auto& entry : map) {
        if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
    }
    return YAML::Node();
}

// The keys of `wanted` as the author spells them, down to the keys of data sources and parameters.
YamlTree spelled_like(const YAML::Node& map, YamlTree wanted, unsigned depth) {
    for (auto& [key, value] : wanted.entries) {
        key = known_key(map, key);
        auto* below = std::get_if<YamlTree>(&value);
        if (below != nullptr && depth > 0)
            *below = spelled_like(child_of(map, key), std::move(*below), depth - 1);
    }
    return wanted;
}

YamlTree* find_map(YamlTree& tree, std::string_view lower) {
    for (auto& [key, value] : tree.entries) {
        if (lower_case(key) == lower) return std::get_if<YamlTree>(&value);
    }
    return nullptr;
}

// What an author wrote about a field is enough. A parameter that is there only needs its key.
void leave_alone_what_is_there(const YAML::Node& root, YamlTree& wanted) {
    const auto is_there = [](const YAML::Node& map, const std::string& key) {
        return map.IsMap() && std::any_of(map.begin(), map.end(), [&](const auto& entry) {
                   return entry.first.IsScalar() && entry.first.Scalar() == key;
               });
    };
    if (YamlTree* sources = find_map(wanted, "datasources")) {
        const YAML::Node in_sources = child_of(root, known_key(root, "datasources"));
        for (auto& [name, value] : sources->entries) {
            YamlTree* fields = find_map(std::get<YamlTree>(value), "fields");
            const YAML::Node in_source = child_of(in_sources, name);
            const YAML::Node in_fields = child_of(in_source, known_key(in_source, "fields"));
            if (fields != nullptr)
                std::erase_if(fields->entries,
                              [&](const auto& field) { return is_there(in_fields, field.first); });
        }
    }
    YAML::Node in_params = child_of(root, known_key(root, "ebpfParams"));
    YamlTree* params = find_map(wanted, "ebpfparams");
    if (YamlTree* const group = find_map(wanted, "params")) {
        params = find_map(*group, "ebpf");
        const YAML::Node in_group = child_of(root, known_key(root, "params"));
        in_params.reset(child_of(in_group, known_key(in_group, "ebpf")));
    }
    if (params == nullptr) return;
    for (auto& [name, value] : params->entries) {
        if (is_there(in_params, name))
            std::erase_if(std::get<YamlTree>(value).entries,
                          [](const auto& leaf) { return lower_case(leaf.first) != "key"; });
    }
}

YamlTree wanted_keys(const YAML::Node& root, std::string_view gadget_name,
                     std::span<const ObjectFacts* const> objects) {
    YamlTree wanted;
    wanted.leaf("name", std::string(gadget_name));
    wanted.leaf("description", "");
    YamlTree sources;
    YamlTree params;
    for (const ObjectFacts* object : objects) {
        add_datasources(*object, sources);
        add_params(*object, params);
    }
    if (!sources.entries.empty()) wanted.map("datasources") = std::move(sources);
    // The obsolete place of the parameters serves where it is used.
    const std::string old_place = known_key(root, "ebpfParams");
    const bool old = !params.entries.empty() && child_of(root, old_place).IsMap();
    if (old) {
        wanted.map(old_place) = std::move(params);
    } else if (!params.entries.empty()) {
        wanted.map("params").map("ebpf") = std::move(params);
    }
    wanted = spelled_like(root, std::move(wanted), 5);
    leave_alone_what_is_there(root, wanted);
    return wanted;
}

}  // namespace

Result<MetadataUpdate> merge_metadata(std::string_view text, const std::string& file,
                                      std::string_view gadget_name,
                                      std::span<const ObjectFacts* const> objects, DiagnosticSink& sink) {
    YamlReader yaml(file, sink);
    const auto root = yaml.parse(text);
    if (!root) return Error{.code = ErrorCode::rejected_input, .message = "the metadata has errors"};
    GADGET_TRY_ASSIGN(YamlInsertion inserted,
                      insert_missing(text, *root, wanted_keys(*root, gadget_name, objects), file));
    return MetadataUpdate{std::move(inserted.text), std::move(inserted.added), inserted.empty_leaves};
}

namespace {

Error bad_fix(const SourceRange& range, const std::string& why) {
    return {ErrorCode::invalid_argument, "cannot apply a fix at line " + std::to_string(range.line) +
                                             ", column " + std::to_string(range.column) + ": " + why};
}

// The offset of a 1-based place; nullopt when the text has none such.
std::optional<std::size_t> offset_of(std::string_view text, unsigned line, unsigned column) {
    if (line == 0 || column == 0) return std::nullopt;
    std::size_t at = 0;
    for (unsigned current = 1; current < line; ++current) {
        at = text.find('\n', at);
        if (at == text.npos) return std::nullopt;
        ++at;
    }
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (column - 1 > end - at) return std::nullopt;
    return at + column - 1;
}

}  // namespace

Result<std::string> apply_fixes(std::string_view text, std::span<const FixIt> fixes) {
    struct Piece {
        std::size_t begin;
        std::size_t end;
        const FixIt* fix;
    };
    std::vector<Piece> pieces;
    for (const FixIt& fix : fixes) {
        const auto begin = offset_of(text, fix.range.line, fix.range.column);
        auto end = begin;
        if (fix.range.end_line != 0) end = offset_of(text, fix.range.end_line, fix.range.end_column);
        if (!begin || !end || *end < *begin) return bad_fix(fix.range, "the text has no such place");
        pieces.push_back({*begin, *end, &fix});
    }
    std::stable_sort(pieces.begin(), pieces.end(),
                     [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
    std::string result;
    std::size_t at = 0;
    for (const Piece& piece : pieces) {
        if (piece.begin < at) return bad_fix(piece.fix->range, "it overlaps with another fix");
        result += text.substr(at, piece.begin - at);
        result += piece.fix->replacement;
        at = piece.end;
    }
    return result + std::string(text.substr(at));
}

}  // namespace gadget::model
