// SPDX-License-Identifier: Apache-2.0
// gadget build --watch: a build for each change of a file that goes in.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "command.h"

namespace gadget::tests {
namespace {

class WatchCommand : public CommandTest {
  protected:
    void start(const std::vector<std::string>& words) {
        std::array<int, 2> out{};
        ASSERT_EQ(::pipe(out.data()), 0);
        reader_.reset(out[0]);
        const UniqueFd writer(out[1]);
        std::vector<std::string> argv{GADGET_EXECUTABLE, "build", "--watch"};
        argv.insert(argv.end(), words.begin(), words.end());
        auto child = Subprocess::spawn(
            {.argv = argv, .fds = {{writer.get(), 1}, {writer.get(), 2}}, .environment = environment});
        ASSERT_TRUE(child) << child.error().to_string();
        child_.emplace(std::move(*child));
    }

    /// What it says until it waits for changes.
    std::string until_it_waits() {
        constexpr std::string_view kWaits = "waiting for changes";
        constexpr int kPatienceMs = 60'000;
        for (;;) {
            if (const auto at = text_.find(kWaits); at != std::string::npos) {
                const auto end = text_.find('\n', at);
                const std::string said = text_.substr(0, at);
                text_.erase(0, end == std::string::npos ? at + kWaits.size() : end);
                return said;
            }
            pollfd source{.fd = reader_.get(), .events = POLLIN, .revents = 0};
            std::array<char, 4096> buffer{};
            if (::poll(&source, 1, kPatienceMs) <= 0) break;
            const auto size = ::read(reader_.get(), buffer.data(), buffer.size());
            if (size <= 0) break;
            text_.append(buffer.data(), static_cast<std::size_t>(size));
        }
        ADD_FAILURE() << "it does not wait for changes: " << text_;
        return text_;
    }

    void write(const std::filesystem::path& file, const std::string& text) {
        ASSERT_TRUE(write_file_atomic(file, text));
    }

    std::string end() {
        child_->kill(SIGINT);
        const auto status = child_->wait(std::chrono::seconds(30));
        return status ? status->to_string() : status.error().to_string();
    }

  private:
    UniqueFd reader_;
    std::optional<Subprocess> child_;
    std::string text_;
};

TEST_F(WatchCommand, BuildsAgainWhenTheSourceOrAHeaderChanges) {
    const std::string source = "#include \"mine.h\"\n" + std::string(kTinyProgram);
    const auto path = folder("tiny", {{"program.bpf.c", source}, {"mine.h", "// one\n"}});
    start({path.string(), "-t", "tiny"});
    EXPECT_NE(until_it_waits().find("tiny:latest sha256:"), std::string::npos);

    write(path / "program.bpf.c", source + "int broken\n");
    const auto broken = until_it_waits();
    EXPECT_NE(broken.find("program.bpf.c has changed"), std::string::npos) << broken;
    EXPECT_NE(broken.find("nothing was built"), std::string::npos) << broken;

    write(path / "program.bpf.c", source);
    EXPECT_NE(until_it_waits().find("tiny:latest sha256:"), std::string::npos);

    write(path / "mine.h", "// two\n");
    const auto header = until_it_waits();
    EXPECT_NE(header.find("mine.h has changed"), std::string::npos) << header;
    EXPECT_NE(header.find("tiny:latest sha256:"), std::string::npos) << header;
    EXPECT_EQ(end(), "exit status 0");
}

TEST_F(WatchCommand, ItsOwnOutputIsNoChange) {
    const auto path = folder("tiny", {{"program.bpf.c", kTinyProgram}});
    start({path.string(), "-o", path.string(), "--emit", "skeleton"});
    EXPECT_NE(until_it_waits().find("sha256:"), std::string::npos);
    // The next thing that it says is about this change, not about what it wrote.
    write(path / "program.bpf.c", std::string(kTinyProgram) + "// changed\n");
    const auto said = until_it_waits();
    EXPECT_NE(said.find("program.bpf.c has changed"), std::string::npos) << said;
    EXPECT_EQ(end(), "exit status 0");
}

TEST_F(WatchCommand, EndsWithTheStatusOfTheLastBuild) {
    const auto path = folder("tiny", {{"program.bpf.c", "int broken\n"}});
    start({path.string()});
    EXPECT_NE(until_it_waits().find("nothing was built"), std::string::npos);
    EXPECT_EQ(end(), "exit status 1");
}

TEST_F(WatchCommand, AFolderThatIsNotThereIsWrongUse) {
    const auto result = gadget({"build", "--watch", (home() / "nowhere").string()});
    EXPECT_EQ(result.status, 2) << result.err;
}

}  // namespace
}  // namespace gadget::tests
