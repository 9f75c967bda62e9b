// SPDX-License-Identifier: Apache-2.0
#include "gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "tar_format.h"

namespace gadget::packager {

namespace {

constexpr int kGzip = 16 + MAX_WBITS;
constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::size_t kMaxInput = std::size_t{1} << 30;

Bytef* input_of(std::span<const std::byte> content) {
    // zlib does not write there; its interface is older than const.
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(content.data()));
}

}  // namespace

Result<Bytes> gzip(std::span<const std::byte> content) {
    z_stream stream{};
    if (content.size() > kMaxInput ||
        ::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return Error{.code = ErrorCode::internal, .message = "the content cannot be compressed"};
    }
    Bytes out(::deflateBound(&stream, content.size()) + 64);
    stream.next_in = input_of(content);
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    if (status != Z_STREAM_END)
        return Error{.code = ErrorCode::internal, .message = "the content cannot be compressed"};
    return out;
}

Result<Bytes> gunzip(std::span<const std::byte> content, std::size_t limit) {
    const Error broken{.code = ErrorCode::corrupt_data, .message = "the gzip stream is damaged"};
    z_stream stream{};
    if (content.size() > kMaxInput || ::inflateInit2(&stream, kGzip) != Z_OK) return broken;
    stream.next_in = input_of(content);
    stream.avail_in = static_cast<uInt>(content.size());
    Bytes out;
    std::array<std::byte, kPiece> piece{};
    int status = Z_OK;
    while (status == Z_OK && out.size() <= limit) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        status = ::inflate(&stream, Z_NO_FLUSH);
        out.insert(out.end(), piece.begin(),
                   piece.begin() + static_cast<std::ptrdiff_t>(piece.size() - stream.avail_out));
    }
    ::inflateEnd(&stream);
    if (out.size() > limit) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "the gzip stream unpacks to more than " + std::to_string(limit) + " bytes"};
    }
    if (status != Z_STREAM_END) return broken;
    return out;
}

Bytes tar_of(const std::vector<std::pair<std::string, std::span<const std::byte>>>& files) {
    Bytes tar;
    for (const auto& [name, content] : files) {
        const auto header = tar_file_header(name, content.size());
        tar.insert(tar.end(), header.begin(), header.end());
        tar.insert(tar.end(), content.begin(), content.end());
        tar.resize(tar.size() + tar_padding(content.size()));
    }
    tar.resize(tar.size() + 2 * kTarBlock);
    return tar;
}

}  // namespace gadget::packager
