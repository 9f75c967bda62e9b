// SPDX-License-Identifier: Apache-2.0
// Records: lists of text fields, one record a line. The job goes to the guest as records, results come back
// as records in frames. Fields are separated by tabs; what could break a line is written as \t, \n, \r, \\ or
// \xHH.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gadget::testkit {

using Record = std::vector<std::string>;

/// A longer line is not a record of ours.
inline constexpr std::size_t kMaxRecordLine = std::size_t{1} << 20;

/// Without the newline.
[[nodiscard]] std::string encode_record(const Record& record);
/// nullopt for a broken escape or a raw control character.
[[nodiscard]] std::optional<Record> decode_record(std::string_view line);

/// CRC-32 (IEEE 802.3, reflected, as in gzip).
[[nodiscard]] std::uint32_t crc32(std::string_view text);

/// One record as a line "#gk NONCE SEQUENCE CRC RECORD\n". The random nonce tells our frames from everything
/// else that may be written to the same port, the number shows losses, the checksum damage.
[[nodiscard]] std::string encode_frame(std::string_view nonce, std::uint64_t sequence, const Record& record);

/// Cuts a byte stream of unknown quality into frames.
class FrameParser {
  public:
    explicit FrameParser(std::string nonce) : nonce_(std::move(nonce)) {}

    /// Appends the records that became complete, in order, to `out`.
    void push(std::string_view bytes, std::vector<Record>& out);

    [[nodiscard]] std::uint64_t damaged() const {
        return damaged_;
    }  ///< lines with our nonce that are not frames
    [[nodiscard]] std::uint64_t lost() const { return lost_; }        ///< frames missing by their numbers
    [[nodiscard]] std::uint64_t foreign() const { return foreign_; }  ///< bytes of lines that are not ours

  private:
    void line(std::string_view text, std::vector<Record>& out);

    std::string nonce_;
    std::string pending_;
    bool skipping_ = false;  ///< inside a line that is too long
    std::uint64_t next_ = 0;
    std::uint64_t damaged_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t foreign_ = 0;
};

}  // namespace gadget::testkit
