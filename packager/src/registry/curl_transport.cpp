// SPDX-License-Identifier: Apache-2.0
// HTTP over libcurl. A request is driven here, not by a callback that asks for the body: bodies come from
// sources that hand over piece after piece, so each piece is put in place and the transfer runs until it is
// gone.
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "curl_library.h"
#include "gadget/support/text.h"
#include "http.h"

namespace gadget::packager {

std::optional<std::string> HttpResponse::header(std::string_view name) const {
    for (const auto& header : headers) {
        if (header.name == name) return header.value;
    }
    return std::nullopt;
}

Result<void> pause_for(std::chrono::milliseconds time, const CancelToken& cancel) {
    pollfd state{.fd = cancel.fd, .events = POLLIN, .revents = 0};
    if (::poll(&state, 1, static_cast<int>(time.count())) > 0) {
        return Error{.code = ErrorCode::cancelled, .message = "interrupted"};
    }
    return {};
}

namespace {

constexpr std::size_t kMaxHead = std::size_t{256} << 10;
constexpr std::size_t kMaxHeaders = 256;
constexpr int kMaxWait = 200;  // milliseconds between looks at the transfer

struct EasyDeleter {
    void operator()(CURL* handle) const { curl_library()->easy_cleanup(handle); }
};
struct MultiDeleter {
    void operator()(CURLM* handle) const { curl_library()->multi_cleanup(handle); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const { curl_library()->slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

Result<List> header_list(const HttpRequest& request) {
    curl_slist* list = nullptr;
    List owner;
    const auto append = [&](const std::string& line) {
        curl_slist* longer = curl_library()->slist_append(list, line.c_str());
        if (longer == nullptr) return false;
        // NOLINTNEXTLINE(bugprone-unused-return-value): the longer list contains it
        (void)owner.release();
        owner.reset(list = longer);
        return true;
    };
    // Waiting for "100 Continue" costs a second where servers do not know it.
    bool complete = append("Expect:");
    for (const auto& header : request.headers) {
        if (has_control(header.value)) {
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "header '" + header.name + "' has a control character"};
        }
        complete = complete && append(header.name + ": " + header.value);
    }
    if (!complete) return Error{.code = ErrorCode::internal, .message = "out of memory"};
    return owner;
}

/// One request under way. The callbacks of libcurl end here.
class Exchange {
  public:
    Exchange(const CurlLibrary& curl, CURLM* multi, CURL* easy, const HttpReply& reply, std::string host,
             CancelToken cancel)
        : curl_(curl), multi_(multi), easy_(easy), reply_(reply), host_(std::move(host)), cancel_(cancel) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() {
        if (added_) curl_.multi_remove_handle(multi_, easy_);
    }

    Result<void> start() {
        curl_.easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
        curl_.easy_setopt(easy_, CURLOPT_WRITEDATA, this);
        curl_.easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
        curl_.easy_setopt(easy_, CURLOPT_HEADERDATA, this);
        curl_.easy_setopt(easy_, CURLOPT_READFUNCTION, &Exchange::on_send);
        curl_.easy_setopt(easy_, CURLOPT_READDATA, this);
        curl_.easy_setopt(easy_, CURLOPT_ERRORBUFFER, words_.data());
        if (curl_.multi_add_handle(multi_, easy_) != CURLM_OK)
            return Error{.code = ErrorCode::internal, .message = "the request cannot be started"};
        added_ = true;
        return {};
    }

    /// Sends a piece of the body: returns when it is gone, or the transfer is over.
    Result<void> feed(std::span<const std::byte> piece) {
        piece_ = piece;
        while (!piece_.empty() && !done_) {
            if (paused_) {
                paused_ = false;
                curl_.easy_pause(easy_, CURLPAUSE_CONT);
            }
            GADGET_TRY(step([&] { return piece_.empty(); }));
        }
        if (piece_.empty()) return {};
        piece_ = {};
        // The answer, if there is one, explains more than this.
        return Error{.code = ErrorCode::io, .message = host_ + " answered before it had read everything"};
    }

    Result<HttpResponse> finish() {
        body_complete_ = true;
        if (paused_) curl_.easy_pause(easy_, CURLPAUSE_CONT);
        while (!done_) GADGET_TRY(step([] { return false; }));
        if (error_) return std::move(*error_);
        if (code_ != CURLE_OK) return failure();
        return std::move(response_);
    }

    [[nodiscard]] bool done() const { return done_; }

  private:
    /// Lets the transfer go on until something happened.
    template <class Condition>
    Result<void> step(const Condition& enough) {
        if (cancel_.requested()) return Error{.code = ErrorCode::cancelled, .message = "interrupted"};
        int running = 0;
        curl_.multi_perform(multi_, &running);
        int left = 0;
        while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            code_ = message->data.result;
            done_ = true;
        }
        if (done_ || enough()) return {};
        curl_waitfd extra{.fd = cancel_.fd, .events = CURL_WAIT_POLLIN, .revents = 0};
        curl_.multi_poll(multi_, &extra, cancel_.fd >= 0 ? 1 : 0, kMaxWait, nullptr);
        return {};
    }

    [[nodiscard]] Error failure() const {
        const std::string reason = words_[0] != '\0' ? words_.data() : curl_.easy_strerror(code_);
        Error error{.code = ErrorCode::io, .message = host_ + ": " + printable(reason)};
        switch (code_) {
            case CURLE_OPERATION_TIMEDOUT:
                error.code = ErrorCode::timed_out;
                break;
            case CURLE_PEER_FAILED_VERIFICATION:
                error.code = ErrorCode::permission_denied;
                error.message = host_ + ": its certificate is not trusted: " + printable(reason);
                error.hint =
                    "if it is the right host, name a file with the certificate of its issuer (--ca-file)";
                break;
            case CURLE_SSL_CACERT_BADFILE:
                error.code = ErrorCode::not_found;
                break;
            case CURLE_COULDNT_RESOLVE_PROXY:
            case CURLE_COULDNT_RESOLVE_HOST:
            case CURLE_COULDNT_CONNECT:
                error.requirement = Requirement{"a connection to " + host_, ""};
                break;
            case CURLE_UNSUPPORTED_PROTOCOL:
            case CURLE_WEIRD_SERVER_REPLY:
            case CURLE_BAD_CONTENT_ENCODING:
                error.code = ErrorCode::corrupt_data;
                break;
            default:
                break;
        }
        return error;
    }

    std::size_t refuse(Error error) {
        if (!error_) error_ = std::move(error);
        return 0;
    }

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
        return static_cast<Exchange*>(self)->take_header({data, size * count}) ? size * count : 0;
    }
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
        return static_cast<Exchange*>(self)->take_body(as_bytes({data, size * count})) ? size * count : 0;
    }
    static std::size_t on_send(char* target, std::size_t size, std::size_t count, void* self) noexcept {
        return static_cast<Exchange*>(self)->give_body(target, size * count);
    }

    bool take_header(std::string_view line) {
        head_bytes_ += line.size();
        if (head_bytes_ > kMaxHead || response_.headers.size() >= kMaxHeaders) {
            refuse({.code = ErrorCode::corrupt_data, .message = host_ + ": the header is too long"});
            return false;
        }
        while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with("HTTP/")) {
            response_ = {};
            const auto space = line.find(' ');
            const auto digits = line.substr(space == std::string_view::npos ? line.size() : space + 1);
            std::from_chars(digits.data(), digits.data() + digits.size(), response_.status);
            return true;
        }
        if (line.empty()) return end_of_head();
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return true;
        Header header{.name = std::string(trim(line.substr(0, colon))),
                      .value = std::string(trim(line.substr(colon + 1)))};
        std::transform(header.name.begin(), header.name.end(), header.name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        response_.headers.push_back(std::move(header));
        return true;
    }

    bool end_of_head() {
        // After the body there may be trailers; before the answer, 1xx ones.
        if (head_told_ || response_.status < 200) return true;
        head_told_ = true;
        if (!reply_.head) return true;
        auto told = reply_.head(response_);
        if (!told) refuse(std::move(told).error());
        return !error_;
    }

    bool take_body(std::span<const std::byte> piece) {
        if (response_.success() && reply_.sink) {
            auto taken = reply_.sink(piece);
            if (!taken) refuse(std::move(taken).error());
            return !error_;
        }
        const auto room = static_cast<std::size_t>(reply_.memory_limit) - response_.body.size();
        if (piece.size() > room && response_.success()) {
            refuse({.code = ErrorCode::rejected_input,
                    .message = host_ + " sent more than " + std::to_string(reply_.memory_limit) + " bytes"});
            return false;
        }
        piece = piece.first(std::min(piece.size(), room));
        response_.body.insert(response_.body.end(), piece.begin(), piece.end());
        return true;
    }

    std::size_t give_body(char* target, std::size_t room) {
        if (piece_.empty()) {
            if (body_complete_) return 0;
            paused_ = true;
            return CURL_READFUNC_PAUSE;
        }
        const std::size_t count = std::min(room, piece_.size());
        std::memcpy(target, piece_.data(), count);
        piece_ = piece_.subspan(count);
        return count;
    }

    const CurlLibrary& curl_;
    CURLM* multi_;
    CURL* easy_;
    const HttpReply& reply_;
    std::string host_;
    CancelToken cancel_;
    std::array<char, CURL_ERROR_SIZE> words_{};
    std::span<const std::byte> piece_{};
    bool added_ = false;
    bool paused_ = false;
    bool body_complete_ = false;
    bool head_told_ = false;
    bool done_ = false;
    std::size_t head_bytes_ = 0;
    CURLcode code_ = CURLE_OK;
    std::optional<Error> error_;
    HttpResponse response_;
};

class CurlTransport final : public HttpTransport {
  public:
    CurlTransport(const CurlLibrary& curl, HttpOptions options)
        : curl_(curl), options_(std::move(options)), multi_(curl_.multi_init()), easy_(curl_.easy_init()) {}

    Result<HttpResponse> perform(const HttpRequest& request, const HttpReply& reply) override {
        if (!multi_ || !easy_) return Error{.code = ErrorCode::internal, .message = "libcurl does not start"};
        GADGET_TRY_ASSIGN(const List headers, header_list(request));
        set_up(request, headers.get());
        Exchange exchange(curl_, multi_.get(), easy_.get(), reply, request.url.authority(), options_.cancel);
        GADGET_TRY(exchange.start());
        if (!request.body) return exchange.finish();
        auto sent = request.body([&](std::span<const std::byte> piece) { return exchange.feed(piece); });
        // A server that refuses early may close before it has read all: its answer explains more.
        if (!sent && !exchange.done()) return std::move(sent).error();
        auto response = exchange.finish();
        if (!response && !sent && response.error().code == ErrorCode::io) return std::move(sent).error();
        return response;
    }

  private:
    void set_up(const HttpRequest& request, curl_slist* headers) {
        CURL* easy = easy_.get();
        curl_.easy_reset(easy);
        curl_.easy_setopt(easy, CURLOPT_URL, request.url.to_string().c_str());
        curl_.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, request.url.secure ? "https" : "http");
        curl_.easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_.easy_setopt(easy, CURLOPT_USERAGENT, "gadgetkit");
        curl_.easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        curl_.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
        curl_.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        curl_.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_.easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        curl_.easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        const auto idle = static_cast<long>(options_.idle_timeout.count());
        curl_.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, idle);
        curl_.easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_.easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, idle);
        // This machine is reached without a proxy, whatever the environment says of others.
        if (!options_.environment_proxy || is_loopback(request.url.host))
            curl_.easy_setopt(easy, CURLOPT_PROXY, "");
        if (!options_.ca_file.empty()) curl_.easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
        set_method(request);
    }

    void set_method(const HttpRequest& request) {
        CURL* easy = easy_.get();
        const auto& method = request.method;
        if (method == "HEAD") {
            curl_.easy_setopt(easy, CURLOPT_NOBODY, 1L);
            return;
        }
        if (request.body || method == "POST" || method == "PUT" || method == "PATCH") {
            curl_.easy_setopt(easy, CURLOPT_UPLOAD, 1L);
            curl_.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_size));
            curl_.easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
        }
        curl_.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
    }

    const CurlLibrary& curl_;
    HttpOptions options_;
    Multi multi_;  // holds the open connections: goes last
    Easy easy_;
};

/// Where libcurl is missing: every request says so.
class NoTransport final : public HttpTransport {
  public:
    explicit NoTransport(Error reason) : reason_(std::move(reason)) {}
    Result<HttpResponse> perform(const HttpRequest& /*request*/, const HttpReply& /*reply*/) override {
        return reason_;
    }

  private:
    Error reason_;
};

}  // namespace

std::unique_ptr<HttpTransport> make_http_transport(HttpOptions options) {
    const auto& library = curl_library();
    if (!library) return std::make_unique<NoTransport>(library.error());
    return std::make_unique<CurlTransport>(*library, std::move(options));
}

}  // namespace gadget::packager
