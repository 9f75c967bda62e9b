// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <cstdlib>

namespace gadget::tests {
namespace {

using ImageCommand = CommandTest;

TEST_F(ImageCommand, StoreKeepsTagsExportsAndImports) {
    ASSERT_EQ(gadget({"build", trace_open(), "-t", "a"}).status, 0);
    EXPECT_EQ(gadget({"image", "tag", "a", "b:v2"}).status, 0);
    const auto list = gadget({"image", "list"});
    EXPECT_NE(list.out.find("a:latest"), std::string::npos) << list.out;
    EXPECT_NE(list.out.find("b:v2"), std::string::npos) << list.out;
    const auto tar = (home() / "a.tar").string();
    EXPECT_EQ(gadget({"image", "export", "a", tar}).status, 0);
    EXPECT_EQ(gadget({"image", "remove", "a"}).status, 0);
    EXPECT_EQ(gadget({"image", "remove", "b:v2"}).status, 0);
    EXPECT_EQ(gadget({"inspect", "a"}).status, 4);
    EXPECT_EQ(gadget({"image", "import", tar}).status, 0);
    EXPECT_EQ(gadget({"inspect", "a"}).status, 0);
}

TEST_F(ImageCommand, UnknownImageSaysHowToGetIt) {
    const auto result = gadget({"inspect", "nothing"});
    EXPECT_EQ(result.status, 4);
    EXPECT_NE(result.err.find("gadget build PATH -t nothing"), std::string::npos) << result.err;
}

TEST_F(ImageCommand, SkopeoReadsTheLayout) {
    const char* path = std::getenv("PATH");
    if (!find_program("skopeo", path == nullptr ? "" : path)) GTEST_SKIP() << "missing: skopeo";
    const auto built = gadget({"build", trace_open(), "-t", "a"});
    ASSERT_EQ(built.status, 0) << built.err;
    const auto raw =
        run({"skopeo", "inspect", "--raw",
             "oci:" + (home() / "store").string() + ":ghcr.io/inspektor-gadget/gadget/a:latest"});
    EXPECT_EQ(raw.status, 0) << raw.err;
    EXPECT_NE(raw.out.find("application/vnd.oci.image.index.v1+json"), std::string::npos) << raw.out;
}

}  // namespace
}  // namespace gadget::tests
