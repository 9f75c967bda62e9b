// SPDX-License-Identifier: Apache-2.0
// A tar stream (ustar with GNU long names, as dpkg-deb writes it), read as it comes, nothing ever written to
// disk by it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gadget/support/files.h"

namespace gadget::testkit {

class TarReader {
  public:
    /// Whether the content of the regular file `name` (without a leading "./") is wanted.
    using Wanted = std::function<bool(const std::string& name)>;
    /// Receives each wanted file; an error ends the reading.
    using Receive = std::function<Result<void>(const std::string& name, Bytes content)>;

    TarReader(Wanted wanted, Receive receive) : wanted_(std::move(wanted)), receive_(std::move(receive)) {}

    /// The next piece of the stream. `corrupt_data` for a damaged header or a wanted file beyond
    /// kMaxUnpacked.
    Result<void> push(std::string_view bytes);
    /// The end of the stream; `corrupt_data` when it is in the middle of a file or there was none.
    Result<void> finish() const;

  private:
    enum class State : std::uint8_t { header, content, padding, end };
    Result<void> header();
    Result<void> content_complete();

    Wanted wanted_;
    Receive receive_;
    State state_ = State::header;
    std::string block_;  ///< the part of a header that has come
    std::string name_;
    std::string long_name_;  ///< of a GNU 'L' entry, for the next one
    char type_ = '0';
    bool keep_ = false;
    std::uint64_t left_ = 0;  ///< bytes of content or padding still to come
    std::uint64_t size_ = 0;
    Bytes content_;
    bool any_ = false;
};

}  // namespace gadget::testkit
