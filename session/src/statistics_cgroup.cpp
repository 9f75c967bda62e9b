// SPDX-License-Identifier: Apache-2.0
// Data source "cgroups": one row for each cgroup (version 2) with the CPU controller: how often and how long
// it was throttled since it exists, its limit, and the pressure on its CPUs.
#include <filesystem>

#include "gadget/support/text.h"
#include "proc_files.h"
#include "row_layout.h"
#include "statistics_kinds.h"

namespace gadget::session {
namespace {

namespace fs = std::filesystem;
using Type = FieldSpec::Type;

constexpr std::size_t kMaxCgroups = 100'000;

constexpr FieldSpec kFields[] = {
    {.name = "cgroupPath",
     .type = Type::text,
     .description = "Path below the cgroup file system",
     .text_size = 512},
    {.name = "nrPeriods", .description = "Periods in which it wanted to run"},
    {.name = "nrThrottled", .description = "Periods in which it was throttled"},
    {.name = "throttledTime_raw",
     .gadget_type = "gadget_duration",
     .description = "Time it was kept waiting"},
    {.name = "throttleRatio", .type = Type::f64, .description = "Throttled periods, percent"},
    {.name = "cpuQuota_raw",
     .gadget_type = "gadget_duration",
     .description = "CPU time a period; 0: no limit"},
    {.name = "cpuPeriod_raw", .gadget_type = "gadget_duration", .description = "Length of a period"},
    {.name = "cpuLimitCores", .type = Type::f64, .description = "Limit in CPUs; 0: none"},
    {.name = "psiSomeAvg10",
     .type = Type::f64,
     .description = "Time some task waited for a CPU, 10 s, percent"},
    {.name = "psiSomeAvg60", .type = Type::f64, .description = "The same, 60 s"},
    {.name = "mountnsid",
     .gadget_type = "gadget_mntns_id",
     .description = "Mount namespace of its processes"},
};

/// Where the unified hierarchy is mounted, from the lines of /proc/self/mountinfo; empty: nowhere.
std::string find_mount(std::string_view mounts) {
    for (const auto line : split(mounts, '\n')) {
        const auto words = words_of(line);
        for (std::size_t i = 0; i + 1 < words.size(); ++i) {
            if (words[i] == "-" && words[i + 1] == "cgroup2" && words.size() > 4)
                return std::string(words[4]);
        }
    }
    return "";
}

/// "some avg10=0.12 ..." -> 0.12 for "avg10=".
double pressure(std::string_view text, std::string_view key) {
    for (const auto word : words_of(text.substr(0, text.find('\n')))) {
        if (word.starts_with(key)) return float_of(word.substr(key.size()));
    }
    return 0;
}

class CgroupStatistics final : public Statistics {
  public:
    CgroupStatistics(RowLayout layout, std::string root)
        : layout_(std::move(layout)), root_(std::move(root)) {}

    std::string source_name() const override { return "cgroups"; }
    const model::EventSchema& schema() const override { return layout_.schema(); }
    const model::DataSourceMetadata& metadata() const override { return layout_.metadata(); }
    std::chrono::nanoseconds default_interval() const override { return std::chrono::seconds(5); }

    Result<void> start() override {
        if (root_.empty()) root_ = find_mount(read_small_file("/proc/self/mountinfo").value_or(""));
        if (!root_.empty()) return {};
        return Error{.code = ErrorCode::unsupported,
                     .message = "no cgroup2 file system is mounted",
                     .hint = "mount -t cgroup2 none /sys/fs/cgroup",
                     .requirement = Requirement{"cgroup2", "Linux 4.5"}};
    }

    Result<void> collect(Bytes& rows) override {
        add(root_, rows);
        std::error_code error;
        const auto options = fs::directory_options::skip_permission_denied;
        std::size_t seen = 0;
        for (fs::recursive_directory_iterator entry(root_, options, error), end; !error && entry != end;
             entry.increment(error)) {
            if (!entry->is_directory(error) || entry->is_symlink(error)) continue;
            if (++seen > kMaxCgroups) break;
            add(entry->path(), rows);
        }
        return {};
    }

  private:
    void add(const fs::path& folder, Bytes& rows) {
        const auto stat = read_small_file((folder / "cpu.stat").string());
        const auto periods = stat ? value_in(*stat, "nr_periods") : std::nullopt;
        if (!periods) return;  // without the CPU controller
        const std::uint64_t throttled = value_in(*stat, "nr_throttled").value_or(0);
        layout_.begin(rows);
        const std::string path = folder.lexically_relative(root_).string();
        layout_.set_text("cgroupPath", path == "." ? "/" : "/" + path);
        layout_.set("nrPeriods", *periods);
        layout_.set("nrThrottled", throttled);
        layout_.set("throttledTime_raw", value_in(*stat, "throttled_usec").value_or(0) * 1000);
        if (*periods > 0)
            layout_.set_float("throttleRatio",
                              100.0 * static_cast<double>(throttled) / static_cast<double>(*periods));
        add_limit(read_small_file((folder / "cpu.max").string()).value_or(""));
        const std::string waiting = read_small_file((folder / "cpu.pressure").string()).value_or("");
        layout_.set_float("psiSomeAvg10", pressure(waiting, "avg10="));
        layout_.set_float("psiSomeAvg60", pressure(waiting, "avg60="));
        const auto members = read_small_file((folder / "cgroup.procs").string());
        if (members && !members->empty())
            layout_.set("mountnsid", mount_namespace_of(static_cast<std::uint32_t>(number_of(*members))));
    }

    void add_limit(std::string_view text) {
        const auto words = words_of(text);
        if (words.size() < 2) return;
        const std::uint64_t period = number_of(words[1]);
        layout_.set("cpuPeriod_raw", period * 1000);
        if (words[0] == "max") return;
        const std::uint64_t quota = number_of(words[0]);
        layout_.set("cpuQuota_raw", quota * 1000);
        if (period > 0)
            layout_.set_float("cpuLimitCores", static_cast<double>(quota) / static_cast<double>(period));
    }

    RowLayout layout_;
    std::string root_;
};

}  // namespace

Result<std::unique_ptr<Statistics>> make_cgroup_statistics(const std::vector<std::string>& fields,
                                                           std::string root) {
    GADGET_TRY_ASSIGN(RowLayout layout, RowLayout::create("cgroups", kFields, fields));
    return std::unique_ptr<Statistics>(new CgroupStatistics(std::move(layout), std::move(root)));
}

}  // namespace gadget::session
