// SPDX-License-Identifier: Apache-2.0
#include "gadget/session/replay.h"

#include <algorithm>

namespace gadget::session {
namespace {

/// In a recording: what kind of source it is, which the format has no place for.
constexpr const char* kKindAnnotation = "gadgetkit.source-kind";
/// Likewise: the texts of its kernel stacks are recorded.
constexpr const char* kStackAnnotation = "gadgetkit.kernel-stacks";
constexpr const char* kStackType = "gadget_kernel_stack";
constexpr std::size_t kMaxStackTexts = std::size_t{64} << 20;  // of a recording; profiles have some megabytes

class RecordedRun final : public Replay {
  public:
    RecordedRun(events::RecordingReader reader, events::Environment environment)
        : reader_(std::move(reader)), environment_(std::move(environment)) {}

    /// Reads up to the first row: until then the sources are defined.
    Result<void> prepare(const ViewOptions& options) {
        while (true) {
            GADGET_TRY_ASSIGN(waiting_, reader_.next());
            if (!waiting_) break;
            if (const auto* clock = std::get_if<events::RecordedEnvironment>(&*waiting_)) {
                environment_.boot_to_wall_ns = clock->boot_to_wall_ns;
                environment_.arch = clock->arch;
            } else if (auto* source = std::get_if<events::RecordedSource>(&*waiting_)) {
                GADGET_TRY(add(std::move(*source)));
            } else {
                break;
            }
        }
        GADGET_TRY_ASSIGN(views_, make_views(sources_, options));
        return {};
    }

    const std::vector<std::unique_ptr<Source>>& sources() const override { return sources_; }

    Result<bool> step(const RowHandler& handler) override {
        if (!waiting_) return false;
        GADGET_TRY(pass_on(*waiting_, handler));
        GADGET_TRY_ASSIGN(waiting_, reader_.next());
        return true;
    }

    std::vector<Loss> losses() const override { return losses_; }

  private:
    Result<void> add(events::RecordedSource recorded) {
        auto& annotations = recorded.metadata.annotations;
        const auto kind = annotations.find(kKindAnnotation);
        const bool is_array = kind != annotations.end() && kind->second == "array";
        annotations.erase(kKindAnnotation);
        if (annotations.erase(kStackAnnotation) > 0)
            environment_.kernel_stack = [this](std::uint32_t id, std::string& out) {
                const auto found = stacks_.find(id);
                if (found != stacks_.end()) out += found->second;
            };
        GADGET_TRY_ASSIGN(
            auto data, events::DataSource::create(
                           {.name = recorded.name, .schema = recorded.schema, .metadata = &recorded.metadata},
                           environment_));
        sources_.push_back(std::make_unique<Source>(
            Source{is_array ? SourceKind::iterator : SourceKind::tracer, std::move(data),
                   std::move(recorded.schema), std::move(recorded.metadata)}));
        return {};
    }

    Result<void> pass_on(const events::RecordedItem& item, const RowHandler& handler) {
        if (const auto* row = std::get_if<events::RecordedRow>(&item))
            return deliver(row->source, std::span(&row->record, 1), handler);
        if (const auto* batch = std::get_if<events::RecordedBatch>(&item))
            return deliver(batch->source, batch->records, handler);
        if (const auto* loss = std::get_if<events::RecordedLoss>(&item)) return add_loss(*loss);
        if (const auto* stack = std::get_if<events::RecordedStack>(&item)) return add_stack(*stack);
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "the recording is damaged: a source is defined after the first event"};
    }

    Result<void> deliver(std::size_t index, std::span<const events::Record> rows, const RowHandler& handler) {
        if (index >= sources_.size()) {
            return Error{.code = ErrorCode::corrupt_data,
                         .message = "the recording is damaged: it has no source " + std::to_string(index)};
        }
        if (!views_[index].passes_all()) {
            selected_.assign(rows.begin(), rows.end());
            views_[index].apply(selected_);
            rows = selected_;
        }
        if (!rows.empty() || sources_[index]->is_array()) handler({*sources_[index], index, rows});
        return {};
    }

    Result<void> add_loss(const events::RecordedLoss& loss) {
        if (loss.source < sources_.size() && loss.count > 0)
            losses_.push_back({sources_[loss.source]->name(), loss.count});
        return {};
    }

    Result<void> add_stack(const events::RecordedStack& stack) {
        std::string& text = stacks_[stack.id];
        stack_bytes_ += stack.text.size() + sizeof(std::string);
        text = stack.text;
        if (stack_bytes_ <= kMaxStackTexts) return {};
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "the recording has more texts of kernel stacks than a run makes"};
    }

    events::RecordingReader reader_;
    events::Environment environment_;
    std::vector<std::unique_ptr<Source>> sources_;
    std::vector<View> views_;
    std::optional<events::RecordedItem> waiting_;
    std::vector<events::Record> selected_;
    std::vector<Loss> losses_;
    std::map<std::uint32_t, std::string> stacks_;
    std::size_t stack_bytes_ = 0;
};

bool is_stack(const model::Field& field) {
    return field.has_type(kStackType);
}

}  // namespace

Result<std::unique_ptr<Replay>> Replay::open(events::RecordingReader::Read read, const ViewOptions& options,
                                             const events::Environment& environment) {
    GADGET_TRY_ASSIGN(auto reader, events::RecordingReader::open(std::move(read)));
    auto run = std::make_unique<RecordedRun>(std::move(reader), environment);
    GADGET_TRY(run->prepare(options));
    return std::unique_ptr<Replay>(std::move(run));
}

std::uint32_t record_source(events::RecordingWriter& writer, const Source& source, std::string& out) {
    model::DataSourceMetadata metadata = source.metadata;
    if (source.is_array()) metadata.annotations[kKindAnnotation] = "array";
    if (std::ranges::any_of(source.schema.fields, is_stack)) metadata.annotations[kStackAnnotation] = "true";
    return writer.add_source({.name = source.name(), .schema = source.schema, .metadata = &metadata}, out);
}

Result<StackRecorder> StackRecorder::create(const Session& session) {
    StackRecorder recorder;
    recorder.text_of_ = session.environment().kernel_stack;
    for (const auto& source : session.sources()) {
        auto& readers = recorder.ids_.emplace_back();
        if (!recorder.text_of_) continue;
        for (const auto& field : source->schema.fields) {
            if (!is_stack(field)) continue;
            GADGET_TRY_ASSIGN(auto reader, events::FieldReader::create(source->data, field.path));
            readers.push_back(std::move(reader));
        }
    }
    return recorder;
}

void StackRecorder::take(const Delivery& delivery, events::RecordingWriter& writer, std::string& out) {
    std::string text;
    for (auto& reader : ids_[delivery.index]) {
        for (const auto& row : delivery.rows) {
            const auto id = static_cast<std::uint32_t>(reader.integer(row));
            text.clear();
            text_of_(id, text);
            const std::size_t hash = std::hash<std::string>()(text);
            const auto [entry, added] = known_.try_emplace(id, hash);
            if (!added && entry->second == hash) continue;
            entry->second = hash;
            writer.append_stack(id, text, out);
        }
    }
}

}  // namespace gadget::session
