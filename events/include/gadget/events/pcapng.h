// SPDX-License-Identifier: Apache-2.0
// Records that carry packets as a pcap-ng capture, for Wireshark and its like. The annotations pcap.payload,
// pcap.timestamp and pcap.packet-length of the data source name the fields; fields annotated
// pcap.interface-key or pcap.interface-var tell the interface apart. Format:
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gadget/events/data_source.h"

namespace gadget::events {

/// Most interfaces in one capture; packets of further ones are dropped.
inline constexpr std::size_t kMaxInterfaces = 65536;

class PcapngWriter {
  public:
    /// `rejected_input` when the source names no payload or a field that cannot be used.
    static Result<PcapngWriter> create(const DataSource& source);
    PcapngWriter(PcapngWriter&&) noexcept;
    PcapngWriter& operator=(PcapngWriter&&) noexcept;
    ~PcapngWriter();

    /// Appends what a capture starts with. Call once, first.
    void begin(std::string& out) const;
    /// Appends the packet of a record, before it its interface when that is new. Time stamps are nanoseconds.
    void append(Record record, std::string& out);
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    struct Impl;
    explicit PcapngWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gadget::events
