// SPDX-License-Identifier: Apache-2.0
// libFuzzer targets: everything that reads bytes of strangers, one executable for each FUZZ_TARGET.
#include <cstdlib>

#include "gadget/packager.h"
#include "gadget/packager/registry.h"
#include "go_json.h"
#include "oci_json.h"
#include "registry/challenge.h"
#include "registry/session.h"
#include "registry/upload.h"
#include "registry/url.h"
#include "tar_format.h"

namespace gadget::packager {
namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

void fuzz_index(std::span<const std::byte> content) {
    const auto index = parse_index(content, "index");
    if (!index) return;
    // What was read can be written and read again, and is the same.
    const std::string text = index_json(index->manifests, index->annotations);
    const auto again = parse_index(as_bytes(text), "index");
    check(again.has_value() && again->manifests == index->manifests &&
          again->annotations == index->annotations);
}

void fuzz_manifest(std::span<const std::byte> content) {
    const auto manifest = parse_manifest(content, "manifest");
    if (!manifest) return;
    const auto again = parse_manifest(as_bytes(manifest_json(*manifest)), "manifest");
    check(again.has_value() && again->layers == manifest->layers && again->config == manifest->config);
}

void fuzz_tar(std::span<const std::byte> content) {
    const auto fd = memory_file("tar", content);
    check(fd.has_value());
    const auto scanned = scan_tar(fd->get(), content.size(), "tar", [&](const TarMember& member) {
        check(!member.name.empty() && member.name.front() != '/' &&
              member.offset + member.size <= content.size());
        check(("/" + member.name + "/").find("/../") == std::string::npos);
    });
    (void)scanned;
}

void fuzz_location(std::span<const std::byte> content) {
    const auto text = as_text(content);
    const auto base = parse_url("https://a:5000/v2/x?y");
    const auto url = resolve_location(*base, text);
    if (!url) return;
    check(url->to_string().find_first_of("\r\n ") == std::string::npos);
    const auto again = parse_url(url->to_string());
    check(again.has_value() && again->same_origin(*url) && again->target == url->target);
}

void fuzz_reference(std::span<const std::byte> content) {
    const auto text = as_text(content);
    const auto reference = parse_reference(text);
    if (!reference) return;
    const auto again = parse_reference(reference->to_string());
    check(again.has_value() && *again == *reference);
    const auto familiar = parse_reference(reference->familiar());
    check(familiar.has_value() && *familiar == *reference);
}

void fuzz_challenge(std::span<const std::byte> content) {
    for (const auto& challenge : parse_challenges(as_text(content))) check(!challenge.scheme.empty());
}

/// Small parsers of headers and of the user's files.
void fuzz_other(std::span<const std::byte> content) {
    const auto text = as_text(content);
    (void)next_link(text);
    (void)parse_retry_after(std::string(text), 0);
    (void)parse_upload_range(text);
    (void)parse_policy(text, "policy");
    (void)credentials_from_config(text, "ghcr.io", "");
    (void)parse_simple_signing(content, "payload");
    (void)find_btf(content, {"debian", "12", "x86_64", "6.1"});
}

}  // namespace
}  // namespace gadget::packager

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    gadget::packager::FUZZ_TARGET(std::as_bytes(std::span(data, size)));
    return 0;
}
