// SPDX-License-Identifier: Apache-2.0
// Programs on perf events: kprobes, uprobes, tracepoints and plain perf events. The kernel's dynamic PMUs
// make the probe exist exactly as long as the descriptor, so nothing stays behind when a process dies.
#include <fcntl.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "attach.h"
#include "elf_symbols.h"
#include "gadget/support/text.h"
#include "kernel_error.h"
#include "kernel_symbols.h"
#include "perf_event.h"
#include "trace_event.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

using model::AttachKind;

Result<AttachmentPtr> wrap(std::vector<UniqueFd> fds, int link, int event = -1) {
    return AttachmentPtr(std::make_unique<FdAttachment>(std::move(fds), link, "perf event", event));
}

Error program_error(int error, const AttachRequest& request, const std::string& what) {
    if (error != EACCES || request.kind() != AttachKind::tracepoint || !may_use_bpf()) {
        return attach_error(error, what, request.kind());
    }
    // The program was verified against a larger context than this event has.
    return Error{ErrorCode::invalid_argument,
                 what + ": the program reads more than the fields of this tracepoint",
                 "compare its context structure with the event's 'format' file in the tracing file system"};
}

/// Puts the program on the event, as a link where the kernel has them (5.15). Takes the event.
Result<int> add_program(const AttachRequest& request, UniqueFd event, std::vector<UniqueFd>& fds,
                        const std::string& what) {
    bpf_link_create_opts options{};
    options.sz = sizeof(options);
    options.perf_event.bpf_cookie = request.probe.cookie;
    UniqueFd link(bpf_link_create(request.program.fd(), event.get(), BPF_PERF_EVENT, &options));
    if (!link) {
        if (errno != EINVAL) return program_error(errno, request, what);
        if (request.probe.cookie != 0) {
            return Error{ErrorCode::unsupported, what + ": this kernel has no attach cookies", "",
                         Requirement{"attach cookies", "Linux 5.15"}};
        }
        if (ioctl(event.get(), PERF_EVENT_IOC_SET_BPF, request.program.fd()) != 0) {
            return program_error(errno, request, what);
        }
    }
    if (ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) return attach_error(errno, what, request.kind());
    const int number = link.get();
    fds.push_back(std::move(event));
    if (link) fds.push_back(std::move(link));
    return number;
}

Result<AttachmentPtr> attach_one(const AttachRequest& request, UniqueFd event, const std::string& what) {
    std::vector<UniqueFd> fds;
    const int number = event.get();
    GADGET_TRY_ASSIGN(const int link, add_program(request, std::move(event), fds, what));
    return wrap(std::move(fds), link, number);
}

struct ProbePmu {
    std::uint32_t type;
    std::uint64_t return_bit;  ///< config of a return probe
};

/// The PMU of kprobes or uprobes; nullopt when the kernel has none.
std::optional<ProbePmu> find_pmu(const AttachRequest& request, const std::string& name) {
    const std::string folder = request.options.event_sources / name;
    const auto type_text = read_small_file(AT_FDCWD, folder + "/type");
    const auto bit_text = read_small_file(AT_FDCWD, folder + "/format/retprobe");
    if (!type_text || !bit_text) return std::nullopt;
    const std::string_view type_digits = trim(*type_text);
    std::string_view bit_digits = trim(*bit_text);
    if (!bit_digits.starts_with("config:")) return std::nullopt;
    bit_digits.remove_prefix(7);
    ProbePmu pmu{};
    unsigned bit = 0;
    if (std::from_chars(type_digits.data(), type_digits.data() + type_digits.size(), pmu.type).ec !=
            std::errc{} ||
        std::from_chars(bit_digits.data(), bit_digits.data() + bit_digits.size(), bit).ec != std::errc{} ||
        bit > 31) {
        return std::nullopt;
    }
    pmu.return_bit = std::uint64_t{1} << bit;
    return pmu;
}

Error missing_pmu(const AttachRequest& request, const std::string& target) {
    const Requirement feature = requirement_of(request.kind());
    return Error{ErrorCode::unsupported, request.what(target) + ": this kernel has no " + feature.feature, "",
                 feature};
}

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 18> buffer{'0', 'x'};
    return {buffer.data(), std::to_chars(buffer.data() + 2, buffer.data() + buffer.size(), value, 16).ptr};
}

bool is_return_probe(AttachKind kind) {
    return kind == AttachKind::kretprobe || kind == AttachKind::uretprobe || kind == AttachKind::kretsyscall;
}

struct NameOffset {
    std::string name;
    std::uint64_t offset = 0;
};

/// "name", "name+16", "name+0x10".
Result<NameOffset> parse_name_offset(const std::string& text) {
    const std::size_t plus = text.rfind('+');
    if (plus == std::string::npos || plus == 0) return NameOffset{text, 0};
    std::string_view digits(text);
    digits.remove_prefix(plus + 1);
    const bool hexadecimal = digits.starts_with("0x");
    if (hexadecimal) digits.remove_prefix(2);
    NameOffset result{text.substr(0, plus), 0};
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), result.offset, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        return Error{ErrorCode::invalid_argument, "'" + text + "' does not read function+offset"};
    }
    return result;
}

Error wrong_target(const AttachRequest& request, const char* wanted) {
    return Error{ErrorCode::invalid_argument, "probe '" + to_string(request.probe.id) + "': section '" +
                                                  request.program.section + "' needs " + wanted +
                                                  " as its target"};
}

bool from_section(const AttachRequest& request) {
    return std::holds_alternative<std::monostate>(request.probe.target);
}

std::vector<std::string> kprobe_candidates(AttachKind kind, const std::string& symbol) {
    if (kind == AttachKind::ksyscall || kind == AttachKind::kretsyscall) return syscall_symbols(symbol);
    std::vector<std::string> names{symbol};
    for (std::string& wrapper : syscall_symbols(symbol)) {
        if (wrapper != symbol) names.push_back(std::move(wrapper));
    }
    return names;
}

/// On an event of the tracing file system, which goes with the attachment.
class TraceEventAttachment final : public Attachment {
  public:
    TraceEventAttachment(TraceEvent event, std::vector<UniqueFd> fds, int link, int perf)
        : event_(std::move(event)), fds_(std::move(fds), link, {}, perf) {}
    ~TraceEventAttachment() override { (void)detach(); }
    Result<void> detach() override {
        GADGET_TRY(fds_.detach());
        return event_.remove();
    }
    [[nodiscard]] int link_fd() const override { return fds_.link_fd(); }
    [[nodiscard]] int perf_event() const override { return fds_.perf_event(); }
    [[nodiscard]] std::string method() const override {
        return "trace event " + std::string(kEventGroup) + "/" + event_.name();
    }
    [[nodiscard]] bool is_there() override { return fds_.is_there(); }

  private:
    TraceEvent event_;
    FdAttachment fds_;
};

Result<AttachmentPtr> attach_by_event(const AttachRequest& request, TraceEventRequest event,
                                      std::optional<pid_t> pid, const std::string& what) {
    event.uid = request.probe.id.uid;
    GADGET_TRY_ASSIGN(TraceEvent made, TraceEvent::create(event, request.options.host_proc).context(what));
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.config = made.id();
    UniqueFd perf = open_perf_event(attributes, pid.value_or(-1), pid ? -1 : 0);
    if (!perf) return attach_error(errno, what, request.kind());
    const int number = perf.get();
    std::vector<UniqueFd> fds;
    GADGET_TRY_ASSIGN(const int link, add_program(request, std::move(perf), fds, what));
    return AttachmentPtr(
        std::make_unique<TraceEventAttachment>(std::move(made), std::move(fds), link, number));
}

/// `by_perf` is given up for `by_event` only where there is no PMU; the other way round for any error.
template <class ByPerf, class ByEvent>
Result<AttachmentPtr> try_methods(bool events_first, bool has_pmu, const ByPerf& by_perf,
                                  const ByEvent& by_event) {
    if (events_first) {
        auto attached = by_event();
        if (attached || !has_pmu) return attached;
        auto instead = by_perf();
        return instead ? std::move(instead) : std::move(attached);
    }
    return has_pmu ? by_perf() : by_event();
}

UniqueFd open_kprobe(const ProbePmu& pmu, bool returns, const std::string& symbol, std::uint64_t offset) {
    perf_event_attr attributes{};
    attributes.type = pmu.type;
    attributes.config = returns ? pmu.return_bit : 0;
    attributes.kprobe_func = reinterpret_cast<std::uintptr_t>(symbol.c_str());
    attributes.probe_offset = offset;
    return open_perf_event(attributes, -1, 0);
}

Error no_such_function(const AttachRequest& request, const std::string& name) {
    return Error{ErrorCode::not_found, request.what(name) + ": this kernel has no such function to probe",
                 suggest_kernel_function(name)};
}

Result<AttachmentPtr> kprobe_by_perf(const AttachRequest& request, const ProbePmu& pmu,
                                     const KernelFunction& target, const std::vector<std::string>& symbols) {
    int error = 0;
    for (const std::string& symbol : symbols) {
        UniqueFd event = open_kprobe(pmu, is_return_probe(request.kind()), symbol, target.offset);
        if (event) return attach_one(request, std::move(event), request.what(symbol));
        error = errno;
        if (error != ENOENT && error != EINVAL)
            break;  // EINVAL: how some kernels say that a symbol is missing
    }
    if (error == ENOENT || error == EINVAL) return no_such_function(request, target.symbol);
    return attach_error(error, request.what(target.symbol), request.kind());
}

Result<AttachmentPtr> kprobe_by_event(const AttachRequest& request, const KernelFunction& target,
                                      const std::vector<std::string>& symbols) {
    for (const std::string& symbol : symbols) {
        TraceEventRequest event;
        event.returns = is_return_probe(request.kind());
        event.max_active = target.max_active;
        event.symbol = symbol;
        event.place = target.offset == 0 ? symbol : symbol + "+" + std::to_string(target.offset);
        auto attached = attach_by_event(request, event, {}, request.what(symbol));
        // EINVAL: how kernels before 5.0 say that a symbol is missing
        if (attached || attached.error().code != ErrorCode::not_found) return attached;
    }
    return no_such_function(request, target.symbol);
}

Result<KernelFunction> kprobe_target(const AttachRequest& request) {
    KernelFunction target;
    if (const auto* given = std::get_if<KernelFunction>(&request.probe.target)) {
        target = *given;
    } else if (from_section(request)) {
        GADGET_TRY_ASSIGN(const NameOffset place, parse_name_offset(request.program.parsed->target));
        target.symbol = place.name;
        target.offset = place.offset;
    } else {
        return wrong_target(request, "a kernel function");
    }
    if (target.symbol.empty()) return wrong_target(request, "a kernel function");
    if (target.symbol.find_first_of("*?") != std::string::npos) {
        GADGET_TRY_ASSIGN(const auto matches, matching_kernel_functions({target.symbol}));
        target.symbol = matches.front();
    }
    if (target.max_active != 0 && request.kind() != AttachKind::kretprobe)
        return wrong_target(request, "no max_active, which is for return probes,");
    return target;
}

UniqueFd open_uprobe(const ProbePmu& pmu, bool returns, const UserFunction& target, const std::string& binary,
                     std::uint64_t offset) {
    perf_event_attr attributes{};
    attributes.type = pmu.type;
    attributes.config = (returns ? pmu.return_bit : 0) | target.reference_counter << 32U;
    attributes.uprobe_path = reinterpret_cast<std::uintptr_t>(binary.c_str());
    attributes.probe_offset = offset;
    return open_perf_event(attributes, target.pid.value_or(-1), target.pid ? -1 : 0);
}

Result<UserFunction> uprobe_target(const AttachRequest& request) {
    UserFunction target;
    if (const auto* given = std::get_if<UserFunction>(&request.probe.target)) {
        target = *given;
    } else if (from_section(request)) {
        const std::string& text = request.program.parsed->target;
        const std::size_t colon = text.rfind(':');
        if (colon == std::string::npos) return wrong_target(request, "binary:function");
        target.binary = text.substr(0, colon);
        GADGET_TRY_ASSIGN(const NameOffset function, parse_name_offset(text.substr(colon + 1)));
        target.symbol = function.name;
        target.offset = function.offset;
    } else {
        return wrong_target(request, "a function of a binary");
    }
    return target;
}

}  // namespace

Result<AttachmentPtr> attach_kprobe(const AttachRequest& request) {
    GADGET_TRY_ASSIGN(const KernelFunction target, kprobe_target(request));
    const auto pmu = find_pmu(request, "kprobe");
    std::vector<std::string> symbols = kprobe_candidates(request.kind(), target.symbol);
    const bool events_first = target.method == ProbeMethod::events || target.max_active != 0;
    auto attached = try_methods(
        events_first, pmu.has_value(), [&] { return kprobe_by_perf(request, *pmu, target, symbols); },
        [&] { return kprobe_by_event(request, target, symbols); });
    const bool syscall = request.kind() == AttachKind::ksyscall || request.kind() == AttachKind::kretsyscall;
    if (!attached && syscall && attached.error().code == ErrorCode::not_found) {
        // An older kernel, or another architecture's form.
        const auto found = find_syscall("/proc/kallsyms", target.symbol);
        if (!found) return attached;
        symbols = {*found};
        return try_methods(
            events_first, pmu.has_value(), [&] { return kprobe_by_perf(request, *pmu, target, symbols); },
            [&] { return kprobe_by_event(request, target, symbols); });
    }
    if (!attached && !pmu && attached.error().code == ErrorCode::unsupported)
        return missing_pmu(request, target.symbol);
    return attached;
}

Result<AttachmentPtr> attach_uprobe(const AttachRequest& request) {
    GADGET_TRY_ASSIGN(const UserFunction target, uprobe_target(request));
    const std::string name = target.binary + ":" + target.symbol;
    const std::string what = request.what(name);
    GADGET_TRY_ASSIGN(const std::filesystem::path binary, find_binary(target.binary).context(what));
    std::uint64_t offset = target.offset;
    if (!target.symbol.empty()) {
        GADGET_TRY_ASSIGN(const std::uint64_t function, function_offset(binary, target.symbol).context(what));
        offset += function;
    }
    const auto pmu = find_pmu(request, "uprobe");
    const bool returns = is_return_probe(request.kind());
    const auto by_perf = [&]() -> Result<AttachmentPtr> {
        UniqueFd event = open_uprobe(*pmu, returns, target, binary, offset);
        if (!event) return attach_error(errno, what, request.kind());
        return attach_one(request, std::move(event), what);
    };
    const auto by_event = [&] {
        TraceEventRequest event;
        event.user = true;
        event.returns = returns;
        event.symbol = target.symbol.empty() ? binary.filename().string() : target.symbol;
        event.place = binary.string() + ":" + hexadecimal(offset);
        if (target.reference_counter != 0) event.place += "(" + hexadecimal(target.reference_counter) + ")";
        return attach_by_event(request, event, target.pid, what);
    };
    auto attached = try_methods(target.method == ProbeMethod::events, pmu.has_value(), by_perf, by_event);
    if (!attached && !pmu && attached.error().code == ErrorCode::unsupported)
        return missing_pmu(request, name);
    return attached;
}

Result<AttachmentPtr> attach_tracepoint(const AttachRequest& request) {
    Tracepoint target;
    if (const auto* given = std::get_if<Tracepoint>(&request.probe.target)) {
        target = *given;
    } else if (from_section(request)) {
        const std::string& text = request.program.parsed->target;
        const std::size_t slash = text.find('/');
        target.category = text.substr(0, slash);
        target.name = slash == std::string::npos ? std::string() : text.substr(slash + 1);
    } else {
        return wrong_target(request, "a tracepoint");
    }
    const std::string name = target.category + "/" + target.name;
    GADGET_TRY_ASSIGN(const std::uint64_t id,
                      tracepoint_id(target.category, target.name).context(request.what(name)));
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.config = id;
    UniqueFd event = open_perf_event(attributes, -1, 0);
    if (!event) return attach_error(errno, request.what(name), request.kind());
    return attach_one(request, std::move(event), request.what(name));
}

Result<AttachmentPtr> attach_perf_event(const AttachRequest& request) {
    PerfEvent target;
    if (const auto* given = std::get_if<PerfEvent>(&request.probe.target)) {
        target = *given;
    } else if (from_section(request)) {
        target.frequency = 99;  // the CPU clock, out of step with timers of 100 Hz
    } else {
        return wrong_target(request, "a perf event");
    }
    const std::string name =
        "perf event " + std::to_string(target.type) + ":" + std::to_string(target.config);
    if (target.frequency == 0 && target.period == 0)
        return wrong_target(request, "a perf event with frequency or period");
    GADGET_TRY_ASSIGN(const std::vector<int> cpus, online_cpus());
    std::vector<UniqueFd> fds;
    int link = -1;
    for (const int cpu : cpus) {
        perf_event_attr attributes{};
        attributes.type = target.type;
        attributes.config = target.config;
        attributes.freq = target.frequency != 0 ? 1 : 0;
        if (target.frequency != 0) {
            attributes.sample_freq = target.frequency;
        } else {
            attributes.sample_period = target.period;
        }
        attributes.disabled = 1;
        UniqueFd event = open_perf_event(attributes, target.pid.value_or(-1), cpu);
        if (!event && errno == ENODEV) continue;  // went offline meanwhile
        if (!event && (errno == ENOENT || errno == EOPNOTSUPP || errno == EINVAL)) {
            return Error{ErrorCode::unsupported,
                         request.what(name) + ": this machine does not count that event", "",
                         Requirement{name, ""}};
        }
        if (!event) return attach_error(errno, request.what(name), request.kind());
        GADGET_TRY_ASSIGN(link, add_program(request, std::move(event), fds, request.what(name)));
    }
    return wrap(std::move(fds), link);
}

}  // namespace gadget::runtime
