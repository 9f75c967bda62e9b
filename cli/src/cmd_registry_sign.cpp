// SPDX-License-Identifier: Apache-2.0
// Signing and verifying images of the local store, without the network.
#include <nlohmann/json.hpp>

#include "cmd_registry.h"
#include "gadget/packager/policy.h"
#include "gadget/support/text.h"
#include "image_names.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using packager::PrivateKey;
using packager::PublicKey;

constexpr std::size_t kMaxKeyFile = std::size_t{64} << 10;

Result<std::string> passphrase(const RegistryCommand& command, const std::string& what, CancelToken cancel) {
    std::string given = environment_variable("GADGET_KEY_PASSPHRASE");
    if (!given.empty()) return given;
    auto asked = read_secret("Passphrase of " + what + ": ", command.passphrase_stdin, cancel);
    if (asked) return asked;
    Error error = std::move(asked).error();
    if (error.code == ErrorCode::invalid_argument && !command.passphrase_stdin) {
        error.message = what + " needs a passphrase, and there is no terminal to ask for it";
        error.hint = "set GADGET_KEY_PASSPHRASE, or give it on standard input with --passphrase-stdin";
    }
    return error;
}

Result<PrivateKey> read_private_key(const RegistryCommand& command, CancelToken cancel) {
    if (command.keys.size() != 1) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "signing needs one private key",
                     .hint = "add --key FILE; 'gadget image generate-key NAME' makes one"};
    }
    const fs::path& file = command.keys.front();
    GADGET_TRY_ASSIGN(const std::string pem, read_text_file(file, kMaxKeyFile));
    const std::string what = "key '" + file.string() + "'";
    auto key = PrivateKey::from_pem(pem);
    if (key || key.error().code != ErrorCode::permission_denied)
        return std::move(key).context("while reading " + what);
    GADGET_TRY_ASSIGN(const std::string secret, passphrase(command, what, cancel));
    return PrivateKey::from_pem(pem, secret).context("while reading " + what);
}

Result<packager::Descriptor> find_in(const packager::Store& store, const std::string& word) {
    GADGET_TRY_ASSIGN(const auto layout, packager::Layout::open(store.root()));
    GADGET_TRY_ASSIGN(const auto name, stored_name(layout, word));
    return layout.find(name);
}

Result<std::vector<PublicKey>> read_public_keys(const RegistryCommand& command) {
    std::vector<PublicKey> keys;
    for (const auto& file : command.keys) {
        GADGET_TRY_ASSIGN(const std::string pem, read_text_file(file, kMaxKeyFile));
        auto key = PublicKey::from_pem(pem);
        if (!key) {
            Error error = std::move(key).error();
            error.context.push_back("while reading key '" + file.string() + "'");
            return error;
        }
        keys.push_back(std::move(*key));
    }
    return keys;
}

Error explain(Error error, const std::string& word) {
    if (error.code == ErrorCode::not_found) {
        // An image without a signature is a judgement about the input, not a missing file.
        error.code = ErrorCode::rejected_input;
        error.hint = "if its signature is in a registry, get it with 'gadget pull " + word + "'";
    } else if (error.code == ErrorCode::permission_denied) {
        error.code = ErrorCode::rejected_input;
    }
    return error;
}

/// A file that is not there says nothing about the image.
Error not_about_the_image(Error error) {
    if (error.code == ErrorCode::not_found) error.code = ErrorCode::io;
    return error;
}

Result<packager::PolicyVerdict> verify(const RegistryCommand& command, const packager::Layout& layout,
                                       const packager::Descriptor& root, const std::string& name) {
    if (!command.policy_file.empty()) return check_policy_file(command.policy_file, layout, root, name);
    if (command.keys.empty()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "verifying needs a public key or a policy",
                     .hint = "add --key FILE or --policy FILE"};
    }
    const auto keys = read_public_keys(command);
    if (!keys) return not_about_the_image(keys.error());
    GADGET_TRY_ASSIGN(auto verified, packager::verify_image(layout, root, *keys));
    return packager::PolicyVerdict{.is_signed = true, .signature = std::move(verified)};
}

Result<void> note_several(const packager::Image& signature, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto tree, packager::read_tree(packager::MemoryBlobs(signature), signature.root));
    if (tree.manifests.front().layers.size() > 1) {
        terminal.say(
            "the image has several signatures under its tag, where Inspektor Gadget accepts one only: make "
            "the others with --referrer");
    }
    return {};
}

}  // namespace

Result<packager::PolicyVerdict> check_policy_file(const fs::path& file, const packager::Layout& layout,
                                                  const packager::Descriptor& root, const std::string& name) {
    const auto text = read_text_file(file);
    if (!text) return not_about_the_image(text.error());
    GADGET_TRY_ASSIGN(const auto policy, packager::parse_policy(*text, file.string()));
    const fs::path folder = file.parent_path();
    return packager::check_policy(policy, layout, root, name,
                                  [&](const std::string& key) -> Result<std::string> {
                                      auto pem = read_text_file(folder / key, kMaxKeyFile);
                                      if (!pem) return not_about_the_image(pem.error());
                                      return pem;
                                  });
}

Result<void> sign_stored_image(const RegistryCommand& command, const Context& context) {
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(command.arguments.at(0)));
    GADGET_TRY_ASSIGN(const auto key, read_private_key(command, context.cancel));
    GADGET_TRY_ASSIGN(auto store, open_store(context));
    GADGET_TRY_ASSIGN(const auto root, find_in(store, command.arguments.at(0)));
    const auto form = command.as_referrer ? packager::SignatureForm::referrer : packager::SignatureForm::tag;
    const std::string repository = reference.registry + "/" + reference.repository;
    GADGET_TRY_ASSIGN(auto signature, packager::sign_image(root, repository, key, form));
    const std::string name =
        command.as_referrer ? std::string() : repository + ":" + packager::signature_tag(root.digest);
    if (!name.empty()) {
        // Signatures of others stay.
        const auto before = store.load(name);
        if (before) {
            GADGET_TRY_ASSIGN(const std::string pem, key.public_pem());
            GADGET_TRY_ASSIGN(const auto signer, PublicKey::from_pem(pem));
            GADGET_TRY_ASSIGN(signature, packager::join_signatures(*before, signature, signer));
            GADGET_TRY(note_several(signature, context.terminal));
        } else if (before.error().code != ErrorCode::not_found) {
            return before.error();
        }
    }
    GADGET_TRY(store.add(signature, name));
    if (command.format == OutputFormat::json) {
        const Json json{{"version", 1}, {"digest", root.digest}, {"signature", signature.root.digest}};
        context.terminal.print(json.dump() + "\n");
    } else {
        context.terminal.print(reference.to_string() + " " + root.digest +
                               " signed: " + signature.root.digest + "\n");
    }
    return {};
}

Result<void> verify_stored_image(const RegistryCommand& command, const Context& context) {
    const std::string& word = command.arguments.at(0);
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(word));
    GADGET_TRY_ASSIGN(const auto store, open_store(context));
    GADGET_TRY_ASSIGN(const auto reader, store.read());
    GADGET_TRY_ASSIGN(const auto stored, stored_name(reader.layout(), word));
    GADGET_TRY_ASSIGN(const auto root, reader.layout().find(stored));
    const auto verdict = verify(command, reader.layout(), root, reference.to_string());
    if (!verdict) return explain(verdict.error(), word);
    const auto& signature = verdict->signature;
    if (command.format == OutputFormat::json) {
        const Json json{{"version", 1},
                        {"digest", root.digest},
                        {"signed", verdict->is_signed},
                        {"key", signature.key_fingerprint},
                        {"identity", signature.identity}};
        context.terminal.print(json.dump() + "\n");
    } else if (verdict->is_signed) {
        context.terminal.print(root.digest + " is signed as " + printable(signature.identity) + " with key " +
                               signature.key_fingerprint + "\n");
    } else {
        context.terminal.print(root.digest + " needs no signature by the policy\n");
    }
    return {};
}

Result<void> generate_key(const RegistryCommand& command, const Context& context) {
    const std::string& name = command.arguments.at(0);
    const fs::path private_file = name + ".key";
    const fs::path public_file = name + ".pub";
    for (const auto& file : {private_file, public_file}) {
        std::error_code ignored;
        if (fs::exists(file, ignored)) {
            return Error{.code = ErrorCode::already_exists,
                         .message = "'" + file.string() + "' exists, and keys are not replaced"};
        }
    }
    std::string secret;
    if (command.encrypted) {
        GADGET_TRY_ASSIGN(secret, passphrase(command, "the new key", context.cancel));
    }
    GADGET_TRY_ASSIGN(const auto key, PrivateKey::generate());
    GADGET_TRY_ASSIGN(const std::string private_pem, key.to_pem(secret));
    GADGET_TRY_ASSIGN(const std::string public_pem, key.public_pem());
    GADGET_TRY(write_file_atomic(private_file, private_pem, 0600));
    GADGET_TRY(write_file_atomic(public_file, public_pem));
    if (command.format == OutputFormat::json) {
        const Json json{
            {"version", 1}, {"privateKey", private_file.string()}, {"publicKey", public_file.string()}};
        context.terminal.print(json.dump() + "\n");
    } else {
        context.terminal.print(private_file.string() + "\n" + public_file.string() + "\n");
    }
    return {};
}

}  // namespace gadget::cli
