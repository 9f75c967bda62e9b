// SPDX-License-Identifier: Apache-2.0
// Keys and raw signatures, with OpenSSL.
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>
#include <climits>
#include <cstring>

#include "gadget/packager/signing.h"
#include "gadget/support/unique_fd.h"

namespace gadget::packager {

namespace {

using Bio = CPtr<BIO, BIO_free>;
using Pkey = CPtr<EVP_PKEY, EVP_PKEY_free>;
using MdContext = CPtr<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr std::size_t kMaxPem = std::size_t{64} << 10;

/// OpenSSL keeps a queue of errors per thread; ours must not stay in it.
struct ClearErrors {
    ClearErrors() { ERR_clear_error(); }
    ~ClearErrors() { ERR_clear_error(); }
    ClearErrors(const ClearErrors&) = delete;
    ClearErrors& operator=(const ClearErrors&) = delete;
};

Error internal(const std::string& what) {
    return Error{.code = ErrorCode::internal, .message = "cannot " + what + " with OpenSSL"};
}

Error not_a_key(const std::string& what) {
    return Error{.code = ErrorCode::rejected_input, .message = "this is not a " + what + " in PEM form"};
}

Bio reader(std::string_view text) {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    return Bio(text.size() > kMaxPem ? nullptr : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string content(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

/// What OpenSSL's passphrase callback is given.
struct Passphrase {
    std::string_view text;
    bool asked = false;
};

int give_passphrase(char* buffer, int size, int /*writing*/, void* user) {
    auto* passphrase = static_cast<Passphrase*>(user);
    passphrase->asked = true;
    if (passphrase->text.empty() || passphrase->text.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(buffer, passphrase->text.data(), passphrase->text.size());
    return static_cast<int>(passphrase->text.size());
}

bool can_verify(const EVP_PKEY* key) {
    const int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA")) return bits >= 2048;
    return EVP_PKEY_is_a(key, "EC") && (bits == 256 || bits == 384 || bits == 521);
}

bool is_p256(const EVP_PKEY* key) {
    std::array<char, 64> group{};
    std::size_t length = 0;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1 &&
           std::string_view(group.data(), length) == "prime256v1";
}

}  // namespace

struct KeyHandle {
    Pkey key;
};

PublicKey::PublicKey(std::unique_ptr<KeyHandle> key) : key_(std::move(key)) {}
PublicKey::PublicKey(PublicKey&&) noexcept = default;
PublicKey& PublicKey::operator=(PublicKey&&) noexcept = default;
PublicKey::~PublicKey() = default;

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
    const ClearErrors clear;
    const Bio bio = reader(pem);
    auto handle = std::make_unique<KeyHandle>();
    if (bio) handle->key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!handle->key) return not_a_key("public key");
    if (!can_verify(handle->key.get())) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "this kind of public key is not supported",
                     .hint = "ECDSA on P-256, P-384 or P-521, and RSA from 2048 bits on are"};
    }
    return PublicKey(std::move(handle));
}

bool PublicKey::verify(std::span<const std::byte> message, std::span<const std::byte> signature) const {
    const ClearErrors clear;
    const MdContext context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->key.get()) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                            message.size()) == 1;
}

std::string PublicKey::fingerprint() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_->key.get(), &der);
    if (size <= 0) return {};
    std::string digest = sha256_digest(std::as_bytes(std::span(der, static_cast<std::size_t>(size))));
    OPENSSL_free(der);
    return digest;
}

PrivateKey::PrivateKey(std::unique_ptr<KeyHandle> key) : key_(std::move(key)) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

Result<PrivateKey> PrivateKey::generate() {
    const ClearErrors clear;
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    auto handle = std::make_unique<KeyHandle>();
    handle->key.reset(EVP_EC_gen("P-256"));
    if (!handle->key) return internal("make a key");
    return PrivateKey(std::move(handle));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem, std::string_view passphrase) {
    const ClearErrors clear;
    if (pem.find("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----") != std::string_view::npos ||
        pem.find("-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----") != std::string_view::npos) {
        return Error{
            .code = ErrorCode::unsupported,
            .message = "this key is encrypted in cosign's own way, which only cosign reads",
            .hint = "use a PKCS#8 PEM key ('cosign import-key-pair' takes the same file for cosign)"};
    }
    const Bio bio = reader(pem);
    Passphrase secret{.text = passphrase};
    auto handle = std::make_unique<KeyHandle>();
    if (bio) handle->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &secret));
    if (!handle->key && secret.asked) {
        return Error{.code = ErrorCode::permission_denied,
                     .message = passphrase.empty() ? "the private key is encrypted: it needs a passphrase"
                                                   : "the passphrase does not open the private key"};
    }
    if (!handle->key) return not_a_key("private key");
    if (!is_p256(handle->key.get())) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "this kind of private key is not supported",
                     .hint = "ECDSA on P-256 is, as cosign uses it"};
    }
    return PrivateKey(std::move(handle));
}

namespace {

using AlgorithmPtr = CPtr<X509_ALGOR, X509_ALGOR_free>;
using Pkcs8 = CPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using Encrypted = CPtr<X509_SIG, X509_SIG_free>;

/// Encrypts with a key from scrypt (16 MiB): a stolen file cannot be guessed at cheaply, as with OpenSSL's
/// default.
Encrypted encrypt(EVP_PKEY* key, std::string_view passphrase) {
    constexpr std::uint64_t kN = 16384;
    constexpr std::uint64_t kR = 8;
    constexpr std::uint64_t kP = 1;
    std::array<unsigned char, 16> salt{};
    const Pkcs8 plain(EVP_PKEY2PKCS8(key));
    if (!plain || RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return nullptr;
    AlgorithmPtr method(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt.data(), static_cast<int>(salt.size()),
                                              nullptr, kN, kR, kP));
    if (!method) return nullptr;
    Encrypted result(
        PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()), plain.get(), method.get()));
    // NOLINTNEXTLINE(bugprone-unused-return-value): it belongs to the result now
    if (result) (void)method.release();
    return result;
}

}  // namespace

Result<std::string> PrivateKey::to_pem(std::string_view passphrase) const {
    const ClearErrors clear;
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || passphrase.size() > 1024) return internal("write a private key");
    if (passphrase.empty()) {
        if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key_->key.get(), nullptr, nullptr, 0, nullptr,
                                          nullptr) != 1) {
            return internal("write a private key");
        }
    } else {
        const Encrypted encrypted = encrypt(key_->key.get(), passphrase);
        if (!encrypted || PEM_write_bio_PKCS8(bio.get(), encrypted.get()) != 1)
            return internal("encrypt a private key");
    }
    return content(bio.get());
}

Result<std::string> PrivateKey::public_pem() const {
    const ClearErrors clear;
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PUBKEY(bio.get(), key_->key.get()) != 1) return internal("write a public key");
    return content(bio.get());
}

Result<Bytes> PrivateKey::sign(std::span<const std::byte> message) const {
    const ClearErrors clear;
    const MdContext context(EVP_MD_CTX_new());
    const auto* data = reinterpret_cast<const unsigned char*>(message.data());
    std::size_t size = 0;
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, data, message.size()) != 1) {
        return internal("sign");
    }
    Bytes signature(size);
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                       message.size()) != 1) {
        return internal("sign");
    }
    signature.resize(size);
    return signature;
}

}  // namespace gadget::packager
