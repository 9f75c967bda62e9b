// SPDX-License-Identifier: Apache-2.0
#include "run_filter.h"

#include <array>
#include <charconv>
#include <chrono>

#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "places.h"

namespace gadget::cli {
namespace {

constexpr const char* kProgram = "gadget-filter";
constexpr std::size_t kMaxOutput = std::size_t{1} << 20;
constexpr unsigned kCpuSeconds = 20;
constexpr std::chrono::seconds kPatience{30};  // names of hosts are looked up

/// One of the four numbers of a line.
bool take_number(std::string_view& line, std::uint32_t most, std::uint32_t& number) {
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc() || number > most) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<std::filesystem::path> find_filter_program() {
    std::error_code ignored;
    if (const auto folder = executable_folder();
        folder && std::filesystem::exists(*folder / kProgram, ignored))
        return *folder / kProgram;
    return find_program(kProgram, environment_variable("PATH"));
}

Result<session::ClassicFilter> compile_packet_filter(const std::optional<std::filesystem::path>& program,
                                                     const std::string& expression) {
    if (!program) {
        return Error{
            .code = ErrorCode::unsupported,
            .message =
                "packet filters are compiled by the executable 'gadget-filter', which is neither "
                "beside this one nor in PATH",
            .hint =
                "'./dev build' makes it where the package libpcap0.8-dev is installed; it must stand "
                "beside 'gadget' or 'gadget-run'",
            .requirement = Requirement{"gadget-filter", ""}};
    }
    const SpawnOptions options{.argv = {program->string(), expression}, .cpu_seconds = kCpuSeconds};
    GADGET_TRY_ASSIGN(const CommandOutput output, run_command(options, kPatience, kMaxOutput));
    if (output.status.success()) return parse_classic_filter(output.out);
    if (output.status.signal == 0 && output.status.code == 1) {
        return Error{
            .code = ErrorCode::invalid_argument,
            .message = "'" + printable(expression) + "' is no packet filter: " + printable(output.err),
            .hint = "the language is that of tcpdump, see pcap-filter(7)"};
    }
    return Error{
        .code = ErrorCode::internal,
        .message = "gadget-filter ended with " + output.status.to_string() + ": " + printable(output.err)};
}

Result<session::ClassicFilter> parse_classic_filter(std::string_view text) {
    session::ClassicFilter filter;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        std::array<std::uint32_t, 4> numbers{};
        const std::array<std::uint32_t, 4> most{UINT16_MAX, UINT8_MAX, UINT8_MAX, UINT32_MAX};
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            if (!take_number(line, most[i], numbers[i])) {
                return Error{.code = ErrorCode::corrupt_data,
                             .message = "gadget-filter printed what is no filter: line " +
                                        std::to_string(filter.size() + 1)};
            }
        }
        if (!line.empty())
            return Error{.code = ErrorCode::corrupt_data, .message = "gadget-filter printed too much"};
        filter.push_back({static_cast<std::uint16_t>(numbers[0]), static_cast<std::uint8_t>(numbers[1]),
                          static_cast<std::uint8_t>(numbers[2]), numbers[3]});
    }
    return filter;
}

}  // namespace gadget::cli
