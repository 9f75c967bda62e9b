// SPDX-License-Identifier: Apache-2.0
// Two writers on one store, each killed without warning at random points of building, tagging, importing,
// pulling and removing, as store_churn counts them: no clock decides where. GADGET_KILL_POINTS sets how often
// (200).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "fake_registry.h"
#include "gadget/packager/registry.h"
#include "gadget/support/subprocess.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 5> kVerbs{"build", "tag", "import", "pull", "remove"};

long kill_points() {
    const char* text = std::getenv("GADGET_KILL_POINTS");
    const long points = text == nullptr ? 0 : std::atol(text);
    return points > 0 ? points : 200;
}

/// Where a writer is to die.
struct Point {
    unsigned round;
    std::string verb;
    long number;
};

/// A writer that runs until it dies at its point, and the pipe on which it says where that is.
class Writer {
  public:
    explicit Writer(std::vector<std::string> command) : command_(std::move(command)) {}

    void start(const Point& point) {
        int fds[2];
        ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
        words_.reset(fds[0]);
        const UniqueFd writing(fds[1]);
        SpawnOptions spawn;
        spawn.argv = command_;
        spawn.argv.insert(spawn.argv.end(),
                          {std::to_string(point.round), point.verb, std::to_string(point.number)});
        spawn.fds = {{.source = writing.get(), .target = 1}, {.source = 2, .target = 2}};
        auto started = Subprocess::spawn(spawn);
        ASSERT_TRUE(started) << started.error().to_string();
        process_.emplace(std::move(*started));
    }

    [[nodiscard]] int pidfd() const { return process_->pidfd(); }

    /// The verb in which the writer, which has ended, died.
    std::string verb_of_death() {
        const auto ended = process_->wait();
        if (!ended || ended->signal != SIGKILL) {
            ADD_FAILURE() << "the writer ended by itself: "
                          << (ended ? ended->to_string() : ended.error().to_string());
            return {};
        }
        const auto words = read_all(words_.get(), 100, "the writer's words");
        return words ? std::string(as_text(*words)) : std::string();
    }

  private:
    std::vector<std::string> command_;
    UniqueFd words_;
    std::optional<Subprocess> process_;
};

class StoreKill : public ::testing::Test {
  protected:
    void SetUp() override {
        Registry registry(fake_.host(), {});
        for (const char* tag : {"v1", "v2"}) {
            const auto remote = test::image("remote", tag);
            const auto pushed = registry.push(MemoryBlobs(remote), remote.root, "x", tag);
            ASSERT_TRUE(pushed) << pushed.error().to_string();
        }
        ASSERT_TRUE(write_tar(test::image("imported"), tar_, "r/imported:a"));
        auto store = Store::open(root_);
        ASSERT_TRUE(store) << store.error().to_string();
        ASSERT_TRUE(store->add(test::image("kept"), "r/kept:a"));
    }

    [[nodiscard]] std::vector<std::string> command(const std::string& writer) const {
        return {STORE_CHURN, root_.string(), writer, fake_.host(), tar_.string()};
    }

    /// Has a writer live through two rounds, and notes how many points each verb has.
    void learn_points(const std::string& writer) {
        SpawnOptions spawn;
        spawn.argv = command(writer);
        const auto output = run_command(std::move(spawn), std::chrono::seconds(300));
        ASSERT_TRUE(output) << output.error().to_string();
        ASSERT_TRUE(output->status.success()) << output->err;
        std::istringstream lines(output->out);
        for (std::string verb; lines >> verb;) lines >> points_[verb];
        for (const char* verb : kVerbs) ASSERT_GT(points_[verb], 0) << verb << " stores nothing";
    }

    /// The writer that ended first, or one of those that did.
    static Writer& first_to_die(std::vector<Writer>& writers) {
        std::array<pollfd, 2> ends{};
        for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = {writers[i].pidfd(), POLLIN, 0};
        while (::poll(ends.data(), ends.size(), -1) < 0 && errno == EINTR) {
        }
        return writers[ends[0].revents != 0 ? 0 : 1];
    }

    /// Every name is there, and means a whole image, at this very moment.
    void check(const std::set<std::string>& wanted) {
        const auto store = Store::open(root_);
        ASSERT_TRUE(store) << store.error().to_string();
        const auto reader = store->read();
        ASSERT_TRUE(reader) << reader.error().to_string();
        std::set<std::string> present;
        for (const auto& entry : reader->layout().entries()) {
            if (ref_name(entry).empty()) continue;
            present.insert(ref_name(entry));
            const auto image = load_image(reader->layout(), entry);
            EXPECT_TRUE(image) << ref_name(entry) << ": " << image.error().to_string();
        }
        for (const auto& name : wanted) EXPECT_TRUE(present.contains(name)) << name << " is lost";
    }

    void check_no_garbage() {
        auto store = Store::open(root_);
        ASSERT_TRUE(store) << store.error().to_string();
        ASSERT_TRUE(store->collect_garbage(std::chrono::seconds(-1)));
        std::set<std::string> expected;
        const auto entries = store->list();
        ASSERT_TRUE(entries) << entries.error().to_string();
        for (const auto& entry : *entries) {
            const auto image = store->load(ref_name(entry));
            ASSERT_TRUE(image) << image.error().to_string();
            for (const auto& [digest, content] : image->blobs) expected.insert(digest);
        }
        std::set<std::string> present;
        for (const auto& file : fs::directory_iterator(root_ / "blobs" / "sha256"))
            present.insert("sha256:" + file.path().filename().string());
        EXPECT_EQ(present, expected);
    }

    test::FakeRegistry fake_;
    TempDir dir_ = *TempDir::create("store-kill");
    fs::path root_ = dir_.path() / "store";
    fs::path tar_ = dir_.path() / "image.tar";
    std::map<std::string, long> points_;  ///< of each verb
};

TEST_F(StoreKill, NoNameIsLostOrHalfThereAtAnyPoint) {
    std::set<std::string> wanted{"r/kept:a"};
    std::vector<Writer> writers;
    for (const std::string name : {"w0", "w1"}) {
        writers.emplace_back(command(name));
        learn_points(name);
        for (const char* kept : {"-moving:a", "-tagged:a"}) wanted.insert("r/" + name + kept);
    }
    ASSERT_FALSE(HasFailure());
    std::mt19937 random(20261122);  // NOLINT(cert-msc51-cpp): the same points each time are a feature
    const auto next_point = [&](long number) {
        const std::string verb = kVerbs.at(static_cast<std::size_t>(number) % kVerbs.size());
        return Point{.round = static_cast<unsigned>(random() % 2),
                     .verb = verb,
                     .number = std::uniform_int_distribution<long>(1, points_.at(verb))(random)};
    };
    const long points = kill_points();
    long started = 0;
    for (auto& writer : writers) writer.start(next_point(started++));
    std::map<std::string, long> deaths;
    for (long point = 0; point < points && !HasFailure(); ++point) {
        auto& victim = first_to_die(writers);
        ++deaths[victim.verb_of_death()];
        check(wanted);
        victim.start(next_point(started++));
    }
    writers.clear();  // they are killed wherever they are
    check(wanted);
    check_no_garbage();
    for (const char* verb : kVerbs) {
        RecordProperty(verb, std::to_string(deaths[verb]));
        EXPECT_GE(deaths[verb], points / 10) << verb;
    }
}

}  // namespace
}  // namespace gadget::packager
