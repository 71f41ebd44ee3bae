/* SPDX-License-Identifier: MIT */
/*
 * stream.h: what goes over the line when a guest moves.
 *
 *	there	its policy: a record (cpulevel/record.h)
 *	back	an answer
 *	there	after a yes: messages, the last of them STREAM_END
 *	back	an answer: it runs, or it does not
 *
 * A guest that is saved goes the same way, and nobody answers.
 */
#ifndef XENLAB_STREAM_H
#define XENLAB_STREAM_H

#include <cpulevel/check.h>

#include "abi.h"

enum stream_type {
	STREAM_PAGE = 1,  /* arg: number and type, page_arg() */
	STREAM_TSC,       /* struct xen_domctl_tsc_info */
	STREAM_HVM,       /* the whole of XEN_DOMCTL_gethvmcontext */
	STREAM_PV_VCPU,   /* vcpu_guest_context_t, frames of the guest in it */
	STREAM_PV_EXT,    /* struct xen_domctl_ext_vcpucontext */
	STREAM_PV_XSTATE, /* XEN_DOMCTL_getvcpuextstate */
	STREAM_PV_MSRS,   /* xen_domctl_vcpu_msr_t, each */
	STREAM_STOP,      /* the guest stays where it was */
	STREAM_END        /* arg: CRC-32C of all messages before */
};

struct message {
	uint32_t type, length; /* of the data behind it */
	uint64_t arg;
};

#define STREAM_LONGEST 65536u

/* Before the record, at either end. */
void stream_begin(void);

/* 0, or -1 if the line is full. */
int stream_put(enum stream_type type, uint64_t arg, const void *p, size_t n);
int stream_end(void);

/* At most STREAM_LONGEST bytes go to p.  -1: late, too long or damaged. */
int stream_get(struct message *m, void *p);

/* One finding, for who reads it on the other host. */
struct told {
	uint32_t severity, reason;
	uint64_t guest, host;
	char field[48];
};

#define ANSWER_FINDINGS 256u

struct answer {
	uint32_t verdict; /* enum lvl_verdict */
	uint32_t nr;      /* findings; all of them are told */
	struct told told[ANSWER_FINDINGS];
};

int answer_put(const struct answer *a);
int answer_get(struct answer *a);

#endif /* XENLAB_STREAM_H */
