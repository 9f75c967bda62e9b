// SPDX-License-Identifier: Apache-2.0
// gadget image ...: the local store of images.
#include <nlohmann/json.hpp>

#include "commands.h"
#include "exit_status.h"
#include "gadget/packager.h"
#include "gadget/support/text.h"
#include "places.h"

namespace gadget::cli {
namespace {

Result<std::string> normal(const std::string& text) {
    GADGET_TRY_ASSIGN(const auto reference, packager::parse_reference(text));
    return reference.to_string();
}

std::string familiar(const std::string& name) {
    const auto reference = packager::parse_reference(name);
    return reference ? reference->familiar() : name;
}

Result<void> list(const packager::Store& store, const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto entries, store.list());
    if (options.format == OutputFormat::json) {
        nlohmann::ordered_json json{{"version", 1}, {"images", nlohmann::ordered_json::array()}};
        for (const auto& entry : entries)
            json["images"].push_back({{"name", packager::ref_name(entry)}, {"digest", entry.digest}});
        terminal.print(json.dump() + "\n");
        return {};
    }
    std::size_t width = 5;
    for (const auto& entry : entries) width = std::max(width, familiar(packager::ref_name(entry)).size());
    std::string text = "IMAGE" + std::string(width - 3, ' ') + "DIGEST\n";
    for (const auto& entry : entries) {
        std::string name = printable(familiar(packager::ref_name(entry)));
        name.resize(std::max(name.size(), width) + 2, ' ');
        text += name + entry.digest + "\n";
    }
    terminal.print(text);
    return {};
}

Result<void> perform(const ImageOptions& options, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto folder, store_folder());
    GADGET_TRY_ASSIGN(auto store, packager::Store::open(folder));
    const auto& words = options.arguments;
    if (options.action == "list") return list(store, options, terminal);
    if (options.action == "tag") {
        GADGET_TRY_ASSIGN(const auto from, normal(words.at(0)));
        GADGET_TRY_ASSIGN(const auto to, normal(words.at(1)));
        return store.tag(from, to);
    }
    if (options.action == "remove") {
        GADGET_TRY_ASSIGN(const auto name, normal(words.at(0)));
        return store.remove(name);
    }
    if (options.action == "export") {
        GADGET_TRY_ASSIGN(const auto name, normal(words.at(0)));
        return store.export_tar({name}, words.at(1));
    }
    if (options.action == "import") {
        GADGET_TRY_ASSIGN(const auto names, store.import_layout(words.at(0)));
        for (const auto& name : names) terminal.print(familiar(name) + "\n");
        return {};
    }
    return Error{.code = ErrorCode::internal, .message = "unknown action '" + options.action + "'"};
}

}  // namespace

int image(const ImageOptions& options, const Context& context) {
    if (const auto done = perform(options, context.terminal); !done)
        return context.terminal.fail(done.error());
    return context.terminal.output_status();
}

}  // namespace gadget::cli
