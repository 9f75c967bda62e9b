// SPDX-License-Identifier: Apache-2.0
// Requests to one registry as everything above them wants them: authorised, repeated, redirected.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "challenge.h"
#include "gadget/packager/registry.h"
#include "http.h"

namespace gadget::packager {

/// A request below /v2/ and what may be done with it.
struct RegistryCall {
    std::string method = "GET";
    std::string target{};      ///< "/v2/me/foo/blobs/..."; ignored when `url` is set
    std::optional<Url> url{};  ///< an upload location
    std::string repository{};  ///< for the scope of a token; empty: none
    bool write = false;        ///< the scope is pull and push
    std::string also_read{};   ///< a second repository for the scope: the source of a mount
    std::vector<Header> headers{};
    std::uint64_t body_size = 0;
    std::function<Result<void>(const ChunkSink&)> body{};
    bool once = false;  ///< not to be repeated: the caller begins anew
};

class Session {
  public:
    Session(std::string registry, RegistryOptions options);
    /// With a transport of the caller: for tests.
    Session(std::string registry, RegistryOptions options, std::unique_ptr<HttpTransport> transport);

    /// A second session with the same registry, for another thread. It stays silent: see
    /// take_warnings(). Progress is theirs to share.
    [[nodiscard]] Session fork() const;
    /// Takes over what `other`, a session with the same registry, has found out meanwhile.
    void learn_from(const Session& other);
    /// Passes on what the registry warned `helper` of.
    void take_warnings(const Session& helper);
    /// Whether the registry has answered before.
    [[nodiscard]] bool acquainted() const { return scheme_known_; }
    /// Waits before the next attempt.
    Result<void> pause(std::chrono::milliseconds time) const;

    /// The final answer, whatever its status, after authorisation, redirects (of reads) and repeated
    /// attempts. `where` is set to the address that answered. Once the reply's sink has got something,
    /// nothing is repeated.
    Result<HttpResponse> send(const RegistryCall& call, const HttpReply& reply, Url* where = nullptr);

    /// The Error for an answer that is none of those expected. `what` says what was asked for: "push blob
    /// sha256:..".
    [[nodiscard]] Error refusal(const HttpResponse& response, const std::string& what) const;

    [[nodiscard]] const std::string& registry() const { return registry_; }
    [[nodiscard]] const RegistryOptions& options() const { return options_; }
    [[nodiscard]] const Url& base() const { return base_; }

  private:
    struct Token {
        std::string value;
        std::chrono::steady_clock::time_point expires;
    };

    Result<HttpResponse> attempt(const RegistryCall& call, const HttpReply& reply, Url* where);
    Result<HttpResponse> exchange(const RegistryCall& call, const HttpReply& reply,
                                  const std::string& authorization, Url* where);
    Result<std::string> authorise(const HttpResponse& refused, const std::string& scope);
    Result<std::string> fetch_token(const Challenge& challenge, const std::string& scope);
    Result<std::optional<Credentials>> credentials();
    Result<HttpResponse> first_attempt(const RegistryCall& call, const HttpReply& reply, Url* where);
    void note_warnings(const HttpResponse& response);
    void warn(const std::string& text);

    std::string registry_;
    RegistryOptions options_;
    std::unique_ptr<HttpTransport> transport_;
    std::shared_ptr<std::mutex> account_lock_ = std::make_shared<std::mutex>();  ///< shared by forks
    Url base_;
    bool scheme_known_ = false;
    std::map<std::string, Token> authorizations_;  ///< by scope
    std::set<std::string> warnings_;
};

/// The time a Retry-After header names, in seconds or as a date; `now` in seconds since 1970.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(const std::string& text,
                                                                    std::int64_t now);

}  // namespace gadget::packager
