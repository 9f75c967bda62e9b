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

TEST_F(ImageCommand, DocumentsAboutTheBuildAreReproducibleAndChecked) {
    const std::string copy = (home() / "elsewhere").string();
    std::filesystem::copy(trace_open(), copy, std::filesystem::copy_options::recursive);
    ASSERT_EQ(gadget({"build", trace_open(), "-t", "a", "--attest"}).status, 0);
    const auto first = gadget({"image", "inspect", "a"});
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_NE(first.out.find("lists all 2 layers"), std::string::npos) << first.out;
    EXPECT_NE(first.out.find("https://slsa.dev/provenance/v1"), std::string::npos) << first.out;
    ASSERT_EQ(gadget({"image", "remove", "a"}).status, 0);
    EXPECT_TRUE(files_below(home() / "store/blobs").empty()) << "the documents go with their image";
    const auto built = gadget({"build", copy, "-t", "a", "--attest"});
    ASSERT_EQ(built.status, 0) << built.err;
    const auto second = gadget({"image", "inspect", "a"});
    EXPECT_EQ(first.out, second.out) << "the digests of image and documents";
}

TEST_F(ImageCommand, ExportsForBpfmanAndImportsUnnamedLayouts) {
    ASSERT_EQ(gadget({"build", trace_open(), "-t", "a"}).status, 0);
    const auto tar = (home() / "bpfman.tar").string();
    const auto exported = gadget({"image", "export", "a", tar, "--format", "bpfman"});
    EXPECT_EQ(exported.status, 0) << exported.err;
    EXPECT_EQ(gadget({"image", "import", tar, "--name", "b"}).status, 0);
    const auto inspected = gadget({"image", "inspect", "b", "-o", "json"});
    EXPECT_NE(inspected.out.find("application/vnd.oci.image.layer.v1.tar+gzip"), std::string::npos)
        << inspected.out;
    ASSERT_EQ(gadget({"build", trace_open(), "-o", (home() / "out").string()}).status, 0);
    const auto unnamed = (home() / "out/image.oci.tar").string();
    const auto asked = gadget({"image", "import", unnamed});
    EXPECT_EQ(asked.status, 2);
    EXPECT_NE(asked.err.find("--name"), std::string::npos) << asked.err;
    EXPECT_EQ(gadget({"image", "import", unnamed, "--name", "c"}).status, 0);
    EXPECT_EQ(gadget({"inspect", "c"}).status, 0);
}

TEST_F(ImageCommand, RegistryCommandsNameTheExecutableThatIsMissing) {
    std::filesystem::create_directories(home() / "bin");
    const auto lonely = (home() / "bin/gadget").string();
    std::filesystem::copy_file(GADGET_EXECUTABLE, lonely);
    environment[0] = "PATH=" + (home() / "bin").string();
    const auto result = run({lonely, "push", "a"});
    EXPECT_EQ(result.status, 3);
    EXPECT_NE(result.err.find("'gadget-registry'"), std::string::npos) << result.err;
    EXPECT_NE(gadget({"--help"}).out.find("push"), std::string::npos);
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
