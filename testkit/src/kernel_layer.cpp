// SPDX-License-Identifier: Apache-2.0
#include "kernel_layer.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <memory>

#include "tar_reader.h"

namespace gadget::testkit {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::uint64_t kMaxTar = std::uint64_t{8} << 30;

Error damaged(const char* what) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = std::string("a layer of the image is damaged: ") + what};
}

/// Passes what is unpacked on, as much as a layer may have.
class Sink {
  public:
    explicit Sink(TarReader& reader) : reader_(reader) {}
    Result<void> push(std::string_view bytes) {
        total_ += bytes.size();
        if (total_ > kMaxTar) return damaged("it unpacks to more than 8 GiB");
        return reader_.push(bytes);
    }

  private:
    TarReader& reader_;
    std::uint64_t total_ = 0;
};

Result<void> push_gzip(std::span<const std::byte> layer, Sink& sink) {
    z_stream stream{};
    constexpr int kGzip = 16 + MAX_WBITS;
    if (::inflateInit2(&stream, kGzip) != Z_OK)
        return Error{.code = ErrorCode::internal, .message = "no memory for zlib"};
    const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, &::inflateEnd);
    std::vector<char> piece(kPiece);
    // zlib does not write there; its interface is older than const.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(layer.data()));
    std::size_t left = layer.size();
    int status = Z_OK;
    while (status == Z_OK) {
        const auto given = static_cast<uInt>(std::min<std::size_t>(left, 1U << 30));
        stream.avail_in = given;
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        status = ::inflate(&stream, Z_NO_FLUSH);
        left -= given - stream.avail_in;
        GADGET_TRY(sink.push({piece.data(), piece.size() - stream.avail_out}));
    }
    return status == Z_STREAM_END ? Result<void>{} : damaged("gzip");
}

Result<void> push_zstd(std::span<const std::byte> layer, Sink& sink) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    if (context == nullptr) return Error{.code = ErrorCode::internal, .message = "no memory for zstd"};
    std::vector<char> piece(kPiece);
    ZSTD_inBuffer in{layer.data(), layer.size(), 0};
    std::size_t left = 1;
    while (in.pos < in.size || left != 0) {
        ZSTD_outBuffer out{piece.data(), piece.size(), 0};
        const auto before = in.pos;
        left = ZSTD_decompressStream(context.get(), &out, &in);
        if (ZSTD_isError(left) != 0) return damaged("zstd");
        if (in.pos == before && out.pos == 0) return damaged("zstd, cut off");
        GADGET_TRY(sink.push({piece.data(), out.pos}));
    }
    return {};
}

}  // namespace

Result<void> unpack_kernel_layer(std::span<const std::byte> layer, KernelParts& parts) {
    TarReader reader = kernel_tar_reader(parts);
    Sink sink(reader);
    const auto text = as_text(layer);
    if (text.starts_with("\x1f\x8b")) {
        GADGET_TRY(push_gzip(layer, sink));
    } else if (text.starts_with("\x28\xb5\x2f\xfd")) {
        GADGET_TRY(push_zstd(layer, sink));
    } else {
        GADGET_TRY(sink.push(text));
    }
    return reader.finish();
}

}  // namespace gadget::testkit
