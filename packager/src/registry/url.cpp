// SPDX-License-Identifier: Apache-2.0
#include "url.h"

#include <algorithm>
#include <charconv>

#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

constexpr std::size_t kMaxUrl = 8192;

Error bad(std::string_view text, const std::string& why) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "address '" + printable(text.substr(0, 200)) + "': " + why};
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' || c == '_';
}

Result<void> parse_authority(Url& url, std::string_view authority, std::string_view whole) {
    if (authority.find('@') != std::string_view::npos) return bad(whole, "has a user name");
    std::string_view host = authority;
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        if (close == std::string_view::npos) return bad(whole, "the host is not closed by ']'");
        host = authority.substr(1, close - 1);
        port = authority.substr(close + 1);
        if (!port.empty() && !port.starts_with(':')) return bad(whole, "wrong port");
        if (!port.empty()) port.remove_prefix(1);
    } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
        host = authority.substr(0, colon);
        port = authority.substr(colon + 1);
    }
    for (char c : host) url.host += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), is_host_character)) {
        return bad(whole, "wrong host");
    }
    if (port.empty()) return {};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
        return bad(whole, "wrong port");
    return {};
}

}  // namespace

std::string Url::authority() const {
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (secure ? 443 : 80)) text += ":" + std::to_string(port);
    return text;
}

std::string Url::to_string() const {
    return (secure ? "https://" : "http://") + authority() + target;
}

bool Url::same_origin(const Url& other) const {
    return secure == other.secure && host == other.host && port == other.port;
}

Result<Url> parse_url(std::string_view text) {
    if (text.size() > kMaxUrl) return bad(text, "too long");
    Url url;
    std::string_view rest = text;
    if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
        url.secure = false;
        url.port = 80;
    } else {
        return bad(text, "neither http nor https");
    }
    const auto end = rest.find_first_of("/?#");
    GADGET_TRY(parse_authority(url, rest.substr(0, end), text));
    url.target = end == std::string_view::npos ? "/" : std::string(rest.substr(end));
    if (const auto fragment = url.target.find('#'); fragment != std::string::npos)
        url.target.resize(fragment);
    if (!url.target.starts_with('/')) url.target.insert(0, "/");
    // Control characters or spaces would let an answer write into our next request.
    const auto wrong = [](unsigned char c) { return c <= ' ' || c >= 0x7f; };
    if (std::any_of(url.target.begin(), url.target.end(), wrong))
        return bad(text, "has a character that has no place there");
    return url;
}

Result<Url> resolve_location(const Url& base, std::string_view location) {
    if (location.starts_with("http://") || location.starts_with("https://")) return parse_url(location);
    Url origin = base;
    origin.target = "";
    const std::string root = (base.secure ? "https://" : "http://") + base.authority();
    if (location.starts_with("//"))
        return parse_url((base.secure ? "https:" : "http:") + std::string(location));
    if (location.starts_with('/')) return parse_url(root + std::string(location));
    if (location.empty()) return bad(location, "is empty");
    const std::string path = base.target.substr(0, base.target.find('?'));
    if (location.starts_with('?')) return parse_url(root + path + std::string(location));
    return parse_url(root + path.substr(0, path.rfind('/') + 1) + std::string(location));
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        const auto value = static_cast<unsigned char>(c);
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += kHex[value >> 4U];
            out += kHex[value & 15U];
        }
    }
    return out;
}

void add_query(std::string& target, std::string_view name, std::string_view value) {
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += name;
    target += '=';
    target += percent_encode(value);
}

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    if (!host.starts_with("127.")) return false;
    return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace gadget::packager
