// SPDX-License-Identifier: Apache-2.0
#include "vocabulary.h"

#include <array>

namespace gadget::testkit {
namespace {

constexpr std::array kCommon{OptionSpec{"id"}, OptionSpec{"uid"}, OptionSpec{"gid"}, OptionSpec{"comm"},
                             OptionSpec{"repeat"}};
constexpr std::array kOpen{OptionSpec{"path", true}, OptionSpec{"flags"}, OptionSpec{"mode"}, OptionSpec{"call"},
                           OptionSpec{"error"}};
constexpr std::array kExec{OptionSpec{"path", true}, OptionSpec{"args"}, OptionSpec{"error"}, OptionSpec{"status"}};
constexpr std::array kFork{OptionSpec{"status"}};
constexpr std::array kSignal{OptionSpec{"signal", true}, OptionSpec{"to"}, OptionSpec{"error"}};

constexpr std::array kStimuli{
    StimulusSpec{"open", "opens a file and closes it again", kOpen},
    StimulusSpec{"exec", "starts a program that ends at once", kExec},
    StimulusSpec{"fork", "forks a child that ends at once and waits for it", kFork},
    StimulusSpec{"signal", "sends a signal to a child of its own, or to a process id", kSignal},
};

constexpr std::array kFeatures{
    FeatureSpec{"bpf", "3.18"},       FeatureSpec{"btf", "5.2"},        FeatureSpec{"kprobe", "4.1"},     FeatureSpec{"uprobe", "4.3"},
    FeatureSpec{"tracepoint", "4.7"}, FeatureSpec{"raw_tracepoint", "4.17"}, FeatureSpec{"ringbuf", "5.8"},
    FeatureSpec{"fentry", "5.5"},     FeatureSpec{"lsm", "5.7"},        FeatureSpec{"cgroup2", "4.5"},
};

}  // namespace

std::span<const StimulusSpec> stimulus_specs() { return kStimuli; }
std::span<const OptionSpec> common_options() { return kCommon; }
std::span<const FeatureSpec> feature_specs() { return kFeatures; }

}  // namespace gadget::testkit
