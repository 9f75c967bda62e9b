// SPDX-License-Identifier: Apache-2.0
// "testkit-attach OBJECT PROGRAM": loads one program of an object and attaches it, with libbpf alone. What
// the kernel says goes to standard error.
#pragma once

namespace gadget::testkit::guest {

/// Exit statuses; 0 when it was attached, or when there is nothing that its kind attaches to by itself.
inline constexpr int kLoadRefused = 10;
inline constexpr int kAttachRefused = 11;

int attach_main(int argc, char** argv);

}  // namespace gadget::testkit::guest
