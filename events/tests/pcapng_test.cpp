// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/pcapng.h"

#include <gtest/gtest.h>

#include "sample_event.h"

namespace gadget::events::testing {
namespace {

Sample packet(std::uint64_t time, const char* device, std::vector<unsigned char> bytes,
              std::uint32_t wire_length) {
    Sample sample;
    sample.value("timestamp_raw", time, {"gadget_timestamp"})
        .text("device", device, 8)
        .value("length", wire_length);
    sample.annotate_source("ebpf.rest.name", "payload")
        .annotate_source("pcap.payload", "payload")
        .annotate_source("pcap.timestamp", "timestamp_raw")
        .annotate_source("pcap.packet-length", "length")
        .annotate("device", "pcap.interface-var", "dev");
    for (const unsigned char byte : bytes) sample.bytes().push_back(std::byte{byte});
    sample.environment().boot_to_wall_ns = 1'700'000'000'000'000'000;
    return sample;
}

template <class T>
T at(const std::string& text, std::size_t offset) {
    T value{};
    std::memcpy(&value, text.data() + offset, sizeof value);
    return value;
}

struct Block {
    std::uint32_t type;
    std::string body;
};

/// The blocks of a capture; checks the framing.
std::vector<Block> blocks_of(const std::string& text) {
    std::vector<Block> blocks;
    std::size_t offset = 0;
    while (offset < text.size()) {
        const auto size = at<std::uint32_t>(text, offset + 4);
        EXPECT_EQ(size % 4, 0U);
        EXPECT_EQ(at<std::uint32_t>(text, offset + size - 4), size);
        blocks.push_back({at<std::uint32_t>(text, offset), text.substr(offset + 8, size - 12)});
        offset += size;
    }
    return blocks;
}

TEST(PcapngWriter, WritesSectionInterfacesAndPackets) {
    const Sample first = packet(5, "eth0", {1, 2, 3, 4, 5}, 60);
    const Sample second = packet(6, "a/b", {9}, 1);
    PcapngWriter writer = PcapngWriter::create(first.source()).value();
    std::string out;
    writer.begin(out);
    writer.append(first.record(), out);
    writer.append(first.record(), out);
    writer.append(second.record(), out);
    const std::vector<Block> blocks = blocks_of(out);
    ASSERT_EQ(blocks.size(), 6U);
    EXPECT_EQ(blocks[0].type, 0x0a0d0d0aU);
    EXPECT_EQ(at<std::uint32_t>(blocks[0].body, 0), 0x1a2b3c4dU);
    EXPECT_EQ(blocks[1].type, 1U);
    EXPECT_EQ(at<std::uint16_t>(blocks[1].body, 0), 1U);
    EXPECT_NE(blocks[1].body.find("dev=eth0"), std::string::npos);
    EXPECT_EQ(blocks[2].type, 6U);
    EXPECT_EQ(at<std::uint32_t>(blocks[2].body, 0), 0U);
    const std::uint64_t time =
        std::uint64_t{at<std::uint32_t>(blocks[2].body, 4)} << 32 | at<std::uint32_t>(blocks[2].body, 8);
    EXPECT_EQ(time, 1'700'000'000'000'000'005U);
    EXPECT_EQ(at<std::uint32_t>(blocks[2].body, 12), 5U);
    EXPECT_EQ(at<std::uint32_t>(blocks[2].body, 16), 60U);
    EXPECT_EQ(blocks[2].body.substr(20), std::string("\x01\x02\x03\x04\x05\0\0\0", 8));
    EXPECT_EQ(blocks[3].type, 6U);
    EXPECT_EQ(blocks[4].type, 1U);
    EXPECT_NE(blocks[4].body.find("dev=a%2Fb"), std::string::npos);
    EXPECT_EQ(at<std::uint32_t>(blocks[5].body, 0), 1U);
}

TEST(PcapngWriter, RefusesSourcesWithoutPackets) {
    Sample none;
    none.value("a", 1U);
    EXPECT_FALSE(PcapngWriter::create(none.source()));
    Sample number;
    number.value("a", 1U).annotate_source("pcap.payload", "a");
    EXPECT_FALSE(PcapngWriter::create(number.source()));
    Sample missing;
    missing.value("a", 1U).annotate_source("pcap.payload", "b");
    EXPECT_FALSE(PcapngWriter::create(missing.source()));
}

}  // namespace
}  // namespace gadget::events::testing
