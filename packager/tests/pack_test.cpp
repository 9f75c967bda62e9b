// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/pack.h"

#include <gtest/gtest.h>

#include "go_json.h"
#include "rfc3339.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

using test::bytes;

std::string blob_text(const Image& image, const std::string& digest) {
    return std::string(as_text(image.blobs.at(digest)));
}

// Facts of the image 'unsigned' among the test data of Inspektor Gadget: its builder string, its time, the
// digests.
TEST(Pack, ReproducesDigestsOfAnUpstreamImage) {
    const PackRequest request{.manifest = test::metadata("unsigned"),
                              .objects = {{.arch = model::Arch::amd64}, {.arch = model::Arch::arm64}},
                              .builder_version = "v0.45.0-45-gfc2e80680-dirty",
                              .created = "2025-10-20T15:28:46+02:00"};
    const auto image = pack(request);
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(image->root.digest, "sha256:f34a362f177727ed3f12eadc1f255ffe6a19190ab82d48df98c19f1bddc3b86a");
    EXPECT_EQ(image->root.size, 1535U);
    const std::string manifest = "sha256:f04a4a04a15fef85a1438a2b7079c2bbc81a822acee2fb9c4827ae1709f3101f";
    ASSERT_TRUE(image->blobs.contains(manifest));
    EXPECT_EQ(image->blobs.at(manifest).size(), 933U);
    EXPECT_EQ(image->blobs.size(), 3U) << "index, one manifest for both architectures, config";
}

TEST(Pack, WritesTheExactBytesOfASmallImage) {
    PackRequest request{.manifest = test::metadata("x"),
                        .objects = {{.arch = model::Arch::arm64,
                                     .ebpf = bytes("E"),
                                     .wasm = bytes("W"),
                                     .btfgen = bytes("B")}},
                        .builder_version = "v1",
                        .created = test::kCreated};
    request.manifest->description = "a <b> & \"c\"\n\xe2\x80\xa8\xff";
    request.manifest->annotations = {{"org.opencontainers.image.title", "other"}, {"a", "b"}};
    const auto image = pack(request);
    ASSERT_TRUE(image);
    const std::string annotations =
        R"({"a":"b","io.inspektor-gadget.builder.version":"v1","org.opencontainers.image.created":"2026-01-02T03:04:05Z",)"
        R"("org.opencontainers.image.description":"a \u003cb\u003e \u0026 \"c\"\n\u2028\ufffd",)"
        R"("org.opencontainers.image.documentation":"","org.opencontainers.image.source":"",)"
        R"("org.opencontainers.image.title":"other","org.opencontainers.image.url":""})";
    const std::string manifest =
        R"({"schemaVersion":2,"artifactType":"application/vnd.gadget.v1+binary","config":{)"
        R"("mediaType":"application/vnd.gadget.config.v1+yaml",)"
        R"("digest":")" +
        sha256_digest(as_bytes("name: x\n")) + R"(","size":8,"annotations":)" + annotations +
        R"(},"layers":[)"
        R"({"mediaType":"application/vnd.gadget.ebpf.program.v1+binary","digest":")" +
        sha256_digest(as_bytes("E")) +
        R"(","size":1},)"
        R"({"mediaType":"application/vnd.gadget.wasm.program.v1+binary","digest":")" +
        sha256_digest(as_bytes("W")) +
        R"(","size":1},)"
        R"({"mediaType":"application/vnd.gadget.btfgen.v1+binary","digest":")" +
        sha256_digest(as_bytes("B")) +
        R"(","size":1}],)"
        R"("annotations":)" +
        annotations + "}";
    const std::string manifest_digest = sha256_digest(as_bytes(manifest));
    const std::string index =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{)"
        R"("mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
        manifest_digest + R"(","size":)" + std::to_string(manifest.size()) + R"(,"annotations":)" +
        annotations + R"(,"platform":{"architecture":"arm64","os":"linux"}}],"annotations":)" + annotations +
        "}";
    EXPECT_EQ(blob_text(*image, image->root.digest), index);
    ASSERT_TRUE(image->blobs.contains(manifest_digest)) << blob_text(*image, image->root.digest);
    EXPECT_EQ(blob_text(*image, manifest_digest), manifest);
    EXPECT_EQ(image->root.digest, sha256_digest(as_bytes(index)));
}

TEST(Pack, WithoutMetadataUsesTheEmptyDescriptor) {
    const auto image = pack({.manifest = {},
                             .objects = {{.ebpf = bytes("E")}},
                             .builder_version = "v1",
                             .created = test::kCreated});
    ASSERT_TRUE(image);
    const MemoryBlobs blobs(*image);
    const auto tree = read_tree(blobs, image->root);
    ASSERT_TRUE(tree) << tree.error().to_string();
    const auto& node = tree->manifests.at(0);
    EXPECT_EQ(node.config.media_type, "application/vnd.oci.empty.v1+json");
    EXPECT_EQ(node.config.digest, "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    EXPECT_EQ(node.config.data, "{}");
    EXPECT_EQ(node.annotations, (Annotations{{"org.opencontainers.image.created", test::kCreated}}));
    EXPECT_EQ(blob_text(*image, node.config.digest), "{}") << "the blob exists beside the inline data";
    EXPECT_NE(blob_text(*image, node.descriptor.digest).find(R"("data":"e30=")"), std::string::npos);
}

TEST(Pack, OrderOfArchitecturesDoesNotMatter) {
    PackRequest request = test::request("x");
    const auto first = pack(request);
    std::swap(request.objects[0], request.objects[1]);
    const auto second = pack(request);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->root.digest, second->root.digest);
    EXPECT_EQ(first->blobs, second->blobs);
}

TEST(Pack, RefusesWhatCannotBeAnImage) {
    PackRequest none = test::request("x");
    none.objects.clear();
    EXPECT_EQ(pack(none).error().code, ErrorCode::invalid_argument);
    PackRequest twice = test::request("x");
    twice.objects[1].arch = twice.objects[0].arch;
    EXPECT_EQ(pack(twice).error().message, "architecture amd64 is given twice");
    PackRequest time = test::request("x");
    time.created = "yesterday";
    EXPECT_EQ(pack(time).error().message, "creation time 'yesterday' is not RFC 3339");
}

TEST(LoadGadget, GivesTheLayersOfOneArchitecture) {
    const auto image = test::image("x");
    const auto content = load_gadget(MemoryBlobs(image), image.root, model::Arch::arm64);
    ASSERT_TRUE(content) << content.error().to_string();
    EXPECT_EQ(content->metadata, "name: x\n");
    EXPECT_EQ(content->ebpf, bytes("object of arm64"));
    EXPECT_FALSE(content->wasm);
}

TEST(LoadGadget, SaysForWhichArchitecturesAnImageIs) {
    PackRequest request = test::request("x");
    request.objects.pop_back();
    const auto image = pack(request);
    const auto content = load_gadget(MemoryBlobs(*image), image->root, model::Arch::arm64);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, ErrorCode::not_found);
    EXPECT_EQ(content.error().hint, "it is built for amd64");
}

TEST(CreatedFromEpoch, WritesUtc) {
    EXPECT_EQ(created_from_epoch(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(created_from_epoch(1760966926), "2025-10-20T13:28:46Z");
    EXPECT_EQ(created_from_epoch(951782400), "2000-02-29T00:00:00Z");
    EXPECT_EQ(created_from_epoch(INT64_MAX), "9999-12-31T23:59:59Z");
    for (const std::int64_t seconds : {INT64_MIN, std::int64_t{-1}, std::int64_t{1} << 40U}) {
        EXPECT_TRUE(is_rfc3339(created_from_epoch(seconds))) << created_from_epoch(seconds);
    }
}

TEST(SourceDateEpoch, AcceptsWholeSecondsOnly) {
    EXPECT_EQ(*parse_source_date_epoch("1760966926"), 1760966926);
    for (const char* text : {"", "-1", "1.5", " 1", "1 ", "0x10", "99999999999999999999", "now"}) {
        EXPECT_EQ(parse_source_date_epoch(text).error().code, ErrorCode::invalid_argument) << text;
    }
}

TEST(Rfc3339, TellsTimesFromOthers) {
    for (const char* text :
         {"2025-10-20T15:28:46+02:00", "2025-10-20T15:28:46Z", "2024-02-29T23:59:60.123Z"}) {
        EXPECT_TRUE(is_rfc3339(text)) << text;
    }
    for (const char* text : {"", "2025-10-20", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z",
                             "2025-10-20T24:00:00Z", "2025-10-20T15:28:46", "2025-10-20T15:28:46.Z",
                             "2025-10-20T15:28:46+2:00", "2025-10-20T15:28:46+02:60"}) {
        EXPECT_FALSE(is_rfc3339(text)) << text;
    }
}

TEST(GoJson, EscapesStringsAsGoDoes) {
    const auto quoted = [](std::string_view text) {
        std::string out;
        append_string(out, text);
        return out;
    };
    EXPECT_EQ(quoted(std::string_view("\0\x01\b\f\n\r\t\x1f\x7f", 9)),
              "\"\\u0000\\u0001\\b\\f\\n\\r\\t\\u001f\x7f\"");
    EXPECT_EQ(quoted("<>&'/\\\""), R"("\u003c\u003e\u0026'/\\\"")");
    EXPECT_EQ(quoted("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9\xf0\x9f\x90\x9d"),
              "\"\xe2\x80\xa7\\u2028\\u2029\xc3\xa9\xf0\x9f\x90\x9d\"");
    // Overlong, surrogate, beyond U+10FFFF, cut off: one replacement for each byte.
    EXPECT_EQ(quoted("\xc0\xaf"), R"("\ufffd\ufffd")");
    EXPECT_EQ(quoted("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");
    EXPECT_EQ(quoted("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");
    EXPECT_EQ(quoted("\xe2\x80"), R"("\ufffd\ufffd")");
}

TEST(Base64, RoundTripsEveryLength) {
    EXPECT_EQ(base64_encode("{}"), "e30=");
    std::string text;
    for (int i = 0; i < 70; ++i) {
        EXPECT_EQ(base64_decode(base64_encode(text)), text);
        text += static_cast<char>(i * 37);
    }
    for (const char* wrong : {"e30", "e30==", "e3 0", "e=30", "====", "e30=\n"})
        EXPECT_EQ(base64_decode(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace gadget::packager
