// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gadget/support/result.h"

namespace gadget::cli {

/// What scripts see; docs/exit-status.md is the contract.
enum ExitStatus : int {
    kOk = 0,
    kRejected = 1,  ///< the input has errors, or tests failed
    kUsage = 2,
    kEnvironment = 3,  ///< the environment lacks something, which was named
    kFailure = 4,      ///< any other failure
    kNoBoot = 5,       ///< a test machine did not boot
    kGuestPanic = 6,
    kTimeout = 7,
    kInternal = 70,
};

[[nodiscard]] constexpr int exit_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::rejected_input:
        case ErrorCode::corrupt_data:
            return kRejected;
        case ErrorCode::invalid_argument:
            return kUsage;
        case ErrorCode::permission_denied:
        case ErrorCode::unsupported:
            return kEnvironment;
        case ErrorCode::not_found:
        case ErrorCode::already_exists:
        case ErrorCode::io:
            return kFailure;
        case ErrorCode::boot_failed:
            return kNoBoot;
        case ErrorCode::guest_panic:
            return kGuestPanic;
        case ErrorCode::timed_out:
            return kTimeout;
        case ErrorCode::cancelled:
            return 128 + 2;  // as shells report SIGINT
        case ErrorCode::internal:
            return kInternal;
    }
    return kInternal;
}

/// A file or a connection that fails is any failure, unless the error names what the environment lacks.
[[nodiscard]] inline int exit_status(const Error& error) {
    return error.code == ErrorCode::io && error.requirement ? static_cast<int>(kEnvironment)
                                                            : exit_status(error.code);
}

}  // namespace gadget::cli
