// SPDX-License-Identifier: Apache-2.0
// gadget-run with the gadget of every_type.bpf.c, on the kernel that this runs on: this machine's, or that of
// a test machine ('gadget test --exec').
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/subprocess.h"

namespace gadget::tests {

class GadgetRun : public testing::Test {
  protected:
    GadgetRun();
    /// Skips when this kernel does not let us load programs.
    void SetUp() override;

    /// The executable: $GADGET_RUN where the test kit has put one.
    static std::string executable();
    /// The words of a command line that runs the gadget.
    [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const;
    /// Runs the gadget to its end and fails when that is not exit status 0.
    [[nodiscard]] CommandOutput run(const std::vector<std::string>& words) const;
    /// What `source` alone prints; the run ends after `rows`.
    [[nodiscard]] std::string rows_of(const std::string& source, const std::string& mode, unsigned rows,
                                      std::vector<std::string> words = {}) const;
    [[nodiscard]] std::string file(const std::string& name) const { return folder_.path() / name; }
    /// -o that shows `source` in `mode` and nothing else.
    [[nodiscard]] static std::string only(const std::string& source, const std::string& mode);

  private:
    TempDir folder_;
};

/// Whether this is the kernel of a test machine, which is ours to change.
bool in_test_machine();

/// The lines of `text`, without their ends.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace gadget::tests
