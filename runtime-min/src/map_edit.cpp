// SPDX-License-Identifier: Apache-2.0
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "object.h"

namespace gadget::runtime {
namespace {

constexpr long kBpfFsMagic = 0xcafe4a11;

/// Operations behind a link go with us, even when we are killed, and can be put in place again.
void prefer_links(Object& object) {
    constexpr std::uint32_t kByLink = 1U << 13U;  // BPF_F_LINK, newer than the headers of libbpf 1.1
    utsname name{};
    int major = 0;
    int minor = 0;
    if (uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return;
    if (std::pair(major, minor) < std::pair(6, 4)) return;
    for (const std::string& map_name : object.map_names()) {
        bpf_map* const map = object.find_map(map_name);
        if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
            (void)bpf_map__set_map_flags(map, bpf_map__map_flags(map) | kByLink);
    }
}

std::string edit_context(const MapEdit& edit, const ManagerSpec& spec) {
    return "map '" + edit.map + "' of '" + spec.name + "'";
}

std::string describe_difference(const bpf_map* map, const bpf_map_info& given) {
    std::string text;
    const auto compare = [&text](const char* what, unsigned wanted, unsigned got) {
        if (wanted == got) return;
        text += std::string(text.empty() ? "" : ", ") + what + " " + std::to_string(got) + " instead of " +
                std::to_string(wanted);
    };
    compare("type", bpf_map__type(map), given.type);
    compare("key size", bpf_map__key_size(map), given.key_size);
    compare("value size", bpf_map__value_size(map), given.value_size);
    compare("maximum of entries", bpf_map__max_entries(map), given.max_entries);
    compare("flags", bpf_map__map_flags(map), given.map_flags);
    return text;
}

// libbpf takes any descriptor here; a map of another shape would make programs read beyond their values.
Result<void> replace(bpf_map* map, const MapEdit& edit, const ManagerSpec& spec) {
    bpf_map_info info{};
    __u32 size = sizeof(info);
    if (const int status = bpf_obj_get_info_by_fd(edit.replace_fd, &info, &size); status != 0) {
        return errno_error(status, edit_context(edit, spec) + ": the descriptor that shall replace it");
    }
    if (const std::string difference = describe_difference(map, info); !difference.empty()) {
        return Error{ErrorCode::invalid_argument,
                     edit_context(edit, spec) + ": the map that shall replace it differs: " + difference};
    }
    if (const int status = bpf_map__reuse_fd(map, edit.replace_fd); status != 0) {
        return errno_error(status, edit_context(edit, spec) + ": replacing it");
    }
    return {};
}

/// Inner maps of a map in maps look like one that is there only while loading.
Result<UniqueFd> make_inner_template(const Object& object, const MapEdit& edit, const ManagerSpec& spec) {
    const bpf_map* const model = object.find_map(edit.inner_like);
    if (model == nullptr) return unknown_name("inner map", edit.inner_like, spec.name, object.map_names());
    bpf_map_create_opts options{};
    options.sz = sizeof(options);
    options.map_flags = bpf_map__map_flags(model);
    UniqueFd fd(bpf_map_create(bpf_map__type(model), "template", bpf_map__key_size(model),
                               bpf_map__value_size(model), bpf_map__max_entries(model), &options));
    if (!fd) return errno_error(errno, edit_context(edit, spec) + ": making the template of its inner maps");
    return fd;
}

Result<void> apply(bpf_map* map, const MapEdit& edit, const ManagerSpec& spec) {
    const auto set = [&](const auto& wanted, auto* setter, const char* what) -> Result<void> {
        if (!wanted) return {};
        const int status = setter(map, *wanted);
        return status == 0 ? Result<void>{}
                           : errno_error(status, edit_context(edit, spec) + ": setting its " + what);
    };
    if (edit.type) {
        if (const int status = bpf_map__set_type(map, static_cast<bpf_map_type>(*edit.type)); status != 0) {
            return errno_error(status, edit_context(edit, spec) + ": setting its type");
        }
    }
    GADGET_TRY(set(edit.max_entries, bpf_map__set_max_entries, "number of entries"));
    GADGET_TRY(set(edit.flags, bpf_map__set_map_flags, "flags"));
    GADGET_TRY(set(edit.key_size, bpf_map__set_key_size, "key size"));
    GADGET_TRY(set(edit.value_size, bpf_map__set_value_size, "value size"));
    GADGET_TRY(set(edit.numa_node, bpf_map__set_numa_node, "NUMA node"));
    GADGET_TRY(set(edit.map_extra, bpf_map__set_map_extra, "extra value"));
    GADGET_TRY(set(edit.create, bpf_map__set_autocreate, "creation"));
    if (edit.inner_map_fd >= 0) {
        const int status = bpf_map__set_inner_map_fd(map, edit.inner_map_fd);
        if (status != 0) return errno_error(status, edit_context(edit, spec) + ": setting its inner map");
    }
    if (edit.replace_fd >= 0) GADGET_TRY(replace(map, edit, spec));
    if (!edit.pin_path.empty()) {
        GADGET_TRY(check_pin_folder(edit.pin_path, edit_context(edit, spec)));
        const int status = bpf_map__set_pin_path(map, edit.pin_path.c_str());
        if (status != 0) return errno_error(status, edit_context(edit, spec) + ": setting its pin path");
    }
    return {};
}

bool is_empty(const MapEdit& edit) {
    return !edit.type && !edit.max_entries && !edit.flags && !edit.key_size && !edit.value_size &&
           !edit.numa_node && !edit.map_extra && !edit.create && !edit.freeze && edit.replace_fd < 0 &&
           edit.inner_map_fd < 0 && edit.inner_like.empty() && edit.pin_path.empty();
}

}  // namespace

Result<void> check_pin_folder(const std::filesystem::path& path, const std::string& what) {
    struct statfs file_system{};
    const std::filesystem::path folder = path.parent_path();
    if (statfs(folder.c_str(), &file_system) != 0) {
        return errno_error(errno, what + ": pin folder '" + folder.string() + "'");
    }
    if (file_system.f_type != kBpfFsMagic) {
        return Error{ErrorCode::invalid_argument,
                     what + ": '" + folder.string() + "' is not on a bpf file system",
                     "pin below /sys/fs/bpf"};
    }
    return {};
}

Result<void> edit_maps(Object& object, const ManagerSpec& spec) {
    prefer_links(object);
    for (const MapEdit& edit : spec.map_edits) {
        bpf_map* const map = object.find_map(edit.map);
        if (map == nullptr && edit.optional) continue;
        if (map == nullptr) return unknown_name("map", edit.map, spec.name, object.map_names());
        if (is_empty(edit)) {
            return Error{ErrorCode::invalid_argument,
                         edit_context(edit, spec) + ": the edit changes nothing"};
        }
        GADGET_TRY(apply(map, edit, spec));
        if (edit.inner_like.empty()) continue;
        GADGET_TRY_ASSIGN(UniqueFd inner, make_inner_template(object, edit, spec));
        const int status = bpf_map__set_inner_map_fd(map, inner.get());
        if (status != 0) return errno_error(status, edit_context(edit, spec) + ": setting its inner map");
        object.keep(std::move(inner));
    }
    for (const RingBufferSpec& ring : spec.ring_buffers) {
        bpf_map* const map = object.find_map(ring.map);
        if (map == nullptr) return unknown_name("ring buffer map", ring.map, spec.name, object.map_names());
        if (ring.size == 0 || bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF) continue;
        const int status = bpf_map__set_max_entries(map, ring.size);
        if (status != 0) return errno_error(status, "setting the size of ring buffer '" + ring.map + "'");
    }
    return {};
}

}  // namespace gadget::runtime
