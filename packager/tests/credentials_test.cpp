// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gadget/packager/registry.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

TEST(Credentials, AreFoundUnderEveryNameOfARegistry) {
    const std::string config =
        R"({"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},"ghcr.io":{"auth":"bWU6czplY3JldA=="},)"
        R"("https://quay.io/v2/":{"username":"u","password":"p"},"token.io":{"identitytoken":"t"},"empty.io":{}}})";
    const auto docker = credentials_from_config(config, "docker.io", "");
    ASSERT_TRUE(docker && docker->has_value());
    EXPECT_EQ((*docker)->username, "a");
    EXPECT_EQ((*docker)->password, "b");
    const auto ghcr = credentials_from_config(config, "ghcr.io", "");
    EXPECT_EQ((*ghcr)->password, "s:ecret") << "the first colon ends the name";
    const auto quay = credentials_from_config(config, "quay.io", "");
    EXPECT_EQ((*quay)->username, "u");
    const auto token = credentials_from_config(config, "token.io", "");
    EXPECT_EQ((*token)->identity_token, "t");
    for (const char* nobody : {"empty.io", "other.io", "ghcr.io:443"}) {
        const auto none = credentials_from_config(config, nobody, "");
        ASSERT_TRUE(none);
        EXPECT_FALSE(none->has_value()) << nobody;
    }
}

TEST(Credentials, AConfigurationThatIsNoneIsAnError) {
    for (const char* text : {"", "x", "[]", "{"}) {
        EXPECT_EQ(credentials_from_config(text, "a.io", "").error().code, ErrorCode::corrupt_data) << text;
    }
    EXPECT_TRUE(credentials_from_config(R"({"auths":[],"credHelpers":1,"credsStore":2})", "a.io", ""));
}

class HelperTest : public ::testing::Test {
  protected:
    void helper(const std::string& script) {
        const auto path = dir_.path() / "docker-credential-test";
        test::put(path, "#!/bin/sh\n" + script + "\n");
        ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
    }
    [[nodiscard]] auto ask(const std::string& registry) const {
        return credentials_from_config(R"({"credHelpers":{"a.io":"test"},"credsStore":"absent"})", registry,
                                       dir_.path().string());
    }
    TempDir dir_ = *TempDir::create("helper-test");
};

TEST_F(HelperTest, IsAskedOnItsInput) {
    helper(R"(read host; echo "{\"ServerURL\":\"$host\",\"Username\":\"$host-$1\",\"Secret\":\"s\"}")");
    const auto found = ask("a.io");
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ((*found)->username, "a.io-get");
    EXPECT_EQ((*found)->password, "s");
}

TEST_F(HelperTest, MayGiveATokenOrNothing) {
    helper(R"(echo '{"Username":"<token>","Secret":"t"}')");
    EXPECT_EQ((*ask("a.io"))->identity_token, "t");
    helper("echo 'credentials not found in native keychain'; exit 1");
    const auto nothing = ask("a.io");
    ASSERT_TRUE(nothing) << nothing.error().to_string();
    EXPECT_FALSE(nothing->has_value());
}

TEST_F(HelperTest, FailuresNameTheHelper) {
    helper("exit 3");
    EXPECT_NE(ask("a.io").error().message.find("'docker-credential-test' failed: exit status 3"),
              std::string::npos);
    helper("echo nonsense");
    EXPECT_EQ(ask("a.io").error().code, ErrorCode::corrupt_data);
    EXPECT_NE(ask("b.io").error().message.find("'docker-credential-absent', which is not installed"),
              std::string::npos);
    EXPECT_EQ(credentials_from_config(R"({"credsStore":"../../bin/x"})", "a.io", "/bin").error().code,
              ErrorCode::corrupt_data);
}

TEST(Login, KeepsTheRestOfTheConfiguration) {
    const auto first =
        config_with_credentials("", "ghcr.io", Credentials{.username = "me", .password = "secret"});
    ASSERT_TRUE(first);
    EXPECT_EQ((*credentials_from_config(*first, "ghcr.io", ""))->password, "secret");
    const std::string config =
        R"({"x":{"y":[1]},"auths":{"https://ghcr.io/v1/":{"auth":"YTpi"},"quay.io":{"auth":"YTpi"}}})";
    const auto changed =
        config_with_credentials(config, "ghcr.io", Credentials{.username = "me", .password = "secret"});
    EXPECT_EQ((*credentials_from_config(*changed, "ghcr.io", ""))->username, "me");
    EXPECT_EQ((*credentials_from_config(*changed, "quay.io", ""))->username, "a");
    EXPECT_NE(changed->find("\"y\""), std::string::npos);
    const auto removed = config_with_credentials(*changed, "ghcr.io", std::nullopt);
    EXPECT_FALSE(credentials_from_config(*removed, "ghcr.io", "")->has_value());
    EXPECT_TRUE(credentials_from_config(*removed, "quay.io", "")->has_value());
    EXPECT_EQ(config_with_credentials("nonsense", "a", std::nullopt).error().code, ErrorCode::corrupt_data);
}

}  // namespace
}  // namespace gadget::packager
