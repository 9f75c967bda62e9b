// SPDX-License-Identifier: Apache-2.0
// The least that a PID 1 can do: say that it is there, and switch the machine off.
#include <sys/reboot.h>
#include <unistd.h>

int main() {
    (void)!::write(1, "up\n", 3);
    (void)::reboot(RB_POWER_OFF);
    while (true) ::pause();
}
