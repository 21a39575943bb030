/* SPDX-License-Identifier: MIT
 *
 * timed.c - run one command and say what it cost.
 *
 *	timed FILE CPU COMMAND [ARG...]
 *
 * writes one line of JSON to FILE: seconds from before the fork until the
 * command is gone, its CPU seconds with those of all it waited for, the peak
 * RSS of the largest of these processes, and its exit status (128 + signal).
 * CPU is the core it is to stay on, or -1.
 *
 * Why not from Python: a child's peak RSS begins with that of the process
 * that forked it, and a small program's own would drown in Python's.
 */
/* For sched_setaffinity(). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void
start(int cpu, char **argv)
{
	if (cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set)) {
			perror("timed: cpu");
			_exit(126);
		}
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

int
main(int argc, char **argv)
{
	struct rusage used;
	double began, wall;
	int status;
	pid_t pid;
	FILE *out;

	if (argc < 4) {
		fprintf(stderr, "usage: timed FILE CPU COMMAND [ARG...]\n");
		return 2;
	}
	began = now();
	pid = fork();
	if (pid < 0) {
		perror("timed: fork");
		return 2;
	}
	if (!pid) {
		start((int)strtol(argv[2], NULL, 10), argv + 3);
	}
	while (wait4(pid, &status, 0, &used) < 0) {
		if (errno != EINTR) {
			perror("timed: wait4");
			return 2;
		}
	}
	wall = now() - began;
	out = fopen(argv[1], "w");
	if (!out) {
		perror(argv[1]);
		return 2;
	}
	fprintf(out,
		"{\"wall\": %.6f, \"user\": %.6f, \"sys\": %.6f, "
		"\"rss_kb\": %ld, \"status\": %d}\n",
		wall, seconds(used.ru_utime), seconds(used.ru_stime),
		used.ru_maxrss,
		WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				      WEXITSTATUS(status));
	return fclose(out) ? 2 : 0;
}
