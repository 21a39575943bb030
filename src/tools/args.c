/* SPDX-License-Identifier: MIT
 *
 * args.c - see args.h.  Prints complaints and help, nothing else.
 */
#include "tools/args.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/memory.h"
#include "tools/out.h"
#include "tools/text.h"
#include "tools/view.h"

bool
rcp_flag_on(void *into, const struct rcp_flag *flag, const char *value)
{
	(void)value;
	*(bool *)((char *)into + flag->offset) = true;
	return true;
}

bool
rcp_flag_text(void *into, const struct rcp_flag *flag, const char *value)
{
	*(const char **)((char *)into + flag->offset) = value;
	return *value != '\0';
}

bool
rcp_flag_count(void *into, const struct rcp_flag *flag, const char *value)
{
	uint64_t n;
	const char *end = rcp_parse_u64(value, &n);

	if (!end || *end || n == 0)
		return false;
	*(uint64_t *)((char *)into + flag->offset) = n;
	return true;
}

/* --- which word was meant ------------------------------------------------- */

#define LONGEST_WORD 32

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap neighbours) from one word to the
 * other. */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_WORD + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > LONGEST_WORD || lb > LONGEST_WORD)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3];
		const size_t *last = rows[(i + 2) % 3];
		const size_t *older = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			row[j] = least(least(last[j], row[j - 1]) + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], older[j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const char *
rcp_nearest(const char *word, const char *const *list)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	for (; *list; list++) {
		size_t d = distance(word, *list);

		/* What was typed so far counts as near. */
		if (strlen(word) >= 2 &&
		    strncmp(word, *list, strlen(word)) == 0)
			d = 1;
		/* Letters in a wrong order leave the length as it is. */
		if (d < best_distance ||
		    (d == best_distance && d != SIZE_MAX &&
		     strlen(*list) == strlen(word) &&
		     strlen(best) != strlen(word))) {
			best_distance = d;
			best = *list;
		}
	}
	return best_distance <= 1 + strlen(word) / 3 ? best : NULL;
}

/* --- parsing -------------------------------------------------------------- */

struct parser {
	const struct rcp_command *command;
	void *own, *view;
	char **argv;
	int argc, next;
};

static const struct rcp_flag help_flag = { "help", 'h', NULL,
					   "show this help", NULL, NULL, 0,
					   0 };

/* Calls fn for each flag that the command takes, until it returns true. */
static const struct rcp_flag *
each_flag(const struct parser *p, bool (*fn)(const struct rcp_flag *, void *),
	  void *context, void **into)
{
	const struct rcp_flag *flag;

	*into = p->own;
	for (flag = p->command->flags; flag && flag->name; flag++) {
		if (fn(flag, context))
			return flag;
	}
	*into = p->view;
	for (flag = rcp_view_flags; p->command->takes && flag->name; flag++) {
		if ((flag->shared & p->command->takes) && fn(flag, context))
			return flag;
	}
	*into = NULL;
	return fn(&help_flag, context) ? &help_flag : NULL;
}

struct wanted {
	const char *name; /* long, `len` bytes; or NULL */
	size_t len;
	char letter;
};

static bool
is_wanted(const struct rcp_flag *flag, void *context)
{
	const struct wanted *wanted = context;

	if (!wanted->name)
		return flag->letter == wanted->letter;
	return strlen(flag->name) == wanted->len &&
	       memcmp(flag->name, wanted->name, wanted->len) == 0;
}

struct names {
	const char **list;
	size_t count, room;
};

static bool
collect_name(const struct rcp_flag *flag, void *context)
{
	struct names *names = context;

	names->list = rcp_room(names->list, names->count, &names->room,
			       sizeof(*names->list));
	names->list[names->count++] = flag->name;
	return false;
}

static int
complain_unknown(const struct parser *p, const char *arg,
		 const struct wanted *wanted)
{
	struct names names = { 0 };
	const char *near = NULL;
	void *into;

	if (wanted->name) {
		char *typed = rcp_copy(wanted->name);

		typed[wanted->len] = '\0';
		each_flag(p, collect_name, &names, &into);
		names.list = rcp_room(names.list, names.count, &names.room,
				      sizeof(*names.list));
		names.list[names.count] = NULL;
		near = rcp_nearest(typed, names.list);
		free(typed);
	}
	if (near)
		rcp_complain(p->command->name,
			     "%s: no such option; the nearest is --%s", arg,
			     near);
	else
		rcp_complain(p->command->name,
			     "%s: no such option; see: rcprof %s --help", arg,
			     p->command->name);
	free(names.list);
	return RCP_BAD_USAGE;
}

/* Gives a flag its value: NULL, or text. */
static int
apply(const struct parser *p, const struct rcp_flag *flag, void *into,
      const char *value)
{
	if (flag == &help_flag) {
		rcp_args_help(p->command);
		return RCP_DONE;
	}
	if (flag->set(into, flag, value))
		return -1;
	rcp_complain(p->command->name,
		     "--%s: \"%s\" is not valid; allowed: %s", flag->name,
		     value ? value : "", flag->allowed ? flag->allowed : "");
	return RCP_BAD_USAGE;
}

static int
complain_value(const struct parser *p, const struct rcp_flag *flag,
	       const char *value)
{
	if (value)
		rcp_complain(p->command->name, "--%s takes no value",
			     flag->name);
	else
		rcp_complain(p->command->name, "--%s needs a value: %s%s%s",
			     flag->name, flag->argument,
			     flag->allowed ? ", " : "",
			     flag->allowed ? flag->allowed : "");
	return RCP_BAD_USAGE;
}

static int
parse_long(struct parser *p, const char *arg)
{
	const char *equals = strchr(arg, '=');
	const char *value = equals ? equals + 1 : NULL;
	struct wanted wanted = { arg + 2, 0, 0 };
	const struct rcp_flag *flag;
	void *into;

	wanted.len = equals ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
	flag = each_flag(p, is_wanted, &wanted, &into);
	if (!flag)
		return complain_unknown(p, arg, &wanted);
	if (flag->argument && !value && p->next < p->argc)
		value = p->argv[p->next++];
	if (!flag->argument != !value)
		return complain_value(p, flag, value);
	return apply(p, flag, into, value);
}

/* -q, -i1s, -i 1s, -qf */
static int
parse_letters(struct parser *p, const char *arg)
{
	for (const char *s = arg + 1; *s; s++) {
		struct wanted wanted = { NULL, 0, *s };
		void *into;
		const struct rcp_flag *flag =
			each_flag(p, is_wanted, &wanted, &into);
		const char *value = NULL;
		int status;

		if (!flag)
			return complain_unknown(p, arg, &wanted);
		if (flag->argument && s[1])
			value = s + 1;
		else if (flag->argument && p->next < p->argc)
			value = p->argv[p->next++];
		if (flag->argument && !value)
			return complain_value(p, flag, NULL);
		status = apply(p, flag, into, value);
		if (status >= 0 || value)
			return status;
	}
	return -1;
}

/* `run -m MODULE` and `run -c CODE`: the command begins here. */
static bool
is_python_flag(const char *arg)
{
	return arg[0] == '-' && (arg[1] == 'm' || arg[1] == 'c');
}

int
rcp_args_parse(const struct rcp_command *command, void *own, void *view,
	       int argc, char **argv, struct rcp_rest *rest)
{
	struct parser p = { command, own, view, argv, argc, 0 };

	*rest = (struct rcp_rest){ argv, 0 };
	while (p.next < argc) {
		char *arg = argv[p.next++];
		int status = -1;

		if (strcmp(arg, "--") == 0) {
			break;
		} else if (command->verbatim && is_python_flag(arg)) {
			p.next--;
			break;
		} else if (arg[0] == '-' && arg[1] == '-') {
			status = parse_long(&p, arg);
		} else if (arg[0] == '-' && arg[1]) {
			status = parse_letters(&p, arg);
		} else if (command->verbatim) {
			p.next--;
			break;
		} else {
			rest->items[rest->count++] = arg;
		}
		if (status >= 0)
			return status;
	}
	while (p.next < argc)
		rest->items[rest->count++] = argv[p.next++];
	return -1;
}

/* --- help ----------------------------------------------------------------- */

struct help {
	struct rcp_out out;
	size_t left; /* width of the flags' column */
};

#define MOST_LEFT 26

static void
flag_title(struct rcp_text *t, const struct rcp_flag *flag)
{
	if (flag->letter)
		rcp_text_format(t, "  -%c, --%s", flag->letter, flag->name);
	else
		rcp_text_format(t, "      --%s", flag->name);
	if (flag->argument)
		rcp_text_format(t, " %s", flag->argument);
}

static bool
print_flag(const struct rcp_flag *flag, void *context)
{
	struct help *help = context;
	struct rcp_text line = { 0 };
	size_t width;

	flag_title(&line, flag);
	width = rcp_text_width(line.s);
	if (width + 2 > MOST_LEFT) {
		rcp_out_line(&help->out, RCP_PLAIN, line.s);
		rcp_text_clear(&line);
		width = 0;
	}
	rcp_text_fill(&line, " ", MOST_LEFT - width);
	for (const char *s = flag->help; *s; s++)
		rcp_text_char(&line, *s == '\n' ? ' ' : *s);
	rcp_out_wrap(&help->out, RCP_PLAIN, line.s, MOST_LEFT);
	rcp_text_free(&line);
	return false;
}

void
rcp_args_help(const struct rcp_command *command)
{
	struct parser p = { .command = command };
	struct help help = { rcp_out_start(true), 0 };
	const char *about = command->about;
	void *into;

	if (help.out.columns > 80)
		help.out.columns = 80;
	printf("usage: rcprof %s %s\n\n", command->name, command->usage);
	while (about && *about) {
		size_t len = strcspn(about, "\n");
		struct rcp_text line = { 0 };

		rcp_text_bytes(&line, about, len);
		rcp_out_wrap(&help.out, RCP_PLAIN, line.s, 0);
		rcp_text_free(&line);
		about += len + (about[len] == '\n');
	}
	if (about)
		putchar('\n');
	printf("Options:\n");
	each_flag(&p, print_flag, &help, &into);
}
