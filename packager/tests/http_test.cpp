// SPDX-License-Identifier: Apache-2.0
// The parsers that read what strangers' servers send.
#include <gtest/gtest.h>

#include "registry/challenge.h"
#include "registry/session.h"
#include "registry/upload.h"
#include "registry/url.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

TEST(Url, ReadsAndWritesAddresses) {
    struct Row {
        std::string text;
        std::string again;
    };
    for (const auto& [text, again] :
         {Row{"https://Ghcr.IO", "https://ghcr.io/"}, Row{"http://a:5000/v2/?x=1#f", "http://a:5000/v2/?x=1"},
          Row{"https://[::1]:443/x", "https://[::1]/x"}, Row{"https://a?b", "https://a/?b"}}) {
        const auto url = parse_url(text);
        ASSERT_TRUE(url) << url.error().message;
        EXPECT_EQ(url->to_string(), again);
    }
    for (const char* text :
         {"", "ftp://a", "https://", "https://u@a/", "https://a:0/", "https://a:70000/", "https://a b/",
          "https://a/x y", "https://a/\r\nHost: b", "https://[::1/", "//a/"}) {
        EXPECT_EQ(parse_url(text).error().code, ErrorCode::corrupt_data) << text;
    }
}

TEST(Url, ResolvesLocations) {
    const auto base = *parse_url("https://a:5000/v2/x/blobs/uploads/?n=1");
    const auto resolved = [&](const char* location) { return resolve_location(base, location)->to_string(); };
    EXPECT_EQ(resolved("http://b/c"), "http://b/c");
    EXPECT_EQ(resolved("//b/c"), "https://b/c");
    EXPECT_EQ(resolved("/v2/y?z"), "https://a:5000/v2/y?z");
    EXPECT_EQ(resolved("id"), "https://a:5000/v2/x/blobs/uploads/id");
    EXPECT_EQ(resolved("?n=2"), "https://a:5000/v2/x/blobs/uploads/?n=2");
    EXPECT_FALSE(resolve_location(base, ""));
    std::string target = "/x?a=1";
    add_query(target, "digest", "sha256:ab/+");
    EXPECT_EQ(target, "/x?a=1&digest=sha256%3Aab%2F%2B");
    EXPECT_TRUE(is_loopback("127.8.9.1") && is_loopback("localhost") && is_loopback("::1"));
    EXPECT_FALSE(is_loopback("127.evil.com") || is_loopback("localhost.evil.com") || is_loopback("10.0.0.1"));
}

TEST(Challenge, ReadsSeveralSchemes) {
    const auto challenges = parse_challenges(
        R"(Basic realm="a \"b\", c", Bearer Realm="https://t/?x=1,2",service=s , scope = "r:x:pull,push")");
    ASSERT_EQ(challenges.size(), 2U);
    EXPECT_EQ(challenges[0].scheme, "basic");
    EXPECT_EQ(challenges[0].parameters.at("realm"), "a \"b\", c");
    EXPECT_EQ(challenges[1].scheme, "bearer");
    EXPECT_EQ(challenges[1].parameters.at("realm"), "https://t/?x=1,2");
    EXPECT_EQ(challenges[1].parameters.at("service"), "s");
    EXPECT_EQ(challenges[1].parameters.at("scope"), "r:x:pull,push");
}

TEST(Challenge, SurvivesNonsense) {
    for (const std::string text :
         {"", ",", "=", "Bearer", "Bearer realm", "Bearer realm=", "Bearer realm=\"", "Bearer realm=\"\\",
          "\"x\"", "a=b", "Bearer realm=\"x\" junk=\x01", "\xff\xff"}) {
        for (std::size_t length = 0; length <= text.size(); ++length)
            (void)parse_challenges(text.substr(0, length));
    }
    EXPECT_TRUE(parse_challenges("realm=x").empty());
    EXPECT_EQ(parse_challenges("Bearer").size(), 1U);
}

TEST(Link, FindsTheNextPage) {
    EXPECT_EQ(next_link(R"(</v2/x/tags/list?n=1&last=a>; rel="next")"), "/v2/x/tags/list?n=1&last=a");
    EXPECT_EQ(next_link(R"(<a>; rel="prev", <b>; REL=next)"), "b");
    for (const char* text : {"", "<", "<a", "<a>", "<a>; rel=prev", ">a<"})
        EXPECT_EQ(next_link(text), "") << text;
}

}  // namespace
}  // namespace gadget::packager
