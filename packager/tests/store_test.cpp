// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

#include "go_json.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

namespace fs = std::filesystem;
using test::blob_file;
using test::bytes;
using test::put;

class StoreTest : public ::testing::Test {
  protected:
    [[nodiscard]] Store open() const {
        auto store = Store::open(root_);
        EXPECT_TRUE(store) << store.error().to_string();
        return *std::move(store);
    }

    [[nodiscard]] std::set<std::string> blobs() const {
        std::set<std::string> names;
        for (const auto& file : fs::directory_iterator(root_ / "blobs" / "sha256")) {
            names.insert("sha256:" + file.path().filename().string());
        }
        return names;
    }

    static std::set<std::string> names(const Store& store) {
        std::set<std::string> names;
        const auto entries = store.list();
        for (const auto& entry : *entries) names.insert(ref_name(entry));
        return names;
    }

    static std::set<std::string> digests(const Image& image) {
        std::set<std::string> names;
        for (const auto& [digest, content] : image.blobs) names.insert(digest);
        return names;
    }

    /// An artifact that refers to `subject`, as signatures of OCI 1.1 do.
    static Image referrer(const Descriptor& subject, const std::string& content) {
        Image image;
        const auto add = [&](std::string_view type, const std::string& text) {
            Descriptor descriptor{.media_type = std::string(type),
                                  .digest = sha256_digest(as_bytes(text)),
                                  .size = text.size()};
            image.blobs.emplace(descriptor.digest, bytes(text));
            return descriptor;
        };
        ManifestBody body{.artifact_type = "application/vnd.example.signature",
                          .config = add(media_type::kEmpty, "{}"),
                          .layers = {add("application/vnd.example.payload", content)},
                          .subject = subject,
                          .annotations = {}};
        image.root = add(media_type::kManifest, manifest_json(body));
        return image;
    }

    TempDir dir_ = *TempDir::create("store-test");
    fs::path root_ = dir_.path() / "a" / "store";
};

TEST_F(StoreTest, IsPrivateAndLaidOutAsAnImageLayout) {
    const Store store = open();
    struct stat status{};
    ASSERT_EQ(::stat(root_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    EXPECT_EQ(test::slurp(root_ / "index.json"),
              R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})");
    EXPECT_TRUE(fs::exists(root_ / "oci-layout"));
    EXPECT_TRUE(fs::is_directory(root_ / "blobs"));
    EXPECT_TRUE(fs::exists(root_ / "index.json.lock"));
    EXPECT_TRUE(store.list()->empty());
}

TEST_F(StoreTest, GivesBackWhatWasAdded) {
    Store store = open();
    const auto image = test::image("x");
    ASSERT_TRUE(store.add(image, "r/x:v1"));
    EXPECT_EQ(store.resolve("r/x:v1")->digest, image.root.digest);
    EXPECT_EQ(store.resolve(image.root.digest)->digest, image.root.digest);
    EXPECT_EQ(store.resolve("r/x:v2").error().code, ErrorCode::not_found);
    const auto loaded = open().load("r/x:v1");
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(loaded->blobs, image.blobs);
    EXPECT_EQ(blobs(), digests(image));
}

TEST_F(StoreTest, RefusesNamesThatALayoutCannotHold) {
    Store store = open();
    EXPECT_EQ(store.add(test::image("x"), "a b").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(store.add(test::image("x"), "sha256:" + std::string(64, 'a')).error().code,
              ErrorCode::invalid_argument);
    EXPECT_EQ(store.tag("a", "").error().code, ErrorCode::invalid_argument);
}

TEST_F(StoreTest, MovingANameDeletesWhatNothingElseNeeds) {
    Store store = open();
    const auto first = test::image("x", "first");
    const auto second = test::image("x", "second");
    ASSERT_TRUE(store.add(first, "r/x:v1"));
    ASSERT_TRUE(store.tag("r/x:v1", "r/x:keep"));
    ASSERT_TRUE(store.add(second, "r/x:v1"));
    EXPECT_TRUE(store.load("r/x:keep"));
    ASSERT_TRUE(store.tag("r/x:v1", "r/x:keep"));
    EXPECT_EQ(names(store), (std::set<std::string>{"r/x:v1", "r/x:keep"}));
    EXPECT_EQ(blobs(), digests(second)) << "shared blobs stay, the others go";
}

TEST_F(StoreTest, RemovingTheLastNameDeletesTheBlobs) {
    Store store = open();
    const auto image = test::image("x");
    const auto other = test::image("y");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    ASSERT_TRUE(store.add(image, "r/x:b"));
    ASSERT_TRUE(store.add(other, "r/y:a"));
    ASSERT_TRUE(store.remove("r/x:a"));
    EXPECT_TRUE(store.load("r/x:b"));
    ASSERT_TRUE(store.remove("r/x:b"));
    EXPECT_EQ(blobs(), digests(other));
    EXPECT_EQ(store.remove("r/x:b").error().code, ErrorCode::not_found);
    ASSERT_TRUE(store.remove(other.root.digest)) << "a digest names all its names";
    EXPECT_TRUE(store.list()->empty());
    EXPECT_TRUE(blobs().empty());
}

TEST_F(StoreTest, SignaturesGoWithTheirImage) {
    Store store = open();
    const auto image = test::image("x");
    const auto other = test::image("y");
    const auto tagged = test::image("signature");
    const auto untagged = referrer(image.root, "sig");
    const auto nested = referrer(untagged.root, "sig of sig");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    ASSERT_TRUE(store.add(other, "r/y:a"));
    ASSERT_TRUE(store.add(tagged, "sha256-" + image.root.digest.substr(7) + ".sig"));
    ASSERT_TRUE(store.add(nested, ""));
    ASSERT_TRUE(store.add(untagged, ""));
    EXPECT_EQ(*store.collect_garbage(std::chrono::seconds(-1)), 0U) << "all of them are needed";
    EXPECT_TRUE(store.load(nested.root.digest));
    ASSERT_TRUE(store.remove("r/x:a"));
    EXPECT_EQ(names(store), std::set<std::string>{"r/y:a"});
    EXPECT_EQ(blobs(), digests(other));
}

TEST_F(StoreTest, GarbageCollectionTakesOnlyOldUnreachedBlobs) {
    Store store = open();
    const auto image = test::image("x");
    const auto unnamed = test::image("unnamed");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    ASSERT_TRUE(store.add(unnamed, ""));
    EXPECT_EQ(*store.collect_garbage(), 0U) << "too young";
    EXPECT_EQ(*store.collect_garbage(std::chrono::seconds(-1)),
              blobs().size() == 0 ? 0U : unnamed.blobs.size() - 2)
        << "the two objects are shared with the other image";
    EXPECT_EQ(blobs(), digests(image));
}

TEST_F(StoreTest, NothingIsDeletedWhileAnImageCannotBeRead) {
    Store store = open();
    const auto image = test::image("x");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    ASSERT_TRUE(store.add(test::image("y"), "r/y:a"));
    fs::remove(blob_file(root_, image.root.digest));
    const auto before = blobs();
    ASSERT_TRUE(store.remove("r/y:a")) << "the name can go all the same";
    EXPECT_FALSE(store.collect_garbage(std::chrono::seconds(-1)));
    EXPECT_EQ(blobs(), before);
    ASSERT_TRUE(store.add(image, "r/x:a")) << "adding again repairs";
    EXPECT_TRUE(store.load("r/x:a"));
}

TEST_F(StoreTest, AddingRepairsADamagedBlob) {
    Store store = open();
    const auto image = test::image("x");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    for (const auto& [digest, content] : image.blobs)
        put(blob_file(root_, digest), std::string(content.size(), '\0'));
    EXPECT_EQ(store.load("r/x:a").error().code, ErrorCode::corrupt_data);
    ASSERT_TRUE(store.add(image, "r/x:a"));
    EXPECT_EQ(store.load("r/x:a")->blobs, image.blobs);
}

TEST_F(StoreTest, AFailedAddChangesNothing) {
    Store store = open();
    ASSERT_TRUE(store.add(test::image("x", "old"), "r/x:a"));
    const auto index = test::slurp(root_ / "index.json");
    auto broken = test::image("x", "new");
    broken.blobs.erase(std::prev(broken.blobs.end()));
    EXPECT_FALSE(store.add(broken, "r/x:a"));
    EXPECT_EQ(test::slurp(root_ / "index.json"), index);
    EXPECT_TRUE(store.load("r/x:a"));
}

TEST_F(StoreTest, ExportAndImportCarryImagesAndSignatures) {
    Store store = open();
    const auto image = test::image("x");
    const auto signature = referrer(image.root, "sig");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    ASSERT_TRUE(store.add(signature, ""));
    ASSERT_TRUE(store.add(test::image("y"), "r/y:a"));
    const auto tar = dir_.path() / "export.tar";
    ASSERT_TRUE(store.export_tar({"r/x:a"}, tar));
    auto second = *Store::open(dir_.path() / "second");
    const auto imported = second.import_layout(tar);
    ASSERT_TRUE(imported) << imported.error().to_string();
    EXPECT_EQ(*imported, std::vector<std::string>{"r/x:a"});
    EXPECT_EQ(second.load("r/x:a")->blobs, image.blobs);
    EXPECT_TRUE(second.load(signature.root.digest));
    EXPECT_EQ(second.resolve("r/y:a").error().code, ErrorCode::not_found);
    EXPECT_EQ(store.export_tar({"nothing"}, tar).error().code, ErrorCode::not_found);
}

TEST_F(StoreTest, ImportOfAnUnnamedImageAsksForAName) {
    const auto tar = dir_.path() / "unnamed.tar";
    ASSERT_TRUE(write_tar(test::image("x"), tar));
    EXPECT_EQ(open().import_layout(tar).error().code, ErrorCode::invalid_argument);
}

TEST_F(StoreTest, DoesNotTakeAForeignFolderOrAStoreWithoutIndex) {
    put(root_ / "thesis.txt", "mine");
    EXPECT_EQ(Store::open(root_).error().code, ErrorCode::corrupt_data);
    fs::remove_all(root_);
    Store store = open();
    ASSERT_TRUE(store.add(test::image("x"), "r/x:a"));
    fs::remove(root_ / "index.json");
    EXPECT_EQ(Store::open(root_).error().code, ErrorCode::corrupt_data)
        << "an empty index would lose all images";
}

TEST_F(StoreTest, ReadsTheStoreOfAnotherToolWithUnnamedManifests) {
    Store store = open();
    const auto image = test::image("x");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    const auto tree = read_tree(MemoryBlobs(image), image.root);
    std::vector<Descriptor> entries = *store.list();
    for (const auto& node : tree->manifests) entries.push_back(node.descriptor);
    put(root_ / "index.json", index_json(entries, {}));
    EXPECT_EQ(store.list()->size(), 1U);
    EXPECT_TRUE(store.load("r/x:a"));
    ASSERT_TRUE(store.remove("r/x:a"));
    EXPECT_TRUE(blobs().empty()) << "unnamed manifests do not hold on to the image";
    EXPECT_TRUE(Layout::open(root_)->entries().empty());
}

TEST_F(StoreTest, WhatIsPinnedStaysReadableAndLocksNobodyOut) {
    Store store = open();
    const auto image = test::image("x");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    ASSERT_TRUE(store.add(test::image("y"), "r/y:a"));
    const auto pinned = [&] {
        const auto reader = store.read();
        return reader->layout().pin({*reader->layout().find("r/x:a")});
    }();
    ASSERT_TRUE(pinned) << pinned.error().to_string();
    ASSERT_TRUE(store.remove("r/x:a"));
    EXPECT_FALSE(blobs().contains(image.root.digest));
    const auto found = pinned->find("r/x:a");
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(load_image(*pinned, *found)->blobs, image.blobs);
    EXPECT_EQ(pinned->find("r/y:a").error().code, ErrorCode::not_found);
}

TEST_F(StoreTest, AWishToStopLeavesEverythingAsItWas) {
    ASSERT_TRUE(open().add(test::image("x", "old"), "r/x:a"));
    const auto index = test::slurp(root_ / "index.json");
    const auto before = blobs();
    ASSERT_TRUE(write_tar(test::image("x", "new"), dir_.path() / "x.tar", "r/x:a"));
    const UniqueFd event(::eventfd(1, EFD_CLOEXEC));
    auto store = *Store::open(root_, {.fd = event.get()});
    EXPECT_EQ(store.import_layout(dir_.path() / "x.tar").error().code, ErrorCode::cancelled);
    EXPECT_EQ(store.prefetch(MemoryBlobs(test::image("z", "z")), test::image("z", "z").root).error().code,
              ErrorCode::cancelled);
    EXPECT_EQ(store.export_tar({"r/x:a"}, dir_.path() / "out.tar").error().code, ErrorCode::cancelled);
    EXPECT_EQ(test::slurp(root_ / "index.json"), index);
    EXPECT_EQ(blobs(), before);
    for (const auto& folder : {root_, dir_.path()}) {
        for (const auto& file : fs::directory_iterator(folder)) {
            const std::string name = file.path().filename().string();
            EXPECT_FALSE(name.starts_with(".gadget-tmp-") || name == "out.tar") << name;
        }
    }
    // Neither is a lock waited for.
    const UniqueFd lock(::open((root_ / "index.json.lock").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    EXPECT_EQ(store.remove("r/x:a").error().code, ErrorCode::cancelled);
    EXPECT_EQ(store.read().error().code, ErrorCode::cancelled);
}

// ---- several processes ----

/// Runs `body` in a child; its value is the exit status.
template <class Body>
pid_t in_child(const Body& body) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(body() ? 0 : 1);
    return pid;
}

int wait_for(pid_t pid) {
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
}

TEST_F(StoreTest, AStoreOfAnotherUserIsReadAndNotWritten) {
    const auto image = test::image("x");
    ASSERT_TRUE(open().add(image, "r/x:a"));
    fs::permissions(dir_.path(), fs::perms(0755));
    fs::permissions(dir_.path() / "a", fs::perms(0755));
    fs::permissions(root_, fs::perms(0555));
    fs::permissions(root_ / "index.json.lock", fs::perms(0444));
    const pid_t child = in_child([&] {
        constexpr unsigned kNobody = 65534;
        if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return false;
        auto store = Store::open(root_);
        if (!store) return false;
        const auto loaded = store->load("r/x:a");
        const auto added = store->add(test::image("y"), "r/y:a");
        return loaded && loaded->blobs == image.blobs && !added &&
               added.error().code == ErrorCode::permission_denied;
    });
    EXPECT_EQ(wait_for(child), 0);
    fs::permissions(root_, fs::perms(0700));
}

TEST_F(StoreTest, ConcurrentWritersLoseNothing) {
    constexpr int kWriters = 3;
    constexpr int kImages = 12;
    std::vector<pid_t> children;
    for (int writer = 0; writer < kWriters; ++writer) {
        children.push_back(in_child([&] {
            auto store = Store::open(root_);
            for (int i = 0; store && i < kImages; ++i) {
                const std::string name = "r/w" + std::to_string(writer) + ":" + std::to_string(i);
                if (!store->add(test::image(name, name), name)) return false;
                if (i % 3 == 2 && !store->remove(name)) return false;
            }
            return store.has_value();
        }));
    }
    for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
    const Store store = open();
    const auto entries = store.list();
    EXPECT_EQ(entries->size(), static_cast<std::size_t>(kWriters * kImages / 3 * 2));
    std::set<std::string> expected;
    for (const auto& entry : *entries) {
        const auto image = store.load(ref_name(entry));
        ASSERT_TRUE(image) << image.error().to_string();
        expected.merge(digests(*image));
    }
    EXPECT_EQ(blobs(), expected) << "no blob is missing, none is left over";
}

/// What a child that changes the store does until it is killed; each finished step is noted in `progress`.
bool churn(const fs::path& root, int progress) {
    auto store = Store::open(root);
    if (!store) return false;
    for (unsigned i = 0;; ++i) {
        const std::string content = "round " + std::to_string(i);
        if (!store->add(test::image("x", content), "r/moving:a")) return false;
        if (!store->tag("r/moving:a", "r/tagged:a")) return false;
        if (!store->add(test::image("y", content), "r/gone:a")) return false;
        if (!store->remove("r/gone:a")) return false;
        if (::write(progress, "x", 1) != 1) return false;
    }
}

TEST_F(StoreTest, AKilledWriterLosesNoNameAndLeavesNoHalfImage) {
    constexpr int kKills = 40;
    Store store = open();
    const auto kept = test::image("kept", "kept");
    ASSERT_TRUE(store.add(kept, "r/kept:a"));
    ASSERT_TRUE(store.add(test::image("x", "start"), "r/moving:a"));
    ASSERT_TRUE(store.tag("r/moving:a", "r/tagged:a"));
    std::chrono::steady_clock::duration round{};
    for (int kill = 0; kill < kKills; ++kill) {
        int pipe_fds[2];
        ASSERT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
        const UniqueFd reading(pipe_fds[0]);
        UniqueFd writing(pipe_fds[1]);
        const pid_t child = in_child([&] { return churn(root_, writing.get()); });
        writing.reset();
        char byte = 0;
        const auto now = [] { return std::chrono::steady_clock::now(); };
        ASSERT_EQ(::read(reading.get(), &byte, 1), 1) << "the writer works";
        if (kill == 0) {
            const auto start = now();
            ASSERT_EQ(::read(reading.get(), &byte, 1), 1);
            round = now() - start;
        }
        // Strike at another point of a round each time.
        const auto strike = now() + round * (kill * 37 % 100) / 100;
        while (now() < strike) {
        }
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        const int status = wait_for(child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";

        auto after = Store::open(root_);
        ASSERT_TRUE(after) << after.error().to_string();
        const auto present = names(*after);
        for (const char* name : {"r/kept:a", "r/moving:a", "r/tagged:a"})
            EXPECT_TRUE(present.contains(name)) << name;
        for (const auto& name : present) {
            const auto image = after->load(name);
            ASSERT_TRUE(image) << name << ": " << image.error().to_string();
        }
    }
    // The next change cleans up.
    if (names(store).contains("r/gone:a")) {
        ASSERT_TRUE(store.remove("r/gone:a"));
    }
    ASSERT_TRUE(store.collect_garbage(std::chrono::seconds(-1)));
    for (const auto& file : fs::directory_iterator(root_)) {
        EXPECT_FALSE(file.path().filename().string().starts_with(".gadget-tmp-")) << file.path();
    }
    std::set<std::string> expected;
    for (const auto& name : names(store)) expected.merge(digests(*store.load(name)));
    EXPECT_EQ(blobs(), expected);
    EXPECT_EQ(store.load("r/kept:a")->blobs, kept.blobs);
}

}  // namespace
}  // namespace gadget::packager
