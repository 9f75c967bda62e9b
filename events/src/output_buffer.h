// SPDX-License-Identifier: Apache-2.0
// Memory that a writer fills before it goes to the caller's string: writing to raw memory needs one check of
// room for a whole field instead of one for each character.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace gadget::events::detail {

class OutputBuffer {
  public:
    explicit OutputBuffer(std::size_t size = 16384) : memory_(new char[size]), size_(size) {}

    [[nodiscard]] char* begin() { return memory_.get(); }

    /// A place with `wanted` bytes: `at` itself, or the start of the buffer after its content went to `out`.
    char* reserve(char* at, std::size_t wanted, std::string& out) {
        if (static_cast<std::size_t>(memory_.get() + size_ - at) >= wanted) [[likely]]
            return at;
        return make_room(at, wanted, out);
    }
    void flush(const char* at, std::string& out) {
        out.append(memory_.get(), static_cast<std::size_t>(at - memory_.get()));
    }

  private:
    char* make_room(const char* at, std::size_t wanted, std::string& out) {
        flush(at, out);
        if (wanted > size_) {
            memory_.reset(new char[wanted]);
            size_ = wanted;
        }
        return memory_.get();
    }

    std::unique_ptr<char[]> memory_;
    std::size_t size_;
};

}  // namespace gadget::events::detail
