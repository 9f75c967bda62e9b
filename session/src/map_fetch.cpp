// SPDX-License-Identifier: Apache-2.0
#include "map_fetch.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <span>

namespace gadget::session {
namespace {

constexpr int kNotSupported = 524;  // ENOTSUPP, which the kernel returns but no header has
constexpr std::size_t kMaxBatch = 65536;

long bpf_call(bpf_cmd command, bpf_attr& attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

bool lacks_command(int error) {
    return error == EINVAL || error == kNotSupported || error == EOPNOTSUPP;
}

}  // namespace

MapFetcher::MapFetcher(UniqueFd map, std::size_t key_size, std::size_t value_size, std::size_t max_entries)
    : map_(std::move(map)),
      key_size_(key_size),
      value_size_(value_size),
      max_entries_(max_entries),
      position_(std::max<std::size_t>(key_size, sizeof(std::uint32_t))),
      next_position_(position_.size()) {}

void MapFetcher::leave_out(Without without) {
    has_batches_ = !without.batches;
    has_take_ = !without.take;
}

void MapFetcher::add(events::RowBuffer& rows, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
        rows.add(std::span(keys_).subspan(i * key_size_, key_size_),
                 std::span(values_).subspan(i * value_size_, value_size_));
    }
}

Result<void> MapFetcher::fetch(events::RowBuffer& rows) {
    if (has_batches_) {
        GADGET_TRY_ASSIGN(const bool done, fetch_batches(rows));
        if (done) return {};
        has_batches_ = false;
    }
    return fetch_singly(rows);
}

/// False: the kernel has no batches.
Result<bool> MapFetcher::fetch_batches(events::RowBuffer& rows) {
    bool first = true;
    // A program that adds elements all the time must not keep us here: no more than a full map, twice.
    const std::size_t most = rows.size() + 2 * max_entries_;
    while (rows.size() <= most) {
        keys_.resize(batch_ * key_size_);
        values_.resize(batch_ * value_size_);
        bpf_attr attributes{};
        attributes.batch.in_batch = first ? 0 : address(position_.data());
        attributes.batch.out_batch = address(next_position_.data());
        attributes.batch.keys = address(keys_.data());
        attributes.batch.values = address(values_.data());
        attributes.batch.count = static_cast<std::uint32_t>(batch_);
        attributes.batch.map_fd = static_cast<std::uint32_t>(map_.get());
        const long status = bpf_call(BPF_MAP_LOOKUP_AND_DELETE_BATCH, attributes);
        const int error = status == 0 ? 0 : errno;
        if (error == ENOSPC && batch_ < kMaxBatch) {  // one bucket of the table holds more than that
            batch_ *= 2;
            continue;
        }
        if (error == EINTR || error == EAGAIN) continue;
        if (error != 0 && error != ENOENT) {
            if (first && lacks_command(error)) return false;
            return errno_error(error, "cannot read the map");
        }
        add(rows, std::min<std::size_t>(attributes.batch.count, batch_));
        if (error == ENOENT) return true;
        first = false;
        std::swap(position_, next_position_);
    }
    return true;
}

/// Reads and deletes the element whose key is in keys_. False: it is gone.
Result<bool> MapFetcher::take(events::RowBuffer& rows) {
    bpf_attr attributes{};
    attributes.map_fd = static_cast<std::uint32_t>(map_.get());
    attributes.key = address(keys_.data());
    attributes.value = address(values_.data());
    if (has_take_) {
        if (bpf_call(BPF_MAP_LOOKUP_AND_DELETE_ELEM, attributes) == 0) return add(rows, 1), true;
        if (errno == ENOENT) return false;
        if (!lacks_command(errno)) return errno_error(errno, "cannot read the map");
        has_take_ = false;
    }
    if (bpf_call(BPF_MAP_LOOKUP_ELEM, attributes) != 0) {
        if (errno == ENOENT) return false;
        return errno_error(errno, "cannot read the map");
    }
    bpf_attr element{};
    element.map_fd = attributes.map_fd;
    element.key = attributes.key;
    if (bpf_call(BPF_MAP_DELETE_ELEM, element) != 0 && errno != ENOENT)
        return errno_error(errno, "cannot empty the map");
    add(rows, 1);
    return true;
}

Result<void> MapFetcher::fetch_singly(events::RowBuffer& rows) {
    keys_.resize(key_size_);
    values_.resize(value_size_);
    // Always from the start: what was there is deleted.
    for (std::size_t i = 0; i < 2 * max_entries_; ++i) {
        bpf_attr attributes{};
        attributes.map_fd = static_cast<std::uint32_t>(map_.get());
        attributes.next_key = address(keys_.data());
        if (bpf_call(BPF_MAP_GET_NEXT_KEY, attributes) != 0) {
            if (errno == ENOENT) return {};
            return errno_error(errno, "cannot read the map");
        }
        GADGET_TRY(take(rows));
    }
    return {};
}

}  // namespace gadget::session
