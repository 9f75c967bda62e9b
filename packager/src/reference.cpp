// SPDX-License-Identifier: Apache-2.0
// The grammar of Docker references, read left to right without regular expressions:
//   reference = registry "/" path [":" tag] ["@" digest]
#include "gadget/packager/reference.h"

#include <algorithm>
#include <charconv>

#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::string_view kDockerRegistry = "docker.io";

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_number(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return is_lower(c) || is_upper(c) || is_number(c);
}

bool has_upper(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_upper);
}

/// One component of a repository path: [a-z0-9]+ joined by ".", "_", "__" or dashes.
bool is_path_component(std::string_view text) {
    std::size_t i = 0;
    while (true) {
        const std::size_t start = i;
        while (i < text.size() && (is_lower(text[i]) || is_number(text[i]))) ++i;
        if (i == start) return false;
        if (i == text.size()) return true;
        if (text[i] == '-') {
            while (i < text.size() && text[i] == '-') ++i;
        } else if (text[i] == '_') {
            i += text.substr(i).starts_with("__") ? 2 : 1;
        } else if (text[i] == '.') {
            ++i;
        } else {
            return false;
        }
    }
}

bool is_host_label(std::string_view text) {
    if (text.empty() || text.front() == '-' || text.back() == '-') return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_registry(std::string_view text) {
    std::string_view host = text;
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && !text.ends_with(']')) {
        const auto port = text.substr(colon + 1);
        unsigned value = 0;
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
        if (port.empty() || error != std::errc() || end != port.data() + port.size() || value == 0 ||
            value > 65535) {
            return false;
        }
        host = text.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        return !host.empty() && host.find_first_not_of("0123456789abcdefABCDEF:") == std::string_view::npos;
    }
    const auto labels = split(host, '.');
    return !host.empty() && std::all_of(labels.begin(), labels.end(), is_host_label);
}

bool is_tag(std::string_view text) {
    if (text.empty() || text.size() > 128 || !(is_alnum(text.front()) || text.front() == '_')) return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

/// True when the part before the first slash is a host rather than the start of a path.
bool names_registry(std::string_view component) {
    return component.find_first_of(".:") != std::string_view::npos || component == "localhost" ||
           has_upper(component);
}

Error invalid(std::string_view text, const std::string& why, const std::string& hint = {}) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "'" + printable(text.substr(0, 200)) + "' is not an image name: " + why,
                 .hint = hint};
}

Result<void> check(const Reference& reference, std::string_view text) {
    if (!is_registry(reference.registry))
        return invalid(text, "'" + printable(reference.registry) + "' is not a registry");
    for (const auto component : split(reference.repository, '/')) {
        if (is_path_component(component)) continue;
        if (component.empty()) return invalid(text, "a part of the path is empty");
        return invalid(text, "'" + printable(component) + "' has characters that a path may not have",
                       has_upper(component) ? "write it in lower case"
                                            : "a-z, 0-9 and single '.', '_', '-' between them");
    }
    if (reference.registry.size() + 1 + reference.repository.size() > kMaxName) {
        return invalid(text, "longer than " + std::to_string(kMaxName) + " characters");
    }
    return {};
}

}  // namespace

std::string Reference::to_string() const {
    std::string text = registry + "/" + repository;
    if (!tag.empty()) text += ":" + tag;
    if (is_digest(text)) text.insert(0, registry + "/");  // a repository of that name
    if (!digest.empty()) text += "@" + digest;
    return text;
}

std::string Reference::familiar(const ReferenceDefaults& defaults) const {
    std::string text = registry + "/" + repository;
    if (registry == defaults.registry) {
        text = repository;
        const auto& prefix = defaults.namespace_prefix;
        if (!prefix.empty() && repository.starts_with(prefix) &&
            repository.find('/', prefix.size()) == std::string::npos) {
            text = repository.substr(prefix.size());
        } else if (repository.find('/') == std::string::npos ||
                   names_registry(std::string_view(repository).substr(0, repository.find('/')))) {
            text = registry + "/" + repository;  // the short form would mean something else
        }
    }
    if (!tag.empty()) text += ":" + tag;
    if (is_digest(text)) text.insert(0, registry + "/");  // a repository of that name
    if (!digest.empty()) text += "@" + digest;
    return text;
}

Result<Reference> parse_reference(std::string_view text, const ReferenceDefaults& defaults) {
    if (text.empty()) return invalid(text, "it is empty");
    if (text.size() > 1024) return invalid(text, "it is too long");
    if (text.find("://") != std::string_view::npos) {
        return invalid(text, "it has a scheme",
                       "leave out '" + printable(text.substr(0, text.find("://") + 3)) + "'");
    }
    if (is_digest(text)) return invalid(text, "it is a digest alone", "write NAME@DIGEST");
    Reference reference{.registry = defaults.registry, .repository = {}, .tag = {}, .digest = {}};
    std::string_view rest = text;
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        reference.digest = rest.substr(at + 1);
        rest = rest.substr(0, at);
        if (!is_digest(reference.digest))
            return invalid(text, "'" + printable(reference.digest) + "' is not a digest");
    }
    if (const auto slash = rest.find('/');
        slash != std::string_view::npos && names_registry(rest.substr(0, slash))) {
        reference.registry = rest.substr(0, slash);
        rest.remove_prefix(slash + 1);
    }
    if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
        reference.tag = rest.substr(colon + 1);
        rest = rest.substr(0, colon);
        if (!is_tag(reference.tag)) return invalid(text, "'" + printable(reference.tag) + "' is not a tag");
    }
    reference.repository = rest;
    const bool single = rest.find('/') == std::string_view::npos;
    if (reference.registry == defaults.registry && single)
        reference.repository.insert(0, defaults.namespace_prefix);
    if (reference.registry == "index.docker.io") reference.registry = kDockerRegistry;
    if (reference.registry == kDockerRegistry && reference.repository.find('/') == std::string::npos) {
        reference.repository.insert(0, "library/");
    }
    GADGET_TRY(check(reference, text));
    if (reference.tag.empty() && reference.digest.empty()) reference.tag = defaults.tag;
    return reference;
}

bool is_ref_name(std::string_view text) {
    if (text.empty() || text.size() > 1024) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_alnum(c) || std::string_view("-._:@+/").find(c) != std::string_view::npos;
    });
}

}  // namespace gadget::packager
