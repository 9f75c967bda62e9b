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
#include "owner.h"

namespace gadget::runtime {
namespace {

std::uint32_t program_id(int fd) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

class TcAttachment final : public Attachment {
  public:
    TcAttachment(RouteSocket route, TcFilter filter, bool remove_clsact)
        : route_(std::move(route)), filter_(std::move(filter)), remove_clsact_(remove_clsact) {}
    ~TcAttachment() override { (void)detach(); }

    Result<void> detach() override {
        if (!filter_) return {};
        GADGET_TRY_ASSIGN(const bool there, find());
        const TcFilter mine = *std::exchange(filter_, std::nullopt);
        if (there) GADGET_TRY(route_.remove_filter(mine));
        return remove_clsact_ ? remove_empty_clsact(mine.interface) : Result<void>{};
    }
    [[nodiscard]] std::string method() const override {
        return filter_
                   ? "tc filter " + std::to_string(filter_->priority) + ":" + std::to_string(filter_->handle)
                   : "tc filter";
    }
    [[nodiscard]] bool is_there() override { return find().value_or(false); }

  private:
    Result<bool> find() {
        if (!filter_) return false;
        GADGET_TRY_ASSIGN(const auto filters, route_.list_filters(filter_->interface, filter_->direction));
        return std::ranges::any_of(filters, [&](const TcFilter& filter) {
            return filter.handle == filter_->handle && filter.priority == filter_->priority &&
                   filter.program_id == filter_->program_id;
        });
    }
    Result<void> remove_empty_clsact(unsigned interface) {
        for (const Direction direction : {Direction::ingress, Direction::egress}) {
            GADGET_TRY_ASSIGN(const auto filters, route_.list_filters(interface, direction));
            if (!filters.empty()) return {};
        }
        return route_.remove_clsact(interface);
    }

    RouteSocket route_;
    std::optional<TcFilter> filter_;
    bool remove_clsact_;
};

/// Filters that an earlier run of the same probe left behind when it was killed.
Result<void> remove_dead_filters(RouteSocket& route, const TcFilter& mine, const std::string& probe,
                                 const std::filesystem::path& proc) {
    GADGET_TRY_ASSIGN(const auto filters, route.list_filters(mine.interface, mine.direction));
    for (const TcFilter& filter : filters) {
        const auto owner = parse_filter_name(filter.name);
        if (!owner || owner->probe != probe || !is_dead(owner->owner, proc)) continue;
        GADGET_TRY(route.remove_filter(filter));
    }
    return {};
}

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
    const std::string probe = to_string(request.probe.id);
    GADGET_TRY_ASSIGN(const Owner owner, find_owner(request.options.host_proc));
    filter.name = filter_name(probe, owner);
    GADGET_TRY_ASSIGN(const bool fresh, route.ensure_clsact(filter.interface));
    if (!fresh) GADGET_TRY(remove_dead_filters(route, filter, probe, request.options.host_proc));
    GADGET_TRY_ASSIGN(TcFilter added, route.add_filter(filter, request.program.fd()));
    added.program_id = program_id(request.program.fd());
    return AttachmentPtr(
        std::make_unique<TcAttachment>(std::move(route), std::move(added), target.remove_clsact));
}

}  // namespace

Result<void> check_tc_target(const ProbeSpec& probe) {
    const auto* const target = std::get_if<NetInterface>(&probe.target);
    const std::string who = "probe '" + to_string(probe.id) + "'";
    if (target == nullptr || (target->index == 0 && target->name.empty())) {
        return Error{ErrorCode::invalid_argument,
                     who + ": tc programs need a network interface as their target"};
    }
    if (!target->direction)
        return Error{ErrorCode::invalid_argument, who + ": tc programs need a direction, ingress or egress"};
    return {};
}

Result<AttachmentPtr> attach_tc(const AttachRequest& request) {
    GADGET_TRY(check_tc_target(request.probe));
    const auto* const target = std::get_if<NetInterface>(&request.probe.target);
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
