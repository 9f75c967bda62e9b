// SPDX-License-Identifier: Apache-2.0
// What the golden cases cannot show: metadata without an object, Wasm, and facts that no compiler would make.
#include <algorithm>

#include "gadget/model/manifest.h"
#include "sample.h"

namespace gadget::validator {
namespace {

DiagnosticList check(const model::ObjectFacts& facts, std::string_view yaml, std::string_view wasm = {}) {
    DiagnosticList findings;
    const auto manifest = model::parse_manifest(yaml, "gadget.yaml", findings);
    EXPECT_TRUE(manifest.has_value());
    validate(facts, manifest ? &*manifest : nullptr, {.wasm = wasm}, findings);
    return findings;
}

// Without parameters: these tests are about data sources.
model::ObjectFacts sources_of_sample() {
    auto facts = sample_facts();
    facts.params.clear();
    // Nor about the bit-fields that the struct has for the reader.
    std::erase_if(facts.structs.at("event").fields, [](const auto& field) { return field.bit_size != 0; });
    return facts;
}

std::vector<std::string> ids(const DiagnosticList& findings) {
    std::vector<std::string> result;
    for (const auto& finding : findings.all()) result.push_back(finding.id);
    return result;
}

constexpr std::string_view kDerived = R"(name: sample
datasources:
  sample:
    fields:
      timestamp:
        annotations: {description: when}
      proc.creds.user:
        annotations: {columns.hidden: "true"}
      src.addr:
        annotations: {columns.width: "30"}
      src.addr_raw.v4:
        annotations: {columns.hidden: "true"}
      SRC.endpoint:
        annotations: {columns.width: type}
      direction:
        annotations: {columns.width: "10"}
      k8s.podName:
        annotations: {columns.hidden: "true"}
)";

TEST(ValidateMetadata, KnowsFieldsThatAreMadeAtRunTime) {
    const auto findings = check(sources_of_sample(), kDerived);
    for (const auto& finding : findings.all()) ADD_FAILURE() << render(finding, {}, {});
}

TEST(ValidateMetadata, FormattedFieldNeedsAType) {
    const auto findings =
        check(sources_of_sample(),
              "datasources:\n  sample:\n    fields:\n      ok_text:\n        annotations: {}\n");
    EXPECT_EQ(ids(findings), (std::vector<std::string>{"metadata-unknown-field"}));
}

TEST(ValidateMetadata, TargetAnnotationNamesAField) {
    constexpr std::string_view kYaml = R"(datasources:
  sample:
    fields:
      flags_raw:
        annotations: {ebpf.formatter.enum: flag_names}
      flag_names:
        annotations: {description: names}
)";
    EXPECT_EQ(ids(check(sources_of_sample(), kYaml)), (std::vector<std::string>{}));
}

TEST(ValidateMetadata, ColumnsOfMapIteratorsAreKeyAndValue) {
    constexpr std::string_view kYaml =
        "datasources:\n  counters:\n    fields:\n      pid: {annotations: {}}\n      count: {annotations: "
        "{}}\n"
        "      total: {annotations: {}}\n";
    const auto findings = check(sources_of_sample(), kYaml);
    ASSERT_EQ(ids(findings), (std::vector<std::string>{"metadata-unknown-field"}));
    const auto* range = std::get_if<SourceRange>(&findings.all()[0].location);
    ASSERT_NE(range, nullptr);
    EXPECT_EQ(range->line, 6U);
    EXPECT_EQ(range->column, 7U);
    EXPECT_EQ(range->end_column, 12U);
}

TEST(ValidateMetadata, NamesInTheWasmModuleAreNotDoubted) {
    constexpr std::string_view kYaml =
        "datasources:\n  computed:\n    fields: {}\n  sample:\n    fields:\n      verdict: {annotations: "
        "{}}\n";
    EXPECT_EQ(ids(check(sources_of_sample(), kYaml)),
              (std::vector<std::string>{"metadata-unknown-datasource", "metadata-unknown-field"}));
    EXPECT_EQ(ids(check(sources_of_sample(), kYaml, "...computed...verdict...")),
              (std::vector<std::string>{}));
}

TEST(ValidateMetadata, GadgetWithoutProgramsIsCheckedToo) {
    constexpr std::string_view kYaml =
        "datasources:\n  processes:\n    fields:\n      comm:\n        annotations: {columns.with: \"8\"}\n";
    EXPECT_EQ(ids(check({}, kYaml)), (std::vector<std::string>{"metadata-unknown-annotation"}));
}

TEST(ValidateMetadata, AttachToLooksLikeTheTargetThatItReplaces) {
    struct Case {
        const char* section;
        const char* attach_to;
        bool fine;
    };
    constexpr Case kCases[] = {{"tracepoint/sched/sched_switch", "sched/sched_wakeup", true},
                               {"tracepoint/sched/sched_switch", "sched:sched_wakeup", false},
                               {"tracepoint/sched/sched_switch", "sched_wakeup", false},
                               {"tracepoint/sched/sched_switch", "gadget_program_disabled", true},
                               {"kprobe/vfs_read", "vfs_write", true},
                               {"kprobe/vfs_read", "kprobe/vfs_write", false},
                               {"uprobe/libc:malloc", "/usr/lib/libc.so.6:free", true},
                               {"uprobe/libc:malloc", "free", false},
                               {"usdt/libc:libc:memory_sbrk_more", "libc:memory_sbrk_more", false}};
    for (const auto& each : kCases) {
        model::ObjectFacts facts{.object = "object", .has_btf = true, .license = "GPL"};
        facts.programs.push_back(
            {.name = "p", .section = each.section, .parsed = model::parse_section(each.section)});
        const auto findings =
            ids(check(facts, "programs:\n  p:\n    attach_to: " + std::string(each.attach_to) + "\n"));
        const bool found =
            std::find(findings.begin(), findings.end(), "metadata-program-setting") != findings.end();
        EXPECT_EQ(found, !each.fine) << each.section << " " << each.attach_to;
    }
}

TEST(ValidateMetadata, FixReplacesExactlyTheMisspeltWord) {
    constexpr std::string_view kYaml =
        "datasources:\n  sample:\n    fields:\n      \"ok\":\n        annotations: {Columns.Widht: \"8\"}\n";
    const auto findings = check(sources_of_sample(), kYaml);
    ASSERT_EQ(ids(findings), (std::vector<std::string>{"key-case", "metadata-unknown-annotation"}));
    ASSERT_EQ(findings.all()[1].fixes.size(), 1U);
    const auto& fix = findings.all()[1].fixes[0];
    EXPECT_EQ(fix.range.line, 5U);
    EXPECT_EQ(fix.range.column, 23U);
    EXPECT_EQ(fix.range.end_column, 36U);
    EXPECT_EQ(fix.replacement, "columns.width");
}

// At run time the initial value of `const volatile int limit = 16` replaces what the metadata says: no error,
// whatever it says.
TEST(ValidateMetadata, DefaultThatIsReplacedIsNoErrorButSaidToBeWithoutEffect) {
    model::ObjectFacts facts;
    model::VariableFacts limit{.name = "limit", .section = ".rodata", .size = 4};
    limit.is_global = limit.is_const = limit.is_volatile = true;
    limit.type.kind = model::FieldKind::signed_int;
    limit.type.size = limit.type.element_size = 4;
    limit.initial = {std::byte{16}, std::byte{0}, std::byte{0}, std::byte{0}};
    facts.variables.push_back(limit);
    facts.params.emplace_back("limit");
    const auto with_default = [&](const std::string& text) {
        return ids(check(facts,
                         "name: x\nparams:\n  ebpf:\n    limit:\n      key: limit\n      description: d\n"
                         "      defaultValue: \"" +
                             text + "\"\n"));
    };
    for (const auto* same : {"16", "0x10", "0o20", "+16", ""})
        EXPECT_TRUE(with_default(same).empty()) << same;
    for (const auto* other : {"17", "true", "many", "99999999999"})
        EXPECT_EQ(with_default(other), std::vector<std::string>{"metadata-default-overridden"}) << other;
}

TEST(ValidateMetadata, DurationsAreThoseOfGo) {
    const auto with = [](const std::string& value) {
        return ids(
            check(sources_of_sample(),
                  "datasources:\n  rows:\n    annotations:\n      fetch-interval: \"" + value + "\"\n"));
    };
    for (const auto* good : {"0", "5s", "1h30m", "1.5s", "100ms", "250us"})
        EXPECT_TRUE(with(good).empty()) << good;
    for (const auto* bad : {"5", "s", "5 s", "1.2.3s", "5sec", "", "."})
        EXPECT_EQ(with(bad), (std::vector<std::string>{"metadata-annotation-value"})) << bad;
}

TEST(Validate, NamesOfStrangersCannotGarbleTheTerminal) {
    model::ObjectFacts facts;
    facts.has_btf = true;
    facts.license = "GPL";
    facts.programs.push_back({.name = "a\x1b[31m", .section = "b\x07", .parsed = std::nullopt});
    DiagnosticList findings;
    validate(facts, nullptr, {}, findings);
    ASSERT_EQ(findings.all().size(), 1U);
    EXPECT_EQ(findings.all()[0].message.find('\x1b'), std::string::npos);
    EXPECT_EQ(findings.all()[0].message.find('\x07'), std::string::npos);
}

TEST(Compare, AnObjectIsLikeItself) {
    DiagnosticList findings;
    compare(sample_facts(), sample_facts(), findings);
    EXPECT_TRUE(findings.all().empty());
}

}  // namespace
}  // namespace gadget::validator
