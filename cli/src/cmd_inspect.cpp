// SPDX-License-Identifier: Apache-2.0
// gadget inspect: what a gadget consists of, as text or JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
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

std::string describe_facts(const model::ObjectFacts& facts, const model::Manifest* manifest) {
    std::string text = fmt::format("\nPROGRAMS ({}, license {})\n", facts.programs.size(),
                                   facts.license.empty() ? "missing" : printable(facts.license));
    for (const auto& program : facts.programs) {
        text += fmt::format("  {:<28} {:<44} {:>5} instructions\n", printable(program.name),
                            printable(program.section), program.instructions);
    }
    text += fmt::format("\nMAPS ({})\n", facts.maps.size());
    for (const auto& map : facts.maps) {
        text += fmt::format("  {:<28} {:<20} key {:>5}  value {:>6}  entries {}\n", printable(map.name),
                            map.type_name, map.key_size, map.value_size, map.max_entries);
    }
    for (const auto& tracer : facts.tracers) {
        const auto schema = facts.structs.find(tracer.struct_name);
        if (schema == facts.structs.end()) continue;
        text += fmt::format("\nDATA SOURCE {} (tracer, map {}, struct {}, {} bytes)\n  {:>5} {:>5}  FIELD\n",
                            printable(tracer.name), printable(tracer.map), printable(tracer.struct_name),
                            schema->second.size, "AT", "SIZE");
        text += describe_schema(schema->second);
    }
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

Json object_json(const LoadedObject& object, const model::Manifest* manifest) {
    Json json{{"architecture", model::to_string(object.arch)},
              {"license", object.facts.license},
              {"programs", Json::array()},
              {"maps", Json::array()},
              {"datasources", Json::array()},
              {"params", Json::array()}};
    for (const auto& program : object.facts.programs) {
        json["programs"].push_back(
            {{"name", program.name}, {"section", program.section}, {"instructions", program.instructions}});
    }
    for (const auto& map : object.facts.maps) {
        json["maps"].push_back({{"name", map.name},
                                {"type", map.type_name},
                                {"keySize", map.key_size},
                                {"valueSize", map.value_size},
                                {"maxEntries", map.max_entries}});
    }
    for (const auto& tracer : object.facts.tracers) {
        const auto schema = object.facts.structs.find(tracer.struct_name);
        json["datasources"].push_back(
            {{"name", tracer.name},
             {"map", tracer.map},
             {"struct", tracer.struct_name},
             {"fields", schema == object.facts.structs.end() ? Json::array() : schema_json(schema->second)}});
    }
    for (const auto& param : gadget_params(object.facts, manifest)) {
        json["params"].push_back({{"key", param.key},
                                  {"variable", param.variable},
                                  {"type", param.type},
                                  {"default", param.default_value},
                                  {"description", param.description}});
    }
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
