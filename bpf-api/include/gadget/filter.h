/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Filters that every gadget offers the same way: container, pid, tid, uid,
 * gid and comm. Each is a parameter, and off by default.
 *
 * Define GADGET_TYPE_NETWORKING before inclusion in programs that have no
 * current task (socket filters, classifiers): what needs one is left out.
 */
#ifndef __GADGET_FILTER_H
#define __GADGET_FILTER_H

#include <bpf/bpf_helpers.h>

#include <gadget/macros.h>
#include <gadget/types.h>
#include <gadget/mntns_filter.h>
#ifndef GADGET_TYPE_NETWORKING
#include <gadget/mntns.h>
#endif

/* No user and no group has this number. */
#define GADGET_INVALID_ID ((__u32)-1)

const volatile gadget_pid targ_pid = 0;
const volatile gadget_tid targ_tid = 0;
const volatile gadget_uid targ_uid = GADGET_INVALID_ID;
const volatile gadget_gid targ_gid = GADGET_INVALID_ID;
const volatile gadget_comm targ_comm[TASK_COMM_LEN] = {};

GADGET_PARAM(targ_pid);
GADGET_PARAM(targ_tid);
GADGET_PARAM(targ_uid);
GADGET_PARAM(targ_gid);
GADGET_PARAM(targ_comm);

/* Each of these is true when its filter is set and asks for something else. */

static __always_inline bool gadget_should_discard_pid(gadget_pid pid)
{
	return targ_pid != 0 && targ_pid != pid;
}

static __always_inline bool gadget_should_discard_tid(gadget_tid tid)
{
	return targ_tid != 0 && targ_tid != tid;
}

static __always_inline bool gadget_should_discard_uid(gadget_uid uid)
{
	return targ_uid != GADGET_INVALID_ID && targ_uid != uid;
}

static __always_inline bool gadget_should_discard_gid(gadget_gid gid)
{
	return targ_gid != GADGET_INVALID_ID && targ_gid != gid;
}

static __always_inline bool __gadget_comm_filter_is_set(void)
{
	return targ_comm[0] != '\0';
}

/* All TASK_COMM_LEN bytes are compared, also those after the NUL. */
static __always_inline bool gadget_should_discard_comm(gadget_comm *comm)
{
	if (!__gadget_comm_filter_is_set())
		return false;

#pragma unroll
	for (int i = 0; i < TASK_COMM_LEN; i++) {
		if (targ_comm[i] != comm[i])
			return true;
	}
	return false;
}

/* All filters, on data that the caller has. comm has TASK_COMM_LEN bytes. */
static __always_inline bool
gadget_should_discard_data(gadget_mntns_id mntns_id, gadget_pid pid,
			   gadget_tid tid, gadget_comm *comm, gadget_uid uid,
			   gadget_gid gid)
{
	return gadget_should_discard_mntns_id(mntns_id) ||
	       gadget_should_discard_pid(pid) ||
	       gadget_should_discard_tid(tid) ||
	       gadget_should_discard_uid(uid) ||
	       gadget_should_discard_gid(gid) ||
	       gadget_should_discard_comm(comm);
}

#ifndef GADGET_TYPE_NETWORKING

/* All filters, on the current task; data is only fetched for filters in use. */
static __always_inline bool gadget_should_discard_data_current(void)
{
	if (gadget_filter_by_mntns &&
	    gadget_should_discard_mntns_id(gadget_get_current_mntns_id()))
		return true;

	if (targ_pid != 0 || targ_tid != 0) {
		__u64 pid_tgid = bpf_get_current_pid_tgid();

		if (gadget_should_discard_pid(pid_tgid >> 32) ||
		    gadget_should_discard_tid((__u32)pid_tgid))
			return true;
	}

	if (targ_uid != GADGET_INVALID_ID || targ_gid != GADGET_INVALID_ID) {
		__u64 uid_gid = bpf_get_current_uid_gid();

		if (gadget_should_discard_uid((__u32)uid_gid) ||
		    gadget_should_discard_gid(uid_gid >> 32))
			return true;
	}

	if (__gadget_comm_filter_is_set()) {
		gadget_comm comm[TASK_COMM_LEN] = {};

		bpf_get_current_comm(comm, sizeof(comm));
		if (gadget_should_discard_comm(comm))
			return true;
	}

	return false;
}

#endif /* GADGET_TYPE_NETWORKING */

/*
 * All filters, on what the socket enricher knows. Without a value (NULL) the
 * packet passes only if no filter is in use.
 */
static __always_inline bool
gadget_should_discard_data_by_skb(struct gadget_socket_value *skb_val)
{
	if (!skb_val)
		return gadget_filter_by_mntns || targ_pid != 0 ||
		       targ_tid != 0 || targ_uid != GADGET_INVALID_ID ||
		       targ_gid != GADGET_INVALID_ID ||
		       __gadget_comm_filter_is_set();

	return gadget_should_discard_data(skb_val->mntns,
					  skb_val->pid_tgid >> 32,
					  (__u32)skb_val->pid_tgid,
					  skb_val->task,
					  (__u32)skb_val->uid_gid,
					  skb_val->uid_gid >> 32);
}

#endif /* __GADGET_FILTER_H */
