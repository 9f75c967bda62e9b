// SPDX-License-Identifier: Apache-2.0
// The part of the test kit that runs beside the gadget: as PID 1 of a test machine, or as a child on this
// kernel.
#pragma once

namespace gadget::testkit {

/// Whether this process was started to be the test agent or a stimulus rather than to serve a user's command
/// line: it is PID 1, or its first argument is one of the words that only the test kit passes
/// ("testkit-agent", "testkit-target", "testkit-verify", "testkit-attach").
[[nodiscard]] bool is_guest_invocation(int argc, char* const* argv);

/// Runs the agent. As PID 1: mounts the file systems, loads the modules of the job, runs its tests, reports,
/// and powers the machine off; does not return. Otherwise returns the exit status for main(): 0 = every test
/// was run and reported.
///
/// The gadget is started as `<this executable> run OBJECT --manifest FILE -o json --timeout SECONDS
/// --ready-fd N
/// [--param VALUE]...` and is expected to print one JSON object per event and line on its standard output, to
/// write one byte to descriptor N once all programs are attached, to end on SIGINT after the events that are
/// still buffered, and to follow the exit statuses of the command line.
int guest_main(int argc, char** argv);

}  // namespace gadget::testkit
