// SPDX-License-Identifier: Apache-2.0
// Packet filters: what the translation decides about packets, and a gadget with filters, on the running
// kernel.
#include "packet_filter.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "gadget/session.h"
#include "object_function.h"

extern const unsigned char object_filter[];
extern const std::size_t object_filter_size;

namespace gadget::session {
namespace {

using Packet = std::vector<std::uint8_t>;

/// UDP over IPv4 with options, to `port`.
Packet datagram(std::uint16_t port) {
    Packet packet(14 + 24 + 8 + 10);
    packet[12] = 8;
    packet[14] = 0x46;
    packet[23] = 17;
    packet[14 + 24 + 2] = static_cast<std::uint8_t>(port >> 8);
    packet[14 + 24 + 3] = static_cast<std::uint8_t>(port & 255);
    return packet;
}

/// "ip and udp dst port PORT", as libpcap compiles it.
ClassicFilter udp_to(std::uint16_t port) {
    return {{BPF_LD | BPF_H | BPF_ABS, 0, 0, 12},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 8, 0x800},
            {BPF_LD | BPF_B | BPF_ABS, 0, 0, 23},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 6, 17},
            {BPF_LD | BPF_H | BPF_ABS, 0, 0, 20},
            {BPF_JMP | BPF_JSET | BPF_K, 4, 0, 0x1fff},
            {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 14},
            {BPF_LD | BPF_H | BPF_IND, 0, 0, 16},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, port},
            {BPF_RET | BPF_K, 0, 0, 262144},
            {BPF_RET | BPF_K, 0, 0, 0}};
}

class FilterTest : public testing::Test {
  protected:
    /// Whether the kernel says that the filter takes the packet; what is missing goes to missing_.
    bool takes(const ClassicFilter& filter, Packet packet) {
        const auto body = translate_filter(filter);
        EXPECT_TRUE(body) << body.error().to_string();
        if (!body) return false;
        const auto load = [](std::uint8_t target, std::size_t offset) {
            bpf_insn instruction{};
            instruction.code = BPF_LDX | BPF_MEM | BPF_W;
            instruction.dst_reg = static_cast<std::uint8_t>(target & 15);
            instruction.src_reg = BPF_REG_1;
            instruction.off = static_cast<std::int16_t>(offset);
            return instruction;
        };
        std::vector<bpf_insn> program{load(BPF_REG_4, offsetof(__sk_buff, data)),
                                      load(BPF_REG_5, offsetof(__sk_buff, data_end))};
        program.insert(program.end(), body->begin(), body->end());
        std::string log(1 << 16, '\0');
        bpf_attr attributes{};
        attributes.prog_type = BPF_PROG_TYPE_SCHED_CLS;
        attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
        attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
        attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
        attributes.log_buf = reinterpret_cast<std::uintptr_t>(log.data());
        attributes.log_size = static_cast<std::uint32_t>(log.size());
        attributes.log_level = 1;
        const UniqueFd loaded(
            static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes)));
        if (!loaded && errno == EPERM) {
            missing_ = "permission for BPF on this kernel";
            return false;
        }
        EXPECT_TRUE(loaded) << log.c_str();
        bpf_attr test{};
        test.test.prog_fd = static_cast<std::uint32_t>(loaded.get());
        test.test.data_in = reinterpret_cast<std::uintptr_t>(packet.data());
        test.test.data_size_in = static_cast<std::uint32_t>(packet.size());
        EXPECT_EQ(::syscall(SYS_bpf, BPF_PROG_TEST_RUN, &test, sizeof test), 0) << errno;
        return test.test.retval == 1;
    }

    std::string missing_;
};

TEST_F(FilterTest, DecidesAboutPacketsAsLibpcapMeansIt) {
    const bool right = takes(udp_to(53), datagram(53));
    if (!missing_.empty()) GTEST_SKIP() << "missing: " << missing_;
    EXPECT_TRUE(right);
    EXPECT_FALSE(takes(udp_to(53), datagram(54)));
    Packet tcp = datagram(53);
    tcp[23] = 6;
    EXPECT_FALSE(takes(udp_to(53), tcp));
    Packet fragment = datagram(53);
    fragment[21] = 1;
    EXPECT_FALSE(takes(udp_to(53), fragment));
    Packet cut = datagram(53);
    cut.resize(14 + 24 + 3);
    EXPECT_FALSE(takes(udp_to(53), cut)) << "reads behind the packet's end";
}

/// A = `value`, X = `index`, then `code`: the result is `expected`.
struct Calculation {
    std::uint16_t code;
    std::uint32_t value;
    std::uint32_t index;
    std::uint32_t expected;
};

TEST_F(FilterTest, CalculatesWithWordsOf32Bits) {
    const Calculation cases[] = {{BPF_ALU | BPF_ADD | BPF_X, 0xffffffff, 2, 1},
                                 {BPF_ALU | BPF_SUB | BPF_X, 1, 2, 0xffffffff},
                                 {BPF_ALU | BPF_MUL | BPF_X, 0x10001, 0x10000, 0x10000},
                                 {BPF_ALU | BPF_DIV | BPF_X, 0x80000000, 16, 0x8000000},
                                 {BPF_ALU | BPF_MOD | BPF_X, 17, 5, 2},
                                 {BPF_ALU | BPF_AND | BPF_X, 0xff00ff00, 0x0ff00ff0, 0x0f000f00},
                                 {BPF_ALU | BPF_OR | BPF_X, 0xf0, 0x0f, 0xff},
                                 {BPF_ALU | BPF_XOR | BPF_X, 0xff, 0x0f, 0xf0},
                                 {BPF_ALU | BPF_LSH | BPF_X, 1, 31, 0x80000000},
                                 {BPF_ALU | BPF_RSH | BPF_X, 0x80000000, 31, 1},
                                 {BPF_ALU | BPF_NEG, 1, 0, 0xffffffff},
                                 {BPF_MISC | BPF_TXA, 7, 9, 9}};
    for (const auto& each : cases) {
        // Through the scratch memory, and compared both ways.
        const ClassicFilter filter{{BPF_LD | BPF_IMM, 0, 0, each.index},
                                   {BPF_ST, 0, 0, 3},
                                   {BPF_LDX | BPF_MEM, 0, 0, 3},
                                   {BPF_LD | BPF_IMM, 0, 0, each.value},
                                   {each.code, 0, 0, 0},
                                   {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, each.expected},
                                   {BPF_LDX | BPF_IMM, 0, 0, each.expected},
                                   {BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0},
                                   {BPF_RET | BPF_K, 0, 0, 1},
                                   {BPF_RET | BPF_K, 0, 0, 0}};
        const bool right = takes(filter, datagram(1));
        if (!missing_.empty()) GTEST_SKIP() << "missing: " << missing_;
        EXPECT_TRUE(right) << "code " << each.code;
    }
    EXPECT_FALSE(takes({{BPF_LD | BPF_IMM, 0, 0, 1},
                        {BPF_LDX | BPF_IMM, 0, 0, 0},
                        {BPF_ALU | BPF_DIV | BPF_X, 0, 0, 0},
                        {BPF_RET | BPF_K, 0, 0, 1}},
                       datagram(1)))
        << "divides by zero";
}

TEST_F(FilterTest, KnowsTheLengthAndReturnsA) {
    const std::uint32_t size = static_cast<std::uint32_t>(datagram(1).size());
    const ClassicFilter exact{{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
                              {BPF_ALU | BPF_SUB | BPF_K, 0, 0, size},
                              {BPF_RET | BPF_A, 0, 0, 0}};
    const bool taken = takes(exact, datagram(1));
    if (!missing_.empty()) GTEST_SKIP() << "missing: " << missing_;
    EXPECT_FALSE(taken);
    Packet longer = datagram(1);
    longer.push_back(0);
    EXPECT_TRUE(takes(exact, longer));
}

TEST(TranslateFilter, RefusesWhatIsNoFilter) {
    const ClassicInstruction yes{BPF_RET | BPF_K, 0, 0, 1};
    EXPECT_FALSE(translate_filter({}));
    EXPECT_FALSE(translate_filter({{BPF_LD | BPF_IMM, 0, 0, 1}}));
    EXPECT_FALSE(translate_filter({{BPF_JMP | BPF_JA, 0, 0, 1}, yes}));
    EXPECT_FALSE(translate_filter({{BPF_JMP | BPF_JA, 0, 0, 0xffffffff}, yes}));
    EXPECT_FALSE(translate_filter({{BPF_JMP | BPF_JEQ, 1, 0, 1}, yes}));
    EXPECT_FALSE(translate_filter({{BPF_JMP | BPF_JEQ, 0, 1, 1}, yes}));
    EXPECT_FALSE(translate_filter({{BPF_LD | BPF_MEM, 0, 0, 16}, yes}));
    EXPECT_FALSE(translate_filter({{BPF_ST, 0, 0, 16}, yes}));
    EXPECT_FALSE(translate_filter({{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0xfffff000}, yes}))
        << "an extension of sockets";
    EXPECT_FALSE(translate_filter({{BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0}, yes}));
    EXPECT_FALSE(translate_filter({{0xff, 0, 0, 0}, yes}));
    for (unsigned code = 0; code < 256; ++code)  // never more than an error
        (void)translate_filter({{static_cast<std::uint16_t>(code), 255, 255, 0x1234}, yes, yes});
}

Gadget sample() {
    const auto* begin = reinterpret_cast<const std::byte*>(object_filter);
    return {.name = "filtered", .object = Bytes(begin, begin + object_filter_size)};
}

TEST(PacketFilterParams, AreListedAndCompiled) {
    const auto params = all_params(sample());
    ASSERT_TRUE(params);
    ASSERT_EQ(params->size(), 2U);
    EXPECT_EQ(params->at(0).key, "pf");
    EXPECT_EQ(params->at(1).key, "pf-second");
    const auto without = Session::open(sample(), {.params = {{"pf", "udp"}}, .interface = "lo"});
    ASSERT_FALSE(without);
    EXPECT_NE(without.error().message.find("no compiler of packet filters"), std::string::npos);
    const auto wrong = Session::open(
        sample(), {.params = {{"pf-second", "udpp"}},
                   .interface = "lo",
                   .compile_packet_filter = [](const std::string& text) -> Result<ClassicFilter> {
                       return Error{.code = ErrorCode::invalid_argument,
                                    .message = "syntax error in " + text};
                   }});
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().to_string().find("--pf-second"), std::string::npos) << wrong.error().to_string();
    EXPECT_NE(wrong.error().to_string().find("udpp"), std::string::npos) << wrong.error().to_string();
}

TEST(ReplaceFunction, SurvivesDamagedObjects) {
    const std::vector<bpf_insn> body = *translate_filter(udp_to(1));
    const Bytes whole = sample().object;
    Bytes copy = whole;
    EXPECT_FALSE(replace_function(copy, "gadget_pf_third", body));
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 32) {
        Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        (void)functions_with_prefix(cut, "gadget_pf_");
        (void)replace_function(cut, "gadget_pf_", body);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes changed = whole;
        changed[at] ^= std::byte{0x7f};
        (void)replace_function(changed, "gadget_pf_second", body);
    }
}

void send_to(std::uint16_t port, std::size_t size) {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string text(size, 'x');
    (void)::sendto(socket.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address);
}

TEST(PacketFilter, ChoosesThePacketsOfAGadget) {
    const auto compile = [](const std::string& text) -> Result<ClassicFilter> {
        return udp_to(static_cast<std::uint16_t>(std::stoi(text)));
    };
    auto session = Session::open(sample(), {.params = {{"pf", "18455"}, {"pf-second", "18455"}},
                                            .interface = "lo",
                                            .compile_packet_filter = compile});
    if (!session && session.error().requirement)
        GTEST_SKIP() << "missing: " << session.error().requirement->feature;
    ASSERT_TRUE(session) << session.error().to_string();
    const auto started = (*session)->start();
    if (!started && started.error().requirement)
        GTEST_SKIP() << "missing: " << started.error().requirement->feature;
    ASSERT_TRUE(started) << started.error().to_string();
    send_to(18454, 100);
    send_to(18455, 200);
    const auto row = (*session)->next(std::chrono::seconds(30));
    ASSERT_TRUE(row && *row);
    auto length = events::FieldReader::create((*row)->source->data, "length");
    EXPECT_EQ(length->integer((*row)->bytes), 14 + 20 + 8 + 200);
}

}  // namespace
}  // namespace gadget::session
