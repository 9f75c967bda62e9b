// SPDX-License-Identifier: Apache-2.0
// The agent: runs the tests of a job one after another and reports to the host.
//
// Frames to the host (fields): hello RELEASE MACHINE VERSION | begin TEST | skip TEST FEATURE WHY | var TEST
// NAME VALUE | ready TEST MS | step TEST ID FAILURE | stimulated TEST | row TEST JSON | log TEST LINE |
// kernel TEST LINE | end TEST STATE CODE SIGNAL DETAIL | fatal WHY | done. STATE is "ended" (after we asked
// it to), "early" (by itself), "hung" (had to be killed), "unready" (never said that it is attached) or
// "broken" (could not be started); of a command "exited" or "hung". Frames from the host: stop TEST
// SETTLE_MS.
#pragma once

#include "../job.h"
#include "channel.h"

namespace gadget::testkit::guest {

inline constexpr const char* kProtocolVersion = "1";

/// Runs all tests of `job`. `scratch` is a folder that exists; each test gets a folder of its own in it.
void run_job(const Job& job, const std::string& scratch, Channel& channel);

}  // namespace gadget::testkit::guest
