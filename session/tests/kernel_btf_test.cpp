// SPDX-License-Identifier: Apache-2.0
#include "kernel_btf.h"

#include <gtest/gtest.h>

#include "gadget/packager/btfgen.h"

namespace gadget::session {
namespace {

class KernelBtf : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(write_file_atomic(places_.os_release,
                                      as_bytes("PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_ID=\"11\"\n")));
        const Bytes here{std::byte{1}, std::byte{2}};
        const Bytes elsewhere{std::byte{3}};
        const auto layer = packager::pack_btfgen({{{"debian", "11", "x86_64", "4.19.0-1-amd64"}, here},
                                                  {{"debian", "11", "x86_64", "4.19.0-2-amd64"}, elsewhere}});
        ASSERT_TRUE(layer) << layer.error().to_string();
        layer_ = *layer;
    }

    TempDir dir_ = *TempDir::create("kernel-btf");
    MachinePlaces places_{.kernel_btf = dir_.path() / "vmlinux",
                          .os_release = dir_.path() / "os-release",
                          .machine = "x86_64",
                          .release = "4.19.0-1-amd64"};
    Bytes layer_;
};

TEST_F(KernelBtf, TheImageBringsWhatTheKernelLacks) {
    const auto fd = kernel_btf_from(layer_, places_);
    ASSERT_TRUE(fd) << fd.error().to_string();
    ASSERT_TRUE(*fd);
    EXPECT_EQ(*read_all(fd->get(), 100, "btf"), (Bytes{std::byte{1}, std::byte{2}}));
}

TEST_F(KernelBtf, AKernelWithBtfUsesItsOwn) {
    ASSERT_TRUE(write_file_atomic(places_.kernel_btf, as_bytes("btf")));
    EXPECT_FALSE(*kernel_btf_from(layer_, places_));
}

TEST_F(KernelBtf, NothingIsFoundForAnotherKernelOrWithoutALayer) {
    places_.release = "5.4.0-1-amd64";
    EXPECT_FALSE(*kernel_btf_from(layer_, places_));
    EXPECT_FALSE(*kernel_btf_from({}, places_));
}

TEST_F(KernelBtf, WhatIsNoLayerIsRefused) {
    EXPECT_EQ(kernel_btf_from(as_bytes("no gzip"), places_).error().code, ErrorCode::corrupt_data);
}

}  // namespace
}  // namespace gadget::session
