// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

namespace gadget {

/// Owns a file descriptor. Never converts to int by itself: a temporary's number must not outlive it.
class [[nodiscard]] UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }
    explicit operator bool() const { return valid(); }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    /// Closes what is held (errno is kept) and takes `fd`.
    void reset(int fd = -1);

  private:
    int fd_ = -1;
};

/// A C handle with its destroy function: `using BtfPtr = CPtr<btf, btf__free>;`.
template <auto Destroy>
struct CDelete {
    template <class T>
    void operator()(T* handle) const {
        (void)Destroy(handle);
    }
};
template <class T, auto Destroy>
using CPtr = std::unique_ptr<T, CDelete<Destroy>>;

}  // namespace gadget
