// SPDX-License-Identifier: Apache-2.0
// The cache of objects: the same objects as without, never old ones, and no harm when it is damaged.
#include <array>
#include <thread>

#include "fixture.h"
#include "object_cache.h"

namespace gadget::builder::testing {
namespace {

class Cache : public BuilderTest {
  protected:
    void SetUp() override {
        BuilderTest::SetUp();
        options_.cache_dir = path("cache");
        source_ = write("gadget/program.bpf.c", "#include \"value.h\"\nint x = VALUE;\n");
        write("gadget/value.h", "#define VALUE 1\n");
    }
    std::size_t entries() {
        std::error_code error;
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(options_.cache_dir, error), {}));
    }
    std::vector<std::byte> object() {
        auto outputs = build(source_, {model::Arch::amd64});
        EXPECT_TRUE(outputs) << outputs.error().to_string();
        inputs_ = outputs ? outputs->front().inputs : std::vector<std::filesystem::path>();
        return outputs ? outputs->front().object : std::vector<std::byte>();
    }
    // Was the object taken from the cache? Then no compiler is started, and a limit that none can meet does
    // no harm.
    bool cached() {
        const auto timeout = std::exchange(options_.timeout, std::chrono::milliseconds(0));
        const auto outputs = build(source_, {model::Arch::amd64});
        options_.timeout = timeout;
        return outputs.has_value();
    }
    std::filesystem::path source_;
    std::vector<std::filesystem::path> inputs_;
};

TEST_F(Cache, GivesTheSameObjectAndInputs) {
    const auto first = object();
    const auto first_inputs = inputs_;
    EXPECT_EQ(entries(), 1U);
    EXPECT_TRUE(cached());
    EXPECT_EQ(object(), first);
    EXPECT_EQ(inputs_, first_inputs);
    EXPECT_EQ(inputs_.size(), 2U);
}

TEST_F(Cache, ServesTheSameSourceInAnotherFolder) {
    (void)object();
    write("copy/value.h", "#define VALUE 1\n");
    source_ = write("copy/program.bpf.c", "#include \"value.h\"\nint x = VALUE;\n");
    EXPECT_TRUE(cached());
}

TEST_F(Cache, SeesAChangedHeader) {
    const auto first = object();
    write("gadget/value.h", "#define VALUE 2\n");
    EXPECT_FALSE(cached());
    EXPECT_NE(object(), first);
}

TEST_F(Cache, SeesAHeaderThatAppearsEarlierInTheSearch) {
    request_.include_dirs = {path("one"), path("two")};
    source_ = write("gadget/program.bpf.c", "#include <sub/where.h>\nint x = WHERE;\n");
    ASSERT_TRUE(gadget::create_directories(path("one")));
    write("two/sub/where.h", "#define WHERE 2\n");
    const auto first = object();
    EXPECT_TRUE(cached());
    write("one/sub/where.h", "#define WHERE 1\n");
    EXPECT_FALSE(cached());
    EXPECT_NE(object(), first);
}

TEST_F(Cache, TellsRequestsApart) {
    (void)object();
    request_.defines = {"EXTRA"};
    EXPECT_FALSE(cached());
    request_.defines = {};
    request_.whole_kernel_header = true;
    EXPECT_FALSE(cached());
    request_.whole_kernel_header = false;
    EXPECT_TRUE(cached());
    EXPECT_FALSE(build(path("gadget/other.bpf.c")));
}

TEST_F(Cache, KeepsNoSourceWithFindings) {
    source_ = write("gadget/program.bpf.c", "int f(void)\n{\n\tint unused;\n\treturn 0;\n}\n");
    (void)object();
    EXPECT_EQ(entries(), 0U);
    (void)object();
    EXPECT_EQ(findings_.all().size(), 2U);
}

TEST_F(Cache, IgnoresDamagedEntries) {
    const auto first = object();
    for (const auto& entry : std::filesystem::directory_iterator(options_.cache_dir)) {
        auto bytes = read_file(entry.path());
        ASSERT_TRUE(bytes);
        bytes->at(bytes->size() / 2) ^= std::byte{1};
        ASSERT_TRUE(write_file_atomic(entry.path(), *bytes));
    }
    EXPECT_FALSE(cached());
    EXPECT_EQ(object(), first);
    EXPECT_TRUE(cached());
}

TEST_F(Cache, DoesWithoutAFolderThatCannotBeMade) {
    write("cache", "a file in the way");
    EXPECT_FALSE(object().empty());
}

TEST_F(Cache, ServesManyAtOnceAndOneThatEmptiesIt) {
    const auto expected = object();
    std::vector<std::thread> threads;
    std::array<std::vector<std::byte>, 4> objects;
    for (auto& mine : objects) {
        threads.emplace_back([&] {
            DiagnosticList findings;
            const std::vector<Request> requests{{.source = source_}};
            for (int i = 0; i < 3; ++i) {
                auto outputs = compile(requests, options_, findings);
                if (outputs) mine = outputs->front().object;
                std::error_code ignored;
                std::filesystem::remove_all(options_.cache_dir, ignored);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& mine : objects) EXPECT_EQ(mine, expected);
}

TEST_F(Cache, IsBounded) {
    const ObjectCache cache(options_.cache_dir);
    if (!cache.enabled()) GTEST_SKIP() << "missing: a build id in the executable";
    const Output large{model::Arch::amd64, std::vector<std::byte>(std::size_t{8} << 20), {}};
    for (int i = 0; i < 12; ++i) {
        const ChildRequest request{"x.c", model::Arch::amd64, {}, {"N=" + std::to_string(i)}, {}, false,
                                   true};
        cache.store(request, std::vector<Lookup>{{"/gadget/x.c", Found::file, "int x;"}}, large);
    }
    std::uintmax_t total = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.cache_dir))
        total += entry.file_size();
    EXPECT_LE(total, ObjectCache::kMaxBytes);
    EXPECT_GE(entries(), 5U);
}

}  // namespace
}  // namespace gadget::builder::testing
