// SPDX-License-Identifier: Apache-2.0
// Every type through the kernel's buffers: the whole JSON, key by key.
#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>
#include <regex>

#include "gadget_run.h"

namespace gadget::tests {
namespace {

// What the clock and the kernel decide stands in angle brackets.
constexpr const char* kValues =
    R"({"address":{"v4":16777226,"v6":[10,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0]},"alias":{"a":2,"b":-2},)"
    R"("args":"ls -l","args_size":6,"bars":[0,8],"calls":3,"colour":"BLUE","colour_raw":-3,"comm":"worker",)"
    R"("depth":6,"dst":{"addr":"2001:db8::1","port":53,"proto":"UDP","proto_raw":17,"version":6},)"
    R"("either":{"bytes":[1,2,3,4],"pair":{"a":513,"b":1027},"word":67305985},"error":"ENOENT",)"
    R"("error_raw":2,"f32":1.5,"f64":0.1,"flags":[false,true],"gid":0,"group":"root","high":74565,)"
    R"("hoisted":7,"host":{"addr":"192.0.2.1","version":4},"i16":-1600,"i32":-320000,"i64":-64000000000,)"
    R"("i8":-8,"kind":"PIDTYPE_TGID","kind_raw":1,"kstack":"<stack>","kstack_raw":<id>,"letter":120,)"
    R"("letters":"abc","level":5,"low":5,"mntns_id":4026531841,"mode":"-rw-r--r--","mode_raw":33188,)"
    R"("named":13,"named_text":"EACCES","netns_id":4026531840,"number":1,"octets":[1,2,3,255],)"
    R"("open":"O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC","open_raw":524865,"owner":"uid:4000000000",)"
    R"("owner_raw":4000000000,"pair":{"a":1,"b":-1},"pcomm":"parent","pid":11,"plain":2,"ppid":12,)"
    R"("proc":{"comm":"cat","creds":{"gid":0,"group":"root","uid":0,"user":"root"},"mntns_id":23,)"
    R"("parent":{"comm":"sh","pid":24,"tid":25},"pid":21,"tid":22},"ptid":14,"question":"www.de.",)"
    R"("rights":"NOTHING|READ|EXEC","rights_raw":5,"shade_raw":1,"signal":"SIGKILL","signal_raw":9,)"
    R"("size":"83 kB","size_raw":82854,"slots":[0,7,0],"spaced":"NOTHING, READ, WRITE, BOTH",)"
    R"("spaced_raw":3,"src":{"addr":"127.0.0.1","port":8080,"proto":"TCP","proto_raw":6,"version":4},)"
    R"("steps":[-1,2],"syscall":"SYS_OPENAT2","syscall_raw":437,"team":"gid:4000000000",)"
    R"("team_raw":4000000000,"tid":13,"time":"<date>","time_raw":<time>,"tint":1,"tiny":"TINY_MOST",)"
    R"("tiny_raw":255,"tone":"RED","took":"1.5s","took_raw":1500000000,"total":4,"u16":1600,"u32":320000,)"
    R"("u64":64000000000,"u8":8,"uid":0,"untold":1,"user":"root",)"
    R"("ustack":{"base_addr_hash":0,"boot_timestamp":0,"inode":0,"major":1,"minor":0,"mtime_nsec":0,)"
    R"("mtime_sec":0,"otel_correlation_id":2,"pid_level0":0,"pid_level1":0,"pidns_level0":0,)"
    R"("pidns_level1":0,"stack_id":0,"tgid_level0":0},"when":<time>,"when_text":"<minute>","wide":"WIDE",)"
    R"("wide_raw":4294967298,"yes":true})";

#ifdef __aarch64__
#define FIRST_CALL "SYS_IO_SETUP"
#else
#define FIRST_CALL "SYS_READ"
#endif

constexpr const char* kZeros =
    R"({"address":{"v4":0,"v6":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]},"alias":{"a":0,"b":0},)"
    R"("args":"","args_size":0,"bars":[0,0],"calls":0,"colour":"UNKNOWN","colour_raw":0,"comm":"",)"
    R"("depth":0,"dst":{"addr":"","port":0,"proto":"IP","proto_raw":0,"version":0},)"
    R"("either":{"bytes":[0,0,0,0],"pair":{"a":0,"b":0},"word":0},"error":"",)"
    R"("error_raw":0,"f32":0,"f64":0,"flags":[false,false],"gid":0,"group":"root","high":0,)"
    R"("hoisted":0,"host":{"addr":"","version":0},"i16":0,"i32":0,"i64":0,)"
    R"("i8":0,"kind":"PIDTYPE_PID","kind_raw":0,"kstack":"<stack>","kstack_raw":<id>,"letter":0,)"
    R"("letters":"","level":0,"low":0,"mntns_id":0,"mode":"----------","mode_raw":0,)"
    R"("named":0,"named_text":"","netns_id":0,"number":0,"octets":[0,0,0,0],)"
    R"("open":"O_RDONLY","open_raw":0,"owner":"root",)"
    R"("owner_raw":0,"pair":{"a":0,"b":0},"pcomm":"","pid":0,"plain":0,"ppid":0,)"
    R"("proc":{"comm":"","creds":{"gid":0,"group":"root","uid":0,"user":"root"},"mntns_id":0,)"
    R"("parent":{"comm":"","pid":0,"tid":0},"pid":0,"tid":0},"ptid":0,"question":".",)"
    R"("rights":"NOTHING","rights_raw":0,"shade_raw":0,"signal":"signal#0","signal_raw":0,)"
    R"("size":"0 B","size_raw":0,"slots":[0,0,0],"spaced":"NOTHING",)"
    R"("spaced_raw":0,"src":{"addr":"","port":0,"proto":"IP","proto_raw":0,"version":0},)"
    R"("steps":[0,0],"syscall":")" FIRST_CALL R"(","syscall_raw":0,"team":"root",)"
    R"("team_raw":0,"tid":0,"time":"<date>","time_raw":<time>,"tint":0,"tiny":"TINY_ZERO",)"
    R"("tiny_raw":0,"tone":"UNKNOWN","took":"0ns","took_raw":0,"total":0,"u16":0,"u32":0,)"
    R"("u64":0,"u8":0,"uid":0,"untold":0,"user":"root",)"
    R"("ustack":{"base_addr_hash":0,"boot_timestamp":0,"inode":0,"major":0,"minor":0,"mtime_nsec":0,)"
    R"("mtime_sec":0,"otel_correlation_id":0,"pid_level0":0,"pid_level1":0,"pidns_level0":0,)"
    R"("pidns_level1":0,"stack_id":0,"tgid_level0":0},"when":<time>,"when_text":"<minute>","wide":"UNKNOWN",)"
    R"("wide_raw":0,"yes":false})";

constexpr const char* kOddities =
    R"({"address":{"v4":0,"v6":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]},"alias":{"a":0,"b":0},)"
    R"("args":"","args_size":99,"bars":[0,0],"calls":0,"colour":"UNKNOWN","colour_raw":4,)"
    R"("comm":"\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd",)"
    R"("depth":0,"dst":{"addr":"::","port":0,"proto":"IP","proto_raw":0,"version":6},)"
    R"("either":{"bytes":[0,0,0,0],"pair":{"a":0,"b":0},"word":0},"error":"error#9999",)"
    R"("error_raw":9999,"f32":0,"f64":0,"flags":[false,false],"gid":4294967295,"group":"gid:4294967295",)"
    R"("high":0,"hoisted":0,"host":{"addr":"","version":0},"i16":-32768,"i32":-2147483648,)"
    R"("i64":-9223372036854775808,)"
    R"("i8":-128,"kind":"UNKNOWN","kind_raw":99,"kstack":"<stack>","kstack_raw":<id>,"letter":-1,)"
    "\"letters\":\"\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\\ufffd\","
    R"("level":0,"low":7,"mntns_id":0,"mode":"-rwxrwxrwx","mode_raw":2559,)"
    R"("named":0,"named_text":"","netns_id":0,"number":3,"octets":[0,0,0,0],)"
    R"("open":"O_RDWR","open_raw":2,"owner":"root",)"
    R"("owner_raw":0,"pair":{"a":0,"b":0},"pcomm":"","pid":0,"plain":0,"ppid":0,)"
    R"("proc":{"comm":"","creds":{"gid":0,"group":"root","uid":0,"user":"root"},"mntns_id":0,)"
    R"("parent":{"comm":"","pid":0,"tid":0},"pid":0,"tid":0},"ptid":0,"question":"",)"
    R"("rights":"NOTHING","rights_raw":8,"shade_raw":0,"signal":"signal#99","signal_raw":99,)"
    R"("size":"18 EB","size_raw":18446744073709551615,"slots":[0,0,0],"spaced":"NOTHING",)"
    R"("spaced_raw":0,"src":{"addr":"","port":0,"proto":"proto#200","proto_raw":200,"version":9},)"
    R"("steps":[0,0],"syscall":"SYS_UNKNOWN","syscall_raw":9999,"team":"root",)"
    R"("team_raw":0,"tid":0,"time":"<date>","time_raw":<time>,"tint":0,"tiny":"UNKNOWN",)"
    "\"tiny_raw\":2,\"tone\":\"UNKNOWN\",\"took\":\"1.23\xc2\xb5s\","
    R"("took_raw":1234,"total":0,"u16":65535,"u32":4294967295,)"
    R"("u64":18446744073709551615,"u8":255,"uid":4294967295,"untold":0,"user":"uid:4294967295",)"
    R"("ustack":{"base_addr_hash":0,"boot_timestamp":0,"inode":0,"major":0,"minor":0,"mtime_nsec":0,)"
    R"("mtime_sec":0,"otel_correlation_id":0,"pid_level0":0,"pid_level1":0,"pidns_level0":0,)"
    R"("pidns_level1":0,"stack_id":0,"tgid_level0":0},"when":<time>,"when_text":"<minute>","wide":"UNKNOWN",)"
    R"("wide_raw":3,"yes":false})";

/// Takes what matches the group of `pattern` out of `row` and leaves `name` in its place.
std::string take(std::string& row, const std::string& pattern, const std::string& name) {
    std::smatch match;
    if (!std::regex_search(row, match, std::regex(pattern))) return "";
    const std::string value = match[1];
    row.replace(static_cast<std::size_t>(match.position(1)), value.size(), name);
    return value;
}

/// A date with its zone as nanoseconds since 1970.
std::int64_t nanoseconds_of(const std::string& date) {
    std::tm time{};
    const char* rest = ::strptime(date.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
    if (rest == nullptr) return 0;
    std::smatch match;
    const std::string tail(rest);
    if (!std::regex_match(tail, match, std::regex(R"(\.(\d{9})(Z|([+-])(\d\d):(\d\d)))"))) return 0;
    std::int64_t seconds = ::timegm(&time);
    if (match[3].matched) {
        const int offset = std::stoi(match[4]) * 3600 + std::stoi(match[5]) * 60;
        seconds += match[3] == "-" ? offset : -offset;
    }
    return seconds * 1'000'000'000 + std::stoll(match[1]);
}

std::int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

/// Checks what differs from run to run and puts names in its place.
std::string normalised(std::string row, bool has_stack) {
    const std::string date = take(row, R"re("time":"([^"]*)")re", "<date>");
    const std::string time = take(row, R"re("time_raw":(\d+))re", "<time>");
    EXPECT_EQ(std::to_string(nanoseconds_of(date)), time) << date;
    EXPECT_LE(nanoseconds_of(date), now());
    (void)take(row, R"re("when":(\d+))re", "<time>");
    EXPECT_EQ(take(row, R"re("when_text":"(\d{4}-\d\d-\d\d \d\d:\d\d)")re", "<minute>"),
              date.substr(0, 10) + " " + date.substr(11, 5));
    (void)take(row, R"re("kstack_raw":(\d+))re", "<id>");
    const std::string stack = take(row, R"re("kstack":"((?:[^"; ]+; )*)")re", "<stack>");
    if (has_stack) {
        EXPECT_NE(stack.find("; "), std::string::npos) << stack;
    }
    return row;
}

/// Both ways from the kernel: the ring buffer, and the perf buffers of its CPUs.
class EveryType : public GadgetRun, public testing::WithParamInterface<const char*> {};

TEST_P(EveryType, IsShownAsTheSpecificationSays) {
    const auto rows = lines_of(rows_of(GetParam(), "json", 3));
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(normalised(rows[0], true), kValues);
    EXPECT_EQ(normalised(rows[1], false), kZeros);
    EXPECT_EQ(normalised(rows[2], false), kOddities);
}

INSTANTIATE_TEST_SUITE_P(Buffer, EveryType, testing::Values("ring", "perf"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace gadget::tests
