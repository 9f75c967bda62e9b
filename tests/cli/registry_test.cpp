// SPDX-License-Identifier: Apache-2.0
// push, pull, login and signing as a user types them, against a real registry.
#include <sys/stat.h>

#include "registry_command.h"

namespace gadget::tests {
namespace {

TEST_F(RegistryCommand, WhatIsPushedIsPulledListedAndDeleted) {
    if (const auto missing = DockerRegistry::missing(false, false); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(false, false);
    const std::string remote = registry.host() + "/me/x:v2";
    const auto pushed = gadget({"push", "me/x:v1", remote});
    expect_ok(pushed);
    EXPECT_EQ(pushed.out, remote + " " + digest_ + "\n");
    EXPECT_TRUE(has(pushed.err, "pushing 3 blobs")) << pushed.err;
    expect_ok(gadget_run({"image", "remove", "me/x:v1"}));
    const auto pulled = gadget({"pull", remote, "-o", "json"});
    expect_ok(pulled);
    EXPECT_EQ(pulled.out, R"({"version":1,"name":")" + remote + R"(","digest":")" + digest_ +
                              R"(","attachments":0})" + "\n");
    EXPECT_TRUE(has(gadget_run({"image", "list", "-o", "json"}).out, digest_));
    EXPECT_EQ(gadget({"image", "tags", registry.host() + "/me/x"}).out, "v2\n");
    EXPECT_EQ(gadget({"image", "referrers", remote}).out, "");
    expect_ok(gadget({"image", "delete", remote}));
    const auto gone = gadget({"pull", remote});
    EXPECT_EQ(gone.status, 4);
    EXPECT_TRUE(has(gone.err, "me/x:v2")) << gone.err;
}

TEST_F(RegistryCommand, AccountsAreRememberedAndForgotten) {
    if (const auto missing = DockerRegistry::missing(true, true); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(true, true);
    const std::string remote = registry.host() + "/me/x:v1";
    const std::string ca = registry.certificate().string();
    const auto stranger = gadget({"push", "me/x:v1", remote, "--ca-file", ca});
    EXPECT_EQ(stranger.status, 3) << stranger.err;
    EXPECT_TRUE(has(stranger.err, "log in first")) << stranger.err;
    const std::vector<std::string> login{
        "login", registry.host(), "-u", "me", "--password-stdin", "--ca-file", ca};
    const auto wrong = with_input("sesame\n", login);
    EXPECT_EQ(wrong.status, 3) << wrong.err;
    EXPECT_FALSE(has(wrong.err + wrong.out, "sesame"));
    const auto right = with_input("secret\n", login);
    expect_ok(right);
    EXPECT_FALSE(has(right.err + right.out, "secret"));
    const auto config = home() / ".docker/config.json";
    struct stat status{};
    ASSERT_EQ(::stat(config.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    expect_ok(gadget({"push", "me/x:v1", remote, "--ca-file", ca}));
    const auto distrusted = gadget({"pull", remote});
    EXPECT_EQ(distrusted.status, 3) << distrusted.err;
    EXPECT_TRUE(has(distrusted.err, "certificate")) << distrusted.err;
    expect_ok(gadget({"logout", registry.host()}));
    EXPECT_EQ(gadget({"pull", remote, "--ca-file", ca}).status, 3);
    environment.insert(environment.end(), {"GADGET_REGISTRY_HOST=" + registry.host(),
                                           "GADGET_REGISTRY_USERNAME=me", "GADGET_REGISTRY_PASSWORD=secret"});
    expect_ok(gadget({"pull", remote, "--ca-file", ca}));
}

TEST_F(RegistryCommand, ACredentialHelperKeepsTheAccount) {
    if (const auto missing = DockerRegistry::missing(false, true); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(false, true);
    // A helper without a shell: 'cp' cannot play it, so this one is a symbolic link to 'true', which stores
    // nothing.
    std::filesystem::create_directories(home() / "bin");
    std::filesystem::create_symlink("/bin/true", home() / "bin/docker-credential-none");
    environment[0] = "PATH=" + (home() / "bin").string();
    (void)folder(".docker", {{"config.json", R"({"credsStore":"none","HttpHeaders":{"a":"b"}})"}});
    const auto login = with_input("secret", {"login", registry.host(), "-u", "me", "--password-stdin"});
    expect_ok(login);
    EXPECT_TRUE(has(login.out, "docker-credential-none")) << login.out;
    const auto config = read_text_file(home() / ".docker/config.json");
    EXPECT_EQ(*config, R"({"credsStore":"none","HttpHeaders":{"a":"b"}})") << "no secret in the file";
}

TEST_F(RegistryCommand, SignaturesAreMadeCheckedAndTravel) {
    if (const auto missing = DockerRegistry::missing(false, false); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(false, false);
    const std::string remote = registry.host() + "/me/x:v1";
    const std::string key = (home() / "me").string();
    const std::string other = (home() / "other").string();
    expect_ok(gadget({"image", "generate-key", key}));
    expect_ok(with_input("pass phrase", {"image", "generate-key", other, "--encrypt", "--passphrase-stdin"}));
    expect_ok(gadget_run({"image", "tag", "me/x:v1", remote}));

    const auto is_unsigned = gadget({"image", "verify", remote, "--key", key + ".pub"});
    EXPECT_EQ(is_unsigned.status, 1);
    EXPECT_TRUE(has(is_unsigned.err, "is not signed")) << is_unsigned.err;
    expect_ok(gadget({"image", "sign", remote, "--key", key + ".key"}));
    expect_ok(gadget({"image", "sign", remote, "--key", key + ".key", "--referrer"}));
    expect_ok(gadget({"push", remote}));
    expect_ok(gadget_run({"image", "remove", remote}));
    const auto pulled = gadget({"pull", remote});
    expect_ok(pulled);
    EXPECT_TRUE(has(pulled.err, "2 attachments")) << pulled.err;
    const auto good = gadget({"image", "verify", remote, "--key", key + ".pub"});
    expect_ok(good);
    EXPECT_TRUE(has(good.out, registry.host() + "/me/x")) << good.out;
    const auto wrong = gadget({"image", "verify", remote, "--key", other + ".pub"});
    EXPECT_EQ(wrong.status, 1);
    EXPECT_TRUE(has(wrong.err, "signed, but not with the given key")) << wrong.err;
    const auto locked = gadget({"image", "sign", remote, "--key", other + ".key"});
    EXPECT_EQ(locked.status, 2) << locked.err;
    EXPECT_TRUE(has(locked.err, "needs a passphrase")) << locked.err;
    environment.emplace_back("GADGET_KEY_PASSPHRASE=pass phrase");
    expect_ok(gadget({"image", "sign", remote, "--key", other + ".key"}));
    expect_ok(gadget({"image", "verify", remote, "--key", other + ".pub"}));
    expect_ok(gadget({"image", "verify", remote, "--key", key + ".pub"}));
    const auto list = gadget_run({"image", "list"});
    EXPECT_TRUE(has(list.out, "signature attached") && !has(list.out, ".sig")) << list.out;
    EXPECT_TRUE(has(gadget_run({"image", "list", "--all"}).out, ".sig"));
}

TEST_F(RegistryCommand, APolicyDecidesWhatIsPulled) {
    if (const auto missing = DockerRegistry::missing(false, false); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(false, false);
    const std::string remote = registry.host() + "/me/x:v1";
    expect_ok(gadget({"image", "generate-key", (home() / "me").string()}));
    expect_ok(gadget_run({"image", "tag", "me/x:v1", remote}));
    expect_ok(gadget({"push", remote}));
    const auto policy =
        folder("p", {{"policy.json", R"({"version":1,"rules":[{"images":[")" + registry.host() +
                                         R"(/me/*"],"keys":["../me.pub"]}]})"}}) /
        "policy.json";
    expect_ok(gadget_run({"image", "remove", remote}));
    const auto refused = gadget({"pull", remote, "--policy", policy.string()});
    EXPECT_EQ(refused.status, 1) << refused.err;
    EXPECT_TRUE(has(refused.err, "is not signed")) << refused.err;
    EXPECT_FALSE(has(gadget_run({"image", "list"}).out, registry.host()));
    expect_ok(gadget_run({"image", "tag", "me/x:v1", remote}));
    expect_ok(gadget({"image", "sign", remote, "--key", (home() / "me.key").string()}));
    expect_ok(gadget({"push", remote}));
    expect_ok(gadget_run({"image", "remove", remote}));
    expect_ok(gadget({"pull", remote, "--policy", policy.string()}));
    expect_ok(gadget({"image", "verify", remote, "--policy", policy.string()}));
    const auto elsewhere = gadget({"image", "verify", "me/x:v1", "--policy", policy.string()});
    EXPECT_EQ(elsewhere.status, 1);
    EXPECT_TRUE(has(elsewhere.err, "no rule of the policy")) << elsewhere.err;
}

TEST_F(RegistryCommand, UsageErrorsAndHelp) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"push"},
                                                  {"pull"},
                                                  {"login"},
                                                  {"image", "sign", "x"},
                                                  {"push", "UPPER/x y"}}) {
        const auto outcome = gadget(words);
        EXPECT_EQ(outcome.status, 2) << words.front() << outcome.err;
    }
    const auto command = gadget({"image", "psuh", "x"});
    EXPECT_EQ(command.status, 2);
    EXPECT_TRUE(has(command.err, "did you mean 'push'?")) << command.err;
    const auto option = gadget({"login", "x", "--usrename", "y"});
    EXPECT_EQ(option.status, 2);
    EXPECT_TRUE(has(option.err, "unknown option '--usrename'") && has(option.err, "'--username'"))
        << option.err;
    EXPECT_TRUE(has(gadget_run({"image", "list", "--al"}).err, "did you mean '--all'?"));
    const auto absent_key = gadget({"image", "verify", "me/x:v1", "--key", "nowhere.pub"});
    EXPECT_EQ(absent_key.status, 4) << "a file that is not there says nothing about the image";
    for (const char* each : {"push", "pull", "login", "logout"}) {
        const auto help = gadget({each, "--help"});
        expect_ok(help);
        EXPECT_TRUE(has(help.out, "Example")) << help.out;
    }
    const auto no_terminal = gadget({"login", "ghcr.io", "-u", "me"});
    EXPECT_EQ(no_terminal.status, 2);
    EXPECT_TRUE(has(no_terminal.err, "--password-stdin")) << no_terminal.err;
    const auto absent = gadget({"push", "me/nothing"});
    EXPECT_EQ(absent.status, 4) << absent.err;
}

TEST_F(RegistryCommand, ARegistryThatCannotBeReachedIsMissing) {
    // Port 1 of loopback: nobody listens.
    const auto pulled = gadget({"pull", "localhost:1/me/x"});
    EXPECT_EQ(pulled.status, 3) << pulled.err;
    EXPECT_TRUE(has(pulled.err, "needs a connection to localhost")) << pulled.err;
}

TEST_F(RegistryCommand, AShortNameMayStandForAnotherRegistry) {
    if (const auto missing = DockerRegistry::missing(false, false); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(false, false);
    environment.push_back("GADGET_DEFAULT_REGISTRY=" + registry.host() + "/team");
    expect_ok(gadget_run({"image", "tag", "ghcr.io/me/x:v1", "x"}));
    const auto pushed = gadget({"push", "x"});
    expect_ok(pushed);
    EXPECT_EQ(pushed.out, registry.host() + "/team/x:latest " + digest_ + "\n");
    EXPECT_TRUE(has(gadget_run({"image", "list"}).out, "\nx:latest")) << gadget_run({"image", "list"}).out;
}

}  // namespace
}  // namespace gadget::tests
