// SPDX-License-Identifier: Apache-2.0
#include "image_details.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "gadget/validator.h"
#include "image_names.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;
using packager::Descriptor;

Json descriptor_json(const Descriptor& descriptor) {
    return {{"mediaType", descriptor.media_type}, {"digest", descriptor.digest}, {"size", descriptor.size}};
}

Json tree_json(const std::string& name, const packager::ImageTree& tree) {
    Json json{{"version", 1},
              {"name", name},
              {"digest", tree.root.digest},
              {"annotations", tree.annotations},
              {"manifests", Json::array()},
              {"attachments", Json::array()}};
    for (const auto& manifest : tree.manifests) {
        Json entry = descriptor_json(manifest.descriptor);
        if (const auto& platform = manifest.descriptor.platform)
            entry["platform"] = {{"os", platform->os}, {"architecture", platform->architecture}};
        entry["config"] = descriptor_json(manifest.config);
        entry["layers"] = Json::array();
        for (const auto& layer : manifest.layers) entry["layers"].push_back(descriptor_json(layer));
        json["manifests"].push_back(std::move(entry));
    }
    return json;
}

std::string tree_text(const std::string& name, const packager::ImageTree& tree) {
    std::string text = fmt::format("{}\nindex {}  {}\n", printable(short_name(name)), tree.root.digest,
                                   human_bytes(tree.root.size));
    const auto line = [&](std::string_view what, const Descriptor& descriptor) {
        text += fmt::format("|  |- {:<7} {}  {:>8}  {}\n", what, descriptor.digest,
                            human_bytes(descriptor.size), printable(descriptor.media_type));
    };
    for (const auto& manifest : tree.manifests) {
        const auto& platform = manifest.descriptor.platform;
        text +=
            fmt::format("|- manifest {}  {}\n", manifest.descriptor.digest,
                        printable(platform ? platform->os + "/" + platform->architecture : "no platform"));
        line("config", manifest.config);
        for (const auto& layer : manifest.layers) line("layer", layer);
    }
    return text;
}

}  // namespace

Result<void> inspect_stored_image(const packager::Store& store, const ImageOptions& options,
                                  Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto reader, store.read());
    const auto& layout = reader.layout();
    GADGET_TRY_ASSIGN(const auto name, stored_name(layout, options.arguments.at(0)));
    GADGET_TRY_ASSIGN(const auto root, layout.find(name));
    GADGET_TRY_ASSIGN(const auto tree, packager::read_tree(layout, root));
    GADGET_TRY_ASSIGN(const auto attached, packager::check_attachments(layout, tree));
    if (options.format == OutputFormat::json) {
        Json json = tree_json(name, tree);
        for (const auto& each : attached) {
            json["attachments"].push_back({{"digest", each.manifest.digest},
                                           {"kind", packager::to_string(each.kind)},
                                           {"type", each.type},
                                           {"problem", each.problem}});
        }
        terminal.print(json.dump() + "\n");
        return {};
    }
    std::string text = tree_text(name, tree);
    for (const auto& each : attached) {
        text += fmt::format("`- {} {}  {}\n", packager::to_string(each.kind), each.manifest.digest,
                            each.problem.empty() ? each.summary : "PROBLEM: " + printable(each.problem));
    }
    terminal.print(text);
    return {};
}

Result<void> export_for_bpfman(const packager::Store& store, const std::string& name,
                               const std::filesystem::path& file) {
    GADGET_TRY_ASSIGN(const auto reader, store.read());
    const auto& layout = reader.layout();
    GADGET_TRY_ASSIGN(const auto root, layout.find(name));
    GADGET_TRY_ASSIGN(const auto tree, packager::read_tree(layout, root));
    std::vector<packager::BpfmanObject> objects;
    for (const auto arch : model::kAllArchs) {
        if (tree.find(arch) == nullptr) continue;
        GADGET_TRY_ASSIGN(auto content, packager::load_gadget(layout, root, arch));
        if (!content.ebpf) continue;
        const std::string what = std::string(model::to_string(arch)) + " object of " + name;
        GADGET_TRY_ASSIGN(const auto facts, validator::inspect(*content.ebpf, {.object_name = what}));
        packager::BpfmanObject object{
            .arch = arch, .object = std::move(*content.ebpf), .programs = {}, .maps = {}};
        for (const auto& program : facts.programs) {
            if (program.parsed) {
                object.programs.emplace(program.name,
                                        std::string(model::to_string(program.parsed->kind->attach)));
            }
        }
        for (const auto& map : facts.maps) object.maps.emplace(map.name, map.type_name);
        objects.push_back(std::move(object));
    }
    const auto created = tree.annotations.find(std::string(packager::annotation::kCreated));
    GADGET_TRY_ASSIGN(
        const auto image,
        packager::pack_for_bpfman(
            objects, created == tree.annotations.end() ? packager::created_from_epoch(0) : created->second));
    return packager::write_tar(image, file, name);
}

}  // namespace gadget::cli
