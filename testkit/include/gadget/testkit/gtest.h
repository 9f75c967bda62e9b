// SPDX-License-Identifier: Apache-2.0
// Tests of a gadget in C++ with Google Test: a fixture that runs the gadget, and matchers for its events.
//
//   using namespace gadget::testkit;
//   TEST_F(GadgetTest, ReportsAnOpenThatFails) {
//       GADGET_REQUIRE("tracepoint");
//       ASSERT_TRUE(start({{"pid", std::to_string(::getpid())}}));
//       (void)::open("/nothing-here", O_RDONLY);
//       EXPECT_TRUE(eventually(Contains(AllOf(HasField("fname", "/nothing-here"), HasField("fd", -1)))));
//       ASSERT_TRUE(stop());
//       EXPECT_THAT(rows(), Each(HasField("proc.pid", ::getpid())));
//   }
//
// Link GadgetKit::testkit_gtest, and let gadget_add_test() run the program: on this kernel and inside of
// others.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gadget/testkit/running_gadget.h"

/// Skips the test where the kernel does not do `feature` (a word of `requires` in scenarios, as text), and
/// says why not. In the body of a test, or in SetUp().
#define GADGET_REQUIRE(feature)                                                        \
    if (const auto gadget_reason = ::gadget::testkit::missing_kernel_feature(feature); \
        !gadget_reason.empty())                                                        \
    GTEST_SKIP() << "missing: " << (feature) << ": " << gadget_reason

namespace gadget::testkit {

/// What the environment says of the gadget: GADGET_RUN, GADGET_OBJECT, GADGET_MANIFEST (may be missing) and
/// GADGET_KERNEL, which `gadget test --exec` and gadget_add_test() set. nullopt when one of the first two is
/// not set.
inline std::optional<GadgetUnderTest> gadget_from_environment() {
    const auto value = [](const char* name) {
        const char* text = std::getenv(name);
        return std::string(text == nullptr ? "" : text);
    };
    GadgetUnderTest gadget{.runner = value("GADGET_RUN"),
                           .object = value("GADGET_OBJECT"),
                           .manifest = value("GADGET_MANIFEST")};
    if (const auto kernel = value("GADGET_KERNEL"); !kernel.empty()) gadget.kernel = kernel;
    if (gadget.runner.empty() || gadget.object.empty()) return std::nullopt;
    return gadget;
}

namespace detail {

/// A field that is there, and whose text or number the inner matcher takes.
template <class Value>
class FieldMatcher : public testing::MatcherInterface<const Row&> {
  public:
    FieldMatcher(std::string field, testing::Matcher<const Value&> inner)
        : field_(std::move(field)), inner_(std::move(inner)) {}

    bool MatchAndExplain(const Row& row, testing::MatchResultListener* listener) const override {
        const auto text = row.text(field_);
        if (!text) {
            *listener << "which has no field '" << field_ << "'";
            return false;
        }
        *listener << "whose field '" << field_ << "' is '" << *text << "'";
        if constexpr (std::is_same_v<Value, double>) {
            const auto number = row.number(field_);
            return number && inner_.Matches(*number);
        } else {
            return inner_.Matches(*text);
        }
    }
    void DescribeTo(std::ostream* out) const override {
        *out << "has a field '" << field_ << "' that ";
        inner_.DescribeTo(out);
    }
    void DescribeNegationTo(std::ostream* out) const override {
        *out << "has no field '" << field_ << "' that ";
        inner_.DescribeTo(out);
    }

  private:
    std::string field_;
    testing::Matcher<const Value&> inner_;
};

}  // namespace detail

/// Matches a Row whose `field` (a dotted path) is a number that satisfies `expected`, e.g. testing::Ge(1024).
inline testing::Matcher<const Row&> HasNumber(std::string field, testing::Matcher<const double&> expected) {
    return testing::MakeMatcher(new detail::FieldMatcher<double>(std::move(field), std::move(expected)));
}

/// Matches a Row whose `field` (a dotted path) is `expected`: a text, a bool, a number, or a matcher for the
/// text of the field, e.g. testing::StartsWith("/proc/").
template <class Expected>
testing::Matcher<const Row&> HasField(std::string field, const Expected& expected) {
    if constexpr (std::is_floating_point_v<Expected>) {
        return HasNumber(std::move(field), testing::Matcher<const double&>(testing::Eq(double{expected})));
    } else {
        testing::Matcher<const std::string&> inner;
        if constexpr (std::is_same_v<Expected, bool>) {
            inner = testing::Eq(std::string(expected ? "true" : "false"));
        } else if constexpr (std::is_integral_v<Expected>) {
            inner = testing::Eq(std::to_string(expected));
        } else if constexpr (std::is_convertible_v<const Expected&, std::string_view>) {
            inner = testing::Eq(std::string(std::string_view(expected)));
        } else {
            inner = testing::SafeMatcherCast<const std::string&>(expected);
        }
        return testing::MakeMatcher(
            new detail::FieldMatcher<std::string>(std::move(field), std::move(inner)));
    }
}

/// Matches a Row that has that field, whatever it is: Not(HasField("error")) is a row without it.
inline testing::Matcher<const Row&> HasField(std::string field) {
    return HasField(std::move(field), testing::An<const std::string&>());
}

/// Runs the gadget that the environment names, once in a test. Without rights to load programs, or without a
/// gadget, tests are skipped and say what is missing.
class GadgetTest : public testing::Test {
  protected:
    using Rows = std::vector<Row>;
    static constexpr std::chrono::seconds kPatience{60};  ///< generous: test machines are slow

    void SetUp() override {
        gadget_ = gadget_from_environment();
        if (!gadget_) GTEST_SKIP() << "missing: GADGET_RUN and GADGET_OBJECT, which gadget_add_test() sets";
        if (::geteuid() != 0) GTEST_SKIP() << "missing: root, to load eBPF programs";
    }

    /// Starts the gadget with values for its parameters; when it returns, all programs are attached.
    testing::AssertionResult start(const RunningGadget::Params& params = {},
                                   std::chrono::milliseconds timeout = kPatience) {
        if (!gadget_) return testing::AssertionFailure() << "there is no gadget to start";
        auto running = RunningGadget::start(*gadget_, params, timeout);
        if (!running) return testing::AssertionFailure() << running.error().to_string();
        running_.emplace(std::move(*running));
        return testing::AssertionSuccess();
    }

    /// Waits until the rows so far, as a vector, match: eventually(Contains(HasField("comm", "cat"))).
    testing::AssertionResult eventually(const testing::Matcher<const Rows&>& expected,
                                        std::chrono::milliseconds timeout = kPatience) {
        if (!running_) return testing::AssertionFailure() << "the gadget was not started";
        if (running_->wait([&](const Rows& all) { return expected.Matches(all); }, timeout))
            return testing::AssertionSuccess();
        return testing::AssertionFailure()
               << "expected: rows that " << testing::DescribeMatcher<const Rows&>(expected)
               << "\n  actual: " << testing::PrintToString(running_->rows());
    }

    /// Ends the gadget, and takes the rows that it still had. A failure when it printed something else than
    /// rows, or ended in failure.
    testing::AssertionResult stop() {
        if (!running_) return testing::AssertionFailure() << "the gadget was not started";
        const auto stopped = running_->stop();
        if (!stopped) return testing::AssertionFailure() << stopped.error().to_string();
        return testing::AssertionSuccess();
    }

    /// The rows so far.
    [[nodiscard]] Rows rows() const { return running_ ? running_->rows() : Rows{}; }
    /// The lines that the gadget wrote to standard error so far.
    [[nodiscard]] std::vector<std::string> messages() const {
        return running_ ? running_->messages() : std::vector<std::string>{};
    }
    /// What is tested, for tests that start it themselves.
    [[nodiscard]] const std::optional<GadgetUnderTest>& gadget() const { return gadget_; }

  private:
    std::optional<GadgetUnderTest> gadget_;
    std::optional<RunningGadget> running_;
};

}  // namespace gadget::testkit
