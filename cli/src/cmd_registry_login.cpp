// SPDX-License-Identifier: Apache-2.0
// Accounts at registries: where they are kept, login, logout. No secret is ever an argument or in a message.
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "cmd_registry.h"
#include "gadget/support/text.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;
using packager::Credentials;

constexpr std::size_t kMaxSecret = std::size_t{64} << 10;

/// Switches the echo of a terminal off for a while.
class NoEcho {
  public:
    NoEcho() {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        active_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;
    ~NoEcho() {
        if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }

  private:
    termios before_{};
    bool active_ = false;
};

fs::path docker_config() {
    const std::string folder = environment_variable("DOCKER_CONFIG");
    if (!folder.empty()) return fs::path(folder) / "config.json";
    const std::string home = environment_variable("HOME");
    return home.empty() ? fs::path() : fs::path(home) / ".docker" / "config.json";
}

/// The file that was asked for by flag or environment; empty: none.
fs::path chosen_file(const RegistryCommand& command) {
    if (!command.auth_file.empty()) return command.auth_file;
    return environment_variable("REGISTRY_AUTH_FILE");
}

std::vector<fs::path> files_to_read(const RegistryCommand& command) {
    if (const auto chosen = chosen_file(command); !chosen.empty()) return {chosen};
    std::vector<fs::path> files;
    const std::string runtime = environment_variable("XDG_RUNTIME_DIR");
    if (!runtime.empty()) files.push_back(fs::path(runtime) / "containers" / "auth.json");
    if (const auto docker = docker_config(); !docker.empty()) files.push_back(docker);
    return files;
}

Result<fs::path> file_to_write(const RegistryCommand& command) {
    if (auto chosen = chosen_file(command); !chosen.empty()) return chosen;
    if (auto docker = docker_config(); !docker.empty()) return docker;
    return Error{.code = ErrorCode::unsupported,
                 .message = "there is no place to keep accounts in",
                 .hint = "set HOME, or name a file with --authfile"};
}

Result<std::string> read_config(const fs::path& file) {
    std::error_code error;
    if (!fs::exists(file, error)) return std::string();
    return read_text_file(file);
}

/// For machines that build: an account for one registry, from the environment.
std::optional<Credentials> from_environment(const std::string& registry) {
    if (environment_variable("GADGET_REGISTRY_HOST") != registry) return std::nullopt;
    Credentials account{.username = environment_variable("GADGET_REGISTRY_USERNAME"),
                        .password = environment_variable("GADGET_REGISTRY_PASSWORD")};
    if (account.username.empty() || account.password.empty()) return std::nullopt;
    return account;
}

Result<void> write_config(const fs::path& file, const std::string& text) {
    if (file.has_parent_path()) GADGET_TRY(gadget::create_directories(file.parent_path()));
    return write_file_atomic(file, text, 0600);
}

std::string registry_of(const std::string& word) {
    std::string name = word;
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (name.starts_with(scheme)) name.erase(0, scheme.size());
    }
    name.resize(std::min(name.find('/'), name.size()));
    return name;
}

void report(const Context& context, const RegistryCommand& command, const std::string& registry,
            const std::string& place) {
    if (command.format == OutputFormat::json) {
        const nlohmann::ordered_json json{{"version", 1}, {"registry", registry}, {"storedIn", place}};
        context.terminal.print(json.dump() + "\n");
    } else {
        context.terminal.print(registry + " " + place + "\n");
    }
}

}  // namespace

packager::CredentialSource account_source(const RegistryCommand& command) {
    return
        [files = files_to_read(command)](const std::string& registry) -> Result<std::optional<Credentials>> {
            if (auto account = from_environment(registry)) return account;
            for (const auto& file : files) {
                GADGET_TRY_ASSIGN(const std::string text, read_config(file));
                if (text.empty()) continue;
                auto found = packager::credentials_from_config(text, registry, environment_variable("PATH"));
                if (!found) {
                    Error error = std::move(found).error();
                    error.context.push_back("while reading '" + file.string() + "'");
                    return error;
                }
                if (*found) return found;
            }
            return std::optional<Credentials>();
        };
}

namespace {

/// The next byte of standard input; nullopt at its end. Signals do not interrupt read() here: they are
/// polled for.
Result<std::optional<char>> next_byte(CancelToken cancel) {
    while (true) {
        std::array<pollfd, 2> fds{{{STDIN_FILENO, POLLIN, 0}, {cancel.fd, POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
            return errno_error(errno, "cannot read the password");
        if (fds[1].revents != 0) return Error{.code = ErrorCode::cancelled, .message = "interrupted"};
        if (fds[0].revents == 0) continue;
        char c = 0;
        return ::read(STDIN_FILENO, &c, 1) == 1 ? std::optional(c) : std::nullopt;
    }
}

}  // namespace

Result<std::string> read_secret(const std::string& prompt, bool from_stdin, CancelToken cancel) {
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    if (!terminal && !from_stdin) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "there is no terminal to ask for the password",
                     .hint = "give it on standard input, with --password-stdin"};
    }
    std::string secret;
    {
        const NoEcho silent;
        if (terminal) GADGET_TRY(write_all(STDERR_FILENO, as_bytes(prompt), "stderr"));
        while (secret.size() < kMaxSecret) {
            GADGET_TRY_ASSIGN(const auto byte, next_byte(cancel));
            if (!byte || (terminal && *byte == '\n')) break;
            secret += *byte;
        }
        if (terminal) GADGET_TRY(write_all(STDERR_FILENO, as_bytes("\n"), "stderr"));
    }
    while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
    if (secret.empty()) return Error{.code = ErrorCode::invalid_argument, .message = "the password is empty"};
    return secret;
}

Result<void> login(const RegistryCommand& command, const Context& context) {
    const std::string host = registry_of(command.arguments.at(0));
    if (command.username.empty()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "login needs the name of the account",
                     .hint = "add --username NAME"};
    }
    GADGET_TRY_ASSIGN(const auto secret,
                      read_secret("Password for " + command.username + " at " + host + ": ",
                                  command.password_stdin, context.cancel));
    const Credentials account{.username = command.username, .password = secret};
    packager::RegistryOptions options;
    options.ca_file = command.ca_file;
    options.environment_proxy = true;
    options.cancel = context.cancel;
    options.credentials = [&](const std::string&) { return std::optional(account); };
    GADGET_TRY(packager::Registry(host, options).login());
    GADGET_TRY_ASSIGN(const auto file, file_to_write(command));
    GADGET_TRY_ASSIGN(const std::string before, read_config(file));
    const std::string path = environment_variable("PATH");
    GADGET_TRY_ASSIGN(const auto helper, packager::credential_helper(before, host));
    if (!helper.empty()) {
        GADGET_TRY(packager::store_with_helper(helper, host, account, path));
        report(context, command, host, "docker-credential-" + helper);
        return {};
    }
    GADGET_TRY_ASSIGN(const std::string after, packager::config_with_credentials(before, host, account));
    GADGET_TRY(write_config(file, after));
    report(context, command, host, file.string());
    context.terminal.say(
        "the password stands readable in that file; a credential helper (credsStore) would keep "
        "it encrypted");
    return {};
}

Result<void> logout(const RegistryCommand& command, const Context& context) {
    const std::string host = registry_of(command.arguments.at(0));
    GADGET_TRY_ASSIGN(const auto file, file_to_write(command));
    GADGET_TRY_ASSIGN(const std::string before, read_config(file));
    const Error unknown{.code = ErrorCode::not_found,
                        .message = "no account at " + host + " is known",
                        .hint = "'" + file.string() + "' has none"};
    if (before.empty()) return unknown;
    const std::string path = environment_variable("PATH");
    GADGET_TRY_ASSIGN(const auto helper, packager::credential_helper(before, host));
    if (!helper.empty()) {
        GADGET_TRY(packager::store_with_helper(helper, host, std::nullopt, path));
    } else {
        GADGET_TRY_ASSIGN(const auto account, packager::credentials_from_config(before, host, path));
        if (!account) return unknown;
    }
    GADGET_TRY_ASSIGN(const std::string after, packager::config_with_credentials(before, host, std::nullopt));
    GADGET_TRY(write_config(file, after));
    report(context, command, host, helper.empty() ? file.string() : "docker-credential-" + helper);
    return {};
}

}  // namespace gadget::cli
