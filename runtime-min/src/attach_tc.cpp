// SPDX-License-Identifier: Apache-2.0
// tc filters live in the kernel until someone removes them. Each attachment keeps the route socket of its
// network namespace and the handle that the kernel gave, and removes exactly that filter if it still holds
// our program.
#include <linux/if_ether.h>

#include <algorithm>
#include <optional>

#include "attach.h"
#include "kernel_error.h"
#include "netlink.h"
#include "netns.h"

namespace gadget::runtime {
namespace {

constexpr std::size_t kMaxFilterName = 200;

std::uint32_t program_id(int fd) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

class TcAttachment final : public Attachment {
  public:
    TcAttachment(RouteSocket route, TcFilter filter) : route_(std::move(route)), filter_(std::move(filter)) {}
    ~TcAttachment() override { (void)detach(); }

    Result<void> detach() override {
        if (!filter_) return {};
        const TcFilter mine = *std::exchange(filter_, std::nullopt);
        GADGET_TRY_ASSIGN(const auto filters, route_.list_filters(mine.interface, mine.direction));
        const bool there = std::ranges::any_of(filters, [&](const TcFilter& filter) {
            return filter.handle == mine.handle && filter.priority == mine.priority &&
                   filter.program_id == mine.program_id;
        });
        return there ? route_.remove_filter(mine) : Result<void>{};
    }

  private:
    RouteSocket route_;
    std::optional<TcFilter> filter_;
};

Result<AttachmentPtr> attach_here(const AttachRequest& request, const NetInterface& target) {
    GADGET_TRY_ASSIGN(RouteSocket route, RouteSocket::open());
    TcFilter filter;
    filter.interface = target.index;
    if (filter.interface == 0) {
        GADGET_TRY_ASSIGN(filter.interface, interface_index(target.name));
    }
    filter.direction = *target.direction;
    filter.handle = target.handle;
    filter.priority = target.priority;
    filter.protocol = target.protocol == 0 ? static_cast<std::uint16_t>(ETH_P_ALL) : target.protocol;
    filter.name = ("gadget:" + to_string(request.probe.id)).substr(0, kMaxFilterName);
    GADGET_TRY(route.ensure_clsact(filter.interface));
    GADGET_TRY_ASSIGN(TcFilter added, route.add_filter(filter, request.program.fd()));
    added.program_id = program_id(request.program.fd());
    return AttachmentPtr(std::make_unique<TcAttachment>(std::move(route), std::move(added)));
}

}  // namespace

Result<AttachmentPtr> attach_tc(const AttachRequest& request) {
    const auto* const target = std::get_if<NetInterface>(&request.probe.target);
    const std::string who = "probe '" + to_string(request.probe.id) + "'";
    if (target == nullptr || (target->index == 0 && target->name.empty())) {
        return Error{ErrorCode::invalid_argument,
                     who + ": tc programs need a network interface as their target"};
    }
    if (!target->direction)
        return Error{ErrorCode::invalid_argument, who + ": tc programs need a direction, ingress or egress"};
    const std::string what = request.what(describe_target(request.program, request.probe));
    AttachmentPtr attachment;
    const auto work = [&]() -> Result<void> {
        GADGET_TRY_ASSIGN(attachment, attach_here(request, *target));
        return {};
    };
    GADGET_TRY(in_netns(target->netns_fd, work).context(what));
    return attachment;
}

}  // namespace gadget::runtime
