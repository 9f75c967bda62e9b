// SPDX-License-Identifier: GPL-2.0
/* Each filter of gadget/filter.h. */
#include <vmlinux.h>
#include <gadget/filter.h>

_Static_assert(GADGET_INVALID_ID == 0xffffffff, "no user has it");
_Static_assert(sizeof(targ_comm) == TASK_COMM_LEN, "size of the name");

SEC("raw_tracepoint/sys_enter")
int on_data(void *ctx)
{
	gadget_comm comm[TASK_COMM_LEN] = "init";

	if (gadget_should_discard_pid(1) || gadget_should_discard_tid(1) ||
	    gadget_should_discard_uid(0) || gadget_should_discard_gid(0) ||
	    gadget_should_discard_comm(comm))
		return 1;
	return gadget_should_discard_data(gadget_get_current_mntns_id(), 1, 1, comm, 0, 0);
}

SEC("raw_tracepoint/sys_exit")
int on_current(void *ctx)
{
	return gadget_should_discard_data_current();
}

/* Off by default: nothing is left out, and the verifier removes the code. */
SEC("raw_tracepoint/sys_enter")
int defaults(void *ctx)
{
	return targ_pid == 0 && targ_tid == 0 && targ_uid == GADGET_INVALID_ID &&
	       targ_gid == GADGET_INVALID_ID && targ_comm[0] == 0;
}

const void *markers[] = {
	&gadget_param_targ_pid, &gadget_param_targ_tid,	 &gadget_param_targ_uid,
	&gadget_param_targ_gid, &gadget_param_targ_comm,
};

char _license[] SEC("license") = "GPL";
