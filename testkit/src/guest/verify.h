// SPDX-License-Identifier: Apache-2.0
// "testkit-verify OBJECT LEVEL [PROGRAM]": loads the programs of an object one by one and prints what the
// kernel's verifier said, as records (../record.h), one a line on standard output:
//   object FAILURE                          why the object could not be opened
//   program NAME SECTION VERDICT ERRNO INSNS XLATED JITED VERIFIED MEMORY TRUNCATED MESSAGE
//   log TEXT                                a line of the log of the last program
// VERDICT is "accepted", "rejected", "map-error" or "object-error"; numbers are 0 when they are not known.
#pragma once

#include <string>

struct bpf_object;
struct bpf_program;

namespace gadget::testkit::guest {

/// Sets what keeps programs and maps of an object from being loaded alone: of the programs only `name` is
/// loaded, and is returned (nullptr: there is none); maps have no pins, and a size.
bpf_program* choose_program(bpf_object* object, const std::string& name);

/// LEVEL is the log level of the kernel: 4 statistics, 2 every instruction. Returns the exit status.
int verify_main(int argc, char** argv);

}  // namespace gadget::testkit::guest
