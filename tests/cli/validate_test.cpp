// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "command.h"

namespace gadget::tests {
namespace {

using ValidateCommand = CommandTest;

TEST_F(ValidateCommand, OurOwnGadgetsHaveNoFindings) {
    for (const auto& entry : std::filesystem::directory_iterator(repository() / "gadgets")) {
        if (!entry.is_directory()) continue;
        const auto result = gadget({"validate", entry.path().string(), "--strict"});
        EXPECT_EQ(result.status, 0) << entry.path() << "\n" << result.err;
    }
}

TEST_F(ValidateCommand, EachMistakeIsShownOnceAtItsPlaceWithAHint) {
    const auto broken = (repository() / "tests/data/broken_gadget").string();
    const auto result = gadget({"validate", broken});
    EXPECT_EQ(result.status, 1);
    const auto count = [&](const std::string& text) {
        std::size_t found = 0;
        for (auto at = result.err.find(text); at != std::string::npos; at = result.err.find(text, at + 1))
            ++found;
        return found;
    };
    EXPECT_EQ(count("program.bpf.c:17:5: error: "), 1U) << result.err;  // inside SEC("kprobee/...")
    EXPECT_EQ(count("program.bpf.c:15:1: error: "), 1U) << result.err;  // GADGET_TRACER(...)
    EXPECT_EQ(count("gadget.yaml:6:7: "), 1U) << result.err;
    EXPECT_EQ(count("did you mean 'kprobe/do_unlinkat'?"), 1U) << result.err;
    EXPECT_EQ(count("did you mean 'events'?"), 1U) << result.err;
    EXPECT_EQ(count("did you mean 'pid'?"), 1U) << result.err;
}

TEST_F(ValidateCommand, TakesObjectsAndImages) {
    const auto out = home() / "out";
    ASSERT_EQ(gadget({"build", trace_open(), "-t", "t", "-o", out.string()}).status, 0);
    EXPECT_EQ(gadget({"validate", (out / "arm64.bpf.o").string()}).status, 0);
    EXPECT_EQ(gadget({"validate", (out / "image.oci.tar").string()}).status, 0);
    EXPECT_EQ(gadget_run({"validate", "t"}).status, 0);
}

TEST_F(ValidateCommand, GarbageIsRefusedWithOneMessage) {
    const auto path = folder("garbage", {{"a.o",
                                          "\x7f"
                                          "ELF and then nothing useful"},
                                         {"b.tar", "no tar"},
                                         {"c.o", ""}});
    for (const auto* name : {"a.o", "b.tar", "c.o"}) {
        const auto result = gadget({"validate", (path / name).string()});
        EXPECT_EQ(result.status, 1) << name << result.err;
        EXPECT_TRUE(result.err.starts_with("gadget: error: ")) << result.err;
    }
}

/// The text of tests/data/broken_gadget in a folder that may be changed.
std::filesystem::path copy_of_broken(const std::filesystem::path& home) {
    const auto folder = home / "broken";
    std::filesystem::copy(std::filesystem::path(GADGETKIT_SOURCE_DIR) / "tests/data/broken_gadget", folder);
    return folder;
}

TEST_F(ValidateCommand, FixMendsTheMetadataAndKeepsTheRest) {
    const auto folder = copy_of_broken(home());
    const auto before = read_text_file(folder / "gadget.yaml").value();
    std::ofstream(folder / "gadget.yaml", std::ios::app) << "# kept\nhomepageUrl: x # too\n";
    const auto result = gadget({"validate", folder.string(), "--fix"});
    EXPECT_EQ(result.status, 1);  // the source has errors still
    const auto after = read_text_file(folder / "gadget.yaml").value();
    EXPECT_NE(after.find("# kept\nhomepageURL: x # too\n"), std::string::npos) << after;
    EXPECT_EQ(result.err.find("gadget.yaml:6:7"), std::string::npos) << result.err;
    EXPECT_EQ(after.substr(0, after.find('\n')), before.substr(0, before.find('\n')));
    const auto again = gadget({"validate", folder.string(), "--fix"});
    EXPECT_EQ(read_text_file(folder / "gadget.yaml").value(), after);
    EXPECT_EQ(again.status, 1);
}

TEST_F(ValidateCommand, FixWantsAFolder) {
    const auto result = gadget({"validate", "some-image", "--fix"});
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("gadget.yaml"), std::string::npos) << result.err;
}

const char* const kPaddedKey = R"(// SPDX-License-Identifier: GPL-2.0
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

struct count_key {
	__u64 id;
	__u32 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct count_key);
	__type(value, __u64);
} counts SEC(".maps");COMMENT

SEC("kprobe/do_unlinkat")
int on_unlink(struct pt_regs *ctx)
{
	struct count_key key = {};

	bpf_map_lookup_elem(&counts, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
)";

std::string padded_key(const std::string& comment) {
    std::string text = kPaddedKey;
    text.replace(text.find("COMMENT"), 7, comment);
    return text;
}

TEST_F(ValidateCommand, CommentsAllowFindingsWithAReason) {
    const auto plain = folder("plain", {{"program.bpf.c", padded_key("")}});
    EXPECT_NE(gadget({"validate", plain.string()}).err.find("[hash-key-padding]"), std::string::npos);
    const auto allowed =
        folder("allowed", {{"program.bpf.c", padded_key(" // gadget:allow(hash-key-padding): zeroed")}});
    EXPECT_EQ(gadget({"validate", allowed.string(), "--strict"}).status, 0);
    const auto bare = folder("bare", {{"program.bpf.c", padded_key(" // gadget:allow(hash-key-padding)")}});
    const auto result = gadget({"validate", bare.string()});
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.err.find("[suppression-without-reason]"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("[hash-key-padding]"), std::string::npos) << result.err;
}

TEST_F(ValidateCommand, BuildFileAllowsFindingsAndUnusedOnesAreTold) {
    const auto allowed = folder("allowed", {{"program.bpf.c", padded_key("")},
                                            {"build.yaml", "allow:\n  hash-key-padding: keys are zeroed\n"}});
    EXPECT_EQ(gadget({"validate", allowed.string(), "--strict"}).status, 0);
    const auto unused =
        folder("unused", {{"program.bpf.c", kTinyProgram}, {"build.yaml", "allow:\n  map-sizes: why not\n"}});
    const auto result = gadget({"validate", unused.string(), "--strict"});
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.err.find("build.yaml:2:3: error: "), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("[suppression-unused]"), std::string::npos) << result.err;
}

TEST_F(ValidateCommand, TheProblemMatcherReadsEveryFindingOfAFile) {
    const auto text = read_text_file(repository() / "docs/problem-matcher.json").value();
    const auto pattern = nlohmann::json::parse(text)["problemMatcher"][0]["pattern"][0];
    const std::regex expression(pattern["regexp"].get<std::string>());
    const auto result = gadget({"validate", (repository() / "tests/data/broken_gadget").string()});
    std::istringstream lines(result.err);
    unsigned seen = 0;
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, expression)) continue;
        ++seen;
        EXPECT_TRUE(std::filesystem::exists(match[pattern["file"].get<std::size_t>()].str())) << line;
    }
    const auto json = nlohmann::json::parse(
        gadget({"validate", (repository() / "tests/data/broken_gadget").string(), "--format", "json"}).out);
    EXPECT_EQ(seen, json["findings"].size()) << result.err;
}

TEST_F(ValidateCommand, GadgetsWithWasmAreValidatedAndTheirNamesAreNotDoubted) {
    const auto path =
        folder("wasm", {{"program.bpf.c", kTinyProgram},
                        {"build.yaml", "wasm: program.go\n"},
                        {"program.go", "package main // makes computed\n"},
                        {"gadget.yaml", "name: w\ndatasources:\n  computed: {}\n  misspelt: {}\n"}});
    const auto result = gadget({"validate", path.string()});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.err.find("'misspelt'"), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("'computed'"), std::string::npos) << result.err;
    EXPECT_EQ(gadget({"build", path.string()}).status, 3);
}

TEST_F(ValidateCommand, FindingsAboutAProgramStandAtItsName) {
    const auto path =
        folder("context", {{"program.bpf.c",
                            "#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\n"
                            "SEC(\"kprobe/do_unlinkat\")\nint on_unlink(struct xdp_md *ctx)\n"
                            "{\n\treturn 0;\n}\nchar LICENSE[] SEC(\"license\") = \"GPL\";\n"}});
    const auto result = gadget({"validate", path.string()});
    EXPECT_NE(result.err.find("program.bpf.c:4:5: warning: program 'on_unlink'"), std::string::npos)
        << result.err;
    EXPECT_NE(result.err.find("    ^~~~~~~~~\n"), std::string::npos) << result.err;
}

// The schema belongs to OASIS and is not part of this repository.
TEST_F(ValidateCommand, SarifFollowsTheSchemaThatIsAtHand) {
    const char* schema = std::getenv("GADGETKIT_SARIF_SCHEMA");
    if (schema == nullptr)
        GTEST_SKIP() << "missing: GADGETKIT_SARIF_SCHEMA, the path of sarif-schema-2.1.0.json";
    const auto file = home() / "out.sarif";
    std::ofstream(file) << gadget({"validate", (repository() / "tests/data/broken_gadget").string(),
                                   "--format", "sarif"})
                               .out;
    const auto result = run({"/usr/bin/env", "python3", "-m", "jsonschema", "-i", file.string(), schema});
    EXPECT_EQ(result.status, 0) << result.out << result.err;
}

class ValidateWithJq : public CommandTest {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists("/usr/bin/jq")) GTEST_SKIP() << "missing: jq";
    }
    /// Whether jq takes what `gadget validate --format FORMAT` prints and finds `filter` true of it.
    testing::AssertionResult holds(const std::string& format, const std::string& filter) {
        const auto broken = (repository() / "tests/data/broken_gadget").string();
        const auto file = home() / ("out." + format);
        std::ofstream(file) << gadget({"validate", broken, "--format", format}).out;
        const auto result = run({"/usr/bin/jq", "-e", filter, file.string()});
        if (result.status == 0) return testing::AssertionSuccess();
        return testing::AssertionFailure() << filter << ": " << result.out << result.err;
    }
};

TEST_F(ValidateWithJq, ReadsJson) {
    EXPECT_TRUE(holds("json", ".version == 1"));
    EXPECT_TRUE(holds("json", "[.findings[] | select(.severity == \"error\")] | length > 0"));
    EXPECT_TRUE(holds("json",
                      ".findings | all(has(\"id\") and has(\"message\") and has(\"hint\") and "
                      "has(\"location\") and has(\"notes\") and has(\"fixes\"))"));
    EXPECT_TRUE(holds("json", "[.findings[].fixes[] | .replacement] | index(\"pid\") != null"));
}

TEST_F(ValidateWithJq, ReadsSarif) {
    EXPECT_TRUE(holds("sarif", ".version == \"2.1.0\" and (.runs | length) == 1"));
    EXPECT_TRUE(holds("sarif",
                      ".runs[0] as $run | $run.results | length > 0 and "
                      "all($run.tool.driver.rules[.ruleIndex].id == .ruleId)"));
    EXPECT_TRUE(holds("sarif",
                      ".runs[0].results | all(.locations[0].physicalLocation | "
                      "(.artifactLocation.uri | length > 0) and .region.startLine > 0)"));
    EXPECT_TRUE(holds("sarif", ".runs[0].tool.driver.rules | all(.help.markdown | startswith(\"# \"))"));
}

TEST_F(ValidateCommand, ExplainKnowsEveryIdAndSuggestsForOthers) {
    const auto page = gadget_run({"validate", "--explain", "unknown-section"});
    EXPECT_EQ(page.status, 0);
    EXPECT_EQ(page.out, read_text_file(repository() / "docs/diagnostics/unknown-section.md").value());
    const auto wrong = gadget({"validate", "--explain", "unknown-secton"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_NE(wrong.err.find("did you mean 'unknown-section'?"), std::string::npos);
}

}  // namespace
}  // namespace gadget::tests
