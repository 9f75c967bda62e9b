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

// The other direction of each operation by a program that is not ours.
TEST(Keys, OpensslAgrees) {
    if (!find_program("openssl", "/usr/bin:/bin")) GTEST_SKIP() << "missing: openssl";
    const auto dir = TempDir::create("keys-test");
    const auto file = [&](const char* name) { return (dir->path() / name).string(); };
    const auto run = [](std::vector<std::string> argv) {
        const auto output = run_command({.argv = std::move(argv)});
        return output && output->status.success();
    };
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
