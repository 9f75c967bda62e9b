// SPDX-License-Identifier: Apache-2.0
#include "vocabulary.h"

#include <array>

namespace gadget::testkit {
namespace {

using enum OptionType;

constexpr OptionSpec kError{"error", false, error};
constexpr OptionSpec kPath{"path", true};
constexpr OptionSpec kAddress{"address"};
constexpr OptionSpec kPort{"port", true, number};

constexpr std::array kKeys{
    std::string_view("name"),   std::string_view("description"), std::string_view("requires"),
    std::string_view("params"), std::string_view("fixtures"),    std::string_view("steps"),
    std::string_view("defer"),  std::string_view("replay"),      std::string_view("output"),
    std::string_view("expect"), std::string_view("messages"),    std::string_view("pause"),
    std::string_view("timeout")};
constexpr std::array kOutputModes{std::string_view("json"), std::string_view("columns"),
                                  std::string_view("jsonpretty"), std::string_view("yaml")};

constexpr std::array kCommon{OptionSpec{"id"},
                             OptionSpec{"uid", false, number},
                             OptionSpec{"gid", false, number},
                             OptionSpec{"comm"},
                             OptionSpec{"repeat", false, number},
                             OptionSpec{"netns", false, netns},
                             OptionSpec{"cgroup", false, cgroup}};

constexpr std::array kOpen{
    kPath,
    OptionSpec{"flags", false, words,
               "read write read-write create exclusive truncate append nonblock directory nofollow "
               "close-on-exec path"},
    OptionSpec{"mode", false, octal}, OptionSpec{"call", false, choice, "openat openat2 open"}, kError};
constexpr std::array kExec{kPath, OptionSpec{"args", false, words}, kError,
                           OptionSpec{"status", false, number}};
constexpr std::array kFork{OptionSpec{"status", false, number}};
constexpr std::array kFolder{kPath, OptionSpec{"mode", false, octal}, kError};
constexpr std::array kRemove{kPath, OptionSpec{"folder", false, flag}, kError};
constexpr std::array kRename{OptionSpec{"from", true}, OptionSpec{"to", true}, kError};
constexpr std::array kWrite{kPath, OptionSpec{"size", false, number}, OptionSpec{"sync", false, flag},
                            kError};
constexpr std::array kMount{OptionSpec{"target", true},
                            OptionSpec{"type"},
                            OptionSpec{"source"},
                            OptionSpec{"data"},
                            OptionSpec{"create", false, flag},
                            OptionSpec{"keep", false, flag},
                            kError};
constexpr std::array kUnmount{OptionSpec{"target", true}, kError};
constexpr std::array kModule{OptionSpec{"params"}, kError};
constexpr std::array kTcp{kAddress,
                          kPort,
                          OptionSpec{"listen", false, flag},
                          OptionSpec{"bytes", false, number},
                          OptionSpec{"source-port", false, number},
                          OptionSpec{"source-address"},
                          OptionSpec{"hold", false, number},
                          kError};
constexpr std::array kTls{OptionSpec{"name", true}, kAddress, kPort};
constexpr std::array kWait{OptionSpec{"ms", false, number}};
constexpr std::array kMalloc{OptionSpec{"size", false, number}, OptionSpec{"leak", false, flag}};
constexpr std::array kOom{OptionSpec{"limit", false, number}};
constexpr std::array kBlock{OptionSpec{"size", false, number}, OptionSpec{"write", false, flag}};
constexpr std::array kProbe{OptionSpec{"argument", false, number}};
constexpr std::array kUdp{kAddress, OptionSpec{"port", false, number}, OptionSpec{"bytes", false, number},
                          kError};
constexpr std::array kBind{kAddress, kPort, OptionSpec{"protocol", false, choice, "tcp udp"}, kError};
constexpr std::array kDns{OptionSpec{"name", true},
                          OptionSpec{"type", false, choice, "A AAAA TXT MX CNAME"},
                          kAddress,
                          OptionSpec{"port", false, number},
                          OptionSpec{"answer", false, choice, "NOERROR NXDOMAIN SERVFAIL none"},
                          kError};
constexpr std::array kSignal{OptionSpec{"signal", true}, OptionSpec{"to"}, kError};

constexpr std::array kStimuli{
    StimulusSpec{"open", "opens a file and closes it again", kOpen},
    StimulusSpec{"exec", "starts a program that ends at once", kExec},
    StimulusSpec{"fork", "forks a child that ends at once and waits for it", kFork},
    StimulusSpec{"signal", "sends a signal to a child of its own, or to a process id", kSignal},
    StimulusSpec{"mkdir", "makes a folder", kFolder},
    StimulusSpec{"remove", "removes a file or an empty folder", kRemove},
    StimulusSpec{"rename", "renames a file", kRename},
    StimulusSpec{"write", "writes to a file", kWrite},
    StimulusSpec{"mount", "mounts a file system, and unmounts it unless it is to be kept", kMount},
    StimulusSpec{"unmount", "unmounts a file system", kUnmount},
    StimulusSpec{"module", "tries to load a kernel module that is none", kModule},
    StimulusSpec{"tcp", "connects, with a listener of its own unless told otherwise, sends and closes", kTcp},
    StimulusSpec{"udp", "sends a datagram", kUdp},
    StimulusSpec{"bind", "binds a socket to a port", kBind},
    StimulusSpec{"dns", "asks a question, with a server of its own that answers", kDns},
    StimulusSpec{"tls", "connects to a listener of its own and sends the greeting of TLS with a server name",
                 kTls},
    StimulusSpec{"wait", "does nothing for a while", kWait},
    StimulusSpec{"malloc", "allocates memory, uses it, and frees it unless it is to leak", kMalloc},
    StimulusSpec{"mutex", "lets a thread wait for a lock that another one holds", kWait},
    StimulusSpec{"oom", "goes over the memory limit of a control group of its own, which kills a process",
                 kOom},
    StimulusSpec{"block", "reads from a block device of its own, past the cache, or writes to it", kBlock,
                 "loop"},
    StimulusSpec{"uprobe", "calls the function gadgetkit_target of ${program} with an argument", kProbe},
    StimulusSpec{"usdt", "passes the probe gadgetkit:target of ${program}, with an argument", kProbe},
};

constexpr std::array<OptionSpec, 0> kNoOptions{};
constexpr std::array kVeth{OptionSpec{"name", true},
                           OptionSpec{"address", false, words},
                           OptionSpec{"netns", false, netns},
                           OptionSpec{"peer", true},
                           OptionSpec{"peer-address", false, words},
                           OptionSpec{"peer-netns", false, netns}};
constexpr std::array kCgroup{OptionSpec{"memory", false, number}, OptionSpec{"processes", false, number}};
constexpr std::array kFile{kPath,
                           OptionSpec{"content"},
                           OptionSpec{"size", false, number},
                           OptionSpec{"mode", false, octal},
                           OptionSpec{"uid", false, number},
                           OptionSpec{"gid", false, number}};
constexpr std::array kTree{OptionSpec{"depth", false, number}, OptionSpec{"width", false, number},
                           OptionSpec{"comm"}};
constexpr std::array kFixtureFolder{kPath, OptionSpec{"mode", false, octal}, OptionSpec{"uid", false, number},
                                    OptionSpec{"gid", false, number}};

constexpr std::array kFixtures{
    StimulusSpec{"netns", "a network namespace beside that of the test, with its loopback interface up",
                 kNoOptions},
    StimulusSpec{"veth", "a pair of network interfaces, up, with addresses such as 10.9.0.1/24", kVeth,
                 "veth"},
    StimulusSpec{"cgroup", "a control group, with limits for memory in bytes and for processes", kCgroup},
    StimulusSpec{"file", "a file with this content, or of this size", kFile},
    StimulusSpec{"folder", "a folder", kFixtureFolder},
    StimulusSpec{"processes", "a tree of processes that sleep: each has `width` children, `depth` times",
                 kTree},
};

constexpr std::array kFeatures{
    FeatureSpec{"bpf", "3.18"},         FeatureSpec{"btf", "5.2"},
    FeatureSpec{"kprobe", "4.1"},       FeatureSpec{"uprobe", "4.3"},
    FeatureSpec{"tracepoint", "4.7"},   FeatureSpec{"raw_tracepoint", "4.17"},
    FeatureSpec{"ringbuf", "5.8"},      FeatureSpec{"fentry", "5.5"},
    FeatureSpec{"lsm", "5.7"},          FeatureSpec{"cgroup2", "4.5"},
    FeatureSpec{"ipv6", "2.6"},         FeatureSpec{"veth", "2.6", "veth"},
    FeatureSpec{"loop", "2.6", "loop"}, FeatureSpec{"cgroup_memory", "4.5"},
};

}  // namespace

std::span<const StimulusSpec> stimulus_specs() {
    return kStimuli;
}
std::span<const StimulusSpec> fixture_specs() {
    return kFixtures;
}
std::span<const OptionSpec> common_options() {
    return kCommon;
}
std::span<const FeatureSpec> feature_specs() {
    return kFeatures;
}
std::span<const std::string_view> scenario_keys() {
    return kKeys;
}
std::span<const std::string_view> output_modes() {
    return kOutputModes;
}

}  // namespace gadget::testkit
