/* SPDX-License-Identifier: MIT
 *
 * program.c - what the program is called in file names: `app` for
 * `python app.py` and `python -m app`, `python` for -c and stdin.
 */
#include <string.h>

#include "base/sys.h"
#include "preload/life.h"

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* python, python3, python3.12, python3.13t, python3.11-dbg */
static bool
is_python_name(const char *name)
{
	if (strncmp(name, "python", 6) != 0)
		return false;
	name += 6;
	name += strspn(name, "0123456789.");
	return *name == '\0' || strcmp(name, "t") == 0 ||
	       strcmp(name, "d") == 0 || strcmp(name, "-dbg") == 0;
}

static bool
exe_is_python(void)
{
	char exe[4096];
	long n = RCP_SYS4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe,
			  sizeof(exe) - 1);

	if (n <= 0)
		return false;
	exe[n] = '\0';
	return is_python_name(base_name(exe));
}

/* The script or module among an interpreter's arguments, or NULL (-c, stdin,
 * interactive).  Python stops at the first argument that is no option; -m, -c,
 * -W, -X and --check-hash-based-pycs take a value. */
static const char *
find_script(const char *p, const char *end)
{
	for (p += strlen(p) + 1; p < end; p += strlen(p) + 1) {
		const char *letter;

		if (p[0] != '-')
			return p;
		if (p[1] == '\0')
			return NULL;
		if (p[1] == '-') {
			if (strcmp(p, "--check-hash-based-pycs") == 0)
				p += strlen(p) + 1;
			continue;
		}
		letter = p + 1 + strcspn(p + 1, "mcWX");
		if (*letter == 'c')
			return NULL;
		if (*letter != '\0' && letter[1] == '\0')
			p += strlen(p) + 1; /* the value is the next one */
		if (*letter == 'm')
			return letter[1] ? letter + 1 : p < end ? p : NULL;
	}
	return NULL;
}

static void
add_name(struct rcp_str *out, const char *name)
{
	size_t size = strlen(name);

	if (size > 3 && strcmp(name + size - 3, ".py") == 0)
		size -= 3;
	/* A file name: no slashes, no control characters. */
	for (size_t i = 0; i < size && i < 100; i++)
		rcp_str_char(out, (unsigned char)name[i] < ' ' ||
						  name[i] == '/' ?
					  '_' :
					  name[i]);
	if (size == 0)
		rcp_str_add(out, "program");
}

void
rcp_program_name(struct rcp_str *out, bool *is_python)
{
	static char args[8192];
	const char *script, *name = args;
	long fd, n = 0;

	fd = rcp_sys_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		n = rcp_sys_read((int)fd, args, sizeof(args) - 2);
		rcp_sys_close((int)fd);
	}
	if (n < 0)
		n = 0;
	args[n] = args[n + 1] = '\0';
	name = base_name(args);
	*is_python = exe_is_python();
	if (*is_python) {
		script = find_script(args, args + n);
		name = script ? base_name(script) : "python";
		/* python -m package.__main__ and python DIRECTORY/ */
		if (*name == '\0')
			name = "python";
	}
	add_name(out, name);
}
