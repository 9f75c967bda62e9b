// SPDX-License-Identifier: Apache-2.0
#include "registry_exec.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include "gadget/support/subprocess.h"
#include "places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "gadget-registry";
bool names(std::span<const RegistryWord> words, std::string_view word) {
    return std::any_of(words.begin(), words.end(), [&](const auto& each) { return word == each.name; });
}

}  // namespace

Result<fs::path> registry_program() {
    std::error_code ignored;
    if (const auto folder = executable_folder(); folder && fs::exists(*folder / kProgram, ignored))
        return *folder / kProgram;
    if (const auto program = find_program(kProgram, environment_variable("PATH"))) return *program;
    return Error{.code = ErrorCode::unsupported,
                 .message =
                     "this command needs the executable 'gadget-registry', which is neither beside this one "
                     "nor in PATH",
                 .hint =
                     "'./dev build' makes it where the package libcurl4-openssl-dev is installed; it must "
                     "stand beside 'gadget'"};
}

std::span<const RegistryWord> registry_commands() {
    return kRegistryWords;
}
std::span<const RegistryWord> registry_image_commands() {
    return kRegistryImageWords;
}

bool is_registry_command(int argc, char** argv) {
    if (argc < 2) return false;
    if (names(kRegistryWords, argv[1])) return true;
    return argc > 2 && argv[1] == std::string_view("image") && names(kRegistryImageWords, argv[2]);
}

int become_registry(char** argv, Terminal& terminal) {
    const auto program = registry_program();
    if (!program) return terminal.fail(program.error());
    ::execv(program->c_str(), argv);
    return terminal.fail(errno_error(errno, "cannot start '" + program->string() + "'"));
}

}  // namespace gadget::cli
