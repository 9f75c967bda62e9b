// SPDX-License-Identifier: Apache-2.0
#include "run_print.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "gadget/support/unique_fd.h"

namespace gadget::cli {
namespace {

/// Standard output as a small pipe, while it lives.
class PipedOutput {
  public:
    PipedOutput() : saved_(::dup(STDOUT_FILENO)) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
        reader = UniqueFd(ends[0]);
        const UniqueFd writer(ends[1]);
        (void)::fcntl(writer.get(), F_SETPIPE_SZ, 4096);
        (void)::dup2(writer.get(), STDOUT_FILENO);
    }
    PipedOutput(const PipedOutput&) = delete;
    PipedOutput& operator=(const PipedOutput&) = delete;
    ~PipedOutput() { close(); }

    /// The reader sees the end.
    void close() {
        if (saved_.get() < 0) return;
        (void)::dup2(saved_.get(), STDOUT_FILENO);
        saved_.reset();
    }

    UniqueFd reader;

  private:
    UniqueFd saved_;
};

std::string rows(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "{\"row\":" + std::to_string(i) + "}\n";
    return text;
}

TEST(PatientPrinter, ASlowReaderGetsEveryRowAfterTheWishToStop) {
    const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
    PipedOutput output;
    ASSERT_GE(output.reader.get(), 0);
    Terminal terminal;
    PatientPrinter printer(terminal, CancelToken{stop.get()});
    const std::string text = rows(5000);
    std::string got;
    std::thread reader([&] {
        std::array<char, 512> piece{};
        ssize_t size = 0;
        while ((size = ::read(output.reader.get(), piece.data(), piece.size())) > 0)
            got.append(piece.data(), static_cast<std::size_t>(size));
    });
    const std::size_t dropped = printer.print(text);
    output.close();
    reader.join();
    EXPECT_EQ(dropped, 0U);
    EXPECT_EQ(got, text);
}

TEST(PatientPrinter, AReaderThatStoppedIsWaitedForOnce) {
    const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
    PipedOutput output;
    ASSERT_GE(output.reader.get(), 0);
    Terminal terminal;
    PatientPrinter printer(terminal, CancelToken{stop.get()}, std::chrono::milliseconds(20));
    const std::string text = rows(5000);
    const std::size_t dropped = printer.print(text);
    EXPECT_GT(dropped, 0U);
    std::array<char, 1> byte{};
    ASSERT_EQ(::read(output.reader.get(), byte.data(), 1), 1);
    EXPECT_EQ(printer.print("late\n"), 5U) << "after a gap nothing more is printed";
}

}  // namespace
}  // namespace gadget::cli
