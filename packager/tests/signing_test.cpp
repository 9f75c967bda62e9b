// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/signing.h"

#include <gtest/gtest.h>

#include "gadget/packager/store.h"
#include "gadget/support/subprocess.h"
#include "go_json.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRepository = "ghcr.io/me/x";

std::vector<PublicKey> keys(std::initializer_list<const PrivateKey*> privates) {
    std::vector<PublicKey> list;
    for (const auto* key : privates) list.push_back(*PublicKey::from_pem(*key->public_pem()));
    return list;
}

class SigningTest : public ::testing::TestWithParam<SignatureForm> {
  protected:
    void SetUp() override { ASSERT_TRUE(store_.add(image_, "ghcr.io/me/x:v1")); }

    void attach(const Image& signature, const std::string& digest) {
        const bool tagged = GetParam() == SignatureForm::tag;
        ASSERT_TRUE(store_.add(signature, tagged ? signature_tag(digest) : std::string()));
    }

    [[nodiscard]] Result<Verified> verify(std::span<const PublicKey> with) const {
        const auto reader = store_.read();
        return verify_image(reader->layout(), image_.root, with);
    }

    TempDir dir_ = *TempDir::create("signing-test");
    Store store_ = *Store::open(dir_.path() / "store");
    Image image_ = test::image("x");
    PrivateKey key_ = *PrivateKey::generate();
    PrivateKey stranger_ = *PrivateKey::generate();
};

TEST_P(SigningTest, ASignedImageIsVerifiedWithItsKeyAmongOthers) {
    const auto signature = sign_image(image_.root, kRepository, key_, GetParam());
    ASSERT_TRUE(signature) << signature.error().to_string();
    attach(*signature, image_.root.digest);
    const auto known = keys({&stranger_, &key_});
    const auto verified = verify(known);
    ASSERT_TRUE(verified) << verified.error().to_string();
    EXPECT_EQ(verified->identity, kRepository);
    EXPECT_EQ(verified->key_fingerprint, known[1].fingerprint());
    EXPECT_EQ(verified->signature.digest, signature->root.digest);
}

TEST_P(SigningTest, SaysWhatIsWrong) {
    const auto mine = keys({&key_});
    EXPECT_EQ(verify(mine).error().code, ErrorCode::not_found) << "unsigned";
    EXPECT_EQ(verify({}).error().code, ErrorCode::invalid_argument);
    attach(*sign_image(image_.root, kRepository, stranger_, GetParam()), image_.root.digest);
    const auto wrong_key = verify(mine);
    ASSERT_FALSE(wrong_key);
    EXPECT_EQ(wrong_key.error().code, ErrorCode::permission_denied);
    EXPECT_NE(wrong_key.error().message.find("is signed, but not with the given key"), std::string::npos);
}

TEST_P(SigningTest, ASignatureOfAnotherImageDoesNotCount) {
    Descriptor other = image_.root;
    other.digest = sha256_digest(as_bytes("other"));
    auto signature = *sign_image(other, kRepository, key_, SignatureForm::tag);
    ASSERT_TRUE(store_.add(signature, signature_tag(image_.root.digest)));
    const auto mine = keys({&key_});
    const auto verified = verify(mine);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::corrupt_data);
    EXPECT_NE(verified.error().message.find("is about another image: " + other.digest), std::string::npos);
}

TEST_P(SigningTest, SurvivesExportAndImport) {
    attach(*sign_image(image_.root, kRepository, key_, GetParam()), image_.root.digest);
    const auto tar = dir_.path() / "x.tar";
    ASSERT_TRUE(store_.export_tar({"ghcr.io/me/x:v1"}, tar));
    auto second = *Store::open(dir_.path() / "second");
    ASSERT_TRUE(second.import_layout(tar));
    const auto reader = second.read();
    EXPECT_TRUE(verify_image(reader->layout(), image_.root, keys({&key_})));
}

INSTANTIATE_TEST_SUITE_P(BothForms, SigningTest,
                         ::testing::Values(SignatureForm::tag, SignatureForm::referrer), [](const auto& row) {
                             return row.param == SignatureForm::tag ? "Tag" : "Referrer";
                         });

TEST(Signing, WritesThePayloadThatCosignWrites) {
    const auto key = PrivateKey::generate();
    const auto image = test::image("x");
    const auto signature = sign_image(image.root, kRepository, *key);
    const std::string payload =
        R"({"critical":{"identity":{"docker-reference":"ghcr.io/me/x"},"image":{"docker-manifest-digest":")" +
        image.root.digest + R"("},"type":"cosign container image signature"},"optional":null})";
    EXPECT_TRUE(signature->blobs.contains(sha256_digest(as_bytes(payload))));
    const auto tree = read_tree(MemoryBlobs(*signature), signature->root);
    ASSERT_TRUE(tree);
    const auto& manifest = tree->manifests.at(0);
    ASSERT_EQ(manifest.layers.size(), 1U);
    EXPECT_EQ(manifest.layers[0].media_type, "application/vnd.dev.cosign.simplesigning.v1+json");
    EXPECT_TRUE(manifest.layers[0].annotations.contains("dev.cosignproject.cosign/signature"));
    EXPECT_EQ(signature_tag("sha256:ab"), "sha256-ab.sig");
    EXPECT_EQ(referrers_tag("sha256:ab"), "sha256-ab");
}

TEST(Keys, ReadBackWhatTheyWrite) {
    const auto key = PrivateKey::generate();
    const auto plain = PrivateKey::from_pem(*key->to_pem());
    ASSERT_TRUE(plain) << plain.error().to_string();
    EXPECT_EQ(*plain->public_pem(), *key->public_pem());
    const std::string encrypted = *key->to_pem("secret");
    EXPECT_TRUE(encrypted.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    ASSERT_TRUE(PrivateKey::from_pem(encrypted, "secret"));
    EXPECT_EQ(*PrivateKey::from_pem(encrypted, "secret")->public_pem(), *key->public_pem());
    EXPECT_EQ(PrivateKey::from_pem(encrypted, "wrong").error().code, ErrorCode::permission_denied);
    EXPECT_EQ(PrivateKey::from_pem(encrypted).error().message,
              "the private key is encrypted: it needs a passphrase");
}

TEST(Keys, RefuseOtherTexts) {
    const auto key = PrivateKey::generate();
    EXPECT_EQ(PrivateKey::from_pem("").error().code, ErrorCode::rejected_input);
    EXPECT_EQ(PrivateKey::from_pem(*key->public_pem()).error().code, ErrorCode::rejected_input);
    EXPECT_EQ(PublicKey::from_pem(*key->to_pem()).error().code, ErrorCode::rejected_input);
    EXPECT_EQ(PublicKey::from_pem(std::string(1 << 20, 'x')).error().code, ErrorCode::rejected_input);
    EXPECT_EQ(PrivateKey::from_pem("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n").error().code,
              ErrorCode::unsupported);
}

TEST(Keys, ADamagedSignatureOrContentIsNoSignature) {
    const auto key = PrivateKey::generate();
    const auto pub = PublicKey::from_pem(*key->public_pem());
    const auto content = test::bytes("content");
    const auto signature = key->sign(content);
    EXPECT_TRUE(pub->verify(content, *signature));
    EXPECT_FALSE(pub->verify(test::bytes("Content"), *signature));
    EXPECT_FALSE(pub->verify(content, {}));
    for (std::size_t at = 0; at < signature->size(); ++at) {
        Bytes changed = *signature;
        changed[at] ^= std::byte{1};
        EXPECT_FALSE(pub->verify(content, changed)) << at;
    }
}

TEST(Signing, AKeySignsOnceAndAnotherOneBesideIt) {
    const auto image = test::image("x");
    const auto mine = *PrivateKey::generate();
    const auto other = *PrivateKey::generate();
    const auto signer = [](const PrivateKey& key) { return *PublicKey::from_pem(*key.public_pem()); };
    const auto sign = [&](const PrivateKey& key) { return *sign_image(image.root, kRepository, key); };
    const auto layers = [](const Image& signature) {
        return read_tree(MemoryBlobs(signature), signature.root)->manifests.at(0).layers.size();
    };
    const auto again = join_signatures(sign(mine), sign(mine), signer(mine));
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(layers(*again), 1U);
    const auto both = join_signatures(*again, sign(other), signer(other));
    ASSERT_TRUE(both) << both.error().to_string();
    EXPECT_EQ(layers(*both), 2U);
    for (const auto* key : {&mine, &other})
        EXPECT_TRUE(verify_signature(MemoryBlobs(*both), both->root, image.root.digest, keys({key})));
}

TEST(Signing, OtherFormsAreNamed) {
    const auto dir = TempDir::create("signing-test");
    auto store = *Store::open(dir->path() / "store");
    const auto image = test::image("x");
    ASSERT_TRUE(store.add(image, "r/x:a"));
    const std::string type = "application/vnd.dev.sigstore.bundle.v0.3+json";
    Image bundle;
    const auto add = [&](std::string_view media_type, const std::string& text) {
        bundle.blobs.emplace(sha256_digest(as_bytes(text)), test::bytes(text));
        return Descriptor{.media_type = std::string(media_type),
                          .digest = sha256_digest(as_bytes(text)),
                          .size = text.size()};
    };
    ManifestBody body{.artifact_type = type,
                      .config = add(media_type::kEmpty, "{}"),
                      .layers = {add(type, "[]")},
                      .subject = image.root,
                      .annotations = {}};
    bundle.root = add(media_type::kManifest, manifest_json(body));
    ASSERT_TRUE(store.add(bundle, ""));
    const auto key = *PrivateKey::generate();
    const auto reader = store.read();
    const auto verified = verify_image(reader->layout(), image.root, keys({&key}));
    ASSERT_FALSE(verified);
    EXPECT_NE(verified.error().message.find(type), std::string::npos) << verified.error().message;
}

TEST(Signing, ImagesWithASignatureOfEitherFormAreKnown) {
    const auto dir = TempDir::create("signing-test");
    auto store = *Store::open(dir->path() / "store");
    const auto key = *PrivateKey::generate();
    const auto tagged = test::image("tagged");
    const auto referred = test::image("referred");
    ASSERT_TRUE(store.add(tagged, "r/x:a"));
    ASSERT_TRUE(store.add(referred, "r/x:b"));
    ASSERT_TRUE(store.add(test::image("unsigned"), "r/x:c"));
    ASSERT_TRUE(store.add(*sign_image(tagged.root, "r/x", key), "r/x:" + signature_tag(tagged.root.digest)));
    ASSERT_TRUE(store.add(*sign_image(referred.root, "r/x", key, SignatureForm::referrer), ""));
    const auto reader = store.read();
    EXPECT_EQ(digests_with_signature(reader->layout()),
              (std::set<std::string>{tagged.root.digest, referred.root.digest}));
}

/// openssl, as whoever has no tool for signatures would use it.
class ByHand : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!find_program("openssl", "/usr/bin:/bin")) GTEST_SKIP() << "missing: openssl";
    }
    [[nodiscard]] std::string file(const char* name) const { return (dir_.path() / name).string(); }
    static bool run(std::vector<std::string> argv) {
        const auto output = run_command({.argv = std::move(argv)});
        return output && output->status.success();
    }
    TempDir dir_ = *TempDir::create("keys-test");
};

TEST_F(ByHand, OurSignatureIsVerified) {
    const auto key = *PrivateKey::generate();
    const auto image = test::image("x");
    for (const auto form : {SignatureForm::tag, SignatureForm::referrer}) {
        const auto signature = *sign_image(image.root, kRepository, key, form);
        const auto layer = read_tree(MemoryBlobs(signature), signature.root)->manifests.at(0).layers.at(0);
        test::put(file("payload"), as_text(signature.blobs.at(layer.digest)));
        test::put(file("base64"), layer.annotations.at("dev.cosignproject.cosign/signature"));
        test::put(file("pub"), *key.public_pem());
        ASSERT_TRUE(run({"openssl", "base64", "-d", "-A", "-in", file("base64"), "-out", file("sig")}));
        EXPECT_TRUE(run({"openssl", "dgst", "-sha256", "-verify", file("pub"), "-signature", file("sig"),
                         file("payload")}));
    }
}

TEST_F(ByHand, ASignatureMadeByHandIsVerified) {
    ASSERT_TRUE(run({"openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", file("key")}));
    ASSERT_TRUE(run({"openssl", "ec", "-in", file("key"), "-pubout", "-out", file("pub")}));
    const auto image = test::image("x");
    // Spaces, another order, and optional claims: what was signed is the bytes, not our way to write them.
    const std::string payload =
        "{ \"optional\": {\"creator\": \"me\", \"timestamp\": 1},\n  \"critical\": {\"type\": \"cosign "
        "container "
        "image signature\",\n    \"image\": {\"docker-manifest-digest\": \"" +
        image.root.digest + "\"},\n    \"identity\": {\"docker-reference\": \"" + kRepository + "\"}}}";
    test::put(file("payload"), payload);
    ASSERT_TRUE(
        run({"openssl", "dgst", "-sha256", "-sign", file("key"), "-out", file("sig"), file("payload")}));
    ASSERT_TRUE(run({"openssl", "base64", "-A", "-in", file("sig"), "-out", file("base64")}));
    const std::vector<PublicKey> known = [&] {
        std::vector<PublicKey> list;
        list.push_back(*PublicKey::from_pem(test::slurp(file("pub"))));
        return list;
    }();
    for (const bool referrer : {false, true}) {
        Image signature;
        const auto add = [&](const std::string& text) {
            const std::string digest = sha256_digest(as_bytes(text));
            signature.blobs.emplace(digest, test::bytes(text));
            return R"("size":)" + std::to_string(text.size()) + R"(,"digest":")" + digest + "\"";
        };
        const std::string config_type = referrer ? "application/vnd.dev.cosign.artifact.sig.v1+json"
                                                 : "application/vnd.oci.image.config.v1+json";
        const std::string manifest =
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":")" +
            config_type + R"(",)" + add("{}") +
            R"(},"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json",)" + add(payload) +
            R"(,"annotations":{"dev.cosignproject.cosign/signature":")" + test::slurp(file("base64")) +
            R"(","dev.sigstore.cosign/certificate":"","dev.sigstore.cosign/chain":""}}])" +
            (referrer ? R"(,"subject":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":")" +
                            image.root.digest + R"(","size":)" + std::to_string(image.root.size) + "}"
                      : std::string()) +
            "}";
        (void)add(manifest);
        signature.root = {.media_type = std::string(media_type::kManifest),
                          .digest = sha256_digest(as_bytes(manifest)),
                          .size = manifest.size()};
        const auto dir = TempDir::create("by-hand");
        auto store = *Store::open(dir->path() / "store");
        ASSERT_TRUE(store.add(image, "ghcr.io/me/x:v1"));
        const std::string tag = std::string(kRepository) + ":" + signature_tag(image.root.digest);
        ASSERT_TRUE(store.add(signature, referrer ? "" : tag));
        const auto reader = store.read();
        const auto verified = verify_image(reader->layout(), image.root, known);
        ASSERT_TRUE(verified) << verified.error().to_string();
        EXPECT_EQ(verified->identity, kRepository);
    }
}

// The other direction of each operation by a program that is not ours.
TEST_F(ByHand, KeysAgree) {
    const auto key = PrivateKey::generate();
    test::put(file("key"), *key->to_pem("secret"));
    test::put(file("pub"), *key->public_pem());
    test::put(file("content"), "content");
    test::put(file("sig"), as_text(*key->sign(test::bytes("content"))));
    EXPECT_TRUE(run(
        {"openssl", "dgst", "-sha256", "-verify", file("pub"), "-signature", file("sig"), file("content")}));
    EXPECT_TRUE(run({"openssl", "dgst", "-sha256", "-passin", "pass:secret", "-sign", file("key"), "-out",
                     file("sig2"), file("content")}));
    const auto theirs = read_file(file("sig2"));
    ASSERT_TRUE(theirs);
    EXPECT_TRUE(PublicKey::from_pem(*key->public_pem())->verify(test::bytes("content"), *theirs));
    // A key in the older SEC1 form, and one that is not for us.
    ASSERT_TRUE(
        run({"openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", file("sec1")}));
    EXPECT_TRUE(PrivateKey::from_pem(test::slurp(file("sec1"))));
    ASSERT_TRUE(run({"openssl", "genpkey", "-algorithm", "ed25519", "-out", file("ed")}));
    EXPECT_EQ(PrivateKey::from_pem(test::slurp(file("ed"))).error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace gadget::packager
