/* SPDX-License-Identifier: MIT
 *
 * probe.c - see probe.h.
 */
#include "tools/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/memory.h"
#include "tools/program.h"

#define PATIENCE 10000 /* ms */
#define STEP 10        /* ms */
#define MOST_SAID 4000

/* The child: nothing of the terminal, a process group of its own. */
static _Noreturn void
become(const struct rcp_probe *probe, const char *path, char *const *argv,
       const char *library)
{
	char output[600], log[600];
	int null = open("/dev/null", O_RDWR);
	int said;

	snprintf(output, sizeof(output), "%s/%%p.rcprof", probe->directory);
	snprintf(log, sizeof(log), "%s/stderr", probe->directory);
	said = open(log, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (null < 0 || said < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(said, 2) < 0)
		_exit(125);
	setpgid(0, 0);
	setenv("RCPROF_OUTPUT", output, 1);
	setenv("RCPROF_MODE", "exact", 1);
	setenv("RCPROF_OBJECTS", "on", 0);
	setenv("RCPROF_QUIET", "1", 1);
	setenv("RCPROF_RSS_INTERVAL", "10ms", 1);
	setenv("RCPROF_INTERVAL", "100ms", 1);
	unsetenv("RCPROF_ROOT");
	rcp_program_preload(library);
	execv(path, argv);
	_exit(127);
}

static bool
wait_for(struct rcp_probe *probe, pid_t pid)
{
	const struct timespec step = { 0, STEP * 1000000 };

	for (int waited = 0; waited < PATIENCE; waited += STEP) {
		pid_t got = waitpid(pid, &probe->status, WNOHANG);

		if (got == pid)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		nanosleep(&step, NULL);
	}
	probe->timed_out = true;
	kill(-pid, SIGTERM);
	nanosleep(&(const struct timespec){ 0, 500000000 }, NULL);
	kill(-pid, SIGKILL);
	return waitpid(pid, &probe->status, 0) == pid;
}

static void
read_said(struct rcp_probe *probe)
{
	char path[600], text[MOST_SAID];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/stderr", probe->directory);
	file = fopen(path, "re");
	if (!file)
		return;
	n = fread(text, 1, sizeof(text), file);
	rcp_text_bytes(&probe->said, text, n);
	fclose(file);
}

static void
find_profiles(struct rcp_probe *probe)
{
	DIR *dir = opendir(probe->directory);
	struct dirent *entry;
	size_t room = 0;

	while (dir && (entry = readdir(dir))) {
		struct rcp_text path = { 0 };

		if (!strstr(entry->d_name, ".rcprof"))
			continue;
		rcp_text_format(&path, "%s/%s", probe->directory,
				entry->d_name);
		probe->profiles =
			rcp_room(probe->profiles, probe->profile_count, &room,
				 sizeof(*probe->profiles));
		probe->profiles[probe->profile_count++] = path.s;
	}
	if (dir)
		closedir(dir);
}

bool
rcp_probe_run(struct rcp_probe *probe, const char *path, char *const *argv,
	      const char *library, struct rcp_error *error)
{
	const char *place = getenv("TMPDIR");
	pid_t pid;

	*probe = (struct rcp_probe){ .directory = "" };
	place = place && *place && strlen(place) < 400 ? place : "/tmp";
	snprintf(probe->directory, sizeof(probe->directory),
		 "%s/rcprof-doctor.XXXXXX", place);
	if (!mkdtemp(probe->directory)) {
		rcp_error_set(error, "%s: %s", place, strerror(errno));
		probe->directory[0] = '\0';
		return false;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(probe, path, argv, library);
	if (pid < 0 || !wait_for(probe, pid)) {
		rcp_error_set(error, "%s: %s", path, strerror(errno));
		return false;
	}
	read_said(probe);
	find_profiles(probe);
	return true;
}

void
rcp_probe_free(struct rcp_probe *probe)
{
	DIR *dir = probe->directory[0] ? opendir(probe->directory) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir) {
		closedir(dir);
		rmdir(probe->directory);
	}
	while (probe->profile_count > 0)
		free(probe->profiles[--probe->profile_count]);
	free(probe->profiles);
	rcp_text_free(&probe->said);
}
