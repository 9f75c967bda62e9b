// SPDX-License-Identifier: Apache-2.0
#include "exit_status.h"

#include <gtest/gtest.h>

namespace gadget::cli {
namespace {

TEST(ExitStatus, FollowsTheContractOfTheCommandLine) {
    EXPECT_EQ(exit_status(ErrorCode::rejected_input), 1);
    EXPECT_EQ(exit_status(ErrorCode::corrupt_data), 1);
    EXPECT_EQ(exit_status(ErrorCode::invalid_argument), 2);
    EXPECT_EQ(exit_status(ErrorCode::unsupported), 3);
    EXPECT_EQ(exit_status(ErrorCode::permission_denied), 3);
    EXPECT_EQ(exit_status(ErrorCode::io), 4);
    EXPECT_EQ(exit_status(ErrorCode::boot_failed), 5);
    EXPECT_EQ(exit_status(ErrorCode::guest_panic), 6);
    EXPECT_EQ(exit_status(ErrorCode::timed_out), 7);
    EXPECT_EQ(exit_status(ErrorCode::internal), 70);
}

TEST(ExitStatus, AMissingConnectionIsSomethingThatTheEnvironmentLacks) {
    Error error{.code = ErrorCode::io, .message = "ghcr.io: no route to host"};
    EXPECT_EQ(exit_status(error), 4);
    error.requirement = Requirement{"a connection to ghcr.io", ""};
    EXPECT_EQ(exit_status(error), 3);
}

}  // namespace
}  // namespace gadget::cli
