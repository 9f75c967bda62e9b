// SPDX-License-Identifier: Apache-2.0
#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>

#include "gadget/packager/image.h"
#include "gadget/packager/reference.h"
#include "gadget/support/unique_fd.h"

namespace gadget::packager {

struct Hasher::State {
    CPtr<EVP_MD_CTX, EVP_MD_CTX_free> context;
    std::string algorithm;
};

Hasher::Hasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Result<Hasher> Hasher::create(std::string_view algorithm) {
    const EVP_MD* method = nullptr;
    // Without this, the first use would read the system's openssl.cnf: time, and settings that are not ours.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    if (algorithm == "sha256") method = EVP_sha256();
    if (algorithm == "sha512") method = EVP_sha512();
    if (method == nullptr) {
        return Error{.code = ErrorCode::unsupported,
                     .message = "digest algorithm '" + std::string(algorithm.substr(0, 40)) + "' is not supported",
                     .hint = "sha256 and sha512 are"};
    }
    auto state = std::make_unique<State>();
    state->algorithm = algorithm;
    state->context.reset(EVP_MD_CTX_new());
    if (!state->context || EVP_DigestInit_ex(state->context.get(), method, nullptr) != 1) {
        return Error{.code = ErrorCode::internal, .message = "cannot start a " + state->algorithm + " computation"};
    }
    return Hasher(std::move(state));
}

void Hasher::update(std::span<const std::byte> data) {
    // Fails only on a context that is not initialised, which create() excludes.
    if (EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) != 1) std::abort();
}

std::string Hasher::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned length = 0;
    if (EVP_DigestFinal_ex(state_->context.get(), value.data(), &length) != 1) std::abort();
    return state_->algorithm + ":" + to_hex(std::span(value).first(length));
}

std::string to_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
    }
    return text;
}

std::string sha256_digest(std::span<const std::byte> content) {
    auto hasher = Hasher::create("sha256");
    hasher->update(content);
    return hasher->finish();
}

namespace {

bool all_of(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kLowerHex = "0123456789abcdef";
constexpr std::string_view kLowerDigit = "abcdefghijklmnopqrstuvwxyz0123456789";

bool is_algorithm(std::string_view text) {
    if (!all_of(text, "abcdefghijklmnopqrstuvwxyz0123456789+._-")) return false;
    bool after_separator = true;
    for (const char c : text) {
        const bool separator = kLowerDigit.find(c) == std::string_view::npos;
        if (separator && after_separator) return false;
        after_separator = separator;
    }
    return !after_separator;
}

}  // namespace

Result<DigestParts> split_digest(std::string_view digest) {
    const auto colon = digest.find(':');
    const auto bad = [&](const std::string& why) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "'" + std::string(digest.substr(0, 160)) + "' is not a digest: " + why};
    };
    if (colon == std::string_view::npos || digest.size() > 512) return bad("expected <algorithm>:<hex>");
    const DigestParts parts{digest.substr(0, colon), digest.substr(colon + 1)};
    if (!is_algorithm(parts.algorithm)) return bad("wrong characters in the algorithm");
    if (!all_of(parts.encoded, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=_-")) {
        return bad("wrong characters after the colon");
    }
    const std::size_t expected = parts.algorithm == "sha256" ? 64 : parts.algorithm == "sha512" ? 128 : 0;
    if (expected != 0 && (parts.encoded.size() != expected || !all_of(parts.encoded, kLowerHex))) {
        return bad("expected " + std::to_string(expected) + " lower-case hex digits");
    }
    return parts;
}

bool is_digest(std::string_view text) {
    const auto parts = split_digest(text);
    return parts && (parts->algorithm == "sha256" || parts->algorithm == "sha512");
}

}  // namespace gadget::packager
