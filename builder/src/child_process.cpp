// SPDX-License-Identifier: Apache-2.0
#include "child_process.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace gadget::builder {
namespace {

Result<UniqueFd> empty_memory_file(const char* name) {
    UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
    if (!fd) return errno_error(errno, "cannot create a memory file");
    return fd;
}

}  // namespace

Result<ChildProcess> start_child(const Options& options, const char* argument,
                                 std::span<const std::byte> content) {
    GADGET_TRY_ASSIGN(const UniqueFd input, memory_file("compile-request", content));
    GADGET_TRY_ASSIGN(UniqueFd records, empty_memory_file("compile-result"));
    GADGET_TRY_ASSIGN(UniqueFd error_text, empty_memory_file("compile-errors"));
    SpawnOptions spawn;
    spawn.argv = {options.compiler.string(), argument};
    spawn.fds = {{input.get(), 0}, {records.get(), 1}, {error_text.get(), 2}};
    spawn.memory_limit = options.memory_limit;
    spawn.fixed_addresses = true;  // clang orders some types by the addresses of their nodes
    // A process that spins is ended by the deadline; this is for the case that the parent is not there to do
    // it.
    spawn.cpu_seconds =
        static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(options.timeout).count()) + 1;
    GADGET_TRY_ASSIGN(Subprocess process, Subprocess::spawn(spawn));
    return ChildProcess{std::move(process), std::move(records), std::move(error_text),
                        std::chrono::steady_clock::now() + options.timeout};
}

Result<Bytes> content_of(const UniqueFd& fd, std::size_t limit, const char* what) {
    if (::lseek(fd.get(), 0, SEEK_SET) != 0) return errno_error(errno, what);
    return read_all(fd.get(), limit, what);
}

}  // namespace gadget::builder
