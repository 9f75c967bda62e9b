// SPDX-License-Identifier: Apache-2.0
// Signatures of images in cosign's "simple signing" format, made and checked offline with keys in PEM files.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/packager/layout.h"

namespace gadget::packager {

struct KeyHandle;

/// A key that checks signatures: ECDSA on P-256, P-384 or P-521, or RSA from 2048 bits on, with SHA-256.
class PublicKey {
  public:
    /// "-----BEGIN PUBLIC KEY-----". rejected_input: not such a key; unsupported: another kind of key.
    [[nodiscard]] static Result<PublicKey> from_pem(std::string_view pem);
    PublicKey(PublicKey&&) noexcept;
    PublicKey& operator=(PublicKey&&) noexcept;
    ~PublicKey();

    /// True when `signature` (DER) is this key's over `content`.
    [[nodiscard]] bool verify(std::span<const std::byte> content, std::span<const std::byte> signature) const;
    /// "sha256:<hex>" of the key's DER form: names the key in messages.
    [[nodiscard]] std::string fingerprint() const;

  private:
    friend class PrivateKey;
    explicit PublicKey(std::unique_ptr<KeyHandle> key);
    std::unique_ptr<KeyHandle> key_;
};

/// A key that signs: ECDSA on P-256, as cosign makes them.
class PrivateKey {
  public:
    [[nodiscard]] static Result<PrivateKey> generate();
    /// PKCS#8 or SEC1 PEM, encrypted or not. permission_denied: encrypted, and `passphrase` does not open it;
    /// unsupported: another kind of key, or cosign's own encrypted form; rejected_input: not a private key.
    [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem, std::string_view passphrase = {});
    PrivateKey(PrivateKey&&) noexcept;
    PrivateKey& operator=(PrivateKey&&) noexcept;
    ~PrivateKey();

    /// PKCS#8 PEM; with a passphrase, encrypted (AES-256, key from scrypt). To be stored with mode 0600.
    [[nodiscard]] Result<std::string> to_pem(std::string_view passphrase = {}) const;
    [[nodiscard]] Result<std::string> public_pem() const;
    /// The signature in DER form. Differs each time.
    [[nodiscard]] Result<Bytes> sign(std::span<const std::byte> content) const;

  private:
    explicit PrivateKey(std::unique_ptr<KeyHandle> key);
    std::unique_ptr<KeyHandle> key_;
};

enum class SignatureForm : std::uint8_t {
    tag,       ///< found by the tag signature_tag(): what `cosign sign` writes, and every registry can hold
    referrer,  ///< found as a referrer of the image (OCI 1.1)
};

/// "sha256-<hex>.sig" for the image digest "sha256:<hex>".
[[nodiscard]] std::string signature_tag(std::string_view image_digest);
/// "sha256-<hex>": the tag of the index of referrers where a registry has no referrers API.
[[nodiscard]] std::string referrers_tag(std::string_view image_digest);

/// A signature of the image `root` as an image of its own. `repository` ("ghcr.io/me/foo") is written into
/// it: the identity that is signed. Store it under signature_tag(), or without a name when it is a referrer.
[[nodiscard]] Result<Image> sign_image(const Descriptor& root, const std::string& repository,
                                       const PrivateKey& key, SignatureForm form = SignatureForm::tag);

/// Both signatures as one image, as the tag of signatures needs it; what `signer`, who made the added one,
/// has in `before` goes. corrupt_data: `before` is no image.
[[nodiscard]] Result<Image> join_signatures(const Image& before, const Image& added, const PublicKey& signer);

/// What `layout` has about the image `root` and its manifests: signature tags and referrers. The root is not
/// among them.
[[nodiscard]] Result<std::vector<Descriptor>> attachments(const Layout& layout, const Descriptor& root);

/// The digests of which something in `layout` claims to be a signature, in either form. Nothing is verified,
/// and what cannot be read is passed over.
[[nodiscard]] std::set<std::string> digests_with_signature(const Layout& layout);

/// True for the names that signatures and indexes of referrers have: "..:sha256-<hex>.sig",
/// "..:sha256-<hex>".
[[nodiscard]] bool is_attachment_name(std::string_view name);

struct Verified {
    std::string key_fingerprint;
    std::string identity;  ///< the repository that was signed
    Descriptor signature;  ///< the signature's manifest
};

/// Looks in `layout` for signatures of `root`, in both forms, and checks them; one good signature by one of
/// the keys is enough. not_found: the image is not signed. rejected_input: only in forms that are not read
/// here (bundles of sigstore, Notary). permission_denied: signed, but by none of `keys`.
/// corrupt_data: a key signed something else, or what was found is no signature. invalid_argument: no key.
[[nodiscard]] Result<Verified> verify_image(const Layout& layout, const Descriptor& root,
                                            std::span<const PublicKey> keys);

/// Checks one signature manifest, wherever it came from. Errors as verify_image().
[[nodiscard]] Result<Verified> verify_signature(const BlobSource& blobs, const Descriptor& signature,
                                                const std::string& image_digest,
                                                std::span<const PublicKey> keys);

}  // namespace gadget::packager
