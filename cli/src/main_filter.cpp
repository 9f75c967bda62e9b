// SPDX-License-Identifier: Apache-2.0
// gadget-filter EXPRESSION: compiles a packet filter (pcap-filter(7)) for Ethernet, and prints its
// instructions, four numbers on a line. An executable of its own because libpcap is a shared object, and
// gadget is static.
#include <pcap/pcap.h>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: gadget-filter EXPRESSION\n", stderr);
        return 2;
    }
    constexpr int kLargestPacket = 65535;
    pcap_t* const handle = pcap_open_dead(DLT_EN10MB, kLargestPacket);
    if (handle == nullptr) return 4;
    bpf_program program{};
    const bool compiled = pcap_compile(handle, &program, argv[1], 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (compiled) {
        for (unsigned i = 0; i < program.bf_len; ++i) {
            const bpf_insn& instruction = program.bf_insns[i];
            std::printf("%u %u %u %u\n", unsigned{instruction.code}, unsigned{instruction.jt},
                        unsigned{instruction.jf}, unsigned{instruction.k});
        }
        pcap_freecode(&program);
    } else {
        std::fputs(pcap_geterr(handle), stderr);
    }
    pcap_close(handle);
    if (!compiled) return 1;
    return std::fflush(stdout) == 0 ? 0 : 4;
}
