// SPDX-License-Identifier: Apache-2.0
// Stands where gadget-run stands in a test machine: "run PACK --object=NAME" loads the programs of one
// object, attaches none of them, runs those whose name starts with "check", and prints what came of it as one
// row:
//
//   {"outcome":"loaded","programs":4,"checks":1}
//   {"outcome":"refused","message":"..."}                    the kernel did not take it
//   {"outcome":"refused as expected","message":"..."}        and says what --refusal=TEXT says
//   {"outcome":"check failed","message":"check_slots returned 31"}
#include <bpf/btf.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api_pack.h"
#include "gadget/runtime.h"
#include "gadget/testkit/guest.h"

namespace {

using gadget::Bytes;
using gadget::Result;
using gadget::runtime::Manager;
using gadget::runtime::ManagerSpec;

volatile sig_atomic_t g_stop = 0;
void on_interrupt(int) {
    g_stop = 1;
}

struct Options {
    std::string pack;
    std::string object;
    std::string refusal;
    std::vector<std::string> settings;    ///< NAME=VALUE/SIZE: a constant, little endian
    bool socket_layout = false;           ///< the object uses struct gadget_socket_value
    std::vector<std::string> sized_maps;  ///< maps whose size userspace gives: 0 entries in the object
    int ready_fd = -1;
};

Options parse(int argc, char** argv) {
    Options options;
    options.pack = argv[2];
    for (int i = 3; i < argc; ++i) {
        const std::string_view word(argv[i]);
        if (word.starts_with("--object=")) options.object = word.substr(9);
        if (word.starts_with("--refusal=")) options.refusal = word.substr(10);
        if (word.starts_with("--set=")) options.settings.emplace_back(word.substr(6));
        if (word == "--socket-layout=yes") options.socket_layout = true;
        if (word.starts_with("--sized-map=")) options.sized_maps.emplace_back(word.substr(12));
        if (word == "--ready-fd" && i + 1 < argc) options.ready_fd = std::atoi(argv[i + 1]);
    }
    return options;
}

/// A JSON string. Verifier logs are text; what is not printable becomes a question mark.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '\n') {
            result += "\\n";
        } else if (c == '"' || c == '\\') {
            result += {'\\', c};
        } else {
            result += c >= ' ' && c <= '~' ? c : '?';
        }
    }
    return result + "\"";
}

std::string failure_row(std::string_view outcome, std::string_view message) {
    return R"({"outcome":)" + quoted(outcome) + R"(,"message":)" + quoted(message) + "}";
}

/// The end of the verifier's log is where it says why.
std::string end_of(const std::string& log) {
    constexpr std::size_t kEnd = 3000;
    return log.size() > kEnd ? log.substr(log.size() - kEnd) : log;
}

/// "targ_pid=1/4"
std::optional<gadget::runtime::Constant> constant(std::string_view text) {
    const auto equals = text.find('=');
    const auto slash = text.find('/');
    if (equals == std::string_view::npos || slash == std::string_view::npos) return std::nullopt;
    std::uint64_t value = 0;
    std::size_t size = 0;
    (void)std::from_chars(text.data() + equals + 1, text.data() + slash, value);
    (void)std::from_chars(text.data() + slash + 1, text.data() + text.size(), size);
    gadget::runtime::Constant result{.name = std::string(text.substr(0, equals)), .value = Bytes(size)};
    for (std::size_t i = 0; i < std::min<std::size_t>(size, sizeof(value)); ++i)
        result.value[i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
    return result;
}

/// BTF of the running kernel and, since no kernel has it, the struct whose layout the socket enricher
/// decides. Written to a file of memory, since nothing else can be written; returns its path.
Result<std::string> btf_with_socket_value() {
    const std::unique_ptr<btf, decltype(&btf__free)> types(btf__parse("/sys/kernel/btf/vmlinux", nullptr),
                                                           &btf__free);
    if (!types) return gadget::errno_error(errno, "cannot read the kernel's BTF");
    const auto find = [&](const char* name) {
        return btf__find_by_name_kind(types.get(), name, BTF_KIND_TYPEDEF);
    };
    const int u64 = find("__u64");
    const int u32 = find("__u32");
    const int character = btf__find_by_name_kind(types.get(), "char", BTF_KIND_INT);
    const int name = btf__add_array(types.get(), u32, character, 16);
    const int path = btf__add_array(types.get(), u32, character, 4096);
    const int made = btf__add_struct(types.get(), "gadget_socket_value", 8280);
    if (u64 < 0 || u32 < 0 || character < 0 || name < 0 || path < 0 || made < 0)
        return gadget::errno_error(EINVAL, "cannot add to the kernel's BTF");
    struct Member {
        const char* name;
        int type;
        std::uint32_t offset;
    };
    const std::array<Member, 12> members{{{"mntns", u64, 0},
                                          {"pid_tgid", u64, 8},
                                          {"uid_gid", u64, 16},
                                          {"task", name, 24},
                                          {"ptask", name, 40},
                                          {"sock", u64, 56},
                                          {"deletion_timestamp", u64, 64},
                                          {"ppid", u32, 72},
                                          {"ptid", u32, 76},
                                          {"ipv6only", character, 80},
                                          {"cwd", path, 88},
                                          {"exepath", path, 4184}}};
    for (const auto& member : members) {
        const int error = btf__add_field(types.get(), member.name, member.type, member.offset * 8, 0);
        if (error != 0) return gadget::errno_error(error, std::string("cannot add ") + member.name);
    }
    std::uint32_t size = 0;
    const void* data = btf__raw_data(types.get(), &size);
    if (data == nullptr) return gadget::errno_error(ENOMEM, "cannot write BTF");
    const auto bytes = std::span(static_cast<const std::byte*>(data), size);
    static gadget::UniqueFd file;  // open as long as libbpf may read it
    GADGET_TRY_ASSIGN(file, gadget::memory_file("kernel_and_socket_value.btf", bytes));
    return "/proc/self/fd/" + std::to_string(file.get());
}

Result<ManagerSpec> make_spec(const Options& options, Bytes object) {
    ManagerSpec spec;
    spec.name = options.object;
    spec.object = gadget::runtime::ObjectBytes{std::move(object)};
    spec.load_all = true;
    for (const auto& map : options.sized_maps) spec.map_edits.push_back({.map = map, .max_entries = 1024});
    for (const auto& setting : options.settings) {
        auto value = constant(setting);
        if (!value) return gadget::errno_error(EINVAL, setting);
        spec.constants.push_back(std::move(*value));
    }
    if (options.socket_layout) {
        auto path = btf_with_socket_value();
        if (!path) return path.error();
        spec.options.kernel_btf = *path;
    }
    return spec;
}

std::string load(const Options& options) {
    const auto pack = gadget::read_file(options.pack);
    if (!pack) return failure_row("no object", pack.error().to_string());
    auto object = gadget::vm_tests::find_object(*pack, options.object);
    if (!object) return failure_row("no object", "the pack has no " + options.object);

    auto spec = make_spec(options, std::move(*object));
    if (!spec) return failure_row("no object", spec.error().to_string());
    auto manager = Manager::create(std::move(*spec));
    if (!manager) return failure_row("no object", manager.error().to_string());
    if (const auto loaded = manager->init(); !loaded) {
        const std::string why = loaded.error().to_string() + "\n" + end_of(manager->load_log());
        const bool expected = !options.refusal.empty() && why.find(options.refusal) != std::string::npos;
        return failure_row(expected ? "refused as expected" : "refused", why);
    }

    // Enough for the headers of a packet, which network programs insist on.
    const std::array<std::byte, 64> packet{};
    int checks = 0;
    const auto programs = manager->programs();
    for (const auto& program : programs) {
        if (!program.name.starts_with("check")) continue;
        const auto outcome = manager->test_run(program.name, {.data = packet});
        if (!outcome) return failure_row("check failed", program.name + ": " + outcome.error().to_string());
        if (outcome->return_value != 0)
            return failure_row("check failed",
                               program.name + " returned " + std::to_string(outcome->return_value));
        ++checks;
    }
    return R"({"outcome":"loaded","programs":)" + std::to_string(programs.size()) + R"(,"checks":)" +
           std::to_string(checks) + "}";
}

}  // namespace

int main(int argc, char** argv) {
    if (gadget::testkit::is_guest_invocation(argc, argv)) return gadget::testkit::guest_main(argc, argv);
    if (argc < 3 || std::string_view(argv[1]) != "run") return 2;
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    (void)::sigprocmask(SIG_BLOCK, &interrupt, nullptr);  // delivered only inside sigsuspend: none is missed
    struct sigaction action{};
    action.sa_handler = on_interrupt;
    (void)::sigaction(SIGINT, &action, nullptr);
    const Options options = parse(argc, argv);
    std::printf("%s\n", load(options).c_str());
    std::fflush(stdout);
    if (options.ready_fd >= 0) (void)!::write(options.ready_fd, "\n", 1);
    sigset_t none;
    sigemptyset(&none);
    while (g_stop == 0) ::sigsuspend(&none);
    return 0;
}
