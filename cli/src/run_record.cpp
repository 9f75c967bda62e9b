// SPDX-License-Identifier: Apache-2.0
#include "run_record.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace gadget::cli {
namespace {

constexpr std::size_t kWriteSize = 256 << 10;

}  // namespace

Result<RunRecorder> RunRecorder::create(const std::filesystem::path& file, const session::Session& session) {
    RunRecorder recorder;
    recorder.name_ = file.string();
    recorder.file_.reset(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!recorder.file_) return errno_error(errno, "cannot create '" + recorder.name_ + "'");
    GADGET_TRY_ASSIGN(recorder.stacks_, session::StackRecorder::create(session));
    recorder.writer_.begin(session.environment(), recorder.out_);
    for (const auto& source : session.sources()) {
        (void)session::record_source(recorder.writer_, *source, recorder.out_);  // numbered as here
        recorder.sources_.push_back(source->name());
    }
    recorder.write();
    GADGET_TRY(std::move(recorder.outcome_));
    recorder.outcome_ = {};
    return recorder;
}

void RunRecorder::take(const session::Delivery& delivery) {
    if (!outcome_) return;
    const auto source = static_cast<std::uint32_t>(delivery.index);
    stacks_.take(delivery, writer_, out_);
    if (delivery.source.is_array()) {
        auto done = writer_.append_batch(source, delivery.rows, out_);
        if (!done) outcome_ = std::move(done);
    } else {
        for (const auto& row : delivery.rows) {
            auto done = writer_.append(source, row, out_);
            if (!done) outcome_ = std::move(done);
        }
    }
    if (out_.size() >= kWriteSize) write();
}

Result<void> RunRecorder::finish(const std::vector<session::Loss>& losses) {
    for (const auto& loss : losses) {
        const auto found = std::find(sources_.begin(), sources_.end(), loss.source);
        if (found == sources_.end()) continue;
        writer_.append_lost(static_cast<std::uint32_t>(found - sources_.begin()), loss.count, out_);
    }
    write();
    return std::move(outcome_);
}

void RunRecorder::write() {
    if (!outcome_) return;
    outcome_ = write_all(file_.get(), as_bytes(out_), "cannot write '" + name_ + "'");
    out_.clear();
}

}  // namespace gadget::cli
