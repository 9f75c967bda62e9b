// SPDX-License-Identifier: Apache-2.0
#include "kernel_fixture.h"

#include <bpf/bpf.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#define EMBEDDED_OBJECT(name)                   \
    extern const unsigned char object_##name[]; \
    extern const std::size_t object_##name##_size

EMBEDDED_OBJECT(asm_constants);
EMBEDDED_OBJECT(fire);
EMBEDDED_OBJECT(flood);
EMBEDDED_OBJECT(hooks);
EMBEDDED_OBJECT(iter);
EMBEDDED_OBJECT(kernel_functions);
EMBEDDED_OBJECT(kinds);
EMBEDDED_OBJECT(maps);
EMBEDDED_OBJECT(multi);
EMBEDDED_OBJECT(net);
EMBEDDED_OBJECT(netfilter);
EMBEDDED_OBJECT(perf);
EMBEDDED_OBJECT(refused);
EMBEDDED_OBJECT(operations);
EMBEDDED_OBJECT(output);
EMBEDDED_OBJECT(patched);
EMBEDDED_OBJECT(inner_template);
EMBEDDED_OBJECT(usdt);

extern "C" __attribute__((noinline, used, visibility("default"))) int gadget_test_target(int value) {
    asm volatile("" : "+r"(value));
    return value + 1;
}

extern "C" __attribute__((noipa, used)) int
gadget_test_target_with_a_name_that_is_longer_than_an_event_may_be_called(int value) {
    asm volatile("" : "+r"(value));
    return value;
}

// A USDT probe "gadgetkit:tested" with one 8-byte argument in a register, as <sys/sdt.h> would write it.
extern "C" __attribute__((noipa)) void gadget_test_usdt(long value) {
    asm volatile(
        "990: nop\n"
        ".pushsection .note.stapsdt,\"\",\"note\"\n"
        ".balign 4\n"
        ".4byte 992f-991f, 994f-993f, 3\n"
        "991: .asciz \"stapsdt\"\n"
        "992: .balign 4\n"
        "993: .8byte 990b\n"
        ".8byte _.stapsdt.base\n"
        ".8byte 0\n"
        ".asciz \"gadgetkit\"\n"
        ".asciz \"tested\"\n"
        ".asciz \"-8@%[value]\"\n"
        "994: .balign 4\n"
        ".popsection\n"
        ".ifndef _.stapsdt.base\n"
        ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
        ".weak _.stapsdt.base\n"
        ".hidden _.stapsdt.base\n"
        "_.stapsdt.base: .space 1\n"
        ".size _.stapsdt.base,1\n"
        ".popsection\n"
        ".endif\n"
        :
        : [value] "r"(value));
}

// gadget_many_00() to gadget_many_99()
#define MANY(name)                                                              \
    extern "C" __attribute__((noipa, used)) int gadget_many_##name(int value) { \
        asm volatile("" : "+r"(value));                                         \
        return value + 1;                                                       \
    }
#define TEN(make, tens)                                                                               \
    make(tens##0) make(tens##1) make(tens##2) make(tens##3) make(tens##4) make(tens##5) make(tens##6) \
        make(tens##7) make(tens##8) make(tens##9)
#define HUNDRED(make) \
    TEN(make, 0)      \
    TEN(make, 1)      \
    TEN(make, 2) TEN(make, 3) TEN(make, 4) TEN(make, 5) TEN(make, 6) TEN(make, 7) TEN(make, 8) TEN(make, 9)
HUNDRED(MANY)

namespace gadget::runtime {

int call_hundred() {
    int sum = 0;
#define CALL(name) sum += gadget_many_##name(0);
    HUNDRED(CALL)
    return sum;
}

Bytes object_bytes(const std::string& name) {
    const auto view = [](const unsigned char* data, std::size_t size) {
        return std::as_bytes(std::span(data, size));
    };
    const std::map<std::string, std::span<const std::byte>> objects{
        {"asm_constants", view(object_asm_constants, object_asm_constants_size)},
        {"fire", view(object_fire, object_fire_size)},
        {"flood", view(object_flood, object_flood_size)},
        {"hooks", view(object_hooks, object_hooks_size)},
        {"operations", view(object_operations, object_operations_size)},
        {"output", view(object_output, object_output_size)},
        {"patched", view(object_patched, object_patched_size)},
        {"inner_template", view(object_inner_template, object_inner_template_size)},
        {"iter", view(object_iter, object_iter_size)},
        {"kernel_functions", view(object_kernel_functions, object_kernel_functions_size)},
        {"maps", view(object_maps, object_maps_size)},
        {"kinds", view(object_kinds, object_kinds_size)},
        {"multi", view(object_multi, object_multi_size)},
        {"net", view(object_net, object_net_size)},
        {"netfilter", view(object_netfilter, object_netfilter_size)},
        {"perf", view(object_perf, object_perf_size)},
        {"refused", view(object_refused, object_refused_size)},
        {"usdt", view(object_usdt, object_usdt_size)},
    };
    const auto bytes = objects.at(name);
    return {bytes.begin(), bytes.end()};
}

ManagerSpec spec_of(const std::string& object) {
    ManagerSpec spec;
    spec.name = object;
    spec.object = ObjectBytes{object_bytes(object)};
    const auto self = static_cast<std::uint32_t>(getpid());
    static const std::set<std::string> watching{"fire",  "flood",  "hooks", "kernel_functions",
                                                "kinds", "output", "perf"};
    const bool watches_process = watching.contains(object);
    if (watches_process) spec.constants.push_back({.name = "target_tgid", .value = bytes_of(self)});
    if (object == "fire" || object == "flood" || object == "kinds") {
        spec.constants.push_back({.name = "syscall_number", .value = bytes_of(std::uint64_t{SYS_getpgid})});
    }
    return spec;
}

ProbeSpec probe(std::string program, AttachTarget target, std::string uid) {
    ProbeSpec spec;
    spec.id = {std::move(program), std::move(uid)};
    spec.target = std::move(target);
    return spec;
}

void fire(unsigned count, long argument) {
    for (unsigned i = 0; i < count; ++i) (void)syscall(SYS_getpgid, argument);
}

std::uint64_t count_of(const Manager& manager, std::uint32_t index, const std::string& map) {
    const auto value = manager.lookup(map, bytes_of(index));
    if (!value || !*value) {
        ADD_FAILURE() << "cannot read " << map << "[" << index
                      << "]: " << (value ? "absent" : value.error().to_string());
        return 0;
    }
    return value_of<std::uint64_t>(**value);
}

std::size_t open_fds() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count;
}

bool program_exists(std::uint32_t id) {
    return UniqueFd(bpf_prog_get_fd_by_id(id)).valid();
}
bool map_exists(std::uint32_t id) {
    return UniqueFd(bpf_map_get_fd_by_id(id)).valid();
}

namespace {
bool goes(bool (*exists)(std::uint32_t), std::uint32_t id) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(4);
    while (exists(id)) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        (void)sched_yield();
    }
    return true;
}
}  // namespace

bool program_goes(std::uint32_t id) {
    return goes(program_exists, id);
}
bool map_goes(std::uint32_t id) {
    return goes(map_exists, id);
}

Result<Manager> init_manager(ManagerSpec spec) {
    GADGET_TRY_ASSIGN(Manager manager, Manager::create(std::move(spec)));
    GADGET_TRY(manager.init());
    return manager;
}

Result<Manager> start_manager(ManagerSpec spec) {
    GADGET_TRY_ASSIGN(Manager manager, init_manager(std::move(spec)));
    GADGET_TRY(manager.start());
    return manager;
}

namespace {
ManagerSpec counting_spec(long number) {
    ManagerSpec spec = spec_of("fire");
    spec.constants.back() = {.name = "syscall_number", .value = bytes_of(static_cast<std::uint64_t>(number))};
    spec.probes = {probe("on_raw")};
    return spec;
}
}  // namespace

SyscallCount::SyscallCount(long number) : manager_(start_manager(counting_spec(number))) {
    if (works()) before_ = count_of(*manager_, kHitRaw);
}
std::uint64_t SyscallCount::take() {
    const std::uint64_t now = count_of(*manager_, kHitRaw);
    return now - std::exchange(before_, now);
}

BpfFs::BpfFs() {
    auto created = TempDir::create("gadget-bpffs");
    if (!created) return;
    folder.emplace(std::move(*created));
    mounted = mount("bpf", folder->path().c_str(), "bpf", 0, nullptr) == 0;
}
BpfFs::~BpfFs() {
    if (mounted) (void)umount2(folder->path().c_str(), MNT_DETACH);
}

bool kernel_is_emulated() {
    return std::filesystem::exists("/machine");
}

bool stress_is_full() {
    const char* const wish = std::getenv("GADGET_STRESS");
    return wish != nullptr && std::string_view(wish) == "full";
}

bool kernel_before(int major, int minor) {
    utsname name{};
    int running_major = 0;
    int running_minor = 0;
    if (uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &running_major, &running_minor) != 2)
        return false;
    return std::pair(running_major, running_minor) < std::pair(major, minor);
}

bool in_child(const std::function<bool()>& work) {
    const pid_t child = fork();
    if (child == 0) _exit(work() ? 0 : 1);
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

UserFunction own_function(std::string symbol) {
    UserFunction target;
    target.binary = "/proc/self/exe";
    target.symbol = std::move(symbol);
    return target;
}

void KernelTest::SetUp() {
    auto manager = Manager::create(spec_of("maps"));
    ASSERT_OK(manager);
    const auto loaded = manager->init();
    if (!loaded && loaded.error().requirement)
        GTEST_SKIP() << "missing: " << loaded.error().requirement->feature;
    ASSERT_OK(loaded);
}

}  // namespace gadget::runtime
