// SPDX-License-Identifier: Apache-2.0
// Against the registry that Docker publishes, started on this machine: plain, with TLS, with accounts.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gadget/packager/registry.h"
#include "gadget/packager/signing.h"
#include "gadget/support/subprocess.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kPath = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin";

/// A port that is free now.
unsigned free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd.get(), generic, size), 0);
    EXPECT_EQ(::getsockname(fd.get(), generic, &size), 0);
    return ntohs(address.sin_port);
}

struct Setting {
    const char* name;
    bool tls;
    bool accounts;
};

class RealRegistryTest : public ::testing::TestWithParam<Setting> {
  protected:
    void SetUp() override {
        for (const char* needed : {"docker-registry", GetParam().tls ? "openssl" : "sh",
                                   GetParam().accounts ? "htpasswd" : "sh"}) {
            if (!find_program(needed, kPath)) GTEST_SKIP() << "missing: " << needed;
        }
        host_ = "127.0.0.1:" + std::to_string(free_port());
        std::string config =
            "version: 0.1\nlog:\n  level: error\nstorage:\n  delete:\n    enabled: true\n  filesystem:\n    "
            "rootdirectory: " +
            (dir_.path() / "data").string() + "\nhttp:\n  addr: " + host_ + "\n";
        if (GetParam().tls) {
            ASSERT_TRUE(
                run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", path("key"), "-out", path("cert"), "-days", "2", "-subj",
                     "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"}));
            config += "  tls:\n    certificate: " + path("cert") + "\n    key: " + path("key") + "\n";
        }
        if (GetParam().accounts) {
            ASSERT_TRUE(run({"htpasswd", "-Bbc", path("users"), "me", "secret"}));
            config += "auth:\n  htpasswd:\n    realm: test\n    path: " + path("users") + "\n";
        }
        test::put(path("config.yml"), config);
        SpawnOptions spawn;
        spawn.argv = {find_program("docker-registry", kPath)->string(), "serve", path("config.yml")};
        auto started = Subprocess::spawn(spawn);
        ASSERT_TRUE(started) << started.error().to_string();
        process_.emplace(std::move(*started));
    }

    [[nodiscard]] std::string path(const char* name) const { return (dir_.path() / name).string(); }

    static bool run(std::vector<std::string> argv) {
        const auto output = run_command({.argv = std::move(argv)});
        return output && output->status.success();
    }

    [[nodiscard]] RegistryOptions options() const {
        RegistryOptions options;
        options.first_pause = 50ms;
        options.attempts = 8;  // the registry may still be starting
        options.idle_timeout = 20s;
        if (GetParam().tls) options.ca_file = path("cert");
        if (GetParam().accounts) {
            options.credentials = [](const std::string&) {
                return std::optional(Credentials{.username = "me", .password = "secret"});
            };
        }
        return options;
    }

    /// The registry, once it answers.
    [[nodiscard]] Registry ready() const {
        for (int i = 0; i < 20; ++i) {
            Registry registry(host_, options());
            if (registry.login()) return registry;
        }
        ADD_FAILURE() << "the registry does not answer";
        return {host_, options()};
    }

    TempDir dir_ = *TempDir::create("real-registry-test");
    std::string host_;
    std::optional<Subprocess> process_;
    Image image_ = test::image("x", std::string(1 << 20, 'o'));
};

TEST_P(RealRegistryTest, PushPullTagsSignaturesAndDeletion) {
    Registry registry = ready();
    const MemoryBlobs blobs(image_);
    for (const char* tag : {"v1", "v2"}) {
        const auto pushed = registry.push(blobs, image_.root, "me/x", tag);
        ASSERT_TRUE(pushed) << pushed.error().to_string();
    }
    const auto tags = registry.tags("me/x");
    ASSERT_TRUE(tags) << tags.error().to_string();
    EXPECT_EQ(*tags, (std::vector<std::string>{"v1", "v2"}));

    auto store = *Store::open(dir_.path() / "store");
    const Reference reference{.registry = host_, .repository = "me/x", .tag = "v1", .digest = {}};
    const auto pulled = pull(registry, reference, store);
    ASSERT_TRUE(pulled) << pulled.error().to_string();
    EXPECT_EQ(store.load(reference.to_string())->blobs, image_.blobs);

    const auto key = PrivateKey::generate();
    const auto signature = sign_image(image_.root, host_ + "/me/x", *key);
    ASSERT_TRUE(
        registry.push(MemoryBlobs(*signature), signature->root, "me/x", signature_tag(image_.root.digest)));
    const auto referrer = sign_image(image_.root, host_ + "/me/x", *key, SignatureForm::referrer);
    const auto attached = registry.push(MemoryBlobs(*referrer), referrer->root, "me/x", "");
    ASSERT_TRUE(attached) << attached.error().to_string();
    const auto found = registry.referrers("me/x", image_.root.digest);
    ASSERT_TRUE(found) << found.error().to_string();
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->at(0).digest, referrer->root.digest);

    const auto deleted = registry.remove("me/x", image_.root.digest);
    EXPECT_TRUE(deleted) << deleted.error().to_string();
    EXPECT_EQ(Registry(host_, options()).resolve("me/x", "v1").error().code, ErrorCode::not_found);
    EXPECT_EQ(registry.resolve("me/none", "v1").error().code, ErrorCode::not_found);
}

TEST_P(RealRegistryTest, SaysWhyItMayNotOrDoesNotTrust) {
    (void)ready();
    RegistryOptions stranger = options();
    if (GetParam().tls) {
        stranger.ca_file.clear();
        const auto refused = Registry(host_, stranger).login();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::permission_denied) << refused.error().message;
        EXPECT_NE(refused.error().message.find("certificate"), std::string::npos) << refused.error().message;
    }
    if (GetParam().accounts) {
        stranger = options();
        stranger.credentials = [](const std::string&) {
            return std::optional(Credentials{.username = "me", .password = "wrong"});
        };
        const auto refused = Registry(host_, stranger).login();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
        EXPECT_EQ(refused.error().to_string().find("wrong"), std::string::npos) << "no secret in messages";
    }
}

TEST_P(RealRegistryTest, SkopeoReadsWhatWePushAndWeReadWhatItPushes) {
    if (!find_program("skopeo", kPath)) GTEST_SKIP() << "missing: skopeo";
    Registry registry = ready();
    ASSERT_TRUE(registry.push(MemoryBlobs(image_), image_.root, "me/x", "v1"));
    const std::vector<std::string> login = GetParam().accounts
                                               ? std::vector<std::string>{"--src-creds", "me:secret"}
                                               : std::vector<std::string>{"--src-no-creds"};
    std::vector<std::string> argv = {"skopeo", "--tmpdir", dir_.path(), "--insecure-policy",
                                     "copy",   "-q",       "--all",     "--src-tls-verify=false"};
    argv.insert(argv.end(), login.begin(), login.end());
    argv.insert(argv.end(), {"docker://" + host_ + "/me/x:v1", "oci:" + path("layout") + ":v1"});
    ASSERT_TRUE(run(argv));
    const auto layout = Layout::open(path("layout"));
    ASSERT_TRUE(layout) << layout.error().to_string();
    EXPECT_EQ(layout->find("v1")->digest, image_.root.digest);

    argv = {"skopeo", "--tmpdir", dir_.path(), "--insecure-policy",
            "copy",   "-q",       "--all",     "--dest-tls-verify=false"};
    if (GetParam().accounts) argv.insert(argv.end(), {"--dest-creds", "me:secret"});
    argv.insert(argv.end(), {"oci:" + path("layout") + ":v1", "docker://" + host_ + "/me/y:v1"});
    ASSERT_TRUE(run(argv));
    const auto root = registry.resolve("me/y", "v1");
    ASSERT_TRUE(root) << root.error().to_string();
    EXPECT_EQ(root->digest, image_.root.digest);
    const auto loaded = load_image(*registry.blobs("me/y"), *root);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(loaded->blobs, image_.blobs);
}

INSTANTIATE_TEST_SUITE_P(All, RealRegistryTest,
                         ::testing::Values(Setting{"Plain", false, false}, Setting{"Tls", true, false},
                                           Setting{"PlainAccounts", false, true},
                                           Setting{"TlsAccounts", true, true}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace gadget::packager
