// SPDX-License-Identifier: Apache-2.0
// What a Manager leaves on a bpf file system on purpose, and what of it goes again.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "manager_impl.h"

namespace gadget::runtime {
namespace {

Result<void> remove_pin(const std::filesystem::path& path) {
    if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return errno_error(errno, "removing the pin '" + path.string() + "'");
}

bool is_there(const std::filesystem::path& path) {
    return access(path.c_str(), F_OK) == 0;
}

std::uint32_t id_of_link_program(int link) {
    bpf_link_info info{};
    __u32 size = sizeof(info);
    return bpf_obj_get_info_by_fd(link, &info, &size) == 0 ? info.prog_id : 0;
}

std::uint32_t id_of_program(int fd) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

}  // namespace

/// Before the load: afterwards every pin is there.
void Manager::Impl::plan_map_pins() {
    const std::vector<MapPin> before = std::exchange(map_pins_, {});
    for (const MapEdit& edit : spec.map_edits) {
        if (edit.pin_path.empty()) continue;
        const auto known = std::ranges::find(before, edit.pin_path, &MapPin::path);
        MapPin pin{edit.pin_path, Cleanup::internal_pinned, edit.remove_pin_on_stop};
        if (edit.replace_fd >= 0) {
            pin.category = Cleanup::external_pinned_and_edited;
        } else if (known != before.end()) {
            pin.category = known->category;
        } else if (is_there(edit.pin_path)) {
            pin.category = Cleanup::external_pinned;
        }
        map_pins_.push_back(std::move(pin));
    }
}

void Manager::Impl::undo_pins() {
    for (const MapPin& pin : std::exchange(map_pins_, {})) {
        if (pin.category == Cleanup::internal_pinned) (void)remove_pin(pin.path);
    }
    for (const auto& path : std::exchange(program_pins_, {})) (void)remove_pin(path);
}

Result<void> Manager::Impl::pin_programs() {
    for (const Probe& probe : probes_) {
        const auto& path = probe.spec.pin_program;
        const Program* const program = program_of(probe);
        if (path.empty() || program == nullptr || !program->loaded() || program->from_pin) continue;
        const std::string who = "probe '" + to_string(probe.spec.id) + "'";
        GADGET_TRY(check_pin_folder(path, who));
        if (bpf_obj_pin(program->fd(), path.c_str()) != 0) {
            return errno_error(errno, who + ": pinning its program to '" + path.string() + "'");
        }
        program_pins_.push_back(path);
    }
    return {};
}

Result<void> Manager::Impl::remove_pins(Cleanup cleanup) {
    std::vector<Error> errors;
    const auto remove = [&errors](const std::filesystem::path& path) {
        auto removed = remove_pin(path);
        if (!removed) errors.push_back(std::move(removed).error());
    };
    for (const MapPin& pin : std::exchange(map_pins_, {})) {
        if (pin.always || has(cleanup, pin.category)) remove(pin.path);
    }
    for (const Probe& probe : probes_) {
        const Program* const program = program_of(probe);
        const bool there = program != nullptr && program->loaded();
        if (there && !probe.spec.pin_program.empty() && !probe.spec.keep_pins) remove(probe.spec.pin_program);
    }
    program_pins_.clear();
    return join_errors(std::move(errors), "while removing the pins of '" + spec.name + "'");
}

/// A pinned link is taken over when it runs this very program, or when it can be made to.
Result<AttachmentPtr> Manager::Impl::adopt_or_attach(Probe& probe, const Program& program) {
    const auto& path = probe.spec.pin_link;
    if (path.empty()) return attach({object_, program, probe.spec, spec.options});
    const std::string what = "probe '" + to_string(probe.spec.id) + "': pinned link '" + path.string() + "'";
    GADGET_TRY(check_pin_folder(path, what));
    UniqueFd link(bpf_obj_get(path.c_str()));
    if (link) {
        if (id_of_link_program(link.get()) != id_of_program(program.fd()) &&
            bpf_link_update(link.get(), program.fd(), nullptr) != 0) {
            return Error{ErrorCode::already_exists, what + " runs another program, which cannot be exchanged",
                         "pin the program as well, or remove the pin"};
        }
        probe.link_pinned = true;
        const int number = link.get();
        std::vector<UniqueFd> fds;
        fds.push_back(std::move(link));
        return AttachmentPtr(std::make_unique<FdAttachment>(std::move(fds), number));
    }
    if (errno != ENOENT) return errno_error(errno, what);
    GADGET_TRY_ASSIGN(AttachmentPtr attachment, attach({object_, program, probe.spec, spec.options}));
    if (attachment->link_fd() < 0) {
        return Error{ErrorCode::unsupported, what + ": this attachment is no link, which alone can be pinned",
                     "", Requirement{"links for this kind of program", "Linux 5.15"}};
    }
    if (bpf_obj_pin(attachment->link_fd(), path.c_str()) != 0) return errno_error(errno, what);
    probe.link_pinned = true;
    return attachment;
}

Result<void> Manager::Impl::detach_probe(Probe& probe, ProbeState next, bool stopping) {
    if (!probe.attachment) {
        if (probe.state == ProbeState::paused) probe.state = next;
        return {};
    }
    Result<void> unpinned;
    if (probe.link_pinned && !(stopping && probe.spec.keep_pins)) unpinned = remove_pin(probe.spec.pin_link);
    probe.link_pinned = false;
    auto detached = probe.attachment->detach();
    probe.attachment.reset();
    probe.state = next;
    if (!unpinned) return unpinned;
    return std::move(detached).context("while detaching '" + to_string(probe.spec.id) + "'");
}

}  // namespace gadget::runtime
