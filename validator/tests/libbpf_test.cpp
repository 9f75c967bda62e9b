// SPDX-License-Identifier: Apache-2.0
// Two readers, one truth: what inspect() says of programs and maps is what libbpf would load.
#include <bpf/libbpf.h>

#include <cstdarg>
#include <memory>

#include "sample.h"

namespace gadget::validator {
namespace {

struct CloseObject {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};

int silent(libbpf_print_level /*level*/, const char* /*format*/, va_list /*arguments*/) {
    return 0;
}

class AgainstLibbpf : public testing::Test {
  protected:
    void SetUp() override {
        libbpf_set_print(silent);
        object_.reset(bpf_object__open_mem(bytes_.data(), bytes_.size(), nullptr));
        ASSERT_NE(object_, nullptr);
    }
    const Bytes bytes_ = sample_object();
    const model::ObjectFacts facts_ = sample_facts();
    std::unique_ptr<bpf_object, CloseObject> object_;
};

TEST_F(AgainstLibbpf, SamePrograms) {
    std::size_t count = 0;
    bpf_program* program = nullptr;
    while ((program = bpf_object__next_program(object_.get(), program)) != nullptr) {
        ++count;
        const auto* facts = facts_.find_program(bpf_program__name(program));
        ASSERT_NE(facts, nullptr) << bpf_program__name(program);
        EXPECT_EQ(facts->instructions, bpf_program__insn_cnt(program));
        const std::string name = bpf_program__section_name(program);
        EXPECT_EQ(facts->section, facts->parsed->optional ? "?" + name : name);
    }
    EXPECT_EQ(facts_.programs.size(), count);
}

TEST_F(AgainstLibbpf, SameMaps) {
    std::size_t count = 0;
    bpf_map* map = nullptr;
    while ((map = bpf_object__next_map(object_.get(), map)) != nullptr) {
        if (bpf_map__is_internal(map)) continue;
        ++count;
        const auto* facts = facts_.find_map(bpf_map__name(map));
        ASSERT_NE(facts, nullptr) << bpf_map__name(map);
        EXPECT_EQ(facts->type, static_cast<std::uint32_t>(bpf_map__type(map)));
        EXPECT_EQ(facts->key_size, bpf_map__key_size(map));
        EXPECT_EQ(facts->value_size, bpf_map__value_size(map));
        EXPECT_EQ(facts->max_entries, bpf_map__max_entries(map));
        EXPECT_EQ(facts->flags, bpf_map__map_flags(map));
        EXPECT_EQ(facts->type_name, libbpf_bpf_map_type_str(bpf_map__type(map)));
    }
    EXPECT_EQ(facts_.maps.size(), count);
}

}  // namespace
}  // namespace gadget::validator
