// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/reference.h"

#include <gtest/gtest.h>

namespace gadget::packager {
namespace {

constexpr const char* kDigest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

struct Case {
    std::string text;
    std::string full;
    std::string familiar;
};

class ReferenceTable : public ::testing::TestWithParam<Case> {};

TEST_P(ReferenceTable, IsCompletedAndShortenedAgain) {
    const auto reference = parse_reference(GetParam().text);
    ASSERT_TRUE(reference) << reference.error().to_string();
    EXPECT_EQ(reference->to_string(), GetParam().full);
    EXPECT_EQ(reference->familiar(), GetParam().familiar);
    const auto again = parse_reference(reference->familiar());
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *reference) << "the short form means the same image";
}

const std::string kAt = std::string("@") + kDigest;

INSTANTIATE_TEST_SUITE_P(
    All, ReferenceTable,
    ::testing::Values(Case{"foo", "ghcr.io/inspektor-gadget/gadget/foo:latest", "foo:latest"},
                      Case{"ig:latestttt", "ghcr.io/inspektor-gadget/gadget/ig:latestttt", "ig:latestttt"},
                      Case{"me/foo:v1", "ghcr.io/me/foo:v1", "me/foo:v1"},
                      Case{"inspektor-gadget/ig:foobar", "ghcr.io/inspektor-gadget/ig:foobar",
                           "inspektor-gadget/ig:foobar"},
                      Case{"ghcr.io/foo", "ghcr.io/inspektor-gadget/gadget/foo:latest", "foo:latest"},
                      Case{"ghcr.io:443/inspektor-gadget/ig:baz", "ghcr.io:443/inspektor-gadget/ig:baz",
                           "ghcr.io:443/inspektor-gadget/ig:baz"},
                      Case{"localhost:5000/foo", "localhost:5000/foo:latest", "localhost:5000/foo:latest"},
                      Case{"localhost/foo", "localhost/foo:latest", "localhost/foo:latest"},
                      Case{"docker.io/foo", "docker.io/library/foo:latest", "docker.io/library/foo:latest"},
                      Case{"index.docker.io/me/foo", "docker.io/me/foo:latest", "docker.io/me/foo:latest"},
                      Case{"[::1]:5000/foo:v1", "[::1]:5000/foo:v1", "[::1]:5000/foo:v1"},
                      Case{std::string("ghcr.io/") + kDigest,
                           std::string("ghcr.io/inspektor-gadget/gadget/") + kDigest,
                           std::string("ghcr.io/") + kDigest},
                      Case{"foo" + kAt, "ghcr.io/inspektor-gadget/gadget/foo" + kAt, "foo" + kAt},
                      Case{"foo:v1" + kAt, "ghcr.io/inspektor-gadget/gadget/foo:v1" + kAt, "foo:v1" + kAt},
                      Case{"a/b__c/d---e:V_1.2-x", "ghcr.io/a/b__c/d---e:V_1.2-x", "a/b__c/d---e:V_1.2-x"}),
    [](const auto& row) { return "Row" + std::to_string(row.index); });

class BadReference : public ::testing::TestWithParam<std::string> {};

TEST_P(BadReference, IsRefusedWithAReason) {
    const auto reference = parse_reference(GetParam());
    ASSERT_FALSE(reference) << reference->to_string();
    EXPECT_EQ(reference.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(reference.error().message.find("is not an image name: "), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadReference,
    ::testing::Values("", "inspektor-gadget/ig:~\xc2\xbd\xc2\xac", "https://inspektor-gadget/ig:baz",
                      "https://ghcr.io:443/inspektor-gadget/ig:latest", "Foo", "me/Foo", "me//foo", "/foo",
                      "me/foo/", "foo:", "foo:a:b", "foo@", "foo@sha256:12", "foo@md5:00", "../foo",
                      "me/../foo", "me/.foo", "me/foo_", "a___b/c", "host:0/foo", "host:99999/foo",
                      "ho_st.com/foo", "-a.com/foo", "foo bar", "foo\n", "ghcr.io/", std::string(300, 'a'),
                      "foo:" + std::string(129, 'a'), std::string("fo\0o", 4)),
    [](const auto& row) { return "Row" + std::to_string(row.index); });

TEST(Reference, DefaultsCanBeChanged) {
    const ReferenceDefaults defaults{.registry = "localhost:5000", .namespace_prefix = "", .tag = "dev"};
    EXPECT_EQ(parse_reference("foo", defaults)->to_string(), "localhost:5000/foo:dev");
    EXPECT_EQ(parse_reference("ghcr.io/me/foo", defaults)->familiar(defaults), "ghcr.io/me/foo:dev");
    EXPECT_EQ(parse_reference("me/foo:v1", defaults)->familiar(defaults), "me/foo:v1");
}

TEST(Reference, ADigestAloneIsNoTag) {
    const auto reference = parse_reference(kDigest);
    ASSERT_FALSE(reference) << reference->to_string();
    EXPECT_NE(reference.error().message.find("digest alone"), std::string::npos) << reference.error().message;
}

TEST(Reference, HintsAtLowerCase) {
    EXPECT_EQ(parse_reference("me/Foo").error().hint, "write it in lower case");
}

TEST(Digest, HasAKnownAlgorithmAndLowerCaseHex) {
    EXPECT_TRUE(is_digest(kDigest));
    EXPECT_TRUE(is_digest("sha512:" + std::string(128, 'a')));
    for (const std::string text : {"", "sha256:", "sha256:AA", "md5:d41d8cd98f00b204e9800998ecf8427e"})
        EXPECT_FALSE(is_digest(text));
    EXPECT_FALSE(is_digest("sha256:" + std::string(64, 'A')));
    EXPECT_FALSE(is_digest("sha256:" + std::string(62, 'a') + "/."));
}

TEST(RefName, KeepsOutWhatASpecificationDoesNotAllow) {
    EXPECT_TRUE(is_ref_name("ghcr.io/me/foo:v1"));
    EXPECT_TRUE(is_ref_name("sha256-" + std::string(64, 'a') + ".sig"));
    for (const char* text : {"", "a b", "a\n", "a;b", "\xc3\xa9"}) EXPECT_FALSE(is_ref_name(text)) << text;
}

}  // namespace
}  // namespace gadget::packager
