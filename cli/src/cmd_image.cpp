// SPDX-License-Identifier: Apache-2.0
// gadget image ...: the local store of images. What needs a registry is in gadget-registry.
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

/// Whether something in the store claims to be a signature of `digest`; nothing was verified.
bool has_signature(const std::vector<packager::Descriptor>& entries, const std::string& digest) {
    const std::string tag = packager::signature_tag(digest);
    return std::any_of(entries.begin(), entries.end(),
                       [&](const auto& entry) { return packager::ref_name(entry).ends_with(tag); });
}

Result<void> list(const packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto all, store.list());
    std::vector<packager::Descriptor> shown;
    std::copy_if(all.begin(), all.end(), std::back_inserter(shown), [&](const auto& entry) {
        return options.all || !packager::is_attachment_name(packager::ref_name(entry));
    });
    if (options.format == OutputFormat::json) {
        Json json{{"version", 1}, {"images", Json::array()}};
        for (const auto& entry : shown) {
            json["images"].push_back({{"name", packager::ref_name(entry)},
                                      {"digest", entry.digest},
                                      {"signatureAttached", has_signature(all, entry.digest)}});
        }
        terminal.print(json.dump() + "\n");
        return {};
    }
    std::size_t width = 5;
    for (const auto& entry : shown) width = std::max(width, short_name(packager::ref_name(entry)).size());
    std::string text = "IMAGE" + std::string(width - 3, ' ') + "DIGEST\n";
    for (const auto& entry : shown) {
        std::string name = printable(short_name(packager::ref_name(entry)));
        name.resize(std::max(name.size(), width) + 2, ' ');
        text += name + entry.digest + (has_signature(all, entry.digest) ? "  signature attached" : "") + "\n";
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

Result<void> tag(packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto from, full_name(options.arguments.at(0)));
    GADGET_TRY_ASSIGN(const auto to, full_name(options.arguments.at(1)));
    GADGET_TRY(store.tag(from, to));
    if (options.format == OutputFormat::json) report({to}, options, terminal);
    return {};
}

Result<void> remove(packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    std::vector<std::string> names;
    for (const auto& word : options.arguments) {
        GADGET_TRY_ASSIGN(auto name, full_name(word));
        GADGET_TRY(store.remove(name));
        names.push_back(std::move(name));
    }
    if (options.format == OutputFormat::json) report(names, options, terminal);
    return {};
}

Result<void> export_image(const packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto name, full_name(options.arguments.at(0)));
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
        report(*names, options, terminal);
        return {};
    }
    GADGET_TRY_ASSIGN(const auto name, full_name(options.name));
    GADGET_TRY_ASSIGN(const auto layout, packager::Layout::open(file));
    GADGET_TRY_ASSIGN(const auto root, layout.find(""));
    GADGET_TRY(store.add(layout, root, name));
    report({name}, options, terminal);
    return {};
}

Result<void> perform(const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto folder, store_folder());
    GADGET_TRY_ASSIGN(auto store, packager::Store::open(folder));
    if (options.action == "list") return list(store, options, terminal);
    if (options.action == "inspect") return inspect_stored_image(store, options, terminal);
    if (options.action == "tag") return tag(store, options, terminal);
    if (options.action == "remove") return remove(store, options, terminal);
    if (options.action == "export") return export_image(store, options, terminal);
    if (options.action == "import") return import(store, options, terminal);
    return Error{.code = ErrorCode::internal, .message = "unknown action '" + options.action + "'"};
}

}  // namespace

int image(const ImageOptions& options, const Context& context) {
    if (const auto done = perform(options, context.terminal); !done)
        return context.terminal.fail(done.error());
    return context.terminal.output_status();
}

}  // namespace gadget::cli
