// SPDX-License-Identifier: Apache-2.0
// Checks for kernels beyond what the golden cases show: libbpf's inner interface, facts that are missing,
// damaged BTF.
#include <elf.h>
#include <gtest/gtest.h>
#include <linux/btf.h>

#include <cstring>
#include <filesystem>

#include "gadget/validator.h"
#include "kernel_code.h"
#include "sample_kernel.h"

namespace gadget::validator {
namespace {

namespace fs = std::filesystem;

struct Sample {
    Bytes object;
    model::ObjectFacts facts;
};

Sample sample(const std::string& id, const std::string& side) {
    const auto object = read_file(fs::path(GADGETKIT_KERNEL_OBJECTS) / id / (side + ".bpf.o"));
    EXPECT_TRUE(object.has_value());
    const auto facts = inspect(object.value_or(Bytes{}), {.object_name = "sample"});
    EXPECT_TRUE(facts.has_value());
    return {object.value_or(Bytes{}), facts.value_or(model::ObjectFacts{})};
}

Result<KernelRow> check(const Sample& sample, const model::KernelFacts& kernel) {
    return check_kernel(sample.object, sample.facts, kernel);
}

std::string messages(const KernelRow& row) {
    std::string text;
    for (const auto& reason : row.object) text += reason.message + "\n";
    for (const auto& cell : row.programs) {
        for (const auto& reason : cell.reasons) text += cell.program + ": " + reason.message + "\n";
    }
    return text;
}

// Declared by us, so a libbpf with another layout must not go unnoticed.
TEST(LibbpfInterface, GivesTheValuesOfTheKernel) {
    const QuietLibbpf quiet;
    const auto bad = sample("kernel-core-relocation", "bad");
    const auto code = read_code(bad.object, bad.facts);
    ASSERT_TRUE(code.has_value()) << code.error().to_string();
    auto types = KernelTypes::open(sample_kernel());
    ASSERT_TRUE(types.has_value()) << types.error().to_string();
    std::map<std::string, CoreResult> results;
    for (const auto& section : code->sections) {
        for (const auto& relocation : section.relocations) {
            const auto candidates = types->candidates(code->types.get(), relocation.type_id);
            ASSERT_TRUE(candidates.has_value());
            ASSERT_EQ((*candidates)->count, 1);
            CoreSpec scratch[3] = {};
            CoreResult result{};
            ASSERT_EQ(bpf_core_calc_relo_insn("test", &relocation, 0, code->types.get(), *candidates, scratch,
                                              &result),
                      0);
            ASSERT_EQ(scratch[0].types, code->types.get());
            ASSERT_EQ(scratch[0].step_count, 2);
            ASSERT_EQ(scratch[0].raw_count, 2);
            ASSERT_EQ(scratch[0].kind, BPF_CORE_FIELD_BYTE_OFFSET);
            results[scratch[0].steps[1].name] = result;
        }
    }
    ASSERT_EQ(results.size(), 2U);
    EXPECT_FALSE(results["pid"].poison);
    EXPECT_EQ(results["pid"].original, 0U);
    EXPECT_EQ(results["pid"].value, 8U);
    EXPECT_EQ(results["pid"].new_size, 4U);
    EXPECT_TRUE(results["exit_signal"].poison);
}

TEST(LibbpfInterface, PatchesAndPoisonsInstructions) {
    bpf_insn insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .src_reg = 0, .off = 0, .imm = 4};
    const bpf_core_relo relocation{
        .insn_off = 0, .type_id = 1, .access_str_off = 0, .kind = BPF_CORE_FIELD_BYTE_OFFSET};
    CoreResult result{.original = 4, .value = 24, .poison = false, .validate = true};
    ASSERT_EQ(bpf_core_patch_insn("test", &insn, 0, &relocation, 0, &result), 0);
    EXPECT_EQ(insn.imm, 24);
    result.poison = true;
    ASSERT_EQ(bpf_core_patch_insn("test", &insn, 0, &relocation, 0, &result), 0);
    EXPECT_EQ(insn.code, BPF_JMP | BPF_CALL);
    EXPECT_EQ(insn.imm, kPoisonedCall);
}

TEST(KernelCheck, NamesThePlaceOfTheAccess) {
    const auto bad = sample("kernel-core-relocation", "bad");
    const auto row = check(bad, sample_kernel());
    ASSERT_TRUE(row.has_value()) << row.error().to_string();
    ASSERT_EQ(row->programs.size(), 1U);
    ASSERT_EQ(row->programs[0].reasons.size(), 1U) << messages(*row);
    // The compiler loads the offset of a member a little before the access.
    EXPECT_TRUE(row->programs[0].reasons[0].source.file.ends_with("program.bpf.c"));
    EXPECT_GE(row->programs[0].reasons[0].source.line, 15U);
    EXPECT_LE(row->programs[0].reasons[0].source.line, 16U);
    EXPECT_EQ(row->verdict(), KernelVerdict::fails);
}

TEST(KernelCheck, GuardedCodeDoesNotCount) {
    for (const auto* id : {"kernel-core-relocation", "kernel-helper", "kernel-symbol"}) {
        const auto row = check(sample(id, "good"), sample_kernel());
        ASSERT_TRUE(row.has_value()) << row.error().to_string();
        EXPECT_EQ(row->verdict(), KernelVerdict::runs) << messages(*row);
    }
}

model::Manifest attach_to(const model::ObjectFacts& facts, const std::string& target) {
    model::Manifest manifest;
    for (const auto& program : facts.programs)
        manifest.programs[program.name].settings["attach_to"] = {.value = target};
    return manifest;
}

TEST(KernelCheck, TheMetadataMayNameTheTarget) {
    auto bad = sample("kernel-target", "bad");
    std::erase_if(bad.facts.programs,
                  [](const auto& program) { return !program.section.starts_with("kprobe/"); });
    ASSERT_FALSE(bad.facts.programs.empty());
    const auto before = check(bad, sample_kernel());
    ASSERT_TRUE(before.has_value());
    EXPECT_EQ(before->verdict(), KernelVerdict::fails);
    for (const std::string target : {"vfs_read", "gadget_program_disabled"}) {
        const Sample named{bad.object, with_attach_to(bad.facts, attach_to(bad.facts, target))};
        const auto row = check(named, sample_kernel());
        ASSERT_TRUE(row.has_value());
        EXPECT_EQ(row->verdict(), KernelVerdict::runs) << messages(*row);
    }
    const Sample wrong{bad.object, with_attach_to(bad.facts, attach_to(bad.facts, "vfs_raed"))};
    EXPECT_NE(messages(check(wrong, sample_kernel()).value_or(KernelRow{})).find("vfs_raed"),
              std::string::npos);
}

TEST(KernelCheck, TheMetadataCannotMoveWhatIsBoundWhenLoaded) {
    model::ObjectFacts facts;
    facts.programs.push_back(
        {.name = "p", .section = "fentry/vfs_read", .parsed = model::parse_section("fentry/vfs_read")});
    EXPECT_EQ(with_attach_to(facts, attach_to(facts, "vfs_write")).programs[0].parsed->target, "vfs_read");
    EXPECT_EQ(
        with_attach_to(facts, attach_to(facts, std::string(kDisabledTarget))).programs[0].parsed->target,
        kDisabledTarget);
}

TEST(Helpers, HaveTheNamesThatProgramsCallThemBy) {
    EXPECT_EQ(helper_name(BPF_FUNC_map_lookup_elem), "bpf_map_lookup_elem");
    EXPECT_EQ(helper_name(BPF_FUNC_ringbuf_output), "bpf_ringbuf_output");
    EXPECT_EQ(helper_name(4'000'000'000), "#4000000000");
}

TEST(KernelCheck, SaysWhatIsNotKnown) {
    auto kernel = sample_kernel();
    kernel.tracepoints.reset();
    const auto row = check(sample("kernel-target", "good"), kernel);
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->verdict(), KernelVerdict::unknown);
    const auto text = messages(*row);
    EXPECT_NE(text.find("whether its category is 'sched' is not known offline"), std::string::npos) << text;
    EXPECT_NE(text.find("active LSMs"), std::string::npos) << text;
    for (const auto& cell : row->programs) EXPECT_NE(cell.verdict(), KernelVerdict::fails) << cell.program;
}

TEST(KernelCheck, WithoutSymbolsNothingIsClaimedAboutThem) {
    auto kernel = sample_kernel();
    kernel.symbols = {};
    kernel.tracepoints.reset();
    kernel.has_module_symbols = false;
    for (const auto* side : {"good", "bad"}) {
        const auto row = check(sample("kernel-target", side), kernel);
        ASSERT_TRUE(row.has_value());
        const auto& kprobe = row->programs.front();
        EXPECT_EQ(kprobe.verdict(), KernelVerdict::unknown) << messages(*row);
    }
}

TEST(KernelCheck, KernelsOfWhichNothingIsKnownFailNothingButRelocations) {
    const model::KernelFacts empty{.id = "empty"};
    const auto plain = check(sample("kernel-no-btf", "good"), empty);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(plain->verdict(), KernelVerdict::unknown);
    const auto relocated = check(sample("kernel-no-btf", "bad"), empty);
    ASSERT_TRUE(relocated.has_value());
    ASSERT_EQ(relocated->object.size(), 1U);
    EXPECT_EQ(relocated->object[0].id, "kernel-no-btf");
}

TEST(KernelCheck, TrampolinesNeedDirectCalls) {
    auto kernel = sample_kernel();
    kernel.arch = model::Arch::arm64;
    kernel.symbols = model::SymbolList::of({{"security_file_open", 'T'}, {"register_kprobe", 'T'}});
    const auto row = check(sample("kernel-target", "good"), kernel);
    ASSERT_TRUE(row.has_value());
    for (const auto& cell : row->programs) {
        if (cell.program == "on_check" || cell.program == "on_file") {
            EXPECT_EQ(cell.verdict(), KernelVerdict::fails) << cell.program;
            EXPECT_EQ(cell.reasons[0].id, "kernel-program-type");
        }
    }
}

TEST(KernelReport, TellsEachReasonOnceWithAllKernels) {
    const auto bad = sample("kernel-helper", "bad");
    auto kernel = sample_kernel();
    auto first = check(bad, kernel);
    kernel.id = "other";
    auto second = check(bad, kernel);
    ASSERT_TRUE(first.has_value() && second.has_value());
    DiagnosticList findings;
    report_kernels(bad.facts, std::vector{*first, *second}, findings);
    ASSERT_EQ(findings.all().size(), 2U);
    EXPECT_NE(findings.all()[0].message.find("kernels sample/amd64 and other/amd64"), std::string::npos)
        << findings.all()[0].message;
}

TEST(KernelCheck, DamagedBtfOfTheKernelIsRefused) {
    const auto good = sample("kernel-core-relocation", "good");
    auto kernel = sample_kernel();
    kernel.btf.resize(kernel.btf.size() / 2);
    const auto row = check(good, kernel);
    ASSERT_FALSE(row.has_value());
    EXPECT_EQ(row.error().code, ErrorCode::corrupt_data);
}

// Every byte of the types is changed, one at a time: whatever libbpf gets to see, it must live through it.
TEST(KernelCheck, DamagedTypesAreHarmless) {
    const auto good = sample("kernel-core-relocation", "good");
    const auto intact = sample_kernel();
    int refused = 0;
    for (std::size_t i = 24; i < intact.btf.size(); i += 3) {
        for (const auto bits : {std::byte{0xff}, std::byte{0x01}, std::byte{0x80}}) {
            auto kernel = intact;
            kernel.btf[i] ^= bits;
            if (!check(good, kernel)) ++refused;
        }
    }
    EXPECT_GT(refused, 100);
}

// Found by fuzz_kernel.
TEST(KernelCheck, SectionsTooShortForAnInstructionAreHarmless) {
    auto cut = sample("kernel-helper", "good");
    Elf64_Ehdr header;
    std::memcpy(&header, cut.object.data(), sizeof(header));
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        auto* place = cut.object.data() + header.e_shoff + i * sizeof(Elf64_Shdr);
        Elf64_Shdr section;
        std::memcpy(&section, place, sizeof(section));
        if ((section.sh_flags & SHF_EXECINSTR) == 0) continue;
        section.sh_size = sizeof(bpf_insn) - 1;
        std::memcpy(place, &section, sizeof(section));
    }
    const auto facts = inspect(cut.object, {.object_name = "cut"});
    if (facts) (void)check_kernel(cut.object, *facts, sample_kernel());
    EXPECT_EQ(check(cut, sample_kernel()).has_value(), false) << "its programs have no code";
}

// Found by fuzz_kernel.
TEST(KernelCheck, RelocationsOfUnknownKindAreRefused) {
    auto bad = sample("kernel-core-relocation", "bad");
    std::size_t place = 0;
    {
        const auto elf = ElfView::open(bad.object);
        ASSERT_TRUE(elf.has_value());
        const auto* ext = elf->find_section(".BTF.ext");
        ASSERT_NE(ext, nullptr);
        const auto header = read_at<std::uint32_t>(ext->data, 4).value_or(0);
        const auto table = header + read_at<std::uint32_t>(ext->data, 24).value_or(0);
        // The size of a record, the name and count of a section, then instruction, type, access and kind.
        place = static_cast<std::size_t>(ext->data.data() - bad.object.data()) + table + 4 + 8 + 12;
    }
    ASSERT_LT(place + 4, bad.object.size());
    bad.object[place] = std::byte{42};
    const auto row = check(bad, sample_kernel());
    ASSERT_FALSE(row.has_value());
    EXPECT_NE(row.error().message.find("unknown kind 42"), std::string::npos) << row.error().to_string();
}

TEST(SoundBtf, TypesThatContainThemselvesAreRefused) {
    const auto put = [](std::string& text, std::initializer_list<std::uint32_t> words) {
        for (const auto word : words) text.append(reinterpret_cast<const char*>(&word), sizeof word);
    };
    const auto btf = [&](std::initializer_list<std::uint32_t> types) {
        std::string text;
        const auto size = static_cast<std::uint32_t>(types.size() * 4);
        put(text, {0x0001eb9f, 24, 0, size, size, 5});
        put(text, types);
        return text + std::string("\0abc\0", 5);
    };
    const auto info = [](std::uint32_t kind, std::uint32_t count) { return kind << 24 | count; };
    // typedef abc [1], struct abc { [1] }, array of itself; and a struct that only points to itself
    const auto renamed = btf({1, info(BTF_KIND_TYPEDEF, 0), 1});
    const auto nested = btf({1, info(BTF_KIND_STRUCT, 1), 8, 1, 1, 0});
    const auto array = btf({0, info(BTF_KIND_ARRAY, 0), 0, 1, 1, 4});
    const auto list = btf({1, info(BTF_KIND_STRUCT, 1), 8, 1, 2, 0, 0, info(BTF_KIND_PTR, 0), 1});
    const auto missing = btf({0, info(BTF_KIND_PTR, 0), 7});
    const auto nameless = btf({5, info(BTF_KIND_STRUCT, 0), 8});
    for (const auto* text : {&renamed, &nested, &array, &missing, &nameless})
        EXPECT_FALSE(check_sound(as_bytes(*text), "test").has_value());
    EXPECT_TRUE(check_sound(as_bytes(list), "test").has_value());
}

}  // namespace
}  // namespace gadget::validator
