// SPDX-License-Identifier: Apache-2.0
#include "gadget_run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "gadget/support/text.h"

extern const unsigned char object_every_type[];
extern const std::size_t object_every_type_size;
extern const unsigned char object_every_type_metadata[];
extern const std::size_t object_every_type_metadata_size;

namespace gadget::tests {
namespace {

constexpr std::array<const char*, 7> kSources{"ring",     "perf",  "packets",  "counts",
                                              "elements", "tasks", "processes"};
constexpr std::chrono::minutes kPatience{3};  // emulated machines are slow

std::span<const std::byte> bytes(const unsigned char* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

/// A test machine has no users; the rows are about root.
void make_users() {
    if (!in_test_machine() || std::filesystem::exists("/etc/passwd")) return;
    std::filesystem::create_directories("/etc");
    ASSERT_TRUE(write_file_atomic("/etc/passwd", "root:x:0:0::/:/bin/sh\n"));
    ASSERT_TRUE(write_file_atomic("/etc/group", "root:x:0:\n"));
}

}  // namespace

GadgetRun::GadgetRun() : folder_(TempDir::create("gadget-run-test").value()) {}

void GadgetRun::SetUp() {
    make_users();
    ASSERT_TRUE(
        write_file_atomic(file("every_type.bpf.o"), bytes(object_every_type, object_every_type_size)));
    ASSERT_TRUE(write_file_atomic(file("gadget.yaml"),
                                  bytes(object_every_type_metadata, object_every_type_metadata_size)));
    // Asked once: starting a gadget takes seconds where everything is emulated.
    static const CommandOutput tried =
        run_command({.argv = command({"-o", only("elements", "none"), "--timeout", "1"})}, kPatience).value();
    if (tried.status.code == 3) GTEST_SKIP() << "missing: " << tried.err;
}

bool in_test_machine() {
    const char* const kernel = std::getenv("GADGET_KERNEL");
    return kernel != nullptr && !std::string_view(kernel).starts_with("host");
}

std::string GadgetRun::executable() {
    const char* const given = std::getenv("GADGET_RUN");
    return given != nullptr ? given : GADGET_RUN_EXECUTABLE;
}

std::vector<std::string> GadgetRun::command(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{executable(), "run", file("every_type.bpf.o"), "--manifest",
                                  file("gadget.yaml")};
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
}

CommandOutput GadgetRun::run(const std::vector<std::string>& words) const {
    auto output = run_command({.argv = command(words)}, kPatience);
    if (!output) {
        ADD_FAILURE() << output.error().to_string();
        return {};
    }
    EXPECT_EQ(output->status.to_string(), "exit status 0") << output->err;
    return std::move(*output);
}

std::string GadgetRun::only(const std::string& source, const std::string& mode) {
    std::string modes;
    for (const std::string name : kSources)
        modes += (modes.empty() ? "" : ",") + name + ":" + (name == source ? mode : "none");
    return modes;
}

std::string GadgetRun::rows_of(const std::string& source, const std::string& mode, unsigned rows,
                               std::vector<std::string> words) const {
    words.insert(words.end(),
                 {"-o", only(source, mode), "--count", std::to_string(rows), "--timeout", "120"});
    const auto output = run(words);
    EXPECT_TRUE(output.err.empty()) << output.err;
    return output.out;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (const auto line : split(text, '\n')) lines.emplace_back(line);
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
}

}  // namespace gadget::tests
