// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "gadget/support/text.h"
#include "gadget/testkit.h"
#include "host_run.h"
#include "kernel_run.h"
#include "kernel_session.h"
#include "machine_limit.h"

namespace gadget::testkit {
namespace {

using std::chrono::milliseconds;

/// Serialises the calls of several machines.
class SharedObserver {
  public:
    explicit SharedObserver(TestObserver& observer) : observer_(observer) {}
    void step(const KernelSelector& kernel, std::string_view text) {
        const std::lock_guard lock(mutex_);
        observer_.step(kernel, text);
    }
    void finished(const TestResult& result) {
        const std::lock_guard lock(mutex_);
        observer_.finished(result);
    }

  private:
    TestObserver& observer_;
    std::mutex mutex_;
};

class Run {
  public:
    Run(const TestRequest& request, TestObserver& observer, const CancelToken& cancel)
        : request_(request), observer_(observer), cancel_(cancel), results_(request.kernels.size()) {}

    Result<std::vector<TestResult>> all() {
        const auto most = request_.parallel != 0 ? request_.parallel
                                                 : machines_at_once(host_resources(), request_.memory_mib);
        const auto workers =
            std::clamp<std::size_t>(most, 1, std::max<std::size_t>(1, request_.kernels.size()));
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
        }
        if (cancelled_) return Error{.code = ErrorCode::cancelled, .message = "the tests were interrupted"};
        std::vector<TestResult> results;
        for (auto& some : results_) std::move(some.begin(), some.end(), std::back_inserter(results));
        return results;
    }

    Result<std::vector<std::string>> command(const KernelSelector& kernel,
                                             const std::filesystem::path& file) const {
        GADGET_TRY_ASSIGN(Cargo cargo, cargo_for(kernel, request_.scenarios));
        return machine_command(kernel, place(), std::move(cargo), file, cancel_);
    }

  private:
    void work() {
        for (auto index = next_++; index < request_.kernels.size() && !cancelled_; index = next_++) {
            results_[index] = test_kernel(request_.kernels[index]);
            for (const auto& result : results_[index]) {
                if (!cancelled_) observer_.finished(result);
            }
        }
    }

    std::vector<TestResult> test_kernel(const KernelSelector& kernel) {
        const auto is_replay = [](const Scenario& scenario) { return !scenario.replay.empty(); };
        const auto& all = request_.scenarios;
        if (!kernel.is_host() || std::none_of(all.begin(), all.end(), is_replay) ||
            missing_host_permission().empty())
            return run_scenarios(kernel, all);
        // Recordings need no permission: each scenario for itself, in its place.
        std::vector<TestResult> results;
        for (const auto& scenario : all) {
            auto some = run_scenarios(kernel, {scenario});
            std::move(some.begin(), some.end(), std::back_inserter(results));
        }
        return results;
    }

    std::vector<TestResult> run_scenarios(const KernelSelector& kernel,
                                          const std::vector<Scenario>& scenarios) {
        const auto tell = [&](std::string_view text) { observer_.step(kernel, text); };
        KernelRun run(kernel, scenarios, tell, patience(kernel));
        auto end = on_kernel(kernel, scenarios, run);
        if (!end) return not_run(kernel, scenarios, end.error());
        if (end->failure && end->failure->code == ErrorCode::cancelled) cancelled_ = true;
        const auto folder = kernel.id + "-" + std::string(model::to_string(kernel.arch));
        return run.finish(*end, request_.logs.empty() ? request_.logs : request_.logs / folder);
    }

    Result<Cargo> cargo_for(const KernelSelector& kernel, const std::vector<Scenario>& scenarios) const {
        const auto object = request_.objects.find(kernel.arch);
        if (object == request_.objects.end()) {
            const std::string name(model::to_string(kernel.arch));
            return Error{.code = ErrorCode::unsupported,
                         .message = "the gadget has no object for " + name,
                         .hint = "build it with '--arch " + name + "'",
                         .requirement = Requirement{name + " object", ""}};
        }
        Cargo cargo{.job = make_job(scenarios, "@/gadget.bpf.o",
                                    request_.manifest.empty() ? "" : "@/gadget.yaml", patience(kernel)),
                    .files = {{"gadget.bpf.o", object->second}},
                    .limit = run_timeout() * patience(kernel)};
        if (!request_.manifest.empty()) cargo.files.push_back({"gadget.yaml", as_bytes(request_.manifest)});
        for (std::size_t i = 0; i < scenarios.size(); ++i) {
            if (!scenarios[i].replay.empty())
                cargo.files.push_back({recording_name(i), scenarios[i].recording});
        }
        return cargo;
    }

    [[nodiscard]] KernelPlace place() const {
        return {.runners = request_.runners,
                .cache = request_.cache,
                .boot_timeout = request_.boot_timeout,
                .memory_mib = request_.memory_mib,
                .debug = {.gdb_port = request_.gdb_port}};
    }

    Result<RunEnd> on_kernel(const KernelSelector& kernel, const std::vector<Scenario>& scenarios,
                             KernelRun& run) {
        GADGET_TRY_ASSIGN(Cargo cargo, cargo_for(kernel, scenarios));
        return run_on_kernel(
            kernel, place(), std::move(cargo), [&run](const Record& record) { return run.frame(record); },
            [&](std::string_view text) { observer_.step(kernel, text); }, cancel_);
    }

    /// Limits are meant for hardware: an emulated machine on a busy host is many times slower.
    [[nodiscard]] unsigned patience(const KernelSelector& kernel) const {
        return kernel.is_host() ? 1 : std::max(1U, request_.patience);
    }

    [[nodiscard]] milliseconds run_timeout() const {
        milliseconds total{10'000};
        for (const auto& scenario : request_.scenarios)
            total += milliseconds(scenario.timeout_seconds * 1000 + 15'000);
        return total;
    }

    std::vector<TestResult> not_run(const KernelSelector& kernel, const std::vector<Scenario>& scenarios,
                                    const Error& error) {
        if (error.code == ErrorCode::cancelled) cancelled_ = true;
        std::vector<TestResult> results;
        for (const auto& scenario : scenarios) {
            TestResult result{.scenario = scenario.name, .kernel = kernel, .outcome = Outcome::error};
            result.failure = error.code == ErrorCode::not_found || is_network(error)
                                 ? FailureClass::no_kernel
                                 : FailureClass::no_machine;
            result.message = error.message;
            result.suggestion = error.hint;
            if (error.code == ErrorCode::permission_denied && kernel.is_host()) {
                result.outcome = Outcome::skipped;
                result.failure = FailureClass::no_permission;
                result.message = "missing: " + error.message;
            }
            results.push_back(std::move(result));
        }
        return results;
    }

    static bool is_network(const Error& error) {
        return error.requirement && error.requirement->feature.find("mirror") != std::string::npos;
    }

    const TestRequest& request_;
    SharedObserver observer_;
    const CancelToken& cancel_;
    std::vector<std::vector<TestResult>> results_;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

Result<std::vector<TestResult>> run_tests(const TestRequest& request, TestObserver& observer,
                                          const CancelToken& cancel) {
    if (request.scenarios.empty() || request.kernels.empty()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = request.kernels.empty() ? "there is no kernel to test on"
                                                        : "there is no scenario to run"};
    }
    return Run(request, observer, cancel).all();
}

Result<std::vector<std::string>> machine_command_line(const TestRequest& request,
                                                      const KernelSelector& kernel,
                                                      const std::filesystem::path& initramfs,
                                                      const CancelToken& cancel) {
    class Silent final : public TestObserver {
        void step(const KernelSelector&, std::string_view) override {}
        void finished(const TestResult&) override {}
    } observer;
    return Run(request, observer, cancel).command(kernel, initramfs);
}

int exit_status(std::span<const TestResult> results) {
    const auto any = [&](std::initializer_list<FailureClass> classes) {
        return std::any_of(results.begin(), results.end(), [&](const TestResult& result) {
            const bool bad = result.outcome == Outcome::failed || result.outcome == Outcome::error;
            return bad && std::find(classes.begin(), classes.end(), result.failure) != classes.end();
        });
    };
    const auto any_outcome = [&](Outcome outcome) {
        return std::any_of(results.begin(), results.end(),
                           [&](const TestResult& result) { return result.outcome == outcome; });
    };
    if (any({FailureClass::timed_out})) return 7;
    if (any({FailureClass::guest_panic, FailureClass::out_of_memory})) return 6;
    if (any({FailureClass::boot_failed})) return 5;
    if (any({FailureClass::no_kernel, FailureClass::no_machine, FailureClass::no_permission})) return 3;
    if (any_outcome(Outcome::failed)) return 1;
    return any_outcome(Outcome::error) ? 4 : 0;
}

}  // namespace gadget::testkit
