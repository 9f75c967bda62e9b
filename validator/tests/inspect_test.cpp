// SPDX-License-Identifier: Apache-2.0
// What inspect() reads from an object that a compiler made.
#include <linux/bpf.h>

#include "sample.h"

namespace gadget::validator {
namespace {

using model::FieldKind;

class InspectSample : public testing::Test {
  protected:
    const model::Field& field(std::string_view path) {
        const auto* found = facts_.structs.at("event").find(path);
        if (found == nullptr) {
            ADD_FAILURE() << "no field " << path;
            static const model::Field kNone;
            return kNone;
        }
        return *found;
    }
    const model::ObjectFacts facts_ = sample_facts();
};

TEST_F(InspectSample, ReadsLicenseAndObjectName) {
    EXPECT_EQ(facts_.object, "sample");
    EXPECT_EQ(facts_.license, "GPL");
    EXPECT_TRUE(facts_.has_btf);
}

TEST_F(InspectSample, ListsProgramsInFileOrderWithoutSubprograms) {
    std::vector<std::string> names;
    for (const auto& program : facts_.programs) names.push_back(program.name);
    EXPECT_EQ(names, (std::vector<std::string>{"on_open", "on_unlink", "walk", "walk_again"}));
}

TEST_F(InspectSample, ReadsSectionAndTargetOfPrograms) {
    const auto* open = facts_.find_program("on_open");
    ASSERT_NE(open, nullptr);
    ASSERT_TRUE(open->parsed.has_value());
    EXPECT_EQ(open->parsed->kind->attach, model::AttachKind::tracepoint);
    EXPECT_EQ(open->parsed->target, "syscalls/sys_enter_openat");
    const auto* unlink = facts_.find_program("on_unlink");
    ASSERT_NE(unlink, nullptr);
    EXPECT_TRUE(unlink->parsed->optional);
    EXPECT_FALSE(unlink->is_static);
    EXPECT_GT(unlink->instructions, 5U);
}

TEST_F(InspectSample, NamesTheMapsOfProgramsAndOfTheFunctionsThatTheyCall) {
    const auto* open = facts_.find_program("on_open");
    ASSERT_NE(open, nullptr);
    EXPECT_EQ(open->maps,
              (std::vector<std::string>{"events", "events_lost_samples", "counts", "gadget_heap"}));
    EXPECT_EQ(facts_.find_program("walk")->maps, std::vector<std::string>{});
}

TEST_F(InspectSample, FindsTheSourceLineOfPrograms) {
    const auto* walk = facts_.find_program("walk");
    ASSERT_NE(walk, nullptr);
    EXPECT_EQ(walk->source.file, "/gadget/sample.bpf.c");
    const auto source = read_text_file(GADGETKIT_SAMPLE_SOURCE);
    ASSERT_TRUE(source.has_value());
    const auto before = source->substr(0, source->find("int walk(void *ctx)"));
    const auto line = 1 + static_cast<unsigned>(std::count(before.begin(), before.end(), '\n'));
    EXPECT_GE(walk->source.line, line);
    EXPECT_LE(walk->source.line, line + 2);
}

TEST_F(InspectSample, ReadsMapsWithTypesAndSizes) {
    const auto* events = facts_.find_map("events");
    ASSERT_NE(events, nullptr);
    EXPECT_EQ(events->type, std::uint32_t{BPF_MAP_TYPE_RINGBUF});
    EXPECT_EQ(events->type_name, "ringbuf");
    EXPECT_EQ(events->max_entries, 256U * 1024);
    EXPECT_TRUE(events->referenced);

    const auto* counts = facts_.find_map("counts");
    ASSERT_NE(counts, nullptr);
    EXPECT_EQ(counts->key_type, "struct key");
    EXPECT_EQ(counts->key_size, 8U);
    EXPECT_EQ(counts->value_size, 8U);
    EXPECT_EQ(counts->flags, std::uint32_t{BPF_F_NO_PREALLOC});
    EXPECT_TRUE(counts->pinned_by_name);
    ASSERT_TRUE(counts->key_schema.has_value());
    EXPECT_NE(counts->key_schema->find("pid"), nullptr);

    const auto* outer = facts_.find_map("outer");
    ASSERT_NE(outer, nullptr);
    EXPECT_EQ(outer->value_size, 4U);
    EXPECT_FALSE(outer->referenced);
}

TEST_F(InspectSample, ReadsWhatMapsOfMapsHold) {
    const auto* outer = facts_.find_map("outer");
    ASSERT_NE(outer, nullptr);
    ASSERT_TRUE(outer->inner.has_value());
    EXPECT_EQ(outer->inner->type_name, "array");
    EXPECT_EQ(outer->inner->key_size, 4U);
    EXPECT_EQ(outer->inner->value_size, 8U);
    EXPECT_EQ(outer->inner->max_entries, 1U);
    EXPECT_FALSE(outer->has_programs);
    EXPECT_FALSE(facts_.find_map("counts")->inner.has_value());
}

TEST_F(InspectSample, ReadsParametersOfPrograms) {
    EXPECT_EQ(facts_.find_program("on_unlink")->parameters, std::vector<std::string>{"struct pt_regs *"});
    EXPECT_EQ(facts_.find_program("walk")->parameters, std::vector<std::string>{"void *"});
}

TEST_F(InspectSample, ReadsKfuncs) {
    ASSERT_EQ(facts_.kernel_symbols.size(), 1U);
    EXPECT_EQ(facts_.kernel_symbols[0].name, "bpf_task_from_pid");
    EXPECT_TRUE(facts_.kernel_symbols[0].is_function);
    EXPECT_TRUE(facts_.kernel_symbols[0].weak);
}

TEST_F(InspectSample, ReadsCoreRelocations) {
    const auto& all = facts_.core_relocations;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [](const auto& each) { return each.type == "struct task_struct"; });
    ASSERT_NE(found, all.end());
    EXPECT_EQ(found->program, "on_unlink");
    EXPECT_EQ(found->access, "0:0");
    EXPECT_EQ(found->kind, 0U);
    EXPECT_LT(found->instruction, facts_.find_program("on_unlink")->instructions);
}

TEST_F(InspectSample, NotesStructsThatMarkersKeep) {
    const auto kept = std::find_if(facts_.kept_structs.begin(), facts_.kept_structs.end(),
                                   [](const auto& each) { return each.struct_name == "event"; });
    EXPECT_NE(kept, facts_.kept_structs.end());
}

TEST_F(InspectSample, ReadsMarkers) {
    ASSERT_EQ(facts_.tracers.size(), 1U);
    EXPECT_EQ(facts_.tracers[0].name, "sample");
    EXPECT_EQ(facts_.tracers[0].map, "events");
    EXPECT_EQ(facts_.tracers[0].struct_name, "event");
    ASSERT_EQ(facts_.iterators.size(), 1U);
    EXPECT_EQ(facts_.iterators[0].programs, (std::vector<std::string>{"walk", "walk_again"}));
    ASSERT_EQ(facts_.map_iterators.size(), 1U);
    EXPECT_EQ(facts_.map_iterators[0].map, "counts");
    EXPECT_EQ(facts_.params, (std::vector<std::string>{"min_size", "filter"}));
    EXPECT_EQ(facts_.buffers, (std::vector<std::string>{"events"}));
    EXPECT_TRUE(facts_.bad_markers.empty());
    EXPECT_TRUE(facts_.structs.contains("row"));
}

TEST_F(InspectSample, ReadsVariablesWithInitialValues) {
    const auto* size = facts_.find_variable("min_size");
    ASSERT_NE(size, nullptr);
    EXPECT_EQ(size->section, ".rodata");
    EXPECT_TRUE(size->is_const && size->is_volatile && size->is_global);
    EXPECT_EQ(size->initial, (std::vector<std::byte>{std::byte{42}, {}, {}, {}}));
    EXPECT_EQ(size->type.kind, FieldKind::unsigned_int);

    const auto* filter = facts_.find_variable("filter");
    ASSERT_NE(filter, nullptr);
    EXPECT_EQ(filter->size, 8U);
    EXPECT_EQ(filter->type.kind, FieldKind::c_string);
    EXPECT_TRUE(filter->is_const && filter->is_volatile);

    const auto* offset = facts_.find_variable("offset");
    ASSERT_NE(offset, nullptr);
    EXPECT_EQ(offset->type.kind, FieldKind::signed_int);
    EXPECT_EQ(offset->offset % 8, 0U);

    const auto* total = facts_.find_variable("total");
    ASSERT_NE(total, nullptr);
    EXPECT_EQ(total->section, ".bss");
    EXPECT_FALSE(total->is_const);
    EXPECT_TRUE(total->initial.empty());

    const auto* hidden = facts_.find_variable("hidden");
    ASSERT_NE(hidden, nullptr);
    EXPECT_FALSE(hidden->is_global);
    EXPECT_EQ(facts_.find_variable("gadget_tracer_sample___events___event"), nullptr)
        << "a marker is no variable";
}

TEST_F(InspectSample, CollectsHelpers) {
    EXPECT_TRUE(std::binary_search(facts_.helpers.begin(), facts_.helpers.end(),
                                   std::uint32_t{BPF_FUNC_map_delete_elem}));
    EXPECT_TRUE(std::binary_search(facts_.helpers.begin(), facts_.helpers.end(),
                                   std::uint32_t{BPF_FUNC_get_prandom_u32}))
        << "called by a subprogram";
}

TEST_F(InspectSample, KeepsTypedefChainOutermostFirst) {
    EXPECT_EQ(field("timestamp_raw").type_names, (std::vector<std::string>{"gadget_timestamp", "__u64"}));
    EXPECT_EQ(field("timestamp_raw").kind, FieldKind::unsigned_int);
}

TEST_F(InspectSample, FlattensNestedStructsInPreorder) {
    const auto& process = field("proc");
    EXPECT_EQ(process.kind, FieldKind::structure);
    EXPECT_TRUE(process.has_type("gadget_process"));
    EXPECT_EQ(field("proc.comm").kind, FieldKind::c_string);
    EXPECT_TRUE(field("proc.comm").has_type("gadget_comm"));
    EXPECT_EQ(field("proc.comm").offset, process.offset);
    EXPECT_EQ(field("proc.parent.pid").offset, process.offset + 56);
    EXPECT_TRUE(field("proc.parent.pid").has_type("gadget_ppid"));
    const auto& fields = facts_.structs.at("event").fields;
    for (std::size_t i = 0; i < fields.size(); ++i)
        EXPECT_LT(fields[i].parent, static_cast<int>(i)) << fields[i].path;
}

TEST_F(InspectSample, TakesUnionsApart) {
    const auto& address = field("src.addr_raw");
    EXPECT_EQ(address.kind, FieldKind::structure);
    EXPECT_EQ(address.size, 16U);
    EXPECT_TRUE(address.has_type("gadget_ip_addr_t"));
    EXPECT_EQ(field("src.addr_raw.v6").count, 16U);
    EXPECT_EQ(field("src.addr_raw.v4").offset, address.offset);
}

TEST_F(InspectSample, ReadsEnumsWithSign) {
    const auto& direction = field("direction_raw");
    EXPECT_EQ(direction.kind, FieldKind::signed_int);
    EXPECT_EQ(direction.enum_name, "direction");
    ASSERT_EQ(direction.enumerators.size(), 2U);
    EXPECT_EQ(direction.enumerators[0].value, -1);
    const auto& flags = field("flags_raw");
    EXPECT_EQ(flags.kind, FieldKind::unsigned_int);
    EXPECT_EQ(flags.enumerators[1].value, 0x80000000LL);
}

TEST_F(InspectSample, ReadsBitFields) {
    EXPECT_EQ(field("bits_low").bit_size, 3U);
    EXPECT_EQ(field("bits_low").bit_offset, 0U);
    EXPECT_EQ(field("bits_high").bit_size, 29U);
    EXPECT_EQ(field("bits_high").bit_offset, 3U);
    EXPECT_EQ(field("bits_high").offset, field("bits_low").offset);
    EXPECT_EQ(field("bits_high").element_size, 4U);
}

TEST_F(InspectSample, ReadsArraysAndStrings) {
    EXPECT_EQ(field("path").kind, FieldKind::c_string);
    EXPECT_EQ(field("path").size, 64U);
    EXPECT_FALSE(field("path").is_array);
    EXPECT_EQ(field("mac").kind, FieldKind::unsigned_int);
    EXPECT_TRUE(field("mac").is_array);
    EXPECT_EQ(field("mac").count, 6U);
    EXPECT_EQ(field("deltas").kind, FieldKind::signed_int);
    EXPECT_EQ(field("deltas").element_size, 2U);
}

TEST_F(InspectSample, ReadsOtherScalars) {
    EXPECT_EQ(field("ok").kind, FieldKind::boolean);
    EXPECT_EQ(field("letter").kind, FieldKind::signed_int);
    EXPECT_EQ(field("ratio").kind, FieldKind::floating);
}

TEST_F(InspectSample, FollowsTypedefsOfStructs) {
    EXPECT_EQ(field("pair").kind, FieldKind::structure);
    EXPECT_TRUE(field("pair").has_type("pair_t"));
    EXPECT_EQ(field("pair.b").offset, field("pair").offset + 4);
}

TEST_F(InspectSample, HoistsMembersOfAnonymousStructsAndUnions) {
    EXPECT_EQ(field("word").offset, field("bytes").offset);
    EXPECT_EQ(field("nested").parent, -1);
    EXPECT_EQ(field("nested").size, 8U);
}

TEST_F(InspectSample, LeavesOutPointersPaddingAndWhatHasNoSimpleKind) {
    const auto& event = facts_.structs.at("event");
    for (const char* name : {"matrix", "pairs", "src.addr_raw.v6_raw"})
        EXPECT_EQ(event.find(name), nullptr) << name;
    EXPECT_EQ(event.find("pointer"), nullptr);
    EXPECT_EQ(event.find("__padding"), nullptr);
}

TEST_F(InspectSample, HasNoFindingsButItsBitFields) {
    DiagnosticList findings;
    validate(facts_, nullptr, {}, findings);
    for (const auto& finding : findings.all()) {
        if (finding.id != "event-field-lost") ADD_FAILURE() << render(finding, {}, {});
    }
    EXPECT_EQ(findings.all().size(), 2U);
}

}  // namespace
}  // namespace gadget::validator
