// SPDX-License-Identifier: Apache-2.0
#include "go_json.h"

#include <array>

namespace gadget::packager {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none.
std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        if (first == 0xe0) low = 0xa0;
        if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        if (first == 0xf0) low = 0x90;
        if (first == 0xf4) high = 0x8f;
    }
    if (length == 0 || text.size() < length || at(1) < low || at(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (at(i) < 0x80 || at(i) > 0xbf) return 0;
    }
    return length;
}

void append_ascii(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    const auto value = static_cast<unsigned char>(c);
    if (value < 0x20 || c == '<' || c == '>' || c == '&') {
        out += "\\u00";
        out += kHex[value >> 4U];
        out += kHex[value & 15U];
    } else {
        out += c;
    }
}

/// `,"name":`, without the comma after an opening brace.
void append_name(std::string& out, std::string_view name) {
    if (out.back() != '{') out += ',';
    out += '"';
    out += name;
    out += "\":";
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
    append_name(out, name);
    append_string(out, value);
}

void append_annotations(std::string& out, const Annotations& annotations) {
    if (annotations.empty()) return;
    append_name(out, "annotations");
    out += '{';
    for (const auto& [key, value] : annotations) {
        if (out.back() != '{') out += ',';
        append_string(out, key);
        out += ':';
        append_string(out, value);
    }
    out += '}';
}

void append_descriptors(std::string& out, std::string_view name, std::span<const Descriptor> descriptors) {
    append_name(out, name);
    out += '[';
    for (const auto& descriptor : descriptors) {
        if (out.back() != '[') out += ',';
        append_descriptor(out, descriptor);
    }
    out += ']';
}

void append_platform(std::string& out, const OciPlatform& platform) {
    append_name(out, "platform");
    out += '{';
    append_member(out, "architecture", platform.architecture);
    append_member(out, "os", platform.os);
    if (!platform.variant.empty()) append_member(out, "variant", platform.variant);
    out += '}';
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        if (static_cast<unsigned char>(text.front()) < 0x80) {
            append_ascii(out, text.front());
            text.remove_prefix(1);
            continue;
        }
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out += "\\ufffd";
            text.remove_prefix(1);
            continue;
        }
        const std::string_view sequence = text.substr(0, length);
        if (sequence == "\xe2\x80\xa8") {
            out += "\\u2028";
        } else if (sequence == "\xe2\x80\xa9") {
            out += "\\u2029";
        } else {
            out += sequence;
        }
        text.remove_prefix(length);
    }
    out += '"';
}

void append_descriptor(std::string& out, const Descriptor& descriptor) {
    out += '{';
    append_member(out, "mediaType", descriptor.media_type);
    append_member(out, "digest", descriptor.digest);
    append_name(out, "size");
    out += std::to_string(descriptor.size);
    if (!descriptor.urls.empty()) {
        append_name(out, "urls");
        out += '[';
        for (const auto& url : descriptor.urls) {
            if (out.back() != '[') out += ',';
            append_string(out, url);
        }
        out += ']';
    }
    append_annotations(out, descriptor.annotations);
    if (descriptor.data && !descriptor.data->empty())
        append_member(out, "data", base64_encode(*descriptor.data));
    if (descriptor.platform) append_platform(out, *descriptor.platform);
    if (!descriptor.artifact_type.empty()) append_member(out, "artifactType", descriptor.artifact_type);
    out += '}';
}

std::string manifest_json(const ManifestBody& body) {
    std::string out = "{\"schemaVersion\":2";
    if (!body.media_type.empty()) append_member(out, "mediaType", body.media_type);
    if (!body.artifact_type.empty()) append_member(out, "artifactType", body.artifact_type);
    append_name(out, "config");
    append_descriptor(out, body.config);
    append_descriptors(out, "layers", body.layers);
    if (body.subject) {
        append_name(out, "subject");
        append_descriptor(out, *body.subject);
    }
    append_annotations(out, body.annotations);
    out += '}';
    return out;
}

std::string index_json(std::span<const Descriptor> manifests, const Annotations& annotations) {
    std::string out = "{\"schemaVersion\":2";
    append_member(out, "mediaType", media_type::kIndex);
    append_descriptors(out, "manifests", manifests);
    append_annotations(out, annotations);
    out += '}';
    return out;
}

std::string base64_encode(std::string_view content) {
    std::string out;
    out.reserve((content.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < content.size(); i += 3) {
        std::uint32_t group = 0;
        const std::size_t count = std::min<std::size_t>(3, content.size() - i);
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U | (k < count ? static_cast<unsigned char>(content[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= count ? kBase64[group >> (18U - 6U * static_cast<unsigned>(k)) & 63U] : '=';
        }
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    std::string out;
    std::uint32_t group = 0;
    const std::size_t symbols = text.size() - padding;
    for (std::size_t i = 0; i < symbols; ++i) {
        const auto value = kBase64.find(text[i]);
        if (value == std::string_view::npos) return std::nullopt;
        group = group << 6U | static_cast<std::uint32_t>(value);
        if (i % 4 == 3) {
            for (const unsigned shift : {16U, 8U, 0U}) out += static_cast<char>(group >> shift & 0xffU);
            group = 0;
        }
    }
    const std::size_t rest = symbols % 4;
    if (rest == 1) return std::nullopt;
    if (rest > 1) {
        group <<= 6U * static_cast<unsigned>(4 - rest);
        for (std::size_t k = 0; k + 1 < rest; ++k)
            out += static_cast<char>(group >> (16U - 8U * static_cast<unsigned>(k)) & 0xffU);
    }
    return out;
}

}  // namespace gadget::packager
