/* SPDX-License-Identifier: MIT
 *
 * process.c - see process.h.  Runs in threads of the program, at start and
 * when the file is opened, and in the helper: raw system calls, no errno.
 */
#include "emit/process.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "base/str.h"
#include "emit/info.h"
#include "emit/os.h"
#include "emit/state.h"

#define COMMAND_MAX (64u << 10)

static char cwd[RCP_EMIT_PATH];
static struct utsname machine;

/* Up to CAP bytes of PATH; how many. */
static size_t
read_all(const char *path, char *buf, size_t cap)
{
	long fd = rcp_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	size_t len = 0;
	long n;

	if (fd < 0)
		return 0;
	while (len < cap &&
	       (n = rcp_sys_read((int)fd, buf + len, cap - len)) > 0)
		len += (size_t)n;
	rcp_sys_close((int)fd);
	return len;
}

/* A number from a stat of /proc. */
static uint64_t
stat_field_of(const char *path, int wanted)
{
	char text[512];
	uint64_t value = 0;
	size_t len = read_all(path, text, sizeof(text) - 1);
	const char *p;

	text[len] = '\0';
	/* Field 2 is the name in parentheses and may hold anything. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < wanted; field++)
		p = strchr(p + 1, ' ');
	if (p)
		rcp_parse_u64(p + 1, &value);
	return value;
}

static uint64_t
stat_field(int wanted)
{
	return stat_field_of("/proc/self/stat", wanted);
}

uint64_t
rcp_process_start_of(uint32_t pid)
{
	char path[32];
	struct rcp_str s = RCP_STR(path);

	rcp_str_add(&s, "/proc/");
	rcp_str_u64(&s, pid);
	rcp_str_add(&s, "/stat");
	return stat_field_of(path, 22);
}

uint64_t
rcp_process_start(void)
{
	return stat_field(22);
}

uint64_t
rcp_process_threads(void)
{
	return stat_field(20);
}

int
rcp_process_exit_status(void)
{
	return (int)(stat_field(52) >> 8 & 0xff);
}

const char *
rcp_process_host(void)
{
	if (!machine.nodename[0] && RCP_SYS1(SYS_uname, &machine) < 0)
		return "localhost";
	return machine.nodename;
}

const char *
rcp_process_cwd(void)
{
	static bool asked;

	/* "(unreachable)/..." is what the kernel calls a directory that is
	 * out of our root. */
	if (!asked &&
	    (RCP_SYS2(SYS_getcwd, cwd, sizeof(cwd)) < 2 || cwd[0] != '/'))
		cwd[0] = '\0';
	asked = true;
	return cwd;
}

static void
tell_number(const char *key, uint64_t n)
{
	char text[24];
	struct rcp_str s = RCP_STR(text);

	rcp_str_u64(&s, n);
	rcp_info_set(RCP_CHUNK_INFO, key, s.buf, s.len);
}

static void
tell(const char *key, const char *value)
{
	rcp_info_set(RCP_CHUNK_INFO, key, value, strlen(value));
}

/* The budget as percent with its decimals: 10,000 millionths are "1". */
static void
tell_sampling(void)
{
	const struct rcp_options *o = &rcp_emit.options;
	uint64_t rest = o->budget % 10000;
	char text[32];
	struct rcp_str s = RCP_STR(text);

	if (o->rate) {
		tell_number(RCP_INFO_RATE, o->rate);
		return;
	}
	tell(RCP_INFO_RATE, "auto");
	rcp_str_u64(&s, o->budget / 10000);
	if (rest)
		rcp_str_char(&s, '.');
	for (uint64_t digit = 1000; rest; digit /= 10) {
		rcp_str_u64(&s, rest / digit);
		rest %= digit;
	}
	tell(RCP_INFO_BUDGET, text);
}

void
rcp_process_tell(void)
{
	static const char *const modes[] = {
		[RCP_MODE_EXACT] = "exact",
		[RCP_MODE_SAMPLE] = "sample",
		[RCP_MODE_IDLE] = "idle",
	};
	char *buf = rcp_pages_new(COMMAND_MAX);
	long n;

	if (buf) {
		size_t len = read_all("/proc/self/cmdline", buf, COMMAND_MAX);

		rcp_info_set(RCP_CHUNK_INFO, RCP_INFO_COMMAND, buf, len);
		n = rcp_os_readlink("/proc/self/exe", buf, RCP_EMIT_PATH);
		if (n > 0)
			rcp_info_set(RCP_CHUNK_INFO, RCP_INFO_EXE, buf,
				     (size_t)n);
		rcp_pages_free(buf, COMMAND_MAX);
	}
	tell(RCP_INFO_VERSION, "rcprof " PACKAGE_VERSION);
	tell(RCP_INFO_PROGRAM, rcp_emit.program);
	if (rcp_process_cwd()[0])
		tell(RCP_INFO_CWD, cwd);
	tell(RCP_INFO_HOST, rcp_process_host());
	tell(RCP_INFO_MODE, modes[rcp_emit.options.mode]);
	if (rcp_emit.options.mode == RCP_MODE_SAMPLE)
		tell_sampling();
	tell_number(RCP_INFO_INTERVAL, rcp_emit.options.interval);
	tell_number(RCP_INFO_RSS_INTERVAL, rcp_emit.options.rss_interval);
	tell_number(RCP_INFO_TEMPORARY, rcp_emit.options.temporary);
}
