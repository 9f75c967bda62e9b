// SPDX-License-Identifier: Apache-2.0
#include "fake_registry.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "gadget/packager.h"

namespace gadget::packager::test {

namespace {

constexpr const char* kBasic = "Basic bWU6c2VjcmV0";  // me:secret

bool send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

std::string digest_of(const std::string& text) {
    return sha256_digest(as_bytes(text));
}

std::string between(const std::string& text, const std::string& start, char end) {
    const auto at = text.find(start);
    if (at == std::string::npos) return {};
    const auto from = at + start.size();
    return text.substr(from, text.find(end, from) - from);
}

std::string unescape(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::strtol(text.substr(i + 1, 2).c_str(), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// "7" of "/v2/x/blobs/uploads/7?state=..".
std::string upload_id(const std::string& target) {
    return between(target.substr(0, target.find('?')) + "?", "/blobs/uploads/", '?');
}

/// Reads more until `text` holds `size` bytes.
bool fill(int fd, int stop, std::string& text, std::size_t size) {
    while (text.size() < size) {
        pollfd fds[2] = {{.fd = fd, .events = POLLIN, .revents = 0},
                         {.fd = stop, .events = POLLIN, .revents = 0}};
        if (::poll(fds, 2, -1) < 0 || fds[1].revents != 0) return false;
        char buffer[65536];
        const ssize_t count = ::recv(fd, buffer, sizeof buffer, 0);
        if (count <= 0) return false;
        text.append(buffer, static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace

FakeRegistry::FakeRegistry() {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    stop_.reset(::eventfd(0, EFD_CLOEXEC));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
        std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_loop(); });
}

FakeRegistry::~FakeRegistry() {
    const std::uint64_t one = 1;
    if (::write(stop_.get(), &one, sizeof one) != sizeof one) std::abort();
    acceptor_.join();
    for (auto& connection : connections_) connection.join();
}

void FakeRegistry::accept_loop() {
    while (true) {
        pollfd fds[2] = {{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                         {.fd = stop_.get(), .events = POLLIN, .revents = 0}};
        if (::poll(fds, 2, -1) < 0 || fds[1].revents != 0) return;
        const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) connections_.emplace_back([this, fd] { serve(fd); });
    }
}

void FakeRegistry::serve(int raw) {
    const UniqueFd fd(raw);
    std::string text;
    while (true) {
        while (text.find("\r\n\r\n") == std::string::npos) {
            if (!fill(fd.get(), stop_.get(), text, text.size() + 1)) return;
            // A TLS greeting: this registry speaks plain HTTP.
            if (text.front() == '\x16') return;
        }
        const auto end = text.find("\r\n\r\n");
        SeenRequest request;
        const std::string head = text.substr(0, end);
        request.method = head.substr(0, head.find(' '));
        request.target = between(head, " ", ' ');
        for (auto at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
            const std::string line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
            std::string name = line.substr(0, line.find(':'));
            for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            request.headers[name] = line.substr(line.find(':') + 2);
        }
        text.erase(0, end + 4);
        const auto length =
            request.headers.contains("content-length") ? std::stoul(request.headers["content-length"]) : 0;
        if (request.method == "PUT" && request.target.find("/blobs/") != std::string::npos) {
            const std::lock_guard lock(mutex_);
            if (faults.cut_uploads > 0 && faults.cut_uploads-- > 0) return;
        }
        if (stall(fd.get(), request)) return;
        if (request.method == "PATCH" && cut_piece(fd.get(), request, text, length)) return;
        if (!fill(fd.get(), stop_.get(), text, length)) return;
        request.body = text.substr(0, length);
        text.erase(0, length);
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        Answer result = answer(request);
        std::string out = "HTTP/1.1 " + std::to_string(result.status) + " X\r\n";
        for (const auto& header : result.headers) out += header + "\r\n";
        const bool chunked = faults.chunked && request.method == "GET" && result.cut == std::string::npos;
        out += chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                       : "Content-Length: " + std::to_string(result.body.size()) + "\r\n\r\n";
        if (request.method != "HEAD") {
            if (chunked) {
                const auto half = result.body.size() / 2;
                for (const auto& part : {result.body.substr(0, half), result.body.substr(half)}) {
                    char size[32];
                    std::snprintf(size, sizeof size, "%zx;x=y\r\n", part.size());
                    if (!part.empty()) out += size + part + "\r\n";
                }
                out += "0\r\nx-trailer: 1\r\n\r\n";
            } else {
                out += result.body.substr(0, result.cut);
            }
        }
        if (!send_all(fd.get(), out) || result.cut != std::string::npos) return;
    }
}

/// Never ends what it answers, until the registry goes.
bool FakeRegistry::stall(int fd, const SeenRequest& request) {
    {
        const std::lock_guard lock(mutex_);
        if (request.method != faults.stall || request.target.find("/blobs/") == std::string::npos)
            return false;
    }
    if (request.method == "GET") send_all(fd, "HTTP/1.1 200 X\r\nContent-Length: 150016\r\n\r\nhalf");
    stalled.release();
    pollfd stop{.fd = stop_.get(), .events = POLLIN, .revents = 0};
    (void)::poll(&stop, 1, -1);
    return true;
}

/// Keeps half of a piece and has the connection closed, when that is switched on.
bool FakeRegistry::cut_piece(int fd, const SeenRequest& request, std::string& text, std::size_t length) {
    {
        const std::lock_guard lock(mutex_);
        if (faults.cut_pieces == 0) return false;
        --faults.cut_pieces;
    }
    if (!fill(fd, stop_.get(), text, length / 2)) return true;
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    uploads[upload_id(request.target)] += text.substr(0, length / 2);
    return true;
}

std::vector<SeenRequest> FakeRegistry::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t FakeRegistry::count(const std::string& method, const std::string& part) {
    std::size_t found = 0;
    for (const auto& request : requests()) {
        if (request.method == method && request.target.find(part) != std::string::npos) ++found;
    }
    return found;
}

FakeRegistry::Answer FakeRegistry::error(int status, const std::string& code) const {
    if (faults.html_errors) return {.status = status, .body = "<html><b>no</b></html>"};
    return {.status = status,
            .headers = {"Content-Type: application/json"},
            .body = R"({"errors":[{"code":")" + code + R"(","message":"no such luck","detail":{}}]})"};
}

bool FakeRegistry::allowed(const SeenRequest& request, Answer& refusal) {
    const auto found = request.headers.find("authorization");
    const std::string given = found == request.headers.end() ? "" : found->second;
    if (faults.basic && given != kBasic) {
        refusal = error(401, "UNAUTHORIZED");
        refusal.headers.emplace_back("WWW-Authenticate: Basic realm=\"x\"");
        return false;
    }
    if (faults.bearer && (given != "Bearer tok\"en" || faults.deny_token)) {
        refusal = error(401, "UNAUTHORIZED");
        refusal.headers.push_back("WWW-Authenticate: Bearer realm=\"http://" + host() +
                                  "/token?x=1\",service=\"the, service\",scope=\"repository:x:pull\"");
        return false;
    }
    return true;
}

FakeRegistry::Answer FakeRegistry::answer(const SeenRequest& request) {
    const std::string& target = request.target;
    if (faults.unavailable > 0 && faults.unavailable-- > 0) return error(503, "UNAVAILABLE");
    if (faults.too_many > 0 && faults.too_many-- > 0) {
        Answer later = error(429, "TOOMANYREQUESTS");
        later.headers.emplace_back("Retry-After: 0");
        return later;
    }
    if (faults.busy_until_date > 0 && faults.busy_until_date-- > 0) {
        Answer later = error(429, "TOOMANYREQUESTS");
        later.headers.emplace_back("Retry-After: Fri, 31 Dec 2100 23:59:59 GMT");
        return later;
    }
    if (target.starts_with("/token")) return answer_token(request);
    Answer result;
    if (!allowed(request, result)) return result;
    if (target == "/v2/") {
        result = {};
    } else if (target.find("/blobs/uploads/") != std::string::npos) {
        result = answer_upload(request);
    } else if (target.find("/blobs/") != std::string::npos) {
        result = answer_blob(request, target.substr(target.rfind('/') + 1));
    } else if (target.find("/manifests/") != std::string::npos) {
        result = answer_manifest(request, target.substr(target.rfind('/') + 1));
    } else if (target.find("/tags/list") != std::string::npos) {
        result = answer_tags(request);
    } else if (target.find("/referrers/") != std::string::npos && !faults.no_referrers) {
        const std::string subject = between(target, "/referrers/", '?');
        const std::string last = unescape(between(target, "last=", '&'));
        std::string next;
        std::string list;
        int count = 0;
        for (const auto& [digest, manifest] : manifests) {
            if (!last.empty() && digest <= last) continue;
            if (faults.page > 0 && count == faults.page) break;
            if (!is_digest(digest) || manifest.second.find("\"subject\"") == std::string::npos ||
                manifest.second.find(subject) == std::string::npos) {
                continue;
            }
            ++count;
            next = digest;
            list += std::string(list.empty() ? "" : ",") + R"({"mediaType":")" + manifest.first +
                    R"(","digest":")" + digest + R"(","size":)" + std::to_string(manifest.second.size()) +
                    R"(,"artifactType":")" + between(manifest.second, "\"artifactType\":\"", '"') + "\"}";
        }
        result = {
            .body =
                R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                list + "]}"};
        if (faults.page > 0 && count == faults.page) {
            result.headers.push_back("Link: </v2/x/referrers/" + subject + "?last=" + next +
                                     ">; rel=\"next\"");
        }
    } else {
        result = error(404, "NAME_UNKNOWN");
    }
    const bool once = request.method == faults.warn_once_for;
    if (once) faults.warn_once_for.clear();
    if (faults.warn || once) result.headers.push_back("Warning: 299 - \"" + faults.warning + "\"");
    return result;
}

FakeRegistry::Answer FakeRegistry::answer_token(const SeenRequest& request) const {
    const auto found = request.headers.find("authorization");
    const bool known =
        faults.refresh_only
            ? request.method == "POST" && request.body.find("refresh_token=refresh%20me") != std::string::npos
            : found != request.headers.end() && found->second == kBasic;
    if (!known) return error(401, "UNAUTHORIZED");
    if (faults.access_token) return {.body = R"({"access_token":"tok\"en"})"};
    return {.body =
                std::string(R"({"token":"tok\"en","expires_in":)") + (faults.short_tokens ? "0}" : "300}")};
}

FakeRegistry::Answer FakeRegistry::answer_blob(const SeenRequest& request, const std::string& digest) {
    const auto found = blobs.find(digest);
    const bool hidden = faults.hide_blobs && request.method == "HEAD";
    if (found == blobs.end() || hidden) return error(404, "BLOB_UNKNOWN");
    if (!faults.blobs_elsewhere.empty() && request.method == "GET") {
        return {.status = 307, .headers = {"Location: " + faults.blobs_elsewhere + request.target}};
    }
    Answer result{.body = found->second};
    if (faults.wrong_blob) result.body.back() = static_cast<char>(result.body.back() ^ 1);
    if (faults.long_blob) result.body += "x";
    const auto range = request.headers.find("range");
    if (range != request.headers.end() && !faults.ignore_range) {
        const auto from = std::stoul(range->second.substr(6));
        result.status = 206;
        result.headers.push_back("Content-Range: bytes " + std::to_string(from) + "-" +
                                 std::to_string(result.body.size() - 1) + "/" +
                                 std::to_string(result.body.size()));
        result.body.erase(0, from);
    }
    if (request.method == "GET" && faults.cut_blobs > 0 && faults.cut_blobs-- > 0)
        result.cut = result.body.size() / 2;
    return result;
}

FakeRegistry::Answer FakeRegistry::answer_upload(const SeenRequest& request) {
    if (request.method == "POST") {
        const std::string mount = unescape(between(request.target, "mount=", '&'));
        if (!mount.empty() && faults.forbid_mounts) return error(403, "DENIED");
        if (!mount.empty() && faults.mounts && blobs.contains(mount)) return {.status = 201};
        const std::string id = std::to_string(next_upload_++);
        uploads[id] = {};
        const std::string path =
            "/v2/x/blobs/uploads/" + id + std::string(faults.query_location ? "?state=a%2Fb" : "");
        const std::string origin =
            faults.uploads_elsewhere.empty() ? "http://" + host() : faults.uploads_elsewhere;
        Answer begun{.status = 202,
                     .headers = {"Location: " + (faults.relative_location ? path : origin + path)}};
        if (faults.least_piece > 0)
            begun.headers.push_back("OCI-Chunk-Min-Length: " + std::to_string(faults.least_piece));
        return begun;
    }
    std::string id = upload_id(request.target);
    if (!uploads.contains(id)) return error(404, "BLOB_UPLOAD_UNKNOWN");
    if (faults.moving_location && request.method == "PATCH") {
        auto upload = uploads.extract(id);
        id = std::to_string(next_upload_++);
        upload.key() = id;
        uploads.insert(std::move(upload));
    }
    if (faults.query_location && request.target.find("?state=a%2Fb") == std::string::npos)
        return error(400, "BLOB_UPLOAD_INVALID");
    if (request.method == "PATCH" || request.method == "GET") return answer_piece(request, id);
    if (request.method == "DELETE") {
        uploads.erase(id);
        return {.status = 204};
    }
    const std::string digest = unescape(between(request.target, "digest=", '&'));
    const std::string content = uploads[id] + request.body;
    if (digest_of(content) != digest) return error(400, "DIGEST_INVALID");
    uploads.erase(id);
    blobs[digest] = content;
    return {.status = 201};
}

FakeRegistry::Answer FakeRegistry::answer_piece(const SeenRequest& request, const std::string& id) {
    std::string& upload = uploads[id];
    Answer answer{.status = request.method == "GET" ? 204 : 202,
                  .headers = {"Location: /v2/x/blobs/uploads/" + id +
                              std::string(faults.query_location ? "?state=a%2Fb" : "")}};
    if (request.method == "GET" && faults.lose_uploads) return error(404, "BLOB_UPLOAD_UNKNOWN");
    if (request.method == "PATCH") {
        if (faults.refuse_pieces) return error(405, "UNSUPPORTED");
        const auto range = request.headers.find("content-range");
        const std::string wanted =
            std::to_string(upload.size()) + "-" + std::to_string(upload.size() + request.body.size() - 1);
        if (range == request.headers.end() || range->second != wanted) return error(416, "RANGE_INVALID");
        if (faults.misplaced_pieces > 0 && faults.misplaced_pieces-- > 0) {
            upload += request.body.substr(0, request.body.size() / 2);
            return error(416, "RANGE_INVALID");
        }
        upload += request.body;
    }
    answer.headers.push_back("Range: 0-" + std::to_string(upload.empty() ? 0 : upload.size() - 1));
    return answer;
}

FakeRegistry::Answer FakeRegistry::answer_manifest(const SeenRequest& request, const std::string& reference) {
    if (request.method == "PUT") {
        const std::string digest = digest_of(request.body);
        const auto type = request.headers.find("content-type")->second;
        if (is_digest(reference) && reference != digest) return error(400, "DIGEST_INVALID");
        manifests[reference] = {type, request.body};
        manifests[digest] = {type, request.body};
        Answer created{.status = 201};
        created.headers.push_back("Docker-Content-Digest: " +
                                  (faults.lying_digest ? digest_of("lie") : digest));
        if (request.body.find("\"subject\"") != std::string::npos && !faults.no_referrers) {
            created.headers.push_back("OCI-Subject: " + digest);
        }
        return created;
    }
    if (request.method == "DELETE") {
        if (faults.no_delete) return error(405, "UNSUPPORTED");
        return manifests.erase(reference) > 0 ? Answer{.status = 202} : error(404, "MANIFEST_UNKNOWN");
    }
    const auto found = manifests.find(reference);
    if (found == manifests.end()) return error(404, "MANIFEST_UNKNOWN");
    Answer result{.headers = {"Content-Type: " + found->second.first + "; charset=utf-8"},
                  .body = found->second.second};
    if (!faults.lying_digest)
        result.headers.push_back("Docker-Content-Digest: " + digest_of(found->second.second));
    if (faults.wrong_manifest) result.body += " ";
    if (request.method == "GET" && faults.cut_manifests > 0 && faults.cut_manifests-- > 0)
        result.cut = result.body.size() / 2;
    return result;
}

FakeRegistry::Answer FakeRegistry::answer_tags(const SeenRequest& request) {
    std::vector<std::string> tags;
    for (const auto& [name, manifest] : manifests) {
        if (!is_digest(name)) tags.push_back(name);
    }
    const std::string last = between(request.target, "last=", '&');
    std::string list;
    int count = 0;
    Answer result;
    for (const auto& tag : tags) {
        if (!last.empty() && tag <= last) continue;
        list += (list.empty() ? "\"" : ",\"") + tag + "\"";
        if (faults.page > 0 && ++count == faults.page && tag != tags.back()) {
            result.headers.push_back("Link: </v2/x/tags/list?n=1&last=" + tag + ">; rel=\"next\"");
            break;
        }
    }
    result.body = R"({"name":"x","tags":[)" + list + "]}";
    return result;
}

}  // namespace gadget::packager::test
