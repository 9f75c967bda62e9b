// SPDX-License-Identifier: Apache-2.0
// The small parts: archive, wire format, merging of findings.
#include <gtest/gtest.h>

#include "archive.h"
#include "embedded.h"
#include "findings.h"
#include "stack_dump.h"
#include "virtual_paths.h"
#include "wire.h"

namespace gadget::builder {
namespace {

TEST(StackDump, NamesTheFunction) {
    EXPECT_EQ(function_in_stack_dump("4.\tRunning pass \"X\" on module \"a.c\"\n"
                                     "5.\tRunning pass \"Y\" on function \"f\"\n"),
              "f");
    EXPECT_EQ(function_in_stack_dump("Running pass 'BPF DAG' on function '@main'\n #0 0x1"), "main");
    EXPECT_EQ(function_in_stack_dump("std::bad_alloc"), "");
    EXPECT_EQ(function_in_stack_dump("x on function "), "");
    EXPECT_EQ(function_in_stack_dump("x on function \"never closed"), "");
}

TEST(Archive, RefusesBytesThatAreNone) {
    EXPECT_FALSE(Archive::open({}));
    const std::string text =
        "GKAR\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff garbage";
    EXPECT_FALSE(Archive::open(std::as_bytes(std::span(text.data(), text.size()))));
}

TEST(FileStore, ShowsEmbeddedHeadersAndNothingElse) {
    FileStore files;
    ASSERT_TRUE(mount_embedded_headers(model::Arch::amd64, files));
    for (const char* path : {"/gadgetkit/api/gadget/types.h", "/gadgetkit/libbpf/bpf/bpf_helpers.h",
                             "/gadgetkit/clang/include/stddef.h", "/gadgetkit/uapi/linux/bpf.h",
                             "/gadgetkit/uapi-arch/asm/types.h", "/gadgetkit/vmlinux/vmlinux.h"}) {
        const StoredFile* file = files.find(path);
        ASSERT_NE(file, nullptr) << path;
        EXPECT_GT(file->content.size(), 0U) << path;
        EXPECT_EQ(file->content.data()[file->content.size()], '\0') << path;
    }
    EXPECT_EQ(files.find("/etc/passwd"), nullptr);
    EXPECT_EQ(files.find("/gadgetkit/api/../../etc/passwd"), nullptr);
    EXPECT_TRUE(files.is_directory("/gadgetkit/uapi/linux"));
    EXPECT_FALSE(files.is_directory("/gadgetkit/uapi/linu"));
    EXPECT_EQ(files.display_path("/gadgetkit/api/gadget/types.h"), "<gadget/types.h>");
    EXPECT_TRUE(files.inputs().empty());
}

TEST(FileStore, AnOverrideHidesTheFileUntilItIsTakenBack) {
    FileStore files;
    ASSERT_TRUE(mount_embedded_headers(model::Arch::amd64, files));
    const std::string path = "/gadgetkit/vmlinux/vmlinux.h";
    files.set_override(path, "short");
    EXPECT_EQ(files.find(path)->content, "short");
    EXPECT_GT(files.find_embedded(path)->content.size(), 1000U);
    files.set_override(path, std::nullopt);
    EXPECT_GT(files.find(path)->content.size(), 1000U);
}

Diagnostic sample() {
    Diagnostic finding;
    finding.severity = Severity::warning;
    finding.id = "-Wunused";
    finding.message = "unused";
    finding.location = SourceRange{"a.c", 1, 2, 3, 4};
    finding.hint = "use it";
    finding.notes = {{"here", SourceRange{"b.h", 5, 6, 0, 0}}, {"and nowhere", {}}};
    finding.fixes = {{{"a.c", 1, 2, 1, 3}, "x"}};
    return finding;
}

TEST(Wire, CarriesARequestAndAFindingWhole) {
    const ChildRequest request{"dir/x.c", model::Arch::arm64, {"inc"}, {"A=1", "B"}, {"-Wextra"}, true};
    const auto back = decode_request(encode(request));
    ASSERT_TRUE(back);
    EXPECT_EQ(encode(*back), encode(request));
    EXPECT_EQ(back->arch, model::Arch::arm64);
    EXPECT_EQ(back->defines, request.defines);
    const auto finding = decode_diagnostic(encode(sample()));
    ASSERT_TRUE(finding);
    EXPECT_EQ(encode(*finding), encode(sample()));
    EXPECT_EQ(finding->notes.at(0).location, sample().notes[0].location);
}

SymbolLocation sample_symbol() {
    return {"on_open", {"/gadget/x.c", 1, 2, 3, 4}, SourceRange{"/gadget/x.c", 5, 6, 5, 9}};
}

TEST(Wire, CarriesASymbolWithAndWithoutSection) {
    SymbolLocation symbol = sample_symbol();
    EXPECT_EQ(decode_symbol(encode(symbol)), symbol);
    symbol.section.reset();
    EXPECT_EQ(decode_symbol(encode(symbol)), symbol);
}

TEST(Wire, RefusesEveryTruncation) {
    const std::string symbol = encode(sample_symbol());
    for (std::size_t size = 0; size < symbol.size(); ++size)
        EXPECT_FALSE(decode_symbol(symbol.substr(0, size)));
    const std::string request = encode(ChildRequest{"x", model::Arch::amd64, {"a"}, {}, {}, false});
    for (std::size_t size = 0; size < request.size(); ++size)
        EXPECT_FALSE(decode_request(request.substr(0, size)));
    const std::string finding = encode(sample());
    for (std::size_t size = 0; size < finding.size(); ++size)
        EXPECT_FALSE(decode_diagnostic(finding.substr(0, size)));
    const std::string record = encode_record(RecordKind::note, "text");
    for (std::size_t size = 0; size < record.size(); ++size) {
        std::string_view stream = std::string_view(record).substr(0, size);
        EXPECT_FALSE(take_record(stream));
    }
}

TEST(MergeFindings, KeepsSharedOnesOnceAndNamesTheArchitectureOfOthers) {
    Diagnostic other = sample();
    other.message = "only here";
    const auto merged = merge_findings({{"x.c", model::Arch::amd64, {sample()}},
                                        {"x.c", model::Arch::arm64, {sample(), other}},
                                        {"y.c", model::Arch::amd64, {sample()}}});
    ASSERT_EQ(merged.size(), 3U);
    EXPECT_EQ(merged[0].notes.size(), 2U);
    EXPECT_EQ(merged[1].notes.back().message, "only when compiled for arm64");
    EXPECT_EQ(merged[2].notes.size(), 2U);
}

}  // namespace
}  // namespace gadget::builder
