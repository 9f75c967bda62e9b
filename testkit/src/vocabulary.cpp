// SPDX-License-Identifier: Apache-2.0
#include "vocabulary.h"

#include <array>

namespace gadget::testkit {
namespace {

constexpr std::array kCommon{OptionSpec{"id"}, OptionSpec{"uid"}, OptionSpec{"gid"}, OptionSpec{"comm"},
                             OptionSpec{"repeat"}};
constexpr std::array kOpen{OptionSpec{"path", true}, OptionSpec{"flags"}, OptionSpec{"mode"},
                           OptionSpec{"call"}, OptionSpec{"error"}};
constexpr std::array kExec{OptionSpec{"path", true}, OptionSpec{"args"}, OptionSpec{"error"},
                           OptionSpec{"status"}};
constexpr std::array kFork{OptionSpec{"status"}};
constexpr std::array kFolder{OptionSpec{"path", true}, OptionSpec{"mode"}, OptionSpec{"error"}};
constexpr std::array kRemove{OptionSpec{"path", true}, OptionSpec{"folder"}, OptionSpec{"error"}};
constexpr std::array kRename{OptionSpec{"from", true}, OptionSpec{"to", true}, OptionSpec{"error"}};
constexpr std::array kWrite{OptionSpec{"path", true}, OptionSpec{"size"}, OptionSpec{"sync"},
                            OptionSpec{"error"}};
constexpr std::array kMount{OptionSpec{"target", true}, OptionSpec{"type"},   OptionSpec{"source"},
                            OptionSpec{"data"},         OptionSpec{"create"}, OptionSpec{"keep"},
                            OptionSpec{"error"}};
constexpr std::array kUnmount{OptionSpec{"target", true}, OptionSpec{"error"}};
constexpr std::array kModule{OptionSpec{"params"}, OptionSpec{"error"}};
constexpr std::array kTcp{OptionSpec{"address"}, OptionSpec{"port", true},  OptionSpec{"listen"},
                          OptionSpec{"bytes"},   OptionSpec{"source-port"}, OptionSpec{"source-address"},
                          OptionSpec{"hold"},    OptionSpec{"error"}};
constexpr std::array kTls{OptionSpec{"name", true}, OptionSpec{"address"}, OptionSpec{"port", true}};
constexpr std::array kWait{OptionSpec{"ms"}};
constexpr std::array kMalloc{OptionSpec{"size"}, OptionSpec{"leak"}};
constexpr std::array kOom{OptionSpec{"limit"}};
constexpr std::array kUdp{OptionSpec{"address"}, OptionSpec{"port"}, OptionSpec{"bytes"},
                          OptionSpec{"error"}};
constexpr std::array kBind{OptionSpec{"address"}, OptionSpec{"port", true}, OptionSpec{"protocol"},
                           OptionSpec{"error"}};
constexpr std::array kDns{OptionSpec{"name", true}, OptionSpec{"type"},   OptionSpec{"address"},
                          OptionSpec{"port"},       OptionSpec{"answer"}, OptionSpec{"error"}};
constexpr std::array kSignal{OptionSpec{"signal", true}, OptionSpec{"to"}, OptionSpec{"error"}};

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
    StimulusSpec{"tls", "connects to a listener of its own and sends the greeting of TLS with a server name",
                 kTls},
    StimulusSpec{"wait", "does nothing for a while", kWait},
    StimulusSpec{"malloc", "allocates memory, uses it, and frees it unless it is to leak", kMalloc},
    StimulusSpec{"mutex", "lets a thread wait for a lock that another one holds", kWait},
    StimulusSpec{"oom", "goes over the memory limit of a control group of its own, which kills a process",
                 kOom},
    StimulusSpec{"dns", "asks a question, with a server of its own that answers", kDns},
};

constexpr std::array kFeatures{
    FeatureSpec{"bpf", "3.18"},    FeatureSpec{"btf", "5.2"},        FeatureSpec{"kprobe", "4.1"},
    FeatureSpec{"uprobe", "4.3"},  FeatureSpec{"tracepoint", "4.7"}, FeatureSpec{"raw_tracepoint", "4.17"},
    FeatureSpec{"ringbuf", "5.8"}, FeatureSpec{"fentry", "5.5"},     FeatureSpec{"lsm", "5.7"},
    FeatureSpec{"cgroup2", "4.5"},
};

}  // namespace

std::span<const StimulusSpec> stimulus_specs() {
    return kStimuli;
}
std::span<const OptionSpec> common_options() {
    return kCommon;
}
std::span<const FeatureSpec> feature_specs() {
    return kFeatures;
}

}  // namespace gadget::testkit
