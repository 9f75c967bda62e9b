// SPDX-License-Identifier: Apache-2.0
#include "attach.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"
#include "gadget/testkit/verifier.h"
#include "isolation.h"
#include "verify.h"

namespace gadget::testkit::guest {
namespace {

constexpr std::size_t kLogSize = std::size_t{16} << 20;

int say(libbpf_print_level level, const char* format, va_list arguments) {
    return level == LIBBPF_DEBUG ? 0 : std::vfprintf(stderr, format, arguments);
}

int loopback() {
    return static_cast<int>(::if_nametoindex("lo"));
}

/// 0 or an errno.
int attach_socket(int program) {
    const UniqueFd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
    if (!socket) return errno;
    return ::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof program) == 0 ? 0 : errno;
}

int attach_classifier(int program) {
    bpf_tc_hook hook{};
    hook.sz = sizeof hook;
    hook.ifindex = loopback();
    hook.attach_point = BPF_TC_INGRESS;
    if (const int made = bpf_tc_hook_create(&hook); made != 0 && made != -EEXIST) return -made;
    bpf_tc_opts options{};
    options.sz = sizeof options;
    options.prog_fd = program;
    return -bpf_tc_attach(&hook, &options);
}

int attach_clock(bpf_program* program) {
    perf_event_attr attr{};
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_CPU_CLOCK;
    attr.sample_period = 1'000'000;
    UniqueFd event(static_cast<int>(::syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!event) return errno;
    const CPtr<bpf_link, bpf_link__destroy> link(bpf_program__attach_perf_event(program, event.get()));
    if (link == nullptr) return errno;
    (void)event.release();  // the link closes it
    return 0;
}

int attach_to_group(bpf_program* program) {
    const auto path = cgroup_mount() + "/attached";
    if (::mkdir(path.c_str(), 0755) != 0) return errno;
    const UniqueFd group(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int error = 0;
    {
        const CPtr<bpf_link, bpf_link__destroy> link(bpf_program__attach_cgroup(program, group.get()));
        if (link == nullptr) error = errno;
    }
    (void)::rmdir(path.c_str());
    return error;
}

int attach(bpf_program* program) {
    switch (bpf_program__type(program)) {
        case BPF_PROG_TYPE_SOCKET_FILTER:
            return attach_socket(bpf_program__fd(program));
        case BPF_PROG_TYPE_SCHED_CLS:
            return attach_classifier(bpf_program__fd(program));
        case BPF_PROG_TYPE_PERF_EVENT:
            return attach_clock(program);
        case BPF_PROG_TYPE_XDP: {
            const CPtr<bpf_link, bpf_link__destroy> link(bpf_program__attach_xdp(program, loopback()));
            return link == nullptr ? errno : 0;
        }
        case BPF_PROG_TYPE_CGROUP_SKB:
        case BPF_PROG_TYPE_CGROUP_SOCK:
        case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
        case BPF_PROG_TYPE_CGROUP_SOCKOPT:
        case BPF_PROG_TYPE_CGROUP_SYSCTL:
        case BPF_PROG_TYPE_CGROUP_DEVICE:
        case BPF_PROG_TYPE_SOCK_OPS:
            return attach_to_group(program);
        default: {
            const CPtr<bpf_link, bpf_link__destroy> link(bpf_program__attach(program));
            return link == nullptr ? errno : 0;
        }
    }
}

void show_log(const std::vector<char>& log) {
    for (const auto line : split(std::string_view(log.data()), '\n')) {
        if (!line.empty()) std::fprintf(stderr, "%s\n", printable(line).c_str());
    }
}

}  // namespace

int attach_main(int argc, char** argv) {
    if (argc != 4) return 2;
    const std::string name = argv[3];
    const auto bytes = read_file(argv[2]);
    if (!bytes) return std::fprintf(stderr, "error: %s\n", bytes.error().message.c_str()), 2;
    const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);
    (void)libbpf_set_print(say);
    const CPtr<bpf_object, bpf_object__close> object(
        bpf_object__open_mem(bytes->data(), bytes->size(), nullptr));
    bpf_program* const program = object == nullptr ? nullptr : choose_program(object.get(), name);
    if (program == nullptr) {
        std::fprintf(stderr, "error: the object has no program '%s'\n", name.c_str());
        return 2;
    }
    std::vector<char> log(kLogSize);
    (void)bpf_program__set_log_buf(program, log.data(), log.size());
    if (const int status = bpf_object__load(object.get()); status != 0) {
        show_log(log);
        const auto reason = parse_verifier_log(log.data()).reason;
        std::fprintf(stderr, "error: program '%s' was not loaded: %s\n", name.c_str(),
                     reason.empty() ? errno_text(-status).c_str() : printable(reason).c_str());
        return kLoadRefused;
    }
    const int error = attach(program);
    if (error == EOPNOTSUPP) {
        std::fprintf(stderr, "loaded; its kind attaches to nothing by itself\n");
        return 0;
    }
    if (error == 0) return 0;
    std::fprintf(stderr, "error: program '%s' was not attached to '%s': %s\n", name.c_str(),
                 bpf_program__section_name(program), errno_text(error).c_str());
    return kAttachRefused;
}

}  // namespace gadget::testkit::guest
