// SPDX-License-Identifier: GPL-2.0
/* Neither vmlinux.h nor the kernel's headers for userspace. */
#define GADGET_TYPE_TRACING
#include <gadget/sockets-map.h>
