# SPDX-License-Identifier: Apache-2.0
# GadgetKit::testkit: kernels, test machines and scenarios for programs that run the tests of gadgets.
find_dependency(Threads)
_gadgetkit_archive(testkit libgadgetkit-testkit.a
    LIBRARIES yaml-cpp:libyaml-cpp-dev zstd:libzstd-dev crypto:libssl-dev bpf:libbpf-dev elf:libelf-dev z:zlib1g-dev
    TARGETS Threads::Threads)
