// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/layout.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gadget/packager/reference.h"
#include "gadget/support/subprocess.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

namespace fs = std::filesystem;
using test::blob_file;
using test::put;
using test::slurp;

constexpr const char* kName = "ghcr.io/me/x:v1";

class LayoutTest : public ::testing::Test {
  protected:
    TempDir dir_ = *TempDir::create("layout-test");
    fs::path layout_ = dir_.path() / "layout";
    fs::path tar_ = dir_.path() / "image.tar";

    /// Opening or reading everything must fail; gives the error.
    static Error refused(const fs::path& path) {
        auto layout = Layout::open(path);
        if (!layout) return layout.error();
        auto root = layout->find("");
        if (!root) return root.error();
        auto image = load_image(*layout, *root);
        if (!image) return image.error();
        ADD_FAILURE() << "was accepted";
        return {};
    }

    static std::optional<fs::path> program(const char* name) {
        return find_program(name, "/usr/bin:/bin:/usr/local/bin");
    }

    static std::string run(std::vector<std::string> argv) {
        const auto output = run_command({.argv = std::move(argv)});
        if (!output) return output.error().to_string();
        return output->status.success() ? output->out : output->status.to_string() + ": " + output->err;
    }
};

TEST_F(LayoutTest, WritesWhatItReadsBack) {
    const auto image = test::image("x");
    ASSERT_TRUE(write_layout(image, layout_, kName));
    EXPECT_EQ(slurp(layout_ / "oci-layout"), R"({"imageLayoutVersion":"1.0.0"})");
    const auto layout = Layout::open(layout_);
    ASSERT_TRUE(layout) << layout.error().to_string();
    const auto root = layout->find(kName);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->digest, image.root.digest);
    EXPECT_EQ(layout->find(image.root.digest)->digest, image.root.digest);
    EXPECT_EQ(layout->find("")->digest, image.root.digest);
    const auto back = load_image(*layout, *root);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(back->blobs, image.blobs);
    EXPECT_EQ(back->root, image.root);
}

TEST_F(LayoutTest, NamesOfOthersAreListedWhenOneIsMissing) {
    ASSERT_TRUE(write_layout(test::image("x"), layout_, kName));
    const auto error = Layout::open(layout_)->find("nothing").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_EQ(error.hint, std::string("it has ") + kName);
}

TEST_F(LayoutTest, AddsToALayoutAndReplacesTheSameName) {
    const auto first = test::image("x", "first");
    const auto second = test::image("x", "second");
    ASSERT_TRUE(write_layout(first, layout_, "a"));
    ASSERT_TRUE(write_layout(first, layout_, "b"));
    ASSERT_TRUE(write_layout(second, layout_, "a"));
    const auto layout = Layout::open(layout_);
    EXPECT_EQ(layout->entries().size(), 2U);
    EXPECT_EQ(layout->find("a")->digest, second.root.digest);
    EXPECT_EQ(layout->find("b")->digest, first.root.digest);
    EXPECT_EQ(layout->find("").error().code, ErrorCode::invalid_argument) << "two images: a name is needed";
}

TEST_F(LayoutTest, FillsAnEmptyFolderAndSparesAForeignOne) {
    fs::create_directories(layout_);
    ASSERT_TRUE(write_layout(test::image("x"), layout_));
    EXPECT_TRUE(Layout::open(layout_));
    const fs::path foreign = dir_.path() / "foreign";
    put(foreign / "thesis.txt", "mine");
    const auto written = write_layout(test::image("x"), foreign);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::already_exists);
    EXPECT_FALSE(fs::exists(foreign / "oci-layout"));
}

TEST_F(LayoutTest, AFailureLeavesNothingBehind) {
    auto image = test::image("x");
    image.blobs.erase(std::prev(image.blobs.end()));  // one blob is missing
    EXPECT_FALSE(write_layout(image, layout_));
    EXPECT_FALSE(write_tar(image, tar_));
    auto damaged = test::image("x");
    for (auto& [digest, content] : damaged.blobs) {
        if (as_text(content) == "object of arm64") content[0] ^= std::byte{1};
    }
    EXPECT_EQ(write_layout(damaged, layout_).error().code, ErrorCode::corrupt_data);
    EXPECT_EQ(write_tar(damaged, tar_).error().code, ErrorCode::corrupt_data);
    EXPECT_TRUE(fs::is_empty(dir_.path()));
}

TEST_F(LayoutTest, RefusesMissingParts) {
    EXPECT_EQ(refused(dir_.path() / "none").code, ErrorCode::not_found);
    fs::create_directories(layout_);
    EXPECT_NE(refused(layout_).message.find("it has no oci-layout"), std::string::npos);
    put(layout_ / "oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
    EXPECT_NE(refused(layout_).message.find("layout version '2.0.0'"), std::string::npos);
    put(layout_ / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    EXPECT_NE(refused(layout_).message.find("it has no index.json"), std::string::npos);
    put(layout_ / "index.json", R"({"schemaVersion":2,"manifests":[]})");
    EXPECT_EQ(refused(layout_).code, ErrorCode::not_found);
}

TEST_F(LayoutTest, RefusesChangedAndResizedBlobs) {
    const auto image = test::image("x");
    for (const auto& [digest, content] : image.blobs) {
        fs::remove_all(layout_);
        ASSERT_TRUE(write_layout(image, layout_));
        std::string changed(as_text(content));
        changed.back() ^= 1;
        put(blob_file(layout_, digest), changed);
        EXPECT_EQ(refused(layout_).code, ErrorCode::corrupt_data) << digest;
        put(blob_file(layout_, digest), changed + "x");
        EXPECT_EQ(refused(layout_).code, ErrorCode::corrupt_data) << digest;
        fs::remove(blob_file(layout_, digest));
        EXPECT_EQ(refused(layout_).code, ErrorCode::not_found) << digest;
    }
}

TEST_F(LayoutTest, DoesNotFollowLinksOrReadPipes) {
    const auto image = test::image("x");
    const auto restart = [&] {
        fs::remove_all(layout_);
        ASSERT_TRUE(write_layout(image, layout_));
    };
    restart();
    const auto blob = blob_file(layout_, image.root.digest);
    fs::rename(blob, dir_.path() / "secret");
    fs::create_symlink(dir_.path() / "secret", blob);
    EXPECT_EQ(refused(layout_).code, ErrorCode::corrupt_data);
    restart();
    fs::rename(layout_ / "blobs", dir_.path() / "elsewhere");
    fs::create_directory_symlink(dir_.path() / "elsewhere", layout_ / "blobs");
    EXPECT_EQ(refused(layout_).code, ErrorCode::corrupt_data);
    restart();
    fs::remove(blob);
    ASSERT_EQ(::mkfifo(blob.c_str(), 0600), 0);
    EXPECT_EQ(refused(layout_).code, ErrorCode::corrupt_data);
}

TEST_F(LayoutTest, WritingDoesNotFollowLinksOutOfTheLayout) {
    ASSERT_TRUE(write_layout(test::image("x", "first"), layout_));
    fs::rename(layout_ / "blobs", dir_.path() / "elsewhere");
    fs::create_directory_symlink(dir_.path() / "elsewhere", layout_ / "blobs");
    const auto count = std::distance(fs::recursive_directory_iterator(dir_.path() / "elsewhere"), {});
    EXPECT_FALSE(write_layout(test::image("x", "second"), layout_));
    EXPECT_EQ(std::distance(fs::recursive_directory_iterator(dir_.path() / "elsewhere"), {}), count);
}

struct BadIndex {
    const char* name;
    std::string json;
};

class BadIndexTest : public LayoutTest, public ::testing::WithParamInterface<BadIndex> {};

TEST_P(BadIndexTest, IsCorruptData) {
    put(layout_ / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    put(layout_ / "index.json", GetParam().json);
    const auto layout = Layout::open(layout_);
    ASSERT_FALSE(layout);
    EXPECT_EQ(layout.error().code, ErrorCode::corrupt_data) << layout.error().to_string();
}

std::string with_descriptor(const std::string& members) {
    return R"({"schemaVersion":2,"manifests":[{)" + members + "}]}";
}
const std::string kGood =
    R"("mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")";

INSTANTIATE_TEST_SUITE_P(
    All, BadIndexTest,
    ::testing::Values(
        BadIndex{"Empty", ""}, BadIndex{"NotJson", "{"},
        BadIndex{"TrailingText", R"({"schemaVersion":2,"manifests":[]}x)"}, BadIndex{"Array", "[]"},
        BadIndex{"BadUtf8", "{\"schemaVersion\":2,\"manifests\":[],\"x\":\"\xff\"}"},
        BadIndex{"Version1", R"({"schemaVersion":1,"manifests":[]})"},
        BadIndex{"NoManifests", R"({"schemaVersion":2})"},
        BadIndex{"Repeated", R"({"schemaVersion":2,"manifests":[],"manifests":[]})"},
        BadIndex{"TwoKinds", R"({"schemaVersion":2,"manifests":[],"layers":[]})"},
        BadIndex{"OtherType", R"({"schemaVersion":2,"mediaType":"text/plain","manifests":[]})"},
        BadIndex{"Deep", R"({"schemaVersion":2,"manifests":[],"x":)" + std::string(100000, '[') +
                             std::string(100000, ']') + "}"},
        BadIndex{"NoSize", with_descriptor(kGood)},
        BadIndex{"NegativeSize", with_descriptor(kGood + R"(,"size":-1)")},
        BadIndex{"FractionSize", with_descriptor(kGood + R"(,"size":1.5)")},
        BadIndex{"HugeSize", with_descriptor(kGood + R"(,"size":18446744073709551615)")},
        BadIndex{
            "NoType",
            with_descriptor(
                R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":1)")},
        BadIndex{"PathDigest",
                 with_descriptor(R"("mediaType":"a/b","digest":"sha256:../../../../etc/passwd","size":1)")},
        BadIndex{"ShortDigest", with_descriptor(R"("mediaType":"a/b","digest":"sha256:00","size":1)")},
        BadIndex{"OtherDataSize", with_descriptor(kGood + R"(,"size":1,"data":"e30=")")},
        BadIndex{"OtherData", with_descriptor(kGood + R"(,"size":2,"data":"e3s=")")},
        BadIndex{"NoBase64", with_descriptor(kGood + R"(,"size":2,"data":"e3")")},
        BadIndex{"NumberAnnotation", with_descriptor(kGood + R"(,"size":1,"annotations":{"a":1})")}),
    [](const auto& row) { return row.param.name; });

TEST_F(LayoutTest, ToleratesUnknownMembersTypesAndFiles) {
    put(layout_ / "oci-layout", R"({"imageLayoutVersion":"1.0.0","x":1})");
    put(layout_ / "extra", "x");
    put(layout_ / "index.json", R"({"schemaVersion":2,"x":{},"manifests":[{)" + kGood +
                                    R"(,"size":2,"x":[null]},)" +
                                    R"({"mediaType":"a/b","digest":"blake3:abc_DEF=","size":2}]})");
    const auto layout = Layout::open(layout_);
    ASSERT_TRUE(layout) << layout.error().to_string();
    EXPECT_EQ(layout->entries().at(0).media_type, "a/b");
    EXPECT_EQ(read_tree(*layout, layout->entries().at(0)).error().code, ErrorCode::rejected_input);
}

TEST_F(LayoutTest, LimitsBoundWhatIsRead) {
    const auto image = test::image("x");
    ASSERT_TRUE(write_layout(image, layout_));
    const auto layout = Layout::open(layout_);
    const auto code = [&](const Limits& limits) {
        return load_image(*layout, *layout->find(""), limits).error().code;
    };
    EXPECT_EQ(code({.manifest = 100}), ErrorCode::rejected_input);
    EXPECT_EQ(code({.blob = 10}), ErrorCode::rejected_input);
    EXPECT_EQ(code({.total = 1000}), ErrorCode::rejected_input);
    EXPECT_EQ(code({.blobs = 3}), ErrorCode::rejected_input);
}

TEST_F(LayoutTest, TarIsTheSameEveryTimeAndReadsBack) {
    const auto image = test::image("x");
    ASSERT_TRUE(write_tar(image, tar_, kName));
    const std::string first = slurp(tar_);
    ASSERT_TRUE(write_tar(image, tar_, kName)) << "an existing file is replaced";
    EXPECT_EQ(slurp(tar_), first);
    const auto layout = Layout::open(tar_);
    ASSERT_TRUE(layout) << layout.error().to_string();
    const auto back = load_image(*layout, *layout->find(kName));
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(back->blobs, image.blobs);
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), {}), 1) << "no temporary file stays";
}

TEST_F(LayoutTest, TarProgramAgrees) {
    if (!program("tar")) GTEST_SKIP() << "missing: tar";
    const auto image = test::image("x");
    ASSERT_TRUE(write_tar(image, tar_, kName));
    const std::string listing = run({"tar", "--utc", "--numeric-owner", "-tvf", tar_.string()});
    std::string expected;
    for (const auto& [digest, content] : image.blobs) expected += "blobs/sha256/" + digest.substr(7) + "\n";
    expected += "index.json\noci-layout\n";
    std::string names;
    for (std::size_t at = 0; at < listing.size();) {
        const auto end = listing.find('\n', at);
        const std::string line = listing.substr(at, end - at);
        EXPECT_TRUE(line.starts_with("-rw-r--r-- 0/0 ")) << line;
        EXPECT_NE(line.find("1970-01-01 00:00 "), std::string::npos) << line;
        names += line.substr(line.rfind(' ') + 1) + "\n";
        at = end + 1;
    }
    EXPECT_EQ(names, expected) << listing;
}

TEST_F(LayoutTest, SkopeoAcceptsLayoutAndTarAndKeepsTheDigest) {
    if (!program("skopeo")) GTEST_SKIP() << "missing: skopeo";
    const auto image = test::image("x");
    ASSERT_TRUE(write_layout(image, layout_, "v1"));
    ASSERT_TRUE(write_tar(image, tar_, "v1"));
    const std::string index(as_text(image.blobs.at(image.root.digest)));
    const fs::path state = dir_.path() / "state";
    EXPECT_EQ(run({"skopeo", "--tmpdir", dir_.path(), "inspect", "--raw", "oci:" + layout_.string() + ":v1"}),
              index);
    EXPECT_EQ(
        run({"skopeo", "--tmpdir", dir_.path(), "inspect", "--raw", "oci-archive:" + tar_.string() + ":v1"}),
        index);
    const fs::path copy = dir_.path() / "copy.tar";
    const std::string said =
        run({"skopeo", "--tmpdir", dir_.path(), "--insecure-policy", "copy", "--all", "-q",
             "oci:" + layout_.string() + ":v1", "oci-archive:" + copy.string() + ":v1"});
    const auto back = Layout::open(copy);
    ASSERT_TRUE(back) << back.error().to_string() << said;
    EXPECT_EQ(back->find("v1")->digest, image.root.digest);
    const auto loaded = load_image(*back, *back->find("v1"));
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(loaded->blobs, image.blobs);
}

}  // namespace
}  // namespace gadget::packager
