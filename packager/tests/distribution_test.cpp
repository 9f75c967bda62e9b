// SPDX-License-Identifier: Apache-2.0
// What the OCI distribution specification asks of a client, request by request, where no other test says it.
#include <gtest/gtest.h>

#include <algorithm>

#include "digest.h"
#include "fake_registry.h"
#include "gadget/packager/registry.h"
#include "gadget/packager/signing.h"
#include "go_json.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

using namespace std::chrono_literals;
using test::FakeRegistry;
using test::SeenRequest;

class Distribution : public ::testing::Test {
  protected:
    RegistryOptions options() {
        RegistryOptions options;
        options.first_pause = 1ms;
        options.idle_timeout = 20s;
        options.chunk_size = 65536;
        options.warning = [this](const std::string& text) { warnings_.push_back(text); };
        return options;
    }

    Result<void> push(const Image& image, const std::string& tag = "v1") {
        Registry registry(fake_.host(), options());
        return registry.push(MemoryBlobs(image), image.root, "x", tag);
    }

    void expect_pushed(const Image& image) {
        const auto pushed = push(image);
        ASSERT_TRUE(pushed) << pushed.error().to_string();
    }

    std::vector<SeenRequest> seen(const std::string& method, const std::string& part) {
        auto requests = fake_.requests();
        std::erase_if(requests, [&](const SeenRequest& request) {
            return request.method != method || request.target.find(part) == std::string::npos;
        });
        return requests;
    }

    static Descriptor add(Image& image, std::string_view type, const std::string& text) {
        Descriptor descriptor{
            .media_type = std::string(type), .digest = sha256_digest(as_bytes(text)), .size = text.size()};
        image.blobs.emplace(descriptor.digest, test::bytes(text));
        return descriptor;
    }

    /// An image that no tool of ours writes: unknown types and members, spaces, keys in another order.
    static Image foreign() {
        Image image;
        const auto config = add(image, "application/vnd.example.config", "not { JSON");
        const auto layer = add(image, "application/vnd.example.layer+strange", "layer");
        const auto text = [](const Descriptor& descriptor) {
            return R"({ "size": )" + std::to_string(descriptor.size) +
                   R"(, "extra": [1, {"a": null}], "digest": ")" + descriptor.digest +
                   R"(", "mediaType": ")" + descriptor.media_type + "\" }";
        };
        const auto manifest = add(image, media_type::kManifest,
                                  "{\n  \"layers\": [" + text(layer) + "],\n  \"config\": " + text(config) +
                                      ",\n  \"unknown\": \"\\u00e9\",\n  \"schemaVersion\": 2\n}\n");
        image.root = add(image, media_type::kIndex,
                         "{\"manifests\": [" + text(manifest) + "],\t\"schemaVersion\": 2}\n");
        return image;
    }

    FakeRegistry fake_;
    std::vector<std::string> warnings_;
    TempDir dir_ = *TempDir::create("distribution-test");
};

TEST_F(Distribution, RequestsHaveTheHeadersTheyMustHave) {
    fake_.faults.no_referrers = true;
    const auto image = test::image("x", std::string(200000, 'o'));
    expect_pushed(image);
    const auto manifests = seen("PUT", "/manifests/");
    ASSERT_EQ(manifests.size(), 3U);
    for (const auto& request : manifests) {
        const bool is_root = request.target.ends_with("/v1");
        EXPECT_EQ(request.headers.at("content-type"), is_root ? media_type::kIndex : media_type::kManifest);
    }
    for (const auto& request : seen("POST", "/blobs/uploads/"))
        EXPECT_EQ(request.headers.at("content-length"), "0");
    const auto pieces = seen("PATCH", "/blobs/uploads/");
    ASSERT_FALSE(pieces.empty());
    EXPECT_TRUE(std::any_of(pieces.begin(), pieces.end(), [](const auto& piece) {
        return piece.headers.at("content-range") == "0-65535";
    }));
    for (const auto& piece : pieces) EXPECT_EQ(piece.headers.at("content-type"), "application/octet-stream");
    for (const auto& request : seen("PUT", "/blobs/uploads/"))
        EXPECT_NE(request.target.find("digest=sha256%3A"), std::string::npos) << request.target;
    Registry registry(fake_.host(), options());
    ASSERT_TRUE(registry.resolve("x", "v1"));
    const auto accept = seen("GET", "/manifests/v1").at(0).headers.at("accept");
    for (const auto type :
         {media_type::kIndex, media_type::kManifest, media_type::kDockerIndex, media_type::kDockerManifest})
        EXPECT_NE(accept.find(type), std::string::npos) << accept;
}

TEST_F(Distribution, ForeignImagesAreCopiedByteForByte) {
    const auto image = foreign();
    expect_pushed(image);
    Registry registry(fake_.host(), options());
    auto store = *Store::open(dir_.path() / "store");
    const Reference name{.registry = fake_.host(), .repository = "x", .tag = "v1", .digest = {}};
    const auto pulled = pull(registry, name, store);
    ASSERT_TRUE(pulled) << pulled.error().to_string();
    const auto tar = dir_.path() / "x.tar";
    ASSERT_TRUE(store.export_tar({name.to_string()}, tar));
    auto second = *Store::open(dir_.path() / "second");
    ASSERT_TRUE(second.import_layout(tar));
    EXPECT_EQ(second.load(name.to_string())->blobs, image.blobs);
    EXPECT_EQ(fake_.manifests.at("v1").second, as_text(image.blobs.at(image.root.digest)));
}

TEST_F(Distribution, TheNewestLocationOfAnUploadIsUsed) {
    fake_.faults.moving_location = true;
    const auto image = test::image("x", std::string(300000, 'o'));
    expect_pushed(image);
    EXPECT_EQ(fake_.count("POST", "/blobs/uploads/"), 3U) << "no upload began anew";
}

TEST_F(Distribution, MinimumsBeyondReasonMeanTheWholeBlob) {
    fake_.faults.least_piece = 1U << 30U;
    expect_pushed(test::image("x", std::string(300000, 'o')));
    EXPECT_EQ(fake_.count("PATCH", ""), 0U);
}

TEST_F(Distribution, OtherDigestAlgorithmsAreNamedToTheRegistry) {
    Image image;
    const std::string text = "content";
    auto hasher = *Hasher::create("sha512");
    hasher.update(as_bytes(text));
    Descriptor layer{.media_type = "a/b", .digest = hasher.finish(), .size = text.size()};
    image.blobs.emplace(layer.digest, test::bytes(text));
    ManifestBody body{.artifact_type = "a/b",
                      .config = add(image, media_type::kEmpty, "{}"),
                      .layers = {layer},
                      .annotations = {}};
    image.root = add(image, media_type::kManifest, manifest_json(body));
    (void)push(image);  // the fake knows sha256 alone
    EXPECT_FALSE(seen("POST", "digest-algorithm=sha512").empty());
}

TEST_F(Distribution, AManifestBeyondTheLimitIsRefused) {
    fake_.manifests["v1"] = {std::string(media_type::kManifest), std::string((4 << 20) + 1, ' ')};
    Registry registry(fake_.host(), options());
    EXPECT_EQ(registry.resolve("x", "v1").error().code, ErrorCode::rejected_input);
}

TEST_F(Distribution, LongWarningsAreCut) {
    fake_.faults.warn = true;
    fake_.faults.warning = std::string(10000, 'w');
    expect_pushed(test::image("x"));
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_EQ(warnings_[0].size(), 4096U);
}

TEST_F(Distribution, WarningsOfAnyConnectionAreTold) {
    // Only one of the blobs' requests is warned about, whichever connection it takes.
    fake_.faults.warn_once_for = "PATCH";
    expect_pushed(test::image("x", std::string(300000, 'o')));
    EXPECT_EQ(warnings_.size(), 1U);
}

class FallbackTag : public Distribution {
  protected:
    FallbackTag() {
        fake_.faults.no_referrers = true;
        expect_pushed(image_);
    }
    /// A referrer of the image; its artifact type is its config's when it has none itself.
    Image referrer(const std::string& artifact_type) {
        Image made;
        ManifestBody body{.artifact_type = artifact_type,
                          .config = add(made, "application/vnd.example.config", "{}"),
                          .layers = {add(made, "a/b", "content of " + artifact_type)},
                          .subject = image_.root,
                          .annotations = {{"org.example.a", "1"}, {"org.example.b", ""}}};
        made.root = add(made, media_type::kManifest, manifest_json(body));
        return made;
    }
    Image image_ = test::image("x");
};

TEST_F(FallbackTag, HasTypeAndAnnotationsOfEachReferrerOnce) {
    const auto own = referrer("application/vnd.example.own");
    const auto of_config = referrer("");
    for (const auto* image : {&own, &of_config, &own}) {
        const auto pushed = push(*image, "");
        ASSERT_TRUE(pushed) << pushed.error().to_string();
    }
    Registry registry(fake_.host(), options());
    const auto found = registry.referrers("x", image_.root.digest);
    ASSERT_TRUE(found) << found.error().to_string();
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->at(0).artifact_type, "application/vnd.example.own");
    EXPECT_EQ(found->at(1).artifact_type, "application/vnd.example.config");
    for (const auto& each : *found)
        EXPECT_EQ(each.annotations, (Annotations{{"org.example.a", "1"}, {"org.example.b", ""}}));
    const std::string tag = "sha256-" + image_.root.digest.substr(7);
    EXPECT_EQ(fake_.manifests.at(tag).first, media_type::kIndex);
}

TEST_F(FallbackTag, WhatIsNoIndexIsReportedAndLeftAlone) {
    const std::string tag = referrers_tag(image_.root.digest);
    const auto other = as_text(image_.blobs.at(image_.root.digest));
    const std::pair<std::string, std::string> manifest{std::string(media_type::kManifest),
                                                       R"({"schemaVersion":2,"config":{},"layers":[]})"};
    fake_.manifests[tag] = manifest;
    const auto pushed = push(referrer("application/vnd.example.own"), "");
    ASSERT_FALSE(pushed);
    EXPECT_EQ(pushed.error().code, ErrorCode::corrupt_data);
    EXPECT_NE(pushed.error().message.find(tag), std::string::npos) << pushed.error().message;
    EXPECT_EQ(fake_.manifests.at(tag), manifest);
    EXPECT_EQ(fake_.manifests.at("v1").second, other);
}

TEST_F(Distribution, TokensOfBothNamesAndRefreshTokensWork) {
    const auto image = test::image("x");
    for (const bool refresh : {false, true}) {
        FakeRegistry fake;
        fake.faults = {.bearer = true, .access_token = true, .refresh_only = refresh};
        RegistryOptions known = options();
        known.credentials = [&](const std::string&) {
            return std::optional(refresh ? Credentials{.identity_token = "refresh me"}
                                         : Credentials{.username = "me", .password = "secret"});
        };
        Registry registry(fake.host(), known);
        const auto pushed = registry.push(MemoryBlobs(image), image.root, "x", "v1");
        ASSERT_TRUE(pushed) << pushed.error().to_string();
        EXPECT_LE(fake.count(refresh ? "POST" : "GET", "/token"), 2U) << "a token is used again";
        for (const auto& request : fake.requests())
            EXPECT_EQ(request.target.find("refresh"), std::string::npos)
                << "secrets are no part of addresses";
    }
}

TEST_F(Distribution, AMountAsksForBothRepositories) {
    fake_.faults.bearer = true;
    RegistryOptions known = options();
    known.credentials = [](const std::string&) {
        return std::optional(Credentials{.username = "me", .password = "secret"});
    };
    Registry registry(fake_.host(), known);
    const auto image = test::image("x");
    ASSERT_TRUE(registry.push(MemoryBlobs(image), image.root, "x", "v1", "other/y"));
    EXPECT_FALSE(
        seen("GET", "scope=repository%3Ax%3Apull%2Cpush&scope=repository%3Aother%2Fy%3Apull").empty());
}

}  // namespace
}  // namespace gadget::packager
