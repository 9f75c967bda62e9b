// SPDX-License-Identifier: Apache-2.0
// A registry inside the test process, with switches for the ways in which real ones misbehave.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "gadget/support/unique_fd.h"

namespace gadget::packager::test {

struct Faults {
    bool basic = false;         ///< wants "me:secret"
    bool bearer = false;        ///< wants a token, which "me:secret" gets at /token
    bool deny_token = false;    ///< the token allows nothing
    bool no_referrers = false;  ///< no referrers API, no OCI-Subject
    bool relative_location = false;
    bool query_location = false;  ///< the upload location has a query already
    bool ignore_range = false;
    bool wrong_blob = false;  ///< other content of the same size
    bool wrong_manifest = false;
    bool long_blob = false;  ///< one byte more
    bool html_errors = false;
    bool warn = false;
    std::string warning = "this registry is old";
    std::string warn_once_for;  ///< the next request of this method is warned about
    bool no_delete = false;
    bool lying_digest = false;  ///< Docker-Content-Digest of something else
    bool chunked = false;
    bool short_tokens = false;      ///< tokens end at once
    bool refuse_pieces = false;     ///< 405 for PATCH
    bool mounts = false;            ///< a blob that is known is linked from the repository named
    bool hide_blobs = false;        ///< HEAD finds none
    bool forbid_mounts = false;     ///< 403 for asking
    bool lose_uploads = false;      ///< asked how far an upload is, it is gone
    unsigned least_piece = 0;       ///< OCI-Chunk-Min-Length
    int cut_pieces = 0;             ///< so many PATCH requests end after half of the body, which is kept
    int misplaced_pieces = 0;       ///< so many PATCH requests keep half and answer 416
    int busy_until_date = 0;        ///< so many answers are 429 with a date in Retry-After
    int cut_blobs = 0;              ///< so many blob answers end after half of the rest
    int cut_uploads = 0;            ///< so many uploads end in a closed connection
    int unavailable = 0;            ///< so many answers are 503
    int too_many = 0;               ///< so many answers are 429, with Retry-After
    int page = 0;                   ///< tags and referrers on a page
    int cut_manifests = 0;          ///< so many manifests end after half of the body
    bool moving_location = false;   ///< each answer to an upload names another address; older ones are gone
    bool access_token = false;      ///< the token has its other name, and no lifetime
    bool refresh_only = false;      ///< tokens for POST with refresh_token "refresh me" only
    std::string stall;              ///< requests of this method for blobs get half of an answer, or none
    std::string uploads_elsewhere;  ///< the upload location is on this origin
    std::string blobs_elsewhere;    ///< blobs redirect to this origin
};

struct SeenRequest {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

class FakeRegistry {
  public:
    FakeRegistry();
    ~FakeRegistry();
    FakeRegistry(const FakeRegistry&) = delete;
    FakeRegistry& operator=(const FakeRegistry&) = delete;

    [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::vector<SeenRequest> requests();
    [[nodiscard]] std::size_t count(const std::string& method, const std::string& part);

    /// Released when a request stalls.
    std::counting_semaphore<> stalled{0};
    /// To be changed between the client's calls only.
    Faults faults;
    std::map<std::string, std::string> uploads;                            ///< by number: what came so far
    std::map<std::string, std::string> blobs;                              ///< by digest
    std::map<std::string, std::pair<std::string, std::string>> manifests;  ///< by tag and digest: type, text

  private:
    struct Answer {
        int status = 200;
        std::vector<std::string> headers{};
        std::string body{};
        std::size_t cut = std::string::npos;  ///< the connection closes after so much of the body
    };
    void accept_loop();
    void serve(int fd);
    bool stall(int fd, const SeenRequest& request);
    bool cut_piece(int fd, const SeenRequest& request, std::string& text, std::size_t length);
    Answer answer(const SeenRequest& request);
    Answer answer_blob(const SeenRequest& request, const std::string& digest);
    Answer answer_manifest(const SeenRequest& request, const std::string& reference);
    Answer answer_upload(const SeenRequest& request);
    Answer answer_piece(const SeenRequest& request, const std::string& id);
    [[nodiscard]] Answer answer_token(const SeenRequest& request) const;
    Answer answer_tags(const SeenRequest& request);
    bool allowed(const SeenRequest& request, Answer& refusal);
    Answer error(int status, const std::string& code) const;

    UniqueFd listener_;
    UniqueFd stop_;
    unsigned port_ = 0;
    unsigned next_upload_ = 1;
    std::mutex mutex_;
    std::vector<SeenRequest> requests_;
    std::vector<std::thread> connections_;
    std::thread acceptor_;
};

}  // namespace gadget::packager::test
