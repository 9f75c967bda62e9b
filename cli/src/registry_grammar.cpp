// SPDX-License-Identifier: Apache-2.0
#include "registry_grammar.h"

#include <CLI/CLI.hpp>

#include "gadget/support/text.h"
#include "positionals.h"

namespace gadget::cli {
namespace {

struct Grammar {
    const char* name;
    const char* words;  ///< the positional arguments
    const char* footer;
};

constexpr Grammar kGrammar[] = {
    {"push", "IMAGE [NEW-NAME]",
     "Examples: gadget push ghcr.io/me/trace:v1\n"
     "          gadget push trace_open localhost:5000/trace_open:v1\n"
     "An image with a short name goes where its full name says. Signatures and SBOM of the image go along."},
    {"pull", "IMAGE...", "Example: gadget pull ghcr.io/inspektor-gadget/gadget/trace_open:latest"},
    {"login", "REGISTRY",
     "The password is asked for, or read from standard input. It is kept in the configuration file of "
     "Docker\n"
     "(or REGISTRY_AUTH_FILE, or --authfile), by the credential helper that the file names, if it names "
     "one.\n"
     "Example: gadget login ghcr.io -u me --password-stdin < token"},
    {"logout", "REGISTRY", "Example: gadget logout ghcr.io"},
    {"tags", "REPOSITORY", "Example: gadget image tags ghcr.io/me/trace"},
    {"delete", "IMAGE",
     "Deletes the tag where the registry can; else the image with all its tags.\n"
     "Example: gadget image delete localhost:5000/trace:v1"},
    {"referrers", "IMAGE", "Example: gadget image referrers ghcr.io/me/trace:v1 -o json"},
    {"sign", "IMAGE",
     "Signs the image of that name in the local store, in cosign's format; 'gadget push' sends signatures "
     "along.\n"
     "The passphrase of an encrypted key comes from GADGET_KEY_PASSPHRASE, standard input, or the terminal.\n"
     "Example: gadget image sign ghcr.io/me/trace:v1 --key me.key"},
    {"verify", "IMAGE",
     "Checks the image of that name in the local store, without the network.\n"
     "Examples: gadget image verify ghcr.io/me/trace:v1 --key me.pub\n"
     "          gadget image verify ghcr.io/me/trace:v1 --policy policy.json"},
    {"generate-key", "NAME",
     "Writes NAME.key (ECDSA P-256, PKCS#8 PEM, mode 0600) and NAME.pub.\n"
     "Example: gadget image generate-key me --encrypt"}};

void add_network_options(CLI::App& app, RegistryCommand& command) {
    app.add_option("--ca-file", command.ca_file, "certificates to trust (PEM)")->type_name("FILE");
    app.add_option("--authfile", command.auth_file, "file with accounts")->type_name("FILE");
}

/// An option with a list: "a,b", and again if the user likes.
template <class T>
void add_list(CLI::App& app, const std::string& name, std::vector<T>& into, const std::string& type,
              const std::string& text) {
    app.add_option_function<std::string>(
           name,
           [&into](const std::string& given) {
               for (const auto part : split(given, ',')) {
                   if (!part.empty()) into.emplace_back(part);
               }
           },
           text)
        ->type_name(type)
        ->trigger_on_parse();
}

void add_key_options(CLI::App& app, RegistryCommand& command, const std::string& name) {
    if (name == "sign" || name == "verify") {
        add_list(app, "--key", command.keys, name == "sign" ? "FILE" : "FILE,...",
                 name == "sign" ? "private key (PEM)" : "public keys (PEM)");
    }
    if (name == "sign") {
        app.add_flag("--referrer", command.as_referrer,
                     "attach it as OCI 1.1 referrer instead of by the tag sha256-<digest>.sig");
    }
    if (name == "verify")
        app.add_option("--policy", command.policy_file, "which keys count for which images")
            ->type_name("FILE");
    if (name == "generate-key") app.add_flag("--encrypt", command.encrypted, "protect the private key");
    if (name != "verify") {
        app.add_flag("--passphrase-stdin", command.passphrase_stdin,
                     "read the passphrase from standard input");
    }
}

void add_output_option(CLI::App& app, RegistryCommand& command) {
    app.add_option_function<std::string>(
           "-o,--output",
           [&command](const std::string& word) {
               command.format = word == "json" ? OutputFormat::json : OutputFormat::text;
           },
           "output format")
        ->check(CLI::IsMember({"text", "json"}).description(""))
        ->type_name("text or json");
}

}  // namespace

void add_registry_command(CLI::App& parent, const RegistryWord& word, RegistryCommand& command) {
    const Grammar* grammar = nullptr;
    for (const auto& row : kGrammar) {
        if (std::string_view(row.name) == word.name) grammar = &row;
    }
    if (grammar == nullptr) return;
    const std::string name = word.name;
    auto* app = parent.add_subcommand(name, word.text);
    add_positionals(*app, grammar->words, command.arguments);
    const bool offline = name == "sign" || name == "verify" || name == "generate-key" || name == "logout";
    if (!offline) add_network_options(*app, command);
    // An account is for registries with TLS only.
    if (!offline && name != "login") {
        add_list(*app, "--insecure-registries", command.insecure, "HOST,...",
                 "registries that are spoken to without TLS and without an account");
    }
    if (name == "logout")
        app->add_option("--authfile", command.auth_file, "file with accounts")->type_name("FILE");
    if (name == "push" || name == "pull") {
        app->add_flag("--bare", command.bare, "without signatures and SBOM");
    }
    if (name == "pull") {
        app->add_option("--policy", command.policy_file, "refuse images whose signature it does not accept")
            ->type_name("FILE");
    }
    if (name == "login") {
        app->add_option("-u,--username", command.username, "name of the account")->type_name("NAME");
        app->add_flag("--password-stdin", command.password_stdin, "read the password from standard input");
    }
    if (name == "sign" || name == "verify" || name == "generate-key") add_key_options(*app, command, name);
    add_output_option(*app, command);
    app->footer(grammar->footer);
    app->callback([&command, name] { command.action = name; });
}

}  // namespace gadget::cli
