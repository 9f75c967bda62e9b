// SPDX-License-Identifier: Apache-2.0
#include "upload.h"

#include <algorithm>
#include <charconv>

namespace gadget::packager {

namespace {

constexpr std::uint64_t kMaxPiece = std::uint64_t{64} << 20;

bool is_transient(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::timed_out;
}

bool knows_no_pieces(int status) {
    return status == 404 || status == 405 || status == 501;
}

/// Reads a blob; what the taker of the bytes says is told apart from what is wrong with the source.
Result<void> read_source(const BlobSource& source, const Descriptor& blob, const ChunkSink& sink) {
    bool taker_failed = false;
    auto read = source.stream(blob, [&](std::span<const std::byte> piece) {
        auto taken = sink(piece);
        taker_failed = !taken;
        return taken;
    });
    if (read || taker_failed) return read;
    // Not to be mistaken for a broken line: sending again does not cure it.
    Error error = std::move(read).error();
    if (is_transient(error.code)) error.code = ErrorCode::corrupt_data;
    return error;
}

}  // namespace

std::optional<std::uint64_t> parse_upload_range(std::string_view text) {
    if (text.starts_with("bytes=")) text.remove_prefix(6);
    if (!text.starts_with("0-")) return std::nullopt;
    text.remove_prefix(2);
    std::uint64_t last = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), last);
    if (error != std::errc() || end != text.data() + text.size() || last == UINT64_MAX) return std::nullopt;
    return last == 0 ? 0 : last + 1;
}

RegistryCall Upload::call(const char* method) const {
    return {.method = method, .url = location_, .repository = repository_, .write = true, .once = true};
}

Result<Url> Upload::target_with_digest() const {
    Url target = location_;
    add_query(target.target, "digest", blob_.digest);
    return target;
}

/// Takes over the Location of an answer to `asked`.
Result<void> Upload::move_to(const HttpResponse& response, const Url& asked) {
    const auto location = response.header("location");
    if (!location) return {};
    GADGET_TRY_ASSIGN(auto next, resolve_location(asked, *location));
    if (asked.secure && !next.secure) {
        if (next.host != asked.host) {
            return Error{.code = ErrorCode::permission_denied,
                         .message = "registry " + session_.registry() +
                                    " wants the upload at an address without TLS: " + next.authority()};
        }
        // A registry behind a proxy that ends TLS does not know its own scheme.
        next.secure = true;
        next.port = asked.port;
    }
    location_ = std::move(next);
    return {};
}

/// True when there is nothing left to send.
Result<bool> Upload::begin(const std::string& mount_from) {
    RegistryCall post{.method = "POST",
                      .target = "/v2/" + repository_ + "/blobs/uploads/",
                      .repository = repository_,
                      .write = true};
    const std::string algorithm = blob_.digest.substr(0, blob_.digest.find(':'));
    if (algorithm != "sha256") add_query(post.target, "digest-algorithm", algorithm);
    if (!mount_from.empty() && mount_from != repository_) {
        add_query(post.target, "mount", blob_.digest);
        add_query(post.target, "from", mount_from);
        post.also_read = mount_from;
    }
    Url where;
    auto response = session_.send(post, {}, &where);
    if (response && !post.also_read.empty() && (response->status == 401 || response->status == 403)) {
        // Not allowed to read there: sending needs no more than before.
        return begin({});
    }
    if (!response) return std::move(response).error();
    if (response->status == 201 && !post.also_read.empty()) return true;
    if (response->status != 202) return session_.refusal(*response, what());
    if (!response->header("location")) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "registry " + session_.registry() + " says not where to upload"};
    }
    GADGET_TRY(move_to(*response, where));
    open_ = true;
    const auto least = response->header("oci-chunk-min-length").value_or("");
    (void)std::from_chars(least.data(), least.data() + least.size(), least_piece_);
    return false;
}

Result<void> Upload::send_whole(const BytesSent& sent) {
    RegistryCall put = call("PUT");
    GADGET_TRY_ASSIGN(put.url, target_with_digest());
    put.headers = {{.name = "content-type", .value = "application/octet-stream"}};
    put.body_size = blob_.size;
    std::optional<Error> source_error;
    put.body = [&](const ChunkSink& sink) -> Result<void> {
        std::optional<Error> line_error;
        auto read = read_source(source_, blob_, [&](std::span<const std::byte> piece) {
            auto written = sink(piece);
            if (!written) line_error = written.error();
            if (written) sent(piece.size());
            return written;
        });
        if (!read && !line_error) source_error = read.error();
        return read;
    };
    auto response = session_.send(put, {});
    if (source_error) return std::move(*source_error);
    if (!response) return std::move(response).error();
    if (response->status != 201 && response->status != 204) return session_.refusal(*response, what());
    open_ = false;
    return {};
}

Result<std::uint64_t> Upload::ask_progress() {
    RegistryCall get = call("GET");
    get.once = false;
    Url where;
    GADGET_TRY_ASSIGN(const auto response, session_.send(get, {}, &where));
    const auto range = parse_upload_range(response.header("range").value_or(""));
    if (response.status != 204 || !range) {
        return Error{
            .code = ErrorCode::io,
            .message = "registry " + session_.registry() + " has lost the upload of " + blob_.digest};
    }
    GADGET_TRY(move_to(response, where));
    return *range;
}

/// Sends the bytes that belong at `start`; after a failure, those that did not arrive.
Result<void> Upload::send_piece(std::span<const std::byte> piece, std::uint64_t start) {
    auto pause = session_.options().first_pause;
    for (unsigned attempt = 1;; ++attempt) {
        RegistryCall patch = call("PATCH");
        patch.headers = {{.name = "content-type", .value = "application/octet-stream"},
                         {.name = "content-range",
                          .value = std::to_string(start) + "-" + std::to_string(start + piece.size() - 1)}};
        patch.body_size = piece.size();
        patch.body = [&](const ChunkSink& sink) { return sink(piece); };
        Url where;
        auto response = session_.send(patch, {}, &where);
        std::uint64_t there = 0;
        if (response && response->status == 202) {
            GADGET_TRY(move_to(*response, where));
            there = parse_upload_range(response->header("range").value_or("")).value_or(start + piece.size());
        } else {
            const bool again =
                response ? response->status == 416 || response->status == 429 || response->status >= 500
                         : is_transient(response.error().code);
            if (response && knows_no_pieces(response->status)) {
                return Error{.code = ErrorCode::unsupported, .message = "no uploads in pieces"};
            }
            if (!again || attempt >= session_.options().attempts)
                return response ? session_.refusal(*response, what()) : std::move(response).error();
            GADGET_TRY(session_.pause(pause));
            pause *= 2;
            GADGET_TRY_ASSIGN(there, ask_progress());
        }
        if (there >= start + piece.size()) return {};
        if (there < start) {
            return Error{.code = ErrorCode::io,
                         .message = "registry " + session_.registry() + " lost a part of " + blob_.digest};
        }
        if (there > start) attempt = 0;  // progress earns new attempts
        piece = piece.subspan(static_cast<std::size_t>(there - start));
        start = there;
    }
}

Result<void> Upload::send_pieces(const BytesSent& sent) {
    const auto wanted = std::max(session_.options().chunk_size, least_piece_);
    const auto size = static_cast<std::size_t>(std::min(std::min(wanted, kMaxPiece), blob_.size));
    Bytes buffer;
    buffer.reserve(size);
    std::uint64_t start = 0;
    const auto flush = [&]() -> Result<void> {
        GADGET_TRY(send_piece(buffer, start));
        start += buffer.size();
        sent(buffer.size());
        buffer.clear();
        return {};
    };
    auto read = read_source(source_, blob_, [&](std::span<const std::byte> piece) -> Result<void> {
        while (!piece.empty()) {
            const auto count = std::min(piece.size(), size - buffer.size());
            buffer.insert(buffer.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
            piece = piece.subspan(count);
            if (buffer.size() == size) {
                auto flushed = flush();
                if (!flushed) return flushed;
            }
        }
        return {};
    });
    if (!read) return read;
    if (!buffer.empty()) GADGET_TRY(flush());
    return close();
}

Result<void> Upload::close() {
    RegistryCall put = call("PUT");
    GADGET_TRY_ASSIGN(put.url, target_with_digest());
    put.headers = {{.name = "content-type", .value = "application/octet-stream"}};
    GADGET_TRY_ASSIGN(const auto response, session_.send(put, {}));
    if (response.status != 201 && response.status != 204) return session_.refusal(response, what());
    open_ = false;
    return {};
}

/// Tells the registry that it may forget what it got. Whether it does is its business.
void Upload::abandon() {
    if (!open_) return;
    (void)session_.send(call("DELETE"), {});
    open_ = false;
}

Result<void> Upload::run(const std::string& mount_from, const BytesSent& sent) {
    GADGET_TRY_ASSIGN(const bool linked, begin(mount_from));
    if (linked) return {};
    const bool in_pieces = blob_.size > session_.options().chunk_size && least_piece_ <= kMaxPiece;
    auto done = in_pieces ? send_pieces(sent) : send_whole(sent);
    if (in_pieces && !done && done.error().code == ErrorCode::unsupported) {
        abandon();
        GADGET_TRY_ASSIGN(const bool again, begin({}));
        if (again) return {};
        done = send_whole(sent);
    }
    if (!done && done.error().code != ErrorCode::cancelled) abandon();
    return done;
}

}  // namespace gadget::packager
