// SPDX-License-Identifier: Apache-2.0
// The value of a node in a record, as text. One Evaluator belongs to one writer: it keeps what is costly to
// make again (the date of the current second, the stack last asked for).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plan.h"
#include "time_text.h"

namespace gadget::events::detail {

/// A record whose first `record_size` bytes can be read.
struct View {
    const unsigned char* data = nullptr;
    const unsigned char* tail = nullptr;  ///< the bytes after the struct
    std::size_t tail_size = 0;
    mutable std::int64_t now = 0;  ///< what all time stamps of 0 in the record stand for, once one was asked
};

/// Makes views; records that are too short are completed with zeros in a buffer that is used again.
class ViewMaker {
  public:
    explicit ViewMaker(std::uint32_t record_size) : size_(record_size) {}

    [[nodiscard]] View operator()(Record record) {
        const auto* data = reinterpret_cast<const unsigned char*>(record.data());
        if (record.size() >= size_ && data != nullptr) [[likely]]
            return {data, data + size_, record.size() - size_};
        return complete(record);
    }

  private:
    View complete(Record record);
    std::uint32_t size_;
    std::vector<unsigned char> buffer_;
};

/// How text is written: as it is, for JSON (with quotes), or for a terminal.
enum class Style : std::uint8_t { raw, json, terminal };

class Evaluator {
  public:
    explicit Evaluator(const Plan& plan) : plan_(&plan), time_(plan.environment) {}

    /// Writes the value of `node`, at most room(node, view) bytes, of which the last 8 may be scribble;
    /// returns its end. Containers have no value: nothing is written.
    template <Style kStyle>
    char* write(const Node& node, const View& view, char* out);

    /// Bytes that write() may touch.
    [[nodiscard]] std::size_t room(const Node& node, const View& view);

    /// The number behind a node, for comparisons; text has none (0).
    [[nodiscard]] std::uint64_t number(const Node& node, const View& view) const;
    [[nodiscard]] double floating(const Node& node, const View& view) const;
    /// The bytes of the tail, cut at the length that the event gives.
    [[nodiscard]] static std::size_t tail_size(const Node& node, const View& view);

  private:
    template <Style kStyle>
    char* write_text(const Node& node, const View& view, char* out);
    template <Style kStyle>
    char* write_label(const Node& node, const View& view, char* out) const;
    char* write_words(const Node& node, const View& view, char* out) const;
    char* write_array(const Node& node, const View& view, char* out);
    const std::string& stack_text(std::uint32_t id);
    [[nodiscard]] const Label* enum_label(const Node& node, const View& view) const;

    const Plan* plan_;
    TimeText time_;
    std::uint32_t stack_id_ = 0;
    bool stack_known_ = false;
    std::string stack_;
    std::string text_;  ///< of the value being written
};

[[nodiscard]] std::uint64_t load_number(const Node& node, const unsigned char* data);

extern template char* Evaluator::write<Style::raw>(const Node&, const View&, char*);
extern template char* Evaluator::write<Style::json>(const Node&, const View&, char*);
extern template char* Evaluator::write<Style::terminal>(const Node&, const View&, char*);

}  // namespace gadget::events::detail
