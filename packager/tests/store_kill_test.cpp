// SPDX-License-Identifier: Apache-2.0
// Two writers on one store, killed without warning at random points of building, tagging, importing, pulling
// and removing. GADGET_KILL_POINTS sets how often (200).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <random>
#include <set>

#include "fake_registry.h"
#include "gadget/packager/registry.h"
#include "gadget/support/subprocess.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

int kill_points() {
    const char* text = std::getenv("GADGET_KILL_POINTS");
    const int points = text == nullptr ? 0 : std::atoi(text);
    return points > 0 ? points : 200;
}

/// A running writer and the pipe on which it tells of finished rounds.
class Writer {
  public:
    Writer(std::string name, const fs::path& store, std::string host, fs::path tar)
        : name_(std::move(name)), store_(store), host_(std::move(host)), tar_(std::move(tar)) {
        start();
    }

    void start() {
        int fds[2];
        ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
        rounds_.reset(fds[0]);
        const UniqueFd writing(fds[1]);
        SpawnOptions spawn;
        spawn.argv = {STORE_CHURN, store_.string(), name_, host_, tar_.string()};
        spawn.fds = {{.source = writing.get(), .target = 1}, {.source = 2, .target = 2}};
        auto started = Subprocess::spawn(spawn);
        ASSERT_TRUE(started) << started.error().to_string();
        process_.emplace(std::move(*started));
    }

    /// Waits for the end of a round.
    bool finished_round() {
        pollfd state{.fd = rounds_.get(), .events = POLLIN, .revents = 0};
        char byte = 0;
        return ::poll(&state, 1, 60'000) == 1 && ::read(rounds_.get(), &byte, 1) == 1;
    }

    void kill() {
        process_->kill(SIGKILL);
        const auto ended = process_->wait();
        ASSERT_TRUE(ended) << ended.error().to_string();
        EXPECT_EQ(ended->signal, SIGKILL) << "the writer ended by itself: " << ended->to_string();
    }

    [[nodiscard]] std::vector<std::string> kept_names() const {
        return {"r/" + name_ + "-moving:a", "r/" + name_ + "-tagged:a"};
    }

  private:
    std::string name_;
    fs::path store_;
    std::string host_;
    fs::path tar_;
    UniqueFd rounds_;
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
};

TEST_F(StoreKill, NoNameIsLostOrHalfThereAtAnyPoint) {
    std::array<std::unique_ptr<Writer>, 2> writers;
    std::set<std::string> wanted{"r/kept:a", "r/imported:a"};
    for (std::size_t i = 0; i < writers.size(); ++i) {
        writers[i] = std::make_unique<Writer>("w" + std::to_string(i), root_, fake_.host(), tar_);
        ASSERT_TRUE(writers[i]->finished_round());
        for (const auto& name : writers[i]->kept_names()) wanted.insert(name);
    }
    const auto start = Clock::now();
    ASSERT_TRUE(writers[0]->finished_round());
    const auto round = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    std::mt19937 random(20261122);  // NOLINT(cert-msc51-cpp): the same points each time are a feature
    std::uniform_int_distribution<std::int64_t> delay(0, std::max<std::int64_t>(round.count(), 1000));
    const int points = kill_points();
    for (int point = 0; point < points && !HasFailure(); ++point) {
        auto& victim = *writers[random() % writers.size()];
        const auto strike = Clock::now() + std::chrono::microseconds(delay(random));
        while (Clock::now() < strike) {
        }
        victim.kill();
        check(wanted);
        victim.start();
    }
    for (auto& writer : writers) writer->kill();
    check(wanted);
    check_no_garbage();
}

}  // namespace
}  // namespace gadget::packager
