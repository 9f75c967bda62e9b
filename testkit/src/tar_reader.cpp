// SPDX-License-Identifier: Apache-2.0
#include "tar_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "decompress.h"

namespace gadget::testkit {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxName = 4096;
constexpr std::size_t kSizeField = 124;
constexpr std::size_t kChecksumField = 148;
constexpr std::size_t kTypeField = 156;
constexpr std::size_t kPrefixField = 345;

Error corrupt(const std::string& why) {
    return Error{.code = ErrorCode::corrupt_data, .message = "the package's content is damaged: " + why};
}

/// An octal number, blank or NUL terminated; nullopt for anything else (base-256 sizes are beyond what we
/// take).
std::optional<std::uint64_t> octal(std::string_view field) {
    std::uint64_t value = 0;
    bool any = false;
    for (const char c : field) {
        if (c == '\0' || c == ' ') {
            if (any) break;
            continue;
        }
        if (c < '0' || c > '7') return std::nullopt;
        value = value * 8 + static_cast<std::uint64_t>(c - '0');
        any = true;
    }
    return value;
}

std::string_view text_field(std::string_view block, std::size_t offset, std::size_t size) {
    const auto field = block.substr(offset, size);
    return field.substr(0, field.find('\0'));
}

bool checksum_fits(std::string_view block) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool own_field = i >= kChecksumField && i < kChecksumField + 8;
        sum += own_field ? 32U : static_cast<unsigned char>(block[i]);
    }
    return octal(block.substr(kChecksumField, 8)) == sum;
}

}  // namespace

Result<void> TarReader::push(std::string_view bytes) {
    while (!bytes.empty() && state_ != State::end) {
        if (state_ == State::header) {
            const auto part = bytes.substr(0, kBlock - block_.size());
            block_.append(part);
            bytes.remove_prefix(part.size());
            if (block_.size() == kBlock) GADGET_TRY(header());
            continue;
        }
        const auto part =
            bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
        if (state_ == State::content && keep_) {
            const auto raw = as_bytes(part);
            content_.insert(content_.end(), raw.begin(), raw.end());
        }
        left_ -= part.size();
        bytes.remove_prefix(part.size());
        if (left_ != 0) continue;
        if (state_ == State::content) {
            GADGET_TRY(content_complete());
            left_ = (kBlock - size_ % kBlock) % kBlock;
            state_ = left_ == 0 ? State::header : State::padding;
        } else {
            state_ = State::header;
        }
    }
    return {};
}

Result<void> TarReader::finish() const {
    if (!any_) return corrupt("it is empty");
    const bool clean = state_ == State::end || (state_ == State::header && block_.empty());
    return clean ? Result<void>() : Result<void>(corrupt("it is cut off"));
}

Result<void> TarReader::header() {
    const std::string block = std::exchange(block_, {});
    if (block.find_first_not_of('\0') == std::string::npos) {
        state_ = State::end;
        return {};
    }
    if (!checksum_fits(block)) return corrupt("wrong checksum of a header");
    const auto size = octal(std::string_view(block).substr(kSizeField, 12));
    if (!size) return corrupt("unreadable size of a file");
    any_ = true;
    size_ = left_ = *size;
    type_ = block[kTypeField];
    if (!long_name_.empty()) {
        name_ = std::exchange(long_name_, {});
    } else {
        const auto prefix = text_field(block, kPrefixField, 155);
        const bool ustar = block.compare(257, 6, std::string("ustar\0", 6)) == 0;
        name_ = ustar && !prefix.empty() ? std::string(prefix) + "/" : "";
        name_ += text_field(block, 0, 100);
    }
    if (name_.starts_with("./")) name_.erase(0, 2);
    const bool file = type_ == '0' || type_ == '\0';
    const bool long_name = type_ == 'L';
    keep_ = long_name || (file && wanted_(name_));
    if (keep_ && size_ > (long_name ? kMaxName : kMaxUnpacked))
        return corrupt("'" + name_ + "' is too large");
    content_.clear();
    if (keep_) content_.reserve(static_cast<std::size_t>(size_));
    state_ = State::content;
    if (left_ == 0) {
        GADGET_TRY(content_complete());
        state_ = State::header;
    }
    return {};
}

Result<void> TarReader::content_complete() {
    if (!keep_) return {};
    if (type_ == 'L') {
        const auto text = as_text(content_);
        long_name_ = std::string(text.substr(0, text.find('\0')));
        return {};
    }
    return receive_(name_, std::exchange(content_, {}));
}

}  // namespace gadget::testkit
