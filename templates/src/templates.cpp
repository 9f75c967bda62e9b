// SPDX-License-Identifier: Apache-2.0
#include "gadget/templates.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "embedded.h"
#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::templates {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlaceholder = "@name@";
constexpr std::size_t kMaxName = 32;

std::string filled(std::string_view text, std::string_view name) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const auto found = std::min(text.find(kPlaceholder, at), text.size());
        result += text.substr(at, found - at);
        if (found < text.size()) result += name;
        at = found + kPlaceholder.size();
    }
    return result;
}

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

bool may_follow(char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_';
}

/// The nearest name that is allowed; empty when there is none.
std::string allowed_name(std::string_view name) {
    std::string result;
    for (const char c : name) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        result += may_follow(lower) ? lower : '_';
    }
    result.erase(0, std::min(result.size(),
                             static_cast<std::size_t>(std::find_if(result.begin(), result.end(), is_lower) -
                                                      result.begin())));
    return result.substr(0, kMaxName);
}

Result<void> check_name(std::string_view name) {
    const auto allowed = allowed_name(name);
    if (!name.empty() && allowed == name) return {};
    return Error{
        .code = ErrorCode::invalid_argument,
        .message =
            "'" + printable(name) +
            "' cannot be a gadget's name: it becomes part of C identifiers, so lower-case letters, digits "
            "and underscores only, a letter first, at most " +
            std::to_string(kMaxName),
        .hint = allowed.empty() ? "" : "for example '" + allowed + "'"};
}

/// "a/b/c" is the file "b/c" of the template "a".
std::string_view template_of(const EmbeddedText& file) {
    return file.name.substr(0, file.name.find('/'));
}

Result<void> check_template(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& known : list()) names.push_back(known.name);
    if (std::find(names.begin(), names.end(), name) != names.end()) return {};
    auto hint = did_you_mean(name, names);
    if (hint.empty()) hint = "there is " + join_words(names);
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "unknown template '" + printable(name) + "'",
                 .hint = hint};
}

Result<void> write_files(std::string_view name, std::string_view template_name, const fs::path& folder) {
    for (const auto& file : embedded_files()) {
        if (template_of(file) != template_name) continue;
        const auto path = folder / file.name.substr(template_name.size() + 1);
        GADGET_TRY(gadget::create_directories(path.parent_path()));
        GADGET_TRY(write_file_atomic(path, filled(file.text, name)));
    }
    return {};
}

}  // namespace

std::vector<Template> list() {
    std::vector<Template> result;
    for (const auto& file : embedded_files()) {
        if (!file.name.ends_with("/gadget.yaml")) continue;
        constexpr std::string_view kKey = "\ndescription: ";
        const auto start = file.text.find(kKey) + kKey.size();
        result.push_back({std::string(template_of(file)),
                          std::string(file.text.substr(start, file.text.find('\n', start) - start))});
    }
    return result;
}

Result<void> create(std::string_view name, std::string_view template_name, const fs::path& folder) {
    GADGET_TRY(check_name(name));
    GADGET_TRY(check_template(template_name));
    std::error_code ignored;
    if (fs::symlink_status(folder, ignored).type() != fs::file_type::not_found)
        return Error{.code = ErrorCode::already_exists,
                     .message = "'" + folder.string() + "' is there already",
                     .hint = "choose another name, or another folder with --output"};
    const auto target = fs::absolute(folder);
    GADGET_TRY(gadget::create_directories(target.parent_path()));
    GADGET_TRY_ASSIGN(const auto draft, TempDir::create(".gadget-new", target.parent_path()));
    GADGET_TRY(write_files(name, template_name, draft.path() / "new"));
    std::error_code error;
    fs::rename(draft.path() / "new", target, error);
    if (error) return errno_error(error.value(), "cannot make '" + folder.string() + "'");
    return {};
}

}  // namespace gadget::templates
