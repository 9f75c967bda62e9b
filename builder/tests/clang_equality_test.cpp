// SPDX-License-Identifier: Apache-2.0
// The objects mean what those of the distribution's clang mean, given the same source and headers.
#include "embedded.h"
#include "fixture.h"
#include "gadget/support/subprocess.h"
#include "object_summary.h"
#include "virtual_paths.h"

namespace gadget::builder::testing {
namespace {

constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";

class ClangEquality : public BuilderTest, public ::testing::WithParamInterface<model::Arch> {
  protected:
    // Compiles as Inspektor Gadget's builder does; empty when that fails.
    std::vector<std::byte> compile_with_clang(const std::filesystem::path& source) {
        FileStore files;
        EXPECT_TRUE(mount_embedded_headers(GetParam(), files));
        write("kernel/vmlinux.h", files.find(std::string(kVmlinuxDir) + "/vmlinux.h")->content);
        const std::string object = path("clang.o").string();
        const std::string target = GetParam() == model::Arch::amd64 ? "x86" : "arm64";
        SpawnOptions clang;
        clang.argv = {"clang-19",
                      "-target",
                      "bpf",
                      "-Wall",
                      "-g",
                      "-O2",
                      "-D__TARGET_ARCH_" + target,
                      "-I" GADGETKIT_BPF_API,
                      "-I" + path("kernel").string(),
                      "-I" GADGETKIT_LIBBPF "/..",
                      "-c",
                      source.string(),
                      "-o",
                      object};
        const auto compiled = run_command(clang);
        EXPECT_TRUE(compiled && compiled->status.success())
            << (compiled ? compiled->err : compiled.error().message);
        SpawnOptions strip;
        strip.argv = {"llvm-strip-19", "-g", object};
        EXPECT_TRUE(run_command(strip));
        return read_file(object).value_or(std::vector<std::byte>());
    }
};

TEST_P(ClangEquality, HoldsForCodeRelocationsAndTypes) {
    if (!find_program("clang-19", kPath) || !find_program("llvm-strip-19", kPath)) {
        GTEST_SKIP() << "missing: clang-19 and llvm-strip-19 to compare with";
    }
    const auto source = write("program.bpf.c", kTinyGadget);
    const ObjectSummary expected = summarize(compile_with_clang(source));
    ASSERT_TRUE(expected.valid);
    request_.whole_kernel_header = true;
    const auto whole = build(source, {GetParam()});
    ASSERT_TRUE(whole) << whole.error().to_string();
    const ObjectSummary actual = summarize(whole->front().object);
    EXPECT_EQ(first_difference(expected.sections, actual.sections), "");
    EXPECT_EQ(first_difference(expected.relocations, actual.relocations), "");
    EXPECT_EQ(first_difference(expected.core_records, actual.core_records), "");
    EXPECT_EQ(first_difference(expected.functions, actual.functions), "");
    EXPECT_EQ(first_difference(expected.lines, actual.lines), "");
    EXPECT_EQ(expected.types, actual.types);
}

INSTANTIATE_TEST_SUITE_P(Archs, ClangEquality, ::testing::ValuesIn(model::kAllArchs),
                         [](const auto& tested) { return std::string(model::to_string(tested.param)); });

}  // namespace
}  // namespace gadget::builder::testing
