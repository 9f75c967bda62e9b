// SPDX-License-Identifier: Apache-2.0
// Output::symbols: what is there, what is not, and that each place is the text it should be.
#include "fixture.h"

namespace gadget::builder::testing {
namespace {

class Symbols : public BuilderTest {
  protected:
    // Builds for amd64 and keeps the table; a finding is a test failure.
    void build_symbols(const std::filesystem::path& source) {
        auto outputs = build(source, {model::Arch::amd64});
        ASSERT_TRUE(outputs) << outputs.error().to_string();
        EXPECT_TRUE(findings_.all().empty()) << findings_.all().front().message;
        symbols_ = std::move(outputs->front().symbols);
    }
    [[nodiscard]] const SymbolLocation* find(std::string_view symbol) const {
        for (const SymbolLocation& one : symbols_) {
            if (one.symbol == symbol) return &one;
        }
        return nullptr;
    }
    // The text between the ends of a range of one line.
    static std::string text_of(const SourceRange& range) {
        EXPECT_EQ(range.line, range.end_line);
        const auto text = read_text_file(range.file, std::size_t{1} << 20);
        if (!text || range.line == 0) return "<no text>";
        std::size_t start = 0;
        for (unsigned line = 1; line < range.line; ++line) start = text->find('\n', start) + 1;
        return text->substr(start + range.column - 1, range.end_column - range.column);
    }
    [[nodiscard]] std::string name_text(std::string_view symbol) const {
        const SymbolLocation* one = find(symbol);
        return one == nullptr ? "<no symbol>" : text_of(one->name);
    }
    [[nodiscard]] std::string section_text(std::string_view symbol) const {
        const SymbolLocation* one = find(symbol);
        if (one == nullptr) return "<no symbol>";
        return one->section ? text_of(*one->section) : "<none>";
    }
    [[nodiscard]] unsigned line_of(std::string_view symbol) const {
        const SymbolLocation* one = find(symbol);
        return one == nullptr ? 0 : one->name.line;
    }

    std::vector<SymbolLocation> symbols_;
};

TEST_F(Symbols, AGadgetNamesItsMapsMarkersProgramsStructsAndLicense) {
    const auto source = write("program.bpf.c", kTinyGadget);
    build_symbols(source);
    std::vector<std::string> names;
    for (const SymbolLocation& one : symbols_) {
        names.push_back(one.symbol);
        EXPECT_EQ(one.name.file, source.string()) << one.symbol;
    }
    const std::vector<std::string> expected{"LICENSE",
                                            "__gadget_tracer_type_tiny",
                                            "events",
                                            "events_lost_samples",
                                            "gadget_map_tracer_events",
                                            "gadget_tracer_tiny___events___event",
                                            "on_open",
                                            "struct event",
                                            "struct event.inode",
                                            "struct event.pid"};
    EXPECT_EQ(names, expected);
}

TEST_F(Symbols, PointsAtTheNameOrAtTheMacroThatMadeIt) {
    build_symbols(write("program.bpf.c", kTinyGadget));
    EXPECT_EQ(name_text("LICENSE"), "LICENSE");
    EXPECT_EQ(section_text("LICENSE"), "\"license\"");
    EXPECT_EQ(name_text("on_open"), "on_open");
    EXPECT_EQ(section_text("on_open"), "\"tracepoint/syscalls/sys_enter_openat\"");
    EXPECT_EQ(name_text("events"), "events");
    EXPECT_EQ(line_of("events"), 11U);
    EXPECT_EQ(section_text("events"), "<none>");
    EXPECT_EQ(name_text("events_lost_samples"), "GADGET_TRACER_MAP");
    EXPECT_EQ(name_text("gadget_tracer_tiny___events___event"), "GADGET_TRACER");
    EXPECT_EQ(line_of("gadget_tracer_tiny___events___event"), 12U);
    EXPECT_EQ(name_text("struct event"), "event");
    EXPECT_EQ(line_of("struct event"), 7U);
    EXPECT_EQ(name_text("struct event.inode"), "inode");
    EXPECT_EQ(line_of("struct event.inode"), 9U);
}

TEST_F(Symbols, FollowsMacrosAroundPrograms) {
    build_symbols(write("program.bpf.c", R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <gadget/macros.h>
#define AT(where) SEC("kprobe/" #where) int at_##where(void *ctx) { return 0; }
#define OPEN SEC("kprobe/vfs_open")
#define DESCRIBED(text, name) const char name[] SEC(".rodata") = text

SEC("kprobe/" "do_unlinkat") int BPF_KPROBE(on_unlink, int dfd)
{
	return dfd;
}
AT(vfs_read)
OPEN int on_vfs_open(void *ctx) { return 0; }
DESCRIBED("an unrelated text", words);
__attribute__((section("kprobe/vfs_write"))) int plain(void *ctx) { return 0; }
static int helper(void) { return 1; }
int no_program(void) { return helper(); }
const volatile bool failed_only = false;
GADGET_PARAM(failed_only);
)"));
    EXPECT_EQ(name_text("on_unlink"), "on_unlink");
    EXPECT_EQ(section_text("on_unlink"), "\"kprobe/\" \"do_unlinkat\"");
    EXPECT_EQ(name_text("at_vfs_read"), "AT");
    EXPECT_EQ(section_text("at_vfs_read"), "<none>");
    EXPECT_EQ(name_text("on_vfs_open"), "on_vfs_open");
    EXPECT_EQ(section_text("on_vfs_open"), "<none>");
    EXPECT_EQ(name_text("words"), "words");
    EXPECT_EQ(section_text("words"), "<none>");
    EXPECT_EQ(section_text("plain"), "\"kprobe/vfs_write\"");
    EXPECT_EQ(find("helper"), nullptr);
    EXPECT_EQ(find("no_program"), nullptr);
    EXPECT_EQ(name_text("failed_only"), "failed_only");
    EXPECT_EQ(section_text("failed_only"), "<none>");
    EXPECT_EQ(name_text("gadget_param_failed_only"), "GADGET_PARAM");
}

TEST_F(Symbols, HasStructsWithTheMembersThatHaveNames) {
    build_symbols(write("program.bpf.c", R"(
struct outer {
	int plain;
	struct { int hidden; } named;
	struct { int anonymous; };
	int : 3;
	int bits : 4;
	struct inner { char text[8]; } inside;
} global;
union either { int one; long other; };
typedef struct { int x; } unnamed;
struct only_declared;
int f(void) { struct local { int y; } l = {1}; return l.y; }
)"));
    std::vector<std::string> names;
    for (const SymbolLocation& one : symbols_) names.push_back(one.symbol);
    const std::vector<std::string> expected{"global",
                                            "struct inner",
                                            "struct inner.text",
                                            "struct outer",
                                            "struct outer.bits",
                                            "struct outer.inside",
                                            "struct outer.named",
                                            "struct outer.plain",
                                            "union either",
                                            "union either.one",
                                            "union either.other"};
    EXPECT_EQ(names, expected);
    EXPECT_EQ(name_text("struct outer.bits"), "bits");
    EXPECT_EQ(name_text("union either.other"), "other");
}

TEST_F(Symbols, NamesFilesAsFindingsDo) {
    const auto header = write("common/shared.h", "struct shared { int a; };\n");
    const auto named = write("lib/named.h", "#define MAKE(x) int x##_made\nextern int from_lib;\n");
    const auto source =
        write("gadget/program.bpf.c", "#include \"../common/shared.h\"\n#include <named.h>\nMAKE(it);\n");
    request_.include_dirs = {path("lib"), path("common")};
    build_symbols(source);
    ASSERT_NE(find("struct shared.a"), nullptr);
    EXPECT_EQ(find("struct shared.a")->name.file, header.string());
    EXPECT_EQ(name_text("struct shared.a"), "a");
    ASSERT_NE(find("from_lib"), nullptr);
    EXPECT_EQ(find("from_lib")->name.file, named.string());
    ASSERT_NE(find("it_made"), nullptr);
    EXPECT_EQ(find("it_made")->name.file, source.string());
    EXPECT_EQ(name_text("it_made"), "MAKE");
}

TEST_F(Symbols, ADefinitionCountsBeforeADeclaration) {
    build_symbols(write("program.bpf.c", "extern int value;\nint value = 1;\nextern int value;\n"));
    EXPECT_EQ(symbols_.size(), 1U);
    EXPECT_EQ(line_of("value"), 2U);
}

TEST_F(Symbols, AreTheSameForEachArchitectureAndWithTheWholeKernelHeader) {
    const auto source = write("program.bpf.c", kTinyGadget);
    const auto cut = build(source);
    request_.whole_kernel_header = true;
    const auto whole = build(source);
    ASSERT_TRUE(cut && whole);
    EXPECT_EQ((*cut)[0].symbols, (*cut)[1].symbols);
    EXPECT_EQ((*cut)[0].symbols, (*whole)[0].symbols);
}

TEST_F(Symbols, AreTheSameFromTheCacheAndInAnotherFolder) {
    options_.cache_dir = path("cache");
    const auto source = write("one/program.bpf.c", kTinyGadget);
    build_symbols(source);
    const auto fresh = symbols_;
    EXPECT_FALSE(fresh.empty());
    const auto other = write("two/program.bpf.c", kTinyGadget);
    options_.timeout = std::chrono::milliseconds(0);  // no compiler can meet it: these come from the cache
    build_symbols(source);
    EXPECT_EQ(symbols_, fresh);
    build_symbols(other);
    ASSERT_EQ(symbols_.size(), fresh.size());
    EXPECT_EQ(symbols_[0].name.file, other.string());
    ASSERT_TRUE(symbols_[0].section);
    EXPECT_EQ(symbols_[0].section->file, other.string());
}

}  // namespace
}  // namespace gadget::builder::testing
