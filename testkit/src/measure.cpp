// SPDX-License-Identifier: Apache-2.0
// Programs loaded on real kernels, for what the verifier says.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>
#include <thread>

#include "gadget/support/text.h"
#include "gadget/testkit/verifier.h"
#include "kernel_session.h"
#include "sha256.h"

namespace gadget::testkit {
namespace {

constexpr std::uint32_t kTimeLimitMs = 120'000;  // of all programs of an object on one kernel
constexpr std::size_t kMaxLog = std::size_t{64} << 20;

template <class Number>
void read_number(const std::string& text, Number& value) {
    (void)std::from_chars(text.data(), text.data() + text.size(), value);
}

/// Puts together what the guest prints.
class Collector {
  public:
    explicit Collector(KernelMeasurement& target) : target_(target) {}

    void frame(const Record& record) {
        if (record[0] == "hello" && record.size() >= 2) target_.release = printable(record[1]);
        if (record[0] == "row" && record.size() == 3) {
            if (const auto inner = decode_record(record[2])) row(*inner);
        }
        if (record[0] == "log" && record.size() == 3) errors_ += printable(record[2]) + " ";
        if (record[0] == "end" && record.size() == 6) {
            ended_ = true;
            state_ = record[2];
            detail_ = printable(record[5]);
        }
    }

    void finish(const RunEnd& end) {
        for (auto& program : target_.programs) judge(program);
        if (end.failure) {
            target_.failure = end.failure;
        } else if (!problem_.empty()) {
            target_.failure = Error{.code = ErrorCode::rejected_input, .message = problem_};
        } else if (!ended_ || state_ != "exited") {
            target_.failure =
                Error{.code = state_ == "hung" ? ErrorCode::timed_out : ErrorCode::corrupt_data,
                      .message = state_ == "hung"
                                     ? "the loads did not end in time"
                                     : "the loads were not reported to their end " + detail_ + errors_};
        }
    }

  private:
    void row(const Record& row) {
        if (row[0] == "object" && row.size() == 2) problem_ = printable(row[1]);
        if (row[0] == "program" && row.size() == 12) {
            ProgramMeasurement program{.program = printable(row[1]), .section = printable(row[2])};
            program.verdict = parse_verdict(row[3]).value_or(Verdict::object_error);
            read_number(row[4], program.error);
            read_number(row[5], program.size);
            read_number(row[6], program.xlated_size);
            read_number(row[7], program.jited_size);
            read_number(row[8], program.statistics.instructions);
            read_number(row[9], program.memory_peak);
            program.log_truncated = row[10] == "1";
            program.reason = printable(row[11]);
            target_.programs.push_back(std::move(program));
        }
        if (row[0] == "log" && row.size() == 2 && !target_.programs.empty()) {
            auto& log = target_.programs.back().log;
            if (log.size() + row[1].size() < kMaxLog) {
                log.append(row[1]).append("\n");
            } else {
                target_.programs.back().log_truncated = true;
            }
        }
    }

    static void judge(ProgramMeasurement& program) {
        const auto log = parse_verifier_log(program.log);
        if (log.statistics) program.statistics = *log.statistics;
        if (program.verdict == Verdict::accepted) {
            program.reason.clear();
            return;
        }
        if (!log.reason.empty()) program.reason = log.reason;
        if (program.reason.empty()) program.reason = errno_text(program.error);
        program.source = log.source;
        if (!log.code.empty() && !log.reason.empty()) program.reason += " (at '" + log.code + "')";
    }

    KernelMeasurement& target_;
    std::string problem_;
    std::string errors_;
    std::string state_;
    std::string detail_;
    bool ended_ = false;
};

Cargo make_cargo(const MeasureRequest& request, const Bytes& object) {
    JobTest test{.id = "0", .kind = JobKind::command};
    test.argv = {"@program", "testkit-verify", "@/gadget.bpf.o", request.every_instruction ? "6" : "4"};
    if (!request.program.empty()) test.argv.push_back(request.program);
    test.timeout_ms = kTimeLimitMs;
    Cargo cargo{
        .job = {}, .files = {{"gadget.bpf.o", object}}, .limit = std::chrono::milliseconds(2 * kTimeLimitMs)};
    cargo.job.tests.push_back(std::move(test));
    return cargo;
}

}  // namespace

Result<std::vector<KernelMeasurement>> measure_programs(const MeasureRequest& request, TestObserver& observer,
                                                        const CancelToken& cancel) {
    if (request.kernels.empty())
        return Error{.code = ErrorCode::invalid_argument, .message = "there is no kernel to measure on"};
    std::vector<KernelMeasurement> results(request.kernels.size());
    std::mutex mutex;
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> cancelled = false;
    const auto measure = [&](std::size_t index) {
        auto& result = results[index];
        result.kernel = request.kernels[index];
        const auto object = request.objects.find(result.kernel.arch);
        if (object == request.objects.end()) {
            result.failure = Error{
                .code = ErrorCode::unsupported,
                .message = "there is no object for " + std::string(model::to_string(result.kernel.arch))};
            return;
        }
        result.object_sha256 = sha256_hex(object->second);
        const KernelPlace place{
            .runners = request.runners, .cache = request.cache, .memory_mib = request.memory_mib};
        Collector collector(result);
        const auto end = run_on_kernel(
            result.kernel, place, make_cargo(request, object->second),
            [&](const Record& record) {
                collector.frame(record);
                return std::vector<Record>{};
            },
            [&](std::string_view text) {
                const std::lock_guard lock(mutex);
                observer.step(result.kernel, text);
            },
            cancel);
        if (end) {
            collector.finish(*end);
        } else {
            result.failure = end.error();
        }
        if (result.failure && result.failure->code == ErrorCode::cancelled) cancelled = true;
    };
    {
        std::vector<std::jthread> threads;
        const auto workers = std::clamp<std::size_t>(request.parallel, 1, request.kernels.size());
        for (std::size_t i = 0; i < workers; ++i) {
            threads.emplace_back([&] {
                for (auto index = next++; index < results.size() && !cancelled; index = next++)
                    measure(index);
            });
        }
    }
    if (cancelled) return Error{.code = ErrorCode::cancelled, .message = "the measurement was interrupted"};
    return results;
}

}  // namespace gadget::testkit
