// SPDX-License-Identifier: Apache-2.0
// Kernels out of the layers of container images.
#include "kernel_layer.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "gadget/testkit/kernels.h"
#include "tar_text.h"

namespace gadget::testkit {
namespace {

std::string gzipped(const std::string& text) {
    z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(text.size() + 1000, '\0');
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

std::string zstd_packed(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

std::string layer() {
    return tar_entry("data/kernels/6.6/boot/vmlinuz-6.6.1", "the kernel") +
           tar_entry("data/kernels/6.6/boot/config-6.6.1", "CONFIG_X=y") +
           tar_entry("data/kernels/6.6/boot/vmlinuz-6.6.1/not", "inside") +
           tar_entry("usr/lib/modules/6.6.1/kernel/drivers/net/veth.ko", "the module") +
           tar_entry("usr/lib/modules/6.6.1/kernel/drivers/net/other.ko", "unused") + kTarEnd;
}

TEST(KernelLayer, OfAnyPackingHasKernelAndModules) {
    for (const auto& packed : {layer(), gzipped(layer()), zstd_packed(layer())}) {
        KernelParts parts;
        const auto done = unpack_kernel_layer(as_bytes(packed), parts);
        ASSERT_TRUE(done) << done.error().to_string();
        EXPECT_EQ(parts.release, "6.6.1");
        EXPECT_EQ(as_text(parts.image), "the kernel");
        ASSERT_EQ(parts.modules.size(), 1U);
        EXPECT_EQ(parts.modules[0].first, "veth.ko");
    }
}

TEST(KernelLayer, ThatIsDamagedIsRefused) {
    const auto gzip = gzipped(layer());
    const auto zstd = zstd_packed(layer());
    for (const auto& text :
         {std::string(), std::string(2000, 'x'), gzip.substr(0, gzip.size() / 2), gzip.substr(0, 2),
          zstd.substr(0, zstd.size() / 2), zstd.substr(0, 4), layer().substr(0, 600)}) {
        KernelParts parts;
        const auto done = unpack_kernel_layer(as_bytes(text), parts);
        ASSERT_FALSE(done) << text.size();
        EXPECT_EQ(done.error().code, ErrorCode::corrupt_data);
    }
}

class KernelLayersTest : public testing::Test {
  protected:
    void SetUp() override {
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
    }
    [[nodiscard]] Result<Kernel> add(const std::vector<std::string>& texts) const {
        const KernelLayers layers{.count = texts.size(), .read = [&](std::size_t index) -> Result<Bytes> {
                                      const auto bytes = as_bytes(texts[index]);
                                      return Bytes(bytes.begin(), bytes.end());
                                  }};
        return KernelStore(folder_->path())
            .add_layers("mine", model::Arch::arm64, layers, "oci:x@sha256:1", {});
    }
    static std::string image() {
        std::string text(100, '\0');
        return text.replace(56, 4, "ARM\x64");
    }
    std::optional<TempDir> folder_;
};

TEST_F(KernelLayersTest, GiveOneKernelOfTheStore) {
    const auto kernel = add({gzipped(tar_entry("etc/os-release", "x") + kTarEnd),
                             tar_entry("boot/vmlinuz-6.6.1", image()) + kTarEnd,
                             tar_entry("lib/modules/6.6.1/veth.ko", "m") + kTarEnd});
    ASSERT_TRUE(kernel) << kernel.error().to_string();
    EXPECT_EQ(kernel->release, "6.6.1");
    EXPECT_EQ(kernel->source, "oci:x@sha256:1");
    EXPECT_TRUE(std::filesystem::exists(kernel->modules / "veth.ko"));
    EXPECT_EQ(KernelStore(folder_->path()).find("mine", model::Arch::arm64)->source, "oci:x@sha256:1");
}

TEST_F(KernelLayersTest, WithoutAKernelAreTold) {
    const auto kernel = add({tar_entry("etc/os-release", "x") + kTarEnd});
    ASSERT_FALSE(kernel);
    EXPECT_EQ(kernel.error().code, ErrorCode::not_found);
    EXPECT_NE(kernel.error().message.find("contains no kernel"), std::string::npos);
}

TEST_F(KernelLayersTest, WithSomethingElseInThePlaceOfAKernelAreRefused) {
    EXPECT_EQ(add({tar_entry("boot/vmlinuz-6.6.1", "no kernel") + kTarEnd}).error().code,
              ErrorCode::corrupt_data);
}

}  // namespace
}  // namespace gadget::testkit
