// SPDX-License-Identifier: Apache-2.0
// Programs whose hook the kernel knows from the load (tracing, LSM, iterators), raw tracepoints, and USDT.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "attach.h"
#include "elf_symbols.h"
#include "gadget/support/text.h"
#include "kernel_error.h"
#include "libbpf_log.h"
#include "raw_link.h"

namespace gadget::runtime {
namespace {

Result<AttachmentPtr> wrap_link(int fd, const AttachRequest& request, const std::string& what) {
    if (fd < 0) return attach_error(fd == -1 ? errno : fd, what, request.kind());
    std::vector<UniqueFd> fds;
    fds.emplace_back(fd);
    return AttachmentPtr(std::make_unique<FdAttachment>(std::move(fds), fd));
}

Error no_cookies(const std::string& what, const char* since) {
    return Error{ErrorCode::unsupported, what + ": this kernel has no cookies for such programs", "",
                 Requirement{"attach cookies of these programs", since}};
}

/// union bpf_attr of BPF_RAW_TRACEPOINT_OPEN; the headers of libbpf 1.1 lack the cookie.
struct RawTracepoint {
    std::uint64_t name;
    std::uint32_t program;
    std::uint32_t padding;
    std::uint64_t cookie;
};

int open_raw_tracepoint(const char* name, const AttachRequest& request) {
    constexpr int kRawTracepointOpen = 17;
    const RawTracepoint wish{reinterpret_cast<std::uintptr_t>(name),
                             static_cast<std::uint32_t>(request.program.fd()), 0, request.probe.cookie};
    return static_cast<int>(syscall(SYS_bpf, kRawTracepointOpen, &wish, sizeof(wish)));
}

struct TracingLink {
    LinkHead head;
    std::uint32_t target_type;
    std::uint32_t padding;
    std::uint64_t cookie;
};

// Newer than the headers of libbpf 1.1.
constexpr std::uint32_t kStructOpsByLink = 1U << 13U;
constexpr auto kStructOps = static_cast<bpf_attach_type>(44);

class LibbpfAttachment final : public Attachment {
  public:
    explicit LibbpfAttachment(bpf_link* link) : link_(link) {}
    ~LibbpfAttachment() override { (void)detach(); }
    Result<void> detach() override {
        link_.reset();
        return {};
    }
    [[nodiscard]] int link_fd() const override { return link_ ? bpf_link__fd(link_.get()) : -1; }

  private:
    CPtr<bpf_link, bpf_link__destroy> link_;
};

}  // namespace

Result<AttachmentPtr> attach_raw_tracepoint(const AttachRequest& request) {
    std::string name = request.program.parsed->target;
    if (const auto* given = std::get_if<Tracepoint>(&request.probe.target)) name = given->name;
    if (name.empty()) {
        return Error{ErrorCode::invalid_argument,
                     "probe '" + to_string(request.probe.id) + "' names no raw tracepoint"};
    }
    const std::string what = request.what("raw tracepoint '" + name + "'");
    const int fd = open_raw_tracepoint(name.c_str(), request);
    if (fd < 0 && errno == ENOENT)
        return Error{ErrorCode::not_found, what + ": this kernel has no such tracepoint"};
    if (fd < 0 && errno == EINVAL && request.probe.cookie != 0) return no_cookies(what, "Linux 6.10");
    return wrap_link(fd, request, what);
}

Result<AttachmentPtr> attach_tracing(const AttachRequest& request) {
    const std::string what = request.what(describe_target(request.program, request.probe));
    const std::uint64_t cookie = request.probe.cookie;
    const bool tracepoint = request.kind() == model::AttachKind::tp_btf;
    if (cookie == 0 || tracepoint) {
        const int fd = open_raw_tracepoint(nullptr, request);
        if (fd < 0 && errno == EINVAL && cookie != 0) return no_cookies(what, "Linux 6.10");
        return wrap_link(fd, request, what);
    }
    TracingLink link{};
    const auto type = bpf_program__expected_attach_type(request.program.handle);
    link.head = {static_cast<std::uint32_t>(request.program.fd()), 0, static_cast<std::uint32_t>(type), 0};
    link.cookie = cookie;
    UniqueFd fd = create_link(link);
    if (!fd && errno == EINVAL) return no_cookies(what, "Linux 6.0");
    return wrap_link(fd.release(), request, what);
}

Result<AttachmentPtr> attach_iterator(const AttachRequest& request) {
    const std::string what = request.what(describe_target(request.program, request.probe));
    bpf_iter_link_info info{};
    bpf_link_create_opts options{};
    options.sz = sizeof(options);
    if (const auto* given = std::get_if<KernelTarget>(&request.probe.target);
        given != nullptr && !given->map.empty()) {
        const bpf_map* const map = request.object.find_map(given->map);
        if (map == nullptr)
            return Error{ErrorCode::not_found, what + ": there is no map '" + given->map + "'"};
        info.map.map_fd = static_cast<__u32>(bpf_map__fd(map));
        options.iter_info = &info;
        options.iter_info_len = sizeof(info);
    }
    return wrap_link(bpf_link_create(request.program.fd(), 0, BPF_TRACE_ITER, &options), request, what);
}

Result<AttachmentPtr> attach_struct_ops(const AttachRequest& request) {
    const auto* const target = std::get_if<StructOps>(&request.probe.target);
    const bpf_map* const map = target == nullptr ? nullptr : request.object.find_map(target->map);
    if (map == nullptr || bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS) {
        return Error{ErrorCode::invalid_argument, "probe '" + to_string(request.probe.id) +
                                                      "' needs a struct_ops map of the object as its target"};
    }
    const std::string what = request.what(describe_target(request.program, request.probe));
    const LogCapture capture;
    CPtr<bpf_link, bpf_link__destroy> link(bpf_map__attach_struct_ops(map));
    const bool by_link = (bpf_map__map_flags(map) & kStructOpsByLink) != 0;
    // EBUSY: the values are in the map since last time.
    if (!link && !(by_link && errno == EBUSY)) return attach_error(errno, what, request.kind());
    if (!by_link || (link && bpf_link__fd(link.get()) != bpf_map__fd(map)))
        return AttachmentPtr(std::make_unique<LibbpfAttachment>(link.release()));
    // libbpf before 1.2 puts the values into the map and knows no more of links; what it has for one is void.
    if (link) bpf_link__disconnect(link.get());
    return wrap_link(bpf_link_create(bpf_map__fd(map), 0, kStructOps, nullptr), request, what);
}

Result<AttachmentPtr> attach_usdt(const AttachRequest& request) {
    UserTracepoint target;
    if (const auto* given = std::get_if<UserTracepoint>(&request.probe.target)) {
        target = *given;
    } else {
        // binary:provider:name; the binary may itself hold a colon
        const std::string& text = request.program.parsed->target;
        const std::size_t last = text.rfind(':');
        const std::size_t middle =
            last == std::string::npos || last == 0 ? std::string::npos : text.rfind(':', last - 1);
        if (middle == std::string::npos) {
            return Error{ErrorCode::invalid_argument,
                         "probe '" + to_string(request.probe.id) + "' does not say binary:provider:name"};
        }
        target = {
            text.substr(0, middle), text.substr(middle + 1, last - middle - 1), text.substr(last + 1), {}};
    }
    const std::string what = request.what(target.binary + ":" + target.provider + ":" + target.name);
    GADGET_TRY_ASSIGN(const std::filesystem::path binary, find_binary(target.binary).context(what));
    bpf_usdt_opts options{};
    options.sz = sizeof(options);
    options.usdt_cookie = request.probe.cookie;
    const LogCapture capture;
    bpf_link* const link =
        bpf_program__attach_usdt(request.program.handle, target.pid.value_or(-1), binary.c_str(),
                                 target.provider.c_str(), target.name.c_str(), &options);
    if (link == nullptr) {
        const int error = errno;
        if (error == ENOENT)
            return Error{ErrorCode::not_found, what + ": '" + binary.string() + "' has no such USDT probe"};
        Error result = attach_error(error, what, request.kind());
        if (!capture.text().empty()) result.message += " (" + printable(trim(capture.text())) + ")";
        return result;
    }
    return AttachmentPtr(std::make_unique<LibbpfAttachment>(link));
}

}  // namespace gadget::runtime
