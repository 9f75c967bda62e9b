// SPDX-License-Identifier: Apache-2.0
// What belongs to an image without being part of it: names and discovery. Apart from signing.cpp, so that
// executables which sign and verify nothing do not carry the cryptography.
#include "gadget/packager/reference.h"
#include "gadget/packager/signing.h"
#include "store_garbage.h"

namespace gadget::packager {
namespace {

std::string digest_tag(std::string_view digest) {
    std::string tag(digest);
    if (const auto colon = tag.find(':'); colon != std::string::npos) tag[colon] = '-';
    return tag;
}

}  // namespace

std::string signature_tag(std::string_view image_digest) {
    return digest_tag(image_digest) + ".sig";
}
std::string referrers_tag(std::string_view image_digest) {
    return digest_tag(image_digest);
}

Result<std::vector<Descriptor>> attachments(const Layout& layout, const Descriptor& root) {
    return signatures_of(layout, {root});
}

bool is_attachment_name(std::string_view name) {
    if (const auto colon = name.rfind(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    if (name.ends_with(".sig")) name.remove_suffix(4);
    constexpr std::string_view kPrefix = "sha256-";
    return name.starts_with(kPrefix) && is_digest("sha256:" + std::string(name.substr(kPrefix.size())));
}

}  // namespace gadget::packager
