// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sample_event.h"

namespace gadget::events::testing {
namespace {

Sample event() {
    Sample sample;
    sample.value("flag", true)
        .value("small", std::int8_t{-5})
        .value("big", std::uint64_t{1} << 63)
        .value("ratio", 0.5)
        .text("name", "libc.so", 16)
        .array<std::uint32_t>("list", {1, 2})
        .open("proc")
        .value("pid", 7U)
        .close()
        .open("src", {"gadget_l3endpoint_t"})
        .blob("addr_raw", {10, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {"gadget_ip_addr_t"})
        .value("version", std::uint8_t{4})
        .close();
    return sample;
}

class ExpressionTruth : public ::testing::TestWithParam<std::pair<const char*, bool>> {};

TEST_P(ExpressionTruth, Decides) {
    const Sample sample = event();
    auto filter = Filter::parse_expression(sample.source(), GetParam().first);
    ASSERT_TRUE(filter) << filter.error().to_string();
    EXPECT_EQ(filter->matches(sample.record()), GetParam().second) << GetParam().first;
}

using Truth = std::pair<const char*, bool>;
INSTANTIATE_TEST_SUITE_P(
    Expressions, ExpressionTruth,
    ::testing::Values(
        Truth{"flag", true}, Truth{"!flag", false}, Truth{"not flag or true", true},
        Truth{"flag && small < 0", true}, Truth{"small == -5", true}, Truth{"small + 5 == 0", true},
        Truth{"small * small == 25", true}, Truth{"small - 1 < -5", true}, Truth{"-small == 5", true},
        Truth{"proc.pid % 4 == 3", true}, Truth{"proc.pid % 0 == 0", false},
        Truth{"proc.pid % 0 != 0", false}, Truth{"small % -1 == 0", true}, Truth{"proc.pid / 2 == 3.5", true},
        Truth{"big > small", true}, Truth{"small < big", true}, Truth{"big == 0x8000000000000000", true},
        Truth{"big > 9223372036854775807", true}, Truth{"3 - 5 == -2", true}, Truth{"5 - 3 == 2", true},
        Truth{"ratio < 1 and ratio >= 0.5", true}, Truth{"ratio * 2 == 1", true},
        Truth{"1 + 2 * 3 == 7", true}, Truth{"(1 + 2) * 3 == 9", true}, Truth{"1_000 == 1e3", true},
        Truth{"name == \"libc.so\"", true}, Truth{"name == 'libc' || name endsWith '.so'", true},
        Truth{"name startsWith 'libc'", true}, Truth{"name contains 'c.s'", true},
        Truth{"name contains 'x'", false}, Truth{"name matches '^lib.*\\\\.so$'", true},
        Truth{"name matches `^lib.*\\.so$`", true}, Truth{"name not matches 'z'", true},
        Truth{"len(name) == 7", true}, Truth{"upper(name) == 'LIBC.SO'", true},
        Truth{"lower('ABC') == 'abc'", true}, Truth{"proc.pid in [1, 7, 9]", true},
        Truth{"proc.pid not in [1, 7]", false}, Truth{"name in ['a', 'libc.so']", true},
        Truth{"proc.pid in 5..7", true}, Truth{"proc.pid in 8..9", false}, Truth{"small in [-5]", true},
        Truth{"src.addr in cidr('10.0.0.0/8')", true},
        Truth{"src.addr in cidr('10.2.0.0/16', '10.1.2.0/23')", true},
        Truth{"src.addr in cidr('11.0.0.0/8', '::/0')", false},
        Truth{"src.addr not in cidr('10.1.2.3')", false}, Truth{"name in cidr('0.0.0.0/0')", false},
        Truth{"flag ? proc.pid == 7 : false", true}, Truth{"(flag ? 1 : 2) == 1", true},
        Truth{"list == '[1,2]'", true}, Truth{"flag == true", true}, Truth{"name < 'm'", true},
        Truth{"PROC.PID == 7", true}));

std::string error_of(const std::string& text) {
    const auto filter = Filter::parse_expression(event().source(), text);
    return filter ? "" : filter.error().to_string();
}

TEST(Expression, NamesWhatIsWrongAndWhere) {
    EXPECT_NE(error_of("proc.pdi == 1").find("no field 'proc.pdi' at position 1"), std::string::npos);
    EXPECT_NE(error_of("proc.pdi == 1").find("did you mean 'proc.pid'"), std::string::npos);
    EXPECT_NE(error_of("flag && proc").find("is a structure"), std::string::npos);
    EXPECT_NE(error_of("proc.pid").find("not a condition"), std::string::npos);
    EXPECT_NE(error_of("name == 1").find("cannot be used with text and an integer"), std::string::npos);
    EXPECT_NE(error_of("flag && 1").find("cannot be used"), std::string::npos);
    EXPECT_NE(error_of("name matches '('").find("pattern '('"), std::string::npos);
    EXPECT_NE(error_of("name matches name").find("pattern in quotes"), std::string::npos);
    EXPECT_NE(error_of("name == 'x").find("closing quote"), std::string::npos);
    EXPECT_NE(error_of("(flag").find("expected ')'"), std::string::npos);
    EXPECT_NE(error_of("flag flag").find("unexpected 'flag' at position 6"), std::string::npos);
    EXPECT_NE(error_of("").find("expected a value"), std::string::npos);
    EXPECT_NE(error_of("src.addr in cidr('10.0.0.0/33')").find("networks such as"), std::string::npos);
    EXPECT_NE(error_of("trim(name) == ''").find("unknown function 'trim'"), std::string::npos);
    EXPECT_NE(error_of("proc.pid == 99999999999999999999").find("does not fit"), std::string::npos);
    EXPECT_NE(error_of("flag # 1").find("no meaning"), std::string::npos);
    EXPECT_NE(error_of("flag ? 1 : 'a'").find("different types"), std::string::npos);
}

TEST(Expression, RefusesDeepNesting) {
    EXPECT_NE(error_of(std::string(10000, '(') + "flag").find("too deeply"), std::string::npos);
    EXPECT_NE(error_of(std::string(10000, '!') + "flag").find("too deeply"), std::string::npos);
    EXPECT_NE(error_of(std::string(70000, ' ') + "flag").find("64 KiB"), std::string::npos);
}

}  // namespace
}  // namespace gadget::events::testing
