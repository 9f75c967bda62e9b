# SPDX-License-Identifier: Apache-2.0
# Builds gadget-run for the other architecture: -DGADGETKIT_CROSS_MACHINE=aarch64|x86_64 -DGADGETKIT_SYSROOT=<folder made
# by make-sysroot>. Headers and static archives come from the sysroot only, the C library from the cross compiler.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES GADGETKIT_CROSS_MACHINE GADGETKIT_SYSROOT)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${GADGETKIT_CROSS_MACHINE})
set(triple ${GADGETKIT_CROSS_MACHINE}-linux-gnu)
set(CMAKE_C_COMPILER ${triple}-gcc)
set(CMAKE_CXX_COMPILER ${triple}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${triple})
set(CMAKE_FIND_ROOT_PATH "${GADGETKIT_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_CXX_FLAGS_INIT "-isystem ${GADGETKIT_SYSROOT}/usr/include -isystem ${GADGETKIT_SYSROOT}/usr/include/${triple}")
set(CMAKE_C_FLAGS_INIT "${CMAKE_CXX_FLAGS_INIT}")
