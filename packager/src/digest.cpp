// SPDX-License-Identifier: Apache-2.0
#include "digest.h"

// The plain functions, not the EVP interface: EVP drags every algorithm, 5 MB, into the static executables,
// and reads the system's openssl.cnf at its first use.
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>

#include <array>
#include <variant>

#include "gadget/packager/image.h"
#include "gadget/packager/reference.h"

namespace gadget::packager {

struct Hasher::State {
    std::variant<SHA256_CTX, SHA512_CTX> context;
};

Hasher::Hasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Result<Hasher> Hasher::create(std::string_view algorithm) {
    auto state = std::make_unique<State>();
    if (algorithm == "sha256") {
        SHA256_Init(&state->context.emplace<SHA256_CTX>());
    } else if (algorithm == "sha512") {
        SHA512_Init(&state->context.emplace<SHA512_CTX>());
    } else {
        return Error{
            .code = ErrorCode::unsupported,
            .message = "digest algorithm '" + std::string(algorithm.substr(0, 40)) + "' is not supported",
            .hint = "sha256 and sha512 are"};
    }
    return Hasher(std::move(state));
}

void Hasher::update(std::span<const std::byte> data) {
    if (auto* sha256 = std::get_if<SHA256_CTX>(&state_->context))
        SHA256_Update(sha256, data.data(), data.size());
    if (auto* sha512 = std::get_if<SHA512_CTX>(&state_->context))
        SHA512_Update(sha512, data.data(), data.size());
}

std::string Hasher::finish() {
    std::array<unsigned char, SHA512_DIGEST_LENGTH> value{};
    if (auto* sha256 = std::get_if<SHA256_CTX>(&state_->context)) {
        SHA256_Final(value.data(), sha256);
        return "sha256:" + to_hex(std::span(value).first(SHA256_DIGEST_LENGTH));
    }
    SHA512_Final(value.data(), std::get_if<SHA512_CTX>(&state_->context));
    return "sha512:" + to_hex(value);
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
