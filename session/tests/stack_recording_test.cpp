// SPDX-License-Identifier: Apache-2.0
// Kernel stacks in recordings: what only the kernel of the run knows has to be in the file.
#include <gtest/gtest.h>

#include <cstring>

#include "gadget/session.h"

namespace gadget::session {
namespace {

/// A session of one source whose records are the id of a kernel stack.
class StackSession : public Session {
  public:
    StackSession() {
        environment_.kernel_stack = [this](std::uint32_t id, std::string& out) {
            out += name_ + std::to_string(id) + "; ";
        };
        model::EventSchema schema{.struct_name = "sample", .size = 4, .fields = {}};
        schema.fields.push_back({.name = "stack_raw",
                                 .path = "stack_raw",
                                 .kind = model::FieldKind::unsigned_int,
                                 .size = 4,
                                 .element_size = 4,
                                 .type_names = {"gadget_kernel_stack", "__u32"}});
        auto data = events::DataSource::create({.name = "samples", .schema = schema}, environment_);
        EXPECT_TRUE(data) << data.error().to_string();
        sources_.push_back(std::make_unique<Source>(
            Source{SourceKind::tracer, std::move(*data), std::move(schema), model::DataSourceMetadata{}}));
    }

    void rename(const std::string& name) { name_ = name; }

    const std::vector<std::unique_ptr<Source>>& sources() const override { return sources_; }
    const events::Environment& environment() const override { return environment_; }
    Result<void> start(RowHandler) override { return {}; }
    Result<void> poll(std::chrono::milliseconds, CancelToken) override { return {}; }
    Result<std::optional<Row>> next(std::chrono::milliseconds, CancelToken) override {
        return std::optional<Row>{};
    }
    bool finished() const override { return true; }
    Result<void> stop() override { return {}; }
    std::vector<Loss> losses() const override { return {}; }

  private:
    std::string name_ = "function";
    events::Environment environment_;
    std::vector<std::unique_ptr<Source>> sources_;
};

class StackRecording : public testing::Test {
  protected:
    void SetUp() override {
        auto recorder = StackRecorder::create(session_);
        ASSERT_TRUE(recorder) << recorder.error().to_string();
        recorder_ = std::move(*recorder);
        writer_.begin(session_.environment(), text_);
        (void)record_source(writer_, source(), text_);
    }

    const Source& source() { return *session_.sources()[0]; }

    void record(std::uint32_t id) {
        const events::Record row = std::as_bytes(std::span(&id, 1));
        recorder_.take({source(), 0, std::span(&row, 1)}, writer_, text_);
        EXPECT_TRUE(writer_.append(0, row, text_));
    }

    events::RecordingReader::Read reader() {
        return [this, at = std::size_t{0}](std::span<std::byte> buffer) mutable -> Result<std::size_t> {
            const std::size_t count = std::min(buffer.size(), text_.size() - at);
            std::memcpy(buffer.data(), text_.data() + at, count);
            at += count;
            return count;
        };
    }

    std::string replayed() {
        auto replay = Replay::open(reader(), {}, {});
        EXPECT_TRUE(replay) << replay.error().to_string();
        if (!replay) return {};
        events::JsonWriter json((*replay)->sources()[0]->data);
        std::string out;
        Result<bool> more = true;
        while (more && *more) {
            more = (*replay)->step([&](const Delivery& delivery) {
                for (const auto& row : delivery.rows) json.append(row, out);
            });
        }
        EXPECT_TRUE(more) << more.error().to_string();
        return out;
    }

    StackSession session_;
    StackRecorder recorder_;
    events::RecordingWriter writer_;
    std::string text_;
};

TEST_F(StackRecording, IsShownWithTheTexts) {
    record(3);
    record(4);
    record(3);
    EXPECT_EQ(replayed(),
              "{\"stack\":\"function3; \",\"stack_raw\":3}\n"
              "{\"stack\":\"function4; \",\"stack_raw\":4}\n"
              "{\"stack\":\"function3; \",\"stack_raw\":3}\n");
}

TEST_F(StackRecording, HasATextOnce) {
    record(3);
    const std::size_t size = text_.size();
    record(3);
    EXPECT_EQ(text_.find("function3", text_.find("function3") + 1), std::string::npos);
    EXPECT_GT(text_.size(), size);
}

TEST_F(StackRecording, FollowsAnIdThatGetsAnotherMeaning) {
    record(3);
    session_.rename("other");
    record(5);
    record(3);
    EXPECT_EQ(replayed(),
              "{\"stack\":\"function3; \",\"stack_raw\":3}\n"
              "{\"stack\":\"other5; \",\"stack_raw\":5}\n"
              "{\"stack\":\"other3; \",\"stack_raw\":3}\n");
}

TEST_F(StackRecording, WithoutItsTextIsShownEmpty) {
    const std::uint32_t id = 9;
    EXPECT_TRUE(writer_.append(0, std::as_bytes(std::span(&id, 1)), text_));
    EXPECT_EQ(replayed(), "{\"stack\":\"\",\"stack_raw\":9}\n");
}

TEST_F(StackRecording, WithMoreTextThanARunMakesIsRefused) {
    for (std::uint32_t id = 0; id < 2000; ++id)
        writer_.append_stack(id, std::string(events::kMaxRecordedStack, 'f'), text_);
    auto replay = Replay::open(reader(), {}, {});
    ASSERT_TRUE(replay) << replay.error().to_string();
    Result<bool> more = true;
    while (more && *more) more = (*replay)->step([](const Delivery&) {});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, ErrorCode::corrupt_data);
}

}  // namespace
}  // namespace gadget::session
