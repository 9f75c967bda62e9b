// SPDX-License-Identifier: Apache-2.0
// gadget test --shell: a machine with the shell and the tools of this system, and its console as ours.

#include <cstdlib>

#include "cmd_test.h"
#include "gadget/support/subprocess.h"
#include "gadget/testkit/command.h"
#include "places.h"
#include "test_places.h"

namespace gadget::cli {
namespace {

/// What people look into a machine with, as far as it is here.
constexpr const char* kTools[] = {"bpftool", "busybox", "cat",   "cp",     "dd",    "dmesg", "echo",
                                  "env",     "find",    "grep",  "head",   "id",    "ip",    "kill",
                                  "less",    "ls",      "lsmod", "mkdir",  "mount", "mv",    "ping",
                                  "ps",      "rm",      "sed",   "sleep",  "sort",  "ss",    "strace",
                                  "tail",    "touch",   "tr",    "umount", "uname", "vi",    "wc"};

std::string path_variable() {
    const char* path = std::getenv("PATH");
    return path == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : path;
}

Result<testkit::ShellRequest> shell_request(const TestOptions& options) {
    const auto path = path_variable();
    testkit::ShellRequest request;
    request.shell = options.exec;
    for (const char* name : {"bash", "sh"}) {
        if (request.shell.empty()) request.shell = find_program(name, path).value_or("");
    }
    if (request.shell.empty())
        return Error{.code = ErrorCode::unsupported,
                     .message = "there is no shell here",
                     .hint = "give one with --exec PROGRAM"};
    for (const char* name : kTools) {
        if (const auto tool = find_program(name, path)) request.programs.push_back(*tool);
    }
    GADGET_TRY_ASSIGN(request.runners, find_runners());
    GADGET_TRY_ASSIGN(request.cache, cache_folder());
    return request;
}

}  // namespace

int test_shell(const TestOptions& options, const std::vector<testkit::KernelSelector>& kernels,
               const Context& context) {
    auto request = shell_request(options);
    if (!request) return context.terminal.fail(request.error());
    const auto folder = TempDir::create("gadgetkit-shell-");
    if (!folder) return context.terminal.fail(folder.error());
    request->initramfs = folder->path() / "initramfs.cpio";
    context.terminal.step("preparing a machine with " + kernels.front().to_string());
    const auto words = testkit::shell_command_line(*request, kernels.front(), context.cancel);
    if (!words) return context.terminal.fail(words.error());
    context.terminal.say("booting " + kernels.front().to_string() + "; the machine ends with the shell");
    SpawnOptions spawn{.argv = *words, .fds = {{0, 0}, {1, 1}, {2, 2}}};
    auto machine = Subprocess::spawn(spawn);
    if (!machine) return context.terminal.fail(machine.error());
    const auto ended = machine->wait();
    if (!ended) return context.terminal.fail(ended.error());
    return ended->code;
}

}  // namespace gadget::cli
