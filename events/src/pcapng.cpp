// SPDX-License-Identifier: Apache-2.0
#include "gadget/events/pcapng.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "evaluator.h"
#include "gadget/support/text.h"

namespace gadget::events {
namespace {

using detail::Evaluator;
using detail::Node;
using detail::Op;
using detail::Plan;
using detail::Style;
using detail::View;

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kInterface = 1;
constexpr std::uint32_t kPacket = 6;
constexpr std::uint32_t kByteOrder = 0x1a2b3c4d;
constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kOptionName = 2;
constexpr std::uint16_t kOptionDescription = 3;
constexpr std::uint16_t kOptionResolution = 9;
constexpr std::size_t kLongestOption = 4096;

template <class T>
void put(std::string& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

/// `content` with blanks of zero up to a multiple of four bytes.
void put_padded(std::string& out, std::string_view content) {
    out += content;
    out.append((4 - content.size() % 4) % 4, '\0');
}

void put_option(std::string& out, std::uint16_t code, std::string_view content) {
    content = content.substr(0, kLongestOption);
    put(out, code);
    put(out, static_cast<std::uint16_t>(content.size()));
    put_padded(out, content);
}

/// Type, length, body, length.
void put_block(std::string& out, std::uint32_t type, std::string_view body) {
    const auto size = static_cast<std::uint32_t>(body.size() + 12);
    put(out, type);
    put(out, size);
    out += body;
    put(out, size);
}

std::string url_encoded(std::string_view text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kHex[static_cast<unsigned char>(c) >> 4];
            encoded += kHex[static_cast<unsigned char>(c) & 15];
        }
    }
    return encoded;
}

std::string annotation(const model::Annotations& annotations, const char* key) {
    const auto found = annotations.find(key);
    return found == annotations.end() ? std::string{} : found->second;
}

struct KeyField {
    const Node* node = nullptr;
    std::string name;
};

}  // namespace

struct PcapngWriter::Impl {
    explicit Impl(const DataSource& source)
        : plan(source.plan()), evaluator(*plan), view(plan->record_size) {}

    Error fail(const std::string& why) const {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "pcap-ng: data source '" + printable(plan->name) + "' " + why};
    }

    /// The field that the annotation `key` names; nullptr when it is not set.
    Result<const Node*> find(const char* key) const {
        const std::string name = annotation(plan->annotations, key);
        if (name.empty()) return static_cast<const Node*>(nullptr);
        const int index = plan->find_for_user(name);
        if (index < 0)
            return fail("has no field '" + printable(name) + "', which annotation " + key + " names");
        return &plan->nodes[static_cast<std::size_t>(index)];
    }

    Result<void> read_annotations() {
        GADGET_TRY_ASSIGN(payload, find("pcap.payload"));
        GADGET_TRY_ASSIGN(timestamp, find("pcap.timestamp"));
        GADGET_TRY_ASSIGN(length, find("pcap.packet-length"));
        if (payload == nullptr) return fail("has no annotation pcap.payload");
        const bool is_bytes = payload->op == Op::tail || payload->op == Op::bytes ||
                              payload->op == Op::c_string ||
                              (payload->op == Op::array && payload->element_size == 1);
        if (!is_bytes)
            return fail("names '" + printable(payload->path) + "' as payload, which does not hold bytes");
        const auto is_number = [](const Node* node) {
            return node == nullptr || value_type(node->op) == ValueType::integer || node->op == Op::timestamp;
        };
        if (!is_number(timestamp) || !is_number(length))
            return fail("names a time stamp or a packet length that is not an integer");
        for (const Node& node : plan->nodes) {
            const std::string variable = annotation(node.annotations, "pcap.interface-var");
            if (node.unreferenced ||
                (variable.empty() && annotation(node.annotations, "pcap.interface-key") != "true"))
                continue;
            const ValueType type = value_type(node.op);
            if (type == ValueType::container || type == ValueType::list) {
                return fail("has field '" + printable(node.path) +
                            "' as part of the interface, which has no single value");
            }
            keys.push_back({&node, variable.empty() ? node.path : variable});
        }
        return {};
    }

    std::string describe(const View& bytes) {
        std::string text;
        for (const KeyField& key : keys) {
            scratch.resize(evaluator.room(*key.node, bytes));
            const char* end = evaluator.write<Style::raw>(*key.node, bytes, scratch.data());
            if (!text.empty()) text += ';';
            text += key.name + "=" +
                    url_encoded({scratch.data(), static_cast<std::size_t>(end - scratch.data())});
        }
        return text;
    }

    /// The number of the interface of a record, written first when it is new; -1 when there are too many.
    std::int64_t interface_of(const View& bytes, std::string& out) {
        const std::string description = describe(bytes);
        const auto found = interfaces.find(description);
        if (found != interfaces.end()) return found->second;
        if (interfaces.size() >= kMaxInterfaces) return -1;
        const auto number = static_cast<std::uint32_t>(interfaces.size());
        interfaces.emplace(description, number);
        body.clear();
        put(body, kEthernet);
        put(body, std::uint16_t{0});
        put(body, std::uint32_t{0});  // no limit on the length of packets
        put_option(body, kOptionName, "virtual");
        if (!description.empty()) put_option(body, kOptionDescription, description);
        put_option(body, kOptionResolution, "\x09");  // 10^-9 seconds
        put(body, std::uint32_t{0});
        put_block(out, kInterface, body);
        return number;
    }

    std::string_view packet(const View& bytes) const {
        if (payload->op == Op::tail) {
            return {reinterpret_cast<const char*>(bytes.tail), Evaluator::tail_size(*payload, bytes)};
        }
        return {reinterpret_cast<const char*>(bytes.data + payload->offset), payload->size};
    }

    std::uint64_t time_of(const View& bytes) {
        if (timestamp == nullptr) return 0;
        if (timestamp->op != Op::timestamp) return evaluator.number(*timestamp, bytes);
        Node stamp = *timestamp;
        stamp.op = Op::wall_clock;
        return evaluator.number(stamp, bytes);
    }

    std::shared_ptr<const Plan> plan;
    Evaluator evaluator;
    detail::ViewMaker view;
    const Node* payload = nullptr;
    const Node* timestamp = nullptr;
    const Node* length = nullptr;
    std::vector<KeyField> keys;
    std::unordered_map<std::string, std::uint32_t> interfaces;  ///< by description
    std::string scratch;
    std::string body;
    std::uint64_t dropped = 0;
};

Result<PcapngWriter> PcapngWriter::create(const DataSource& source) {
    auto impl = std::make_unique<Impl>(source);
    GADGET_TRY(impl->read_annotations());
    return PcapngWriter(std::move(impl));
}

PcapngWriter::PcapngWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PcapngWriter::PcapngWriter(PcapngWriter&&) noexcept = default;
PcapngWriter& PcapngWriter::operator=(PcapngWriter&&) noexcept = default;
PcapngWriter::~PcapngWriter() = default;

void PcapngWriter::begin(std::string& out) const {
    std::string body;
    put(body, kByteOrder);
    put(body, std::uint16_t{1});
    put(body, std::uint16_t{0});
    put(body, std::int64_t{-1});  // the length of the section is not known
    put_block(out, kSectionHeader, body);
}

void PcapngWriter::append(Record record, std::string& out) {
    Impl& impl = *impl_;
    const View bytes = impl.view(record);
    const std::int64_t interface = impl.interface_of(bytes, out);
    if (interface < 0) {
        ++impl.dropped;
        return;
    }
    std::string_view packet = impl.packet(bytes);
    std::uint32_t length = static_cast<std::uint32_t>(packet.size());
    if (impl.length != nullptr) {
        length = static_cast<std::uint32_t>(impl.evaluator.number(*impl.length, bytes));
        packet = packet.substr(0, length);
    }
    const std::uint64_t time = impl.time_of(bytes);
    impl.body.clear();
    put(impl.body, static_cast<std::uint32_t>(interface));
    put(impl.body, static_cast<std::uint32_t>(time >> 32));
    put(impl.body, static_cast<std::uint32_t>(time));
    put(impl.body, static_cast<std::uint32_t>(packet.size()));
    put(impl.body, length);
    put_padded(impl.body, packet);
    put_block(out, kPacket, impl.body);
}

std::uint64_t PcapngWriter::dropped() const {
    return impl_->dropped;
}

}  // namespace gadget::events
