// SPDX-License-Identifier: Apache-2.0
#include "verify.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "../record.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"

namespace gadget::testkit::guest {
namespace {

constexpr std::size_t kFirstLog = std::size_t{64} << 10;
constexpr std::size_t kMaxLog = std::size_t{32} << 20;
constexpr unsigned kLevelStatistics = 4;
constexpr unsigned kLevelReason = 1;
constexpr std::size_t kMaxMessages = 64 * 1024;

using ObjectPtr = CPtr<bpf_object, bpf_object__close>;

/// libbpf's warnings of the load that is under way: this process has one thread and does nothing else.
std::string& messages() {
    static std::string text;
    return text;
}

int keep_message(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG || messages().size() > kMaxMessages) return 0;
    char line[1024];
    const int size = std::vsnprintf(line, sizeof line, format, arguments);
    if (size > 0)
        messages().append(line, std::min<std::size_t>(static_cast<std::size_t>(size), sizeof line - 1));
    return size;
}

void put(const Record& record) {
    const auto line = encode_record(record) + "\n";
    (void)std::fwrite(line.data(), 1, line.size(), stdout);
}

/// A control group of its own for the memory that one load takes; without a memory controller there is none.
class MemoryGroup {
  public:
    MemoryGroup() {
        std::error_code ignored;
        if (!std::filesystem::exists(root_ / "cgroup.subtree_control", ignored)) return;
        (void)write_to(root_ / "cgroup.subtree_control", "+memory");
        path_ = root_ / ("gadgetkit-verify-" + std::to_string(::getpid()));
        if (!std::filesystem::create_directory(path_, ignored) ||
            !std::filesystem::exists(path_ / "memory.peak", ignored) ||
            !write_to(path_ / "cgroup.procs", "0"))
            leave();
    }
    ~MemoryGroup() { leave(); }
    MemoryGroup(const MemoryGroup&) = delete;
    MemoryGroup& operator=(const MemoryGroup&) = delete;

    /// Bytes, 0 = unknown.
    [[nodiscard]] std::uint64_t peak() const {
        if (path_.empty()) return 0;
        std::FILE* file = std::fopen((path_ / "memory.peak").c_str(), "re");
        unsigned long long value = 0;
        if (file != nullptr && std::fscanf(file, "%llu", &value) != 1) value = 0;
        if (file != nullptr) (void)std::fclose(file);
        return value;
    }

  private:
    static bool write_to(const std::filesystem::path& file, const char* text) {
        std::FILE* stream = std::fopen(file.c_str(), "we");
        if (stream == nullptr) return false;
        const bool written = std::fputs(text, stream) >= 0;
        return std::fclose(stream) == 0 && written;
    }
    void leave() {
        if (path_.empty()) return;
        (void)write_to(root_ / "cgroup.procs", "0");
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
        path_.clear();
    }

    std::filesystem::path root_ = "/sys/fs/cgroup";
    std::filesystem::path path_;
};

struct Attempt {
    int error = 0;
    std::string log;
    bool truncated = false;
    std::uint64_t memory = 0;
    std::size_t instructions = 0;
    bpf_prog_info info{};
};

/// What keeps a map from being created alone: names in a file system, and sizes that a loader sets.
void prepare_maps(bpf_object* object) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        (void)bpf_map__set_pin_path(map, nullptr);
        if (bpf_map__max_entries(map) == 0 && bpf_map__type(map) != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
            (void)bpf_map__set_max_entries(map, 1);
    }
}

/// The program types of sections that libbpf has no entry for, and that gadgets use.
bpf_prog_type type_of_section(std::string_view section) {
    if (section.starts_with("socket")) return BPF_PROG_TYPE_SOCKET_FILTER;
    if (section.starts_with("perf_event")) return BPF_PROG_TYPE_PERF_EVENT;
    if (section.starts_with("classifier")) return BPF_PROG_TYPE_SCHED_CLS;
    return section.starts_with("action") ? BPF_PROG_TYPE_SCHED_ACT : BPF_PROG_TYPE_UNSPEC;
}

/// Loads `name` alone. The log is in a buffer of `size` bytes.
Attempt load_once(const Bytes& bytes, const std::string& name, unsigned level, std::size_t size) {
    Attempt attempt;
    messages().clear();
    const ObjectPtr object(bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
    if (object == nullptr) {
        attempt.error = errno;
        return attempt;
    }
    std::vector<char> buffer(size);
    bpf_program* const wanted = choose_program(object.get(), name);
    if (wanted == nullptr) {
        attempt.error = ENOENT;
        return attempt;
    }
    (void)bpf_program__set_log_buf(wanted, buffer.data(), buffer.size());
    (void)bpf_program__set_log_level(wanted, level);
    {
        const MemoryGroup group;
        const int status = bpf_object__load(object.get());
        attempt.error = status < 0 ? -status : 0;
        attempt.memory = group.peak();
    }
    attempt.log.assign(buffer.data(), ::strnlen(buffer.data(), buffer.size()));
    attempt.truncated = attempt.error == ENOSPC || attempt.log.size() + 1 >= size;
    if (attempt.error == 0) {
        attempt.instructions = bpf_program__insn_cnt(wanted);
        __u32 info_size = sizeof attempt.info;
        (void)bpf_obj_get_info_by_fd(bpf_program__fd(wanted), &attempt.info, &info_size);
    }
    return attempt;
}

/// A log that does not fit costs the load on kernels before 6.4: the buffer grows until it does.
Attempt load(const Bytes& bytes, const std::string& name, unsigned level) {
    Attempt attempt;
    for (std::size_t size = level == kLevelStatistics ? kFirstLog : kFirstLog * 16; size <= kMaxLog;
         size *= 8) {
        attempt = load_once(bytes, name, level, size);
        if (!attempt.truncated) break;
    }
    return attempt;
}

const char* verdict_of(const Attempt& attempt) {
    if (attempt.error == 0) return "accepted";
    if (!attempt.log.empty()) return "rejected";
    // libbpf has no code of its own for it: a program that was refused without a word has no map in the way.
    const auto& text = messages();
    const bool map = text.find("failed to create") != std::string::npos;
    if (map) return "map-error";
    return text.find("load failed") != std::string::npos || text.find("failed to load: ") != std::string::npos
               ? "rejected"
               : "object-error";
}

void report(const std::string& name, const std::string& section, const Attempt& attempt) {
    const auto number = [](auto value) { return std::to_string(value); };
    std::string message;
    if (attempt.error != 0) {
        for (const auto line : split(messages(), '\n')) {
            if (line.find("LOAD LOG --") != std::string_view::npos) break;
            const bool general = line.find("failed to load object") != std::string_view::npos;
            if (!trim(line).empty() && (!general || message.empty())) message = printable(trim(line));
        }
    }
    put({"program", name, section, verdict_of(attempt), number(attempt.error), number(attempt.instructions),
         number(attempt.info.xlated_prog_len), number(attempt.info.jited_prog_len),
         number(attempt.info.verified_insns), number(attempt.memory), attempt.truncated ? "1" : "0",
         message});
    for (const auto line : split(attempt.log, '\n')) {
        if (!line.empty()) put({"log", std::string(line)});
    }
}

}  // namespace

bpf_program* choose_program(bpf_object* object, const std::string& name) {
    bpf_program* wanted = nullptr;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
        const bool is_it = name == bpf_program__name(program);
        (void)bpf_program__set_autoload(program, is_it);
        if (is_it) wanted = program;
        // "socket1" and the like: sections of gadgets that libbpf has no entry for.
        if (bpf_program__type(program) == BPF_PROG_TYPE_UNSPEC)
            (void)bpf_program__set_type(program, type_of_section(bpf_program__section_name(program)));
    }
    prepare_maps(object);
    return wanted;
}

int verify_main(int argc, char** argv) {
    if (argc < 4) return 2;
    const std::string only = argc > 4 ? argv[4] : "";
    const auto level = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
    const auto bytes = read_file(argv[2]);
    if (!bytes) return put({"object", bytes.error().message}), 1;
    const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);
    (void)libbpf_set_print(keep_message);
    const ObjectPtr object(bpf_object__open_mem(bytes->data(), bytes->size(), nullptr));
    if (object == nullptr) {
        put({"object", "libbpf cannot open it: " + errno_text(errno) + "; " + printable(trim(messages()))});
        return 1;
    }
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) {
        const std::string name = bpf_program__name(program);
        if (!only.empty() && name != only) continue;
        auto attempt = load(*bytes, name, level);
        // Statistics alone do not show where the verifier was when it refused.
        if (attempt.error != 0 && level == kLevelStatistics)
            attempt = load(*bytes, name, kLevelStatistics | kLevelReason);
        report(name, bpf_program__section_name(program), attempt);
    }
    return 0;
}

}  // namespace gadget::testkit::guest
