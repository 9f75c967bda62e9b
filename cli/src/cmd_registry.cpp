// SPDX-License-Identifier: Apache-2.0
// push, pull and what else is asked of a registry.
#include "cmd_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exit_status.h"
#include "gadget/packager/signing.h"
#include "gadget/support/text.h"
#include "image_names.h"
#include "places.h"

namespace gadget::cli {
namespace {

using Json = nlohmann::ordered_json;
using packager::Reference;

/// Bytes on a terminal, ten times a second; elsewhere one line a step.
class TransferProgress final : public Progress {
  public:
    explicit TransferProgress(Terminal& terminal) : terminal_(terminal) {}
    void step(std::string_view text) override { terminal_.step(text); }
    void update(std::uint64_t done, std::uint64_t total) override {
        const auto now = std::chrono::steady_clock::now();
        if (done < total && now - shown_ < std::chrono::milliseconds(100)) return;
        shown_ = now;
        terminal_.update(done, total);
    }

  private:
    Terminal& terminal_;
    std::chrono::steady_clock::time_point shown_{};
};

packager::RegistryOptions options_for(const RegistryCommand& command, const std::string& host,
                                      const Context& context, Progress* progress) {
    packager::RegistryOptions options;
    options.credentials = account_source(command);
    options.insecure =
        std::find(command.insecure.begin(), command.insecure.end(), host) != command.insecure.end();
    options.ca_file = command.ca_file;
    options.environment_proxy = true;
    options.cancel = context.cancel;
    options.progress = progress;
    options.warning = [&context, host](const std::string& text) {
        context.terminal.say("gadget: warning from " + host + ": " + text);
    };
    return options;
}

void report(const Context& context, const RegistryCommand& command, const std::string& name,
            const std::string& digest, std::size_t attached) {
    if (command.format == OutputFormat::json) {
        const Json json{{"version", 1}, {"name", name}, {"digest", digest}, {"attachments", attached}};
        context.terminal.print(json.dump() + "\n");
        return;
    }
    context.terminal.print(name + " " + digest + "\n");
    if (attached > 0) context.terminal.say(fmt::format("with {} attachments (signatures, SBOM)", attached));
}

/// A repository of the same registry that has the image too: from there blobs can be linked.
std::string other_repository(const packager::Layout& layout, const packager::Descriptor& root,
                             const Reference& target) {
    for (const auto& entry : layout.entries()) {
        if (entry.digest != root.digest) continue;
        const auto other = parse_image_name(packager::ref_name(entry));
        if (other && other->registry == target.registry && other->repository != target.repository)
            return other->repository;
    }
    return {};
}

/// An image of the store and what is attached to it, to be read for as long as a push takes.
struct Outgoing {
    packager::Descriptor root;
    std::string mount_from;
    std::optional<packager::Layout> pinned;     ///< as a rule
    std::optional<packager::StoreReader> held;  ///< where there are too many files for that

    [[nodiscard]] const packager::Layout& layout() const { return pinned ? *pinned : held->layout(); }
};

Result<Outgoing> outgoing_image(const std::string& word, const Reference& target, const Context& context) {
    GADGET_TRY_ASSIGN(const auto store, open_store(context));
    GADGET_TRY_ASSIGN(auto reader, store.read());
    const auto& layout = reader.layout();
    GADGET_TRY_ASSIGN(const auto name, stored_name(layout, word));
    GADGET_TRY_ASSIGN(auto root, layout.find(name));
    GADGET_TRY_ASSIGN(auto chosen, packager::attachments(layout, root));
    chosen.push_back(root);
    auto pinned = layout.pin(chosen);
    if (!pinned && pinned.error().code != ErrorCode::unsupported) return std::move(pinned).error();
    Outgoing outgoing{.root = std::move(root), .mount_from = {}, .pinned = {}, .held = {}};
    outgoing.mount_from = other_repository(layout, outgoing.root, target);
    if (pinned) {
        outgoing.pinned = std::move(*pinned);
    } else {
        outgoing.held = std::move(reader);
    }
    return outgoing;
}

/// The digest that `reference` means now, if the policy accepts its signature. Comes before the image itself:
/// what is not accepted never gets a name in the store.
Result<std::string> accepted_digest(const RegistryCommand& command, packager::Registry& registry,
                                    const Reference& reference, packager::Store& store) {
    const std::string& wanted = reference.digest.empty() ? reference.tag : reference.digest;
    GADGET_TRY_ASSIGN(const auto root, registry.resolve(reference.repository, wanted));
    GADGET_TRY(packager::pull_attachments(registry, reference, root, store));
    GADGET_TRY_ASSIGN(const auto reader, store.read());
    auto verdict = check_policy_file(command.policy_file, reader.layout(), root, reference.to_string());
    if (verdict) return root.digest;
    Error error = std::move(verdict).error();
    if (error.code == ErrorCode::not_found || error.code == ErrorCode::permission_denied)
        error.code = ErrorCode::rejected_input;
    error.context.push_back("the image was not taken into the store");
    return error;
}

Error digest_is_no_tag(const std::string& text) {
    return {.code = ErrorCode::invalid_argument,
            .message = "'" + text + "' has a digest: an image is pushed under a tag",
            .hint = "leave out the part from '@' on"};
}

}  // namespace

Result<packager::Store> open_store(const Context& context) {
    GADGET_TRY_ASSIGN(const auto folder, store_folder());
    return packager::Store::open(folder, context.cancel);
}

Result<void> push_image(const RegistryCommand& command, const Context& context) {
    const auto& words = command.arguments;
    GADGET_TRY_ASSIGN(const auto target, parse_image_name(words.back()));
    if (!target.digest.empty()) return digest_is_no_tag(words.back());
    GADGET_TRY_ASSIGN(const auto outgoing, outgoing_image(words.at(0), target, context));
    TransferProgress progress(context.terminal);
    packager::Registry registry(target.registry, options_for(command, target.registry, context, &progress));
    const auto& root = outgoing.root;
    GADGET_TRY(registry.push(outgoing.layout(), root, target.repository, target.tag, outgoing.mount_from));
    std::size_t attached = 0;
    if (!command.bare) {
        GADGET_TRY_ASSIGN(attached,
                          packager::push_attachments(registry, outgoing.layout(), root, target.repository));
    }
    report(context, command, target.to_string(), root.digest, attached);
    return {};
}

Result<void> pull_image(const RegistryCommand& command, const Context& context) {
    for (const auto& word : command.arguments) {
        GADGET_TRY_ASSIGN(auto reference, parse_image_name(word));
        GADGET_TRY_ASSIGN(auto store, open_store(context));
        const std::string name = reference.to_string();
        TransferProgress progress(context.terminal);
        packager::Registry registry(reference.registry,
                                    options_for(command, reference.registry, context, &progress));
        if (!command.policy_file.empty()) {
            GADGET_TRY_ASSIGN(reference.digest, accepted_digest(command, registry, reference, store));
        }
        GADGET_TRY_ASSIGN(const auto root, packager::pull(registry, reference, store));
        std::size_t attached = 0;
        if (!command.bare && command.policy_file.empty()) {
            GADGET_TRY_ASSIGN(attached, packager::pull_attachments(registry, reference, root, store));
        }
        report(context, command, name, root.digest, attached);
    }
    return {};
}

Result<void> list_tags(const RegistryCommand& command, const Context& context) {
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(command.arguments.at(0)));
    packager::Registry registry(reference.registry,
                                options_for(command, reference.registry, context, nullptr));
    GADGET_TRY_ASSIGN(auto tags, registry.tags(reference.repository));
    std::erase_if(tags, [](const auto& tag) { return packager::is_attachment_name(tag); });
    const std::string repository = reference.registry + "/" + reference.repository;
    if (command.format == OutputFormat::json) {
        const Json json{{"version", 1}, {"repository", repository}, {"tags", tags}};
        context.terminal.print(json.dump() + "\n");
        return {};
    }
    std::string text;
    for (const auto& tag : tags) text += printable(tag) + "\n";
    context.terminal.print(text);
    return {};
}

Result<void> delete_remote(const RegistryCommand& command, const Context& context) {
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(command.arguments.at(0)));
    packager::Registry registry(reference.registry,
                                options_for(command, reference.registry, context, nullptr));
    // Registries delete manifests by digest everywhere, tags only here and there.
    std::string digest = reference.digest;
    if (digest.empty()) {
        GADGET_TRY_ASSIGN(const auto root, registry.resolve(reference.repository, reference.tag));
        auto untagged = registry.remove(reference.repository, reference.tag);
        if (!untagged && untagged.error().code != ErrorCode::unsupported) return untagged;
        digest = root.digest;
        if (untagged) {
            report(context, command, reference.to_string(), digest, 0);
            return {};
        }
    }
    GADGET_TRY(registry.remove(reference.repository, digest));
    if (reference.digest.empty())
        context.terminal.say("this registry deletes by digest only: all tags of the image are gone there");
    report(context, command, reference.to_string(), digest, 0);
    return {};
}

Result<void> list_referrers(const RegistryCommand& command, const Context& context) {
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(command.arguments.at(0)));
    packager::Registry registry(reference.registry,
                                options_for(command, reference.registry, context, nullptr));
    std::string digest = reference.digest;
    if (digest.empty()) {
        GADGET_TRY_ASSIGN(const auto root, registry.resolve(reference.repository, reference.tag));
        digest = root.digest;
    }
    GADGET_TRY_ASSIGN(const auto found, registry.referrers(reference.repository, digest));
    if (command.format == OutputFormat::json) {
        Json json{{"version", 1}, {"digest", digest}, {"referrers", Json::array()}};
        for (const auto& each : found) {
            json["referrers"].push_back({{"digest", each.digest},
                                         {"size", each.size},
                                         {"artifactType", each.artifact_type},
                                         {"annotations", each.annotations}});
        }
        context.terminal.print(json.dump() + "\n");
        return {};
    }
    std::string text;
    for (const auto& each : found) text += each.digest + "  " + printable(each.artifact_type) + "\n";
    context.terminal.print(text);
    return {};
}

int registry(const RegistryCommand& command, const Context& context) {
    using Work = Result<void> (*)(const RegistryCommand&, const Context&);
    struct Row {
        const char* name;
        Work work;
    };
    static constexpr std::array<Row, 10> kRows{{{"push", push_image},
                                                {"pull", pull_image},
                                                {"login", login},
                                                {"logout", logout},
                                                {"tags", list_tags},
                                                {"delete", delete_remote},
                                                {"referrers", list_referrers},
                                                {"sign", sign_stored_image},
                                                {"verify", verify_stored_image},
                                                {"generate-key", generate_key}}};
    for (const auto& row : kRows) {
        if (command.action != row.name) continue;
        if (const auto done = row.work(command, context); !done) return context.terminal.fail(done.error());
        return context.terminal.output_status();
    }
    return context.terminal.fail(
        {.code = ErrorCode::internal, .message = "unknown action " + command.action});
}

}  // namespace gadget::cli
