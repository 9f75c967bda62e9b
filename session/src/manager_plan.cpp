// SPDX-License-Identifier: Apache-2.0
#include "manager_plan.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "gadget/support/text.h"
#include "socket_owners.h"

namespace gadget::session {
namespace {

using model::AttachKind;

constexpr std::uint32_t kMapTypePerfEventArray = 4;  // enum bpf_map_type, include/uapi/linux/bpf.h
constexpr std::string_view kDisabled = "gadget_program_disabled";
constexpr std::string_view kMountFilter = "gadget_filter_by_mntns";
constexpr std::string_view kMountMap = "gadget_mntns_filter_map";

template <class T>
Bytes bytes_of(const T& value) {
    Bytes bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

Error bad_program(const std::string& program, const std::string& why, std::string hint = {}) {
    return Error{.code = ErrorCode::rejected_input,
                 .message = "program '" + printable(program) + "' " + why,
                 .hint = std::move(hint)};
}

class Planner {
  public:
    Planner(const PlanInput& input, const KernelFeatures& kernel) : input_(input), kernel_(kernel) {}

    Result<runtime::ManagerSpec> plan(std::vector<ParamValue> constants) {
        for (const auto& program : input_.facts.programs) GADGET_TRY(add_program(program));
        for (auto& constant : constants)
            spec_.constants.push_back({.name = constant.variable, .value = std::move(constant.value)});
        size_maps();
        if (!kernel_.ring_buffers) replace_ring_buffers();
        GADGET_TRY(filter_mount_namespaces());
        plan_socket_owners(input_.facts, spec_);
        set_activation();
        return std::move(spec_);
    }

  private:
    Result<void> add_program(const model::ProgramFacts& program) {
        if (program.parsed && program.parsed->optional) return {};
        runtime::ProbeSpec probe{.id = {program.name}};
        const AttachKind kind = program.parsed ? program.parsed->kind->attach : AttachKind::syscall;
        std::string target = program.parsed ? program.parsed->target : "";
        const auto metadata = input_.metadata.programs.find(program.name);
        if (metadata != input_.metadata.programs.end() && !metadata->second.attach_to.empty()) {
            target = metadata->second.attach_to;
            probe.section = std::string(program.parsed->kind->prefix) + "/" + target;
        }
        if (target == kDisabled) {
            probe.enabled = false;
            probe.section.clear();
            return keep(std::move(probe));
        }
        if (kind == AttachKind::perf_event) GADGET_TRY(set_perf_event(program, target, probe));
        if (kind == AttachKind::tc) GADGET_TRY(set_classifier(program, target, probe));
        if (kind == AttachKind::socket_filter) probe.target = runtime::NetInterface{};
        if (kind == AttachKind::iter) GADGET_TRY(set_iterator(program, target, probe));
        return keep(std::move(probe));
    }

    /// Gadgets probe several libraries, and several names of a function, of which a machine has some.
    static bool is_in_user_space(AttachKind kind) {
        return kind >= AttachKind::uprobe && kind <= AttachKind::usdt;
    }

    /// One of the probes in user space is enough; without any other one all the rest is needed.
    void set_activation() {
        std::vector<runtime::Selector> kernel;
        std::vector<runtime::Selector> user;
        for (const auto& probe : spec_.probes) {
            if (!probe.enabled) continue;
            const auto* program = input_.facts.find_program(probe.id.program);
            const bool in_user_space =
                program != nullptr && program->parsed && is_in_user_space(program->parsed->kind->attach);
            (in_user_space ? user : kernel).push_back(runtime::Selector::probe(probe.id));
        }
        if (user.size() < 2) return;
        if (!kernel.empty()) spec_.activation.push_back(runtime::Selector::all_of(std::move(kernel)));
        spec_.activation.push_back(runtime::Selector::one_of(std::move(user)));
    }

    Result<void> keep(runtime::ProbeSpec probe) {
        spec_.probes.push_back(std::move(probe));
        return {};
    }

    /// Exactly the settings that Inspektor Gadget accepts.
    Result<void> set_perf_event(const model::ProgramFacts& program, const std::string& label,
                                runtime::ProbeSpec& probe) const {
        const auto found = input_.metadata.programs.find(label);
        const auto setting = [&](const char* key) {
            if (found == input_.metadata.programs.end()) return std::string();
            const auto entry = found->second.settings.find(key);
            return entry == found->second.settings.end() ? std::string() : entry->second;
        };
        constexpr std::pair<const char*, const char*> kWanted[] = {{"perf.type", "software"},
                                                                   {"perf.config", "count_sw_cpu_clock"},
                                                                   {"perf.sampletype", "sample_raw"}};
        for (const auto& [key, value] : kWanted) {
            if (setting(key) == value) continue;
            return bad_program(program.name, "is a perf event, and the metadata does not say programs." +
                                                 label + "." + key + ": " + value);
        }
        const std::string text = setting("sampler.frequency");
        std::uint64_t frequency = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), frequency);
        if (error != std::errc() || end != text.data() + text.size() || frequency == 0) {
            return bad_program(program.name, "needs a number above 0 as programs." + label +
                                                 ".sampler.frequency in the metadata");
        }
        probe.target = runtime::PerfEvent{.frequency = frequency};
        return {};
    }

    Result<void> set_classifier(const model::ProgramFacts& program, const std::string& target,
                                runtime::ProbeSpec& probe) const {
        const std::string direction = target.substr(0, target.find('/'));
        if (direction != "ingress" && direction != "egress") {
            return bad_program(program.name, "is in section '" + printable(program.section) +
                                                 "', which names neither ingress nor egress");
        }
        if (input_.options.interface.empty()) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "program '" + program.name + "' looks at the packets of an interface",
                         .hint = "name it with --iface, e.g. --iface eth0"};
        }
        probe.target = runtime::NetInterface{
            .name = input_.options.interface,
            .direction = direction == "ingress" ? runtime::Direction::ingress : runtime::Direction::egress};
        return {};
    }

    Result<void> set_iterator(const model::ProgramFacts& program, const std::string& target,
                              runtime::ProbeSpec& probe) const {
        if (target != "bpf_map_elem") return {};
        for (const auto& entry : input_.facts.map_targets) {
            if (entry.program != program.name) continue;
            probe.target = runtime::KernelTarget{.map = entry.map};
            return {};
        }
        return bad_program(program.name, "walks a map, but no marker says which",
                           "add GADGET_ITER_TARGET_MAP(" + program.name + ", MAP)");
    }

    /// A variable <map>_max_entries gives the size of the map.
    void size_maps() {
        for (const auto& map : input_.facts.maps) {
            const auto* variable = input_.facts.find_variable(map.name + "_max_entries");
            if (variable == nullptr || variable->size < sizeof(std::uint32_t)) continue;
            const auto constant =
                std::find_if(spec_.constants.begin(), spec_.constants.end(),
                             [&](const auto& entry) { return entry.name == variable->name; });
            const auto value = constant != spec_.constants.end() ? std::span<const std::byte>(constant->value)
                                                                 : std::span(variable->initial);
            std::uint32_t entries = 0;
            if (value.size() < sizeof entries) continue;
            std::memcpy(&entries, value.data(), sizeof entries);
            if (entries > 0) spec_.map_edits.push_back({.map = map.name, .max_entries = entries});
        }
    }

    /// The code of the gadget asks the kernel by itself (gadget/buffer.h); the maps have to follow.
    void replace_ring_buffers() {
        const auto cpus = static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_CONF)));
        for (const auto& name : input_.facts.buffers) {
            spec_.map_edits.push_back({.map = name,
                                       .type = kMapTypePerfEventArray,
                                       .max_entries = cpus,
                                       .key_size = sizeof(std::uint32_t),
                                       .value_size = sizeof(std::uint32_t)});
        }
    }

    Result<void> filter_mount_namespaces() {
        const auto& ids = input_.options.mount_namespaces;
        if (ids.empty()) return {};
        const auto* map = input_.facts.find_map(kMountMap);
        if (map == nullptr || map->key_size != sizeof(std::uint64_t) ||
            map->value_size != sizeof(std::uint32_t)) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message =
                             "the gadget cannot filter by mount namespace: its program does not use "
                             "gadget/mntns_filter.h",
                         .hint = "filter the events: --filter proc.mntns_id==ID"};
        }
        spec_.constants.push_back({.name = std::string(kMountFilter), .value = {std::byte{1}}});
        for (const std::uint64_t id : ids) {
            spec_.map_entries.push_back(
                {.map = map->name, .key = bytes_of(id), .value = bytes_of(std::uint32_t{1})});
        }
        return {};
    }

    const PlanInput& input_;
    const KernelFeatures& kernel_;
    runtime::ManagerSpec spec_;
};

}  // namespace

Result<runtime::ManagerSpec> plan_manager(const PlanInput& input, const KernelFeatures& kernel,
                                          std::vector<ParamValue> constants) {
    return Planner(input, kernel).plan(std::move(constants));
}

}  // namespace gadget::session
