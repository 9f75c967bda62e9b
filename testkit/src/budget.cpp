// SPDX-License-Identifier: Apache-2.0
// Verifier budgets: what was measured, against what a gadget's author allows.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "gadget/testkit/verifier.h"

namespace gadget::testkit {
namespace {

std::string percent(double value) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.1f %%", value);
    return text;
}

/// One kind of excess, as a sentence; "" when there is none.
std::string excess(std::string_view what, std::uint64_t value, const std::optional<std::uint64_t>& limit) {
    if (!limit || value <= *limit) return {};
    return std::to_string(value) + " " + std::string(what) + ", the budget is " + std::to_string(*limit);
}

std::string increase(std::string_view what, std::uint64_t now, std::uint64_t before,
                     const std::optional<double>& allowed) {
    if (!allowed || now <= before) return {};
    const auto base = static_cast<double>(std::max<std::uint64_t>(before, 1));
    const double change = 100.0 * static_cast<double>(now - before) / base;
    if (change <= *allowed) return {};
    return std::to_string(now) + " " + std::string(what) + ", " + percent(change) + " more than the " +
           std::to_string(before) + " of the baseline; " + percent(*allowed) + " is allowed";
}

Budget merged(const Budget& general, const Budget& own) {
    Budget budget = own;
    if (!budget.max_instructions) budget.max_instructions = general.max_instructions;
    if (!budget.max_states) budget.max_states = general.max_states;
    if (!budget.max_stack) budget.max_stack = general.max_stack;
    if (!budget.max_limit_percent) budget.max_limit_percent = general.max_limit_percent;
    if (!budget.max_increase_percent) budget.max_increase_percent = general.max_increase_percent;
    return budget;
}

void join(std::string& text, const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
}

std::string absolute_excess(const Budget& budget, const VerifierStatistics& statistics) {
    std::string text = excess("instructions", statistics.instructions, budget.max_instructions);
    join(text, excess("states", statistics.total_states, budget.max_states));
    join(text, excess("bytes of stack", statistics.stack_depth, budget.max_stack));
    if (budget.max_limit_percent && statistics.percent_of_limit() > *budget.max_limit_percent) {
        join(text, percent(statistics.percent_of_limit()) + " of the kernel's " +
                       std::to_string(statistics.limit) + " instructions, the budget is " +
                       percent(*budget.max_limit_percent));
    }
    return text;
}

/// Compares one program on one kernel with what the file says of it.
class Check {
  public:
    Check(const BudgetFile& file, const KernelSelector& kernel, const ProgramMeasurement& measured)
        : file_(file), measured_(measured), name_(kernel.to_string()) {
        check_.program = measured.program;
        check_.kernel = kernel;
        const auto found = file.programs.find(measured.program);
        if (found != file.programs.end()) own_ = &found->second;
    }

    BudgetCheck run() {
        if (check_verdict() && measured_.verdict == Verdict::accepted) check_numbers();
        return std::move(check_);
    }

  private:
    void fail(BudgetStatus status, std::string message) {
        check_.status = status;
        check_.message = std::move(message);
    }

    /// What the file expects of this kernel; a name without architecture or kernel stands for all.
    [[nodiscard]] Verdict expected() const {
        if (own_ == nullptr) return Verdict::accepted;
        for (const auto& key : {name_, check_.kernel.id}) {
            if (const auto found = own_->expected.find(key); found != own_->expected.end())
                return found->second;
        }
        return Verdict::accepted;
    }

    bool check_verdict() {
        const auto wanted = expected();
        if (measured_.verdict == wanted) return true;
        std::string message =
            std::string(to_string(measured_.verdict)) + ", expected: " + std::string(to_string(wanted));
        if (!measured_.reason.empty()) message += "; the kernel says: " + measured_.reason;
        if (!measured_.source.empty()) message += " [" + measured_.source + "]";
        fail(BudgetStatus::wrong_verdict, std::move(message));
        return false;
    }

    void check_numbers() {
        const auto budget = merged(file_.budget, own_ == nullptr ? Budget{} : own_->budget);
        const auto& statistics = measured_.statistics;
        const MeasuredProgram* before = nullptr;
        if (own_ != nullptr) {
            if (const auto found = own_->measured.find(name_); found != own_->measured.end())
                before = &found->second;
        }
        if (before != nullptr) {
            check_.has_baseline = true;
            check_.instruction_change = static_cast<std::int64_t>(statistics.instructions) -
                                        static_cast<std::int64_t>(before->instructions);
            check_.state_change = static_cast<std::int64_t>(statistics.total_states) -
                                  static_cast<std::int64_t>(before->states);
        }
        if (auto text = absolute_excess(budget, statistics); !text.empty())
            return fail(BudgetStatus::over_budget, std::move(text));
        if (before == nullptr) {
            // The host is another kernel on every machine: limits hold for it, a baseline there is none.
            if (!check_.kernel.is_host())
                fail(BudgetStatus::no_baseline, "the baseline has no values for this program on this kernel");
            return;
        }
        std::string text = increase("instructions", statistics.instructions, before->instructions,
                                    budget.max_increase_percent);
        join(text, increase("states", statistics.total_states, before->states, budget.max_increase_percent));
        if (!text.empty()) fail(BudgetStatus::increased, std::move(text));
    }

    const BudgetFile& file_;
    const ProgramMeasurement& measured_;
    std::string name_;
    const ProgramBudget* own_ = nullptr;
    BudgetCheck check_;
};

}  // namespace

std::string_view to_string(BudgetStatus status) {
    switch (status) {
        case BudgetStatus::within:
            return "within";
        case BudgetStatus::over_budget:
            return "over-budget";
        case BudgetStatus::increased:
            return "increased";
        case BudgetStatus::wrong_verdict:
            return "wrong-verdict";
        case BudgetStatus::no_baseline:
            return "no-baseline";
        case BudgetStatus::not_measured:
            return "not-measured";
    }
    return "not-measured";
}

std::vector<BudgetCheck> check_budget(const BudgetFile& file, std::span<const KernelMeasurement> measured) {
    std::vector<BudgetCheck> checks;
    for (const auto& kernel : measured) {
        if (kernel.failure) {
            checks.push_back({.program = "*",
                              .kernel = kernel.kernel,
                              .status = BudgetStatus::not_measured,
                              .message = kernel.failure->to_string()});
            continue;
        }
        for (const auto& program : kernel.programs)
            checks.push_back(Check(file, kernel.kernel, program).run());
    }
    return checks;
}

BudgetFile updated_budget(BudgetFile file, std::span<const KernelMeasurement> measured,
                          const std::string& clang) {
    file.clang = clang;
    std::set<std::string> names;
    bool any = false;
    for (const auto& kernel : measured) {
        if (kernel.failure) continue;
        any = true;
        for (const auto& program : kernel.programs) names.insert(program.program);
    }
    // A program of another architecture alone was perhaps not measured now.
    std::set<std::string> archs;
    for (const auto& kernel : measured) {
        if (!kernel.failure) archs.insert(std::string(model::to_string(kernel.kernel.arch)));
    }
    if (any) {
        std::erase_if(file.programs, [&](const auto& entry) {
            const auto& kept = entry.second.measured;
            const bool elsewhere = std::any_of(kept.begin(), kept.end(), [&](const auto& value) {
                return !archs.contains(value.first.substr(value.first.find('/') + 1));
            });
            return !names.contains(entry.first) && !elsewhere;
        });
    }
    for (const auto& kernel : measured) {
        if (kernel.failure || kernel.kernel.is_host()) continue;
        const auto name = kernel.kernel.to_string();
        file.objects[std::string(model::to_string(kernel.kernel.arch))] = kernel.object_sha256;
        file.kernels[name] = kernel.release;
        for (const auto& program : kernel.programs) {
            auto& own = file.programs[program.program];
            own.measured.erase(name);
            if (program.verdict != Verdict::accepted) continue;
            const auto& statistics = program.statistics;
            own.measured[name] = {.instructions = statistics.instructions,
                                  .states = statistics.total_states,
                                  .peak_states = statistics.peak_states,
                                  .stack = statistics.stack_depth,
                                  .size = program.size,
                                  .jited_size = program.jited_size};
        }
    }
    return file;
}

}  // namespace gadget::testkit
