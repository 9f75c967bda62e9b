// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;

/// A change is complete when nothing else happened for so long: saving all files of an editor is one change.
constexpr int kSettleMs = 50;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM;

}  // namespace

Result<Watch> Watch::open() {
    UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd) {
        auto error = errno_error(errno, "watching files");
        error.hint = "how many watchers a user may have is in /proc/sys/fs/inotify/max_user_instances";
        return error;
    }
    return Watch(std::move(fd));
}

Result<Watch::Folder*> Watch::folder(const fs::path& path) {
    const fs::path named = path.empty() ? fs::path(".") : path;
    const int descriptor = ::inotify_add_watch(fd_.get(), named.c_str(), kEvents | IN_ONLYDIR);
    if (descriptor < 0) return errno_error(errno, "watching the folder " + named.string());
    // The same folder has one descriptor, whatever it is called.
    auto& entry = folders_.try_emplace(descriptor, Folder{.path = named, .names = {}}).first->second;
    return &entry;
}

Result<void> Watch::add_files(std::span<const fs::path> files) {
    for (const auto& file : files) {
        GADGET_TRY_ASSIGN(auto* const entry, folder(file.parent_path()));
        entry->names.insert(file.filename().string());
    }
    return {};
}

Result<void> Watch::add_folder(const fs::path& path, std::function<bool(const fs::path&)> counts) {
    GADGET_TRY_ASSIGN(auto* const entry, folder(path));
    entry->counts = std::move(counts);
    return {};
}

Result<fs::path> Watch::read_events() {
    fs::path changed;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    for (;;) {
        const auto size = ::read(fd_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) return changed;
        if (size <= 0) return errno_error(errno, "reading changes of files");
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof(event));
            const std::string name = event.len == 0 ? "" : buffer.data() + at + sizeof(event);
            at += sizeof(event) + event.len;
            const auto found = folders_.find(event.wd);
            // Too many events at once: any file may have changed.
            if ((event.mask & IN_Q_OVERFLOW) != 0 && changed.empty()) changed = "something";
            if (found == folders_.end() || !changed.empty()) continue;
            const auto& entry = found->second;
            if (entry.names.contains(name) || (entry.counts && !name.empty() && entry.counts(name)))
                changed = (entry.path / name).lexically_normal();
        }
    }
}

Result<fs::path> Watch::wait(CancelToken cancel) {
    fs::path changed;
    for (;;) {
        std::array<pollfd, 2> sources{{{.fd = fd_.get(), .events = POLLIN, .revents = 0},
                                       {.fd = cancel.fd, .events = POLLIN, .revents = 0}}};
        const int ready = ::poll(sources.data(), sources.size(), changed.empty() ? -1 : kSettleMs);
        if (ready < 0 && errno != EINTR) return errno_error(errno, "waiting for changes of files");
        if (cancel.requested()) return fs::path();
        if (ready == 0) return changed;
        GADGET_TRY_ASSIGN(const auto file, read_events());
        if (changed.empty()) changed = file;
    }
}

}  // namespace gadget::cli
