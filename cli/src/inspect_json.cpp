// SPDX-License-Identifier: Apache-2.0
// What a gadget consists of, for scripts: one tree, as JSON or as YAML.
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "gadget/validator.h"
#include "inspect_formats.h"
#include "params.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;

Json descriptor_json(const packager::Descriptor& descriptor) {
    return {{"mediaType", descriptor.media_type}, {"digest", descriptor.digest}, {"size", descriptor.size}};
}

Json image_json(const packager::ImageTree& image) {
    Json json{
        {"digest", image.root.digest}, {"annotations", image.annotations}, {"manifests", Json::array()}};
    for (const auto& manifest : image.manifests) {
        Json entry = descriptor_json(manifest.descriptor);
        if (manifest.descriptor.platform) {
            entry["platform"] = {{"os", manifest.descriptor.platform->os},
                                 {"architecture", manifest.descriptor.platform->architecture}};
        }
        entry["config"] = descriptor_json(manifest.config);
        entry["layers"] = Json::array();
        for (const auto& layer : manifest.layers) entry["layers"].push_back(descriptor_json(layer));
        json["manifests"].push_back(std::move(entry));
    }
    return json;
}

Json schema_json(const model::EventSchema& schema) {
    Json fields = Json::array();
    for (const auto& field : schema.fields) {
        fields.push_back({{"name", field.path},
                          {"kind", to_string(field.kind)},
                          {"types", field.type_names},
                          {"offset", field.offset},
                          {"size", field.size}});
    }
    return fields;
}

Json programs_json(const model::ObjectFacts& facts) {
    Json programs = Json::array();
    for (const auto& program : facts.programs) {
        Json json{
            {"name", program.name}, {"section", program.section}, {"instructions", program.instructions}};
        json["kind"] = program.parsed ? Json(model::to_string(program.parsed->kind->attach)) : Json(nullptr);
        json["target"] = program.parsed ? Json(program.parsed->target) : Json(nullptr);
        json["maps"] = program.maps;
        programs.push_back(std::move(json));
    }
    return programs;
}

Json maps_json(const model::ObjectFacts& facts) {
    Json maps = Json::array();
    for (const auto& map : facts.maps) {
        maps.push_back({{"name", map.name},
                        {"type", map.type_name},
                        {"keySize", map.key_size},
                        {"valueSize", map.value_size},
                        {"maxEntries", map.max_entries},
                        {"flags", map.flags},
                        {"pinnedByName", map.pinned_by_name},
                        {"keyType", map.key_type},
                        {"valueType", map.value_type},
                        {"innerType", map.inner ? Json(map.inner->type_name) : Json(nullptr)}});
    }
    return maps;
}

Json sources_json(const model::ObjectFacts& facts) {
    Json sources = Json::array();
    const auto fields = [&](const std::string& name) {
        const auto schema = facts.structs.find(name);
        return schema == facts.structs.end() ? Json::array() : schema_json(schema->second);
    };
    for (const auto& tracer : facts.tracers) {
        sources.push_back({{"name", tracer.name},
                           {"map", tracer.map},
                           {"struct", tracer.struct_name},
                           {"fields", fields(tracer.struct_name)},
                           {"kind", "tracer"}});
    }
    for (const auto& iterator : facts.iterators) {
        sources.push_back({{"name", iterator.name},
                           {"programs", iterator.programs},
                           {"struct", iterator.struct_name},
                           {"fields", fields(iterator.struct_name)},
                           {"kind", "iterator"}});
    }
    for (const auto& iterator : facts.map_iterators) {
        Json json{{"name", iterator.name}, {"map", iterator.map}, {"kind", "mapIterator"}};
        const auto* map = facts.find_map(iterator.map);
        json["key"] = map != nullptr && map->key_schema ? schema_json(*map->key_schema) : Json::array();
        json["value"] = map != nullptr && map->value_schema ? schema_json(*map->value_schema) : Json::array();
        sources.push_back(std::move(json));
    }
    return sources;
}

// Index = enum bpf_core_relo_kind, whose names libbpf shortens in the same way.
std::string relocation_kind(std::uint32_t kind) {
    constexpr std::string_view kNames[] = {"byte_off",    "byte_sz",    "field_exists",   "signed",
                                           "lshift_u64",  "rshift_u64", "local_type_id",  "target_type_id",
                                           "type_exists", "type_size",  "enumval_exists", "enumval_value",
                                           "type_matches"};
    return kind < std::size(kNames) ? std::string(kNames[kind]) : "#" + std::to_string(kind);
}

void add_needs(const model::ObjectFacts& facts, Json& json) {
    json["helpers"] = Json::array();
    for (const auto id : facts.helpers) json["helpers"].push_back(validator::helper_name(id));
    json["kernelSymbols"] = Json::array();
    for (const auto& symbol : facts.kernel_symbols)
        json["kernelSymbols"].push_back({{"name", symbol.name},
                                         {"kind", symbol.is_function ? "function" : "variable"},
                                         {"weak", symbol.weak}});
    json["coreRelocations"] = Json::array();
    for (const auto& relocation : facts.core_relocations) {
        json["coreRelocations"].push_back({{"program", relocation.program},
                                           {"instruction", relocation.instruction},
                                           {"type", relocation.type},
                                           {"access", relocation.access},
                                           {"kind", relocation_kind(relocation.kind)}});
    }
}

Json object_json(const LoadedObject& object, const model::Manifest* manifest) {
    Json json{{"architecture", model::to_string(object.arch)}, {"license", object.facts.license},
              {"programs", programs_json(object.facts)},       {"maps", maps_json(object.facts)},
              {"datasources", sources_json(object.facts)},     {"params", Json::array()}};
    for (const auto& param : gadget_params(object.facts, manifest)) {
        json["params"].push_back({{"key", param.key},
                                  {"variable", param.variable},
                                  {"type", param.type},
                                  {"default", param.default_value},
                                  {"description", param.description}});
    }
    add_needs(object.facts, json);
    return json;
}

Json gadget_json(const LoadedGadget& gadget) {
    const model::Manifest* manifest = gadget.manifest ? &*gadget.manifest : nullptr;
    Json json{{"version", 1}, {"name", gadget.name}};
    json["image"] = gadget.image ? image_json(*gadget.image) : Json(nullptr);
    json["objects"] = Json::array();
    for (const auto& object : gadget.objects) json["objects"].push_back(object_json(object, manifest));
    return json;
}

std::string one_line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void emit(const Json& json, YAML::Emitter& out) {
    if (json.is_object()) {
        out << YAML::BeginMap;
        for (const auto& [key, value] : json.items()) {
            out << YAML::Key << key << YAML::Value;
            emit(value, out);
        }
        out << YAML::EndMap;
    } else if (json.is_array()) {
        // An empty block sequence would read as null.
        out << (json.empty() ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
        for (const auto& value : json) emit(value, out);
        out << YAML::EndSeq;
    } else if (json.is_string()) {
        // Quoted as JSON: a name like "on" or "0x1" stays a string for every reader.
        out << YAML::DoubleQuoted << json.get_ref<const std::string&>();
    } else if (json.is_null()) {
        out << YAML::Null;
    } else {
        out << one_line(json);
    }
}

}  // namespace

std::string inspect_json(const LoadedGadget& gadget) {
    return one_line(gadget_json(gadget)) + "\n";
}

std::string inspect_yaml(const LoadedGadget& gadget) {
    // Through JSON text, which makes bytes that are no UTF-8 replacement characters.
    const Json json = Json::parse(one_line(gadget_json(gadget)));
    YAML::Emitter out;
    emit(json, out);
    return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace gadget::cli
