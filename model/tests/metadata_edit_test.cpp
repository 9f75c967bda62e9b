// SPDX-License-Identifier: Apache-2.0
#include "gadget/model/metadata_edit.h"

#include <gtest/gtest.h>

#include "gadget/model/manifest.h"

namespace gadget::model {
namespace {

Field field(std::string name, std::string type) {
    Field result;
    result.name = name;
    result.path = std::move(name);
    result.kind = FieldKind::unsigned_int;
    result.type_names = {std::move(type)};
    return result;
}

// A gadget with a tracer "open", an iterator over a map "stats", and two parameters.
ObjectFacts facts() {
    ObjectFacts object;
    object.tracers.push_back({"open", "events", "event", ""});
    EventSchema event{"event", 24, {field("timestamp_raw", "gadget_timestamp"), field("fd", "__u32")}};
    event.fields.push_back(field("__pad", "__u32"));
    object.structs["event"] = event;
    MapFacts map;
    map.name = "hits";
    map.key_schema = EventSchema{"key", 4, {field("pid", "gadget_pid")}};
    map.value_schema = EventSchema{"value", 8, {field("count", "__u64")}};
    object.maps.push_back(map);
    object.map_iterators.push_back({"stats", "hits", ""});
    object.params = {"targ_pid", "prefix"};
    VariableFacts prefix;
    prefix.name = "prefix";
    prefix.type.kind = FieldKind::c_string;
    for (const char c : std::string("/etc\0\0", 6)) prefix.initial.push_back(static_cast<std::byte>(c));
    object.variables.push_back(prefix);
    return object;
}

Result<MetadataUpdate> merge(std::string_view text, const ObjectFacts& object, DiagnosticList& findings) {
    const ObjectFacts* const objects[] = {&object};
    return merge_metadata(text, "gadget.yaml", "tiny", objects, findings);
}

std::string merged(std::string_view text) {
    DiagnosticList findings;
    auto update = merge(text, facts(), findings);
    EXPECT_TRUE(update) << update.error().to_string();
    if (!update) return {};
    DiagnosticList read;
    EXPECT_TRUE(parse_manifest(update->text, "gadget.yaml", read)) << update->text;
    // What is complete stays as it is.
    auto again = merge(update->text, facts(), findings);
    EXPECT_TRUE(again && again->added.empty() && again->text == update->text) << update->text;
    return update->text;
}

TEST(MergeMetadata, MakesANewFileOfWhatTheObjectKnows) {
    EXPECT_EQ(merged(""), R"(name: tiny
description: ""
datasources:
  open:
    fields:
      timestamp_raw:
        annotations:
          description: Time of the event
      fd:
        annotations:
          description: ""
  stats:
    fields:
      pid:
        annotations:
          description: Process ID
      count:
        annotations:
          description: ""
params:
  ebpf:
    targ_pid:
      key: pid
      description: Show only events of this process ID
    prefix:
      key: prefix
      defaultValue: "/etc"
      description: ""
)");
}

TEST(MergeMetadata, SaysWhatItAddedAndWhatIsLeftToWrite) {
    DiagnosticList findings;
    const auto update = merge("name: x\n", facts(), findings);
    ASSERT_TRUE(update);
    EXPECT_EQ(update->added, (std::vector<std::string>{"description", "datasources", "params"}));
    EXPECT_EQ(update->empty_descriptions, 4U);
}

// Comments, order, odd spacing, quotes, unknown keys: every old line is in the new text, in its order.
TEST(MergeMetadata, KeepsEveryByteThatWasThere) {
    const std::string_view before = R"(# the gadget of my friends
description:   'what it   does' # to be continued

x-unknown: {a: [1, 2], b: "}"}
datasources:
    # only one so far
    open:
        annotations:
            cli.clear-screen-before: "true"
        fields:
            fd:   # a descriptor
                annotations: {description: number}
                tags: [one]
            # more to come

programs:
    on_open:
        attach_to: anywhere
params:
    custom:
        level:
            values: {low: {patch: {}}}
name: tiny
# the end
)";
    const std::string after = merged(before);
    EXPECT_EQ(after, R"(# the gadget of my friends
description:   'what it   does' # to be continued

x-unknown: {a: [1, 2], b: "}"}
datasources:
    # only one so far
    open:
        annotations:
            cli.clear-screen-before: "true"
        fields:
            fd:   # a descriptor
                annotations: {description: number}
                tags: [one]
            # more to come
            timestamp_raw:
                annotations:
                    description: Time of the event
    stats:
        fields:
            pid:
                annotations:
                    description: Process ID
            count:
                annotations:
                    description: ""

programs:
    on_open:
        attach_to: anywhere
params:
    custom:
        level:
            values: {low: {patch: {}}}
    ebpf:
        targ_pid:
            key: pid
            description: Show only events of this process ID
        prefix:
            key: prefix
            defaultValue: "/etc"
            description: ""
name: tiny
# the end
)");
}

TEST(MergeMetadata, FillsEmptyMappingsOfEveryStyle) {
    const std::string tail =
        "params: {ebpf: {targ_pid: {key: p}, prefix: {key: q}}}\nname: n\ndescription: d\n";
    const std::string block = merged("datasources:\n  open:\n    fields:  # none\n  stats: {}\n" + tail);
    EXPECT_TRUE(block.starts_with("datasources:\n  open:\n    fields:  # none\n      timestamp_raw:\n"))
        << block;
    EXPECT_NE(block.find("  stats: {fields: {pid: {annotations: {description: Process ID}}, "), block.npos)
        << block;
    const std::string null = merged("datasources: ~\n" + tail);
    EXPECT_TRUE(null.starts_with("datasources: {open: {fields: {timestamp_raw: ")) << null;
    const std::string flow =
        merged("datasources: {open: {fields: {fd: {}, }}, stats: {fields: {pid: , count: }}}\n" + tail);
    EXPECT_TRUE(flow.starts_with("datasources: {open: {fields: {fd: {}, timestamp_raw: {annotations"))
        << flow;
}

TEST(MergeMetadata, KeepsLineEndsOfWindowsAndAFileWithoutALastOne) {
    const std::string windows = merged("name: n\r\ndescription: d\r\n");
    EXPECT_EQ(windows.find('\n'), windows.find("\r\n") + 1);
    for (std::size_t at = windows.find('\n'); at != windows.npos; at = windows.find('\n', at + 1))
        EXPECT_EQ(windows[at - 1], '\r');
    EXPECT_TRUE(
        merged("name: n\ndescription: last").starts_with("name: n\ndescription: last\ndatasources:\n"));
    EXPECT_TRUE(merged("# only a comment").starts_with("# only a comment\nname: tiny\n"));
    EXPECT_TRUE(merged("---\nname: n\n...\n").ends_with("description: \"\"\n...\n"));
}

TEST(MergeMetadata, UsesTheAuthorsSpellingAndTheOldPlaceOfParameters) {
    const std::string text =
        merged("Name: n\ndescription: d\ndataSources:\n  open: {}\nebpfParams:\n  prefix:\n    key: p\n");
    EXPECT_EQ(text.find("name:"), text.npos) << text;
    EXPECT_EQ(text.find("datasources:"), text.npos) << text;
    EXPECT_EQ(text.find("params:"), text.npos) << text;
    EXPECT_TRUE(
        text.ends_with("  targ_pid:\n    key: pid\n    description: Show only events of this process ID\n"))
        << text;
}

TEST(MergeMetadata, AddsTheKeyThatAParameterMustHave) {
    const std::string text = merged("params:\n  ebpf:\n    prefix:\n      description: mine\n");
    EXPECT_NE(text.find("      description: mine\n      key: prefix\n"), text.npos) << text;
    EXPECT_EQ(text.find("/etc"), text.npos) << text;
}

TEST(MergeMetadata, WorksWithoutAnObject) {
    DiagnosticList findings;
    const auto update = merge_metadata("description: d\n", "gadget.yaml", "meta", {}, findings);
    ASSERT_TRUE(update);
    EXPECT_EQ(update->text, "description: d\nname: meta\n");
}

TEST(MergeMetadata, QuotesNamesThatYamlTakesForSomethingElse) {
    ObjectFacts object;
    object.params = {"on", "null"};
    DiagnosticList findings;
    const auto update = merge("name: \"yes\"\ndescription: d\n", object, findings);
    ASSERT_TRUE(update);
    EXPECT_NE(update->text.find("    \"on\":\n      key: \"on\"\n"), std::string::npos) << update->text;
}

// An addition to an anchor would show up in all its aliases.
TEST(MergeMetadata, RefusesAnAliasWhereSomethingIsMissing) {
    DiagnosticList findings;
    const auto update = merge("x: &shared {fields: {}}\ndatasources:\n  open: *shared\n  stats: *shared\n",
                              facts(), findings);
    ASSERT_FALSE(update);
    EXPECT_EQ(update.error().code, ErrorCode::rejected_input);
    EXPECT_NE(update.error().message.find("gadget.yaml"), std::string::npos) << update.error().message;
    EXPECT_FALSE(update.error().hint.empty());
}

TEST(MergeMetadata, LeavesAValueOfTheWrongTypeToTheValidator) {
    DiagnosticList findings;
    const auto update = merge("name: n\ndescription: d\ndatasources: none\nparams: []\n", facts(), findings);
    ASSERT_TRUE(update) << update.error().to_string();
    EXPECT_TRUE(update->added.empty());
}

TEST(MergeMetadata, RefusesABrokenFileWithAFinding) {
    DiagnosticList findings;
    const auto update = merge("name: [\n", facts(), findings);
    ASSERT_FALSE(update);
    EXPECT_EQ(update.error().code, ErrorCode::rejected_input);
    EXPECT_EQ(findings.all().size(), 1U);
}

FixIt fix(unsigned line, unsigned column, unsigned end_line, unsigned end_column, std::string text) {
    return {{"f", line, column, end_line, end_column}, std::move(text)};
}

TEST(ApplyFixes, ReplacesInsertsAndDeletesInAnyOrder) {
    const std::vector<FixIt> fixes{fix(3, 1, 4, 1, ""), fix(1, 1, 1, 5, "title"), fix(2, 3, 0, 0, "X"),
                                   fix(2, 3, 0, 0, "Y")};
    const auto fixed = apply_fixes("name: n\nabc\ngone\nlast", fixes);
    ASSERT_TRUE(fixed) << fixed.error().to_string();
    EXPECT_EQ(*fixed, "title: n\nabXYc\nlast");
}

TEST(ApplyFixes, RefusesPlacesThatAreNotThereAndOverlaps) {
    EXPECT_FALSE(apply_fixes("a\n", std::vector<FixIt>{fix(9, 1, 9, 2, "")}));
    EXPECT_FALSE(apply_fixes("a\n", std::vector<FixIt>{fix(1, 5, 1, 6, "")}));
    EXPECT_FALSE(apply_fixes("abc\n", std::vector<FixIt>{fix(1, 2, 1, 1, "")}));
    EXPECT_FALSE(apply_fixes("abc\n", std::vector<FixIt>{fix(1, 1, 1, 3, "x"), fix(1, 2, 1, 3, "y")}));
}

}  // namespace
}  // namespace gadget::model
