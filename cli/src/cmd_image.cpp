// SPDX-License-Identifier: Apache-2.0
// gadget image ...: the local store of images. What needs a registry is in gadget-registry.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "exit_status.h"
#include "gadget/packager.h"
#include "gadget/support/text.h"
#include "image_details.h"
#include "image_names.h"
#include "places.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;

/// By name; signatures and what has no name are for those who ask for everything.
std::vector<packager::Descriptor> listed(const packager::Layout& layout, bool all) {
    std::vector<packager::Descriptor> shown;
    std::copy_if(layout.entries().begin(), layout.entries().end(), std::back_inserter(shown),
                 [&](const auto& entry) {
                     const std::string name = packager::ref_name(entry);
                     return all || (!name.empty() && !packager::is_attachment_name(name));
                 });
    std::sort(shown.begin(), shown.end(), [](const auto& a, const auto& b) {
        return std::pair(packager::ref_name(a), a.digest) < std::pair(packager::ref_name(b), b.digest);
    });
    return shown;
}

Result<void> list(const packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    // index.json is replaced in one step: no lock is needed to read it.
    GADGET_TRY_ASSIGN(const auto layout, packager::Layout::open(store.root()));
    const auto shown = listed(layout, options.all);
    const auto with_signature = packager::digests_with_signature(layout);
    if (options.format == OutputFormat::json) {
        Json json{{"version", 1}, {"images", Json::array()}};
        for (const auto& entry : shown) {
            json["images"].push_back({{"name", packager::ref_name(entry)},
                                      {"digest", entry.digest},
                                      {"signatureAttached", with_signature.contains(entry.digest)}});
        }
        terminal.print(json.dump() + "\n");
        return {};
    }
    const auto shown_name = [](const packager::Descriptor& entry) {
        const std::string name = packager::ref_name(entry);
        return name.empty() ? std::string("(no name)") : printable(short_name(name));
    };
    std::size_t width = 5;
    for (const auto& entry : shown) width = std::max(width, shown_name(entry).size());
    std::string text = "IMAGE" + std::string(width - 3, ' ') + "DIGEST\n";
    for (const auto& entry : shown) {
        std::string name = shown_name(entry);
        name.resize(width + 2, ' ');
        text += name + entry.digest + (with_signature.contains(entry.digest) ? "  signature attached" : "") +
                "\n";
    }
    terminal.print(text);
    return {};
}

void report(const std::vector<std::string>& names, const ImageOptions& options, Terminal& terminal) {
    if (options.format == OutputFormat::json) {
        terminal.print(Json{{"version", 1}, {"names", names}}.dump() + "\n");
        return;
    }
    for (const auto& name : names) terminal.print(short_name(name) + "\n");
}

Result<std::string> known_name(const packager::Store& store, const std::string& word) {
    GADGET_TRY_ASSIGN(const auto layout, packager::Layout::open(store.root()));
    return stored_name(layout, word);
}

Result<void> tag(packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto from, known_name(store, options.arguments.at(0)));
    GADGET_TRY_ASSIGN(const auto to, full_name(options.arguments.at(1)));
    GADGET_TRY(store.tag(from, to));
    if (options.format == OutputFormat::json) report({to}, options, terminal);
    return {};
}

Result<void> remove(packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    std::vector<std::string> names;
    for (const auto& word : options.arguments) {
        GADGET_TRY_ASSIGN(auto name, known_name(store, word));
        GADGET_TRY(store.remove(name));
        names.push_back(std::move(name));
    }
    if (options.format == OutputFormat::json) report(names, options, terminal);
    return {};
}

/// What nothing names any more, older than an hour: builds without a name, and what was killed half-way.
Result<void> prune(packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto deleted, store.collect_garbage());
    if (options.format == OutputFormat::json) {
        terminal.print(Json{{"version", 1}, {"deletedBlobs", deleted}}.dump() + "\n");
    } else {
        terminal.print(fmt::format("{} blobs deleted\n", deleted));
    }
    return {};
}

Result<void> export_image(const packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto name, known_name(store, options.arguments.at(0)));
    const std::filesystem::path file = options.arguments.at(1);
    if (options.export_format == ExportFormat::bpfman) {
        GADGET_TRY(export_for_bpfman(store, name, file));
    } else {
        GADGET_TRY(store.export_tar({name}, file));
    }
    if (options.format == OutputFormat::json) report({name}, options, terminal);
    return {};
}

/// The names that the layout has; or the given one for its only image.
Result<void> import(packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    const std::string& file = options.arguments.at(0);
    if (options.name.empty()) {
        auto names = store.import_layout(file);
        if (!names) {
            Error error = std::move(names).error();
            if (error.code == ErrorCode::invalid_argument) error.hint = "name it with --name IMAGE";
            return error;
        }
        std::erase_if(*names, [](const auto& name) { return packager::is_attachment_name(name); });
        report(*names, options, terminal);
        return {};
    }
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(options.name));
    GADGET_TRY_ASSIGN(const auto layout, packager::Layout::open(file));
    GADGET_TRY_ASSIGN(const auto root, layout.find(""));
    std::vector<packager::NamedImage> images{{.blobs = &layout, .root = root, .name = reference.to_string()}};
    GADGET_TRY_ASSIGN(const auto attached, packager::attachments(layout, root));
    for (const auto& each : attached) {
        // A signature that has a tag has it in the new repository.
        const std::string old = packager::ref_name(each);
        const std::string name = old.empty() ? old
                                             : reference.registry + "/" + reference.repository + ":" +
                                                   old.substr(old.rfind(':') + 1);
        images.push_back({.blobs = &layout, .root = each, .name = name});
    }
    GADGET_TRY(store.add(images));
    report({reference.to_string()}, options, terminal);
    return {};
}

Result<void> perform(const ImageOptions& options, const Context& context) {
    Terminal& terminal = context.terminal;
    GADGET_TRY_ASSIGN(const auto folder, store_folder());
    GADGET_TRY_ASSIGN(auto store, packager::Store::open(folder, context.cancel));
    if (options.action == "list") return list(store, options, terminal);
    if (options.action == "inspect") return inspect_stored_image(store, options, terminal);
    if (options.action == "tag") return tag(store, options, terminal);
    if (options.action == "remove") return remove(store, options, terminal);
    if (options.action == "prune") return prune(store, options, terminal);
    if (options.action == "export") return export_image(store, options, terminal);
    if (options.action == "import") return import(store, options, terminal);
    return Error{.code = ErrorCode::internal, .message = "unknown action '" + options.action + "'"};
}

}  // namespace

int image(const ImageOptions& options, const Context& context) {
    if (const auto done = perform(options, context); !done) return context.terminal.fail(done.error());
    return context.terminal.output_status();
}

}  // namespace gadget::cli
