// SPDX-License-Identifier: Apache-2.0
#include "attach.h"

#include "gadget/support/text.h"
#include "kernel_error.h"

namespace gadget::runtime {
namespace {

using model::AttachKind;

std::string interface_text(const NetInterface& target) {
    return "interface " + (target.name.empty() ? "#" + std::to_string(target.index) : target.name);
}

std::string target_text(const AttachTarget& target, const std::string& from_section) {
    if (const auto* t = std::get_if<KernelFunction>(&target)) return t->symbol;
    if (const auto* t = std::get_if<Tracepoint>(&target))
        return t->category.empty() ? t->name : t->category + "/" + t->name;
    if (const auto* t = std::get_if<KernelTarget>(&target)) return t->name.empty() ? from_section : t->name;
    if (const auto* t = std::get_if<UserFunction>(&target)) {
        return t->symbol.empty() ? t->binary + ":" + std::to_string(t->offset) : t->binary + ":" + t->symbol;
    }
    if (const auto* t = std::get_if<KernelFunctions>(&target)) return join_words(t->symbols);
    if (const auto* t = std::get_if<UserFunctions>(&target)) {
        std::vector<std::string> places = t->symbols;
        if (!t->offsets.empty()) places.push_back(std::to_string(t->offsets.size()) + " offsets");
        return t->binary + ":" + join_words(places);
    }
    if (const auto* t = std::get_if<UserTracepoint>(&target))
        return t->binary + ":" + t->provider + ":" + t->name;
    if (const auto* t = std::get_if<PerfEvent>(&target))
        return std::to_string(t->type) + ":" + std::to_string(t->config);
    if (const auto* t = std::get_if<NetInterface>(&target)) return interface_text(*t);
    if (const auto* t = std::get_if<Cgroup>(&target)) return t->path.string();
    if (const auto* t = std::get_if<NetNamespace>(&target)) return t->path.string();
    if (const auto* t = std::get_if<SocketMap>(&target)) return "socket map " + t->map;
    if (const auto* t = std::get_if<NetfilterHook>(&target)) {
        return "family " + std::to_string(t->family) + " hook " + std::to_string(t->hook) + " priority " +
               std::to_string(t->priority);
    }
    if (const auto* t = std::get_if<StructOps>(&target)) return t->map;
    if (const auto* t = std::get_if<Socket>(&target)) return "socket " + std::to_string(t->fd);
    return from_section;
}

bool takes_cookie(AttachKind kind) {
    switch (kind) {
        case AttachKind::kprobe:
        case AttachKind::kretprobe:
        case AttachKind::ksyscall:
        case AttachKind::kretsyscall:
        case AttachKind::kprobe_multi:
        case AttachKind::kretprobe_multi:
        case AttachKind::uprobe:
        case AttachKind::uretprobe:
        case AttachKind::uprobe_multi:
        case AttachKind::uretprobe_multi:
        case AttachKind::usdt:
        case AttachKind::tracepoint:
        case AttachKind::perf_event:
        case AttachKind::raw_tracepoint:
        case AttachKind::tp_btf:
        case AttachKind::fentry:
        case AttachKind::fexit:
        case AttachKind::fmod_ret:
        case AttachKind::lsm:
            return true;
        default:
            return false;
    }
}

}  // namespace

/// A link whose interface or cgroup is gone stays, but leads nowhere.
bool FdAttachment::is_there() {
    if (fds_.empty()) return false;
    if (link_ < 0) return true;
    bpf_link_info info{};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(link_, &info, &size) != 0) return false;
    if (info.type == BPF_LINK_TYPE_XDP) return info.xdp.ifindex != 0;
    if (info.type == BPF_LINK_TYPE_CGROUP) return info.cgroup.cgroup_id != 0;
    if (info.type == BPF_LINK_TYPE_NETNS) return info.netns.netns_ino != 0;
    return true;
}

Result<void> FdAttachment::detach() {
    while (!fds_.empty()) fds_.pop_back();
    link_ = -1;
    event_ = -1;
    return {};
}

std::string AttachRequest::what(const std::string& target) const {
    return "attaching '" + to_string(probe.id) + "' to " + target;
}

std::string describe_target(const Program& program, const ProbeSpec& probe) {
    const std::string section = program.parsed ? program.parsed->target : std::string();
    const std::string kind(program.parsed ? model::to_string(program.parsed->kind->attach) : program.section);
    const std::string target = target_text(probe.target, section);
    return target.empty() ? kind : kind + " " + target;
}

bool has_target(const Program& program, const ProbeSpec& probe) {
    if (!program.parsed) return false;
    if (!std::holds_alternative<std::monostate>(probe.target)) return true;
    switch (program.parsed->kind->attach) {
        case AttachKind::perf_event:
            return true;  // the default event
        case AttachKind::xdp:
        case AttachKind::tc:
        case AttachKind::tcx:
        case AttachKind::netkit:
        case AttachKind::cgroup:
        case AttachKind::sockops:
        case AttachKind::socket_filter:
        case AttachKind::sk_skb:
        case AttachKind::sk_msg:
        case AttachKind::sk_lookup:
        case AttachKind::sk_reuseport:
        case AttachKind::flow_dissector:
        case AttachKind::lwt:
        case AttachKind::lirc:
        case AttachKind::syscall:
        case AttachKind::freplace:
        case AttachKind::struct_ops:
        case AttachKind::netfilter:
        case AttachKind::action:
        case AttachKind::lsm_cgroup:
            return false;
        default:
            return !program.parsed->target.empty();
    }
}

Result<AttachmentPtr> attach(const AttachRequest& request) {
    if (!request.program.parsed) {
        return Error{ErrorCode::invalid_argument, "program '" + request.program.name +
                                                      "' has the unknown section '" +
                                                      request.program.section + "'"};
    }
    if (request.probe.cookie != 0 && !takes_cookie(request.kind())) {
        return Error{ErrorCode::invalid_argument, "probe '" + to_string(request.probe.id) +
                                                      "': programs of section '" + request.program.section +
                                                      "' get no cookie"};
    }
    switch (request.kind()) {
        case AttachKind::kprobe:
        case AttachKind::kretprobe:
        case AttachKind::ksyscall:
        case AttachKind::kretsyscall:
            return attach_kprobe(request);
        case AttachKind::uprobe:
        case AttachKind::uretprobe:
            return attach_uprobe(request);
        case AttachKind::kprobe_multi:
        case AttachKind::kretprobe_multi:
            return attach_kprobe_multi(request);
        case AttachKind::uprobe_multi:
        case AttachKind::uretprobe_multi:
            return attach_uprobe_multi(request);
        case AttachKind::usdt:
            return attach_usdt(request);
        case AttachKind::tracepoint:
            return attach_tracepoint(request);
        case AttachKind::perf_event:
            return attach_perf_event(request);
        case AttachKind::raw_tracepoint:
            return attach_raw_tracepoint(request);
        case AttachKind::tp_btf:
        case AttachKind::fentry:
        case AttachKind::fexit:
        case AttachKind::fmod_ret:
        case AttachKind::freplace:
        case AttachKind::lsm:
            return attach_tracing(request);
        case AttachKind::iter:
            return attach_iterator(request);
        case AttachKind::cgroup:
        case AttachKind::sockops:
        case AttachKind::lsm_cgroup:
            return attach_cgroup(request);
        case AttachKind::sk_skb:
        case AttachKind::sk_msg:
            return attach_socket_map(request);
        case AttachKind::struct_ops:
            return attach_struct_ops(request);
        case AttachKind::sk_lookup:
        case AttachKind::flow_dissector:
            return attach_netns(request);
        case AttachKind::socket_filter:
        case AttachKind::sk_reuseport:
            return attach_socket(request);
        case AttachKind::xdp:
            return attach_xdp(request);
        case AttachKind::tc:
            return attach_tc(request);
        case AttachKind::tcx:
        case AttachKind::netkit:
            return attach_tcx(request);
        case AttachKind::netfilter:
            return attach_netfilter(request);
        default:
            break;
    }
    Error error;
    error.code = ErrorCode::unsupported;
    error.message = "program '" + request.program.name + "': programs of section '" +
                    request.program.section + "' can be loaded but not attached by GadgetKit";
    error.requirement = requirement_of(request.kind());
    return error;
}

}  // namespace gadget::runtime
