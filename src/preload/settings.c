/* SPDX-License-Identifier: MIT
 *
 * settings.c - what the environment says: options, and the root of the tree.
 *
 * Runs once at start, perhaps before main and before other constructors: no
 * stdio, and a bad value is said on stderr while the program runs on with the
 * default.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "interpose/interpose.h"
#include "preload/life.h"

#define ROOT_VARIABLE "RCPROF_ROOT"

/* getenv without libc's lock. */
const char *
rcp_settings_env(const char *name)
{
	size_t size = strlen(name);

	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, name, size) == 0 && (*e)[size] == '=')
			return *e + size + 1;
	return NULL;
}

void
rcp_settings_complain(const char *what, const char *reason)
{
	char text[600];
	struct rcp_str s = RCP_STR(text);

	rcp_str_add(&s, "rcprof: ");
	rcp_str_add(&s, what);
	rcp_str_add(&s, ": ");
	rcp_str_add_clean(&s, reason);
	rcp_str_add(&s, "\n");
	rcp_sys_write(2, s.buf, s.len);
}

void
rcp_settings_read(struct rcp_options *o)
{
	char text[400];

	rcp_options_init(o);
	for (int i = 0; i < RCP_OPTIONS; i++) {
		const char *name = rcp_option_table[i].variable;
		const char *value = rcp_settings_env(name);
		struct rcp_str reason = RCP_STR(text);

		if (value &&
		    !rcp_options_set(o, (enum rcp_option_id)i, value, &reason))
			rcp_settings_complain(name, reason.buf);
	}
}

/* Field 22 of /proc/self/stat, clock ticks since boot; 0 when unreadable. */
static uint64_t
own_start(void)
{
	char text[1024], *p;
	long fd = rcp_sys_open("/proc/self/stat", O_RDONLY | O_CLOEXEC, 0);
	uint64_t ticks = 0;
	long n;

	if (fd < 0)
		return 0;
	n = rcp_sys_read((int)fd, text, sizeof(text) - 1);
	rcp_sys_close((int)fd);
	text[n > 0 ? n : 0] = '\0';
	/* The name may hold blanks and brackets: fields count from its end. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	if (p)
		rcp_parse_u64(p, &ticks);
	return ticks;
}

static void
make_absolute(struct rcp_str *out, const char *path)
{
	long n;

	if (*path != '/') {
		n = RCP_SYS2(SYS_getcwd, out->buf, out->cap - 1);
		if (n > 0) {
			out->len = (size_t)n - 1;
			rcp_str_char(out, '/');
		}
	}
	rcp_str_add(out, path);
}

/* "PID:START:TEMPLATE" of the root; false: there is none, or it is damaged. */
static bool
read_root(struct rcp_life *life, uint64_t *pid)
{
	const char *p = rcp_settings_env(ROOT_VARIABLE);
	struct rcp_str output = RCP_STR(life->output);

	if (!p || !(p = rcp_parse_u64(p, pid)) || *p++ != ':' ||
	    !(p = rcp_parse_u64(p, &life->root_start)) || *p++ != ':' ||
	    *p != '/')
		return false;
	rcp_str_add(&output, p);
	return !output.cut;
}

static void
announce_root(const struct rcp_life *life)
{
	char text[sizeof(life->output) + 64];
	struct rcp_str s = RCP_STR(text);

	rcp_str_u64(&s, life->root_pid);
	rcp_str_char(&s, ':');
	rcp_str_u64(&s, life->root_start);
	rcp_str_char(&s, ':');
	rcp_str_add(&s, life->output);
	rcp_boot_enter();
	setenv(ROOT_VARIABLE, text, 1);
	rcp_boot_leave();
}

void
rcp_settings_root(struct rcp_life *life)
{
	uint64_t start = own_start(), pid = 0;

	if (read_root(life, &pid)) {
		life->root_pid = (uint32_t)pid;
		/* The root may have exec'd: same process, new program. */
		life->is_root = (long)pid == life->pid &&
				life->root_start == start;
		return;
	}
	struct rcp_str output = RCP_STR(life->output);

	make_absolute(&output, life->options.output);
	life->is_root = true;
	life->root_pid = (uint32_t)life->pid;
	life->root_start = start;
	announce_root(life);
}
