// SPDX-License-Identifier: Apache-2.0
// Sources that compile: what the objects are, and what they do not depend on.
#include "fixture.h"
#include "object_summary.h"

namespace gadget::builder::testing {
namespace {

using Compile = BuilderTest;

bool has_section(const ObjectSummary& summary, std::string_view name) {
    return std::any_of(summary.sections.begin(), summary.sections.end(), [&](const std::string& section) {
        return section.starts_with(std::string(name) + ' ');
    });
}

TEST_F(Compile, MakesAnObjectForEachArchitecture) {
    const auto outputs = build(write("program.bpf.c", kTinyGadget));
    ASSERT_TRUE(outputs) << outputs.error().to_string();
    ASSERT_EQ(outputs->size(), 2U);
    EXPECT_EQ((*outputs)[0].arch, model::Arch::amd64);
    EXPECT_EQ((*outputs)[1].arch, model::Arch::arm64);
    EXPECT_TRUE(findings_.all().empty());
    for (const Output& output : *outputs) {
        const ObjectSummary summary = summarize(output.object);
        ASSERT_TRUE(summary.valid);
        EXPECT_TRUE(has_section(summary, "tracepoint/syscalls/sys_enter_openat"));
        EXPECT_TRUE(has_section(summary, ".maps"));
        EXPECT_EQ(std::count_if(summary.core_records.begin(), summary.core_records.end(),
                                [](const std::string& record) { return contains(record, "task_struct"); }),
                  2);
        EXPECT_FALSE(has_section(summary, ".debug_info"));
        EXPECT_FALSE(contains(output.object, ".debug"));
        ASSERT_EQ(output.inputs.size(), 1U);
        EXPECT_EQ(output.inputs[0], path("program.bpf.c"));
    }
}

TEST_F(Compile, GivesTheSameBytesInEveryFolderAndNamesNone) {
    const auto first = build(write("one/program.bpf.c", kTinyGadget));
    const auto second = build(write("another/deeper/folder/program.bpf.c", kTinyGadget));
    ASSERT_TRUE(first && second);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ((*first)[i].object, (*second)[i].object);
        EXPECT_FALSE(contains((*first)[i].object, path("").parent_path().string()));
        EXPECT_FALSE(contains((*first)[i].object, "/usr/"));
        EXPECT_TRUE(contains((*first)[i].object, "/gadget/program.bpf.c"));
    }
}

TEST_F(Compile, FindsHeadersBesideTheSourceOutsideItsFolderAndInIncludeFolders) {
    write("common/outside.h", "#pragma once\n#define OUTSIDE 1\n");
    write("lib/folder/named.h", "#define NAMED 2\n");
    write("gadget/sub/inner.h", "#include \"../beside.h\"\n");
    write("gadget/beside.h", "#pragma once\n#define BESIDE 3\n");
    request_.include_dirs = {path("lib"), path("common")};
    request_.defines = {"GIVEN=4"};
    const auto outputs =
        build(write("gadget/program.bpf.c",
                    "#include \"../common/outside.h\"\n#include <folder/named.h>\n#include \"beside.h\"\n"
                    "#include \"sub/inner.h\"\n"
                    "int sum = OUTSIDE + NAMED + BESIDE + GIVEN;\n"));
    ASSERT_TRUE(outputs) << outputs.error().to_string();
    EXPECT_EQ((*outputs)[0].inputs.size(), 5U);  // beside.h, and again by its other path
    EXPECT_FALSE(contains((*outputs)[0].object, path("").parent_path().string()));
}

TEST_F(Compile, KernelHeadersOfUserSpaceServeProgramsWithoutVmlinux) {
    const auto outputs = build(write("program.bpf.c", R"(#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

SEC("socket1")
int packets(struct __sk_buff *skb)
{
	struct iphdr header;

	if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, ETH_HLEN, &header, sizeof(header)))
		return 0;
	return header.protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : -EINVAL;
}
)"));
    ASSERT_TRUE(outputs) << outputs.error().to_string();
    EXPECT_TRUE(findings_.all().empty());
}

TEST_F(Compile, TheAuthorsHeadersComeBeforeTheEmbeddedOnes) {
    write("mine/gadget/macros.h", "#define FROM_MINE 1\n");
    request_.include_dirs = {path("mine")};
    EXPECT_TRUE(build(write("program.bpf.c", "#include <gadget/macros.h>\nint x = FROM_MINE;\n")));
}

TEST_F(Compile, TheCutHeaderMakesTheProgramOfTheWholeOne) {
    const auto source = write("program.bpf.c", kTinyGadget);
    const auto cut = build(source);
    request_.whole_kernel_header = true;
    const auto whole = build(source);
    ASSERT_TRUE(cut && whole);
    for (std::size_t i = 0; i < 2; ++i) {
        const ObjectSummary a = summarize((*cut)[i].object);
        const ObjectSummary b = summarize((*whole)[i].object);
        EXPECT_EQ(first_difference(a.sections, b.sections), "");
        EXPECT_EQ(first_difference(a.relocations, b.relocations), "");
        EXPECT_EQ(first_difference(a.core_records, b.core_records), "");
        EXPECT_EQ(first_difference(a.functions, b.functions), "");
        EXPECT_EQ(first_difference(a.lines, b.lines), "");
        EXPECT_LE((*cut)[i].object.size(), (*whole)[i].object.size());
    }
}

TEST_F(Compile, AProgramThatTheCutHeaderDoesNotServeGetsTheWholeOne) {
    // Neither the struct nor a member that points to it is named: only the whole header knows what 'd' is.
    const auto outputs = build(write("program.bpf.c", R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
SEC("kprobe/vfs_open")
int opened(struct pt_regs *ctx)
{
	typeof(((struct inode_operations *)0)->lookup(0, 0, 0)) d = (void *)bpf_get_current_task();

	return BPF_CORE_READ(d, d_flags);
}
)"));
    ASSERT_TRUE(outputs) << outputs.error().to_string();
    EXPECT_TRUE(findings_.all().empty());
}

TEST_F(Compile, CompilesManyRequestsWithOneJob) {
    const auto a = write("a/program.bpf.c", "int a;\n");
    const auto b = write("b/program.bpf.c", "long b;\n");
    options_.jobs = 1;
    const std::vector<Request> requests{
        {.source = b}, {.source = a}, {.source = b, .arch = model::Arch::arm64}};
    const auto outputs = compile(requests, options_, findings_);
    ASSERT_TRUE(outputs) << outputs.error().to_string();
    ASSERT_EQ(outputs->size(), 3U);
    EXPECT_EQ((*outputs)[0].inputs[0], b);
    EXPECT_EQ((*outputs)[1].inputs[0], a);
    EXPECT_EQ((*outputs)[2].arch, model::Arch::arm64);
}

TEST(CompilerVersion, IsThatOfTheLibrary) {
    EXPECT_TRUE(compiler_version().starts_with("19."));
}

}  // namespace
}  // namespace gadget::builder::testing
