// SPDX-License-Identifier: Apache-2.0
#include "core_btf.h"

#include <bpf/btf.h>
#include <gtest/gtest.h>

namespace gadget::runtime {
namespace {

using BtfPtr = CPtr<btf, btf__free>;

const ExtraStruct kOwner{.name = "test_socket_owner",
                         .size = 96,
                         .members = {{.name = "id", .offset = 0, .size = 8},
                                     {.name = "comm", .offset = 16, .size = 1, .count = 16},
                                     {.name = "flag", .offset = 80, .size = 1}}};

TEST(CoreBtf, HoldsTheStructBesideTheTypesOfTheFile) {
    const auto base = btf_with_structs("", {});
    ASSERT_TRUE(base) << base.error().to_string();
    const auto file = btf_with_structs("/proc/self/fd/" + std::to_string(base->get()), {&kOwner, 1});
    ASSERT_TRUE(file) << file.error().to_string();
    const BtfPtr types(btf__parse(("/proc/self/fd/" + std::to_string(file->get())).c_str(), nullptr));
    ASSERT_TRUE(types);
    const int id = btf__find_by_name_kind(types.get(), "test_socket_owner", BTF_KIND_STRUCT);
    ASSERT_GT(id, 0);
    const btf_type* type = btf__type_by_id(types.get(), static_cast<__u32>(id));
    EXPECT_EQ(type->size, 96U);
    ASSERT_EQ(btf_vlen(type), 3);
    EXPECT_EQ(btf_member_bit_offset(type, 1), 128U);
    EXPECT_EQ(btf__resolve_size(types.get(), btf_members(type)[1].type), 16);
    EXPECT_EQ(btf__resolve_size(types.get(), btf_members(type)[2].type), 1);
}

TEST(CoreBtf, MembersThatNoStructHoldsAreNamed) {
    for (const ExtraMember& wrong :
         {ExtraMember{.name = "m", .offset = 0, .size = 3}, ExtraMember{.name = "m", .offset = 95, .size = 2},
          ExtraMember{.name = "m", .offset = 200, .size = 1},
          ExtraMember{.name = "m", .offset = 0, .size = 8, .count = 13},
          ExtraMember{.name = "m", .offset = 0, .size = 8, .count = 0}}) {
        const ExtraStruct type{.name = "bad", .size = 96, .members = {wrong}};
        const auto file = btf_with_structs("", {&type, 1});
        ASSERT_FALSE(file);
        EXPECT_EQ(file.error().code, ErrorCode::invalid_argument);
        EXPECT_NE(file.error().message.find("member 'm' of struct 'bad'"), std::string::npos);
    }
}

TEST(CoreBtf, AFileThatIsNoBtfIsNamed) {
    const auto file = btf_with_structs("/no/such/file", {&kOwner, 1});
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().message.find("/no/such/file"), std::string::npos);
}

}  // namespace
}  // namespace gadget::runtime
