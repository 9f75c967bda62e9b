// SPDX-License-Identifier: Apache-2.0
// gadget build --emit skeleton: what is made compiles, and can be used.
#include <unistd.h>

#include "command.h"

namespace gadget::tests {
namespace {

constexpr int kNotPermitted = 77;

// A program with the gadget inside: reads an event of its own doing, waiting.
constexpr const char* kUser = R"(#include "tiny.events.h"
#include "tiny.skel.h"

#include <cstdio>

int main(int argc, char**) {
    tiny_bpf* gadget = tiny_bpf__open(nullptr);
    if (gadget == nullptr) return std::perror("open"), 1;
    if (gadget->maps.events == nullptr || gadget->progs.on_switch == nullptr) return 2;
    if (argc > 1) return tiny_bpf__destroy(gadget), 0;
    const int error = tiny_bpf__load(gadget);
    if (error == -EPERM || error == -EACCES) return 77;
    if (error != 0 || tiny_bpf__attach(gadget) != 0) return std::perror("load"), 3;

    int seen = 0;
    auto reader = tiny::SwitchesReader::create(bpf_map__fd(gadget->maps.events), [&](const tiny::SwitchesEvent& event) {
        if (event.pid == static_cast<std::uint32_t>(::getpid()) && event.tid == event.pid) ++seen;
    });
    if (reader == nullptr) return 4;
    for (int i = 0; i < 100 && seen == 0; ++i) {
        ::usleep(1000);
        reader->poll(100);
    }
    const bool good = seen > 0 && reader->bad_records() == 0;
    reader.reset();
    tiny_bpf__destroy(gadget);
    return good ? 0 : 5;
}
)";

// Records put together by hand, of a gadget with a bit of everything.
constexpr const char* kShapes = R"(#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <gadget/buffer.h>
#include <gadget/macros.h>
#include <gadget/types.h>

enum colour { RED, GREEN = 7 };
struct event {
	bool flag;
	__s16 negative;
	enum colour class;
	__u32 low : 3;
	__s32 high : 5;
	__u8 fill[3];
	__u8 numbers[4];
	char name[8];
	struct {
		__u64 inner;
	} part;
	union {
		__u32 a;
		__u64 b;
	} either;
};
GADGET_TRACER_MAP(events, 1024 * 64);
GADGET_TRACER(shapes, events, event);

struct hit_key {
	__u32 id;
};
struct hit_value {
	__u64 count;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct hit_key);
	__type(value, struct hit_value);
} table SEC(".maps");
GADGET_MAPITER(counts, table);

const volatile __u16 port = 80;
const volatile char prefix[6] = "ab";
GADGET_PARAM(port);
__u64 total = 3;
__u32 zeroes[4];

SEC("raw_tracepoint/sched_switch")
int on_switch(void *ctx)
{
	struct event *event = gadget_reserve_buf(&events, sizeof(*event));

	if (!event)
		return 0;
	event->flag = port == 80 && prefix[0];
	total += zeroes[port & 3];
	gadget_submit_buf(ctx, &events, event, sizeof(*event));
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
)";

constexpr const char* kShapesUser = R"(#include "shapes_of_all.events.h"
#include "shapes_of_all.skel.h"

struct Record {
    bool flag = true;
    std::int16_t negative = -2;
    std::uint32_t colour = 7;
    std::uint32_t bits = 5U | (0x1dU << 3);
    unsigned char numbers[4] = {1, 2, 3, 4};
    char name[8] = {'a', 'b', 0, 'x'};
    std::uint64_t inner = 1ULL << 40;
    std::uint64_t either = 9;
};

int main() {
    const Record record;
    static_assert(shapes_of_all::ShapesEvent::kSize == sizeof(Record), "layout");
    if (shapes_of_all::ShapesEvent::parse(&record, sizeof record - 1)) return 1;
    const auto event = shapes_of_all::ShapesEvent::parse(&record, sizeof record);
    if (!event || !event->flag || event->negative != -2) return 2;
    if (event->class_ != 7 || shapes_of_all::colour_name(event->class_) != "GREEN") return 3;
    if (event->low != 5 || event->high != -3) return 4;
    if (event->numbers != std::array<std::uint8_t, 4>{1, 2, 3, 4} || event->name != "ab") return 5;
    if (event->part.inner != 1ULL << 40 || event->either.a != 9 || event->either.b != 9) return 6;
    const std::uint32_t id = 5;
    if (shapes_of_all::CountsKey::parse(&id, 4)->id != 5) return 7;
    auto* gadget = shapes_of_all_bpf__open(nullptr);
    if (gadget == nullptr) return 8;
    if (gadget->rodata->port != 80 || gadget->rodata->prefix[1] != 'b' || gadget->data->total != 3) return 9;
    if (gadget->bss->zeroes[3] != 0 || gadget->maps.table == nullptr) return 10;
    shapes_of_all_bpf__destroy(gadget);
    return 0;
}
)";

class Skeleton : public CommandTest {
  protected:
    void SetUp() override {
        if (run({"g++", "--version"}).status != 0) GTEST_SKIP() << "missing: g++";
        if (!std::filesystem::exists("/usr/include/bpf/libbpf.h")) GTEST_SKIP() << "missing: libbpf-dev";
    }
    // Builds `gadget_folder` with its skeleton, and `text` with that as a program.
    std::string program(const std::string& gadget_folder, const char* text) {
        const auto out = home() / "out";
        const auto built = gadget({"build", gadget_folder, "-o", out.string(), "--emit", "skeleton"});
        EXPECT_EQ(built.status, 0) << built.err;
        EXPECT_TRUE(write_file_atomic(out / "user.cpp", text));
        const auto compiled =
            run({"g++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
                 (out / "user.cpp").string(), "-o", (out / "user").string(), "-lbpf", "-lelf", "-lz"});
        EXPECT_EQ(compiled.status, 0) << compiled.err;
        return (out / "user").string();
    }
};

TEST_F(Skeleton, IsAProgramThatReadsEvents) {
    const auto path = folder("tiny", {{"program.bpf.c", kTinyProgram}});
    const std::string user = program(path.string(), kUser);
    EXPECT_EQ(run({user, "without loading"}).status, 0);
    if (::geteuid() != 0) GTEST_SKIP() << "missing: root, to load the program";
    const auto loaded = run({user});
    if (loaded.status == kNotPermitted) GTEST_SKIP() << "missing: permission to load eBPF programs";
    EXPECT_EQ(loaded.status, 0) << loaded.err;
}

TEST_F(Skeleton, DecodesEveryKindOfField) {
    const auto path = folder("shapes-of_all", {{"program.bpf.c", kShapes}});
    const auto tested = run({program(path.string(), kShapesUser)});
    EXPECT_EQ(tested.status, 0) << tested.err;
}

TEST_F(Skeleton, OfEachArchitectureCompilesAsC) {
    const auto out = home() / "out";
    ASSERT_EQ(gadget({"build", trace_open(), "-o", out.string(), "--emit", "skeleton"}).status, 0);
    for (const std::string arch : {"amd64", "arm64"}) {
        const std::string text = "#include \"trace_open." + arch +
                                 ".skel.h\"\nint main(void)\n{\n\treturn trace_open_bpf__open(0) == 0;\n}\n";
        ASSERT_TRUE(write_file_atomic(out / "user.c", text));
        const auto compiled = run({"gcc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c",
                                   (out / "user.c").string(), "-o", (out / "user.o").string()});
        EXPECT_EQ(compiled.status, 0) << compiled.err;
    }
}

TEST_F(Skeleton, IsTheSameEachTime) {
    const auto text = [&](const std::string& name) {
        const auto out = home() / name;
        EXPECT_EQ(gadget({"build", trace_open(), "-o", out.string(), "--emit", "skeleton"}).status, 0);
        return read_text_file(out / "trace_open.amd64.skel.h").value_or("?") +
               read_text_file(out / "trace_open.events.h").value_or("?");
    };
    EXPECT_EQ(text("one"), text("two"));
}

}  // namespace
}  // namespace gadget::tests
