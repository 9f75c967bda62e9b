// SPDX-License-Identifier: Apache-2.0
// Readers of our own on the mapped rings. Both kinds: a descriptor that becomes readable, and a drain that
// never blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gadget/runtime/manager.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {

/// Memory mapped from a descriptor.
class Mapping {
  public:
    Mapping() = default;
    static Result<Mapping> map(int fd, std::size_t size, std::size_t offset, bool writable,
                               const std::string& what);
    Mapping(Mapping&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() { reset(); }

    [[nodiscard]] std::byte* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    void reset();
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

class Reader {
  public:
    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    virtual ~Reader() = default;
    /// Adds every descriptor that tells of records to an epoll instance.
    virtual Result<void> watch(int epoll) = 0;
    /// Hands over what is there, about `budget` records at most; returns how many.
    virtual Result<std::size_t> drain(std::size_t budget) = 0;
    [[nodiscard]] virtual ReaderStats stats() const = 0;
    /// No more records: a perf buffer is disconnected from its map, a ring buffer is not read. Repeating them
    /// changes nothing.
    virtual Result<void> pause() = 0;
    virtual Result<void> resume() = 0;
    [[nodiscard]] virtual bool paused() const = 0;
    /// Starts over with every call.
    virtual void take_telemetry(std::vector<ReaderTelemetry>& all) = 0;
};
using ReaderPtr = std::unique_ptr<Reader>;

/// On a ring buffer map of `size` bytes. The spec is copied; the map's descriptor duplicated.
Result<ReaderPtr> open_ring_reader(int map_fd, std::size_t size, const RingBufferSpec& spec);
/// On a perf event array with `entries` elements.
Result<ReaderPtr> open_perf_reader(int map_fd, std::uint32_t entries, const PerfBufferSpec& spec);

Result<void> add_to_epoll(int epoll, int fd, const std::string& what);

}  // namespace gadget::runtime
