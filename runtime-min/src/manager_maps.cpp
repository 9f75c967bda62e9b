// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gadget/runtime/values.h"
#include "manager_impl.h"

namespace gadget::runtime {
namespace {

constexpr std::uint32_t kBatchElements = 256;
constexpr std::uint32_t kMaxBatchElements = 1U << 20U;
constexpr int kNotSupported = 524;

bool is_per_cpu(std::uint32_t type) {
    return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
           type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

MapInfo describe(const bpf_map* map) {
    MapInfo info;
    info.name = bpf_map__name(map);
    bpf_map_info kernel{};
    __u32 size = sizeof(kernel);
    if (bpf_map__fd(map) >= 0 && bpf_obj_get_info_by_fd(bpf_map__fd(map), &kernel, &size) == 0)
        info.id = kernel.id;
    info.type = bpf_map__type(map);
    info.key_size = bpf_map__key_size(map);
    info.value_size = bpf_map__value_size(map);
    info.max_entries = bpf_map__max_entries(map);
    info.flags = bpf_map__map_flags(map);
    complete(info);
    return info;
}

Error wrong_size(const std::string& map, const char* what, std::size_t wanted, std::size_t given) {
    return Error{ErrorCode::invalid_argument, std::string(what) + " of map '" + map + "' has " +
                                                  std::to_string(wanted) + " bytes, " +
                                                  std::to_string(given) + " were given"};
}

struct OpenMap {
    MapInfo info;
    UniqueFd fd;

    Result<void> check_key(std::span<const std::byte> key) const {
        if (key.size() != info.key_size) return wrong_size(info.name, "the key", info.key_size, key.size());
        return {};
    }
};

Result<OpenMap> open_map(const Manager& manager, std::string_view name) {
    GADGET_TRY_ASSIGN(MapInfo info, manager.map_info(name));
    GADGET_TRY_ASSIGN(UniqueFd fd, manager.map_fd(name));
    return OpenMap{std::move(info), std::move(fd)};
}

Result<void> walk_keys(const OpenMap& map, const Manager::MapVisitor& visit) {
    Bytes key(map.info.key_size);
    Bytes next(map.info.key_size);
    Bytes value(map.info.full_value_size);
    const void* previous = nullptr;
    while (bpf_map_get_next_key(map.fd.get(), previous, next.data()) == 0) {
        key = next;
        previous = key.data();
        if (bpf_map_lookup_elem(map.fd.get(), key.data(), value.data()) != 0) {
            if (errno == ENOENT) continue;  // gone meanwhile
            return errno_error(errno, "reading map '" + map.info.name + "'");
        }
        if (!visit(key, value)) return {};
    }
    if (errno != ENOENT) return errno_error(errno, "walking map '" + map.info.name + "'");
    return {};
}

/// False: this map cannot be read in batches, and nothing was visited.
Result<bool> walk_batches(const OpenMap& map, const Manager::MapVisitor& visit) {
    const std::size_t key_size = map.info.key_size;
    const std::size_t value_size = map.info.full_value_size;
    std::uint32_t capacity = kBatchElements;
    Bytes token(std::max<std::size_t>(key_size, sizeof(std::uint64_t)));
    Bytes keys;
    Bytes values;
    bool first = true;
    while (true) {
        keys.resize(key_size * capacity);
        values.resize(value_size * capacity);
        std::uint32_t count = capacity;
        Bytes next_token(token.size());
        const int status =
            bpf_map_lookup_batch(map.fd.get(), first ? nullptr : token.data(), next_token.data(), keys.data(),
                                 values.data(), &count, nullptr);
        const int error = status == 0 ? 0 : errno;
        if (error == ENOSPC && capacity < kMaxBatchElements) {  // one bucket holds more than fits
            capacity *= 4;
            continue;
        }
        if (error != 0 && error != ENOENT) {
            if (first && (error == kNotSupported || error == EINVAL || error == EOPNOTSUPP)) return false;
            return errno_error(error, "reading map '" + map.info.name + "'");
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (!visit(std::span(keys).subspan(i * key_size, key_size),
                       std::span(values).subspan(i * value_size, value_size))) {
                return true;
            }
        }
        if (error == ENOENT) return true;
        token = std::move(next_token);
        first = false;
    }
}

std::uint64_t flags_of(UpdateMode mode) {
    switch (mode) {
        case UpdateMode::any:
            return BPF_ANY;
        case UpdateMode::insert:
            return BPF_NOEXIST;
        case UpdateMode::replace:
            return BPF_EXIST;
    }
    return BPF_ANY;
}

Error unknown_route(const char* what, const std::string& name) {
    return Error{ErrorCode::not_found, std::string(what) + " '" + name + "' is not loaded"};
}

}  // namespace

void complete(MapInfo& info) {
    info.per_cpu = is_per_cpu(info.type);
    info.full_value_size = info.value_size;
    if (info.per_cpu) {
        const int cpus = libbpf_num_possible_cpus();
        info.full_value_size =
            (std::size_t{info.value_size} + 7) / 8 * 8 * static_cast<std::size_t>(std::max(cpus, 1));
    }
}

std::optional<LoadedMap> Manager::Impl::find_map(std::string_view name) const {
    const bpf_map* const map = object_.find_map(name);
    if (map != nullptr && bpf_map__fd(map) >= 0) return LoadedMap{describe(map), bpf_map__fd(map)};
    for (const ExtraMap& extra : extra_maps_) {
        if (extra.info.name == name) return LoadedMap{extra.info, extra.fd.get()};
    }
    return std::nullopt;
}

Error Manager::Impl::unknown_map(std::string_view name) const {
    if (!object_.valid()) return wrong_state("use the maps of", "init() comes first");
    return unknown_name("map", name, spec.name, object_.map_names());
}

Result<LoadedMap> Manager::Impl::require_map(std::string_view name) const {
    auto map = find_map(name);
    if (!map) return unknown_map(name);
    return std::move(*map);
}

std::vector<MapInfo> Manager::Impl::maps() const {
    const std::shared_lock data(data_);
    std::vector<MapInfo> result;
    if (!object_.valid()) return result;
    const bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object_.handle()) {
        if (bpf_map__fd(map) >= 0) result.push_back(describe(map));
    }
    for (const ExtraMap& extra : extra_maps_) result.push_back(extra.info);
    return result;
}

Result<MapInfo> Manager::Impl::map_info(std::string_view name) const {
    const std::shared_lock data(data_);
    GADGET_TRY_ASSIGN(LoadedMap map, require_map(name));
    return std::move(map.info);
}

Result<UniqueFd> Manager::Impl::map_fd(std::string_view name) const {
    const std::shared_lock data(data_);
    GADGET_TRY_ASSIGN(const LoadedMap map, require_map(name));
    UniqueFd fd(fcntl(map.fd, F_DUPFD_CLOEXEC, 0));
    if (!fd) return errno_error(errno, "opening map '" + std::string(name) + "'");
    return fd;
}

Result<void> Manager::Impl::fill_maps() const {
    for (const MapEntry& entry : spec.map_entries) {
        GADGET_TRY_ASSIGN(const LoadedMap map, require_map(entry.map));
        if (entry.key.size() != map.info.key_size)
            return wrong_size(map.info.name, "the key", map.info.key_size, entry.key.size());
        if (entry.value.size() != map.info.full_value_size) {
            return wrong_size(map.info.name, "the value", map.info.full_value_size, entry.value.size());
        }
        if (bpf_map_update_elem(map.fd, entry.key.data(), entry.value.data(), BPF_ANY) != 0) {
            return errno_error(errno, "filling map '" + map.info.name + "'");
        }
    }
    GADGET_TRY(route_maps(spec.map_routes));
    GADGET_TRY(route_tail_calls(spec.tail_calls));
    for (const MapEdit& edit : spec.map_edits) {
        if (!edit.freeze || (edit.optional && !find_map(edit.map))) continue;
        GADGET_TRY_ASSIGN(const LoadedMap map, require_map(edit.map));
        if (bpf_map_freeze(map.fd) != 0) return errno_error(errno, "freezing map '" + edit.map + "'");
    }
    return {};
}

// The kernel waits for all readers after each change of a map in maps; a batch waits once.
Result<void> Manager::Impl::route_maps(std::span<const MapRoute> routes) const {
    for (std::size_t i = 0; i < routes.size();) {
        GADGET_TRY_ASSIGN(const LoadedMap outer, require_map(routes[i].outer));
        const std::size_t key_size = outer.info.key_size;
        Bytes keys;
        std::vector<int> values;
        std::optional<Error> bad;  // what comes before it is done all the same
        for (; i < routes.size() && !bad && routes[i].outer == outer.info.name; ++i) {
            const MapRoute& route = routes[i];
            const auto inner = route.inner_fd >= 0 ? std::nullopt : find_map(route.inner);
            if (route.key.size() != key_size) {
                bad = wrong_size(route.outer, "the key", key_size, route.key.size());
            } else if (route.inner_fd < 0 && !inner) {
                bad = unknown_route("inner map", route.inner);
            } else {
                keys.insert(keys.end(), route.key.begin(), route.key.end());
                values.push_back(inner ? inner->fd : route.inner_fd);
            }
        }
        auto count = static_cast<std::uint32_t>(values.size());
        const bool done =
            count > 1 && bpf_map_update_batch(outer.fd, keys.data(), values.data(), &count, nullptr) == 0;
        // One by one before Linux 5.19, or when the batch stumbled over one.
        for (std::size_t k = 0; !done && k < values.size(); ++k) {
            if (bpf_map_update_elem(outer.fd, keys.data() + k * key_size, &values[k], BPF_ANY) == 0) continue;
            return errno_error(errno, "routing an inner map into '" + outer.info.name + "'");
        }
        if (bad) return std::move(*bad);
    }
    return {};
}

Result<void> Manager::Impl::route_tail_calls(std::span<const TailCallRoute> routes) const {
    for (const TailCallRoute& route : routes) {
        GADGET_TRY_ASSIGN(const LoadedMap map, require_map(route.map));
        const Program* const program = route.program_fd >= 0 ? nullptr : object_.find_program(route.program);
        if (route.program_fd < 0 && (program == nullptr || !program->loaded())) {
            return unknown_route("tail call program", route.program);
        }
        const int fd = program == nullptr ? route.program_fd : program->fd();
        if (bpf_map_update_elem(map.fd, &route.key, &fd, BPF_ANY) != 0) {
            return errno_error(errno,
                               "routing tail call " + std::to_string(route.key) + " of '" + route.map + "'");
        }
    }
    return {};
}

// ---- Access by name: on duplicates, so that no lock is held while the kernel works or the visitor runs ----

Result<std::optional<Bytes>> Manager::lookup(std::string_view name, std::span<const std::byte> key) const {
    GADGET_TRY_ASSIGN(const OpenMap map, open_map(*this, name));
    GADGET_TRY(map.check_key(key));
    Bytes value(map.info.full_value_size);
    if (bpf_map_lookup_elem(map.fd.get(), key.data(), value.data()) == 0)
        return std::optional(std::move(value));
    if (errno == ENOENT) return std::optional<Bytes>();
    return errno_error(errno, "reading map '" + map.info.name + "'");
}

Result<void> Manager::update(std::string_view name, std::span<const std::byte> key,
                             std::span<const std::byte> value, UpdateMode mode) const {
    GADGET_TRY_ASSIGN(const OpenMap map, open_map(*this, name));
    GADGET_TRY(map.check_key(key));
    if (value.size() != map.info.full_value_size) {
        return wrong_size(map.info.name, "the value", map.info.full_value_size, value.size());
    }
    if (bpf_map_update_elem(map.fd.get(), key.data(), value.data(), flags_of(mode)) == 0) return {};
    Error error = errno_error(errno, "writing to map '" + map.info.name + "'");
    if (errno == EEXIST) error.code = ErrorCode::already_exists;
    return error;
}

Result<bool> Manager::erase(std::string_view name, std::span<const std::byte> key) const {
    GADGET_TRY_ASSIGN(const OpenMap map, open_map(*this, name));
    GADGET_TRY(map.check_key(key));
    if (bpf_map_delete_elem(map.fd.get(), key.data()) == 0) return true;
    if (errno == ENOENT) return false;
    return errno_error(errno, "erasing from map '" + map.info.name + "'");
}

Result<void> Manager::for_each(std::string_view name, const MapVisitor& visit) const {
    GADGET_TRY_ASSIGN(const OpenMap map, open_map(*this, name));
    if (map.info.key_size == 0)
        return Error{ErrorCode::invalid_argument, "map '" + map.info.name + "' has no keys to walk"};
    GADGET_TRY_ASSIGN(const bool walked, walk_batches(map, visit));
    return walked ? Result<void>{} : walk_keys(map, visit);
}

Result<void> Manager::freeze(std::string_view name) const {
    GADGET_TRY_ASSIGN(const OpenMap map, open_map(*this, name));
    if (bpf_map_freeze(map.fd.get()) == 0) return {};
    return errno_error(errno, "freezing map '" + map.info.name + "'");
}

Result<std::uint64_t> Manager::lost_samples(std::string_view name) const {
    GADGET_TRY_ASSIGN(const MapInfo buffer, map_info(name));
    const std::string counter = std::string(name) + "_lost_samples";
    const auto info = map_info(counter);
    if (!info || !info->per_cpu || info->key_size != sizeof(std::uint32_t) ||
        info->value_size != sizeof(std::uint64_t)) {
        return std::uint64_t{0};
    }
    const std::uint32_t key = 0;
    GADGET_TRY_ASSIGN(const auto value, lookup(counter, std::as_bytes(std::span(&key, 1))));
    std::uint64_t total = 0;
    for (const std::uint64_t one : value ? cpu_values<std::uint64_t>(*value) : std::vector<std::uint64_t>())
        total += one;
    return total;
}

}  // namespace gadget::runtime
