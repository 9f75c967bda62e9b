// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>

#include "gadget/support/text.h"
#include "go_json.h"

namespace gadget::packager {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kMaxRedirects = 5;
constexpr std::chrono::seconds kMaxPause = 60s;
constexpr std::size_t kMaxWarnings = 32;
constexpr std::size_t kMaxWarning = 4096;

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}
bool is_worth_repeating(int status) {
    return status == 429 || status == 500 || (status >= 502 && status <= 504);
}

std::optional<std::chrono::milliseconds> retry_after(const HttpResponse& response) {
    const auto value = response.header("retry-after");
    if (!value) return std::nullopt;
    const auto seconds = parse_retry_after(*value, ::time(nullptr));
    if (!seconds) return std::nullopt;
    return std::min<std::chrono::milliseconds>(*seconds, kMaxPause);
}

/// "code: message" of a registry's error body; empty when it is something else.
std::string error_text(const Bytes& body) {
    const auto text = as_text(body);
    const auto document = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
    if (!document.is_object()) return {};
    const auto errors = document.find("errors");
    if (errors == document.end() || !errors->is_array()) return {};
    std::string all;
    for (const auto& error : *errors) {
        if (!error.is_object() || all.size() > 500) continue;
        for (const char* name : {"code", "message"}) {
            const auto found = error.find(name);
            if (found == error.end() || !found->is_string()) continue;
            if (!all.empty()) all += name == std::string_view("code") ? "; " : ": ";
            all += printable(found->get<std::string>().substr(0, 300));
        }
    }
    return all;
}

/// The server behind this answer wants TLS. A registry that refuses a request says that it is one.
bool asks_for_tls(const HttpResponse& response) {
    return response.status == 400 && !response.header("docker-distribution-api-version");
}

HttpOptions http_options(const RegistryOptions& options) {
    return {.idle_timeout = options.idle_timeout,
            .ca_file = options.ca_file,
            .environment_proxy = options.environment_proxy,
            .cancel = options.cancel};
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(const std::string& text, std::int64_t now) {
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc() && end == text.data() + text.size()) return std::chrono::seconds(seconds);
    std::tm date{};
    const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    return std::chrono::seconds(std::max<std::int64_t>(::timegm(&date) - now, 0));
}

Session::Session(std::string registry, RegistryOptions options)
    : registry_(std::move(registry)),
      options_(std::move(options)),
      transport_(make_http_transport(http_options(options_))) {}

Session::Session(std::string registry, RegistryOptions options, std::unique_ptr<HttpTransport> transport)
    : registry_(std::move(registry)), options_(std::move(options)), transport_(std::move(transport)) {}

/// Registries on this machine often have no certificate. The first request goes there without TLS (and
/// without credentials, as none are known yet); a server that wants TLS answers with status 400, with bytes
/// that are no HTTP, or not at all.
Result<HttpResponse> Session::first_attempt(const RegistryCall& call, const HttpReply& reply, Url* where) {
    const std::string host = registry_ == "docker.io" ? "registry-1.docker.io" : registry_;
    GADGET_TRY_ASSIGN(base_, parse_url("http://" + host));
    if (options_.insecure || is_loopback(base_.host)) {
        auto response = attempt(call, reply, where);
        const bool answered = response && !asks_for_tls(*response);
        const bool hopeless = !response && response.error().code != ErrorCode::io &&
                              response.error().code != ErrorCode::corrupt_data;
        scheme_known_ = answered || options_.insecure;
        if (scheme_known_ || hopeless) return response;
    }
    GADGET_TRY_ASSIGN(base_, parse_url("https://" + host));
    auto response = attempt(call, reply, where);
    scheme_known_ = response.has_value() || !is_loopback(base_.host);
    return response;
}

Session Session::fork() const {
    RegistryOptions quiet = options_;
    quiet.progress = nullptr;
    quiet.warning = nullptr;
    Session other(registry_, std::move(quiet));
    other.account_lock_ = account_lock_;
    other.learn_from(*this);
    return other;
}

void Session::learn_from(const Session& other) {
    if (!other.scheme_known_) return;
    base_ = other.base_;
    scheme_known_ = true;
    for (const auto& [scope, token] : other.authorizations_) {
        auto& known = authorizations_[scope];
        if (known.value.empty() || known.expires < token.expires) known = token;
    }
}

Result<void> Session::pause(std::chrono::milliseconds time) const {
    return options_.pause ? options_.pause(time) : pause_for(time, options_.cancel);
}

Result<std::optional<Credentials>> Session::credentials() {
    if (!options_.credentials || options_.insecure) return std::optional<Credentials>();
    const std::lock_guard lock(*account_lock_);
    return options_.credentials(registry_);
}

Result<std::string> Session::fetch_token(const Challenge& challenge, const std::string& scope) {
    const auto parameter = [&](const char* name) {
        const auto found = challenge.parameters.find(name);
        return found == challenge.parameters.end() ? std::string() : found->second;
    };
    GADGET_TRY_ASSIGN(auto url, parse_url(parameter("realm")));
    if (!url.secure && (base_.secure || !is_loopback(url.host)) && !options_.insecure) {
        return Error{.code = ErrorCode::permission_denied,
                     .message = "registry " + registry_ +
                                " sends us for a token to an address without TLS: " + url.to_string()};
    }
    GADGET_TRY_ASSIGN(const auto who, credentials());
    HttpRequest request{.url = url};
    std::string form;
    if (who && !who->identity_token.empty()) {
        form =
            "grant_type=refresh_token&client_id=gadgetkit&service=" + percent_encode(parameter("service")) +
            "&scope=" + percent_encode(scope) + "&refresh_token=" + percent_encode(who->identity_token);
        request.method = "POST";
        request.headers.push_back({.name = "content-type", .value = "application/x-www-form-urlencoded"});
        request.body_size = form.size();
        request.body = [&](const ChunkSink& sink) { return sink(as_bytes(form)); };
    } else {
        const std::string service = parameter("service");
        if (!service.empty()) add_query(request.url.target, "service", service);
        // A space separates scopes; each is a parameter of its own.
        for (const auto part : split(scope, ' ')) {
            if (!part.empty()) add_query(request.url.target, "scope", part);
        }
        if (who) {
            request.headers.push_back(
                {.name = "authorization",
                 .value = "Basic " + base64_encode(who->username + ":" + who->password)});
        }
    }
    GADGET_TRY_ASSIGN(const auto response,
                      transport_->perform(request, {.memory_limit = std::uint64_t{1} << 20}));
    if (!response.success()) return refusal(response, "get a token");
    const auto text = as_text(response.body);
    const auto document = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
    std::string token;
    for (const char* name : {"token", "access_token"}) {
        if (token.empty() && document.is_object() && document.contains(name) && document[name].is_string()) {
            token = document[name].get<std::string>();
        }
    }
    if (token.empty()) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "registry " + registry_ + " gave an answer without a token"};
    }
    std::int64_t lifetime = 60;
    if (document.contains("expires_in") && document["expires_in"].is_number_integer()) {
        lifetime = std::clamp<std::int64_t>(document["expires_in"].get<std::int64_t>(), 0, 86400);
    }
    const auto expires = std::chrono::steady_clock::now() + std::chrono::seconds(lifetime) * 9 / 10;
    authorizations_.insert_or_assign(scope, Token{.value = "Bearer " + token, .expires = expires});
    return "Bearer " + token;
}

Result<std::string> Session::authorise(const HttpResponse& refused, const std::string& scope) {
    for (const auto& header : refused.headers) {
        if (header.name != "www-authenticate") continue;
        for (const auto& challenge : parse_challenges(header.value)) {
            if (challenge.scheme == "bearer") {
                const auto asked = challenge.parameters.find("scope");
                return fetch_token(
                    challenge, scope.empty() && asked != challenge.parameters.end() ? asked->second : scope);
            }
            if (challenge.scheme != "basic") continue;
            GADGET_TRY_ASSIGN(const auto who, credentials());
            if (!who || who->username.empty()) continue;
            const std::string value = "Basic " + base64_encode(who->username + ":" + who->password);
            authorizations_.insert_or_assign(
                scope, Token{.value = value, .expires = std::chrono::steady_clock::time_point::max()});
            return value;
        }
    }
    return std::string();
}

void Session::note_warnings(const HttpResponse& response) {
    for (const auto& header : response.headers) {
        if (header.name != "warning" || !header.value.starts_with("299 ") || warnings_.size() >= kMaxWarnings)
            continue;
        const auto open = header.value.find('"');
        const auto close = header.value.rfind('"');
        if (open == std::string::npos || close <= open) continue;
        const std::string text =
            printable(header.value.substr(open + 1, std::min(close - open - 1, kMaxWarning)));
        warn(text);
    }
}

void Session::warn(const std::string& text) {
    if (warnings_.insert(text).second && options_.warning) options_.warning(text);
}

void Session::take_warnings(const Session& helper) {
    for (const auto& text : helper.warnings_) warn(text);
}

Result<HttpResponse> Session::exchange(const RegistryCall& call, const HttpReply& reply,
                                       const std::string& authorization, Url* where) {
    HttpRequest request{.method = call.method,
                        .url = call.url.value_or(base_),
                        .headers = call.headers,
                        .body_size = call.body_size,
                        .body = call.body};
    if (!call.url) request.url.target = call.target;
    for (int redirects = 0;; ++redirects) {
        const bool ours = request.url.same_origin(base_);
        request.headers = call.headers;
        // Nobody but the registry itself is shown what it gave us.
        if (ours && !authorization.empty())
            request.headers.push_back({.name = "authorization", .value = authorization});
        GADGET_TRY_ASSIGN(auto response, transport_->perform(request, reply));
        if (ours) note_warnings(response);
        if (where != nullptr) *where = request.url;
        const auto location = response.header("location");
        const bool reads = call.method == "GET" || call.method == "HEAD";
        if (!is_redirect(response.status) || !location || !reads) return response;
        if (redirects >= kMaxRedirects) {
            return Error{.code = ErrorCode::io, .message = "registry " + registry_ + " redirects too often"};
        }
        GADGET_TRY_ASSIGN(auto next, resolve_location(request.url, *location));
        if (request.url.secure && !next.secure) {
            return Error{.code = ErrorCode::permission_denied,
                         .message = "registry " + registry_ +
                                    " redirects to an address without TLS: " + next.authority()};
        }
        request.url = std::move(next);
    }
}

Result<HttpResponse> Session::attempt(const RegistryCall& call, const HttpReply& reply, Url* where) {
    std::string scope;
    if (!call.repository.empty())
        scope = "repository:" + call.repository + (call.write ? ":pull,push" : ":pull");
    if (!call.also_read.empty()) scope += " repository:" + call.also_read + ":pull";
    std::string authorization;
    if (const auto known = authorizations_.find(scope); known != authorizations_.end()) {
        if (known->second.expires > std::chrono::steady_clock::now()) authorization = known->second.value;
    }
    GADGET_TRY_ASSIGN(auto response, exchange(call, reply, authorization, where));
    if (response.status != 401) return response;
    GADGET_TRY_ASSIGN(const auto fresh, authorise(response, scope));
    // The same answer to the same credentials would come again.
    if (fresh.empty() || fresh == authorization) return response;
    return exchange(call, reply, fresh, where);
}

Result<HttpResponse> Session::send(const RegistryCall& call, const HttpReply& reply, Url* where) {
    auto pause = options_.first_pause;
    bool delivered = false;
    HttpReply watched = reply;
    if (reply.sink) {
        watched.sink = [&](std::span<const std::byte> piece) {
            delivered = true;
            return reply.sink(piece);
        };
    }
    for (unsigned n = 1;; ++n) {
        auto response = scheme_known_ ? attempt(call, watched, where) : first_attempt(call, watched, where);
        const bool failed = !response && (response.error().code == ErrorCode::io ||
                                          response.error().code == ErrorCode::timed_out);
        const bool repeat = failed || (response && is_worth_repeating(response->status));
        if (!repeat || delivered || call.once || n >= options_.attempts) return response;
        const auto asked = response ? retry_after(*response) : std::nullopt;
        GADGET_TRY(this->pause(asked.value_or(pause)));
        pause = std::min<std::chrono::milliseconds>(pause * 2, kMaxPause);
    }
}

Error Session::refusal(const HttpResponse& response, const std::string& what) const {
    std::string detail = error_text(response.body);
    if (detail.empty()) detail = "status " + std::to_string(response.status);
    Error error{.code = ErrorCode::io,
                .message = "registry " + registry_ + ": cannot " + what + ": " + detail};
    if (response.status == 401 || response.status == 403) {
        error.code = ErrorCode::permission_denied;
        error.hint = response.status == 401 ? "log in first, with an account that may do this"
                                            : "this account may not do this";
    } else if (response.status == 404) {
        error.code = ErrorCode::not_found;
    } else if (response.status == 405) {
        error.code = ErrorCode::unsupported;
    }
    return error;
}

}  // namespace gadget::packager
