// SPDX-License-Identifier: Apache-2.0
// Runs the built executables in an environment of their own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"

namespace gadget::tests {

struct Outcome {
    int status = 0;  ///< exit status; 128 + signal when a signal ended it
    std::string out;
    std::string err;
};

class CommandTest : public testing::Test {
  protected:
    CommandTest();

    /// gadget WORDS...
    Outcome gadget(std::vector<std::string> words) const;
    /// gadget-run WORDS...
    Outcome gadget_run(std::vector<std::string> words) const;
    /// Whether this kernel lets us load programs.
    bool may_use_bpf() const;
    /// Any program with the same environment.
    Outcome run(std::vector<std::string> argv) const;
    /// A folder below the temporary one with these files.
    std::filesystem::path folder(const std::string& name,
                                 const std::vector<std::pair<std::string, std::string>>& files) const;

    [[nodiscard]] const std::filesystem::path& home() const { return home_.path(); }
    [[nodiscard]] static std::filesystem::path repository() { return GADGETKIT_SOURCE_DIR; }
    [[nodiscard]] static std::string trace_open() { return (repository() / "gadgets/trace_open").string(); }
    std::vector<std::string> environment;

  private:
    TempDir home_;
};

/// A small gadget that compiles and has no findings.
extern const char* const kTinyProgram;

/// The names of everything below `folder`, sorted.
std::vector<std::string> files_below(const std::filesystem::path& folder);

}  // namespace gadget::tests
