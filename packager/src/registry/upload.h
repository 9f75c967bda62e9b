// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gadget/packager/image.h"
#include "session.h"

namespace gadget::packager {

/// Told how many more bytes went.
using BytesSent = std::function<void(std::uint64_t)>;

/// One blob on its way into a repository: linked from another one, sent whole, or in pieces.
class Upload {
  public:
    Upload(Session& session, const BlobSource& source, const Descriptor& blob, const std::string& repository)
        : session_(session), source_(source), blob_(blob), repository_(repository) {}

    /// One attempt from the beginning. io, timed_out: another may succeed.
    Result<void> run(const std::string& mount_from, const BytesSent& sent);

  private:
    Result<bool> begin(const std::string& mount_from);
    Result<void> send_whole(const BytesSent& sent);
    Result<void> send_pieces(const BytesSent& sent);
    Result<void> send_piece(std::span<const std::byte> piece, std::uint64_t start);
    Result<std::uint64_t> ask_progress();
    Result<void> close();
    Result<void> move_to(const HttpResponse& response, const Url& asked);
    void abandon();
    [[nodiscard]] Result<Url> target_with_digest() const;
    [[nodiscard]] RegistryCall call(const char* method) const;
    [[nodiscard]] std::string what() const { return "push blob " + blob_.digest + " to " + repository_; }

    Session& session_;
    const BlobSource& source_;
    const Descriptor& blob_;
    const std::string& repository_;
    Url location_{};
    std::uint64_t least_piece_ = 0;
    bool open_ = false;
};

/// "0-99" of a Range header: 100 bytes are there. "0-0" counts as none: it stands for one byte and for none.
[[nodiscard]] std::optional<std::uint64_t> parse_upload_range(std::string_view text);

}  // namespace gadget::packager
