// SPDX-License-Identifier: Apache-2.0
#include "gadget/runtime/selector.h"

#include <gtest/gtest.h>

#include <set>

namespace gadget::runtime {
namespace {

/// A manager in which exactly the probes of `running` run.
ProbeVerdict only(std::set<std::string> running) {
    return [running = std::move(running)](const ProbeId& id) -> Result<void> {
        if (running.contains(id.program)) return {};
        return Error{ErrorCode::not_found, "'" + to_string(id) + "' is missing"};
    };
}

Selector p(const char* name) {
    return Selector::probe({name, {}});
}

struct Row {
    const char* name;
    Selector selector;
    std::array<bool, 4> holds;  ///< a and b run; only a; only b; neither
};

class SelectorTable : public testing::TestWithParam<Row> {};

TEST_P(SelectorTable, Case025_HoldsForExactlyTheRightProbes) {
    const Row& row = GetParam();
    const std::array<std::set<std::string>, 4> worlds{{{"a", "b"}, {"a"}, {"b"}, {}}};
    for (std::size_t i = 0; i < worlds.size(); ++i) {
        EXPECT_EQ(evaluate(row.selector, only(worlds[i])).has_value(), row.holds[i])
            << to_string(row.selector) << " " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, SelectorTable,
    testing::Values(Row{"AllOf", Selector::all_of({p("a"), p("b")}), {true, false, false, false}},
                    Row{"OneOf", Selector::one_of({p("a"), p("b")}), {true, true, true, false}},
                    Row{"BestEffort", Selector::best_effort({p("a"), p("b")}), {true, true, true, true}},
                    Row{"NestedOneOf",
                        Selector::all_of({p("a"), Selector::one_of({p("b"), p("c")})}),
                        {true, false, false, false}},
                    Row{"OneOfWithBestEffort",
                        Selector::one_of({Selector::all_of({p("a"), p("b")}),
                                          Selector::best_effort({p("c")})}),
                        {true, true, true, true}},
                    Row{"AllOfWithBestEffort",
                        Selector::all_of({Selector::best_effort({p("a")}), p("b")}),
                        {true, false, true, false}},
                    Row{"EmptyAllOf", Selector::all_of({}), {true, true, true, true}},
                    Row{"EmptyOneOf", Selector::one_of({}), {false, false, false, false}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Selector, FailureListsEverythingThatIsMissing) {
    const auto held = evaluate(Selector::all_of({p("x"), Selector::one_of({p("y"), p("z")})}), only({}));
    ASSERT_FALSE(held);
    for (const char* const name : {"'x'", "'y'", "'z'"})
        EXPECT_NE(held.error().message.find(name), std::string::npos);
}

TEST(Selector, Case026_RenameReachesEveryDepthAndFlattenKeepsTheOrder) {
    Selector selector =
        Selector::all_of({p("a"), Selector::one_of({p("b"), Selector::best_effort({p("a"), p("c")})})});
    rename_probe(selector, {"a"}, {"a", "new"});
    const std::vector<ProbeId> expected{{"a", "new"}, {"b"}, {"c"}};
    EXPECT_EQ(selected_probes(selector), expected);
    EXPECT_EQ(to_string(selector), "all of (a#new, one of (b, best effort (a#new, c)))");
}

TEST(Selector, RequiredMeansThatNothingElseCanStandIn) {
    const Selector selector =
        Selector::all_of({p("a"), Selector::one_of({p("b"), p("c")}), Selector::best_effort({p("d")}),
                          Selector::one_of({Selector::all_of({p("e")})})});
    EXPECT_TRUE(is_required(selector, {"a"}));
    EXPECT_FALSE(is_required(selector, {"b"}));
    EXPECT_FALSE(is_required(selector, {"d"}));
    EXPECT_TRUE(is_required(selector, {"e"}));
    EXPECT_FALSE(is_required(selector, {"unknown"}));
}

}  // namespace
}  // namespace gadget::runtime
