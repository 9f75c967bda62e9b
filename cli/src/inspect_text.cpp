// SPDX-License-Identifier: Apache-2.0
// What a gadget consists of, for people.
#include <fmt/format.h>

#include <map>

#include "gadget/support/text.h"
#include "gadget/validator.h"
#include "inspect_formats.h"
#include "params.h"

namespace gadget::cli {
namespace {

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

}  // namespace

std::string inspect_text(const LoadedGadget& gadget) {
    std::string text = "GADGET " + printable(gadget.name) + "\n";
    if (gadget.image) text += describe_image(*gadget.image);
    if (const auto* shown = object_to_show(gadget))
        text += describe_facts(shown->facts, gadget.manifest ? &*gadget.manifest : nullptr);
    for (const auto& remark : gadget.remarks) text += "\nnote: " + printable(remark) + "\n";
    return text;
}

}  // namespace gadget::cli
