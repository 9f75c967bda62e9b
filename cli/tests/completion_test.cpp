// SPDX-License-Identifier: Apache-2.0
#include "completion.h"

#include <gtest/gtest.h>

#include "gadget/support/cancel.h"
#include "gadget/support/subprocess.h"

namespace gadget::cli {
namespace {

CommandWords program() {
    return {.name = "gadget",
            .options = {"--help"},
            .commands = {
                {.name = "build", .description = "the author's build", .options = {"--tag", "-t"}},
                {.name = "image", .commands = {{.name = "tag"}, {.name = "remove", .options = {"--all"}}}}}};
}

/// What bash offers with the cursor after the last word.
std::string completions(const std::string& words) {
    const std::string script =
        completion_script(Shell::bash, program()) + "COMP_WORDS=(" + words +
        ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_gadget\necho \"${COMPREPLY[@]}\"\n";
    const auto output = run_command({.argv = {"bash", "-c", script}}, std::chrono::seconds(20));
    EXPECT_TRUE(output);
    return output ? output->out : "";
}

TEST(Completion, BashOffersCommandsAndOptionsWhereTheyCanStand) {
    EXPECT_EQ(completions("gadget ''"), "build image\n");
    EXPECT_EQ(completions("gadget b"), "build\n");
    EXPECT_EQ(completions("gadget build -"), "--tag -t\n");
    EXPECT_EQ(completions("gadget build folder --t"), "--tag\n");
    EXPECT_EQ(completions("gadget image ''"), "tag remove\n");
    EXPECT_EQ(completions("gadget image remove --"), "--all\n");
    EXPECT_EQ(completions("gadget build ''"), "\n");  // file names are bash's own
}

TEST(Completion, ZshUsesTheSameFunction) {
    const auto script = completion_script(Shell::zsh, program());
    EXPECT_TRUE(script.starts_with("#compdef gadget\n"));
    EXPECT_NE(script.find("complete -o default -F _gadget gadget\n"), std::string::npos);
}

TEST(Completion, FishQuotesDescriptions) {
    const auto script = completion_script(Shell::fish, program());
    EXPECT_NE(script.find("-a build -d 'the author\\'s build'\n"), std::string::npos) << script;
    EXPECT_NE(script.find("complete -c gadget -n '__fish_seen_subcommand_from image; and "
                          "__fish_seen_subcommand_from remove' -l all\n"),
              std::string::npos)
        << script;
}

}  // namespace
}  // namespace gadget::cli
