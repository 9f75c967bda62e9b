// SPDX-License-Identifier: Apache-2.0
#include "reader.h"

#include <sys/epoll.h>
#include <sys/mman.h>

#include <cerrno>

namespace gadget::runtime {

Result<Mapping> Mapping::map(int fd, std::size_t size, std::size_t offset, bool writable,
                             const std::string& what) {
    void* const data = mmap(nullptr, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
                            static_cast<off_t>(offset));
    if (data == MAP_FAILED) return errno_error(errno, "mapping " + what);
    Mapping mapping;
    mapping.data_ = static_cast<std::byte*>(data);
    mapping.size_ = size;
    return mapping;
}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    if (this != &other) {
        reset();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

void Mapping::reset() {
    if (data_ != nullptr) (void)munmap(data_, size_);
    data_ = nullptr;
    size_ = 0;
}

Result<void> add_to_epoll(int epoll, int fd, const std::string& what) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return errno_error(errno, "watching " + what);
    return {};
}

}  // namespace gadget::runtime
