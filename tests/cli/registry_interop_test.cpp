// SPDX-License-Identifier: Apache-2.0
// What skopeo and umoci make of our images, and we of theirs, through a real registry.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "registry_command.h"

namespace gadget::tests {
namespace {

using nlohmann::json;

class Interop : public RegistryCommand {
  protected:
    void SetUp() override {
        RegistryCommand::SetUp();
        const char* path = std::getenv("PATH");
        for (const char* program : {"skopeo", "umoci"}) {
            if (!find_program(program, path == nullptr ? "" : path)) GTEST_SKIP() << "missing: " << program;
        }
        if (const auto missing = DockerRegistry::missing(false, false); !missing.empty())
            GTEST_SKIP() << "missing: " << missing;
        registry_.emplace(false, false);
        remote_ = registry_->host() + "/me/x:v1";
    }

    /// skopeo WORDS..., which must succeed.
    std::string skopeo(std::vector<std::string> words) {
        words.insert(words.begin(), {"skopeo", "--tmpdir", home().string(), "--insecure-policy"});
        const auto outcome = run(std::move(words));
        expect_ok(outcome);
        return outcome.out;
    }

    /// The file that skopeo's "dir:" form has for a blob.
    [[nodiscard]] std::string blob_in(const std::string& folder, const std::string& digest) const {
        const auto text = read_text_file(home() / folder / digest.substr(digest.find(':') + 1));
        return text ? *text : text.error().to_string();
    }

    std::optional<DockerRegistry> registry_;
    std::string remote_;
};

TEST_F(Interop, DigestsSurviveEveryWay) {
    // Our tar through the registry into our store, and from there into a layout of theirs.
    skopeo({"copy", "-q", "--all", "--dest-tls-verify=false", "oci-archive:" + tar() + ":ghcr.io/me/x:v1",
            "docker://" + remote_});
    const auto pulled = gadget({"pull", remote_});
    expect_ok(pulled);
    EXPECT_TRUE(has(pulled.out, digest_)) << pulled.out;
    expect_ok(gadget({"push", remote_, registry_->host() + "/me/y:v1"}));
    const std::string layout = (home() / "layout").string();
    skopeo({"copy", "-q", "--all", "--src-tls-verify=false", "docker://" + registry_->host() + "/me/y:v1",
            "oci:" + layout + ":v1"});
    const auto opened = packager::Layout::open(layout);
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_EQ(opened->find("v1")->digest, digest_);
    const auto raw = skopeo({"inspect", "--raw", "--tls-verify=false", "docker://" + remote_});
    EXPECT_EQ(packager::sha256_digest(as_bytes(raw)), digest_);
    const auto tags = run({"umoci", "list", "--layout", layout});
    expect_ok(tags);
    EXPECT_EQ(tags.out, "v1\n");
}

TEST_F(Interop, SkopeoSeesTheContentsThatWeShow) {
    expect_ok(gadget({"push", "me/x:v1", remote_}));
    const auto ours = json::parse(gadget_run({"image", "inspect", "me/x:v1", "-o", "json"}).out);
    const auto theirs =
        json::parse(skopeo({"inspect", "--raw", "--tls-verify=false", "docker://" + remote_}));
    EXPECT_EQ(ours.at("annotations"), theirs.at("annotations"));
    ASSERT_EQ(ours.at("manifests").size(), 2U);
    ASSERT_EQ(theirs.at("manifests").size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& mine = ours["manifests"][i];
        const auto& other = theirs["manifests"][i];
        for (const char* member : {"digest", "size", "mediaType", "platform"})
            EXPECT_EQ(mine.at(member), other.at(member)) << member;
        const std::string digest = mine.at("digest");
        const std::string name = "docker://" + registry_->host() + "/me/x@" + digest;
        const auto manifest = json::parse(skopeo({"inspect", "--raw", "--tls-verify=false", name}));
        EXPECT_EQ(mine.at("config").at("digest"), manifest.at("config").at("digest"));
        ASSERT_EQ(mine.at("layers").size(), manifest.at("layers").size());
        EXPECT_EQ(mine["layers"], manifest["layers"]);
        EXPECT_EQ(skopeo({"inspect", "--config", "--raw", "--tls-verify=false", name}), "name: x\n");
        const std::string folder = "dir" + std::to_string(i);
        skopeo({"copy", "-q", "--src-tls-verify=false", name, "dir:" + (home() / folder).string()});
        EXPECT_EQ(blob_in(folder, mine["config"]["digest"]), "name: x\n");
        EXPECT_EQ(blob_in(folder, mine["layers"][0]["digest"]), std::string(70000, static_cast<char>(i + 1)));
    }
}

TEST_F(Interop, ImagesAreFoundByDigestAsWell) {
    expect_ok(gadget({"push", "me/x@" + digest_, remote_}));
    expect_ok(gadget({"pull", registry_->host() + "/me/x@" + digest_}));
    const auto by_name = gadget_run({"image", "inspect", "me/x:v1"});
    for (const std::string& word : {"me/x@" + digest_, "me/x:v1@" + digest_}) {
        const auto inspected = gadget_run({"image", "inspect", word});
        expect_ok(inspected);
        EXPECT_EQ(inspected.out, by_name.out);
    }
    expect_ok(gadget_run({"image", "tag", digest_, "me/again:v3"}));
    EXPECT_TRUE(has(gadget_run({"image", "list"}).out, "me/again:v3"));
    EXPECT_EQ(gadget_run({"image", "inspect", "me/z@" + digest_}).status, 4);
    EXPECT_EQ(gadget_run({"image", "inspect", "me/x:v2@" + digest_}).status, 4);
    const auto refused = gadget({"push", digest_});
    EXPECT_EQ(refused.status, 2);
    EXPECT_TRUE(has(refused.err, "digest alone")) << refused.err;
}

}  // namespace
}  // namespace gadget::tests
