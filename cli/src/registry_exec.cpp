// SPDX-License-Identifier: Apache-2.0
#include "registry_exec.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include "gadget/support/subprocess.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "gadget-registry";
constexpr std::array<RegistryWord, 4> kCommands{{{"push", "Send an image to a registry"},
                                                 {"pull", "Get an image from a registry"},
                                                 {"login", "Remember an account at a registry"},
                                                 {"logout", "Forget the account at a registry"}}};
constexpr std::array<RegistryWord, 8> kImageCommands{
    {{"push", "Send an image to a registry"},
     {"pull", "Get an image from a registry"},
     {"tags", "Tags of a repository in a registry"},
     {"delete", "Delete an image in a registry"},
     {"referrers", "What a registry has about an image: signatures, SBOM"},
     {"sign", "Sign an image of the store"},
     {"verify", "Check the signature of an image"},
     {"generate-key", "Make a pair of keys for signing"}}};

bool names(std::span<const RegistryWord> words, std::string_view word) {
    return std::any_of(words.begin(), words.end(), [&](const auto& each) { return word == each.name; });
}

std::optional<fs::path> find_registry_program() {
    std::error_code ignored;
    if (const auto folder = executable_folder(); folder && fs::exists(*folder / kProgram, ignored))
        return *folder / kProgram;
    return find_program(kProgram, environment_variable("PATH"));
}

}  // namespace

std::span<const RegistryWord> registry_commands() {
    return kCommands;
}
std::span<const RegistryWord> registry_image_commands() {
    return kImageCommands;
}

bool is_registry_command(int argc, char** argv) {
    if (argc < 2) return false;
    if (names(kCommands, argv[1])) return true;
    return argc > 2 && argv[1] == std::string_view("image") && names(kImageCommands, argv[2]);
}

int become_registry(char** argv, Terminal& terminal) {
    const auto program = find_registry_program();
    if (!program) {
        return terminal.fail(
            {.code = ErrorCode::unsupported,
             .message =
                 "this command needs the executable 'gadget-registry', which is neither beside this one "
                 "nor in PATH",
             .hint = "'./dev build' makes it where the package libcurl4-openssl-dev is installed; it must "
                     "stand beside 'gadget'"});
    }
    ::execv(program->c_str(), argv);
    return terminal.fail(errno_error(errno, "cannot start '" + program->string() + "'"));
}

}  // namespace gadget::cli
