// SPDX-License-Identifier: Apache-2.0
// The registry that Docker publishes, started on this machine for a test.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"

namespace gadget::tests {

class DockerRegistry {
  public:
    /// The package that is missing for a registry with these features, or empty.
    static std::string missing(bool tls, bool accounts);
    /// Starts it and waits until it listens. `accounts`: only "me" with password "secret" may come in.
    DockerRegistry(bool tls, bool accounts);

    [[nodiscard]] const std::string& host() const { return host_; }
    [[nodiscard]] std::filesystem::path certificate() const { return dir_.path() / "cert"; }

  private:
    TempDir dir_;
    std::string host_;
    std::optional<Subprocess> process_;
};

}  // namespace gadget::tests
