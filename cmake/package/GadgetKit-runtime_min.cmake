# SPDX-License-Identifier: Apache-2.0
# GadgetKit::runtime_min: one archive that needs libbpf, libelf and zlib.
find_dependency(Threads)
_gadgetkit_archive(runtime_min libgadgetkit-runtime-min.a LIBRARIES bpf:libbpf-dev elf:libelf-dev z:zlib1g-dev
    TARGETS Threads::Threads)
