// SPDX-License-Identifier: Apache-2.0
// Programs on perf events: kprobes, uprobes, tracepoints and plain perf events. The kernel's dynamic PMUs
// make the probe exist exactly as long as the descriptor, so nothing stays behind when a process dies.
#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <charconv>
#include <optional>

#include "attach.h"
#include "elf_symbols.h"
#include "gadget/support/text.h"
#include "kernel_error.h"
#include "kernel_symbols.h"
#include "perf_event.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

using model::AttachKind;

Result<AttachmentPtr> wrap(std::vector<UniqueFd> fds, int link) {
    return AttachmentPtr(std::make_unique<FdAttachment>(std::move(fds), link));
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
    GADGET_TRY_ASSIGN(const int link, add_program(request, std::move(event), fds, what));
    return wrap(std::move(fds), link);
}

struct ProbePmu {
    std::uint32_t type;
    std::uint64_t return_bit;  ///< config of a return probe
};

/// The PMU of kprobes or uprobes; nullopt when the kernel has none.
std::optional<ProbePmu> find_pmu(const std::string& name) {
    const std::string folder = "/sys/bus/event_source/devices/" + name;
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

UniqueFd open_kprobe(const ProbePmu& pmu, bool returns, const std::string& symbol, std::uint64_t offset) {
    perf_event_attr attributes{};
    attributes.type = pmu.type;
    attributes.config = returns ? pmu.return_bit : 0;
    attributes.kprobe_func = reinterpret_cast<std::uintptr_t>(symbol.c_str());
    attributes.probe_offset = offset;
    return open_perf_event(attributes, -1, 0);
}

}  // namespace

Result<AttachmentPtr> attach_kprobe(const AttachRequest& request) {
    NameOffset target;
    if (const auto* given = std::get_if<KernelFunction>(&request.probe.target)) {
        target = {given->symbol, given->offset};
    } else if (from_section(request)) {
        GADGET_TRY_ASSIGN(target, parse_name_offset(request.program.parsed->target));
    } else {
        return wrong_target(request, "a kernel function");
    }
    if (target.name.empty()) return wrong_target(request, "a kernel function");
    const auto pmu = find_pmu("kprobe");
    if (!pmu) return missing_pmu(request, target.name);
    int error = 0;
    for (const std::string& symbol : kprobe_candidates(request.kind(), target.name)) {
        UniqueFd event = open_kprobe(*pmu, is_return_probe(request.kind()), symbol, target.offset);
        if (event) return attach_one(request, std::move(event), request.what(symbol));
        error = errno;
        if (error != ENOENT && error != EINVAL)
            break;  // EINVAL: how some kernels say that a symbol is missing
    }
    if (error == ENOENT || error == EINVAL) {
        return Error{ErrorCode::not_found,
                     request.what(target.name) + ": this kernel has no such function to probe",
                     suggest_kernel_function(target.name)};
    }
    return attach_error(error, request.what(target.name), request.kind());
}

Result<AttachmentPtr> attach_uprobe(const AttachRequest& request) {
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
    const std::string name = target.binary + ":" + target.symbol;
    GADGET_TRY_ASSIGN(const std::filesystem::path binary,
                      find_binary(target.binary).context(request.what(name)));
    std::uint64_t offset = target.offset;
    if (!target.symbol.empty()) {
        GADGET_TRY_ASSIGN(const std::uint64_t function,
                          function_offset(binary, target.symbol).context(request.what(name)));
        offset += function;
    }
    const auto pmu = find_pmu("uprobe");
    if (!pmu) return missing_pmu(request, name);
    perf_event_attr attributes{};
    attributes.type = pmu->type;
    attributes.config = (is_return_probe(request.kind()) ? pmu->return_bit : 0) | target.reference_counter
                                                                                      << 32U;
    attributes.uprobe_path = reinterpret_cast<std::uintptr_t>(binary.c_str());
    attributes.probe_offset = offset;
    UniqueFd event = open_perf_event(attributes, target.pid.value_or(-1), target.pid ? -1 : 0);
    if (!event) return attach_error(errno, request.what(name), request.kind());
    return attach_one(request, std::move(event), request.what(name));
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
