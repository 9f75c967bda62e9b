// SPDX-License-Identifier: Apache-2.0
// What lies between the commands and a registry: a proxy, or a machine without libcurl.
#include "registry_command.h"
#include "tunnel_proxy.h"

namespace gadget::tests {
namespace {

TEST_F(RegistryCommand, AProxyOfTheEnvironmentIsUsedUnlessNoProxyNamesTheHost) {
    if (const auto missing = DockerRegistry::missing(true, true); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(true, true);
    const std::string port = registry.host().substr(registry.host().find(':') + 1);
    TunnelProxy proxy(static_cast<unsigned>(std::stoul(port)));
    // This machine as well, by an address that is not the loopback.
    const std::string host = "0.0.0.0:" + port;
    const std::string remote = host + "/me/x:v1";
    const std::string ca = registry.certificate().string();
    const std::vector<std::string> account{"GADGET_REGISTRY_HOST=" + host, "GADGET_REGISTRY_USERNAME=me",
                                           "GADGET_REGISTRY_PASSWORD=secret"};
    environment.insert(environment.end(), account.begin(), account.end());
    environment.push_back("HTTPS_PROXY=" + proxy.url());

    expect_ok(gadget({"push", "me/x:v1", remote, "--ca-file", ca}));
    const auto seen = proxy.requests();
    ASSERT_FALSE(seen.empty());
    for (const auto& request : seen) {
        EXPECT_TRUE(request.starts_with("CONNECT " + host + " ")) << request;
        EXPECT_FALSE(has(request, "uthorization")) << "the account is not the proxy's: " << request;
    }
    const auto pulled = gadget({"pull", remote, "--ca-file", ca});
    expect_ok(pulled);
    EXPECT_TRUE(has(pulled.out, digest_)) << pulled.out;

    const auto before = proxy.requests().size();
    environment.emplace_back("NO_PROXY=0.0.0.0");
    expect_ok(gadget({"pull", remote, "--ca-file", ca}));
    EXPECT_EQ(proxy.requests().size(), before);
}

TEST_F(RegistryCommand, TheLoopbackIsReachedWithoutAProxy) {
    if (const auto missing = DockerRegistry::missing(false, false); !missing.empty())
        GTEST_SKIP() << "missing: " << missing;
    const DockerRegistry registry(false, false);
    TunnelProxy proxy(1);
    environment.push_back("http_proxy=" + proxy.url());
    environment.push_back("HTTPS_PROXY=" + proxy.url());
    expect_ok(gadget({"push", "me/x:v1", registry.host() + "/me/x:v1"}));
    EXPECT_TRUE(proxy.requests().empty());
}

TEST_F(RegistryCommand, AMachineWithoutLibcurlIsToldSo) {
    // A file of that name which is no library: what the loader finds first is what it takes.
    const auto hidden = folder("lib", {{"libcurl.so.4", ""}});
    environment.push_back("LD_LIBRARY_PATH=" + hidden.string());
    const auto pulled = gadget({"pull", "localhost:1/me/x:v1"});
    EXPECT_EQ(pulled.status, 3) << pulled.err;
    EXPECT_TRUE(has(pulled.err, "install the package libcurl4")) << pulled.err;
    // What speaks to no registry works.
    expect_ok(gadget({"image", "generate-key", (home() / "me").string()}));
    expect_ok(gadget({"image", "sign", "me/x:v1", "--key", (home() / "me.key").string()}));
}

}  // namespace
}  // namespace gadget::tests
