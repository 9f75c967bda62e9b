// SPDX-License-Identifier: Apache-2.0
// One HTTP request, one answer. Everything that registries ask for beyond that (accounts, redirects,
// repetition) is in session.h.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/support/cancel.h"
#include "url.h"

namespace gadget::packager {

struct Header {
    std::string name;  ///< lower case in answers
    std::string value;
};

struct HttpRequest {
    std::string method = "GET";
    Url url{};
    std::vector<Header> headers{};
    /// The body and its size; called again when the request is sent again.
    std::uint64_t body_size = 0;
    std::function<Result<void>(const ChunkSink&)> body{};
};

struct HttpResponse {
    int status = 0;
    std::vector<Header> headers{};
    Bytes body{};  ///< unless it went to a sink

    /// The value of the first header of that (lower-case) name.
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
    [[nodiscard]] bool success() const { return status >= 200 && status < 300; }
};

struct HttpReply {
    /// For a body without sink; a longer one is an error.
    std::uint64_t memory_limit = std::uint64_t{64} << 10;
    ChunkSink sink{};  ///< takes the body of a 2xx answer; error bodies stay in memory (cut at the limit)
    /// Told the head before the body; an error ends the request.
    std::function<Result<void>(const HttpResponse&)> head{};
};

/// Sends requests; a seam for tests.
class HttpTransport {
  public:
    virtual ~HttpTransport() = default;
    /// One request, one answer: no redirects, no repetition. io / timed_out / cancelled: there was no whole
    /// answer. permission_denied: the certificate is not good for the host. corrupt_data: it is no HTTP.
    [[nodiscard]] virtual Result<HttpResponse> perform(const HttpRequest& request,
                                                       const HttpReply& reply) = 0;
};

struct HttpOptions {
    std::chrono::seconds idle_timeout{30};  ///< without a byte in either direction
    std::filesystem::path ca_file{};        ///< PEM; empty: where distributions keep theirs
    bool environment_proxy = false;         ///< HTTPS_PROXY, NO_PROXY, ... as curl knows them
    CancelToken cancel{};
};

/// Over libcurl. Keeps connections open between requests. Not for use from several threads at once.
[[nodiscard]] std::unique_ptr<HttpTransport> make_http_transport(HttpOptions options);

/// Waits, unless cancelled.
Result<void> pause_for(std::chrono::milliseconds time, const CancelToken& cancel);

}  // namespace gadget::packager
