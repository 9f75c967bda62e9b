// SPDX-License-Identifier: Apache-2.0
// Objects and metadata become an image, byte for byte as Inspektor Gadget writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/manifest.h"
#include "gadget/packager/image.h"

namespace gadget::packager {

/// What an image carries for one architecture. All absent: a gadget of metadata only.
struct ArchObject {
    model::Arch arch = model::Arch::amd64;
    std::optional<Bytes> ebpf{};
    std::optional<Bytes> wasm{};
    std::optional<Bytes> btfgen{};  ///< gzip tar, see spec of the btfgen layer
};

struct PackRequest {
    std::optional<model::Manifest>
        manifest;                     ///< nullopt: no metadata file; `text` becomes the config as it is
    std::vector<ArchObject> objects;  ///< at least one, each architecture once, in any order
    std::string builder_version;      ///< annotation io.inspektor-gadget.builder.version
    std::string created;              ///< RFC 3339, e.g. from created_from_epoch()
};

/// The same request gives the same bytes. invalid_argument: no object, an architecture twice, `created` not
/// RFC 3339.
[[nodiscard]] Result<Image> pack(const PackRequest& request);

/// "2025-10-20T13:28:46Z". Years 0 to 9999; others are clamped.
[[nodiscard]] std::string created_from_epoch(std::int64_t seconds);

/// The value of SOURCE_DATE_EPOCH: decimal seconds since 1970, as reproducible-builds.org defines it.
[[nodiscard]] Result<std::int64_t> parse_source_date_epoch(std::string_view text);

}  // namespace gadget::packager
