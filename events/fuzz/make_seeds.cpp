// SPDX-License-Identifier: Apache-2.0
// Writes recordings that the fuzzer starts from into the folder given.
#include <cstdio>
#include <filesystem>

#include "gadget/support/files.h"
#include "sample_event.h"

namespace {

using gadget::events::testing::Sample;

Sample every_type() {
    Sample sample;
    sample.value("a", true)
        .value("b", std::int8_t{-1})
        .value("c", 1.5)
        .array<std::uint32_t>("d", {1, 2, 3})
        .enumeration("e_raw", 2U, "kind", {{"ONE", 1}, {"TWO", 2}})
        .enumeration("f_raw", 3U, "rights_set", {{"READ", 1}, {"WRITE", 2}})
        .value("g_raw", std::uint64_t{82500}, {"gadget_bytes"})
        .value("h_raw", std::uint64_t{1500}, {"gadget_duration"})
        .value("i_raw", 9U, {"gadget_signal"})
        .value("j_raw", std::uint64_t{257}, {"gadget_syscall"})
        .value("k_raw", 3U, {"gadget_kernel_stack"})
        .open("src", {"gadget_l4endpoint_t"})
        .blob("addr_raw", {127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {"gadget_ip_addr_t"})
        .value("port", std::uint16_t{80})
        .value("proto_raw", std::uint16_t{6})
        .value("version", std::uint8_t{4})
        .close()
        .value("n", 1U, {"gadget_counter__u32"})
        .text("s", "text", 8)
        .array<std::uint8_t>("t", {3, 'w', 'w', 'w', 0})
        .text("u", std::string_view("a\0b", 3), 8);
    sample.annotate("s", "metrics.type", "key")
        .annotate("s", "columns.ellipsis", "middle")
        .annotate("b", "columns.hex", "true")
        .annotate("t", "formatters.text", "dns-name")
        .annotate("u", "formatters.text", "nul-separated");
    sample.annotate_source("ebpf.rest.name", "tail");
    return sample;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::filesystem::path folder = argv[1];
    if (!gadget::create_directories(folder)) return 1;
    int number = 0;
    for (Sample sample : {every_type(), gadget::events::testing::open_event()}) {
        gadget::events::RecordingWriter writer;
        std::string out;
        writer.begin(sample.environment(), out);
        const auto source = writer.add_source({"sample", sample.schema(), &sample.metadata()}, out);
        writer.append_stack(3, "first; \x1b[2J; ", out);
        const std::vector<gadget::events::Record> batch(2, sample.record());
        if (!writer.append(source, sample.record(), out) || !writer.append_batch(source, batch, out))
            return 1;
        if (!gadget::write_file_atomic(folder / ("seed" + std::to_string(number++)), out)) return 1;
    }
    return 0;
}
