// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/registry.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <thread>

#include "fake_registry.h"
#include "gadget/packager/signing.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

using namespace std::chrono_literals;
using test::FakeRegistry;

class RegistryTest : public ::testing::Test {
  protected:
    RegistryOptions options() {
        RegistryOptions options;
        options.first_pause = 1ms;
        options.idle_timeout = 20s;
        options.warning = [this](const std::string& text) { warnings_.push_back(text); };
        return options;
    }

    RegistryOptions with_account() {
        RegistryOptions known = options();
        known.credentials = [](const std::string&) {
            return std::optional(Credentials{.username = "me", .password = "secret"});
        };
        return known;
    }

    Registry client() { return {fake_.host(), options()}; }

    [[nodiscard]] Reference reference(const std::string& tag = "v1") const {
        return {.registry = fake_.host(), .repository = "x", .tag = tag, .digest = {}};
    }

    Result<void> push(Registry& registry, const std::string& tag = "v1") {
        return registry.push(MemoryBlobs(image_), image_.root, "x", tag);
    }

    void push_directly() {
        Registry registry = client();
        const auto pushed = push(registry);
        ASSERT_TRUE(pushed) << pushed.error().to_string();
    }

    Result<Descriptor> pull_into_store(Registry& registry) { return pull(registry, reference(), store_); }

    void expect_in_store() {
        const auto loaded = store_.load(reference().to_string());
        ASSERT_TRUE(loaded) << loaded.error().to_string();
        EXPECT_EQ(loaded->blobs, image_.blobs);
    }

    FakeRegistry fake_;
    std::vector<std::string> warnings_;
    TempDir dir_ = *TempDir::create("registry-test");
    Store store_ = *Store::open(dir_.path() / "store");
    Image image_ = test::image("x", std::string(300000, 'o'));
};

TEST_F(RegistryTest, WhatIsPushedIsPulledAgain) {
    Registry registry = client();
    const auto pushed = push(registry);
    ASSERT_TRUE(pushed) << pushed.error().to_string();
    EXPECT_EQ(fake_.manifests.at("v1").second, as_text(image_.blobs.at(image_.root.digest)));
    const auto root = pull_into_store(registry);
    ASSERT_TRUE(root) << root.error().to_string();
    EXPECT_EQ(root->digest, image_.root.digest);
    EXPECT_EQ(root->media_type, media_type::kIndex);
    expect_in_store();
}

TEST_F(RegistryTest, PushSendsOnlyWhatIsMissing) {
    Registry registry = client();
    ASSERT_TRUE(push(registry));
    const auto uploads = fake_.count("PUT", "/blobs/uploads/");
    EXPECT_EQ(uploads, 3U) << "config and two objects";
    ASSERT_TRUE(push(registry, "v2"));
    EXPECT_EQ(fake_.count("PUT", "/blobs/uploads/"), uploads);
    EXPECT_EQ(*registry.tags("x"), (std::vector<std::string>{"v1", "v2"}));
    const auto tagged = fake_.count("PUT", "/manifests/v1");
    ASSERT_TRUE(push(registry));
    EXPECT_EQ(fake_.count("PUT", "/manifests/v1"), tagged) << "a tag in place is not moved";
}

TEST_F(RegistryTest, ManifestsComeAfterTheirBlobsAndBeforeTheIndex) {
    push_directly();
    std::size_t last_blob = 0;
    std::size_t first_manifest = 0;
    std::size_t last_manifest = 0;
    std::size_t index = 0;
    const auto requests = fake_.requests();
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto& [method, target, headers, body] = requests[i];
        if (method != "PUT") continue;
        if (target.find("/blobs/") != std::string::npos) {
            last_blob = i;
        } else if (target.ends_with("/manifests/v1")) {
            index = i;
        } else {
            if (first_manifest == 0) first_manifest = i;
            last_manifest = i;
        }
    }
    EXPECT_LT(last_blob, first_manifest);
    EXPECT_LT(last_manifest, index);
}

TEST_F(RegistryTest, PullFetchesOnlyWhatIsMissing) {
    push_directly();
    Registry registry = client();
    ASSERT_TRUE(pull_into_store(registry));
    const auto fetched = fake_.count("GET", "/blobs/");
    ASSERT_TRUE(pull_into_store(registry));
    EXPECT_EQ(fake_.count("GET", "/blobs/"), fetched);
}

TEST_F(RegistryTest, LocationsMayBeRelativeAndHaveAQuery) {
    fake_.faults.relative_location = true;
    fake_.faults.query_location = true;
    push_directly();
}

TEST_F(RegistryTest, ChunkedAnswersAreRead) {
    push_directly();
    fake_.faults.chunked = true;
    Registry registry = client();
    const auto root = pull_into_store(registry);
    ASSERT_TRUE(root) << root.error().to_string();
    expect_in_store();
}

TEST_F(RegistryTest, BrokenDownloadsAreResumedWhereTheyBroke) {
    push_directly();
    fake_.faults.cut_blobs = 4;
    Registry registry = client();
    const auto root = pull_into_store(registry);
    ASSERT_TRUE(root) << root.error().to_string();
    expect_in_store();
    std::size_t ranges = 0;
    for (const auto& request : fake_.requests()) ranges += request.headers.contains("range") ? 1 : 0;
    EXPECT_GT(ranges, 0U);
}

TEST_F(RegistryTest, ResumesWhereRangesAreIgnored) {
    push_directly();
    fake_.faults.cut_blobs = 2;
    fake_.faults.ignore_range = true;
    Registry registry = client();
    const auto root = pull_into_store(registry);
    ASSERT_TRUE(root) << root.error().to_string();
    expect_in_store();
}

TEST_F(RegistryTest, BrokenUploadsBeginAnew) {
    fake_.faults.cut_uploads = 2;
    push_directly();
    EXPECT_EQ(fake_.blobs.size(), 3U);
}

TEST_F(RegistryTest, BusyRegistriesAreAskedAgain) {
    fake_.faults.unavailable = 2;
    push_directly();
    fake_.faults.too_many = 3;
    Registry registry = client();
    EXPECT_TRUE(pull_into_store(registry));
    fake_.faults.unavailable = 100;
    const auto failed = registry.tags("x");
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("UNAVAILABLE: no such luck"), std::string::npos)
        << failed.error().message;
}

TEST_F(RegistryTest, WrongContentIsRefusedAndLeavesTheStoreAlone) {
    push_directly();
    Registry registry = client();
    fake_.faults.wrong_blob = true;
    EXPECT_EQ(pull_into_store(registry).error().code, ErrorCode::corrupt_data);
    fake_.faults = {.long_blob = true};
    EXPECT_EQ(pull_into_store(registry).error().code, ErrorCode::corrupt_data);
    EXPECT_TRUE(store_.list()->empty());
    fake_.faults = {};
    EXPECT_TRUE(pull_into_store(registry)) << "the connection survived";
}

TEST_F(RegistryTest, ManifestsByDigestAreHashed) {
    push_directly();
    fake_.faults.wrong_manifest = true;
    Registry registry = client();
    EXPECT_EQ(registry.resolve("x", image_.root.digest).error().code, ErrorCode::corrupt_data);
    const auto by_tag = registry.resolve("x", "v1");
    ASSERT_TRUE(by_tag);
    EXPECT_NE(by_tag->digest, image_.root.digest) << "by tag, what came is what it is";
}

TEST_F(RegistryTest, AManifestMustBeWhatItsHeaderSays) {
    push_directly();
    fake_.manifests.at("v1").first = std::string(media_type::kManifest);
    Registry registry = client();
    EXPECT_EQ(registry.resolve("x", "v1").error().code, ErrorCode::corrupt_data);
}

TEST_F(RegistryTest, ARegistryThatStoresSomethingElseIsNoticed) {
    fake_.faults.lying_digest = true;
    Registry registry = client();
    EXPECT_EQ(push(registry).error().code, ErrorCode::corrupt_data);
}

TEST_F(RegistryTest, BasicAndBearerAccountsAreUsed) {
    for (const bool bearer : {false, true}) {
        fake_.faults = {.basic = !bearer, .bearer = bearer};
        Registry stranger = client();
        const auto refused = push(stranger);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
        Registry registry(fake_.host(), with_account());
        const auto pushed = push(registry);
        ASSERT_TRUE(pushed) << pushed.error().to_string();
        EXPECT_TRUE(pull_into_store(registry));
        EXPECT_TRUE(registry.login());
    }
    const auto requests = fake_.requests();
    const auto token = std::find_if(requests.begin(), requests.end(),
                                    [](const auto& r) { return r.target.starts_with("/token?x=1&"); });
    ASSERT_NE(token, requests.end());
    bool asked = false;
    for (const auto& request : requests) {
        asked = asked ||
                request.target == "/token?x=1&service=the%2C%20service&scope=repository%3Ax%3Apull%2Cpush";
    }
    EXPECT_TRUE(asked);
}

TEST_F(RegistryTest, ATokenThatAllowsNothingEndsInWordsNotInALoop) {
    fake_.faults = {.bearer = true, .deny_token = true};
    Registry registry(fake_.host(), with_account());
    const auto pushed = push(registry);
    ASSERT_FALSE(pushed);
    EXPECT_EQ(pushed.error().code, ErrorCode::permission_denied);
    EXPECT_LE(fake_.requests().size(), 5U);
}

TEST_F(RegistryTest, InsecureRegistriesGetNoCredentials) {
    fake_.faults.basic = true;
    RegistryOptions insecure = with_account();
    insecure.insecure = true;
    Registry registry(fake_.host(), insecure);
    EXPECT_FALSE(push(registry));
    for (const auto& request : fake_.requests()) EXPECT_FALSE(request.headers.contains("authorization"));
}

TEST_F(RegistryTest, CredentialsDoNotFollowARedirectToAnotherHost) {
    FakeRegistry storage;
    fake_.faults.basic = true;
    Registry registry(fake_.host(), with_account());
    ASSERT_TRUE(push(registry));
    storage.blobs = fake_.blobs;
    fake_.faults.blobs_elsewhere = "http://" + storage.host();
    const auto root = pull_into_store(registry);
    ASSERT_TRUE(root) << root.error().to_string();
    EXPECT_EQ(storage.count("GET", "/blobs/"), 3U);
    for (const auto& request : storage.requests()) EXPECT_FALSE(request.headers.contains("authorization"));
}

TEST_F(RegistryTest, CredentialsDoNotFollowAnUploadToAnotherHost) {
    FakeRegistry storage;
    fake_.faults.basic = true;
    fake_.faults.uploads_elsewhere = "http://" + storage.host();
    Registry registry(fake_.host(), with_account());
    (void)push(registry);  // the other host knows of no upload
    EXPECT_GT(storage.count("PUT", "/blobs/uploads/"), 0U);
    for (const auto& request : storage.requests()) EXPECT_FALSE(request.headers.contains("authorization"));
}

TEST_F(RegistryTest, ATruncatedManifestIsAskedForAgain) {
    push_directly();
    fake_.faults.cut_manifests = 2;
    Registry registry = client();
    const auto root = pull_into_store(registry);
    ASSERT_TRUE(root) << root.error().to_string();
    expect_in_store();
}

TEST_F(RegistryTest, EndlessRedirectsEnd) {
    push_directly();
    fake_.faults.blobs_elsewhere = "http://" + fake_.host();
    Registry registry = client();
    EXPECT_EQ(pull_into_store(registry).error().code, ErrorCode::io);
}

TEST_F(RegistryTest, ErrorsOfOtherFormsDoNotConfuse) {
    fake_.faults.html_errors = true;
    Registry registry = client();
    const auto missing = registry.resolve("x", "v1");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    EXPECT_NE(missing.error().message.find("status 404"), std::string::npos) << missing.error().message;
}

TEST_F(RegistryTest, AWarningIsToldOnce) {
    fake_.faults.warn = true;
    Registry registry = client();
    ASSERT_TRUE(push(registry));
    EXPECT_EQ(warnings_, std::vector<std::string>{"this registry is old"});
}

TEST_F(RegistryTest, TagsComeInPages) {
    Registry registry = client();
    for (const char* tag : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(push(registry, tag));
    fake_.faults.page = 2;
    EXPECT_EQ(*registry.tags("x"), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST_F(RegistryTest, DeletionIsReportedOrRefusedInWords) {
    push_directly();
    Registry registry = client();
    EXPECT_TRUE(registry.remove("x", "v1"));
    EXPECT_EQ(registry.remove("x", "v1").error().code, ErrorCode::not_found);
    fake_.faults.no_delete = true;
    EXPECT_EQ(registry.remove("x", image_.root.digest).error().code, ErrorCode::unsupported);
}

TEST_F(RegistryTest, SignaturesAreFoundByApiAndByFallbackTag) {
    const auto key = PrivateKey::generate();
    for (const bool fallback : {false, true}) {
        FakeRegistry fake;
        fake.faults.no_referrers = fallback;
        Registry registry(fake.host(), options());
        ASSERT_TRUE(registry.push(MemoryBlobs(image_), image_.root, "x", "v1"));
        const auto signature = sign_image(image_.root, "r/x", *key, SignatureForm::referrer);
        EXPECT_TRUE(registry.referrers("x", image_.root.digest)->empty());
        ASSERT_TRUE(registry.push(MemoryBlobs(*signature), signature->root, "x", ""));
        ASSERT_TRUE(registry.push(MemoryBlobs(*signature), signature->root, "x", "")) << "twice is once";
        const auto found = registry.referrers("x", image_.root.digest, signature->root.artifact_type);
        ASSERT_TRUE(found) << found.error().to_string();
        ASSERT_EQ(found->size(), 1U);
        EXPECT_EQ(found->at(0).digest, signature->root.digest);
        EXPECT_TRUE(registry.referrers("x", image_.root.digest, "other/type")->empty());
        EXPECT_EQ(fake.manifests.contains(referrers_tag(image_.root.digest)), fallback);
        std::vector<PublicKey> keys;
        keys.push_back(*PublicKey::from_pem(*key->public_pem()));
        EXPECT_TRUE(verify_signature(*registry.blobs("x"), found->at(0), image_.root.digest, keys));
    }
}

TEST_F(RegistryTest, ReferrersComeInPages) {
    Registry registry = client();
    ASSERT_TRUE(push(registry));
    const auto key = PrivateKey::generate();
    for (const char* repository : {"r/x", "r/y", "r/z"}) {
        const auto signature = sign_image(image_.root, repository, *key, SignatureForm::referrer);
        ASSERT_TRUE(registry.push(MemoryBlobs(*signature), signature->root, "x", ""));
    }
    fake_.faults.page = 1;
    const auto found = registry.referrers("x", image_.root.digest);
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->size(), 3U);
    EXPECT_GE(fake_.count("GET", "/referrers/"), 3U);
}

TEST_F(RegistryTest, ACancelledTransferStops) {
    int fds[2];
    ASSERT_EQ(::pipe(fds), 0);
    const UniqueFd reading(fds[0]);
    const UniqueFd writing(fds[1]);
    ASSERT_EQ(::write(writing.get(), "x", 1), 1);
    RegistryOptions stopped = options();
    stopped.cancel = {.fd = reading.get()};
    Registry registry(fake_.host(), stopped);
    EXPECT_EQ(registry.tags("x").error().code, ErrorCode::cancelled);
}

TEST_F(RegistryTest, WhatIsCancelledHalfWayLeavesNothing) {
    push_directly();
    const auto manifests = fake_.manifests;
    for (const char* method : {"GET", "PATCH"}) {
        const bool pulls = std::string_view(method) == "GET";
        fake_.faults.stall = method;
        const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
        RegistryOptions stoppable = options();
        stoppable.cancel = {.fd = event.get()};
        stoppable.chunk_size = 65536;
        Registry registry(fake_.host(), stoppable);
        const Image other = test::image("other", std::string(300000, 'p'));
        Result<void> done;
        std::thread worker([&] {
            if (pulls) {
                const auto pulled = pull_into_store(registry);
                if (!pulled) done = pulled.error();
            } else {
                done = registry.push(MemoryBlobs(other), other.root, "x", "v2");
            }
        });
        fake_.stalled.acquire();
        ASSERT_EQ(::eventfd_write(event.get(), 1), 0);
        worker.join();
        ASSERT_FALSE(done) << method;
        EXPECT_EQ(done.error().code, ErrorCode::cancelled) << done.error().to_string();
    }
    EXPECT_EQ(fake_.manifests, manifests) << "no manifest before its blobs";
    EXPECT_TRUE(store_.list()->empty());
    for (const auto& file : std::filesystem::directory_iterator(store_.root())) {
        const std::string name = file.path().filename().string();
        EXPECT_FALSE(name.starts_with(".gadget-fetch-")) << name;
    }
}

TEST_F(RegistryTest, AnAbsentHostIsAnErrorNotAWait) {
    std::string host;
    {
        const FakeRegistry gone;
        host = gone.host();
    }
    RegistryOptions once = options();
    once.attempts = 2;
    Registry registry(host, once);
    EXPECT_EQ(registry.tags("x").error().code, ErrorCode::io);
}

}  // namespace
}  // namespace gadget::packager
