// SPDX-License-Identifier: Apache-2.0
// Every kind of source, every operator and every output mode, on the kernel that this runs on.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <regex>

#include "gadget_run.h"

namespace gadget::tests {
namespace {

using std::chrono::minutes;

class Sources : public GadgetRun {
  protected:
    /// The rows of the array that the source prints, with the words of operators.
    std::string array(const std::string& source, std::vector<std::string> words,
                      const std::string& mode = "json") const {
        words.insert(words.end(), {"-o", only(source, mode), "--timeout", "1"});
        return run(words).out;
    }
};

class Operators : public Sources {};
class Modes : public Sources {};

constexpr const char* kElements = R"([{"half":0,"name":"el0","number":0},{"half":0,"name":"el1","number":1},)"
                                  R"({"half":1,"name":"el2","number":2},{"half":1,"name":"el3","number":3}])"
                                  "\n";

TEST_F(Sources, AnIteratorShowsEveryElementOnce) {
    EXPECT_EQ(array("elements", {}), kElements);
}

TEST_F(Sources, AnIteratorOfTasksFindsThisProcess) {
    const auto pid = std::to_string(::getpid());
    EXPECT_EQ(lines_of(array("tasks", {"--pid", pid, "--fields", "pid"}, "columns")).back(),
              std::string(16 - pid.size(), ' ') + pid);
    const auto row = array("tasks", {"--pid", pid});
    EXPECT_TRUE(std::regex_match(row, std::regex(R"(\[\{"comm":"[^"]+","pid":\d+\}\]\n)"))) << row;
}

TEST_F(Sources, AMapIsShownAtTheEnd) {
    EXPECT_EQ(array("counts", {"--sort", "counts:cpu", "--map-fetch-interval", "0"}),
              R"([{"calls":10,"cpu":1,"level":20,"name":"one","slots":[1,2,4,0]},)"
              R"({"calls":11,"cpu":2,"level":20,"name":"\"\ufffd\n","slots":[1,2,4,8]}])"
              "\n");
}

TEST_F(Sources, AMapIsEmptyAfterAFetch) {
    const auto lines =
        lines_of(rows_of("counts", "json", 2, {"--map-fetch-interval", "10ms", "--filter.counts", "cpu<=2"}));
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line != "[]"; }), 1);
}

TEST_F(Sources, AStatisticsSourceStandsBesideTheOthers) {
    const auto row = array("processes", {"--filter.processes", "pid==1"});
    EXPECT_TRUE(std::regex_match(row, std::regex(R"(\[\{"comm":"[^"]+","pid":1\}\]\n)"))) << row;
}

TEST_F(Sources, BytesAfterTheStructAreAField) {
    const auto rows = lines_of(rows_of("packets", "json", 2));
    ASSERT_EQ(rows.size(), 2U);
    const std::string time = R"("time":"[^"]+","time_raw":\d+\})";
    EXPECT_TRUE(std::regex_match(
        rows[0], std::regex(R"(\{"captured":4,"interface":1,"length":60,"payload":"cafebabe",)" + time)))
        << rows[0];
    EXPECT_TRUE(std::regex_match(
        rows[1], std::regex(R"(\{"captured":2,"interface":2,"length":60,"payload":"cafe",)" + time)))
        << rows[1];
}

TEST_F(Sources, SeveralShareAnOutputInModesOfTheirOwn) {
    const auto output =
        run({"-o", "elements:json,tasks:yaml,ring:none,perf:none,packets:none,counts:none,processes:none",
             "--pid", std::to_string(::getpid()), "--filter.elements", "number==3", "--timeout", "1"});
    EXPECT_NE(output.out.find(R"([{"half":1,"name":"el3","number":3}])"), std::string::npos) << output.out;
    EXPECT_NE(output.out.find("---\ncomm: "), std::string::npos) << output.out;
}

// ---- Operators ----

TEST_F(Operators, FilterKeepsWhatMatchesAll) {
    EXPECT_EQ(array("elements", {"--filter.elements", "number>=1,name~[13]$,half!=1"}),
              R"([{"half":0,"name":"el1","number":1}])"
              "\n");
    EXPECT_EQ(array("elements", {"--filter.elements", "name==nothing"}), "[]\n");
}

TEST_F(Operators, ExpressionsFilterToo) {
    EXPECT_EQ(array("elements", {"--filter-expr.elements", R"(number in [0, 3] && name endsWith "3")"}),
              R"([{"half":1,"name":"el3","number":3}])"
              "\n");
}

TEST_F(Operators, SortOrdersAndLimitCuts) {
    EXPECT_EQ(array("elements", {"--sort", "elements:-half,number", "--max-entries", "elements:3"}),
              R"([{"half":1,"name":"el2","number":2},{"half":1,"name":"el3","number":3},)"
              R"({"half":0,"name":"el0","number":0}])"
              "\n");
}

TEST_F(Operators, ALimitOfOneSourceLeavesTheOthersAlone) {
    EXPECT_EQ(array("elements", {"--max-entries", "tasks:0"}), kElements);
}

TEST_F(Operators, MountNamespacesAreFilteredInTheKernel) {
    EXPECT_EQ(lines_of(rows_of("ring", "json", 3, {"--mntns", "4026531841"})).size(), 3U);
    EXPECT_EQ(array("ring", {"--mntns", "1"}), "");
}

TEST_F(Operators, FieldsAndAnnotationsChangeColumns) {
    EXPECT_EQ(
        array("elements", {"--fields", "elements:name,number", "--max-entries", "elements:1"}, "columns"),
        "NAME  NUMBER\nel0        0\n");
    EXPECT_EQ(
        array("elements", {"--fields", "elements:+half,-name", "--max-entries", "elements:1"}, "columns"),
        "NUMBER HALF\n     0 0\n");
    EXPECT_EQ(array("elements",
                    {"--annotate", "elements.name:columns.width=2,elements.number:columns.hidden=true",
                     "--max-entries", "elements:1"},
                    "columns"),
              "N\xe2\x80\xa6\n\xe2\x80\xa6"
              "0\n");
}

// ---- Output modes ----

TEST_F(Modes, ColumnsHaveAHeaderAndTheWidthsOfTheirAnnotations) {
    EXPECT_EQ(array("elements", {}, "columns"),
              "NUMBER NAME\n     0 el0\n     1 el1\n     2 el2\n     3 el3\n");
}

TEST_F(Modes, JsonprettyAndYamlShowTheSame) {
    const std::vector<std::string> one{"--max-entries", "elements:1"};
    EXPECT_EQ(array("elements", one, "jsonpretty"),
              "[\n  {\n    \"half\": 0,\n    \"name\": \"el0\",\n    \"number\": 0\n  }\n]\n");
    EXPECT_EQ(array("elements", one, "yaml"), "---\nhalf: 0\nname: el0\nnumber: 0\n");
    EXPECT_EQ(array("elements", one, "none"), "");
}

TEST_F(Modes, HistogramsAreDrawn) {
    const auto text = array("counts", {}, "histogram");
    for (const char* line :
         {"slots cpu=1, name=one\n        ms               : count    distribution\n",
          "         0 -> 1          : 1        |**********                              |\n",
          "         2 -> 4          : 4        |****************************************|\n",
          "         4 -> 8          : 8        |****************************************|\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

/// The blocks of a capture: type and content.
/// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
std::vector<std::pair<std::uint32_t, std::string>> blocks_of(const std::string& capture) {
    std::vector<std::pair<std::uint32_t, std::string>> blocks;
    for (std::size_t at = 0; capture.size() - at >= 12;) {
        std::array<std::uint32_t, 2> head{};
        std::memcpy(head.data(), capture.data() + at, sizeof head);
        if (head[1] < 12 || head[1] > capture.size() - at) break;
        blocks.emplace_back(head[0], capture.substr(at + 8, head[1] - 12));
        at += head[1];
    }
    return blocks;
}

TEST_F(Modes, PacketsBecomeACapture) {
    const auto blocks = blocks_of(rows_of("packets", "pcap-ng", 2));
    ASSERT_EQ(blocks.size(), 5U);
    const std::array<std::uint32_t, 5> types{0x0a0d0d0a, 1, 6, 1, 6};
    for (std::size_t i = 0; i < types.size(); ++i) EXPECT_EQ(blocks[i].first, types[i]) << i;
    const auto content = [&](std::size_t packet, std::size_t size) {
        return blocks[packet].second.substr(20, size);
    };
    EXPECT_EQ(content(2, 4), "\xca\xfe\xba\xbe");
    EXPECT_EQ(content(4, 2), "\xca\xfe");
}

// ---- Terminals ----

/// The standard output of a run as a terminal of `width` columns shows it.
class TerminalRun : public GadgetRun {
  protected:
    std::string screen(unsigned short width, const std::vector<std::string>& words) {
        const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        std::array<char, 64> name{};
        if (!terminal || ::grantpt(terminal.get()) != 0 || ::unlockpt(terminal.get()) != 0 ||
            ::ptsname_r(terminal.get(), name.data(), name.size()) != 0) {
            missing_ = "pseudo terminals";
            return {};
        }
        UniqueFd inside(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (!inside) {
            missing_ = "pseudo terminals below /dev/pts";
            return {};
        }
        const winsize size{24, width, 0, 0};
        EXPECT_EQ(::ioctl(inside.get(), TIOCSWINSZ, &size), 0);
        auto child = Subprocess::spawn({.argv = command(words), .fds = {{inside.get(), 1}}});
        EXPECT_TRUE(child) << child.error().to_string();
        inside.reset();
        std::string text;
        std::array<char, 4096> part{};
        for (ssize_t count = 0; (count = ::read(terminal.get(), part.data(), part.size())) > 0;)
            text.append(part.data(), static_cast<std::size_t>(count));
        const auto status = child->wait(minutes(3));
        EXPECT_TRUE(status && status->success());
        std::erase(text, '\r');
        return text;
    }
    std::string missing_;
};

/// Columns on the screen: every character of these rows but a combining one takes one.
std::size_t cells(const std::string& line) {
    return static_cast<std::size_t>(std::count_if(
        line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

TEST_F(TerminalRun, RowsFitANarrowAndAWideTerminal) {
    constexpr std::array<unsigned short, 4> kWidths{20, 80, 400, 2000};
    for (const auto width : kWidths) {
        const auto lines = lines_of(screen(width, {"-o", only("ring", "columns"), "--count", "3"}));
        if (!missing_.empty()) GTEST_SKIP() << "missing: " << missing_;
        ASSERT_EQ(lines.size(), 4U) << width;
        std::size_t widest = 0;
        for (const auto& line : lines) {
            EXPECT_LE(cells(line), width) << line;
            widest = std::max(widest, cells(line));
            for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20) << line;
        }
        EXPECT_GT(widest, std::size_t{width} / 2) << "the terminal is used";
    }
}

TEST_F(TerminalRun, EachArrayHasAFreshScreenWhereTheMetadataSaysSo) {
    const auto text = screen(80, {"-o", only("elements", "columns"), "--annotate",
                                  "elements:cli.clear-screen-before=true,elements:fetch-interval=1ms",
                                  "--count", "8", "--fields", "elements:name"});
    if (!missing_.empty()) GTEST_SKIP() << "missing: " << missing_;
    const std::string once = "\033[H\033[2JNAME\nel0\nel1\nel2\nel3\n";
    EXPECT_EQ(text, once + once);
}

// ---- Metrics ----

class Metrics : public GadgetRun {};

/// What GET `path` gives, without the header.
std::string scrape(std::uint16_t port, const std::string& path) {
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "";
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_TRUE(write_all(client.get(), as_bytes(request), "socket"));
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t count = 0; (count = ::read(client.get(), part.data(), part.size())) > 0;)
        text.append(part.data(), static_cast<std::size_t>(count));
    return text.substr(std::min(text.size(), text.find("\r\n\r\n") + 4));
}

// Of the source "counts"; "ring" has metrics of these names, too.
constexpr const char* kMetrics =
    "# HELP counts_calls_total How often\n# TYPE counts_calls_total counter\n"
    "counts_calls_total{cpu=\"1\",name=\"one\"} 10\n"
    "counts_calls_total{cpu=\"2\",name=\"\\\"\xef\xbf\xbd\\n\"} 11\n"
    "# HELP counts_level How\\nhigh\n# TYPE counts_level gauge\n"
    "counts_level{cpu=\"1\",name=\"one\"} 20\n"
    "counts_level{cpu=\"2\",name=\"\\\"\xef\xbf\xbd\\n\"} 20\n"
    "# HELP counts_slots How long\n# TYPE counts_slots histogram\n"
    "counts_slots_bucket{cpu=\"1\",name=\"one\",le=\"1\"} 1\n"
    "counts_slots_bucket{cpu=\"1\",name=\"one\",le=\"2\"} 3\n"
    "counts_slots_bucket{cpu=\"1\",name=\"one\",le=\"4\"} 7\n"
    "counts_slots_bucket{cpu=\"1\",name=\"one\",le=\"8\"} 7\n"
    "counts_slots_bucket{cpu=\"1\",name=\"one\",le=\"+Inf\"} 7\n"
    "counts_slots_sum{cpu=\"1\",name=\"one\"} 21\ncounts_slots_count{cpu=\"1\",name=\"one\"} 7\n";

/// What Prometheus' own tool finds in the page, apart from advice about names and missing descriptions.
void check_with_promtool(const std::string& page, const std::string& file) {
    const char* const path = std::getenv("PATH");
    const auto promtool = find_program("promtool", path == nullptr ? "" : path);
    if (!promtool) return;
    ASSERT_TRUE(write_file_atomic(file, page));
    const UniqueFd input(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const auto checked = run_command(
        {.argv = {promtool->string(), "check", "metrics"}, .fds = {{input.get(), 0}}}, minutes(1));
    ASSERT_TRUE(checked) << checked.error().to_string();
    EXPECT_EQ(checked->err.find("error"), std::string::npos) << checked->err;
    EXPECT_TRUE(checked->status.code == 0 || checked->status.code == 3) << checked->err;
}

TEST_F(Metrics, AreServedToPrometheus) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd errors(ends[0]);
    UniqueFd writer(ends[1]);
    auto child =
        Subprocess::spawn({.argv = command({"-o", only("elements", "none"), "--metrics-listen", "127.0.0.1:0",
                                            "--map-fetch-interval", "10ms", "--sort", "counts:cpu"}),
                           .fds = {{writer.get(), 2}}});
    ASSERT_TRUE(child) << child.error().to_string();
    writer.reset();
    std::string said;
    for (char byte = 0; !said.ends_with("\n") && ::read(errors.get(), &byte, 1) == 1;) said += byte;
    std::smatch match;
    ASSERT_TRUE(std::regex_search(said, match, std::regex(R"(http://127\.0\.0\.1:(\d+)/metrics)"))) << said;
    const auto port = static_cast<std::uint16_t>(std::stoul(match[1]));
    std::string text;
    const auto deadline = std::chrono::steady_clock::now() + minutes(2);
    while (text.find("counts_slots_count{cpu=\"2\"") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline)
        text = scrape(port, "/metrics");
    child->kill(SIGINT);
    EXPECT_TRUE(child->wait(minutes(2)));
    EXPECT_NE(text.find(kMetrics), std::string::npos) << text;
    check_with_promtool(text, file("page"));
}

}  // namespace
}  // namespace gadget::tests
