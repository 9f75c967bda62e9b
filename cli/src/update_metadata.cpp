// SPDX-License-Identifier: Apache-2.0
#include "update_metadata.h"

#include <sys/stat.h>

#include "gadget/model/metadata_edit.h"
#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::cli {
namespace {

unsigned mode_of(const std::filesystem::path& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 0777U : 0644U;
}

std::string in_words(const std::filesystem::path& file, const model::MetadataUpdate& update) {
    if (update.added.empty()) return file.string() + ": nothing is missing";
    std::string text = file.string() + ": added " + join_words(update.added);
    if (update.empty_descriptions > 0) {
        text += "; " + std::to_string(update.empty_descriptions) +
                (update.empty_descriptions == 1 ? " description is" : " descriptions are") + " left to write";
    }
    return text;
}

}  // namespace

Result<void> update_metadata(CompiledGadget& gadget, std::string& report, DiagnosticSink& sink) {
    const auto& file = gadget.folder.metadata_path;
    std::vector<const model::ObjectFacts*> facts;
    for (const auto& object : gadget.objects) facts.push_back(&object.facts);
    const std::string before = gadget.folder.manifest ? gadget.folder.manifest->text : std::string();
    GADGET_TRY_ASSIGN(const auto update,
                      model::merge_metadata(before, file.string(), gadget.folder.name, facts, sink));
    report = in_words(file, update);
    if (update.added.empty()) return {};
    DiagnosticList known;  // what was read before was reported then
    GADGET_TRY_ASSIGN(gadget.folder.manifest, model::parse_manifest(update.text, file.string(), known));
    return write_file_atomic(file, update.text, mode_of(file));
}

}  // namespace gadget::cli
