// SPDX-License-Identifier: Apache-2.0
#include "gadget/testkit/running_gadget.h"

#include <filesystem>
#include <limits>

#include "gadget/support/files.h"
#include "gadget/testkit/gtest.h"

namespace gadget::testkit {
namespace {

using std::chrono::seconds;
using testing::An;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Lt;
using testing::Not;
using testing::StartsWith;

Row row(std::string_view json) {
    auto rows = Row::parse(json);
    EXPECT_TRUE(rows) << json;
    return rows->at(0);
}

TEST(Row, TellsFieldsByPath) {
    const auto one =
        row(R"({"fname":"/a","fd":-1,"big":18446744073709551615,"ok":true,"proc":{"pid":7},"x.y":"z"})");
    EXPECT_EQ(one.text("fname"), "/a");
    EXPECT_EQ(one.text("proc.pid"), "7");
    EXPECT_EQ(one.text("x.y"), "z");
    EXPECT_EQ(one.text("big"), "18446744073709551615");
    EXPECT_EQ(one.number("fd"), -1);
    EXPECT_EQ(one.number("fname"), std::nullopt);
    EXPECT_EQ(one.text("proc.tid"), std::nullopt);
    EXPECT_EQ(one.text("fname.x"), std::nullopt);
}

TEST(Row, OfAnArrayAreItsElements) {
    const auto rows = Row::parse(R"([{"a":1},{"a":2}])");
    ASSERT_TRUE(rows);
    EXPECT_THAT(*rows, ElementsAre(HasField("a", 1), HasField("a", 2)));
    EXPECT_TRUE(Row::parse("[]")->empty());
    for (const auto* bad : {"", "x", "1", "[1]", R"({"a":)"}) EXPECT_FALSE(Row::parse(bad)) << bad;
}

TEST(HasField, ComparesWithTextsNumbersAndMatchers) {
    const auto one = row(R"({"s":"abc","n":42,"f":1.5,"b":true,"u":18446744073709551615})");
    EXPECT_THAT(one, HasField("s", "abc"));
    EXPECT_THAT(one, HasField("s", std::string("abc")));
    EXPECT_THAT(one, HasField("s", StartsWith("ab")));
    EXPECT_THAT(one, HasField("s", AnyOf("abc", "x")));
    EXPECT_THAT(one, HasField("n", 42));
    EXPECT_THAT(one, HasField("u", std::numeric_limits<std::uint64_t>::max()));
    EXPECT_THAT(one, HasField("f", 1.50));
    EXPECT_THAT(one, HasField("b", true));
    EXPECT_THAT(one, HasField("b"));
    EXPECT_THAT(one, HasNumber("n", Ge(42)));
    EXPECT_THAT(one, Not(HasField("s", "ab")));
    EXPECT_THAT(one, Not(HasField("n", 4)));
    EXPECT_THAT(one, Not(HasField("b", false)));
    EXPECT_THAT(one, Not(HasNumber("n", Lt(42))));
    EXPECT_THAT(one, Not(HasNumber("s", Ge(0))));
    EXPECT_THAT(one, Not(HasField("missing")));
    EXPECT_THAT(one, Not(HasField("missing", "")));
}

TEST(HasField, SaysWhatTheFieldIs) {
    const testing::Matcher<const Row&> matcher = HasField("n", 1);
    testing::StringMatchResultListener listener;
    EXPECT_FALSE(matcher.MatchAndExplain(row(R"({"n":2})"), &listener));
    EXPECT_EQ(listener.str(), "whose field 'n' is '2'");
    EXPECT_EQ(testing::DescribeMatcher<const Row&>(matcher), "has a field 'n' that is equal to \"1\"");
}

/// A gadget that is a shell script: its rows are known.
class RunningGadgetTest : public testing::Test {
  protected:
    void SetUp() override {
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
        gadget_ = {.runner = folder_->path() / "gadget-run", .object = "program.bpf.o"};
    }
    [[nodiscard]] Result<RunningGadget> start(const std::string& script,
                                              const RunningGadget::Params& params = {}) const {
        GADGET_TRY(write_file_atomic(gadget_.runner, "#!/bin/sh\n" + script));
        std::error_code error;
        std::filesystem::permissions(gadget_.runner, std::filesystem::perms::owner_all, error);
        return RunningGadget::start(gadget_, params, seconds(60));
    }
    /// Prints `at_end` when it is told to end.
    static std::string until_interrupted(const std::string& at_end) {
        return "trap 'kill $!; " + at_end +
               "' INT\nsleep 600 >/dev/null 2>&1 3>&- &\nprintf r >&3\nwait\nexit 0\n";
    }
    std::optional<TempDir> folder_;
    GadgetUnderTest gadget_;
};

TEST_F(RunningGadgetTest, CollectsRowsUntilEnoughAndUntilTheEnd) {
    auto gadget = start("echo '{\"n\":1}'\necho careful >&2\n" + until_interrupted(R"(echo "{\"n\":2}")"));
    ASSERT_TRUE(gadget) << gadget.error().to_string();
    EXPECT_TRUE(gadget->wait([](const auto& rows) { return rows.size() == 1; }, seconds(60)));
    EXPECT_FALSE(
        gadget->wait([](const auto& rows) { return rows.size() > 1; }, std::chrono::milliseconds(1)));
    const auto stopped = gadget->stop();
    EXPECT_TRUE(stopped) << stopped.error().to_string();
    EXPECT_THAT(gadget->rows(), ElementsAre(HasField("n", 1), HasField("n", 2)));
    EXPECT_THAT(gadget->messages(), ElementsAre("careful"));
}

TEST_F(RunningGadgetTest, PassesObjectMetadataAndParameters) {
    gadget_.manifest = "gadget.yaml";
    auto gadget = start("echo \"$*\" >&2\n" + until_interrupted(":"), {{"pid", "7"}});
    ASSERT_TRUE(gadget) << gadget.error().to_string();
    ASSERT_TRUE(gadget->stop());
    EXPECT_THAT(
        gadget->messages(),
        ElementsAre("run program.bpf.o -o json --manifest gadget.yaml --timeout 3600 --pid=7 --ready-fd 3"));
}

TEST_F(RunningGadgetTest, ThatDoesNotGetReadyIsToldWithItsWords) {
    const auto gadget = start("echo 'the kernel refused it' >&2\nexit 3\n");
    ASSERT_FALSE(gadget);
    EXPECT_EQ(gadget.error().code, ErrorCode::unsupported);
    EXPECT_THAT(gadget.error().message, HasSubstr("the kernel refused it"));
    EXPECT_THAT(gadget.error().message, HasSubstr("exit status 3"));
}

TEST_F(RunningGadgetTest, WithoutARunnerIsNotFound) {
    const auto gadget =
        RunningGadget::start({.runner = "/nonexistent/gadget-run", .object = "x"}, {}, seconds(60));
    ASSERT_FALSE(gadget);
    EXPECT_EQ(gadget.error().code, ErrorCode::not_found);
}

TEST_F(RunningGadgetTest, ThatPrintsSomethingElseThanRowsFails) {
    auto gadget = start("echo hello\n" + until_interrupted(":"));
    ASSERT_TRUE(gadget) << gadget.error().to_string();
    const auto stopped = gadget->stop();
    ASSERT_FALSE(stopped);
    EXPECT_THAT(stopped.error().message, HasSubstr("hello"));
}

TEST_F(RunningGadgetTest, ThatEndsInFailureFails) {
    auto gadget = start("echo 'no more' >&2\n" + until_interrupted("exit 4"));
    ASSERT_TRUE(gadget) << gadget.error().to_string();
    const auto stopped = gadget->stop();
    ASSERT_FALSE(stopped);
    EXPECT_THAT(stopped.error().message, HasSubstr("exit status 4"));
}

TEST(MissingKernelFeature, OfAnUnknownWordIsAReason) {
    EXPECT_NE(missing_kernel_feature("no_such_feature"), "");
}

}  // namespace
}  // namespace gadget::testkit
