// SPDX-License-Identifier: Apache-2.0
// Docker's config.json and Podman's auth.json.
#include <chrono>
#include <nlohmann/json.hpp>

#include "gadget/packager/registry.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "go_json.h"

namespace gadget::packager {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfig = std::size_t{1} << 20;
constexpr std::size_t kMaxHelperAnswer = std::size_t{64} << 10;
constexpr const char* kDockerKey = "https://index.docker.io/v1/";

Result<json> parse_config(std::string_view text) {
    auto config = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
    if (text.size() > kMaxConfig || config.is_discarded() || !config.is_object()) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "the registry configuration is not a JSON object"};
    }
    return config;
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "https://ghcr.io/v1/" and "ghcr.io" are the same registry; "docker.io" has old names.
std::string host_of(std::string_view key) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
    }
    key = key.substr(0, key.find('/'));
    if (key == "index.docker.io" || key == "registry-1.docker.io") key = "docker.io";
    return std::string(key);
}

bool is_helper_name(std::string_view name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
               std::string_view::npos;
}

std::string server_name(const std::string& registry) {
    return registry == "docker.io" ? kDockerKey : registry;
}

/// Runs a helper; what it reads may be secret and goes through memory, never through its arguments.
Result<CommandOutput> run_helper(const std::string& name, const char* action, const std::string& input,
                                 std::string_view path_variable) {
    using namespace std::chrono_literals;
    if (!is_helper_name(name)) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "'" + printable(name) + "' cannot be a credential helper"};
    }
    const auto program = find_program("docker-credential-" + name, path_variable);
    if (!program) {
        return Error{.code = ErrorCode::not_found,
                     .message = "the registry configuration names the credential helper 'docker-credential-" +
                                name + "', which is not installed"};
    }
    GADGET_TRY_ASSIGN(const auto file, memory_file("credential-request", as_bytes(input)));
    SpawnOptions options;
    options.argv = {program->string(), action};
    options.fds = {{.source = file.get(), .target = 0}};
    return run_command(std::move(options), 30s, kMaxHelperAnswer);
}

Error helper_failed(const std::string& name, const ExitStatus& status) {
    return {.code = ErrorCode::io,
            .message = "credential helper 'docker-credential-" + name + "' failed: " + status.to_string()};
}

Result<std::optional<Credentials>> ask_helper(const std::string& name, const std::string& registry,
                                              std::string_view path_variable) {
    GADGET_TRY_ASSIGN(const auto output, run_helper(name, "get", server_name(registry), path_variable));
    if (!output.status.success()) {
        if (output.out.find("credentials not found") != std::string::npos)
            return std::optional<Credentials>();
        return helper_failed(name, output.status);
    }
    const auto answer = json::parse(output.out, nullptr, /*allow_exceptions=*/false);
    if (!answer.is_object()) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "credential helper 'docker-credential-" + name + "' gave no JSON"};
    }
    Credentials credentials{.username = text_of(answer, "Username"), .password = text_of(answer, "Secret")};
    if (credentials.username == "<token>")
        return std::optional(Credentials{.identity_token = credentials.password});
    return std::optional(std::move(credentials));
}

std::optional<Credentials> from_entry(const json& entry) {
    if (!entry.is_object()) return std::nullopt;
    Credentials credentials{.username = text_of(entry, "username"),
                            .password = text_of(entry, "password"),
                            .identity_token = text_of(entry, "identitytoken")};
    if (const auto pair = base64_decode(text_of(entry, "auth"));
        pair && pair->find(':') != std::string::npos) {
        credentials.username = pair->substr(0, pair->find(':'));
        credentials.password = pair->substr(pair->find(':') + 1);
        while (credentials.password.ends_with('\0')) credentials.password.pop_back();
    }
    if (credentials.username.empty() && credentials.identity_token.empty()) return std::nullopt;
    return credentials;
}

}  // namespace

Result<std::optional<Credentials>> credentials_from_config(std::string_view text, const std::string& registry,
                                                           std::string_view path_variable) {
    GADGET_TRY_ASSIGN(const json config, parse_config(text));
    const std::string host = host_of(registry);
    if (const auto helpers = config.find("credHelpers"); helpers != config.end() && helpers->is_object()) {
        for (const auto& [key, helper] : helpers->items()) {
            if (host_of(key) == host && helper.is_string())
                return ask_helper(helper.get<std::string>(), host, path_variable);
        }
    }
    if (const auto auths = config.find("auths"); auths != config.end() && auths->is_object()) {
        for (const auto& [key, entry] : auths->items()) {
            if (host_of(key) != host) continue;
            if (auto credentials = from_entry(entry)) return credentials;
        }
    }
    const std::string store = text_of(config, "credsStore");
    if (!store.empty()) return ask_helper(store, host, path_variable);
    return std::optional<Credentials>();
}

Result<std::string> credential_helper(std::string_view text, const std::string& registry) {
    if (trim(text).empty()) return std::string();
    GADGET_TRY_ASSIGN(const json config, parse_config(text));
    const std::string host = host_of(registry);
    if (const auto helpers = config.find("credHelpers"); helpers != config.end() && helpers->is_object()) {
        for (const auto& [key, helper] : helpers->items()) {
            if (host_of(key) == host && helper.is_string()) return helper.get<std::string>();
        }
    }
    return text_of(config, "credsStore");
}

Result<void> store_with_helper(const std::string& helper, const std::string& registry,
                               const std::optional<Credentials>& credentials,
                               std::string_view path_variable) {
    const std::string server = server_name(host_of(registry));
    const json request =
        credentials
            ? json{{"ServerURL", server},
                   {"Username", credentials->identity_token.empty() ? credentials->username : "<token>"},
                   {"Secret", credentials->identity_token.empty() ? credentials->password
                                                                  : credentials->identity_token}}
            : json();
    const std::string input =
        credentials ? request.dump(-1, ' ', false, json::error_handler_t::replace) : server;
    GADGET_TRY_ASSIGN(const auto output,
                      run_helper(helper, credentials ? "store" : "erase", input, path_variable));
    // What is not there need not be forgotten.
    const bool absent = !credentials && output.out.find("credentials not found") != std::string::npos;
    if (!output.status.success() && !absent) return helper_failed(helper, output.status);
    return {};
}

Result<std::string> config_with_credentials(std::string_view text, const std::string& registry,
                                            const std::optional<Credentials>& credentials) {
    json config = json::object();
    if (!trim(text).empty()) {
        GADGET_TRY_ASSIGN(config, parse_config(text));
    }
    const std::string host = host_of(registry);
    json& auths = config["auths"];
    if (!auths.is_object()) auths = json::object();
    for (auto entry = auths.begin(); entry != auths.end();) {
        entry = host_of(entry.key()) == host ? auths.erase(entry) : std::next(entry);
    }
    if (credentials) {
        json entry = json::object();
        if (!credentials->identity_token.empty()) {
            entry["identitytoken"] = credentials->identity_token;
        } else {
            entry["auth"] = base64_encode(credentials->username + ":" + credentials->password);
        }
        auths[host == "docker.io" ? kDockerKey : host] = std::move(entry);
    }
    return config.dump(1, '\t', /*ensure_ascii=*/false, json::error_handler_t::replace) + "\n";
}

}  // namespace gadget::packager
