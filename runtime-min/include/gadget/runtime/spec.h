// SPDX-License-Identifier: Apache-2.0
// What a Manager shall do, as plain values. The Manager copies its spec and never changes it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "gadget/runtime/selector.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::runtime {

class Manager;

/// How a kprobe or uprobe comes to be. The kernel's dynamic PMUs make one that lives as long as its
/// descriptor; an event written into the tracing file system is older, knows max_active, and has to be
/// removed again. Each is tried first when asked for by name; the PMU is given up only when the kernel has
/// none, an event for any error.
enum class ProbeMethod : std::uint8_t { automatic, perf, events };

// ---- Where a program is attached. Absent (std::monostate): what the program's section says. ----

/// kprobe, kretprobe, ksyscall.
struct KernelFunction {
    std::string symbol;  ///< kernel symbol; a system call's name also finds its __x64_sys_ (arm64:
                         ///< __arm64_sys_) form. With * or ?: the first match, in alphabetical order, of what
                         ///< the kernel lets one probe
    std::uint64_t offset = 0;  ///< bytes into the function
    ProbeMethod method = ProbeMethod::automatic;
    unsigned max_active = 0;  ///< kretprobe: so many calls at once, 0 = the kernel's choice; takes an event
};

/// tracepoint (category and name), raw_tp (name only).
struct Tracepoint {
    std::string category{};
    std::string name;
};

/// fentry, fexit, fmod_ret, tp_btf, lsm, iter: the kernel function, tracepoint, hook or iterator kind. Taken
/// before the load.
struct KernelTarget {
    std::string name{};   ///< empty: the section's
    std::string map{};    ///< iter/bpf_map_elem: the map to walk
    int program_fd = -1;  ///< freplace, fentry, fexit: `name` is a function of this program; borrowed until
                          ///< init() returns
};

/// uprobe, uretprobe.
struct UserFunction {
    std::string binary;          ///< path, or a bare name that is looked up like libraries and programs are
    std::string symbol{};        ///< function, from the symbol table or the dynamic one
    std::uint64_t offset = 0;    ///< added to the symbol; without a symbol: offset in the file
    std::optional<pid_t> pid{};  ///< only this process
    std::uint64_t reference_counter = 0;  ///< file offset of a USDT semaphore, 0 = none
    ProbeMethod method = ProbeMethod::automatic;
};

/// kprobe.multi, kretprobe.multi: all of these at once, by one link.
struct KernelFunctions {
    std::vector<std::string> symbols;  ///< exact names, or patterns with * and ?
};

/// uprobe.multi, uretprobe.multi: all of these at once, by one link, which is also many times faster to let
/// go.
struct UserFunctions {
    std::string binary;
    std::vector<std::string> symbols{};    ///< exact names, or patterns with * and ?
    std::vector<std::uint64_t> offsets{};  ///< and these offsets in the file
    std::optional<pid_t> pid{};
};

/// usdt.
struct UserTracepoint {
    std::string binary;
    std::string provider;
    std::string name;
    std::optional<pid_t> pid{};
};

/// perf_event, opened on every online CPU.
struct PerfEvent {
    std::uint32_t type = 1;       ///< PERF_TYPE_*; 1 = software
    std::uint64_t config = 0;     ///< PERF_COUNT_*; 0 of software = CPU clock
    std::uint64_t frequency = 0;  ///< samples per second; beats `period`
    std::uint64_t period = 0;     ///< events per sample
    std::optional<pid_t> pid{};   ///< only this process
};

enum class Direction : std::uint8_t { ingress, egress };
enum class XdpMode : std::uint8_t { automatic, skb, driver, hardware };

/// xdp, tc, tcx and netkit (the section or `direction` says which end: primary is egress, peer is ingress).
/// Also socket filters: a packet socket on the interface, or on all when neither name nor index is given.
struct NetInterface {
    std::string name{};                    ///< e.g. "eth0"; or
    unsigned index = 0;                    ///< its index, which wins
    std::optional<Direction> direction{};  ///< tc: required; tcx: if the section does not say
    XdpMode xdp_mode = XdpMode::automatic;
    std::uint32_t handle = 0;     ///< tc filter handle, 0 = the kernel chooses
    std::uint16_t priority = 50;  ///< tc filter priority
    std::uint16_t protocol = 0;   ///< tc: ETH_P_*, host order, 0 = all
    int netns_fd = -1;   ///< network namespace to attach in, borrowed during init() and add_hook(); -1 = ours
    bool first = false;  ///< tcx, netkit: before the programs that are there, instead of behind them
    bool remove_clsact = false;   ///< tc: with the last filter, and only then, remove the clsact discipline
    bool xdp_by_netlink = false;  ///< xdp: as kernels before 5.9 need it, without a link
};

/// cgroup_*, sockops.
struct Cgroup {
    std::filesystem::path path;  ///< folder below a cgroup2 mount
};

/// socket filter; sk_reuseport: any socket of the group.
struct Socket {
    int fd = -1;  ///< borrowed; must stay open until stop()
};

/// sk_skb, sk_msg: a socket map of the object, by name.
struct SocketMap {
    std::string map;
};

/// struct_ops: the map that holds the operations. From Linux 6.4 on by a link, before that the kernel takes
/// them once and keeps them when the process is killed. Its programs have to be loaded, which
/// ManagerSpec::load_all sees to; one probe, on any of them, attaches all.
struct StructOps {
    std::string map;
};

/// netfilter: a place on the way of packets, in our network namespace or another.
struct NetfilterHook {
    std::uint32_t family = 2;   ///< NFPROTO_*: 2 = IPv4, 10 = IPv6
    std::uint32_t hook = 0;     ///< NF_INET_*: 0 before routing, 1 in, 2 forward, 3 out, 4 after routing
    std::int32_t priority = 0;  ///< NF_IP_PRI_*, lower runs earlier; not the lowest and highest
    bool defragment = false;    ///< see whole packets instead of fragments
    int netns_fd = -1;          ///< borrowed during init() and add_hook(); -1 = ours
};

/// sk_lookup, flow_dissector: a network namespace.
struct NetNamespace {
    std::filesystem::path path = "/proc/self/ns/net";
};

using AttachTarget = std::variant<std::monostate, KernelFunction, KernelFunctions, Tracepoint, KernelTarget,
                                  UserFunction, UserFunctions, UserTracepoint, PerfEvent, NetInterface,
                                  Cgroup, Socket, SocketMap, StructOps, NetfilterHook, NetNamespace>;

struct ProbeSpec {
    ProbeId id;
    std::string section{};  ///< replaces the section that the object gives the program; empty: keep
    AttachTarget target{};
    bool enabled = true;  ///< false: loaded, but not attached by start()
    /// What bpf_get_attach_cookie() returns: kprobe, uprobe, tracepoint, perf_event, usdt (Linux 5.15),
    /// kprobe.multi (5.18), uprobe.multi (6.6), fentry and its like, lsm (6.0), raw_tp, tp_btf (6.10); an
    /// error elsewhere.
    std::uint64_t cookie = 0;
    std::optional<unsigned> retries{};  ///< attempts after the first that fails; default Options::retries
    std::optional<std::chrono::milliseconds> retry_delay{};
    /// Loads the program once more for this probe alone, so that constants may differ (Constant::probes).
    bool own_copy = false;
    /// On a bpf file system: the program that is pinned there is taken instead of loaded, else it is pinned.
    std::filesystem::path pin_program{};
    /// The same for the attachment, where it is a link: it outlives this process.
    std::filesystem::path pin_link{};
    bool keep_pins = false;  ///< stop() leaves both pins, and with a pinned link the program attached
};

// ---- Reading events ----

/// A ring buffer map, or a perf event array in its place, and who gets its records. Handlers run inside
/// poll() and consume(), on the caller's thread; the bytes are valid during the call. Handlers must not throw
/// (an exception becomes the error of that poll()). They may call every const method of the Manager.
struct RingBufferSpec {
    std::string map;
    std::function<void(std::span<const std::byte> record)> on_record{};
    /// Instead of on_record (and stronger): many records a call.
    std::function<void(std::span<const std::span<const std::byte>> records)> on_batch{};
    std::uint32_t size = 0;  ///< bytes, rounded up to what the kernel accepts; 0 = as in the object
    bool start = true;       ///< false: not read until Manager::start_reader()
};

/// A perf event array map and who gets its records.
struct PerfBufferSpec {
    std::string map;
    std::size_t pages = 64;  ///< buffer per CPU, rounded up to a power of two
    std::function<void(int cpu, std::span<const std::byte> record)> on_record{};
    std::function<void(int cpu, std::uint64_t count)> on_lost{};  ///< optional; losses are always counted
    std::uint32_t wakeup_events = 1;  ///< poll() wakes up after so many records...
    std::uint32_t watermark = 0;      ///< ...or, when not 0, after so many bytes
    bool start = true;                ///< false: not connected until Manager::start_reader()
};

// ---- Changes before the load ----

/// Value of a global variable, normally `const volatile`, whose size it must have; or of an assembler symbol,
/// `asm("%0 = name ll" : "=r"(value))`, which has 8 bytes.
struct Constant {
    std::string name;
    Bytes value;
    bool optional = false;       ///< fine when the object has no such variable
    bool allow_mutable = false;  ///< also a variable in .data or .bss: its initial value
    /// Only for these probes, which need a copy of their own (ProbeSpec::own_copy). Excluded ones are passed
    /// over.
    std::vector<ProbeId> probes{};
    /// Assembler symbols: instead of `value`, asked for each function that uses the symbol.
    std::function<Bytes(const std::string& function)> value_for{};
};

/// One instruction, as the kernel lays it out (struct bpf_insn).
struct Instruction {
    std::uint8_t code;
    std::uint8_t registers;  ///< destination in the low, source in the high four bits
    std::int16_t offset;
    std::int32_t immediate;
};

/// Changes the instructions of a function of the object before it is loaded, in place.
using InstructionPatcher =
    std::function<Result<void>(const std::string& function, std::span<Instruction> instructions)>;

/// Decides while loading which programs to leave out.
struct ProgramExcluder {
    /// Asked once for every program of the object.
    std::function<bool(const std::string& program, const std::string& section)> excluded{};
    std::function<void()> done{};  ///< called once after the last question; may free what `excluded` needed
};

/// Changes the definition of a map. Only what is set changes.
struct MapEdit {
    std::string map;
    std::optional<std::uint32_t> type{};
    std::optional<std::uint32_t> max_entries{};
    std::optional<std::uint32_t> flags{};
    std::optional<std::uint32_t> key_size{};
    std::optional<std::uint32_t> value_size{};
    std::optional<std::uint32_t> numa_node{};
    std::optional<std::uint64_t> map_extra{};  ///< what its type makes of it: hashes of a Bloom filter
    std::optional<bool> create{};              ///< false: leave the map out; programs that use it are refused
    int replace_fd = -1;    ///< use this map instead of making one: its shape is checked, the fd duplicated
    int inner_map_fd = -1;  ///< template for map-in-map, borrowed until init() returns
    std::string inner_like{};  ///< or: a map of the object that the template looks like
    std::filesystem::path
        pin_path{};       ///< on a bpf file system: reused when it is there, else pinned after the load
    bool freeze = false;  ///< behind its first contents, only programs can write to it
    bool remove_pin_on_stop = false;  ///< whatever stop() is told
    bool optional = false;  ///< fine when the object has no such map; a replacement is there all the same
};

/// A map that is made while the Manager runs.
struct NewMap {
    std::string name;
    std::uint32_t type = 0;  ///< enum bpf_map_type
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    std::uint32_t max_entries = 0;
    std::uint32_t flags = 0;
    std::filesystem::path pin_path{};  ///< on a bpf file system; must not exist
};

/// Whose pins stop() removes. The descriptors of the Manager are closed in any case. "external": the map was
/// there before (a pin that was reused, or a replacement); "edited": it was given as MapEdit::replace_fd.
enum class Cleanup : std::uint8_t {
    none = 0,
    internal_pinned = 1U << 1U,
    internal_not_pinned = 1U << 2U,
    external_pinned = 1U << 3U,
    external_pinned_and_edited = 1U << 4U,
    external_edited = 1U << 5U,
    internal = internal_pinned | internal_not_pinned,
    external = external_pinned | external_pinned_and_edited | external_edited,
    all = internal | external,
};
[[nodiscard]] constexpr Cleanup operator|(Cleanup a, Cleanup b) {
    return static_cast<Cleanup>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr bool has(Cleanup set, Cleanup flag) {
    return (static_cast<unsigned>(set) & static_cast<unsigned>(flag)) != 0;
}

/// An element that is there before the first program runs.
struct MapEntry {
    std::string map;
    Bytes key;
    Bytes value;
};

/// outer[key] = inner, where inner is a map of this object or a descriptor. In place before the first program
/// runs.
struct MapRoute {
    std::string outer;
    Bytes key;
    std::string inner{};
    int inner_fd = -1;
};

/// program array `map`[key] = program.
struct TailCallRoute {
    std::string map;
    std::uint32_t key = 0;
    std::string program{};
    int program_fd = -1;
};

/// A map that a clone uses in the place of the one that its original uses.
struct MapReplacement {
    std::string map;
    int fd = -1;  ///< borrowed during the call; its shape is checked by the verifier
};

/// A second, independent instance of a loaded program.
struct CloneSpec {
    /// id.program: the original; id.uid: new and not empty. A KernelTarget with a name moves the clone of an
    /// fentry, fexit, fmod_ret, tp_btf or LSM program to another function of the kernel.
    ProbeSpec probe;
    std::vector<Constant> constants{};  ///< the clone alone sees these values
    std::vector<MapReplacement> maps{};
};

struct ObjectFile {
    std::filesystem::path path;
};
struct ObjectBytes {
    Bytes bytes;
};

/// An unsigned integer, or an array of them.
struct ExtraMember {
    std::string name;
    std::uint32_t offset = 0;  ///< bytes
    std::uint32_t size = 0;    ///< bytes of an element: 1, 2, 4, 8
    std::uint32_t count = 1;   ///< > 1: an array
};

/// A struct that CO-RE relocations find although the kernel has none of that name: its layout is decided by
/// whoever fills a map with it.
struct ExtraStruct {
    std::string name;
    std::uint32_t size = 0;  ///< bytes
    std::vector<ExtraMember> members{};
};

struct Options {
    unsigned retries = 0;
    std::chrono::milliseconds retry_delay{100};
    std::filesystem::path kernel_btf{};        ///< BTF file for CO-RE instead of the running kernel's
    std::vector<ExtraStruct> extra_structs{};  ///< beside the kernel's own types
    unsigned verifier_log_level =
        0;  ///< 0: a log only on refusal; 1, 2, 4: kernel's BPF_LOG_*, kept in load_log()
    std::filesystem::path host_proc =
        "/proc";  ///< in a container: the host's, for what carries our process id
    std::filesystem::path event_sources = "/sys/bus/event_source/devices";  ///< where the PMUs are listed
};

struct ManagerSpec {
    std::string name = "object";  ///< how errors call it
    std::variant<ObjectBytes, ObjectFile> object{};
    /// Empty: every program of the object as its section says, except those whose section starts with '?'.
    /// Otherwise exactly these; other programs are loaded when a tail call route names them or `load_all` is
    /// set.
    std::vector<ProbeSpec> probes{};
    bool load_all = false;
    /// Conditions for start(). Empty: every enabled probe must run.
    std::vector<Selector> activation{};
    std::vector<std::string> excluded_programs{};  ///< never loaded
    ProgramExcluder excluder{};                    ///< more of them
    std::vector<RingBufferSpec> ring_buffers{};
    std::vector<PerfBufferSpec> perf_buffers{};
    std::vector<Constant> constants{};
    std::vector<MapEdit> map_edits{};
    std::vector<MapEntry> map_entries{};
    std::vector<MapRoute> map_routes{};
    std::vector<TailCallRoute> tail_calls{};
    std::vector<InstructionPatcher> patchers{};  ///< called in this order
    /// Manager::dump() asks it for the text of a map.
    std::function<std::string(const Manager& manager, const std::string& map)> dumper{};
    Options options{};
};

}  // namespace gadget::runtime
