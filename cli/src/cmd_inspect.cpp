// SPDX-License-Identifier: Apache-2.0
// gadget inspect: what a gadget consists of, as text or JSON.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
#include "gadget/validator.h"
#include "params.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string describe_layers(const packager::ManifestNode& manifest) {
    std::string text;
    const auto line = [&](std::string_view mark, std::string_view what,
                          const packager::Descriptor& descriptor) {
        text += fmt::format("|  {} {:<7} {}  {:>8}  {}\n", mark, what, descriptor.digest,
                            human_bytes(descriptor.size), printable(descriptor.media_type));
    };
    line(manifest.layers.empty() ? "`-" : "|-", "config", manifest.config);
    for (std::size_t i = 0; i < manifest.layers.size(); ++i)
        line(i + 1 == manifest.layers.size() ? "`-" : "|-", "layer", manifest.layers[i]);
    return text;
}

std::string describe_image(const packager::ImageTree& image) {
    std::string text = fmt::format("index {}  {}\n", image.root.digest, human_bytes(image.root.size));
    for (const auto& manifest : image.manifests) {
        const auto& platform = manifest.descriptor.platform;
        const std::string name = platform ? platform->os + "/" + platform->architecture : "no platform";
        text += fmt::format("|- manifest {}  {}  {}\n", manifest.descriptor.digest,
                            human_bytes(manifest.descriptor.size), printable(name));
        text += describe_layers(manifest);
    }
    return text;
}

std::string field_type(const model::Field& field) {
    if (field.type_names.empty()) return std::string(to_string(field.kind));
    return printable(field.type_names.front()) + (field.is_array ? fmt::format("[{}]", field.count) : "");
}

std::string describe_schema(const model::EventSchema& schema) {
    std::string text;
    for (const auto& field : schema.fields) {
        text += fmt::format("  {:>5} {:>5}  {:<28} {}\n", field.offset, field.size, printable(field.path),
                            field_type(field));
    }
    return text;
}

std::string describe_maps(const model::ObjectFacts& facts) {
    std::string text = fmt::format("\nMAPS ({})\n", facts.maps.size());
    for (const auto& map : facts.maps) {
        text += fmt::format("  {:<28} {:<20} key {:>5}  value {:>6}  entries {}", printable(map.name),
                            map.type_name, map.key_size, map.value_size, map.max_entries);
        if (map.flags != 0) text += fmt::format("  flags {:#x}", map.flags);
        if (map.pinned_by_name) text += "  pinned by name";
        if (map.inner) text += "  of " + map.inner->type_name;
        text += "\n";
    }
    return text;
}

std::string describe_sources(const model::ObjectFacts& facts) {
    std::string text;
    constexpr std::string_view kHead = "     AT  SIZE  FIELD\n";
    const auto describe = [&](const std::string& struct_name, const std::string& title) {
        const auto schema = facts.structs.find(struct_name);
        if (schema == facts.structs.end()) return;
        text += fmt::format("\n{}, struct {}, {} bytes)\n{}", title, printable(struct_name),
                            schema->second.size, kHead);
        text += describe_schema(schema->second);
    };
    for (const auto& tracer : facts.tracers)
        describe(tracer.struct_name, fmt::format("DATA SOURCE {} (tracer, map {}", printable(tracer.name),
                                                 printable(tracer.map)));
    for (const auto& iterator : facts.iterators)
        describe(iterator.struct_name,
                 fmt::format("DATA SOURCE {} (iterator, programs {}", printable(iterator.name),
                             printable(join_words(iterator.programs))));
    for (const auto& iterator : facts.map_iterators) {
        const auto* map = facts.find_map(iterator.map);
        if (map == nullptr) continue;
        text += fmt::format("\nDATA SOURCE {} (map iterator, map {})\n{}", printable(iterator.name),
                            printable(iterator.map), kHead);
        for (const auto* schema : {&map->key_schema, &map->value_schema}) {
            if (*schema) text += describe_schema(**schema);
        }
    }
    return text;
}

// What the object needs of a kernel.
std::string describe_needs(const model::ObjectFacts& facts) {
    std::string text;
    if (!facts.helpers.empty()) text += fmt::format("\nHELPERS ({})\n", facts.helpers.size());
    for (const auto id : facts.helpers) text += "  " + validator::helper_name(id) + "\n";
    if (!facts.kernel_symbols.empty())
        text += fmt::format("\nKERNEL SYMBOLS ({})\n", facts.kernel_symbols.size());
    for (const auto& symbol : facts.kernel_symbols)
        text +=
            fmt::format("  {:<44} {}{}\n", printable(symbol.name),
                        symbol.is_function ? "function" : "variable", symbol.weak ? ", may be missing" : "");
    std::map<std::string, unsigned> by_type;
    for (const auto& relocation : facts.core_relocations) ++by_type[relocation.type];
    if (!by_type.empty())
        text += fmt::format("\nKERNEL TYPES (CO-RE relocations: {})\n", facts.core_relocations.size());
    for (const auto& [type, count] : by_type) text += fmt::format("  {:<44} {:>5}\n", printable(type), count);
    return text;
}

std::string describe_facts(const model::ObjectFacts& facts, const model::Manifest* manifest) {
    std::string text = fmt::format("\nPROGRAMS ({}, license {})\n", facts.programs.size(),
                                   facts.license.empty() ? "missing" : printable(facts.license));
    for (const auto& program : facts.programs) {
        text += fmt::format("  {:<28} {:<44} {:>5} instructions\n", printable(program.name),
                            printable(program.section), program.instructions);
    }
    text += describe_maps(facts) + describe_sources(facts) + describe_needs(facts);
    const auto params = gadget_params(facts, manifest);
    if (!params.empty()) text += "\nPARAMETERS\n" + describe_params(params);
    return text;
}

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

std::string to_json(const LoadedGadget& gadget, const model::Manifest* manifest) {
    Json json{{"version", 1}, {"name", gadget.name}};
    json["image"] = gadget.image ? image_json(*gadget.image) : Json(nullptr);
    json["objects"] = Json::array();
    for (const auto& object : gadget.objects) json["objects"].push_back(object_json(object, manifest));
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int inspect(const InspectOptions& options, const Context& context) {
    DiagnosticList findings;
    const LoadOptions load{.archs = {model::kAllArchs.begin(), model::kAllArchs.end()},
                           .manifest_file = {},
                           .load_folder = context.load_folder};
    const auto gadget = load_gadget(options.input, load, findings);
    findings.sort();
    if (!gadget) {
        context.terminal.show(findings, file_source_reader());
        return context.terminal.fail(gadget.error());
    }
    const model::Manifest* manifest = gadget->manifest ? &*gadget->manifest : nullptr;
    if (options.format == OutputFormat::json) {
        context.terminal.print(to_json(*gadget, manifest));
        return context.terminal.output_status();
    }
    std::string text = "GADGET " + printable(gadget->name) + "\n";
    if (gadget->image) text += describe_image(*gadget->image);
    const LoadedObject* shown = gadget->find(model::host_arch());
    if (shown == nullptr && !gadget->objects.empty()) shown = &gadget->objects.front();
    if (shown != nullptr) text += describe_facts(shown->facts, manifest);
    for (const auto& remark : gadget->remarks) text += "\nnote: " + printable(remark) + "\n";
    context.terminal.print(text);
    return context.terminal.output_status();
}

}  // namespace gadget::cli
