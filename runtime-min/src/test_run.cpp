// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>

#include <cerrno>
#include <climits>

#include "gadget/runtime/manager.h"
#include "kernel_error.h"

namespace gadget::runtime {

Result<TestRunOutcome> Manager::test_run(std::string_view program, const TestRunInput& input) const {
    constexpr std::size_t kHeadroom = 512;  // programs may grow a packet
    constexpr int kInterrupted = 16;
    const std::string what = "running program '" + std::string(program) + "' on test data";
    if (input.data.size() > INT_MAX / 2 || input.context.size() > INT_MAX / 2 || input.repeat > INT_MAX) {
        return Error{ErrorCode::invalid_argument, what + ": too much data or too many repetitions"};
    }
    GADGET_TRY_ASSIGN(const UniqueFd fd, program_fd(program));
    TestRunOutcome outcome;
    for (int attempt = 0; attempt < kInterrupted; ++attempt) {
        bpf_test_run_opts options{};
        options.sz = sizeof(options);
        if (!input.data.empty()) {
            outcome.data.resize(input.data.size() + kHeadroom);
            options.data_in = input.data.data();
            options.data_size_in = static_cast<__u32>(input.data.size());
            options.data_out = outcome.data.data();
            options.data_size_out = static_cast<__u32>(outcome.data.size());
            options.repeat = static_cast<int>(input.repeat);
        }
        if (!input.context.empty()) {
            options.ctx_in = input.context.data();
            options.ctx_size_in = static_cast<__u32>(input.context.size());
        }
        const int status = bpf_prog_test_run_opts(fd.get(), &options);
        if (status == 0) {
            outcome.return_value = options.retval;
            outcome.duration = std::chrono::nanoseconds(options.duration);
            outcome.data.resize(options.data_size_out);
            return outcome;
        }
        if (errno == EINTR || errno == EAGAIN) {
            if (input.on_restart) input.on_restart();
            continue;
        }
        if (errno == 524 || errno == EOPNOTSUPP) {
            return Error{ErrorCode::unsupported,
                         what + ": this kernel cannot run programs of that kind on demand", "",
                         Requirement{"BPF_PROG_TEST_RUN for this program type", ""}};
        }
        return errno_error(errno, what);
    }
    return Error{ErrorCode::timed_out, what + ": interrupted again and again by signals"};
}

}  // namespace gadget::runtime
