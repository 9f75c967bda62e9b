// SPDX-License-Identifier: Apache-2.0
// gadget validate --kernel and --target, with what every machine has: its own kernel and executables.
#include <nlohmann/json.hpp>

#include "command.h"

namespace gadget::tests {
namespace {

using KernelValidateCommand = CommandTest;

constexpr const char* kHostBtf = "/sys/kernel/btf/vmlinux";

std::string program(const std::string& section) {
    return "// SPDX-License-Identifier: GPL-2.0\n"
           "#include <vmlinux.h>\n"
           "#include <bpf/bpf_helpers.h>\n"
           "SEC(\"" +
           section +
           "\")\n"
           "int on_event(void *ctx)\n{\n\treturn 0;\n}\n"
           "char LICENSE[] SEC(\"license\") = \"GPL\";\n";
}

TEST_F(KernelValidateCommand, ThisKernelHasItsRowInTheJson) {
    if (!std::filesystem::exists(kHostBtf)) GTEST_SKIP() << "missing: BTF of the running kernel";
    const auto path = folder("ok", {{"program.bpf.c", program("tp_btf/sched_switch")}});
    const auto result = gadget({"validate", path.string(), "--kernel", "host", "--format", "json"});
    EXPECT_EQ(result.status, 0) << result.err;
    const auto json = nlohmann::json::parse(result.out, nullptr, false);
    ASSERT_TRUE(json.is_object()) << result.out;
    EXPECT_EQ(json["version"], 1);
    EXPECT_EQ(json["kernels"]["version"], 1);
    ASSERT_EQ(json["kernels"]["rows"].size(), 1U);
    EXPECT_TRUE(json["kernels"]["rows"][0]["kernel"].get<std::string>().starts_with("host/"));
    EXPECT_EQ(json["kernels"]["rows"][0]["programs"][0]["program"], "on_event");
}

TEST_F(KernelValidateCommand, WhatAKernelLacksIsAFindingAtTheSource) {
    if (!std::filesystem::exists(kHostBtf)) GTEST_SKIP() << "missing: BTF of the running kernel";
    const auto path = folder("bad", {{"program.bpf.c", program("iter/no_such_thing")}});
    // Raw BTF says nothing about symbols, but all about iterators.
    const auto result = gadget({"validate", path.string(), "--kernel", kHostBtf});
    EXPECT_EQ(result.status, 1) << result.err;
    EXPECT_NE(result.err.find((path / "program.bpf.c").string() + ":"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("[kernel-target]"), std::string::npos) << result.err;
    EXPECT_NE(result.out.find("on_event"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("fails"), std::string::npos) << result.out;
}

TEST_F(KernelValidateCommand, FindingsAboutKernelsAreAllowedLikeOthers) {
    if (!std::filesystem::exists(kHostBtf)) GTEST_SKIP() << "missing: BTF of the running kernel";
    const auto text = program("fentry/no_such_function_anywhere");
    const auto by_file = folder(
        "file",
        {{"program.bpf.c", text}, {"build.yaml", "allow:\n  kernel-target-unconfirmed: newer only\n"}});
    const auto validate = [&](const std::filesystem::path& path) {
        return gadget({"validate", path.string(), "--kernel", kHostBtf, "--strict"});
    };
    const auto allowed = validate(by_file);
    EXPECT_EQ(allowed.status, 0) << allowed.err;
    EXPECT_NE(allowed.out.find("unknown"), std::string::npos) << "the table still tells: " << allowed.out;

    auto commented = text;
    commented.replace(commented.find("return 0;"), 9,
                      "return 0; // gadget:allow(kernel-target-unconfirmed): newer only");
    const auto by_comment = validate(folder("comment", {{"program.bpf.c", commented}}));
    EXPECT_EQ(by_comment.status, 0) << by_comment.err;

    const auto other =
        folder("other", {{"program.bpf.c", text}, {"build.yaml", "allow:\n  kernel-helper: newer only\n"}});
    EXPECT_EQ(validate(other).status, 1);
}

TEST_F(KernelValidateCommand, TheMetadataMayNameTheTarget) {
    const auto text = program("uprobe/gadget:no_such_function");
    const auto path =
        folder("moved", {{"program.bpf.c", text},
                         {"gadget.yaml", "name: m\nprograms:\n  on_event:\n    attach_to: gadget:main\n"}});
    const auto result = gadget({"validate", path.string(), "--target", GADGET_EXECUTABLE});
    EXPECT_EQ(result.err.find("no_such_function"), std::string::npos) << result.err;
}

TEST_F(KernelValidateCommand, AGadgetWithoutProgramRunsOnEveryKernel) {
    const auto path = folder("metadata", {{"gadget.yaml", "name: m\ndatasources:\n  processes: {}\n"}});
    const auto result = gadget({"validate", path.string(), "--kernel", "host"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find("no eBPF program"), std::string::npos) << result.out;
}

TEST_F(KernelValidateCommand, AnUnknownKernelIsAnErrorThatNamesTheKnownOnes) {
    const auto path = folder("ok", {{"program.bpf.c", program("tp_btf/sched_switch")}});
    const auto result = gadget({"validate", path.string(), "--kernel", "9.99"});
    EXPECT_NE(result.status, 0);
    EXPECT_NE(result.err.find("no kernel '9.99'"), std::string::npos) << result.err;
}

TEST_F(KernelValidateCommand, TargetsAreLookedAt) {
    const auto path = folder("target", {{"program.bpf.c", program("uprobe/gadget:no_such_function")}});
    const auto result = gadget({"validate", path.string(), "--target", GADGET_EXECUTABLE});
    EXPECT_EQ(result.status, 1) << result.err;
    EXPECT_NE(result.err.find("[target-symbol]"), std::string::npos) << result.err;
    const auto missing = gadget({"validate", path.string(), "--target", "/no/such/file"});
    EXPECT_NE(missing.status, 0);
    EXPECT_NE(missing.err.find("/no/such/file"), std::string::npos) << missing.err;
}

}  // namespace
}  // namespace gadget::tests
