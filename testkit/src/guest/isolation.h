// SPDX-License-Identifier: Apache-2.0
// What a test has for itself: namespaces, a control group, a folder. The gadget and the steps live in them;
// what they leave behind goes with them.
#pragma once

#include <string>

#include "gadget/support/result.h"

namespace gadget::testkit::guest {

/// Where the control groups of version 2 are mounted, as this process sees them; "" when they are not.
[[nodiscard]] std::string cgroup_mount();

/// Puts this process into the control group at `path`. False when it may not.
[[nodiscard]] bool join_cgroup(const std::string& path);

/// The control group of a test. The destructor kills what is still in it and removes it.
class TestGroup {
  public:
    /// A group `name` below the group that this process sees as the root, with the controllers that there
    /// are. Without control groups, or the right to make one, it is empty.
    static TestGroup create(const std::string& name);
    TestGroup(TestGroup&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TestGroup& operator=(TestGroup&&) = delete;
    TestGroup(const TestGroup&) = delete;
    TestGroup& operator=(const TestGroup&) = delete;
    ~TestGroup();

    [[nodiscard]] const std::string& path() const { return path_; }  ///< "" when there is none

  private:
    explicit TestGroup(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

/// Moves the calling process, which has one thread, into mount, network, UTS, IPC and control group
/// namespaces of its own. Files can be read as before but written only in `folder`, which is empty, and in
/// the file systems of the kernel; pins of BPF objects are not seen from outside; the loopback interface is
/// up. `permission_denied` when the process may not. Process ids stay those of the kernel: gadgets report
/// them.
Result<void> isolate(const TestGroup& group, const std::string& folder);

/// Ends every descendant of this process, which must be their reaper (PR_SET_CHILD_SUBREAPER).
void end_descendants();

}  // namespace gadget::testkit::guest
