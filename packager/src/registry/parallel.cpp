// SPDX-License-Identifier: Apache-2.0
#include "parallel.h"

#include <algorithm>
#include <thread>

namespace gadget::packager {

SharedProgress::SharedProgress(Progress* target, const std::vector<Descriptor>& blobs) : target_(target) {
    for (const auto& blob : blobs) total_ += blob.size;
}

void SharedProgress::begin(const std::string& text) {
    if (target_ != nullptr) target_->step(text);
}

void SharedProgress::add(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    if (target_ != nullptr) target_->update(done_, total_);
}

void SharedProgress::take_back(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    done_ -= bytes;
}

namespace {

/// Blobs that wait to be worked on, taken one by one.
class Queue {
  public:
    explicit Queue(std::span<const Descriptor> blobs) : blobs_(blobs) {}

    void run(RegistryImpl& registry,
             const std::function<Result<void>(RegistryImpl&, const Descriptor&)>& work) {
        while (const Descriptor* blob = next()) {
            auto done = work(registry, *blob);
            if (done) continue;
            const std::lock_guard lock(mutex_);
            if (!error_) error_ = std::move(done).error();
        }
    }
    Result<void> result() { return error_ ? Result<void>(std::move(*error_)) : Result<void>(); }

  private:
    const Descriptor* next() {
        const std::lock_guard lock(mutex_);
        return error_ || next_ == blobs_.size() ? nullptr : &blobs_[next_++];
    }

    std::mutex mutex_;
    std::span<const Descriptor> blobs_;
    std::size_t next_ = 0;
    std::optional<Error> error_;
};

}  // namespace

Result<void> in_parallel(RegistryImpl& registry, std::span<const Descriptor> blobs,
                         const std::function<Result<void>(RegistryImpl&, const Descriptor&)>& work) {
    const std::size_t workers = std::min<std::size_t>(registry.session.options().parallel, blobs.size());
    auto& helpers = registry.helpers;
    while (helpers.size() + 1 < workers) helpers.emplace_back(registry.session.fork());
    Queue queue(blobs);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i + 1 < workers; ++i) {
        auto& helper = helpers[i];
        helper.session.learn_from(registry.session);
        threads.emplace_back([&] { queue.run(helper, work); });
    }
    queue.run(registry, work);
    threads.clear();  // waits for them
    for (const auto& helper : helpers) registry.session.take_warnings(helper.session);
    return queue.result();
}

}  // namespace gadget::packager
