// SPDX-License-Identifier: Apache-2.0
#include "iter_fetch.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <thread>
#include <utility>

namespace gadget::session {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::size_t kMaxOutput = std::size_t{1} << 30;

Result<void> read_in(const UniqueFd& file, const OpenIterator& open, Bytes& out) {
    Result<void> outcome;
    // The namespace belongs to a thread: one of its own, so that the caller stays where it is.
    std::thread reader([&] {
        if (::setns(file.get(), CLONE_NEWNET) != 0) {
            outcome = errno_error(errno, "cannot enter the network namespace");
            return;
        }
        outcome = read_iterator(open, out);
    });
    reader.join();
    return outcome;
}

}  // namespace

Result<void> read_iterator(const OpenIterator& open, Bytes& out) {
    GADGET_TRY_ASSIGN(const UniqueFd fd, open());
    while (true) {
        const std::size_t used = out.size();
        if (used > kMaxOutput) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "the iterator writes more than 1 GiB; the rest is left out"};
        }
        out.resize(used + kPiece);
        const ssize_t count = ::read(fd.get(), out.data() + used, kPiece);
        const int error = count < 0 ? errno : 0;
        out.resize(used + static_cast<std::size_t>(count > 0 ? count : 0));
        if (count == 0) return {};
        if (count < 0 && error != EINTR && error != EAGAIN)
            return errno_error(error, "cannot read the iterator");
    }
}

Result<void> read_iterator_in(const std::vector<std::filesystem::path>& namespaces, const OpenIterator& open,
                              Bytes& out) {
    std::set<std::pair<dev_t, ino_t>> seen;
    for (const auto& path : namespaces) {
        const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status{};
        if (!file || ::fstat(file.get(), &status) != 0)
            return errno_error(errno, "cannot open the network namespace '" + path.string() + "'");
        if (!seen.insert({status.st_dev, status.st_ino}).second) continue;
        GADGET_TRY(read_in(file, open, out).context("in network namespace '" + path.string() + "'"));
    }
    return {};
}

}  // namespace gadget::session
