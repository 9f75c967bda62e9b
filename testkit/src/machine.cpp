// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>

#include "child.h"
#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "job.h"

namespace gadget::testkit {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kInitramfsFd = 3;
constexpr int kPortFd = 4;
constexpr std::size_t kMaxConsole = std::size_t{1} << 20;
constexpr std::size_t kMaxErrors = 16 * 1024;
constexpr milliseconds kPowerOffTimeout{3000};

/// The line with the reason of a kernel panic, empty when the console shows none.
std::string panic_line(std::string_view console) {
    const auto start = console.find("Kernel panic - not syncing");
    if (start == std::string_view::npos) return {};
    const auto line = console.substr(start);
    return printable(trim(line.substr(0, line.find('\n'))));
}

/// The last lines of the console, for an error message.
std::string last_lines(std::string_view console) {
    const auto lines = split(trim(console), '\n');
    constexpr std::size_t kShown = 3;
    std::vector<std::string> shown;
    for (std::size_t i = lines.size() > kShown ? lines.size() - kShown : 0; i < lines.size(); ++i) {
        if (!trim(lines[i]).empty()) shown.push_back(printable(trim(lines[i])));
    }
    if (shown.empty()) return "the console is empty";
    std::string text = "the console ends with '";
    for (std::size_t i = 0; i < shown.size(); ++i) text.append(i == 0 ? "" : " | ").append(shown[i]);
    return text + "'";
}

Error no_qemu(model::Arch arch) {
    const auto program = qemu_program(arch);
    return Error{.code = ErrorCode::unsupported,
                 .message = "'" + program + "' is not installed: it runs the " +
                            std::string(model::to_string(arch)) + " test machines",
                 .hint = "install the package '" + qemu_package(arch) + "'",
                 .requirement = Requirement{program, ""}};
}

struct Socket {
    UniqueFd ours;
    UniqueFd theirs;
};

Result<Socket> make_socket() {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
        return errno_error(errno, "cannot create the socket of a test machine");
    }
    return Socket{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<Socket> make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error(errno, "cannot create a pipe");
    return Socket{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// One machine from its start to its end.
class Machine {
  public:
    Machine(const MachineRequest& request, const FrameHandler& handler)
        : request_(request), handler_(handler), port_parser_(request.nonce), console_parser_(request.nonce) {}

    Result<void> start() {
        GADGET_TRY_ASSIGN(const UniqueFd initramfs, memory_file("initramfs", request_.initramfs));
        GADGET_TRY_ASSIGN(Socket port, make_socket());
        GADGET_TRY_ASSIGN(Socket console, make_pipe());
        GADGET_TRY_ASSIGN(Socket errors, make_pipe());
        SpawnOptions options;
        options.argv = qemu_command(request_);
        options.fds = {{console.theirs.get(), 1},
                       {errors.theirs.get(), 2},
                       {initramfs.get(), kInitramfsFd},
                       {port.theirs.get(), kPortFd}};
        auto qemu = Subprocess::spawn(options);
        if (!qemu && qemu.error().code == ErrorCode::not_found) return no_qemu(request_.kernel->arch);
        if (!qemu) return std::move(qemu).error();
        qemu_.emplace(std::move(*qemu));
        port_ = std::move(port.ours);
        console_ = std::move(console.ours);
        errors_ = std::move(errors.ours);
        started_ = Clock::now();
        deadline_ = started_ + request_.boot_timeout;
        return {};
    }

    MachineEnd run(const CancelToken& cancel) {
        while (!exited_ && !end_.failure) step(cancel);
        if (exited_) drain();
        if (!end_.failure) end_.failure = judge_end();
        end_.damaged_frames = port_parser_.damaged() + console_parser_.damaged();
        end_.lost_frames = port_parser_.lost() + console_parser_.lost();
        qemu_.reset();  // kills what still runs
        return std::move(end_);
    }

  private:
    void step(const CancelToken& cancel) {
        std::array<pollfd, 5> fds{{{port_.get(), POLLIN, 0},
                                   {console_.get(), POLLIN, 0},
                                   {errors_.get(), POLLIN, 0},
                                   {qemu_->pidfd(), POLLIN, 0},
                                   {cancel.fd, POLLIN, 0}}};
        const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now()).count();
        const int count = left <= 0 ? 0 : ::poll(fds.data(), fds.size(), static_cast<int>(left));
        if (count < 0) {
            if (errno != EINTR) end_.failure = errno_error(errno, "waiting for the test machine");
            return;
        }
        if (count == 0) return expire();
        if (fds[4].revents != 0) {
            end_.failure = cancelled_error("the test machine");
            return;
        }
        if (fds[0].revents != 0) read_port();
        if (fds[1].revents != 0) read_console();
        if (fds[2].revents != 0) read_errors();
        if (fds[3].revents != 0) exited_ = true;
    }

    void expire() {
        if (done_) {
            exited_ = true;  // it has said everything; that it does not power off is not the tests' business
        } else if (!panic_line(end_.console).empty()) {
            exited_ = true;
        } else if (!booted_) {
            end_.failure = Error{.code = ErrorCode::boot_failed,
                                 .message = "the machine did not boot within " +
                                            seconds(request_.boot_timeout) + "; " + last_lines(end_.console)};
        } else {
            end_.failure = Error{.code = ErrorCode::timed_out,
                                 .message = "the tests did not end within " + seconds(request_.run_timeout) +
                                            "; " + last_lines(end_.console)};
        }
    }

    static std::string seconds(milliseconds time) { return std::to_string(time.count() / 1000) + " s"; }

    /// QEMU is gone: all right, or why not.
    [[nodiscard]] std::optional<Error> judge_end() const {
        if (done_) return std::nullopt;
        if (const auto panic = panic_line(end_.console); !panic.empty()) {
            return Error{
                .code = booted_ ? ErrorCode::guest_panic : ErrorCode::boot_failed,
                .message =
                    (booted_ ? "the kernel of the machine crashed: " : "the machine did not boot: ") + panic};
        }
        if (!fatal_.empty()) {
            return Error{.code = ErrorCode::boot_failed, .message = "the machine is not usable: " + fatal_};
        }
        if (!errors_text_.empty()) {
            return Error{.code = ErrorCode::boot_failed,
                         .message = "QEMU ended: " + printable(trim(errors_text_))};
        }
        return Error{
            .code = booted_ ? ErrorCode::corrupt_data : ErrorCode::boot_failed,
            .message = "the machine went off before its tests were over; " + last_lines(end_.console)};
    }

    static std::string_view read_some(UniqueFd& fd, std::vector<char>& buffer) {
        const auto count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
        if (count == 0 || (errno != EINTR && errno != EAGAIN)) fd.reset();
        return {};
    }

    void read_port() {
        std::vector<Record> records;
        port_parser_.push(read_some(port_, buffer_), records);
        handle(records);
    }

    void read_console() {
        const auto bytes = read_some(console_, buffer_);
        end_.console.append(bytes);
        if (end_.console.size() > kMaxConsole) end_.console.erase(0, end_.console.size() - kMaxConsole / 2);
        std::vector<Record> records;
        console_parser_.push(bytes, records);
        handle(records);
        if (!done_ && !panicked_ && !panic_line(end_.console).empty()) {
            panicked_ = true;  // the kernel resets the machine at once; if it cannot, do not wait for long
            deadline_ = std::min(deadline_, Clock::now() + kPowerOffTimeout);
        }
    }

    void read_errors() {
        errors_text_.append(read_some(errors_, buffer_));
        if (errors_text_.size() > kMaxErrors) errors_text_.resize(kMaxErrors);
    }

    void handle(const std::vector<Record>& records) {
        for (const auto& record : records) {
            if (!booted_) {
                booted_ = true;
                end_.boot_time = std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
                deadline_ = Clock::now() + request_.run_timeout;
            }
            if (record[0] == "fatal") fatal_ = record.size() > 1 ? printable(record[1]) : "unknown";
            if (record[0] == "done") {
                done_ = true;
                deadline_ = Clock::now() + kPowerOffTimeout;
            }
            for (const auto& reply : handler_(record)) send(reply);
        }
    }

    void send(const Record& record) {
        const auto frame = encode_frame(request_.nonce, sequence_++, record);
        // A guest that does not read loses the frame and meets its deadline; we never block on it.
        if (port_) (void)!::send(port_.get(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }

    /// What was written before QEMU ended.
    void drain() {
        const auto readable = [](const UniqueFd& fd) {
            pollfd entry{fd.get(), POLLIN, 0};
            return fd.valid() && ::poll(&entry, 1, 0) > 0;
        };
        while (readable(console_)) read_console();
        while (readable(port_)) read_port();
        while (readable(errors_)) read_errors();
    }

    const MachineRequest& request_;
    const FrameHandler& handler_;
    std::optional<Subprocess> qemu_;
    UniqueFd port_;
    UniqueFd console_;
    UniqueFd errors_;
    FrameParser port_parser_;
    FrameParser console_parser_;
    std::vector<char> buffer_ = std::vector<char>(64 * 1024);
    Clock::time_point started_;
    Clock::time_point deadline_;
    std::uint64_t sequence_ = 0;
    bool booted_ = false;
    bool done_ = false;
    bool panicked_ = false;
    bool exited_ = false;
    std::string fatal_;
    std::string errors_text_;
    MachineEnd end_;
};

#if defined(__x86_64__)
/// Clock and counter at the same moment: of several readings the one that took least, which nothing came
/// between.
std::pair<Clock::time_point, std::uint64_t> read_both() {
    constexpr int kReadings = 20;
    std::pair<Clock::time_point, std::uint64_t> best;
    auto shortest = std::uint64_t{0} - 1;
    for (int i = 0; i < kReadings; ++i) {
        const auto before = __rdtsc();
        const auto now = Clock::now();
        const auto after = __rdtsc();
        if (after - before >= shortest) continue;
        shortest = after - before;
        best = {now, before + shortest / 2};
    }
    return best;
}

/// The rate of this machine's time stamp counter, which is that of an emulated amd64 machine too.
unsigned counter_khz() {
    static const unsigned khz = [] {
        const auto [started, first] = read_both();
        while (Clock::now() - started < milliseconds(4)) continue;
        const auto [ended, last] = read_both();
        const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(ended - started).count();
        return static_cast<unsigned>(static_cast<double>(last - first) * 1e6 / static_cast<double>(ns));
    }();
    return khz;
}
#endif

/// A kernel measures the rate of the time stamp counter during its boot. On a busy host an emulated one comes
/// out wrong by far, and seconds inside are no seconds: it is told. A processor of such a host stands still
/// at times, which is no lockup of the kernel.
std::string emulated_time(bool amd64) {
    std::string words = " watchdog_thresh=60";
#if defined(__x86_64__)
    if (amd64) words += " tsc=reliable tsc_early_khz=" + std::to_string(counter_khz());
#else
    (void)amd64;
#endif
    return words;
}

}  // namespace

std::string qemu_program(model::Arch arch) {
    return "qemu-system-" + std::string(model::machine_name(arch));
}

std::string qemu_package(model::Arch arch) {
    return arch == model::Arch::amd64 ? "qemu-system-x86" : "qemu-system-arm";
}

Result<void> check_machine(model::Arch arch, const CancelToken& cancel) {
    auto end = run_child({.argv = {qemu_program(arch), "--version"}}, cancel);
    if (!end && end.error().code == ErrorCode::not_found) return no_qemu(arch);
    if (!end) return std::move(end).error();
    return {};
}

std::vector<std::string> qemu_command(const MachineRequest& request) {
    const bool amd64 = request.kernel->arch == model::Arch::amd64;
    // The append lines are measured: without the crypto self tests a boot is half a second shorter; page
    // table isolation would make system calls several times slower under emulation. The timer check counts
    // ticks against a busy loop: on a host with other work it fails now and then, and the boot with it.
    std::string append = "quiet panic=-1 oops=panic cryptomgr.notests ";
    append += amd64 ? "console=ttyS0 mitigations=off no_timer_check" : "console=ttyAMA0 kpti=off";
    if (!request.kvm) append += emulated_time(amd64);
    if (request.debug.gdb_port != 0) append += " nokaslr";
    std::vector<std::string> argv{qemu_program(request.kernel->arch)};
    const auto add = [&argv](std::initializer_list<std::string> words) { argv.insert(argv.end(), words); };
    add({"-machine", amd64 ? "q35" : "virt,gic-version=3", "-accel", request.kvm ? "kvm" : "tcg"});
    if (request.kvm) {
        add({"-cpu", "host"});
    } else if (!amd64) {
        add({"-cpu", "cortex-a57"});  // "max" computes pointer authentication in software
    }
    add({"-m", std::to_string(request.memory_mib), "-nodefaults", "-no-user-config", "-display", "none",
         "-no-reboot"});
    const auto& file = request.debug.initramfs;
    add({"-kernel", request.kernel->image.string(), "-initrd",
         file.empty() ? "/dev/fd/" + std::to_string(kInitramfsFd) : file.string()});
    if (request.debug.gdb_port != 0)
        add({"-gdb", "tcp:127.0.0.1:" + std::to_string(request.debug.gdb_port), "-S"});
    add({"-append", append});
    add({"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"});
    if (!file.empty()) return argv;  // the frames come on the console then
    // Each port the device may have costs the guest two queues to set up: the console's, which is always
    // there, and ours.
    add({"-device", "virtio-serial-pci,max_ports=2", "-chardev",
         "socket,id=results,fd=" + std::to_string(kPortFd)});
    add({"-device", "virtserialport,chardev=results,name=" + std::string(kPortName)});
    return argv;
}

Result<MachineEnd> run_machine(const MachineRequest& request, const FrameHandler& handler,
                               const CancelToken& cancel) {
    Machine machine(request, handler);
    GADGET_TRY(machine.start());
    return machine.run(cancel);
}

std::string make_nonce() {
    std::array<unsigned char, 8> random{};
    while (::getrandom(random.data(), random.size(), 0) < 0 && errno == EINTR) continue;
    std::string text;
    for (const auto byte : random) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

}  // namespace gadget::testkit
