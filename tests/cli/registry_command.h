// SPDX-License-Identifier: Apache-2.0
// A store with an image, and the commands that speak to registries.
#pragma once

#include "command.h"
#include "docker_registry.h"
#include "gadget/packager.h"

namespace gadget::tests {

inline bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class RegistryCommand : public CommandTest {
  protected:
    void SetUp() override {
        packager::PackRequest request{
            .manifest = model::Manifest{},
            .objects = {{.arch = model::Arch::amd64, .ebpf = Bytes(70000, std::byte{1})},
                        {.arch = model::Arch::arm64, .ebpf = Bytes(70000, std::byte{2})}},
            .builder_version = "test",
            .created = "2026-01-02T03:04:05Z"};
        request.manifest->name = "x";
        request.manifest->text = "name: x\n";
        const auto image = packager::pack(request);
        ASSERT_TRUE(image) << image.error().to_string();
        digest_ = image->root.digest;
        ASSERT_TRUE(packager::write_tar(*image, tar(), "ghcr.io/me/x:v1"));
        ASSERT_EQ(gadget_run({"image", "import", tar()}).status, 0);
    }

    [[nodiscard]] std::string tar() const { return (home() / "x.tar").string(); }

    /// As gadget(), with text on standard input.
    Outcome with_input(const std::string& input, std::vector<std::string> words) const {
        words.insert(words.begin(), GADGET_EXECUTABLE);
        const auto file = memory_file("input", as_bytes(input));
        SpawnOptions spawn;
        spawn.argv = std::move(words);
        spawn.fds = {{file->get(), 0}};
        spawn.environment = environment;
        auto output = run_command(std::move(spawn), std::chrono::seconds(60));
        if (!output) {
            ADD_FAILURE() << output.error().to_string();
            return {};
        }
        return {output->status.code, std::move(output->out), std::move(output->err)};
    }

    void expect_ok(const Outcome& outcome) { EXPECT_EQ(outcome.status, 0) << outcome.err; }

    std::string digest_;
};

}  // namespace gadget::tests
