// SPDX-License-Identifier: Apache-2.0
#include "trace_event.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "gadget/support/text.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

constexpr unsigned kMaxNumber = 4096;
constexpr int kRemoveAttempts = 100;
constexpr std::chrono::milliseconds kRemoveDelay{10};

/// Old kernels break when several threads write definitions at once, and what a name is taken for must not
/// change between looking and writing. One for the process, as the files are one for the machine.
std::mutex& definitions() {
    static std::mutex mutex;
    return mutex;
}

const char* file_of(bool user) {
    return user ? "uprobe_events" : "kprobe_events";
}

/// 0 or errno. The kernel takes one definition per write.
int append(int tracefs, bool user, const std::string& line) {
    const UniqueFd file(openat(tracefs, file_of(user), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file) return errno;
    const ssize_t written = write(file.get(), line.data(), line.size());
    if (written < 0) return errno;
    return static_cast<std::size_t>(written) == line.size() ? 0 : EIO;
}

std::string path_of(const std::string& name) {
    return "events/" + std::string(kEventGroup) + "/" + name;
}

Error write_error(int error, const TraceEventRequest& request) {
    const std::string what = "adding a trace event for " + request.place;
    if (error == ENOENT && request.user) return Error{ErrorCode::not_found, what + ": there is no such file"};
    if (error == ENOENT || error == EADDRNOTAVAIL) {
        return Error{ErrorCode::not_found, what + ": this kernel has no such function to probe"};
    }
    return errno_error(error, what);
}

}  // namespace

Result<TraceEvent> TraceEvent::create(const TraceEventRequest& request, const std::filesystem::path& proc) {
    GADGET_TRY_ASSIGN(UniqueFd tracefs, open_tracefs());
    if (faccessat(tracefs.get(), file_of(request.user), W_OK, 0) != 0) {
        return Error{ErrorCode::unsupported,
                     std::string("this kernel has no ") + file_of(request.user) + " that we may write to", "",
                     Requirement{file_of(request.user),
                                 request.user ? "CONFIG_UPROBE_EVENTS" : "CONFIG_KPROBE_EVENTS"}};
    }
    EventName parts{request.returns, request.symbol, request.uid, {}, 0};
    GADGET_TRY_ASSIGN(parts.owner, find_owner(proc));
    const std::lock_guard lock(definitions());
    std::string name;
    // A second definition of the same name would become part of the first.
    for (;; ++parts.number) {
        GADGET_TRY_ASSIGN(name, event_name(parts));
        if (faccessat(tracefs.get(), path_of(name).c_str(), F_OK, 0) != 0) break;
        if (parts.number == kMaxNumber)
            return Error{ErrorCode::already_exists, "there are too many trace events like '" + name + "'"};
    }
    std::string line = request.returns ? "r" : "p";
    if (request.returns && !request.user && request.max_active != 0)
        line += std::to_string(request.max_active);
    line += ":" + std::string(kEventGroup) + "/" + name + " " + request.place + "\n";
    if (const int error = append(tracefs.get(), request.user, line); error != 0)
        return write_error(error, request);
    const int folder = tracefs.get();
    TraceEvent event(std::move(tracefs), request.user, name);
    GADGET_TRY_ASSIGN(const std::string text, read_small_file(folder, path_of(name) + "/id"));
    const std::string_view digits = trim(text);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), event.id_).ec != std::errc{})
        return Error{ErrorCode::corrupt_data, "the id of trace event '" + name + "' is not a number"};
    return event;
}

Result<void> TraceEvent::remove() {
    if (!tracefs_) return {};
    const UniqueFd tracefs = std::move(tracefs_);
    const std::string line = "-:" + std::string(kEventGroup) + "/" + name_ + "\n";
    int error = 0;
    for (int attempt = 0; attempt < kRemoveAttempts; ++attempt) {
        {
            const std::lock_guard lock(definitions());
            error = append(tracefs.get(), user_, line);
        }
        if (error == 0 || error == ENOENT) return {};  // gone already
        if (error != EBUSY) break;
        std::this_thread::sleep_for(kRemoveDelay);
    }
    return errno_error(error, "removing trace event '" + name_ + "'");
}

std::size_t remove_dead_events(const std::filesystem::path& proc) {
    const auto tracefs = open_tracefs();
    if (!tracefs) return 0;
    std::size_t removed = 0;
    for (const bool user : {false, true}) {
        const auto text = read_small_file(tracefs->get(), file_of(user));
        if (!text) continue;
        const std::string group = std::string(kEventGroup) + "/";
        for (const std::string_view line : split(*text, '\n')) {
            // "p:gadgetkit/p_name_4711_1f3a_fffffc_0 place", "r8:gadgetkit/..."
            const std::size_t colon = line.find(':');
            if (colon == std::string_view::npos) continue;
            std::string_view name = line.substr(colon + 1);
            if (!name.starts_with(group)) continue;
            name = name.substr(group.size(), name.find(' ') - group.size());
            const auto owner = event_owner(name);
            if (!owner || !is_dead(*owner, proc)) continue;
            const std::lock_guard lock(definitions());
            if (append(tracefs->get(), user, "-:" + group + std::string(name) + "\n") == 0) ++removed;
        }
    }
    return removed;
}

}  // namespace gadget::runtime
