// SPDX-License-Identifier: Apache-2.0
// gadget inspect: what an object needs of a kernel, beside what it is made of.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "command.h"

namespace gadget::tests {
namespace {

using InspectCommand = CommandTest;

/// Quoted scalars are strings, all others what JSON reads in them.
nlohmann::json as_json(const YAML::Node& node) {
    nlohmann::json json;
    switch (node.Type()) {
        case YAML::NodeType::Map:
            json = nlohmann::json::object();
            for (const auto& entry : node) json[entry.first.as<std::string>()] = as_json(entry.second);
            return json;
        case YAML::NodeType::Sequence:
            json = nlohmann::json::array();
            for (const auto& entry : node) json.push_back(as_json(entry));
            return json;
        case YAML::NodeType::Scalar:
            if (node.Tag() == "!") return node.Scalar();
            return nlohmann::json::parse(node.Scalar(), nullptr, false);
        default:
            return json;
    }
}

constexpr const char* kProgram = R"(// SPDX-License-Identifier: GPL-2.0
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void bpf_rcu_read_lock(void) __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

SEC("kprobe/do_unlinkat")
int on_unlink(struct pt_regs *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 pid = BPF_CORE_READ(task, tgid);
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&seen, &pid, &now, BPF_ANY);
	if (bpf_rcu_read_lock)
		bpf_rcu_read_lock();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
)";

TEST_F(InspectCommand, TellsWhatTheObjectNeedsOfAKernel) {
    const auto path = folder("needs", {{"program.bpf.c", kProgram}});
    const auto text = gadget({"inspect", path.string()});
    EXPECT_EQ(text.status, 0) << text.err;
    for (const auto* words : {"license GPL", "bpf_ktime_get_ns", "bpf_map_update_elem", "bpf_rcu_read_lock",
                              "function, may be missing", "struct task_struct", "flags 0x1"})
        EXPECT_NE(text.out.find(words), std::string::npos) << words << " in " << text.out;

    const auto json =
        nlohmann::json::parse(gadget({"inspect", path.string(), "-o", "json"}).out, nullptr, false);
    ASSERT_TRUE(json.is_object());
    EXPECT_EQ(json["version"], 1);
    const auto& object = json["objects"][0];
    EXPECT_EQ(object["programs"][0]["kind"], "kprobe");
    EXPECT_EQ(object["programs"][0]["target"], "do_unlinkat");
    EXPECT_EQ(object["maps"][0]["flags"], 1);
    EXPECT_EQ(object["maps"][0]["keyType"], "__u32");
    const auto& helpers = object["helpers"];
    EXPECT_NE(std::find(helpers.begin(), helpers.end(), "bpf_get_current_task"), helpers.end()) << helpers;
    const nlohmann::json symbol{{"name", "bpf_rcu_read_lock"}, {"kind", "function"}, {"weak", true}};
    EXPECT_EQ(object["kernelSymbols"], nlohmann::json::array({symbol}));
    ASSERT_EQ(object["coreRelocations"].size(), 1U);
    EXPECT_EQ(object["coreRelocations"][0]["type"], "struct task_struct");
    EXPECT_EQ(object["coreRelocations"][0]["kind"], "byte_off");
    EXPECT_EQ(object["coreRelocations"][0]["program"], "on_unlink");
}

TEST_F(InspectCommand, YamlHoldsWhatJsonHolds) {
    const auto path = folder("needs", {{"program.bpf.c", kProgram}});
    const auto json =
        nlohmann::json::parse(gadget({"inspect", path.string(), "-o", "json"}).out, nullptr, false);
    const auto yaml = gadget({"inspect", path.string(), "-o", "yaml"});
    EXPECT_EQ(yaml.status, 0) << yaml.err;
    const auto tree = YAML::Load(yaml.out);
    EXPECT_EQ(as_json(tree), json) << yaml.out;
}

TEST_F(InspectCommand, MermaidDrawsHooksProgramsAndMaps) {
    const auto path = folder("needs", {{"program.bpf.c", kProgram}});
    const auto chart = gadget({"inspect", path.string(), "-o", "mermaid"});
    EXPECT_EQ(chart.status, 0) << chart.err;
    EXPECT_EQ(chart.out,
              "flowchart LR\n"
              "    map0[(\"seen<br/>hash\")]\n"
              "    program0[\"on_unlink\"]\n"
              "    hook0{{\"kprobe/do_unlinkat\"}}\n"
              "    hook0 --> program0\n"
              "    program0 --- map0\n");
}

TEST_F(InspectCommand, MermaidLeadsFromMapsToDataSources) {
    const auto chart = gadget({"inspect", trace_open(), "-o", "mermaid"}).out;
    const auto node_of = [&](const std::string& text) {
        const auto at = chart.find(text);
        const auto start = chart.rfind(' ', at) + 1;
        return at == std::string::npos ? "no " + text
                                       : chart.substr(start, chart.find_first_of("[(", start) - start);
    };
    const std::string edge = node_of("(\"events<br/>ringbuf") + " ==> " + node_of("[\"open<br/>tracer");
    EXPECT_NE(chart.find("    " + edge + "\n"), std::string::npos) << edge << " in\n" << chart;
}

}  // namespace
}  // namespace gadget::tests
