/* SPDX-License-Identifier: MIT */
/*
 * Whole processes side by side: time and memory.
 *
 * usage: measure RUNS COMMAND... [-- COMMAND...]...
 *
 * The commands take turns, so that what disturbs the machine disturbs all of
 * them.  Prints a line a command: median and least wall time, median
 * processor time (both in ms), greatest resident set (KiB), exit status.
 * Standard output of the commands is dropped.  This is not a script because a
 * child's greatest resident set begins with that of whoever started it.
 */
#define _DEFAULT_SOURCE /* wait4 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_RUNS 1000

struct command {
	char **argv;
	double wall[MAX_RUNS], cpu[MAX_RUNS];
	long kib;
	int status;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms(const struct timeval *t)
{
	return (double)t->tv_sec * 1e3 + (double)t->tv_usec / 1e3;
}

static void child(char **argv)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd >= 0)
		dup2(fd, STDOUT_FILENO);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static int run_once(struct command *c, unsigned run)
{
	struct rusage used;
	double began = now();
	pid_t pid = fork();
	int status;

	if (!pid)
		child(c->argv);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
		perror("measure");
		return 1;
	}
	c->wall[run] = now() - began;
	c->cpu[run] = ms(&used.ru_utime) + ms(&used.ru_stime);
	if (used.ru_maxrss > c->kib)
		c->kib = used.ru_maxrss;
	c->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	return c->status >= 126;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(struct command *c, unsigned runs)
{
	qsort(c->wall, runs, sizeof(c->wall[0]), by_value);
	qsort(c->cpu, runs, sizeof(c->cpu[0]), by_value);
	printf("%.3f\t%.3f\t%.3f\t%ld\t%d\n", c->wall[runs / 2], c->wall[0],
	       c->cpu[runs / 2], c->kib, c->status);
}

/* argv up to the next "--" is one command. */
static unsigned split(char **argv, struct command *c)
{
	unsigned n = 0;

	while (*argv && n < MAX_COMMANDS) {
		c[n++].argv = argv;
		while (*argv && strcmp(*argv, "--"))
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct command c[MAX_COMMANDS];
	unsigned runs = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	unsigned n, i, run;

	if (!runs || runs > MAX_RUNS) {
		fprintf(stderr, "usage: measure RUNS COMMAND... [-- ...]\n");
		return 2;
	}
	n = split(argv + 2, c);
	for (run = 0; run < runs; run++)
		for (i = 0; i < n; i++)
			if (run_once(&c[i], run))
				return 1;
	for (i = 0; i < n; i++)
		print(&c[i], runs);
	return 0;
}
