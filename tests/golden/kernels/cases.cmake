# SPDX-License-Identifier: Apache-2.0
# The cases of rules about kernels and targets: a folder with bad/ and good/ for each. kernel.c is the kernel of all.
set(GADGETKIT_KERNEL_CASES
    kernel-core-relocation
    kernel-helper
    kernel-map-type
    kernel-no-btf
    kernel-program-type
    kernel-symbol
    kernel-target
    kernel-target-unconfirmed
    target-probe
    target-symbol
    target-unused
    target-usdt-argument
)
