// SPDX-License-Identifier: Apache-2.0
// Maps that are not the object's own: made while the Manager runs, or given for one that the object lacks.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "manager_impl.h"

namespace gadget::runtime {
namespace {

constexpr std::size_t kKernelNameLength = 15;

/// The kernel takes letters, digits, '_' and '.' only.
std::string kernel_name(const std::string& name) {
    std::string result = name.substr(0, kKernelNameLength);
    for (char& letter : result) {
        const bool fine = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9') || letter == '_' || letter == '.';
        if (!fine) letter = '_';
    }
    return result;
}

Result<MapInfo> info_of(int fd, const std::string& name) {
    bpf_map_info kernel{};
    __u32 size = sizeof(kernel);
    if (bpf_obj_get_info_by_fd(fd, &kernel, &size) != 0)
        return errno_error(errno, "reading map '" + name + "'");
    MapInfo info;
    info.name = name;
    info.id = kernel.id;
    info.type = kernel.type;
    info.key_size = kernel.key_size;
    info.value_size = kernel.value_size;
    info.max_entries = kernel.max_entries;
    info.flags = kernel.map_flags;
    complete(info);
    return info;
}

}  // namespace

/// Replacements for maps that the object does not have: nobody uses them, but they can be asked for.
Result<void> Manager::Impl::take_replacements() {
    for (const MapEdit& edit : spec.map_edits) {
        if (!edit.optional || edit.replace_fd < 0 || object_.find_map(edit.map) != nullptr) continue;
        UniqueFd fd(fcntl(edit.replace_fd, F_DUPFD_CLOEXEC, 0));
        if (!fd) return errno_error(errno, "the replacement of map '" + edit.map + "'");
        GADGET_TRY_ASSIGN(MapInfo info, info_of(fd.get(), edit.map));
        extra_maps_.push_back({std::move(info), std::move(fd)});
    }
    return {};
}

Result<void> Manager::Impl::new_map(const NewMap& map) {
    const std::lock_guard control(control_);
    const std::unique_lock data(data_);
    if (state_ == State::reset) return wrong_state("make maps for", "init() comes first");
    if (map.name.empty() || find_map(map.name)) {
        return Error{ErrorCode::already_exists, "there is a map '" + map.name + "' already",
                     "give it another name"};
    }
    if (!map.pin_path.empty()) GADGET_TRY(check_pin_folder(map.pin_path, "map '" + map.name + "'"));
    bpf_map_create_opts options{};
    options.sz = sizeof(options);
    options.map_flags = map.flags;
    UniqueFd fd(bpf_map_create(static_cast<bpf_map_type>(map.type), kernel_name(map.name).c_str(),
                               map.key_size, map.value_size, map.max_entries, &options));
    if (!fd) return errno_error(errno, "making map '" + map.name + "'");
    GADGET_TRY_ASSIGN(MapInfo info, info_of(fd.get(), map.name));
    if (!map.pin_path.empty()) {
        if (bpf_obj_pin(fd.get(), map.pin_path.c_str()) != 0) {
            const int code = errno;
            Error error =
                errno_error(code, "pinning map '" + map.name + "' to '" + map.pin_path.string() + "'");
            if (code == EEXIST) error.code = ErrorCode::already_exists;
            return error;
        }
        map_pins_.push_back({map.pin_path, Cleanup::internal_pinned});
    }
    extra_maps_.push_back({std::move(info), std::move(fd)});
    return {};
}

Result<void> Manager::Impl::clone_map(std::string_view map, std::string name,
                                      std::filesystem::path pin_path) {
    GADGET_TRY_ASSIGN(const MapInfo original, map_info(map));
    return new_map({.name = std::move(name),
                    .type = original.type,
                    .key_size = original.key_size,
                    .value_size = original.value_size,
                    .max_entries = original.max_entries,
                    .flags = original.flags,
                    .pin_path = std::move(pin_path)});
}

Result<void> Manager::new_map(const NewMap& map) {
    return impl_->new_map(map);
}
Result<void> Manager::clone_map(std::string_view map, std::string name, std::filesystem::path pin_path) {
    return impl_->clone_map(map, std::move(name), std::move(pin_path));
}

Result<std::string> Manager::dump(std::span<const std::string> names) const {
    std::vector<std::string> wanted(names.begin(), names.end());
    if (names.empty()) {
        for (const MapInfo& info : maps()) wanted.push_back(info.name);
    }
    if (state() == State::reset) return map_info("").error();  // says what comes first
    std::string text;
    for (const std::string& name : wanted) {
        GADGET_TRY(map_info(name));
        if (impl_->spec.dumper) text += impl_->spec.dumper(*this, name);
    }
    return text;
}

}  // namespace gadget::runtime
