// SPDX-License-Identifier: Apache-2.0
// Takes all elements out of a hash map: what programs gathered since the last time.
#pragma once

#include <cstddef>
#include <vector>

#include "gadget/events.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::session {

class MapFetcher {
  public:
    /// `map` is a hash map with these sizes and room for `max_entries`.
    MapFetcher(UniqueFd map, std::size_t key_size, std::size_t value_size, std::size_t max_entries);

    /// Moves the elements to `rows`. By batches where the kernel has them (Linux 5.6), else one by one. An
    /// element that changes meanwhile is taken in the state in which it leaves the map, unless the kernel
    /// lacks the command for that too (Linux 5.14): then what is added between its reading and its deletion
    /// is lost. On an error `rows` holds what was taken before it.
    Result<void> fetch(events::RowBuffer& rows);

    /// Not used: batches, and the command that reads and deletes in one. For tests of the fallbacks.
    struct Without {
        bool batches = false;
        bool take = false;
    };
    void leave_out(Without without);

  private:
    Result<bool> fetch_batches(events::RowBuffer& rows);
    Result<void> fetch_singly(events::RowBuffer& rows);
    Result<bool> take(events::RowBuffer& rows);
    void add(events::RowBuffer& rows, std::size_t count) const;

    UniqueFd map_;
    std::size_t key_size_;
    std::size_t value_size_;
    std::size_t max_entries_;
    std::size_t batch_ = 100;
    bool has_batches_ = true;
    bool has_take_ = true;
    std::vector<std::byte> keys_;
    std::vector<std::byte> values_;
    std::vector<std::byte> position_;
    std::vector<std::byte> next_position_;
};

}  // namespace gadget::session
