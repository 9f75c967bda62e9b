// SPDX-License-Identifier: Apache-2.0
// Add a line to a table to teach the compiler a hint. A pattern is a part of clang's message in which '*'
// stands for the name that is looked up in the second table, if there is one.
#include "hints.h"

#include <linux/bpf.h>

#include <array>
#include <vector>

#include "file_store.h"
#include "gadget/support/text.h"

namespace gadget::builder {
namespace {

struct Hint {
    std::string_view pattern;
    std::string_view text;
};

// C library functions that people reach for.
constexpr std::array kFunctions{
    Hint{"printf",
         "eBPF has no standard output: bpf_printk() writes to the trace pipe; events carry data to user "
         "space"},
    Hint{"fprintf",
         "eBPF has no files: bpf_printk() writes to the trace pipe; events carry data to user space"},
    Hint{"snprintf", "use BPF_SNPRINTF() of <bpf/bpf_helpers.h> (Linux 5.13 and later)"},
    Hint{"sprintf", "use BPF_SNPRINTF() of <bpf/bpf_helpers.h> (Linux 5.13 and later)"},
    Hint{"strcmp", "use bpf_strncmp() (Linux 5.17 and later), or __builtin_memcmp() with a constant length"},
    Hint{"strncmp", "use bpf_strncmp() (Linux 5.17 and later), or a loop with a constant bound"},
    Hint{"strlen", "use the length that bpf_probe_read_kernel_str() and bpf_probe_read_user_str() return"},
    Hint{"strcpy", "use bpf_probe_read_kernel_str(), or __builtin_memcpy() with a constant length"},
    Hint{"strncpy", "use bpf_probe_read_kernel_str(), or __builtin_memcpy() with a constant length"},
    Hint{"memcpy", "use __builtin_memcpy() with a constant length"},
    Hint{"memset", "use __builtin_memset() with a constant length"},
    Hint{"memmove", "use __builtin_memmove() with a constant length"},
    Hint{"memcmp", "use __builtin_memcmp() with a constant length"},
    Hint{"malloc",
         "eBPF has no heap: use gadget_reserve_buf() for events, or a map (per-CPU array) for scratch space"},
    Hint{"free",
         "eBPF has no heap: use gadget_discard_buf() for events, or bpf_map_delete_elem() for map entries"},
    Hint{"kmalloc",
         "eBPF has no heap: use gadget_reserve_buf() for events, or a map (per-CPU array) for scratch space"},
    Hint{"getpid", "use bpf_get_current_pid_tgid() >> 32"},
    Hint{"gettid", "use (__u32)bpf_get_current_pid_tgid()"},
    Hint{"getuid", "use (__u32)bpf_get_current_uid_gid()"},
    Hint{"time", "use bpf_ktime_get_boot_ns()"},
    Hint{"rand", "use bpf_get_prandom_u32()"},
    Hint{"usleep", "an eBPF program cannot sleep; measure between two events instead"},
    Hint{"sleep", "an eBPF program cannot sleep; measure between two events instead"},
    Hint{"ntohs", "use bpf_ntohs() of <bpf/bpf_endian.h>"},
    Hint{"htons", "use bpf_htons() of <bpf/bpf_endian.h>"},
    Hint{"ntohl", "use bpf_ntohl() of <bpf/bpf_endian.h>"},
    Hint{"htonl", "use bpf_htonl() of <bpf/bpf_endian.h>"},
    Hint{"current", "use bpf_get_current_task() or bpf_get_current_task_btf()"},
    Hint{"BPF_CORE_READ", "add #include <bpf/bpf_core_read.h>"},
    Hint{"BPF_CORE_READ_INTO", "add #include <bpf/bpf_core_read.h>"},
    Hint{"bpf_core_read", "add #include <bpf/bpf_core_read.h>"},
    Hint{"bpf_core_field_exists", "add #include <bpf/bpf_core_read.h>"},
    Hint{"bpf_core_type_exists", "add #include <bpf/bpf_core_read.h>"},
    Hint{"bpf_core_enum_value", "add #include <bpf/bpf_core_read.h>"},
    Hint{"BPF_KPROBE", "add #include <bpf/bpf_tracing.h>"},
    Hint{"BPF_KRETPROBE", "add #include <bpf/bpf_tracing.h>"},
    Hint{"BPF_UPROBE", "add #include <bpf/bpf_tracing.h>"},
    Hint{"BPF_URETPROBE", "add #include <bpf/bpf_tracing.h>"},
    Hint{"BPF_PROG", "add #include <bpf/bpf_tracing.h>"},
    Hint{"BPF_KSYSCALL", "add #include <bpf/bpf_tracing.h>"},
    Hint{"PT_REGS_PARM1", "add #include <bpf/bpf_tracing.h>"},
    Hint{"PT_REGS_RC", "add #include <bpf/bpf_tracing.h>"},
    Hint{"SEC", "add #include <bpf/bpf_helpers.h>"},
    Hint{"bpf_printk", "add #include <bpf/bpf_helpers.h>"},
    Hint{"bpf_htons", "add #include <bpf/bpf_endian.h>"},
    Hint{"bpf_ntohs", "add #include <bpf/bpf_endian.h>"},
    Hint{"bpf_ntohl", "add #include <bpf/bpf_endian.h>"},
    Hint{"bpf_htonl", "add #include <bpf/bpf_endian.h>"},
    Hint{"gadget_reserve_buf", "add #include <gadget/buffer.h>"},
    Hint{"gadget_submit_buf", "add #include <gadget/buffer.h>"},
    Hint{"gadget_discard_buf", "add #include <gadget/buffer.h>"},
    Hint{"gadget_output_buf", "add #include <gadget/buffer.h>"},
    Hint{"GADGET_TRACER_MAP", "add #include <gadget/buffer.h>"},
    Hint{"GADGET_TRACER", "add #include <gadget/macros.h>"},
    Hint{"GADGET_PARAM", "add #include <gadget/macros.h>"},
    Hint{"GADGET_ITER", "add #include <gadget/macros.h>"},
    Hint{"GADGET_MAPITER", "add #include <gadget/macros.h>"},
    Hint{"gadget_process_populate", "add #include <gadget/common.h>"},
    Hint{"gadget_should_discard_data_current", "add #include <gadget/filter.h>"},
};

// Types that are one #include away.
constexpr std::array kTypes{
    Hint{"gadget_timestamp", "add #include <gadget/types.h>"},
    Hint{"gadget_mntns_id", "add #include <gadget/types.h>"},
    Hint{"gadget_netns_id", "add #include <gadget/types.h>"},
    Hint{"gadget_process", "add #include <gadget/common.h>"},
    Hint{"u8", "write __u8, or include <vmlinux.h>, first of all"},
    Hint{"u16", "write __u16, or include <vmlinux.h>, first of all"},
    Hint{"u32", "write __u32, or include <vmlinux.h>, first of all"},
    Hint{"u64", "write __u64, or include <vmlinux.h>, first of all"},
    Hint{"s32", "write __s32, or include <vmlinux.h>, first of all"},
    Hint{"s64", "write __s64, or include <vmlinux.h>, first of all"},
    Hint{"bool", "include <vmlinux.h>, first of all, or <stdbool.h>"},
    Hint{"uint8_t", "write __u8, or include <vmlinux.h>, first of all"},
    Hint{"uint16_t", "write __u16, or include <vmlinux.h>, first of all"},
    Hint{"uint32_t", "write __u32, or include <vmlinux.h>, first of all"},
    Hint{"uint64_t", "write __u64, or include <vmlinux.h>, first of all"},
    Hint{"size_t", "include <vmlinux.h>, first of all, or <stddef.h>"},
};

constexpr std::string_view kNewerKernel =
    "the embedded vmlinux.h has no such name: declare the part you need yourself with the attribute "
    "preserve_access_index, and ask bpf_core_field_exists() or bpf_core_type_exists() before use";

constexpr std::string_view kBitField =
    "a bit-field that is read by a CO-RE relocation must lie within one aligned unit of its type: declare it "
    "as "
    "the kernel does";

constexpr std::string_view kNoFloats =
    "eBPF has no floating point: use integers, for example nanoseconds or thousandths";

// The rest, by what the message says. The first that fits counts.
constexpr std::array kMessages{
    Hint{"stack limit is exceeded",
         "eBPF programs have 512 bytes of stack: keep large variables in a per-CPU array map, or "
         "fill the event that gadget_reserve_buf() returns in place"},
    Hint{"too many args",
         "functions in eBPF take at most 5 arguments: pass a pointer to a struct, or make the function "
         "static __always_inline"},
    Hint{"stack arguments",
         "functions in eBPF take at most 5 arguments: pass a pointer to a struct, or make the function "
         "static __always_inline"},
    Hint{"more than 5",
         "functions in eBPF take at most 5 arguments: pass a pointer to a struct, or make the function "
         "static __always_inline"},
    Hint{"aggregate returns", "return a scalar, and give the function a pointer to the struct to fill"},
    Hint{"only integer returns", "return a scalar, and give the function a pointer to the struct to fill"},
    Hint{"variadic functions", "eBPF functions have a fixed number of arguments"},
    Hint{"varArgs", "eBPF functions have a fixed number of arguments"},
    Hint{"function '__multi3'",
         "eBPF has no 128-bit numbers: multiply 64-bit values whose product fits 64 bits"},
    Hint{"function '__udivti3'", "eBPF has no 128-bit numbers: divide 64-bit values"},
    Hint{"function '__divti3'", "eBPF has no 128-bit numbers: divide 64-bit values"},
    Hint{"function '__float", kNoFloats},
    Hint{"function '__fix", kNoFloats},
    Hint{"function '__mul", kNoFloats},
    Hint{"function '__div", kNoFloats},
    Hint{"function '__add", kNoFloats},
    Hint{"function '__sub", kNoFloats},
    Hint{"call to built-in function",
         "memcpy, memset and memmove must have a constant and small length, so that they become "
         "instructions; copy longer data with bpf_probe_read_kernel() or in a bounded loop"},
    Hint{"dynamic stack allocation",
         "arrays on the stack need a constant size: keep the data in a per-CPU array map"},
    Hint{"variable length array",
         "arrays on the stack need a constant size: keep the data in a per-CPU array map"},
    Hint{"unsupported signed division",
         "eBPF before version 4 of the instruction set divides unsigned values only: cast "
         "both sides to an unsigned type"},
    Hint{"nsupported signed div",
         "eBPF before version 4 of the instruction set divides unsigned values only: cast both "
         "sides to an unsigned type"},
    Hint{"loop not unrolled",
         "the bound of the loop must be a constant; without #pragma unroll, loops with a known bound "
         "load on Linux 5.3 and later, and bpf_loop() runs on 5.17 and later"},
    Hint{"this loop never ends",
         "loops need a bound that the verifier can see: a constant in the condition, or bpf_loop() (Linux "
         "5.17 "
         "and later)"},
    Hint{"back-edge",
         "loops need a bound that the verifier can see: a constant in the condition, or bpf_loop()"},
    Hint{
        "XADD",
        "the result of an atomic operation needs version 3 of the instruction set: do not use the value that "
        "__sync_fetch_and_add() returns"},
    Hint{"unsupported atomic operation",
         "only __sync_fetch_and_add() without use of its result works on all kernels; "
         "protect other updates with bpf_spin_lock()"},
    Hint{"floating point", kNoFloats},
    Hint{"indirect call",
         "eBPF programs cannot call through pointers: use a switch, or a program array and bpf_tail_call()"},
    Hint{"#include nested too deeply", "a header includes itself: begin it with #pragma once"},
    Hint{"redefinition of",
         "when both come from headers: include <vmlinux.h> or the <linux/...> headers, not both"},
    Hint{"incomplete definition of type", kNewerKernel},
    Hint{"incomplete type", kNewerKernel},
    Hint{"no member named", kNewerKernel},
    Hint{"cross alignment boundary", kBitField},
    Hint{"bitfield size greater", kBitField},
    Hint{"field expression for llvm.bpf.preserve",
         "CO-RE relocations are for members of structs with the attribute preserve_access_index: copy the "
         "value with bpf_probe_read_kernel() instead"},
    Hint{"fixup",
         "eBPF objects can refer to maps, functions and global variables only: initialise pointers to other "
         "things when the program runs"},
    Hint{"annot select",
         "eBPF has no instruction for this: leave out 128-bit numbers, floating point and thread-local "
         "variables"},
    Hint{"relocation type matches",
         "type matching needs the BTF of the program: compile with the types complete"},
    Hint{"section attribute", "one function or variable belongs to one section: keep one SEC()"},
    Hint{"unable to open output file", "free some memory and try again"},
};

// The first name in single quotes.
std::string_view quoted_name(std::string_view message) {
    const std::size_t open = message.find('\'');
    if (open == message.npos) return {};
    const std::size_t close = message.find('\'', open + 1);
    if (close == message.npos) return {};
    return message.substr(open + 1, close - open - 1);
}

template <class Table>
std::string_view look_up(const Table& table, std::string_view name) {
    for (const Hint& hint : table) {
        if (hint.pattern == name) return hint.text;
    }
    return {};
}

// Helpers are variables in <bpf/bpf_helpers.h>, which clang does not propose for functions.
std::string near_function(std::string_view name) {
#define GADGET_HELPER_NAME(helper, ...) "bpf_" #helper
    std::vector<std::string> known{__BPF_FUNC_MAPPER(GADGET_HELPER_NAME)};
#undef GADGET_HELPER_NAME
    for (const Hint& hint : kFunctions) {
        if (hint.pattern.starts_with("bpf_") || hint.pattern.starts_with("gadget_"))
            known.emplace_back(hint.pattern);
    }
    return did_you_mean(name, known);
}

std::string missing_header_hint(std::string_view name, const FileStore& files) {
    std::vector<std::string> names = files.header_names();
    const std::string wanted(name);
    // A header that exists under another folder is a better guess than one that is spelled alike.
    const std::string base = wanted.substr(wanted.rfind('/') == wanted.npos ? 0 : wanted.rfind('/') + 1);
    for (const std::string& known : names) {
        if (known.ends_with('/' + base) && (known.starts_with("gadget/") || known.starts_with("bpf/"))) {
            return "did you mean <" + known + ">?";
        }
    }
    std::vector<std::string> local = files.siblings("/gadget/" + wanted);
    const std::size_t slash = wanted.rfind('/');
    if (slash != wanted.npos) {
        for (std::string& sibling : local) sibling.insert(0, wanted.substr(0, slash + 1));
    }
    names.insert(names.end(), local.begin(), local.end());
    if (std::string near = did_you_mean(wanted, names); !near.empty()) return near;
    constexpr std::string_view kLibc[] = {"stdio.h", "stdlib.h", "string.h", "unistd.h",
                                          "sys/",    "arpa/",    "netinet/", "errno.h",
                                          "time.h",  "assert.h", "ctype.h",  "math.h"};
    for (const std::string_view libc : kLibc) {
        if (wanted.starts_with(libc)) {
            return "the C library is not there in eBPF: kernel types are in <vmlinux.h>, helpers in "
                   "<bpf/bpf_helpers.h>";
        }
    }
    return "headers beside the source are written \"in quotes\"; add other folders as include folders";
}

}  // namespace

std::string hint_for(std::string_view message, const FileStore& files) {
    const std::string_view name = quoted_name(message);
    const bool is_call = message.find("undeclared function") != message.npos ||
                         message.find("undeclared library function") != message.npos ||
                         message.find("undeclared identifier") != message.npos ||
                         message.find("type specifier missing") != message.npos;
    if (message.find("file not found") != message.npos) return missing_header_hint(name, files);
    if (is_call) {
        if (const auto text = look_up(kFunctions, name); !text.empty()) return std::string(text);
        if (const auto text = look_up(kTypes, name); !text.empty()) return std::string(text);
    }
    if (message.find("undeclared function") != message.npos) {
        if (std::string near = near_function(name); !near.empty()) return near;
        if (name.starts_with("bpf_")) {
            return "include <bpf/bpf_helpers.h>; kernel functions (kfuncs) need an extern declaration with "
                   "__ksym";
        }
        return "eBPF programs can call their own functions, helpers (bpf_...) and kfuncs; there is no C "
               "library";
    }
    if (message.starts_with("unknown type name")) {
        if (const auto text = look_up(kTypes, name); !text.empty()) return std::string(text);
        return "kernel types are in <vmlinux.h>, which comes first of all includes; those of gadgets in "
               "<gadget/types.h>";
    }
    for (const Hint& hint : kMessages) {
        if (message.find(hint.pattern) == message.npos) continue;
        // A name that is nearly right is no name of a newer kernel.
        if (hint.text == kNewerKernel && message.find("did you mean") != message.npos) return {};
        return std::string(hint.text);
    }
    return {};
}

}  // namespace gadget::builder
