// SPDX-License-Identifier: Apache-2.0
#include "sha256.h"

// The plain functions, not the EVP interface: EVP drags every algorithm, 5 MB, into the static executables.
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>

#include <array>

namespace gadget::testkit {

std::string sha256_hex(std::span<const std::byte> content) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, content.data(), content.size());
    SHA256_Final(digest.data(), &context);
    std::string text;
    for (const unsigned char byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

}  // namespace gadget::testkit
