// SPDX-License-Identifier: Apache-2.0
// Every kind of source through a session, on the running kernel.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>

#include "gadget/session.h"
#include "map_fetch.h"

extern const unsigned char object_rows[];
extern const std::size_t object_rows_size;
extern const unsigned char object_walk_elements[];
extern const std::size_t object_walk_elements_size;
extern const unsigned char object_walk_files[];
extern const std::size_t object_walk_files_size;
extern const unsigned char object_walk_sockets[];
extern const std::size_t object_walk_sockets_size;
extern const unsigned char object_walk_symbols[];
extern const std::size_t object_walk_symbols_size;

namespace gadget::session {
namespace {

using std::chrono::milliseconds;

Gadget sample(const std::string& metadata = "") {
    const auto* begin = reinterpret_cast<const std::byte*>(object_rows);
    return {.name = "rows", .metadata = metadata, .object = Bytes(begin, begin + object_rows_size)};
}

class SessionKernelTest : public testing::Test {
  protected:
    std::unique_ptr<Session> open(Options options, const std::string& metadata = "") {
        options.params.emplace_back("wanted", std::to_string(::getpid()));
        auto session = Session::open(sample(metadata), std::move(options));
        if (!session && session.error().requirement) {
            missing_ = session.error().requirement->feature;
            return nullptr;
        }
        EXPECT_TRUE(session) << session.error().to_string();
        return session ? std::move(*session) : nullptr;
    }

    /// Rows by source, from start to the end of `work`, and what comes at the stop.
    std::map<std::string, std::vector<Row>> rows_of(Session& session, const std::function<void()>& work) {
        std::map<std::string, std::vector<Row>> rows;
        const auto started = session.start([&](const Delivery& delivery) {
            ++deliveries_[delivery.source.name()];
            for (const auto& row : delivery.rows)
                rows[delivery.source.name()].push_back({&delivery.source, Bytes(row.begin(), row.end())});
        });
        if (!started && started.error().requirement) missing_ = started.error().requirement->feature;
        EXPECT_TRUE(started || !missing_.empty()) << started.error().to_string();
        if (!started) return rows;
        EXPECT_TRUE(session.poll(milliseconds(0)));
        work();
        const auto stopped = session.stop();
        EXPECT_TRUE(stopped) << stopped.error().to_string();
        return rows;
    }

    static std::int64_t integer(const Row& row, const std::string& field) {
        return events::FieldReader::create(row.source->data, field)->integer(row.bytes);
    }

    std::map<std::string, int> deliveries_;
    std::string missing_;
};

#define SKIP_WHAT_IS_MISSING() \
    if (!missing_.empty()) GTEST_SKIP() << "missing: " << missing_

void call_getpgid(int times) {
    for (int i = 0; i < times; ++i) (void)::syscall(SYS_getpgid, 0);
}

TEST_F(SessionKernelTest, EveryKindOfSourceDeliversItsRows) {
    const auto session = open({}, "datasources: {counts: {annotations: {ebpf.map.flush-on-stop: 'true'}}}\n");
    SKIP_WHAT_IS_MISSING();
    ASSERT_NE(session, nullptr);
    ASSERT_EQ(session->sources().size(), 4U);
    auto rows = rows_of(*session, [] { call_getpgid(5); });
    SKIP_WHAT_IS_MISSING();

    const auto is_getpgid = [](const Row& row) { return integer(row, "number") == SYS_getpgid; };
    EXPECT_EQ(std::count_if(rows["calls"].begin(), rows["calls"].end(), is_getpgid), 5);
    const auto count = std::find_if(rows["counts"].begin(), rows["counts"].end(), is_getpgid);
    ASSERT_NE(count, rows["counts"].end());
    EXPECT_EQ(integer(*count, "count"), 5);
    EXPECT_EQ(deliveries_["tasks"], 1) << "once, at the start";
    ASSERT_FALSE(rows["tasks"].empty());
    EXPECT_EQ(integer(rows["tasks"][0], "pid"), ::getpid());
    EXPECT_EQ(rows["elements"].size(), 4U);
    EXPECT_TRUE(session->losses().empty());
}

TEST_F(SessionKernelTest, KernelEnumsHaveNames) {
    const auto session = open({});
    SKIP_WHAT_IS_MISSING();
    auto rows = rows_of(*session, [] { call_getpgid(1); });
    SKIP_WHAT_IS_MISSING();
    ASSERT_FALSE(rows["calls"].empty());
    const auto& row = rows["calls"][0];
    EXPECT_EQ(events::FieldReader::create(row.source->data, "type")->text(row.bytes), "BPF_MAP_TYPE_RINGBUF");
}

TEST_F(SessionKernelTest, FiltersAndSortsEachSource) {
    const auto session = open({.view = {.filters = {{"calls", "number==" + std::to_string(SYS_getpgid)}},
                                        .sort = "elements:-number",
                                        .max_entries = "elements:2"}});
    SKIP_WHAT_IS_MISSING();
    ASSERT_NE(session, nullptr);
    auto rows = rows_of(*session, [] { call_getpgid(3); });
    SKIP_WHAT_IS_MISSING();
    EXPECT_EQ(rows["calls"].size(), 3U);
    ASSERT_EQ(rows["elements"].size(), 2U);
    EXPECT_EQ(integer(rows["elements"][0], "number"), 3);
    EXPECT_EQ(integer(rows["elements"][1], "number"), 2);
}

TEST_F(SessionKernelTest, IteratorsRunAgainAndAgainWhenTheMetadataSaysSo) {
    const auto session = open({.annotations = {"tasks:fetch-interval=1ms", "tasks:fetch-count=3"}});
    SKIP_WHAT_IS_MISSING();
    ASSERT_NE(session, nullptr);
    rows_of(*session, [&] {
        for (int i = 0; i < 1000 && deliveries_["tasks"] < 3; ++i)
            ASSERT_TRUE(session->poll(milliseconds(10)));
    });
    SKIP_WHAT_IS_MISSING();
    EXPECT_EQ(deliveries_["tasks"], 3);
    EXPECT_EQ(deliveries_["elements"], 1);
}

TEST_F(SessionKernelTest, RowsCanBeTakenOneByOne) {
    const auto session = open({.view = {.filters = {{"calls", "number==" + std::to_string(SYS_getpgid)}}}});
    SKIP_WHAT_IS_MISSING();
    ASSERT_NE(session, nullptr);
    const auto started = session->start();
    if (!started && started.error().requirement) missing_ = started.error().requirement->feature;
    SKIP_WHAT_IS_MISSING();
    call_getpgid(2);
    int calls = 0;
    while (calls < 2) {
        const auto row = session->next(milliseconds(10'000));
        ASSERT_TRUE(row) << row.error().to_string();
        ASSERT_TRUE(*row) << "after " << calls << " calls";
        calls += (*row)->source->name() == "calls" ? 1 : 0;
    }
    EXPECT_TRUE(session->stop());
}

TEST_F(SessionKernelTest, WrongParametersAreRefusedWithTheirRange) {
    const auto session = Session::open(sample(), {.params = {{"wanted", "-1"}}});
    ASSERT_FALSE(session);
    EXPECT_NE(session.error().message.find("from 0 to 4294967295"), std::string::npos)
        << session.error().message;
    EXPECT_EQ(Session::open(sample(), {.params = {{"wantd", "1"}}}).error().hint, "did you mean '--wanted'?");
    const auto params = all_params(sample());
    ASSERT_TRUE(params);
    ASSERT_EQ(params->size(), 4U);
    EXPECT_EQ(params->at(2).default_value, "none");
}

TEST_F(SessionKernelTest, EventsThatAreTooShortAreShownAndTold) {
    std::vector<std::string> warnings;
    const auto session = open({.params = {{"shorter", "1"}},
                               .view = {.filters = {{"calls", "number==" + std::to_string(SYS_getpgid)}}},
                               .on_warning = [&](const std::string& text) { warnings.push_back(text); }});
    SKIP_WHAT_IS_MISSING();
    ASSERT_NE(session, nullptr);
    auto rows = rows_of(*session, [] { call_getpgid(3); });
    SKIP_WHAT_IS_MISSING();
    ASSERT_EQ(rows["calls"].size(), 3U);
    EXPECT_EQ(integer(rows["calls"][0], "number"), SYS_getpgid);
    EXPECT_EQ(integer(rows["calls"][0], "tid"), 0);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("events of 'calls' have fewer bytes than 'call'"), std::string::npos)
        << warnings[0];
}

TEST_F(SessionKernelTest, DisabledProgramsAreNotAttached) {
    const auto session = open({}, "programs: {on_call: {attach_to: gadget_program_disabled}}\n");
    SKIP_WHAT_IS_MISSING();
    ASSERT_NE(session, nullptr);
    auto rows = rows_of(*session, [] { call_getpgid(3); });
    EXPECT_TRUE(rows["calls"].empty());
    EXPECT_FALSE(rows["tasks"].empty());
}

TEST_F(SessionKernelTest, ProgramsAttachToWhatTheMetadataNames) {
    const auto session = open({}, "programs: {on_call: {attach_to: sys_exit}}\n");
    SKIP_WHAT_IS_MISSING();
    ASSERT_NE(session, nullptr);
    auto rows = rows_of(*session, [] { call_getpgid(5); });
    SKIP_WHAT_IS_MISSING();
    // Where calls end, what the program takes for their number is their result.
    const auto is_result = [](const Row& row) { return integer(row, "number") == ::getpgid(0); };
    EXPECT_GE(std::count_if(rows["calls"].begin(), rows["calls"].end(), is_result), 5);
}

TEST_F(SessionKernelTest, OneRunAfterAnotherLeavesNoDescriptors) {
    const auto descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    long before = 0;
    for (int i = 0; i < 3; ++i) {
        const auto session = open({});
        SKIP_WHAT_IS_MISSING();
        rows_of(*session, [] { call_getpgid(1); });
        if (i == 0) before = 0;
    }
    before = descriptors();
    {
        const auto session = open({});
        rows_of(*session, [] { call_getpgid(1); });
    }
    EXPECT_EQ(descriptors(), before);
}

/// A gadget that walks what not every kernel lets it walk: one source.
class WalkTest : public SessionKernelTest {
  protected:
    std::vector<Row> walk(const unsigned char* object, std::size_t size, const std::string& iterator,
                          Options options = {}) {
        const auto kernel = read_file("/sys/kernel/btf/vmlinux", std::size_t{64} << 20);
        if (!kernel || as_text(*kernel).find("bpf_iter__" + iterator) == std::string_view::npos) {
            missing_ = "iterator '" + iterator + "' of the kernel";
            return {};
        }
        const auto* begin = reinterpret_cast<const std::byte*>(object);
        auto session =
            Session::open({.name = iterator, .object = Bytes(begin, begin + size)}, std::move(options));
        if (!session && session.error().requirement) missing_ = session.error().requirement->feature;
        EXPECT_TRUE(session || !missing_.empty()) << session.error().to_string();
        if (!session) return {};
        std::vector<Row> rows;
        const auto started = (*session)->start();
        EXPECT_TRUE(started) << started.error().to_string();
        while (started) {
            auto row = (*session)->next(milliseconds(30'000));
            EXPECT_TRUE(row) << row.error().to_string();
            if (!row || !*row) break;
            rows.push_back(std::move(**row));
        }
        opened_ = std::move(*session);
        return rows;
    }

    std::unique_ptr<Session> opened_;  // rows point to its sources
};

TEST_F(WalkTest, ElementsOfAMap) {
    const auto rows = walk(object_walk_elements, object_walk_elements_size, "bpf_map_elem");
    SKIP_WHAT_IS_MISSING();
    ASSERT_EQ(rows.size(), 4U);
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(integer(rows[i], "number"), static_cast<std::int64_t>(i));
}

TEST_F(WalkTest, FilesOfTasks) {
    const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto rows = walk(object_walk_files, object_walk_files_size, "task_file");
    SKIP_WHAT_IS_MISSING();
    const auto is_ours = [&](const Row& row) {
        return integer(row, "pid") == ::getpid() && integer(row, "fd") == file.get();
    };
    EXPECT_GE(std::count_if(rows.begin(), rows.end(), is_ours), 1) << rows.size() << " files";
}

/// Listens in a network namespace of its own, which lives as long as this object.
class ListenerElsewhere {
  public:
    ListenerElsewhere() {
        std::thread([this] {
            entered_ = ::unshare(CLONE_NEWNET) == 0;
            namespace_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
            socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(kPort);
            entered_ = entered_ &&
                       ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(socket_.get(), 1) == 0;
        }).join();
    }
    static constexpr std::uint16_t kPort = 18439;
    [[nodiscard]] bool ready() const { return entered_ && namespace_ && socket_; }
    [[nodiscard]] std::string file() const { return "/proc/self/fd/" + std::to_string(namespace_.get()); }

  private:
    bool entered_ = false;
    UniqueFd namespace_;
    UniqueFd socket_;
};

TEST_F(WalkTest, SocketsOfTheNetworkNamespacesThatAreNamed) {
    const ListenerElsewhere listener;
    if (!listener.ready()) GTEST_SKIP() << "missing: permission to make a network namespace";
    const auto is_wanted = [](const Row& row) { return integer(row, "port") == ListenerElsewhere::kPort; };
    const auto here = walk(object_walk_sockets, object_walk_sockets_size, "tcp");
    SKIP_WHAT_IS_MISSING();
    EXPECT_EQ(std::count_if(here.begin(), here.end(), is_wanted), 0);
    const auto there = walk(object_walk_sockets, object_walk_sockets_size, "tcp",
                            {.network_namespaces = {listener.file(), listener.file()}});
    EXPECT_EQ(std::count_if(there.begin(), there.end(), is_wanted), 1) << "each namespace once";
}

TEST_F(WalkTest, SymbolsOfTheKernel) {
    const auto rows = walk(object_walk_symbols, object_walk_symbols_size, "ksym");
    SKIP_WHAT_IS_MISSING();
    const auto is_wanted = [](const Row& row) {
        return events::FieldReader::create(row.source->data, "name")->text(row.bytes) == "schedule";
    };
    EXPECT_GE(std::count_if(rows.begin(), rows.end(), is_wanted), 1) << rows.size() << " symbols";
}

/// A hash map with `count` elements, key i and value 2 * i, made without a program.
class MapFetcherTest : public testing::TestWithParam<MapFetcher::Without> {
  protected:
    static constexpr std::uint32_t kEntries = 5000;

    void SetUp() override {
        bpf_attr attributes{};
        attributes.map_type = BPF_MAP_TYPE_HASH;
        attributes.key_size = 4;
        attributes.value_size = 8;
        attributes.max_entries = kEntries;
        map_.reset(static_cast<int>(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes)));
        if (!map_) GTEST_SKIP() << "missing: permission for BPF on this kernel";
        for (std::uint32_t key = 0; key < kEntries; ++key) {
            const std::uint64_t value = 2 * key;
            bpf_attr update{};
            update.map_fd = static_cast<std::uint32_t>(map_.get());
            update.key = reinterpret_cast<std::uintptr_t>(&key);
            update.value = reinterpret_cast<std::uintptr_t>(&value);
            ASSERT_EQ(::syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &update, sizeof update), 0);
        }
    }

    UniqueFd map_;
};

TEST_P(MapFetcherTest, TakesEveryElementOnce) {
    MapFetcher fetcher(std::move(map_), 4, 8, kEntries);
    fetcher.leave_out(GetParam());
    events::RowBuffer rows(4, 8);
    const auto fetched = fetcher.fetch(rows);
    ASSERT_TRUE(fetched) << fetched.error().to_string();
    std::vector<events::Record> records;
    rows.records(records);
    ASSERT_EQ(records.size(), kEntries);
    std::vector<bool> seen(kEntries);
    for (const auto& record : records) {
        std::uint32_t key = 0;
        std::uint64_t value = 0;
        std::memcpy(&key, record.data(), sizeof key);
        std::memcpy(&value, record.data() + sizeof key, sizeof value);
        ASSERT_LT(key, kEntries);
        EXPECT_FALSE(seen[key]);
        EXPECT_EQ(value, 2 * std::uint64_t{key});
        seen[key] = true;
    }
    rows.clear();
    ASSERT_TRUE(fetcher.fetch(rows));
    EXPECT_EQ(rows.size(), 0U) << "the map is empty now";
}

TEST_P(MapFetcherTest, StaysWholeWhileTheMapChanges) {
    const UniqueFd changed(::fcntl(map_.get(), F_DUPFD_CLOEXEC, 0));
    ASSERT_TRUE(changed);
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        for (std::uint32_t i = 0; !stop; i = (i + 1) % kEntries) {
            const std::uint64_t value = 2 * std::uint64_t{i};
            bpf_attr update{};
            update.map_fd = static_cast<std::uint32_t>(changed.get());
            update.key = reinterpret_cast<std::uintptr_t>(&i);
            update.value = reinterpret_cast<std::uintptr_t>(&value);
            (void)::syscall(SYS_bpf, i % 3 == 0 ? BPF_MAP_DELETE_ELEM : BPF_MAP_UPDATE_ELEM, &update,
                            sizeof update);
        }
    });
    MapFetcher fetcher(std::move(map_), 4, 8, kEntries);
    fetcher.leave_out(GetParam());
    events::RowBuffer rows(4, 8);
    for (int i = 0; i < 5; ++i) {
        rows.clear();
        const auto fetched = fetcher.fetch(rows);
        EXPECT_TRUE(fetched) << fetched.error().to_string();
        std::vector<events::Record> records;
        rows.records(records);
        EXPECT_LE(records.size(), 2 * std::size_t{kEntries} + 65536);
        for (const auto& record : records) {
            std::uint32_t key = 0;
            std::uint64_t value = 0;
            std::memcpy(&key, record.data(), sizeof key);
            std::memcpy(&value, record.data() + sizeof key, sizeof value);
            EXPECT_LT(key, kEntries);
            EXPECT_TRUE(value % 2 == 0 && value < 2 * kEntries) << value;
            // Without a helper that looks up and deletes at once, the kernel may use an element again
            // meanwhile.
            if (!GetParam().take) {
                EXPECT_EQ(value, 2 * std::uint64_t{key}) << "a value of another key";
            }
        }
    }
    stop = true;
    writer.join();
}

INSTANTIATE_TEST_SUITE_P(Ways, MapFetcherTest,
                         testing::Values(MapFetcher::Without{}, MapFetcher::Without{.batches = true},
                                         MapFetcher::Without{.batches = true, .take = true}));

}  // namespace
}  // namespace gadget::session
