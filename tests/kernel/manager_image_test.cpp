// SPDX-License-Identifier: Apache-2.0
// What is done to the bytes of an object before libbpf sees them: constants in assembler symbols, patched
// instructions; and copies of programs with constants of their own.
#include <linux/bpf.h>

#include <algorithm>
#include <random>

#include "kernel_fixture.h"
#include "object_image.h"

namespace gadget::runtime {
namespace {

using Image = KernelTest;

const Bytes kPacket(64);

std::uint32_t run(const Manager& manager, const char* program) {
    const auto outcome = manager.test_run(program, {.data = kPacket});
    EXPECT_TRUE(outcome.has_value()) << outcome.error().to_string();
    return outcome ? outcome->return_value : 0;
}

Constant constant(std::string name, std::uint64_t value) {
    Constant result;
    result.name = std::move(name);
    result.value = bytes_of(value);
    return result;
}

TEST_F(Image, Case038_AssemblerConstantReachesTheProgram) {
    ManagerSpec spec = spec_of("asm_constants");
    spec.constants = {constant("constant", 1)};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    EXPECT_EQ(run(*manager, "on_constant"), 1U);
    auto unset = init_manager(spec_of("asm_constants"));
    ASSERT_OK(unset);
    EXPECT_EQ(run(*unset, "on_constant"), 0U);
    spec.constants = {constant("no_constant", 1)};
    const auto unknown = init_manager(spec);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    EXPECT_NE(unknown.error().message.find("no_constant"), std::string::npos);
}

TEST_F(Image, Case039_TheHighBitOfAnAssemblerConstantSurvives) {
    ManagerSpec spec = spec_of("asm_constants");
    spec.constants = {constant("constant", UINT64_MAX)};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    EXPECT_EQ(run(*manager, "on_high_bit"), 1U);
    EXPECT_EQ(run(*manager, "on_constant"), UINT32_MAX);
}

TEST_F(Image, Case040_AssemblerConstantReachesAnAttachedProgram) {
    ManagerSpec spec = spec_of("asm_constants");
    spec.probes = {probe("on_both", own_function())};
    spec.constants = {constant("constant", 123)};
    START_OR_SKIP(manager, spec);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, 0, "seen"), 100'123U);
}

TEST_F(Image, Case041_ConstantsOfOneProbe) {
    ManagerSpec spec = spec_of("asm_constants");
    for (const char* const uid : {"a", "b"}) {
        spec.probes.push_back(probe("on_both", own_function(), uid));
        spec.probes.back().own_copy = true;
        const std::uint64_t value = *uid == 'a' ? 1 : 2;
        spec.constants.push_back(constant("constant", value));
        spec.constants.back().probes = {spec.probes.back().id};
    }
    spec.constants.push_back(constant("answer", 5));
    spec.constants.back().probes = {spec.probes.back().id};
    START_OR_SKIP(manager, spec);
    EXPECT_EQ(gadget_test_target(1), 2);
    EXPECT_EQ(count_of(*manager, 0, "seen"), 1 + 100'000 + 2 + 5'000U) << "each with its own";

    spec.constants.push_back(constant("unused", 1));
    EXPECT_FALSE(init_manager(spec)) << "an unknown one is an error";
    spec.constants.back().optional = true;
    EXPECT_OK(init_manager(spec));
    spec.constants.back().probes = {{"on_both", "c"}};
    EXPECT_FALSE(Manager::create(spec)) << "for a probe that does not exist";
}

TEST_F(Image, Case043_AssemblerConstantsHaveEightBytes) {
    ManagerSpec spec = spec_of("asm_constants");
    spec.constants = {constant("constant", 1)};
    spec.constants.front().value.resize(4);
    const auto refused = init_manager(spec);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().message.find("8 bytes"), std::string::npos);
    EXPECT_NE(refused.error().message.find("given has 4"), std::string::npos);
}

TEST(ObjectImage, Case044_OtherObjectsStayAsTheyAre) {
    for (const char* const name : {"fire", "maps", "net", "perf", "refused"}) {
        const Bytes bytes = object_bytes(name);
        const ObjectImage image = ObjectImage::open(bytes);
        EXPECT_FALSE(image.changed()) << name;
        EXPECT_EQ(image.bytes().data(), bytes.data()) << name;
    }
    const Bytes bytes = object_bytes("asm_constants");
    const ObjectImage image = ObjectImage::open(bytes);
    EXPECT_TRUE(image.changed());
    ASSERT_TRUE(image.asm_uses().contains("constant"));
    EXPECT_EQ(image.asm_uses().at("constant").size(), 3U);
}

TEST(ObjectImage, Case044_DamagedObjectsNeverCrash) {
    const Bytes whole = object_bytes("asm_constants");
    std::mt19937 random(4711);
    const InstructionPatcher nothing = [](const std::string&, std::span<Instruction>) {
        return Result<void>();
    };
    for (int round = 0; round < 3000; ++round) {
        Bytes bytes = whole;
        if (round % 3 == 0) bytes.resize(random() % bytes.size());
        for (int i = 0; i < 8 && !bytes.empty(); ++i) {
            // Mostly the headers, where lengths and offsets are.
            const std::size_t range =
                random() % 2 == 0 ? std::min<std::size_t>(bytes.size(), 64) : bytes.size();
            bytes[random() % range] = static_cast<std::byte>(random());
        }
        ObjectImage image = ObjectImage::open(bytes);
        (void)image.set_constants(std::vector{constant("constant", 1)}, "damaged");
        (void)image.patch(std::span(&nothing, 1));
        EXPECT_EQ(image.bytes().size(), bytes.size());
    }
}

InstructionPatcher replace_call(std::int32_t from) {
    return [from](const std::string&, std::span<Instruction> instructions) {
        for (Instruction& instruction : instructions) {
            if (instruction.code == (BPF_JMP | BPF_CALL) && instruction.immediate == from)
                instruction.immediate = BPF_FUNC_ktime_get_ns;
        }
        return Result<void>();
    };
}

TEST_F(Image, Case045_PatchersMakeAProgramLoadable) {
    ManagerSpec spec = spec_of("patched");
    spec.patchers = {replace_call(100001), replace_call(100002)};
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    EXPECT_EQ(run(*manager, "on_patched"), 1U);
    for (const std::int32_t only : {100001, 100002}) {
        spec.patchers = {replace_call(only)};
        EXPECT_FALSE(init_manager(spec)) << only;
    }
    spec.patchers = {[](const std::string&, std::span<Instruction>) -> Result<void> {
        return Error{ErrorCode::invalid_argument, "not this one"};
    }};
    EXPECT_NE(init_manager(spec).error().to_string().find("not this one"), std::string::npos);
}

TEST_F(Image, Case046_ValuesByFunction) {
    ManagerSpec spec = spec_of("asm_constants");
    std::vector<std::string> asked;
    spec.constants = {constant("constant", 0)};
    spec.constants.front().value_for = [&](const std::string& function) {
        asked.push_back(function);
        return bytes_of(std::uint64_t{function == "on_high_bit" ? UINT64_MAX : 7});
    };
    auto manager = init_manager(spec);
    ASSERT_OK(manager);
    std::ranges::sort(asked);
    EXPECT_EQ(asked, (std::vector<std::string>{"on_both", "on_constant", "on_high_bit"}));
    EXPECT_EQ(run(*manager, "on_constant"), 7U);
    EXPECT_EQ(run(*manager, "on_high_bit"), 1U);
}

}  // namespace
}  // namespace gadget::runtime
