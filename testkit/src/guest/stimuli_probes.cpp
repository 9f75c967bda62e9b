// SPDX-License-Identifier: Apache-2.0
// Stimuli: what uprobes and USDT probes attach to, and block I/O.
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "gadget/support/files.h"
#include "gadget/support/unique_fd.h"
#include "stimulus_parts.h"

/// The executable keeps this name: gadgets find the function by it.
extern "C" __attribute__((noinline, used, visibility("default"))) long gadgetkit_target(long argument) {
    long value = argument;
    asm volatile("" : "+r"(value));  // neither inlined nor left out
    return value;
}

namespace gadget::testkit::guest {
namespace {

constexpr unsigned kMaxArgument = 0x7fffffff;
constexpr unsigned kMaxBytes = 16U << 20;
constexpr std::size_t kBlock = 4096;

std::optional<unsigned> argument_of(const StimulusContext& context) {
    const auto value = parse_number(context.option("argument", "42"), 10);
    return value && *value <= kMaxArgument ? value : std::nullopt;
}

/// The probe gadgetkit:target with one argument of eight bytes: a note as SystemTap defines it, which tells
/// the address of an instruction that does nothing.
void pass_probe(long argument) {
    asm volatile(
        "990: nop\n"
        ".pushsection .note.stapsdt,\"?\",\"note\"\n"
        ".balign 4\n"
        ".4byte 992f-991f, 994f-993f, 3\n"
        "991: .asciz \"stapsdt\"\n"
        "992: .balign 4\n"
        "993: .8byte 990b\n"
        ".8byte _.stapsdt.base\n"
        ".8byte 0\n"
        ".asciz \"gadgetkit\"\n"
        ".asciz \"target\"\n"
        ".asciz \"-8@%0\"\n"
        "994: .balign 4\n"
        ".popsection\n"
        ".ifndef _.stapsdt.base\n"
        ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
        ".weak _.stapsdt.base\n"
        ".hidden _.stapsdt.base\n"
        "_.stapsdt.base: .space 1\n"
        ".size _.stapsdt.base, 1\n"
        ".popsection\n"
        ".endif\n"
        :
        : "r"(argument));
}

/// A loop device over a file without a name. It is gone with the last descriptor.
struct LoopDevice {
    UniqueFd fd;
    std::string problem;
};

LoopDevice make_loop_device(std::size_t size) {
    const auto failed = [](const std::string& what) {
        return LoopDevice{{}, what + ": " + errno_name(errno)};
    };
    const std::string content(size, 'x');
    const auto file = memory_file("gadgetkit-block", as_bytes(content));
    const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!file) return {{}, file.error().message};
    if (!control) return failed("/dev/loop-control");
    constexpr int kAttempts = 16;  // another process may take the number that we were given
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) return failed("no free loop device");
        const auto path = "/dev/loop" + std::to_string(number);
        UniqueFd device(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_DIRECT));
        if (!device) return failed(path);
        if (::ioctl(device.get(), LOOP_SET_FD, file->get()) != 0) {
            if (errno == EBUSY) continue;
            return failed(path);
        }
        loop_info64 info{};
        info.lo_flags = LO_FLAGS_AUTOCLEAR;
        if (::ioctl(device.get(), LOOP_SET_STATUS64, &info) != 0) {
            (void)::ioctl(device.get(), LOOP_CLR_FD, 0);
            return failed(path);
        }
        return {std::move(device), {}};
    }
    return {{}, "every free loop device was taken by others"};
}

}  // namespace

std::string call_target(const StimulusContext& context) {
    const auto argument = argument_of(context);
    if (!argument) return "argument '" + context.option("argument") + "' is not a number";
    return gadgetkit_target(static_cast<long>(*argument)) == static_cast<long>(*argument) ? ""
                                                                                          : "wrong result";
}

std::string pass_usdt(const StimulusContext& context) {
    const auto argument = argument_of(context);
    if (!argument) return "argument '" + context.option("argument") + "' is not a number";
    pass_probe(static_cast<long>(*argument));
    return {};
}

/// One request after another of a block each: what gadgets see is not merged.
std::string use_block_device(const StimulusContext& context) {
    const auto size = parse_number(context.option("size", "4096"), 10);
    if (!size || *size == 0 || *size > kMaxBytes || *size % kBlock != 0)
        return "size '" + context.option("size") + "' is not a multiple of 4096 up to 16 MiB";
    const bool writes = context.option("write") == "true";
    auto device = make_loop_device(*size);
    if (!device.fd) return device.problem;
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    const std::unique_ptr<void, Free> block(std::aligned_alloc(kBlock, kBlock));
    if (block == nullptr) return "no memory";
    std::fill_n(static_cast<char*>(block.get()), kBlock, 'y');
    for (std::size_t at = 0; at < *size; at += kBlock) {
        const auto offset = static_cast<off_t>(at);
        const auto done = writes ? ::pwrite(device.fd.get(), block.get(), kBlock, offset)
                                 : ::pread(device.fd.get(), block.get(), kBlock, offset);
        if (done != static_cast<ssize_t>(kBlock))
            return std::string(writes ? "pwrite" : "pread") + ": " + (done < 0 ? errno_name(errno) : "short");
    }
    return {};
}

}  // namespace gadget::testkit::guest
