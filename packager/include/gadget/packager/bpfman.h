// SPDX-License-Identifier: Apache-2.0
// The form in which bpfman loads eBPF from images: one gzipped tar layer with the object at its root, and
// labels that name programs and maps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/packager/image.h"

namespace gadget::packager {

struct BpfmanObject {
    model::Arch arch = model::Arch::amd64;
    Bytes object;
    std::map<std::string, std::string> programs;  ///< name to kind: "kprobe", "tracepoint", "xdp"
    std::map<std::string, std::string> maps;      ///< name to kind: "hash", "ringbuf"
};

/// An index with one image for each object. The same request gives the same bytes. `created` is RFC 3339.
/// invalid_argument: no object; rejected_input: an object above the 16 MiB that bpfman reads.
[[nodiscard]] Result<Image> pack_for_bpfman(const std::vector<BpfmanObject>& objects,
                                            const std::string& created);

}  // namespace gadget::packager
