// SPDX-License-Identifier: Apache-2.0
#include "run_trace_pipe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/unique_fd.h"

namespace gadget::cli {
namespace {

TEST(TracePipe, HandsOverLinesUntilItGoes) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    const auto fifo = folder->path() / "pipe";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const UniqueFd writer(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));  // so that it never ends by itself
    ASSERT_TRUE(writer);
    std::vector<std::string> lines;
    auto pipe = TracePipe::start(fifo, [&](std::string_view line) { lines.emplace_back(line); });
    ASSERT_TRUE(pipe) << pipe.error().to_string();
    ASSERT_TRUE(write_all(writer.get(), as_bytes("first line\nsecond\nno end"), "fifo"));
    pipe->reset();  // reads what is there, and joins the thread
    EXPECT_EQ(lines, (std::vector<std::string>{"first line", "second"}));
}

TEST(TracePipe, NamesWhatIsMissing) {
    const auto pipe = TracePipe::start("/nowhere/trace_pipe", [](std::string_view) {});
    ASSERT_FALSE(pipe);
    EXPECT_EQ(pipe.error().code, ErrorCode::unsupported);
    EXPECT_NE(pipe.error().message.find("/nowhere/trace_pipe"), std::string::npos);
    EXPECT_FALSE(trace_pipe_file().empty());
}

}  // namespace
}  // namespace gadget::cli
