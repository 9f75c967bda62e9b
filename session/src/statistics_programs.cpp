// SPDX-License-Identifier: Apache-2.0
// Data source "bpfstats": one row for each eBPF program that is loaded: what it costs, its maps and owners.
// Run times are counted by the kernel while this source runs.
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"
#include "proc_files.h"
#include "row_layout.h"
#include "statistics_kinds.h"

namespace gadget::session {
namespace {

using Type = FieldSpec::Type;

constexpr FieldSpec kFields[] = {
    {.name = "gadgetID", .type = Type::text, .description = "Id of the gadget it belongs to", .hidden = true},
    {.name = "gadgetName", .type = Type::text, .description = "Name of that gadget", .hidden = true},
    {.name = "gadgetImage", .type = Type::text, .description = "Image of that gadget", .hidden = true},
    {.name = "progID", .type = Type::u32, .description = "Id of the program"},
    {.name = "progName", .type = Type::text, .description = "Name of the program"},
    {.name = "progType", .type = Type::text, .description = "Type of the program"},
    {.name = "cpuUsage", .type = Type::f64, .description = "Run time since the last row, percent of a CPU"},
    {.name = "cpuUsageRelative", .type = Type::f64, .description = "The same, percent of all CPUs"},
    {.name = "runtime_raw", .gadget_type = "gadget_duration", .description = "Run time since the last row"},
    {.name = "cpuTime",
     .gadget_type = "gadget_duration",
     .shown_as = "cpuTimeStr",
     .description = "Run time in all",
     .hidden = true},
    {.name = "runcount", .description = "Runs since the last row"},
    {.name = "mapMemory_raw", .gadget_type = "gadget_bytes", .description = "Memory of its maps"},
    {.name = "mapCount", .type = Type::u32, .description = "Maps that it uses"},
    {.name = "comms",
     .type = Type::text,
     .description = "Names of the processes that hold it",
     .text_size = 128},
    {.name = "pids", .type = Type::text, .description = "Ids of these processes", .text_size = 128},
};

// enum bpf_prog_type, include/uapi/linux/bpf.h, in its order.
constexpr const char* kTypes[] = {
    "Unspec",        "SocketFilter", "Kprobe",        "SchedCLS",       "SchedACT",
    "TracePoint",    "XDP",          "PerfEvent",     "CGroupSKB",      "CGroupSock",
    "LWTIn",         "LWTOut",       "LWTXmit",       "SockOps",        "SkSKB",
    "CGroupDevice",  "SkMsg",        "RawTracepoint", "CGroupSockAddr", "LWTSeg6Local",
    "LircMode2",     "SkReuseport",  "FlowDissector", "CGroupSysctl",   "RawTracepointWritable",
    "CGroupSockopt", "Tracing",      "StructOps",     "Extension",      "LSM",
    "SkLookup",      "Syscall",      "Netfilter"};

constexpr std::uint32_t kMaxPrograms = 65536;
constexpr std::uint32_t kMaxMaps = 1024;

UniqueFd bpf_fd(bpf_cmd command, bpf_attr& attributes) {
    return UniqueFd(static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes)));
}

std::uint32_t next_program(std::uint32_t id) {
    bpf_attr attributes{};
    attributes.start_id = id;
    return ::syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attributes, sizeof attributes) == 0 ? attributes.next_id
                                                                                         : 0;
}

UniqueFd open_by_id(bpf_cmd command, std::uint32_t id) {
    bpf_attr attributes{};
    attributes.prog_id = id;
    return bpf_fd(command, attributes);
}

bool read_info(const UniqueFd& fd, bpf_prog_info& info) {
    bpf_attr attributes{};
    attributes.info.bpf_fd = static_cast<std::uint32_t>(fd.get());
    attributes.info.info_len = sizeof info;
    attributes.info.info = reinterpret_cast<std::uintptr_t>(&info);
    return ::syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attributes, sizeof attributes) == 0;
}

std::vector<std::uint32_t> maps_of(const UniqueFd& fd, std::uint32_t count) {
    std::vector<std::uint32_t> ids(std::min(count, kMaxMaps));
    bpf_prog_info info{};
    info.nr_map_ids = static_cast<std::uint32_t>(ids.size());
    info.map_ids = reinterpret_cast<std::uintptr_t>(ids.data());
    if (ids.empty() || !read_info(fd, info)) return {};
    ids.resize(std::min<std::size_t>(ids.size(), info.nr_map_ids));
    return ids;
}

std::uint64_t memory_of_map(std::uint32_t id) {
    const UniqueFd map = open_by_id(BPF_MAP_GET_FD_BY_ID, id);
    if (!map) return 0;
    const auto text = read_small_file("/proc/self/fdinfo/" + std::to_string(map.get()));
    return text ? value_in(*text, "memlock").value_or(0) : 0;
}

/// Who holds which program, by a descriptor of the program or of a link to it.
std::map<std::uint32_t, std::set<std::uint32_t>> program_owners() {
    namespace fs = std::filesystem;
    std::map<std::uint32_t, std::set<std::uint32_t>> owners;
    for (const std::uint32_t pid : process_ids()) {
        const std::string folder = "/proc/" + std::to_string(pid);
        std::error_code error;
        for (fs::directory_iterator entry(folder + "/fd", error), end; !error && entry != end;
             entry.increment(error)) {
            std::error_code gone;
            const std::string target = fs::read_symlink(entry->path(), gone).string();
            if (!target.starts_with("anon_inode:bpf")) continue;
            const auto text = read_small_file(folder + "/fdinfo/" + entry->path().filename().string());
            if (!text) continue;
            if (const auto id = value_in(*text, "prog_id"))
                owners[static_cast<std::uint32_t>(*id)].insert(pid);
        }
    }
    return owners;
}

class ProgramStatistics final : public Statistics {
  public:
    explicit ProgramStatistics(RowLayout layout)
        : layout_(std::move(layout)),
          cpus_(static_cast<double>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)))) {}

    std::string source_name() const override { return "bpfstats"; }
    const model::EventSchema& schema() const override { return layout_.schema(); }
    const model::DataSourceMetadata& metadata() const override { return layout_.metadata(); }
    std::chrono::nanoseconds default_interval() const override { return std::chrono::seconds(1); }

    Result<void> start() override {
        bpf_attr attributes{};
        attributes.enable_stats.type = BPF_STATS_RUN_TIME;
        counting_ = bpf_fd(BPF_ENABLE_STATS, attributes);
        if (!counting_) {
            Error error = errno_error(errno, "cannot have the kernel count the run time of eBPF programs");
            error.hint = "run as root, or with CAP_SYS_ADMIN";
            error.requirement = Requirement{"BPF_ENABLE_STATS with CAP_SYS_ADMIN", "Linux 5.8"};
            return error;
        }
        Bytes unused;
        return collect(unused);
    }

    Result<void> collect(Bytes& rows) override {
        const auto now = Clock::now();
        const double elapsed = std::chrono::duration<double, std::nano>(now - last_).count();
        const auto owners = program_owners();
        std::map<std::uint32_t, Sample> samples;
        std::uint32_t id = 0;
        for (std::uint32_t i = 0; i < kMaxPrograms && (id = next_program(id)) != 0; ++i) {
            const UniqueFd program = open_by_id(BPF_PROG_GET_FD_BY_ID, id);
            bpf_prog_info info{};
            if (!program || !read_info(program, info)) continue;
            samples[id] = {info.run_time_ns, info.run_cnt};
            add(info, elapsed, rows);
            add_maps(maps_of(program, info.nr_map_ids));
            if (const auto found = owners.find(id); found != owners.end()) add_owners(found->second);
        }
        samples_ = std::move(samples);
        last_ = now;
        return {};
    }

  private:
    using Clock = std::chrono::steady_clock;
    struct Sample {
        std::uint64_t time = 0;
        std::uint64_t count = 0;
    };

    void add(const bpf_prog_info& info, double elapsed, Bytes& rows) {
        const auto before = samples_.find(info.id);
        const Sample old = before == samples_.end() ? Sample{} : before->second;
        const std::uint64_t time = info.run_time_ns - std::min<std::uint64_t>(info.run_time_ns, old.time);
        const double usage = elapsed > 0 ? 100.0 * static_cast<double>(time) / elapsed : 0;
        layout_.begin(rows);
        layout_.set("progID", info.id);
        layout_.set_text("progName", {info.name, ::strnlen(info.name, sizeof info.name)});
        layout_.set_text("progType", info.type < std::size(kTypes) ? std::string(kTypes[info.type])
                                                                   : "type#" + std::to_string(info.type));
        layout_.set_float("cpuUsage", usage);
        layout_.set_float("cpuUsageRelative", usage / cpus_);
        layout_.set("runtime_raw", time);
        layout_.set("cpuTime", info.run_time_ns);
        layout_.set("runcount", info.run_cnt - std::min<std::uint64_t>(info.run_cnt, old.count));
    }

    void add_maps(const std::vector<std::uint32_t>& maps) {
        std::uint64_t memory = 0;
        for (const std::uint32_t map : maps) memory += memory_of_map(map);
        layout_.set("mapMemory_raw", memory);
        layout_.set("mapCount", maps.size());
    }

    void add_owners(const std::set<std::uint32_t>& pids) {
        std::string names;
        std::string numbers;
        for (const std::uint32_t pid : pids) {
            const auto comm = read_small_file("/proc/" + std::to_string(pid) + "/comm");
            names += (names.empty() ? "" : ",") + std::string(trim(comm.value_or("")));
            numbers += (numbers.empty() ? "" : ",") + std::to_string(pid);
        }
        layout_.set_text("comms", names);
        layout_.set_text("pids", numbers);
    }

    RowLayout layout_;
    double cpus_;
    UniqueFd counting_;  ///< as long as it is open the kernel counts
    std::map<std::uint32_t, Sample> samples_;
    Clock::time_point last_{};
};

}  // namespace

Result<std::unique_ptr<Statistics>> make_program_statistics(const std::vector<std::string>& fields) {
    GADGET_TRY_ASSIGN(RowLayout layout, RowLayout::create("bpfstats", kFields, fields));
    return std::unique_ptr<Statistics>(new ProgramStatistics(std::move(layout)));
}

}  // namespace gadget::session
