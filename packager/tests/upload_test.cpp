// SPDX-License-Identifier: Apache-2.0
// Uploads in pieces, links between repositories, waiting: what goes wrong on the way to a registry.
#include <gtest/gtest.h>

#include "fake_registry.h"
#include "gadget/packager/registry.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

using namespace std::chrono_literals;
using test::FakeRegistry;

class UploadTest : public ::testing::Test {
  protected:
    RegistryOptions options() {
        RegistryOptions options;
        options.idle_timeout = 20s;
        options.chunk_size = 65536;
        options.pause = [this](std::chrono::milliseconds time) -> Result<void> {
            const std::lock_guard lock(mutex_);
            pauses_.push_back(time);
            return {};
        };
        return options;
    }

    Result<void> push(const std::string& mount_from = {}) {
        Registry registry(fake_.host(), options());
        return registry.push(MemoryBlobs(image_), image_.root, "x", "v1", mount_from);
    }

    void expect_pushed(const Result<void>& pushed) {
        ASSERT_TRUE(pushed) << pushed.error().to_string();
        for (const auto& [digest, content] : image_.blobs) {
            if (fake_.manifests.contains(digest)) continue;
            ASSERT_TRUE(fake_.blobs.contains(digest)) << digest;
            EXPECT_EQ(fake_.blobs.at(digest), as_text(content));
        }
        EXPECT_TRUE(fake_.manifests.contains("v1"));
    }

    FakeRegistry fake_;
    std::mutex mutex_;
    std::vector<std::chrono::milliseconds> pauses_;
    Image image_ = test::image("x", std::string(300000, 'o'));
};

TEST_F(UploadTest, LargeBlobsGoInPieces) {
    expect_pushed(push());
    EXPECT_GE(fake_.count("PATCH", "/blobs/uploads/"), 5U);
    for (const auto& request : fake_.requests()) {
        if (request.method != "PATCH") continue;
        EXPECT_LE(request.body.size(), 65536U);
    }
    EXPECT_TRUE(fake_.uploads.empty());
}

TEST_F(UploadTest, PiecesAreNotSmallerThanTheRegistryWants) {
    fake_.faults.least_piece = 100000;
    expect_pushed(push());
    std::size_t full = 0;
    for (const auto& request : fake_.requests()) {
        if (request.method == "PATCH" && request.body.size() == 100000) ++full;
    }
    EXPECT_GE(full, 3U);
}

TEST_F(UploadTest, ABrokenPieceGoesOnWhereItBroke) {
    fake_.faults.cut_pieces = 3;
    expect_pushed(push());
    EXPECT_EQ(fake_.count("POST", "/blobs/uploads/"), 3U) << "no upload began anew";
    EXPECT_GE(fake_.count("GET", "/blobs/uploads/"), 3U) << "the registry was asked how far it is";
}

TEST_F(UploadTest, APieceAtTheWrongPlaceIsPutRight) {
    fake_.faults.misplaced_pieces = 2;
    fake_.faults.query_location = true;
    fake_.faults.relative_location = true;
    expect_pushed(push());
    EXPECT_EQ(fake_.count("POST", "/blobs/uploads/"), 3U);
}

TEST_F(UploadTest, ALostUploadBeginsAnew) {
    fake_.faults.cut_pieces = 1;
    fake_.faults.lose_uploads = true;
    expect_pushed(push());
    EXPECT_EQ(fake_.count("POST", "/blobs/uploads/"), 4U);
    EXPECT_EQ(fake_.count("DELETE", "/blobs/uploads/"), 1U) << "what was begun is given up";
}

TEST_F(UploadTest, RegistriesWithoutPiecesGetTheWholeBlob) {
    fake_.faults.refuse_pieces = true;
    expect_pushed(push());
    EXPECT_TRUE(fake_.uploads.empty());
}

TEST_F(UploadTest, BlobsOfAnotherRepositoryAreLinkedNotSent) {
    expect_pushed(push());
    const auto known = fake_.blobs;
    const auto before = fake_.count("PATCH", "/blobs/uploads/");
    fake_.faults.mounts = true;
    // The fake has one set of blobs for all repositories: hide them from HEAD.
    fake_.faults.hide_blobs = true;
    expect_pushed(push("other/y"));
    EXPECT_EQ(fake_.count("PATCH", "/blobs/uploads/"), before);
    EXPECT_GE(fake_.count("POST", "from=other%2Fy"), 3U);
    EXPECT_EQ(fake_.blobs, known);
}

TEST_F(UploadTest, WhereNothingIsLinkedTheUploadGoesOn) {
    expect_pushed(push("other/y"));
    EXPECT_GE(fake_.count("POST", "mount=sha256"), 3U);
    EXPECT_EQ(fake_.count("POST", "/blobs/uploads/"), 3U) << "the answer 202 has begun an upload";
}

TEST_F(UploadTest, AForbiddenLinkIsNoFailure) {
    fake_.faults.forbid_mounts = true;
    expect_pushed(push("other/y"));
}

TEST_F(UploadTest, PausesGrowAndObeyTheRegistry) {
    fake_.faults.unavailable = 3;
    expect_pushed(push());
    ASSERT_GE(pauses_.size(), 3U);
    EXPECT_LT(pauses_[0], pauses_[1]);
    EXPECT_LT(pauses_[1], pauses_[2]);
    pauses_.clear();
    fake_.manifests.clear();
    fake_.faults.busy_until_date = 1;
    expect_pushed(push());
    ASSERT_EQ(pauses_.size(), 1U);
    EXPECT_EQ(pauses_[0], 60s) << "a date far away is not waited for";
}

TEST_F(UploadTest, ShortTokensAreFetchedAgain) {
    fake_.faults = {.bearer = true, .short_tokens = true};
    RegistryOptions known = options();
    known.credentials = [](const std::string&) {
        return std::optional(Credentials{.username = "me", .password = "secret"});
    };
    Registry registry(fake_.host(), known);
    expect_pushed(registry.push(MemoryBlobs(image_), image_.root, "x", "v1"));
    EXPECT_GE(fake_.count("GET", "/token"), 5U);
}

}  // namespace
}  // namespace gadget::packager
