// SPDX-License-Identifier: Apache-2.0
// Do the scenarios of our gadgets see mistakes? Each case changes one line of a gadget as an author may get
// it wrong; the scenario that is named must fail by what it sees, not because the program does not load.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"

namespace gadget {
namespace {

struct Mutation {
    const char* name;
    const char* gadget;
    const char* scenario;  ///< file, without .yaml
    const char* from;      ///< stands in the program once
    const char* to;
};

constexpr Mutation kMutations[] = {
    {"ErrorKeepsItsSign", "trace_open", "failing_open", "ret < 0 ? -ret : 0", "ret < 0 ? ret : 0"},
    {"FdOfAFailureIsZero", "trace_open", "failing_open", "ret < 0 ? -1 : ret", "ret < 0 ? 0 : ret"},
    {"FilterTurnedRound", "trace_open", "failed_only", "failed_only && ret >= 0", "failed_only && ret < 0"},
    {"FilterOffByOne", "trace_open", "failed_only", "failed_only && ret >= 0", "failed_only && ret >= -2"},
    {"FilterForgotten", "trace_open", "failed_only", "failed_only && ret >= 0",
     "failed_only && ret > 1000000"},
    {"FlagsAreTheMode", "trace_open", "successful_open", "event->flags_raw = flags",
     "event->flags_raw = mode"},
    {"ModeOnlyWithoutCreate", "trace_open", "successful_open", "? mode : 0", "? 0 : mode"},
    {"WrongArgumentOfOpenat", "trace_open", "every_call", "(const char *)ctx->args[1], NULL",
     "(const char *)ctx->args[2], NULL"},
    {"HowOfOpenat2Ignored", "trace_open", "every_call", "if (pending->how)", "if (!pending->how)"},
    {"NameCutShort", "trace_open", "successful_open", "sizeof(event->fname),\n", "8,\n"},
    {"CommonFiltersForgotten", "trace_open", "filter_pid", "if (gadget_should_discard_data_current())",
     "if (0)"},
    {"LostEventsNotCounted", "trace_open", "lost_events", "gadget_reserve_buf(&events, sizeof(*event))",
     "bpf_ringbuf_reserve(&events, sizeof(*event), 0)"},
    {"SwappedPorts", "trace_packet", "sees_a_datagram", "packet->dst.port = bpf_ntohs(ports[1])",
     "packet->dst.port = bpf_ntohs(ports[0])"},
    {"PortInNetworkOrder", "trace_packet", "sees_a_datagram", "packet->dst.port = bpf_ntohs(ports[1])",
     "packet->dst.port = ports[1]"},
    {"SwappedAddresses", "trace_packet", "sees_a_datagram", "ETH_HLEN + IPV4_DESTINATION",
     "ETH_HLEN + IPV4_SOURCE"},
    {"LengthWithoutHeader", "trace_packet", "sees_a_datagram", "packet->length = skb->len",
     "packet->length = skb->len - ETH_HLEN"},
    {"EitherPortMustDiffer", "trace_packet", "sees_a_datagram", "targ_port != packet->src.port &&",
     "targ_port != packet->src.port ||"},
    {"DirectionForgotten", "trace_packet", "sees_a_datagram", "packet->direction_raw = skb->pkt_type",
     "packet->direction_raw = 0"},
    {"CapturedOneTooFew", "trace_packet", "sees_a_datagram", "packet->captured = size",
     "packet->captured = size - 1"},
    {"SuccessIsAnError", "top_syscall", "counts_calls", "(long)ctx->args[1] < 0", "(long)ctx->args[1] >= 0"},
    {"CallsCountedTwice", "top_syscall", "counts_calls", "__sync_fetch_and_add(&stats->calls, 1)",
     "__sync_fetch_and_add(&stats->calls, 2)"},
    {"NextSystemCall", "top_syscall", "counts_calls", "call.syscall = ctx->args[1]",
     "call.syscall = ctx->args[1] + 1"},
    {"TimeSinceBoot", "top_syscall", "counts_calls", "bpf_ktime_get_ns() - call->start", "call->start"},
    {"ProcessForgotten", "top_syscall", "counts_calls", "key.pid = pid_tgid >> 32", "key.pid = 0"},
    {"GroupIsTheUser", "snapshot_process", "lists_a_process", "BPF_CORE_READ(task, cred, gid.val)",
     "BPF_CORE_READ(task, cred, uid.val)"},
    {"ThreadsOnly", "snapshot_process", "lists_a_process", "entry.proc.pid != entry.proc.tid",
     "entry.proc.pid == entry.proc.tid"},
    {"ParentIsTheProcess", "snapshot_process", "lists_a_process", "BPF_CORE_READ(parent, tgid)",
     "BPF_CORE_READ(task, tgid)"},
    {"LocalPortIsTheRemoteOne", "snapshot_socket", "lists_a_connection", "BPF_CORE_READ(common, skc_num)",
     "bpf_ntohs(BPF_CORE_READ(common, skc_dport))"},
    {"RemotePortInNetworkOrder", "snapshot_socket", "lists_a_connection",
     "bpf_ntohs(BPF_CORE_READ(common, skc_dport))", "BPF_CORE_READ(common, skc_dport)"},
    {"SwappedSocketAddresses", "snapshot_socket", "lists_a_connection", "BPF_CORE_READ(common, skc_daddr)",
     "BPF_CORE_READ(common, skc_rcv_saddr)"},
};

class MutationTest : public testing::TestWithParam<Mutation> {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "missing: permission to use BPF";
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
    }

    /// In the place of the scenario's own one.
    static void set_limit(std::string& yaml, unsigned seconds) {
        if (const auto own = yaml.find("\ntimeout: "); own != std::string::npos)
            yaml.erase(own, yaml.find('\n', own + 1) - own);
        yaml += "timeout: " + std::to_string(seconds) + "\n";
    }

    /// A copy of the gadget with the scenario, which gives up early when `seconds` is set.
    void copy(const Mutation& mutation, const std::string& program, unsigned seconds) {
        const auto source = std::filesystem::path(GADGETS_FOLDER) / mutation.gadget;
        const auto target = folder_->path() / mutation.gadget;
        const auto scenario = std::string("test/") + mutation.scenario + ".yaml";
        auto yaml = read_text_file(source / scenario);
        ASSERT_TRUE(yaml) << yaml.error().to_string();
        if (seconds != 0) set_limit(*yaml, seconds);
        const auto manifest = read_text_file(source / "gadget.yaml");
        ASSERT_TRUE(manifest);
        ASSERT_TRUE(gadget::create_directories(target / "test"));
        ASSERT_TRUE(write_file_atomic(target / "program.bpf.c", program));
        ASSERT_TRUE(write_file_atomic(target / "gadget.yaml", *manifest));
        ASSERT_TRUE(write_file_atomic(target / scenario, *yaml));
    }

    /// The only result of the JSON report.
    nlohmann::json test(const Mutation& mutation) {
        const auto report = folder_->path() / "report.json";
        const auto output =
            run_command({.argv = {GADGET, "test", (folder_->path() / mutation.gadget).string(), "--report",
                                  "json=" + report.string()}});
        EXPECT_TRUE(output) << output.error().to_string();
        const auto text = read_text_file(report);
        EXPECT_TRUE(text) << (output ? output->err : "");
        if (!text) return nlohmann::json::object();
        const auto document = nlohmann::json::parse(*text, nullptr, false);
        EXPECT_EQ(document["results"].size(), 1U) << *text;
        return document["results"][0];
    }
    std::optional<TempDir> folder_;
};

TEST_P(MutationTest, IsCaught) {
    const auto& mutation = GetParam();
    auto program = read_text_file(std::filesystem::path(GADGETS_FOLDER) / mutation.gadget / "program.bpf.c");
    ASSERT_TRUE(program);
    const auto at = program->find(mutation.from);
    ASSERT_NE(at, std::string::npos) << "the line is gone: " << mutation.from;
    program->replace(at, std::string_view(mutation.from).size(), mutation.to);
    // What is not seen costs the whole time limit; on a busy machine a short one may be too short for the
    // steps.
    nlohmann::json result;
    for (const unsigned seconds : {2U, 60U}) {
        copy(mutation, *program, seconds);
        result = test(mutation);
        if (result["failure"] == "wrong-events") break;
    }
    if (result["outcome"] == "skipped") GTEST_SKIP() << result["message"];
    EXPECT_EQ(result["outcome"], "failed") << result;
    EXPECT_EQ(result["failure"], "wrong-events") << result;
}

INSTANTIATE_TEST_SUITE_P(OfGadgets, MutationTest, testing::ValuesIn(kMutations),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

/// The same without a mistake passes: what fails above fails because of it.
class UnchangedTest : public MutationTest {};

TEST_P(UnchangedTest, Passes) {
    const auto& mutation = GetParam();
    const auto program =
        read_text_file(std::filesystem::path(GADGETS_FOLDER) / mutation.gadget / "program.bpf.c");
    ASSERT_TRUE(program);
    copy(mutation, *program, 60);
    const auto result = test(mutation);
    if (result["outcome"] == "skipped") GTEST_SKIP() << result["message"];
    EXPECT_EQ(result["outcome"], "passed") << result;
}

/// Each scenario once.
std::vector<Mutation> scenarios() {
    std::vector<Mutation> different;
    for (const auto& mutation : kMutations) {
        const auto same = [&](const Mutation& other) {
            return std::string_view(other.gadget) == mutation.gadget &&
                   std::string_view(other.scenario) == mutation.scenario;
        };
        if (std::none_of(different.begin(), different.end(), same)) different.push_back(mutation);
    }
    return different;
}

INSTANTIATE_TEST_SUITE_P(OfGadgets, UnchangedTest, testing::ValuesIn(scenarios()), [](const auto& parameter) {
    return std::string(parameter.param.gadget) + "_" + parameter.param.scenario;
});

}  // namespace
}  // namespace gadget
