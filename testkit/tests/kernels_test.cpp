// SPDX-License-Identifier: Apache-2.0
// Selecting kernels, the package sources, and the store.
#include "gadget/testkit/kernels.h"

#include <gtest/gtest.h>

#include <thread>

#include "apt_config.h"
#include "kernel_package.h"

namespace gadget::testkit {
namespace {

std::vector<std::string> names(std::string_view kernels, std::string_view archs) {
    const auto selectors = parse_kernel_selectors(kernels, archs);
    std::vector<std::string> result;
    if (!selectors) return {selectors.error().message};
    for (const auto& selector : *selectors) result.push_back(selector.to_string());
    return result;
}

TEST(KernelSelectors, AreTheProductAndHostCountsOnce) {
    const std::string host = "host/" + std::string(model::to_string(model::host_arch()));
    EXPECT_EQ(names("host,6.1", "amd64,arm64"), (std::vector<std::string>{host, "6.1/amd64", "6.1/arm64"}));
    EXPECT_EQ(names("6.1, 6.1", "arm64"), (std::vector<std::string>{"6.1/arm64"}));
}

TEST(KernelSelectors, RefuseWhatIsNoNameOrArchitecture) {
    for (const char* kernels : {"", "6.1,", "../x", "a/b", ".hidden"}) {
        EXPECT_EQ(parse_kernel_selectors(kernels, "amd64").error().code, ErrorCode::invalid_argument)
            << kernels;
    }
    EXPECT_FALSE(parse_kernel_selectors("6.1", "riscv64"));
    EXPECT_FALSE(parse_kernel_selectors("6.1", ""));
}

TEST(AptSources, OneLineEntriesKeepTrustAndNothingElse) {
    const auto sources = parse_one_line_sources(
        "# comment\ndeb-src http://m/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://m/debian bookworm main contrib # note\n"
        "deb http://m/other stable extra\ndeb http://s/debian-security bookworm-security main\ndeb broken\n");
    ASSERT_EQ(sources.size(), 2U);
    EXPECT_EQ(sources[0].uri, "http://m/debian");
    EXPECT_EQ(sources[0].options, "signed-by=/k.gpg");
    EXPECT_EQ(sources[1].suite, "bookworm-security");
}

TEST(AptSources, Deb822StanzasGiveAnEntryForEachSuite) {
    const auto sources = parse_deb822_sources(
        "Types: deb deb-src\nURIs: http://m/debian\n# comment\nSuites: bookworm\n "
        "bookworm-updates\nComponents: main\n"
        "Signed-By: /k.gpg\n\nTypes: deb\nURIs: http://off/debian\nSuites: sid\nComponents: main\nEnabled: "
        "no\n\n"
        "types: deb\nuris: http://s/security\nsuites: bookworm-security\ncomponents: main\nSigned-By:\n "
        "-----BEGIN KEY\n .\n");
    ASSERT_EQ(sources.size(), 3U);
    EXPECT_EQ(sources[1].suite, "bookworm-updates");
    EXPECT_EQ(sources[1].options, "signed-by=/k.gpg");
    EXPECT_EQ(sources[2].uri, "http://s/security");
    EXPECT_EQ(sources[2].options, "");
}

TEST(AptSources, OtherSuitesComeFromTheSystemsOwnMirrors) {
    const std::vector<AptSource> sources{{"https://third/party", "nodistro", ""},
                                         {"http://m/debian", "bookworm-updates", "signed-by=/k.gpg"},
                                         {"http://s/security", "bookworm-security", ""}};
    EXPECT_EQ(*source_line(sources, Archive::main, "sid"),
              "deb [signed-by=/k.gpg] http://m/debian sid main\n");
    EXPECT_EQ(*source_line(sources, Archive::security, "bullseye-security"),
              "deb http://s/security bullseye-security main\n");
    const auto none = source_line({sources[0]}, Archive::main, "sid");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::unsupported);
    EXPECT_TRUE(none.error().requirement);
}

TEST(AptSources, AreReadFromBothKindsOfFiles) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    ASSERT_TRUE(gadget::create_directories(folder->path() / "sources.list.d"));
    ASSERT_TRUE(write_file_atomic(folder->path() / "sources.list", "deb http://a/debian bookworm main\n"));
    ASSERT_TRUE(write_file_atomic(folder->path() / "sources.list.d/b.sources",
                                  "Types: deb\nURIs: http://b/debian\nSuites: trixie\nComponents: main\n"));
    ASSERT_TRUE(write_file_atomic(folder->path() / "sources.list.d/c.list.save",
                                  "deb http://c/debian bookworm main\n"));
    const auto sources = read_apt_sources(folder->path());
    ASSERT_TRUE(sources);
    EXPECT_EQ(sources->size(), 2U);
    EXPECT_EQ(read_apt_sources(folder->path() / "absent")->size(), 0U);
}

TEST(KernelCandidates, TakesTheNewestOfTheSeriesAndTheSignedFirst) {
    const std::vector<std::string> index{
        "linux-image-6.1.0-9-cloud-amd64",  "linux-image-6.1.0-56-cloud-amd64-unsigned",
        "linux-image-6.1.0-56-cloud-amd64", "linux-image-6.1.0-56-cloud-amd64-dbg",
        "linux-image-6.1.0-57-amd64",       "linux-image-6.12.117+deb12-cloud-amd64",
        "linux-image-6.1.0-60-cloud-arm64", "linux-image-cloud-amd64"};
    EXPECT_EQ(kernel_candidates(index, "6.1", model::Arch::amd64),
              (std::vector<std::string>{"linux-image-6.1.0-56-cloud-amd64",
                                        "linux-image-6.1.0-56-cloud-amd64-unsigned",
                                        "linux-image-6.1.0-9-cloud-amd64"}));
    EXPECT_EQ(
        kernel_candidates({"linux-binary-7.3.4+deb13-cloud-amd64", "linux-binary-7.3.12+deb13-cloud-amd64"},
                          "7.3", model::Arch::amd64)
            .front(),
        "linux-binary-7.3.12+deb13-cloud-amd64");
}

TEST(VersionLess, ComparesNumbersAsNumbers) {
    EXPECT_TRUE(version_less("6.1", "6.12"));
    EXPECT_TRUE(version_less("6.1.0-9", "6.1.0-56"));
    EXPECT_TRUE(version_less("5.10", "6.1"));
    EXPECT_FALSE(version_less("6.1", "6.1"));
    EXPECT_FALSE(version_less("6.12", "6.1"));
    EXPECT_FALSE(version_less("6.01", "6.1"));
}

class KernelStoreTest : public testing::Test {
  protected:
    void SetUp() override {
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
        Bytes image(1000);
        const auto magic = as_bytes("ARMd");
        std::copy(magic.begin(), magic.end(), image.begin() + 56);
        image_ = folder_->path() / "Image";
        ASSERT_TRUE(write_file_atomic(image_, image));
    }
    [[nodiscard]] KernelStore store() const { return KernelStore(folder_->path() / "cache"); }

    std::optional<TempDir> folder_;
    std::filesystem::path image_;
    CancelToken never_{};
    NoProgress silent_{};
};

TEST_F(KernelStoreTest, AddsListsFindsAndRemoves) {
    auto kernels = store();
    EXPECT_TRUE(kernels.list()->empty());
    const auto added = kernels.add("mine", model::Arch::arm64, image_, never_);
    ASSERT_TRUE(added) << added.error().to_string();
    EXPECT_EQ(added->sha256.size(), 64U);
    EXPECT_TRUE(added->image.is_absolute());
    ASSERT_EQ(kernels.list()->size(), 1U);
    EXPECT_EQ(kernels.find("mine", model::Arch::arm64)->image, added->image);
    EXPECT_EQ(kernels.find("mine", model::Arch::amd64).error().code, ErrorCode::not_found);
    EXPECT_TRUE(kernels.fetch("mine", model::Arch::arm64, silent_, never_));  // no network: it is there
    EXPECT_TRUE(kernels.remove("mine", model::Arch::arm64));
    EXPECT_EQ(kernels.remove("mine", model::Arch::arm64).error().code, ErrorCode::not_found);
    EXPECT_TRUE(kernels.list()->empty());
}

TEST_F(KernelStoreTest, ReplacesAKernelOfTheSameName) {
    auto kernels = store();
    ASSERT_TRUE(kernels.add("mine", model::Arch::arm64, image_, never_));
    auto other = *read_file(image_);
    other.push_back(std::byte{7});
    ASSERT_TRUE(write_file_atomic(image_, other));
    ASSERT_TRUE(kernels.add("mine", model::Arch::arm64, image_, never_));
    EXPECT_EQ(read_file(kernels.find("mine", model::Arch::arm64)->image)->size(), 1001U);
}

TEST_F(KernelStoreTest, DetectsAnImageThatWasChanged) {
    auto kernels = store();
    const auto added = kernels.add("mine", model::Arch::arm64, image_, never_);
    ASSERT_TRUE(added);
    ASSERT_TRUE(write_file_atomic(added->image, "something else"));
    EXPECT_EQ(kernels.find("mine", model::Arch::arm64).error().code, ErrorCode::corrupt_data);
}

TEST_F(KernelStoreTest, RefusesNamesThatLeaveTheStoreAndFilesThatAreNoKernels) {
    auto kernels = store();
    for (const char* id : {"", "..", "a/b", "host", ".x"}) {
        EXPECT_EQ(kernels.add(id, model::Arch::arm64, image_, never_).error().code,
                  ErrorCode::invalid_argument)
            << id;
    }
    EXPECT_EQ(kernels.add("x", model::Arch::amd64, image_, never_).error().code, ErrorCode::corrupt_data);
    EXPECT_EQ(kernels.add("x", model::Arch::arm64, folder_->path() / "absent", never_).error().code,
              ErrorCode::not_found);
    EXPECT_TRUE(kernels.list()->empty());
}

TEST_F(KernelStoreTest, SaysWhichKernelsItCanFetch) {
    auto kernels = store();
    const auto unknown = kernels.fetch("4.19", model::Arch::amd64, silent_, never_);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    EXPECT_NE(unknown.error().hint.find("6.12"), std::string::npos);
}

TEST_F(KernelStoreTest, TakesManyWritersAtOnce) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([this] {
            auto kernels = store();
            for (int round = 0; round < 10; ++round) {
                EXPECT_TRUE(kernels.add("mine", model::Arch::arm64, image_, never_));
            }
        });
    }
    threads.clear();
    EXPECT_TRUE(store().find("mine", model::Arch::arm64));
}

}  // namespace
}  // namespace gadget::testkit
