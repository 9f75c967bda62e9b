// SPDX-License-Identifier: Apache-2.0
// Every name that a header of bpf-api offers is used by a program of bpf-api/tests that includes the header.
// Those programs are compiled for each architecture (unit.BpfApi.*) and loaded by real kernels
// (vm.*BpfApiTest*), so a header, a macro or a function without one is neither. Also: README.md tells of
// every header.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "api_names.h"
#include "gadget/support/files.h"

namespace gadget::api_tests {
namespace {

namespace fs = std::filesystem;

const fs::path kApi = BPF_API_FOLDER;

std::string read(const fs::path& path) {
    auto text = read_text_file(path);
    EXPECT_TRUE(text) << text.error().to_string();
    return text ? *text : "";
}

/// "gadget/macros.h" and so on.
std::vector<std::string> headers() {
    std::vector<std::string> result;
    for (const auto& entry : fs::recursive_directory_iterator(kApi / "include")) {
        if (entry.is_regular_file())
            result.push_back(entry.path().lexically_relative(kApi / "include").generic_string());
    }
    std::sort(result.begin(), result.end());
    return result;
}

/// The programs that include `header` themselves, as one text.
std::string programs_with(const std::string& header) {
    std::string result;
    for (const auto& entry : fs::directory_iterator(kApi / "tests")) {
        if (!entry.path().string().ends_with(".bpf.c")) continue;
        const std::string text = without_comments(read(entry.path()));
        if (text.find("#include <" + header + ">\n") != std::string::npos) result += text;
    }
    return result;
}

/// Names that are no part of the interface.
bool is_internal(const std::string& header, const std::string& name) {
    const auto starts = [&name](std::string_view prefix) { return name.starts_with(prefix); };
    if (header.starts_with("gadget/")) return starts("_");
    return starts("___") || starts("__GADGETKIT") || starts("__gadgetkit") || starts("__PT_");
}

class ApiCoverage : public testing::TestWithParam<std::string> {};

TEST_P(ApiCoverage, EveryNameOfTheHeaderIsUsedByAProgram) {
    const std::string& header = GetParam();
    const std::string programs = programs_with(header);
    ASSERT_FALSE(programs.empty()) << "no program of bpf-api/tests includes <" << header << ">";
    const auto used = identifiers(programs);
    std::size_t names = 0;
    for (const auto& name : declared_names(read(kApi / "include" / header))) {
        if (is_internal(header, name)) continue;
        ++names;
        EXPECT_TRUE(used.contains(name)) << name << " of <" << header << "> is used by no program";
    }
    EXPECT_GT(names, 0U) << "<" << header << "> offers nothing";
}

TEST_P(ApiCoverage, TheReadmeTellsOfTheHeader) {
    EXPECT_NE(read(kApi / "README.md").find("`" + GetParam() + "`"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Headers, ApiCoverage, testing::ValuesIn(headers()), [](const auto& header) {
    std::string name = header.param;
    std::replace_if(name.begin(), name.end(), [](char c) { return c == '/' || c == '.' || c == '-'; }, '_');
    return name;
});

TEST(ApiNames, AreFoundInEveryFormOfDeclaration) {
    const auto names = declared_names(R"(
/* #define COMMENT */
#define MACRO(a) \
    not_a_name(a)
#ifndef PLAIN
#define PLAIN 1
#endif
struct tag { int member; };
struct forward;
typedef struct inner { int member; } alias;
typedef unsigned int number;
enum kind { FIRST, SECOND = 2 };
struct { int member; } map SEC(".maps");
const volatile int parameter = 0;
static void (*const pointer)(void) __attribute__((unused)) = (void*)1;
const volatile char text[16] = {};
GADGET_PARAM(parameter);
extern int kernel_function(int a) __weak __ksym;
static __always_inline __attribute__((unused)) int function(struct tag *a)
{
    int local = other(a);
    return local;
}
_Static_assert(1, "text");
)");
    const std::set<std::string> expected{"MACRO",     "PLAIN",   "tag",   "inner",           "alias",
                                         "number",    "kind",    "FIRST", "SECOND",          "map",
                                         "parameter", "pointer", "text",  "kernel_function", "function"};
    EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace gadget::api_tests
