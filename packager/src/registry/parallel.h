// SPDX-License-Identifier: Apache-2.0
// Work on several blobs at once, and one progress for all of it.
#pragma once

#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/support/progress.h"
#include "registry_impl.h"

namespace gadget::packager {

/// Adds up what several threads do. `target` may be null.
class SharedProgress {
  public:
    SharedProgress(Progress* target, const std::vector<Descriptor>& blobs);
    void begin(const std::string& text);
    void add(std::uint64_t bytes);
    void take_back(std::uint64_t bytes);

  private:
    std::mutex mutex_;
    Progress* target_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
};

/// Does `work` for each blob, on this thread with `registry` and on helpers with connections of their own, as
/// many as the options allow; they stay connected for the next time. The first failure ends the work and is
/// returned.
Result<void> in_parallel(RegistryImpl& registry, std::span<const Descriptor> blobs,
                         const std::function<Result<void>(RegistryImpl&, const Descriptor&)>& work);

}  // namespace gadget::packager
