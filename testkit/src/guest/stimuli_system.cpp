// SPDX-License-Identifier: Apache-2.0
// Stimuli: what only root may do to the system.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "gadget/support/files.h"
#include "stimulus_parts.h"

namespace gadget::testkit::guest {

std::string mount_file_system(const StimulusContext& context) {
    const auto target = context.option("target");
    const auto type = context.option("type", "tmpfs");
    const auto source = context.option("source", type);
    const auto data = context.option("data");
    if (context.option("create", "true") == "true")
        (void)::mkdir(target.c_str(), 0755);  // exists, or mount() tells
    const int status = ::mount(source.c_str(), target.c_str(), type.c_str(), MS_NOSUID | MS_NODEV,
                               data.empty() ? nullptr : data.c_str());
    const int error = status == 0 ? 0 : errno;
    if (status == 0 && context.option("keep") != "true") (void)::umount2(target.c_str(), MNT_DETACH);
    return check_errno(context, "mount(\"" + target + "\")", error);
}

std::string unmount_file_system(const StimulusContext& context) {
    const auto target = context.option("target");
    return check_errno(context, "umount(\"" + target + "\")", ::umount2(target.c_str(), 0) == 0 ? 0 : errno);
}

/// A module that is none: the attempt is what gadgets see, the kernel refuses it.
std::string load_module(const StimulusContext& context) {
    const auto image = memory_file("module", as_bytes(std::string(4096, 'x')));
    if (!image) return image.error().message;
    const long status = ::syscall(SYS_finit_module, image->get(), context.option("params").c_str(), 0);
    const int error = status == 0 ? 0 : errno;
    if (context.option("error").empty() && error == ENOEXEC) return {};
    return check_errno(context, "finit_module", error);
}

}  // namespace gadget::testkit::guest
