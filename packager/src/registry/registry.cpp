// SPDX-License-Identifier: Apache-2.0
// What is read from registries; push.cpp has what is written.
#include "gadget/packager/registry.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "../digest.h"
#include "../oci_json.h"
#include "gadget/packager/signing.h"
#include "gadget/support/text.h"
#include "parallel.h"
#include "registry_impl.h"

namespace gadget::packager {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxManifest = std::uint64_t{4} << 20;
constexpr std::uint64_t kMaxCache = std::uint64_t{16} << 20;
constexpr std::size_t kMaxTags = 100000;
constexpr int kMaxPages = 1000;
constexpr std::size_t kMaxReferrers = 10000;

Header accept_manifests() {
    std::string types;
    for (const auto type :
         {media_type::kIndex, media_type::kManifest, media_type::kDockerIndex, media_type::kDockerManifest}) {
        types += (types.empty() ? "" : ", ") + std::string(type);
    }
    return {.name = "accept", .value = types};
}

/// The media type of a manifest: what the document says of itself, which must not contradict the header.
Result<std::string> manifest_type(const HttpResponse& response, const std::string& what) {
    std::string header = response.header("content-type").value_or("");
    header = std::string(trim(std::string_view(header).substr(0, header.find(';'))));
    const auto text = as_text(response.body);
    const auto document = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
    if (!document.is_object())
        return Error{.code = ErrorCode::corrupt_data, .message = what + " is not a JSON object"};
    const auto found = document.find("mediaType");
    const std::string own =
        found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
    const bool generic = header.empty() || header == "application/json" || header == "text/plain";
    if (!own.empty() && !generic && own != header) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = what + " calls itself '" + printable(own) + "', its header '" +
                                printable(header) + "'"};
    }
    return own.empty() ? header : own;
}

/// The address of the next page of a list, or nothing at the end. A registry that sends us elsewhere for it
/// is not followed: the list ends.
Result<std::string> next_page(const Session& session, const HttpResponse& response, const Url& where) {
    const std::string next = next_link(response.header("link").value_or(""));
    if (next.empty()) return std::string();
    GADGET_TRY_ASSIGN(const auto url, resolve_location(where, next));
    return url.same_origin(session.base()) ? url.target : std::string();
}

/// A repository as a source of blobs.
class RemoteBlobs final : public BlobSource {
  public:
    RemoteBlobs(RegistryImpl& registry, std::string repository, SharedProgress* progress = nullptr)
        : registry_(registry), repository_(std::move(repository)), progress_(progress) {}

  protected:
    Result<void> fetch(const Descriptor& blob, const ChunkSink& sink) const override {
        if (is_index(blob) || is_manifest(blob)) {
            GADGET_TRY_ASSIGN(const auto manifest, registry_.manifest(repository_, blob.digest));
            return sink(manifest.content);
        }
        auto& session = registry_.session;
        std::uint64_t done = 0;
        for (unsigned attempt = 1;; ++attempt) {
            const auto before = done;
            auto part = fetch_from(blob, done, sink);
            if (part) return {};
            if (part.error().code != ErrorCode::io && part.error().code != ErrorCode::timed_out) return part;
            // Progress earns new attempts: a large blob over a bad line still arrives.
            if (done > before) attempt = 1;
            if (attempt >= session.options().attempts || done == 0) return part;
            GADGET_TRY(session.pause(session.options().first_pause));
        }
    }

  private:
    /// One request for the bytes from `done` on, which moves along.
    Result<void> fetch_from(const Descriptor& blob, std::uint64_t& done, const ChunkSink& sink) const {
        auto& session = registry_.session;
        const std::string what = "read blob " + blob.digest + " of " + repository_;
        std::uint64_t skip = 0;
        std::optional<Error> sink_error;
        const HttpReply reply{
            .sink = [&](std::span<const std::byte> piece) -> Result<void> {
                const auto drop = static_cast<std::size_t>(std::min<std::uint64_t>(skip, piece.size()));
                skip -= drop;
                piece = piece.subspan(drop);
                if (piece.empty()) return {};
                done += piece.size();
                if (progress_ != nullptr) progress_->add(piece.size());
                auto taken = sink(piece);
                if (!taken) sink_error = taken.error();
                return taken;
            },
            .head = [&](const HttpResponse& response) -> Result<void> {
                // A registry that ignores the range sends everything again.
                skip = response.status == 200 ? done : 0;
                const std::string range = response.header("content-range").value_or("");
                if (response.status == 206 && !range.starts_with("bytes " + std::to_string(done) + "-")) {
                    return Error{.code = ErrorCode::corrupt_data,
                                 .message = "registry " + session.registry() + " sent another part of blob " +
                                            blob.digest};
                }
                return {};
            }};
        RegistryCall call{.target = "/v2/" + repository_ + "/blobs/" + blob.digest,
                          .repository = repository_};
        if (done > 0)
            call.headers.push_back({.name = "range", .value = "bytes=" + std::to_string(done) + "-"});
        auto response = session.send(call, reply);
        // What the taker of the bytes found wrong is not cured by asking again.
        if (sink_error)
            return Error{
                .code = ErrorCode::corrupt_data, .message = sink_error->message, .hint = sink_error->hint};
        if (!response) return std::move(response).error();
        if (!response->success()) return session.refusal(*response, what);
        return {};
    }

    RegistryImpl& registry_;
    std::string repository_;
    SharedProgress* progress_;
};

}  // namespace

Result<RemoteManifest> RegistryImpl::manifest(const std::string& repository, const std::string& reference) {
    if (const auto cached = cache.find(reference); cached != cache.end()) return cached->second;
    const std::string what = "manifest " + repository + (is_digest(reference) ? "@" : ":") + reference;
    const RegistryCall call{.target = "/v2/" + repository + "/manifests/" + reference,
                            .repository = repository,
                            .headers = {accept_manifests()}};
    GADGET_TRY_ASSIGN(auto response, session.send(call, {.memory_limit = kMaxManifest}));
    if (!response.success()) return session.refusal(response, "read " + what);
    RemoteManifest result;
    GADGET_TRY_ASSIGN(result.descriptor.media_type, manifest_type(response, what));
    const auto algorithm = is_digest(reference) ? reference.substr(0, reference.find(':')) : "sha256";
    GADGET_TRY_ASSIGN(auto hasher, Hasher::create(algorithm));
    hasher.update(response.body);
    result.descriptor.digest = hasher.finish();
    result.descriptor.size = response.body.size();
    if (is_digest(reference) && result.descriptor.digest != reference) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "registry " + session.registry() + " sent other content for " + what + ": " +
                                result.descriptor.digest};
    }
    result.content = std::move(response.body);
    if (cached_bytes + result.content.size() <= kMaxCache) {
        cached_bytes += result.content.size();
        cache.emplace(result.descriptor.digest, result);
    }
    return result;
}

Registry::Registry(std::string name, RegistryOptions options)
    : impl_(std::make_unique<Impl>(Session(std::move(name), std::move(options)))) {}
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;
Registry::~Registry() = default;

Result<Descriptor> Registry::resolve(const std::string& repository, const std::string& reference) {
    GADGET_TRY_ASSIGN(auto manifest, impl_->manifest(repository, reference));
    return std::move(manifest.descriptor);
}

std::unique_ptr<BlobSource> Registry::blobs(const std::string& repository) {
    return std::make_unique<RemoteBlobs>(*impl_, repository);
}

Result<std::vector<std::string>> Registry::tags(const std::string& repository) {
    std::vector<std::string> tags;
    RegistryCall call{.target = "/v2/" + repository + "/tags/list?n=1000", .repository = repository};
    for (int page = 0; page < kMaxPages && tags.size() < kMaxTags; ++page) {
        Url where;
        GADGET_TRY_ASSIGN(const auto response,
                          impl_->session.send(call, {.memory_limit = kMaxManifest}, &where));
        if (!response.success()) return impl_->session.refusal(response, "list the tags of " + repository);
        const auto text = as_text(response.body);
        const auto document = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
        if (!document.is_object()) {
            return Error{.code = ErrorCode::corrupt_data,
                         .message = "the list of tags of " + repository + " is not JSON"};
        }
        const auto list = document.find("tags");
        if (list != document.end() && list->is_array()) {
            for (const auto& tag : *list) {
                if (tag.is_string()) tags.push_back(tag.get<std::string>());
            }
        }
        GADGET_TRY_ASSIGN(call.target, next_page(impl_->session, response, where));
        if (call.target.empty()) break;
    }
    std::sort(tags.begin(), tags.end());
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    return tags;
}

Result<std::vector<Descriptor>> Registry::referrers(const std::string& repository, const std::string& digest,
                                                    const std::string& artifact_type) {
    RegistryCall call{.target = "/v2/" + repository + "/referrers/" + digest,
                      .repository = repository,
                      .headers = {accept_manifests()}};
    if (!artifact_type.empty()) add_query(call.target, "artifactType", artifact_type);
    std::vector<Descriptor> found;
    for (int page = 0; page < kMaxPages && found.size() < kMaxReferrers; ++page) {
        Url where;
        GADGET_TRY_ASSIGN(auto response, impl_->session.send(call, {.memory_limit = kMaxManifest}, &where));
        if (page == 0 && (response.status == 404 || response.status == 405)) {
            auto fallback = impl_->manifest(repository, referrers_tag(digest));
            if (!fallback && fallback.error().code == ErrorCode::not_found) break;
            if (!fallback) return std::move(fallback).error();
            response = {.body = std::move(fallback->content)};
        } else if (!response.success()) {
            return impl_->session.refusal(response, "list what refers to " + digest);
        }
        GADGET_TRY_ASSIGN(auto index, parse_index(response.body, "referrers of " + digest));
        std::move(index.manifests.begin(), index.manifests.end(), std::back_inserter(found));
        GADGET_TRY_ASSIGN(call.target, next_page(impl_->session, response, where));
        if (call.target.empty()) break;
    }
    std::erase_if(found, [&](const Descriptor& entry) {
        return !artifact_type.empty() && entry.artifact_type != artifact_type;
    });
    return found;
}

Result<void> Registry::login() {
    GADGET_TRY_ASSIGN(const auto response, impl_->session.send({.target = "/v2/"}, {}));
    if (response.success()) return {};
    Error error = impl_->session.refusal(response, "log in");
    if (response.status == 401) error.hint = "name and password do not fit together, or are not known there";
    return error;
}

Result<void> Registry::fetch_blobs(const std::string& repository, const Descriptor& root, Store& store,
                                   const Limits& limits) {
    const RemoteBlobs tree(*impl_, repository);
    GADGET_TRY_ASSIGN(auto descriptors, reachable_blobs(tree, root, limits));
    std::erase_if(descriptors, [](const auto& each) { return is_index(each) || is_manifest(each); });
    SharedProgress progress(impl_->session.options().progress, descriptors);
    progress.begin("pulling " + std::to_string(descriptors.size()) + " blobs from " +
                   impl_->session.registry());
    return in_parallel(*impl_, descriptors, [&](RegistryImpl& with, const Descriptor& blob) {
        return store.prefetch(RemoteBlobs(with, repository, &progress), blob, limits);
    });
}

Result<Descriptor> pull(Registry& registry, const Reference& reference, Store& store, const Limits& limits) {
    const std::string wanted = reference.digest.empty() ? reference.tag : reference.digest;
    GADGET_TRY_ASSIGN(const auto root, registry.resolve(reference.repository, wanted));
    GADGET_TRY(registry.fetch_blobs(reference.repository, root, store, limits));
    const auto blobs = registry.blobs(reference.repository);
    Reference name = reference;
    if (!name.tag.empty()) name.digest.clear();
    GADGET_TRY(store.add(*blobs, root, name.to_string(), limits));
    return root;
}

}  // namespace gadget::packager
