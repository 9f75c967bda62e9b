// SPDX-License-Identifier: Apache-2.0
// Small images, and layouts made by hand, for the tests of this library.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "gadget/packager.h"

namespace gadget::packager::test {

inline Bytes bytes(std::string_view text) {
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

inline constexpr const char* kCreated = "2026-01-02T03:04:05Z";

inline model::Manifest metadata(const std::string& name) {
    model::Manifest manifest;
    manifest.name = name;
    manifest.text = "name: " + name + "\n";
    return manifest;
}

inline PackRequest request(const std::string& name, const std::string& content = "object") {
    return {.manifest = metadata(name),
            .objects = {{.arch = model::Arch::amd64, .ebpf = bytes(content + " of amd64")},
                        {.arch = model::Arch::arm64, .ebpf = bytes(content + " of arm64")}},
            .builder_version = "v1.2.3",
            .created = kCreated};
}

inline Image image(const std::string& name, const std::string& content = "object") {
    return *pack(request(name, content));
}

inline void put(const std::filesystem::path& path, std::string_view content) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
}

inline std::string slurp(const std::filesystem::path& path) {
    return *read_text_file(path, kMaxBinaryFile);
}

inline std::filesystem::path blob_file(const std::filesystem::path& layout, const std::string& digest) {
    return layout / "blobs" / "sha256" / digest.substr(std::string("sha256:").size());
}

}  // namespace gadget::packager::test
