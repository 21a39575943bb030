/* SPDX-License-Identifier: MIT
 *
 * identity.c - calls that concern the whole process or must find it single
 * threaded: the helper stands aside while they run.
 */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include "interpose/interpose.h"

#define ALONE(call) \
	do { \
		int result_, error_; \
		rcp_next_resolve(); \
		rcp_interpose_events.identity_begin(); \
		result_ = (call); \
		error_ = errno; \
		rcp_interpose_events.identity_end(); \
		errno = error_; \
		return result_; \
	} while (0)

#define PATIENCE 20

/* The kernel lets go of the helper's id a moment before all else of it, and
 * refuses meanwhile as it does for a program with threads. */
static int
unshare_patiently(int flags)
{
	int result = rcp_next.unshare(flags);

	for (int i = 0; i < PATIENCE && result < 0 && errno == EINVAL; i++) {
		sched_yield();
		result = rcp_next.unshare(flags);
	}
	return result;
}

RCP_EXPORT int
unshare(int flags)
{
	ALONE(unshare_patiently(flags));
}

RCP_EXPORT int
setns(int fd, int type)
{
	ALONE(rcp_next.setns(fd, type));
}

RCP_EXPORT int
chroot(const char *path)
{
	ALONE(rcp_next.chroot(path));
}

RCP_EXPORT int
setuid(uid_t id)
{
	ALONE(rcp_next.setuid(id));
}

RCP_EXPORT int
setgid(gid_t id)
{
	ALONE(rcp_next.setgid(id));
}

RCP_EXPORT int
seteuid(uid_t id)
{
	ALONE(rcp_next.seteuid(id));
}

RCP_EXPORT int
setegid(gid_t id)
{
	ALONE(rcp_next.setegid(id));
}

RCP_EXPORT int
setreuid(uid_t real, uid_t effective)
{
	ALONE(rcp_next.setreuid(real, effective));
}

RCP_EXPORT int
setregid(gid_t real, gid_t effective)
{
	ALONE(rcp_next.setregid(real, effective));
}

RCP_EXPORT int
setresuid(uid_t real, uid_t effective, uid_t saved)
{
	ALONE(rcp_next.setresuid(real, effective, saved));
}

RCP_EXPORT int
setresgid(gid_t real, gid_t effective, gid_t saved)
{
	ALONE(rcp_next.setresgid(real, effective, saved));
}

RCP_EXPORT int
setgroups(size_t n, const gid_t *groups)
{
	ALONE(rcp_next.setgroups(n, groups));
}

/* It asks the name service, which loads libraries and may wait for a network:
 * not while the helper is held.  That stands aside afterwards, and comes back
 * as who the program is then. */
RCP_EXPORT int
initgroups(const char *user, gid_t group)
{
	int result, error;

	rcp_next_resolve();
	result = rcp_next.initgroups(user, group);
	error = errno;
	rcp_interpose_events.identity_begin();
	rcp_interpose_events.identity_end();
	errno = error;
	return result;
}
