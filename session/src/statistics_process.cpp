// SPDX-License-Identifier: Apache-2.0
// Data source "processes": one row for each process, from /proc. CPU usage is counted from one fetch to the
// next; of a process that is new, since its start.
#include <unistd.h>

#include <map>

#include "gadget/support/text.h"
#include "proc_files.h"
#include "row_layout.h"
#include "statistics_kinds.h"

namespace gadget::session {
namespace {

using Type = FieldSpec::Type;

constexpr FieldSpec kFields[] = {
    {.name = "pid", .type = Type::u32, .gadget_type = "gadget_pid", .description = "Process id"},
    {.name = "ppid", .type = Type::u32, .gadget_type = "gadget_ppid", .description = "Parent's process id"},
    {.name = "comm",
     .type = Type::text,
     .gadget_type = "gadget_comm",
     .description = "Name",
     .text_size = 16},
    {.name = "nice", .type = Type::i32, .description = "Nice value", .hidden = true},
    {.name = "priority", .type = Type::i32, .description = "Priority of the scheduler", .hidden = true},
    {.name = "cpuTime",
     .gadget_type = "gadget_duration",
     .shown_as = "cpuTimeStr",
     .description = "CPU time since the start, in nanoseconds",
     .hidden = true},
    {.name = "cpuUsage", .type = Type::f64, .description = "CPU time since the last row, percent of a CPU"},
    {.name = "cpuUsageRelative", .type = Type::f64, .description = "The same, percent of all CPUs"},
    {.name = "memoryRSS_raw", .gadget_type = "gadget_bytes", .description = "Resident memory"},
    {.name = "memoryVirtual_raw", .gadget_type = "gadget_bytes", .description = "Address space"},
    {.name = "memoryShared_raw", .gadget_type = "gadget_bytes", .description = "Shared resident memory"},
    {.name = "memoryRelative", .type = Type::f64, .description = "Resident memory, percent of all"},
    {.name = "threadCount", .type = Type::u32, .description = "Threads"},
    {.name = "state", .type = Type::text, .description = "State: R, S, D, Z, T, I", .text_size = 8},
    {.name = "uid", .type = Type::u32, .gadget_type = "gadget_uid", .description = "User id"},
    {.name = "startTime",
     .gadget_type = "gadget_timestamp",
     .shown_as = "startTimeStr",
     .description = "Start",
     .hidden = true},
    {.name = "mountnsid", .gadget_type = "gadget_mntns_id", .description = "Mount namespace"},
};

// Positions in /proc/PID/stat behind the name, see proc(5): field 3 is at 0.
enum Position : std::size_t {
    state = 0,
    ppid = 1,
    utime = 11,
    stime = 12,
    priority = 15,
    nice_value = 16,
    threads = 17,
    start_time = 19,
    virtual_size = 20,
    resident = 21,
};

std::int64_t signed_of(std::string_view text) {
    return text.starts_with('-') ? -static_cast<std::int64_t>(number_of(text.substr(1)))
                                 : static_cast<std::int64_t>(number_of(text));
}

class ProcessStatistics final : public Statistics {
  public:
    explicit ProcessStatistics(RowLayout layout)
        : layout_(std::move(layout)),
          tick_ns_(1'000'000'000 / static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)))),
          page_(static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_PAGESIZE)))),
          cpus_(static_cast<double>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)))) {}

    std::string source_name() const override { return "processes"; }
    const model::EventSchema& schema() const override { return layout_.schema(); }
    const model::DataSourceMetadata& metadata() const override { return layout_.metadata(); }
    std::chrono::nanoseconds default_interval() const override { return std::chrono::seconds(60); }

    Result<void> start() override {
        const auto memory = read_small_file("/proc/meminfo");
        memory_ = static_cast<double>(value_in(memory.value_or(""), "MemTotal").value_or(0)) * 1024;
        Bytes unused;
        return collect(unused);
    }

    Result<void> collect(Bytes& rows) override {
        const auto now = Clock::now();
        const double elapsed = std::chrono::duration<double, std::nano>(now - last_).count();
        const bool first = last_ == Clock::time_point{};
        std::map<Identity, std::uint64_t> times;
        for (const std::uint32_t pid : process_ids()) add(pid, first ? 0 : elapsed, times, rows);
        if (times.empty())
            return Error{.code = ErrorCode::unsupported,
                         .message = "/proc shows no processes",
                         .requirement = Requirement{"a mounted proc file system", ""}};
        times_ = std::move(times);
        last_ = now;
        return {};
    }

  private:
    using Clock = std::chrono::steady_clock;
    using Identity = std::pair<std::uint32_t, std::uint64_t>;  ///< process id, start: ids are used again

    void add(std::uint32_t pid, double elapsed, std::map<Identity, std::uint64_t>& times, Bytes& rows) {
        const std::string folder = "/proc/" + std::to_string(pid);
        const auto text = read_small_file(folder + "/stat");
        if (!text) return;  // it has just ended
        const auto open = text->find('(');
        const auto close = text->rfind(')');
        if (open == std::string::npos || close == std::string::npos || close < open) return;
        const auto words = words_of(std::string_view(*text).substr(close + 1));
        if (words.size() <= Position::resident) return;

        const std::uint64_t started = number_of(words[Position::start_time]);
        const std::uint64_t time =
            (number_of(words[Position::utime]) + number_of(words[Position::stime])) * tick_ns_;
        times[{pid, started}] = time;
        const auto before = times_.find({pid, started});
        const std::uint64_t used = before == times_.end() ? time : time - std::min(time, before->second);
        const double usage = elapsed > 0 ? 100.0 * static_cast<double>(used) / elapsed : 0;

        layout_.begin(rows);
        layout_.set("pid", pid);
        layout_.set("ppid", number_of(words[Position::ppid]));
        layout_.set_text("comm", std::string_view(*text).substr(open + 1, close - open - 1));
        layout_.set("nice", static_cast<std::uint64_t>(signed_of(words[Position::nice_value])));
        layout_.set("priority", static_cast<std::uint64_t>(signed_of(words[Position::priority])));
        layout_.set("cpuTime", time);
        layout_.set_float("cpuUsage", usage);
        layout_.set_float("cpuUsageRelative", usage / cpus_);
        layout_.set("threadCount", number_of(words[Position::threads]));
        layout_.set_text("state", words[Position::state]);
        layout_.set("startTime", started * tick_ns_);
        add_memory(folder, words);
        const auto status = read_small_file(folder + "/status");
        layout_.set("uid", value_in(status.value_or(""), "Uid").value_or(0));
        layout_.set("mountnsid", mount_namespace_of(pid));
    }

    void add_memory(const std::string& folder, const std::vector<std::string_view>& words) {
        const std::uint64_t bytes = number_of(words[Position::resident]) * page_;
        layout_.set("memoryRSS_raw", bytes);
        layout_.set("memoryVirtual_raw", number_of(words[Position::virtual_size]));
        if (memory_ > 0) layout_.set_float("memoryRelative", 100.0 * static_cast<double>(bytes) / memory_);
        const auto pages = read_small_file(folder + "/statm");
        if (!pages) return;
        const auto numbers = words_of(*pages);
        if (numbers.size() > 2) layout_.set("memoryShared_raw", number_of(numbers[2]) * page_);
    }

    RowLayout layout_;
    std::uint64_t tick_ns_;
    std::uint64_t page_;
    double cpus_;
    double memory_ = 0;
    std::map<Identity, std::uint64_t> times_;
    Clock::time_point last_{};
};

}  // namespace

Result<std::unique_ptr<Statistics>> make_process_statistics(const std::vector<std::string>& fields) {
    GADGET_TRY_ASSIGN(RowLayout layout, RowLayout::create("processes", kFields, fields));
    return std::unique_ptr<Statistics>(new ProcessStatistics(std::move(layout)));
}

}  // namespace gadget::session
