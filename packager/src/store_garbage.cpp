// SPDX-License-Identifier: Apache-2.0
// Signatures are tied to images in two ways: by a tag made of the digest ("sha256-<hex>.sig", or the
// referrers tag "sha256-<hex>"), or by a manifest without a name whose subject is the image.
#include "store_garbage.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "gadget/packager/reference.h"
#include "layout_files.h"
#include "oci_json.h"

namespace gadget::packager {

namespace fs = std::filesystem;

namespace {

/// The store holds what was checked when it came in: only nesting and loops need bounds here.
constexpr Limits kStoreLimits{
    .manifest = kMaxLayoutIndex, .blob = UINT64_MAX >> 16U, .total = UINT64_MAX >> 1U, .blobs = 1000000};

Result<void> add_reached(const Layout& layout, const Descriptor& root, std::set<std::string>& digests) {
    GADGET_TRY_ASSIGN(const auto blobs, reachable_blobs(layout, root, kStoreLimits));
    for (const auto& blob : blobs) digests.insert(blob.digest);
    return {};
}

Result<std::set<std::string>> reached(const Layout& layout, const std::vector<Descriptor>& roots) {
    std::set<std::string> digests;
    for (const auto& root : roots) GADGET_TRY(add_reached(layout, root, digests));
    return digests;
}

/// The digest that a signature tag is about, or empty. The tag may stand behind a repository name.
std::string tagged_subject(const std::string& name) {
    std::string_view tag = name;
    if (const auto colon = tag.rfind(':'); colon != std::string_view::npos) tag.remove_prefix(colon + 1);
    if (tag.ends_with(".sig")) tag.remove_suffix(4);
    const auto dash = tag.find('-');
    if (dash == std::string_view::npos) return {};
    std::string digest = std::string(tag.substr(0, dash)) + ":" + std::string(tag.substr(dash + 1));
    return is_digest(digest) ? digest : std::string();
}

/// The digest of the manifest's subject, or empty.
Result<std::string> manifest_subject(const Layout& layout, const Descriptor& entry) {
    if (!is_manifest(entry)) return std::string();
    GADGET_TRY_ASSIGN(const auto bytes, layout.read(entry, kStoreLimits.manifest));
    GADGET_TRY_ASSIGN(const auto body, parse_manifest(bytes, "manifest " + entry.digest));
    return body.subject ? body.subject->digest : std::string();
}

/// Adds unnamed manifests whose subject is in `digests`, again and again: a signature may itself be signed.
Result<std::vector<Descriptor>> add_referrers(const Layout& layout, const std::vector<Descriptor>& entries,
                                              std::set<std::string>& digests) {
    std::multimap<std::string, Descriptor> open;
    for (const auto& entry : entries) {
        if (!ref_name(entry).empty() || digests.contains(entry.digest)) continue;
        GADGET_TRY_ASSIGN(auto subject, manifest_subject(layout, entry));
        if (!subject.empty()) open.emplace(std::move(subject), entry);
    }
    std::vector<Descriptor> found;
    for (bool changed = true; changed;) {
        changed = false;
        for (auto it = open.begin(); it != open.end();) {
            if (!digests.contains(it->first)) {
                ++it;
                continue;
            }
            GADGET_TRY(add_reached(layout, it->second, digests));
            found.push_back(std::move(it->second));
            it = open.erase(it);
            changed = true;
        }
    }
    return found;
}

Result<void> add_named(const Layout& layout, const std::vector<Descriptor>& entries,
                       std::set<std::string>& digests) {
    for (const auto& entry : entries) {
        if (!ref_name(entry).empty()) GADGET_TRY(add_reached(layout, entry, digests));
    }
    return {};
}

Result<void> drop_what_was_for(const Layout& layout, const std::vector<Descriptor>& removed,
                               std::vector<Descriptor>& entries) {
    GADGET_TRY_ASSIGN(const auto gone, reached(layout, removed));
    std::set<std::string> kept;
    for (const auto& entry : entries) {
        const std::string name = ref_name(entry);
        if (!name.empty() && tagged_subject(name).empty()) GADGET_TRY(add_reached(layout, entry, kept));
    }
    std::erase_if(entries, [&](const Descriptor& entry) {
        const std::string subject = tagged_subject(ref_name(entry));
        return !subject.empty() && gone.contains(subject) && !kept.contains(subject);
    });
    GADGET_TRY_ASSIGN(const auto needed, needed_blobs(layout, entries));
    // Other unnamed entries are not ours to judge here: only what belonged to the removed images goes.
    std::vector<std::string> subjects;
    for (const auto& entry : entries) {
        GADGET_TRY_ASSIGN(auto subject,
                          ref_name(entry).empty() ? manifest_subject(layout, entry) : std::string());
        subjects.push_back(std::move(subject));
    }
    std::size_t index = 0;
    std::erase_if(entries, [&](const Descriptor& entry) {
        const std::string& subject = subjects[index++];
        if (!ref_name(entry).empty() || needed.contains(entry.digest)) return false;
        return gone.contains(entry.digest) || gone.contains(subject);
    });
    return {};
}

void delete_blob(const fs::path& root, const std::string& digest) {
    const auto path = blob_path(digest);
    // Failing to delete garbage costs room, nothing else: the next collection tries again.
    if (path) ::unlink((root / *path).c_str());
}

}  // namespace

Result<std::set<std::string>> needed_blobs(const Layout& layout, const std::vector<Descriptor>& entries) {
    std::set<std::string> digests;
    GADGET_TRY(add_named(layout, entries, digests));
    GADGET_TRY(add_referrers(layout, entries, digests));
    return digests;
}

Result<std::vector<Descriptor>> referrers_of(const Layout& layout, const std::vector<Descriptor>& entries) {
    std::set<std::string> digests;
    GADGET_TRY(add_named(layout, entries, digests));
    return add_referrers(layout, entries, digests);
}

Result<std::vector<Descriptor>> signatures_of(const Layout& layout, const std::vector<Descriptor>& roots) {
    GADGET_TRY_ASSIGN(auto digests, reached(layout, roots));
    std::vector<Descriptor> signatures;
    for (const auto& entry : layout.entries()) {
        const std::string subject = tagged_subject(ref_name(entry));
        if (subject.empty() || !digests.contains(subject)) continue;
        if (std::find(roots.begin(), roots.end(), entry) == roots.end()) signatures.push_back(entry);
    }
    for (const auto& signature : signatures) GADGET_TRY(add_reached(layout, signature, digests));
    GADGET_TRY_ASSIGN(auto referrers, add_referrers(layout, layout.entries(), digests));
    signatures.insert(signatures.end(), referrers.begin(), referrers.end());
    return signatures;
}

void drop_untagged(const Layout& layout, const std::vector<Descriptor>& removed,
                   std::vector<Descriptor>& entries) {
    if (removed.empty()) return;
    auto reduced = entries;
    if (drop_what_was_for(layout, removed, reduced)) entries = std::move(reduced);
}

void delete_unneeded(const fs::path& root, const Layout& layout, const std::vector<Descriptor>& removed,
                     const std::vector<Descriptor>& entries) {
    if (removed.empty()) return;
    const auto needed = needed_blobs(layout, entries);
    if (!needed) return;
    // The removed images, and what referred to them: both stood in the layout as it was opened.
    auto gone = reached(layout, removed);
    if (!gone) return;
    const auto signatures = signatures_of(layout, removed);
    if (!signatures) return;
    for (const auto& signature : *signatures) {
        if (!add_reached(layout, signature, *gone)) return;
    }
    for (const auto& digest : *gone) {
        if (!needed->contains(digest)) delete_blob(root, digest);
    }
}

Result<std::size_t> delete_old_blobs(const fs::path& root, const std::set<std::string>& needed,
                                     std::chrono::seconds age) {
    const std::time_t newest = std::time(nullptr) - static_cast<std::time_t>(age.count());
    std::size_t count = 0;
    std::error_code error;
    for (const auto& algorithm : fs::directory_iterator(root / "blobs", error)) {
        if (!algorithm.is_directory(error) || algorithm.is_symlink(error)) continue;
        for (const auto& blob : fs::directory_iterator(algorithm.path(), error)) {
            const std::string digest =
                algorithm.path().filename().string() + ":" + blob.path().filename().string();
            struct stat status{};
            if (!is_digest(digest) || needed.contains(digest)) continue;
            if (::lstat(blob.path().c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
                status.st_mtime > newest)
                continue;
            if (::unlink(blob.path().c_str()) != 0)
                return errno_error(errno, "cannot delete '" + blob.path().string() + "'");
            ++count;
        }
    }
    if (error) return errno_error(error.value(), "cannot read the blobs of '" + root.string() + "'");
    return count;
}

}  // namespace gadget::packager
