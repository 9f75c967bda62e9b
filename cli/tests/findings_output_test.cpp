// SPDX-License-Identifier: Apache-2.0
#include "findings_output.h"

#include <gtest/gtest.h>

namespace gadget::cli {
namespace {

DiagnosticList sample() {
    DiagnosticList findings;
    findings.report({.severity = Severity::error,
                     .id = "unknown-section",
                     .message = "unknown \"section\"",
                     .location = SourceRange{"a,b:c.bpf.c", 3, 7, 3, 9},
                     .hint = "50% off\nhere"});
    findings.report({.severity = Severity::warning,
                     .id = "w",
                     .message = "m",
                     .location = ObjectLocation{.object = "amd64 object", .symbol = "events"}});
    return findings;
}

TEST(FindingsJson, HasTheDocumentedShape) {
    EXPECT_EQ(
        findings_json(sample()),
        R"({"version":1,"findings":[{"id":"unknown-section","severity":"error","message":"unknown \"section\"",)"
        R"("hint":"50% off\nhere","location":{"file":"a,b:c.bpf.c","line":3,"column":7,"endLine":3,"endColumn":9},"notes":[],"fixes":[]},)"
        R"({"id":"w","severity":"warning","message":"m","hint":"","location":{"object":"amd64 object","symbol":"events"},"notes":[],"fixes":[]}]})"
        "\n");
}

TEST(FindingsJson, SurvivesTextThatIsNoUtf8) {
    DiagnosticList findings;
    findings.report({.severity = Severity::error, .id = "x", .message = "\xff"});
    EXPECT_NE(findings_json(findings).find("\xef\xbf\xbd"), std::string::npos);
}

TEST(FindingsGithub, EscapesWhatEndsACommandOrAProperty) {
    EXPECT_EQ(findings_github(sample()),
              "::error file=a%2Cb%3Ac.bpf.c,line=3,col=7,title=unknown-section::unknown \"section\"%0A50%25 "
              "off%0Ahere\n"
              "::warning title=w::amd64 object, 'events': m\n");
}

TEST(FindingsSummary, CountsInWords) {
    EXPECT_EQ(findings_summary(DiagnosticList()), "no findings");
    EXPECT_EQ(findings_summary(sample()), "1 error, 1 warning");
}

}  // namespace
}  // namespace gadget::cli
