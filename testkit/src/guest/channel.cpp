// SPDX-License-Identifier: Apache-2.0
#include "channel.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "gadget/support/files.h"

namespace gadget::testkit::guest {

Channel::Channel(int fd, std::string nonce) : fd_(fd), nonce_(nonce), parser_(std::move(nonce)) {
    void* memory =
        ::mmap(nullptr, sizeof *sequence_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) sequence_ = static_cast<std::uint64_t*>(memory);
    broken_ = sequence_ == nullptr;
}

Channel::~Channel() {
    if (sequence_ != nullptr) (void)::munmap(sequence_, sizeof *sequence_);
}

void Channel::send(const Record& record) {
    if (broken_) return;
    const auto frame = encode_frame(nonce_, (*sequence_)++, record);
    if (!write_all(fd_, as_bytes(frame), "the result port")) broken_ = true;
}

std::vector<Record> Channel::receive() {
    std::vector<Record> records;
    std::array<char, 4096> buffer{};
    const auto count = ::read(fd_, buffer.data(), buffer.size());
    if (count > 0) {
        parser_.push({buffer.data(), static_cast<std::size_t>(count)}, records);
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
        broken_ = true;
    }
    return records;
}

}  // namespace gadget::testkit::guest
