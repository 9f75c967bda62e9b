// SPDX-License-Identifier: Apache-2.0
#include "apt_config.h"

#include <algorithm>
#include <array>
#include <map>

#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::testkit {
namespace {

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    for (const auto line : split(text, '\n')) {
        for (const auto part : split(line, ' ')) {
            for (const auto word : split(part, '\t')) {
                if (!trim(word).empty()) words.emplace_back(trim(word));
            }
        }
    }
    return words;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Only what decides about trust travels to the derived entry; the architectures are ours to choose.
std::string trust_options(std::string_view options) {
    std::string kept;
    for (const auto& option : words_of(options)) {
        if (option.starts_with("signed-by=") || option.starts_with("trusted="))
            kept += (kept.empty() ? "" : " ") + option;
    }
    return kept;
}

using Stanza = std::map<std::string, std::string>;

void add_stanza(const Stanza& stanza, std::vector<AptSource>& sources) {
    const auto value = [&](const std::string& key) {
        const auto found = stanza.find(key);
        return found == stanza.end() ? std::string() : found->second;
    };
    if (!contains(words_of(value("types")), "deb") || trim(value("enabled")) == "no") return;
    if (!contains(words_of(value("components")), "main")) return;
    // An embedded key (starting with "-----BEGIN") cannot stand in a one-line entry.
    const auto key = std::string(trim(value("signed-by")));
    const auto options = key.starts_with("/") ? "signed-by=" + words_of(key).front() : "";
    for (const auto& uri : words_of(value("uris"))) {
        for (const auto& suite : words_of(value("suites"))) sources.push_back({uri, suite, options});
    }
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return result;
}

}  // namespace

std::vector<AptSource> parse_one_line_sources(std::string_view text) {
    std::vector<AptSource> sources;
    for (auto line : split(text, '\n')) {
        line = trim(line.substr(0, line.find('#')));
        if (!line.starts_with("deb ") && !line.starts_with("deb\t")) continue;
        line = trim(line.substr(4));
        std::string options;
        if (line.starts_with('[')) {
            const auto end = line.find(']');
            if (end == std::string_view::npos) continue;
            options = trust_options(line.substr(1, end - 1));
            line = trim(line.substr(end + 1));
        }
        const auto words = words_of(line);
        if (words.size() >= 3 && std::find(words.begin() + 2, words.end(), "main") != words.end()) {
            sources.push_back({words[0], words[1], options});
        }
    }
    return sources;
}

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
    std::vector<AptSource> sources;
    Stanza stanza;
    std::string key;
    for (const auto line : split(text, '\n')) {
        if (line.starts_with('#')) continue;
        if (trim(line).empty()) {
            add_stanza(stanza, sources);
            stanza.clear();
            key.clear();
        } else if (line.front() == ' ' || line.front() == '\t') {
            if (!key.empty()) stanza[key] += "\n" + std::string(trim(line));
        } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
            key = lower(trim(line.substr(0, colon)));
            stanza[key] = std::string(trim(line.substr(colon + 1)));
        }
    }
    add_stanza(stanza, sources);
    return sources;
}

Result<std::vector<AptSource>> read_apt_sources(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files{folder / "sources.list"};
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "sources.list.d", error)) {
        files.push_back(entry.path());
    }
    std::sort(files.begin() + 1, files.end());
    std::vector<AptSource> sources;
    for (const auto& file : files) {
        const auto extension = file.extension();
        if (extension != ".list" && extension != ".sources") continue;
        const auto text = read_text_file(file);
        if (!text) continue;  // a file that we may not read is no source for us
        auto found = extension == ".list" ? parse_one_line_sources(*text) : parse_deb822_sources(*text);
        sources.insert(sources.end(), found.begin(), found.end());
    }
    return sources;
}

Result<std::string> source_line(const std::vector<AptSource>& sources, Archive archive,
                                std::string_view suite) {
    // Releases whose archives have the layout we know; third-party repositories use other names.
    constexpr std::array<std::string_view, 8> kReleases{"bullseye", "bookworm",  "trixie",  "forky",
                                                        "stable",   "oldstable", "testing", "sid"};
    for (const auto& release : kReleases) {
        for (const auto& source : sources) {
            const bool matches =
                archive == Archive::security
                    ? source.suite == std::string(release) + "-security"
                    : source.suite == release || source.suite == std::string(release) + "-updates";
            if (!matches) continue;
            const auto options = source.options.empty() ? "" : "[" + source.options + "] ";
            return "deb " + options + source.uri + " " + std::string(suite) + " main\n";
        }
    }
    const auto* what = archive == Archive::security ? "security archive" : "main archive";
    return Error{
        .code = ErrorCode::unsupported,
        .message = "no package source of Debian's " + std::string(what) + " is configured on this system",
        .hint = "add one to /etc/apt/sources.list.d, or give the kernel as a file with 'gadget kernel add'",
        .requirement = Requirement{"a Debian package mirror in the system's apt configuration", ""}};
}

}  // namespace gadget::testkit
