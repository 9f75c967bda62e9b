// SPDX-License-Identifier: Apache-2.0
#include "gadget/templates.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gadget/support/files.h"

namespace gadget::templates {
namespace {

namespace fs = std::filesystem;

class Templates : public ::testing::Test {
  protected:
    TempDir home_ = TempDir::create("templates-test").value();
    fs::path folder_ = home_.path() / "made/here";
};

TEST_F(Templates, EachMakesAWholeGadgetThatBearsItsName) {
    ASSERT_FALSE(list().empty());
    for (const auto& known : list()) {
        EXPECT_FALSE(known.description.empty()) << known.name;
        const auto folder = home_.path() / known.name;
        const auto made = create("my_gadget", known.name, folder);
        ASSERT_TRUE(made) << made.error().message;
        for (const auto* file : {"program.bpf.c", "gadget.yaml", "README.md"}) {
            const auto text = read_text_file(folder / file);
            ASSERT_TRUE(text) << known.name << '/' << file;
            EXPECT_EQ(text->find("@name@"), std::string::npos) << known.name << '/' << file;
            EXPECT_NE(text->find("my_gadget"), std::string::npos) << known.name << '/' << file;
        }
        EXPECT_FALSE(fs::is_empty(folder / "test")) << known.name;
    }
}

TEST_F(Templates, TheDefaultOneExists) {
    const auto all = list();
    EXPECT_TRUE(
        std::any_of(all.begin(), all.end(), [](const auto& known) { return known.name == kDefault; }));
}

TEST_F(Templates, WhatIsThereStaysAsItIs) {
    ASSERT_TRUE(write_file_atomic(home_.path() / "file", "mine"));
    const auto made = create("file", kDefault, home_.path() / "file");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::already_exists);
    EXPECT_EQ(read_text_file(home_.path() / "file").value(), "mine");
}

TEST_F(Templates, ANameThatIsNoIdentifierIsRefusedWithOneThatIs) {
    const std::pair<const char*, const char*> cases[] = {
        {"My-Gadget", "'my_gadget'"}, {"9lives", "'lives'"}, {"../up", "'up'"}, {"", ""}, {"***", ""}};
    for (const auto& [name, suggestion] : cases) {
        const auto made = create(name, kDefault, folder_);
        ASSERT_FALSE(made) << name;
        EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(made.error().hint.find(suggestion), std::string::npos) << made.error().hint;
        EXPECT_FALSE(fs::exists(folder_.parent_path())) << name;
    }
}

TEST_F(Templates, AnUnknownTemplateIsRefusedWithTheNearest) {
    const auto made = create("fine", "tracr", folder_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().hint, "did you mean 'tracer'?");
    EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(Templates, AFailureLeavesNothing) {
    ASSERT_TRUE(write_file_atomic(home_.path() / "made", "a file in the way"));
    EXPECT_FALSE(create("fine", kDefault, folder_));
    EXPECT_EQ(std::distance(fs::directory_iterator(home_.path()), {}), 1);
}

}  // namespace
}  // namespace gadget::templates
