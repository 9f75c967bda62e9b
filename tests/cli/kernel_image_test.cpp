// SPDX-License-Identifier: Apache-2.0
// gadget kernel add ID IMAGE@DIGEST: a kernel out of a container image, from the store and from a registry.
#include <nlohmann/json.hpp>

#include "registry_command.h"

namespace gadget::tests {
namespace {

using Json = nlohmann::ordered_json;

class KernelImage : public CommandTest {
  protected:
    void SetUp() override {
        environment.push_back("GADGET_CACHE=" + (home() / "cache").string());
        std::string kernel(1000, '\0');
        kernel.replace(56, 4, "ARM\x64");
        const auto files = folder("layer", {{"data/boot/vmlinuz-6.6.1-test", kernel}, {"etc/motd", "hello"}});
        const auto layer = (home() / "layer.tar.gz").string();
        ASSERT_EQ(run({"/bin/tar", "-C", files.string(), "-czf", layer, "data", "etc"}).status, 0);
        add_image(*read_file(layer));
    }

    /// Imports an image with this layer as me/kernels:v1.
    void add_image(Bytes layer) {
        packager::Image image;
        const auto put = [&image](Bytes content, const std::string& type) {
            Json descriptor{
                {"mediaType", type}, {"digest", packager::sha256_digest(content)}, {"size", content.size()}};
            image.blobs[descriptor["digest"]] = std::move(content);
            return descriptor;
        };
        const auto put_text = [&put](const std::string& text, const std::string& type) {
            const auto bytes = as_bytes(text);
            return put(Bytes(bytes.begin(), bytes.end()), type);
        };
        const std::string oci = "application/vnd.oci.image.";
        const Json config{{"architecture", "arm64"},
                          {"os", "linux"},
                          {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array()}}}};
        Json manifest{{"schemaVersion", 2}, {"mediaType", oci + "manifest.v1+json"}};
        manifest["config"] = put_text(config.dump(), oci + "config.v1+json");
        manifest["layers"] = Json::array({put(std::move(layer), oci + "layer.v1.tar+gzip")});
        const auto root = put_text(manifest.dump(), oci + "manifest.v1+json");
        image.root = {.media_type = oci + "manifest.v1+json",
                      .digest = root["digest"],
                      .size = root["size"].get<std::uint64_t>()};
        digest_ = image.root.digest;
        const auto tar = (home() / "kernels.tar").string();
        ASSERT_TRUE(packager::write_tar(image, tar, "ghcr.io/me/kernels:v1"));
        ASSERT_EQ(gadget_run({"image", "import", tar}).status, 0);
    }

    [[nodiscard]] Json stored_kernel() const {
        const auto listed = gadget({"kernel", "list", "-o", "json"});
        EXPECT_EQ(listed.status, 0) << listed.err;
        const auto document = Json::parse(listed.out);
        for (const auto& kernel : document["kernels"]) {
            if (kernel["id"] == "lab") return kernel;
        }
        return {};
    }

    std::string digest_;
};

TEST_F(KernelImage, InTheStoreGivesAKernel) {
    const std::string name = "ghcr.io/me/kernels@" + digest_;
    const auto added = gadget({"kernel", "add", "lab", name, "--arch", "arm64"});
    ASSERT_EQ(added.status, 0) << added.err;
    const auto kernel = stored_kernel();
    EXPECT_EQ(kernel["arch"], "arm64");
    EXPECT_EQ(kernel["source"], "oci:" + name);
    EXPECT_EQ(kernel["release"], "6.6.1-test");
    EXPECT_TRUE(kernel["digest"].get<std::string>().starts_with("sha256:"));
    EXPECT_EQ(gadget({"kernel", "remove", "lab", "--arch", "arm64"}).status, 0);
    EXPECT_TRUE(stored_kernel().is_null());
}

TEST_F(KernelImage, ForAnotherArchitectureIsRefused) {
    const auto added = gadget({"kernel", "add", "lab", "ghcr.io/me/kernels@" + digest_, "--arch", "amd64"});
    EXPECT_EQ(added.status, 1) << added.err;
    EXPECT_TRUE(stored_kernel().is_null());
}

TEST_F(KernelImage, InARegistryIsPulledAndDoesNotStay) {
    if (const auto missing = DockerRegistry::missing(false, false); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(false, false);
    const std::string remote = registry.host() + "/me/kernels";
    ASSERT_EQ(gadget({"push", "me/kernels:v1", remote + ":v1"}).status, 0);
    ASSERT_EQ(gadget_run({"image", "remove", "me/kernels:v1"}).status, 0);
    ASSERT_EQ(gadget({"kernel", "add", "lab", remote + "@" + digest_, "--arch", "arm64"}).status, 0);
    EXPECT_EQ(stored_kernel()["source"], "oci:" + remote + "@" + digest_);
    EXPECT_FALSE(has(gadget_run({"image", "list", "-o", "json"}).out, digest_));
    const std::string other = "sha256:" + std::string(64, '0');
    const auto absent = gadget({"kernel", "add", "other", remote + "@" + other, "--arch", "arm64"});
    EXPECT_NE(absent.status, 0);
    EXPECT_TRUE(has(absent.err, "could not be pulled")) << absent.err;
}

TEST_F(KernelImage, KernelsAreListedAsData) {
    const auto listed = gadget({"kernel", "list", "-o", "json"});
    ASSERT_EQ(listed.status, 0) << listed.err;
    const auto document = Json::parse(listed.out);
    EXPECT_EQ(document["version"], 1);
    bool found = false;
    for (const auto& kernel : document["kernels"]) {
        if (kernel["id"] != "6.1" || kernel["arch"] != "arm64") continue;
        found = true;
        EXPECT_EQ(kernel["source"], "distribution");
        EXPECT_TRUE(kernel["digest"].is_null());
        EXPECT_EQ(kernel["required"], true);
        EXPECT_TRUE(kernel["expect"].contains("fentry"));
    }
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace gadget::tests
