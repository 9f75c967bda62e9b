// SPDX-License-Identifier: Apache-2.0
// The objects mean what those of the distribution's clang mean, given the same source and headers: for our
// own programs and for one with every kind of relocation, with the whole kernel header and with the part of
// it, from the compiler and from the cache.
#include <cctype>

#include "embedded.h"
#include "fixture.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "object_summary.h"
#include "virtual_paths.h"

namespace gadget::builder::testing {
namespace {

constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin";

// "a.bpf.c:b.bpf.c" of the build.
std::vector<std::string> sources() {
    std::vector<std::string> list;
    for (const std::string_view source : split(GADGETKIT_EQUALITY_SOURCES, ':')) list.emplace_back(source);
    return list;
}

class ClangEquality : public BuilderTest, public ::testing::WithParamInterface<std::string> {
  protected:
    // Compiles as Inspektor Gadget's builder does; empty when that fails.
    std::vector<std::byte> compile_with_clang(const std::filesystem::path& source, model::Arch arch) {
        EXPECT_TRUE(write_embedded_headers(arch, path("headers")));
        const std::string object = path("clang.o").string();
        SpawnOptions clang;
        clang.argv = {"clang-19", "-target", "bpf", "-Wall", "-g", "-O2", "-nostdlibinc"};
        clang.argv.emplace_back(arch == model::Arch::amd64 ? "-D__TARGET_ARCH_x86" : "-D__TARGET_ARCH_arm64");
        for (const char* dir : {"api", "vmlinux", "libbpf", "uapi", "uapi-arch"})
            clang.argv.insert(clang.argv.end(), {"-isystem", path("headers").string() + '/' + dir});
        clang.argv.insert(clang.argv.end(), {"-c", source.string(), "-o", object});
        const auto compiled = run_command(clang);
        EXPECT_TRUE(compiled && compiled->status.success())
            << (compiled ? compiled->err : compiled.error().message);
        SpawnOptions strip;
        strip.argv = {"llvm-strip-19", "-g", object};
        EXPECT_TRUE(run_command(strip));
        return read_file(object).value_or(std::vector<std::byte>());
    }
    std::vector<std::byte> object_of(const std::filesystem::path& source, model::Arch arch) {
        auto outputs = build(source, {arch});
        EXPECT_TRUE(outputs) << outputs.error().to_string();
        return outputs ? outputs->front().object : std::vector<std::byte>();
    }
    static void expect_same_program(const ObjectSummary& expected, const ObjectSummary& actual) {
        ASSERT_TRUE(expected.valid && actual.valid);
        EXPECT_EQ(first_difference(expected.sections, actual.sections), "");
        EXPECT_EQ(first_difference(expected.relocations, actual.relocations), "");
        EXPECT_EQ(first_difference(expected.core_records, actual.core_records), "");
        EXPECT_EQ(first_difference(expected.functions, actual.functions), "");
        EXPECT_EQ(first_difference(expected.lines, actual.lines), "");
    }
};

TEST_P(ClangEquality, HoldsForCodeRelocationsAndTypes) {
    if (!find_program("clang-19", kPath) || !find_program("llvm-strip-19", kPath)) {
        GTEST_SKIP() << "missing: clang-19 and llvm-strip-19 to compare with";
    }
    for (const model::Arch arch : model::kAllArchs) {
        SCOPED_TRACE(std::string(model::to_string(arch)));
        const ObjectSummary expected = summarize(compile_with_clang(GetParam(), arch));
        request_.whole_kernel_header = true;
        const ObjectSummary whole = summarize(object_of(GetParam(), arch));
        expect_same_program(expected, whole);
        EXPECT_EQ(expected.types, whole.types);

        request_.whole_kernel_header = false;
        expect_same_program(expected, summarize(object_of(GetParam(), arch)));

        options_.cache_dir = path("cache");
        const auto filled = object_of(GetParam(), arch);
        expect_same_program(expected, summarize(filled));
        EXPECT_TRUE(object_of(GetParam(), arch) == filled) << "the same bytes from the cache";
        options_.cache_dir.clear();
    }
}

INSTANTIATE_TEST_SUITE_P(Sources, ClangEquality, ::testing::ValuesIn(sources()), [](const auto& tested) {
    const std::filesystem::path source(tested.param);
    std::string name = source.filename() == "program.bpf.c" ? source.parent_path().filename().string()
                                                            : source.stem().stem().string();
    std::replace_if(
        name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; },
        '_');
    return name;
});

// That the comparison above sees each kind.
TEST_F(BuilderTest, TheSourceOfAllRelocationsHasThemAll) {
    const auto outputs = build(GADGETKIT_RELOCATIONS_SOURCE, {model::Arch::amd64});
    ASSERT_TRUE(outputs) << outputs.error().to_string();
    const ObjectSummary summary = summarize(outputs->front().object);
    for (unsigned kind = 0; kind <= 12; ++kind) {
        const std::string word = " kind " + std::to_string(kind) + ' ';
        EXPECT_TRUE(std::any_of(summary.core_records.begin(), summary.core_records.end(),
                                [&](const std::string& record) { return contains(record, word); }))
            << "CO-RE relocation of kind " << kind;
    }
    // R_BPF_64_64, R_BPF_64_ABS64 and R_BPF_64_32; the others stand in BTF only, which is compared as types.
    for (const std::string type : {"1", "2", "10"}) {
        EXPECT_TRUE(
            std::any_of(summary.relocations.begin(), summary.relocations.end(),
                        [&](const std::string& relocation) { return split(relocation, ' ').at(2) == type; }))
            << "ELF relocation of type " << type;
    }
}

}  // namespace
}  // namespace gadget::builder::testing
