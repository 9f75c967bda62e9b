// SPDX-License-Identifier: Apache-2.0
// The btfgen layer: BTF for kernels that bring none, cut down to what the gadget needs. A gzipped tar of
// <ID>/<VERSION_ID>/<machine>/<release>.btf, ID and VERSION_ID as in /etc/os-release.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::packager {

/// A kernel as the layer names it.
struct KernelName {
    std::string id;       ///< "ubuntu"
    std::string version;  ///< "20.04"
    std::string machine;  ///< as uname -m: "x86_64", "aarch64"
    std::string release;  ///< as uname -r

    /// "ubuntu/20.04/x86_64/5.4.0-90-generic.btf"
    [[nodiscard]] std::string path() const;
    friend auto operator<=>(const KernelName&, const KernelName&) = default;
};

/// The layer with the BTF of these kernels. The same input gives the same bytes. invalid_argument: a name
/// that cannot be a path.
[[nodiscard]] Result<Bytes> pack_btfgen(const std::map<KernelName, Bytes>& kernels);

/// The BTF for `kernel` in a layer, or nullopt. Also read are names with "./" before them, and the flat form
/// "<release>.btf" that Inspektor Gadget writes since 0.52. corrupt_data: it is no such layer.
[[nodiscard]] Result<std::optional<Bytes>> find_btf(std::span<const std::byte> layer,
                                                    const KernelName& kernel);

}  // namespace gadget::packager
