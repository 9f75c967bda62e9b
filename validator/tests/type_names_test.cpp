// SPDX-License-Identifier: Apache-2.0
// The index of names against libbpf, which compares each name with all others.
#include "type_names.h"

#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "kernel_types.h"
#include "sample_kernel.h"

extern "C" {
// Not in any header of libbpf: adds the types of `target` from id `first` on that have the name and kind of
// `local`.
int bpf_core_add_cands(gadget::validator::CoreCandidate* local, std::size_t essential_length,
                       const btf* target, const char* target_name, int first,
                       gadget::validator::CoreCandidates* candidates);
void bpf_core_free_cands(gadget::validator::CoreCandidates* candidates);
}

namespace gadget::validator {
namespace {

std::vector<std::uint32_t> ids(const CoreCandidates& list) {
    std::vector<std::uint32_t> result;
    for (int i = 0; i < list.count; ++i) result.push_back(list.items[i].id);
    return result;
}

std::vector<std::uint32_t> found_by_libbpf(const btf* local, std::uint32_t id, const btf* target) {
    auto* list = static_cast<CoreCandidates*>(std::calloc(1, sizeof(CoreCandidates)));
    if (list == nullptr) std::abort();
    const char* name = btf__name_by_offset(local, btf__type_by_id(local, id)->name_off);
    CoreCandidate wanted{.types = local, .id = id};
    EXPECT_EQ(bpf_core_add_cands(&wanted, essential_name(name).size(), target, "vmlinux", 1, list), 0);
    auto result = ids(*list);
    bpf_core_free_cands(list);
    return result;
}

struct Flavors {
    BtfPtr types{btf__new_empty()};
    Flavors() {
        btf__add_struct(types.get(), "task_struct", 8);
        btf__add_struct(types.get(), "task_struct___old", 4);
        btf__add_struct(types.get(), "task_struct_of_another", 4);
        btf__add_union(types.get(), "task_struct", 8);
        btf__add_enum(types.get(), "state", 4);
        btf__add_enum64(types.get(), "state", 8, false);
        btf__add_struct(types.get(), "a", 1);
        btf__add_struct(types.get(), "b", 1);
        btf__add_struct(types.get(), "", 1);
    }
    [[nodiscard]] model::KernelFacts kernel() const {
        std::uint32_t size = 0;
        const auto* data = static_cast<const std::byte*>(btf__raw_data(types.get(), &size));
        return {.id = "flavors", .btf = {data, data + size}};
    }
};

TEST(TypeNames, GiveTheCandidatesThatLibbpfFinds) {
    const QuietLibbpf quiet;
    const Flavors flavors;
    for (const auto& kernel : {sample_kernel(), flavors.kernel()}) {
        const auto parsed = parse_btf(kernel.btf, "sample");
        ASSERT_TRUE(parsed.has_value());
        auto types = KernelTypes::open(kernel);
        ASSERT_TRUE(types.has_value()) << types.error().to_string();
        for (std::uint32_t id = 1; id < btf__type_cnt(parsed->get()); ++id) {
            const auto* name =
                btf__name_by_offset(parsed->get(), btf__type_by_id(parsed->get(), id)->name_off);
            if (*name == '\0') continue;
            const auto ours = types->candidates(parsed->get(), id);
            ASSERT_TRUE(ours.has_value());
            EXPECT_EQ(ids(**ours), found_by_libbpf(parsed->get(), id, parsed->get())) << name;
        }
    }
}

TEST(TypeNames, TypesAreFoundByWholeNameAndKind) {
    const Flavors flavors;
    const auto types = KernelTypes::open(flavors.kernel());
    ASSERT_TRUE(types.has_value()) << types.error().to_string();
    EXPECT_TRUE(types->has("task_struct", BTF_KIND_STRUCT));
    EXPECT_TRUE(types->has("task_struct", BTF_KIND_UNION));
    EXPECT_TRUE(types->has("task_struct___old", BTF_KIND_STRUCT));
    EXPECT_FALSE(types->has("task_struct___new", BTF_KIND_STRUCT));
    EXPECT_FALSE(types->has("task_struct", BTF_KIND_ENUM));
    EXPECT_FALSE(types->has("task", BTF_KIND_STRUCT));
    EXPECT_FALSE(types->has("", BTF_KIND_STRUCT));
}

TEST(TypeNames, TypesWithoutNamesHaveNoCandidates) {
    const Flavors flavors;
    auto types = KernelTypes::open(flavors.kernel());
    ASSERT_TRUE(types.has_value()) << types.error().to_string();
    EXPECT_FALSE(types->candidates(flavors.types.get(), btf__type_cnt(flavors.types.get()) - 1).has_value());
}

}  // namespace
}  // namespace gadget::validator
