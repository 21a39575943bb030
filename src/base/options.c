/* SPDX-License-Identifier: MIT
 *
 * options.c - parses values of options.def.  Pure; both in the preload and in
 * the command.
 */
#include "base/options.h"

#include <signal.h>
#include <string.h>

const struct rcp_option rcp_option_table[RCP_OPTIONS] = {
#define IS_FLAG_flag true
#define IS_FLAG_string false
#define IS_FLAG_mode false
#define IS_FLAG_duration false
#define IS_FLAG_count false
#define IS_FLAG_follow false
#define IS_FLAG_bytes false
#define IS_FLAG_rate false
#define IS_FLAG_percent false
#define IS_FLAG_seed false
#define IS_FLAG_signal false
#define IS_FLAG_when false
#define RCP_OPTION(id_, type, var, flag_, letter_, arg, def, allowed_, help_) \
	[RCP_OPTION_##id_] = { .id = #id_,                                    \
			       .variable = var,                               \
			       .flag = flag_,                                 \
			       .argument = arg,                               \
			       .initial = def,                                \
			       .allowed = allowed_,                           \
			       .help = help_,                                 \
			       .letter = letter_,                             \
			       .is_flag = IS_FLAG_##type },
#include "rcprof/options.def"
};

struct word {
	const char *text;
	int value;
};

static bool
parse_word(const struct word *words, const char *text, int *out)
{
	for (; words->text; words++) {
		if (strcmp(words->text, text) == 0) {
			*out = words->value;
			return true;
		}
	}
	return false;
}

static bool
parse_flag(const char *text, bool *out)
{
	static const struct word words[] = { { "1", 1 }, { "0", 0 },
					     { "", 0 },	 { NULL, 0 } };
	int value;

	if (!parse_word(words, text, &value))
		return false;
	*out = value;
	return true;
}

static bool
parse_when(const char *text, enum rcp_when *out)
{
	static const struct word words[] = { { "auto", RCP_WHEN_AUTO },
					     { "on", RCP_WHEN_ON },
					     { "off", RCP_WHEN_OFF },
					     { NULL, 0 } };
	int value;

	if (!parse_word(words, text, &value))
		return false;
	*out = (enum rcp_when)value;
	return true;
}

/* A decimal number with an optional fraction, times one of UNITS. */
static bool
parse_scaled(const char *text, const struct word *units, uint64_t scale,
	     uint64_t *out)
{
	uint64_t whole = 0, fraction = 0, divisor = 1, unit;
	int exponent;

	if (!(text = rcp_parse_u64(text, &whole)))
		return false;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++) {
			if (divisor >= 1000000)
				return false;
			fraction = fraction * 10 + (uint64_t)(*text - '0');
			divisor *= 10;
		}
	}
	if (!parse_word(units, text, &exponent))
		return false;
	for (unit = 1; exponent > 0; exponent--)
		unit *= scale;
	if (whole > UINT64_MAX / unit / 2)
		return false;
	*out = whole * unit + fraction * unit / divisor;
	return true;
}

static bool
in_range(uint64_t value, uint64_t low, uint64_t high)
{
	return value >= low && value <= high;
}

static bool
parse_bytes(const char *text, uint64_t *out)
{
	static const struct word units[] = { { "", 0 },	 { "B", 0 },
					     { "K", 1 }, { "M", 2 },
					     { "G", 3 }, { NULL, 0 } };

	return parse_scaled(text, units, 1024, out);
}

static bool
parse_rate(const char *text, uint64_t *out)
{
	if (strcmp(text, "auto") == 0) {
		*out = 0;
		return true;
	}
	return parse_bytes(text, out) && in_range(*out, 16, 1u << 30);
}

/* To millionths. */
static bool
parse_percent(const char *text, uint64_t *out)
{
	static const struct word units[] = { { "", 1 },
					     { "%", 1 },
					     { NULL, 0 } };

	return parse_scaled(text, units, 10000, out) &&
	       in_range(*out, 100, 1000000);
}

static bool
parse_seed(const char *text, uint64_t *out, bool *given)
{
	const char *rest;

	*given = strcmp(text, "random") != 0;
	if (!*given)
		return true;
	rest = rcp_parse_u64(text, out);
	return rest && *rest == '\0';
}

static bool
parse_duration(const char *text, uint64_t *out)
{
	/* "" is seconds; value = exponent of 1000 ns; m and h below */
	static const struct word units[] = { { "", 3 },	  { "us", 1 },
					     { "ms", 2 }, { "s", 3 },
					     { NULL, 0 } };
	static const struct word minutes[] = { { "m", 1 }, { "h", 2 },
					       { NULL, 0 } };

	if (parse_scaled(text, units, 1000, out))
		return true;
	if (!parse_scaled(text, minutes, 60, out) ||
	    *out > UINT64_MAX / 1000000000u)
		return false;
	*out *= 1000000000u;
	return true;
}

static bool
parse_signal(const char *text, int *out)
{
	static const struct word names[] = {
		{ "", 0 },	      { "HUP", SIGHUP },   { "USR1", SIGUSR1 },
		{ "USR2", SIGUSR2 },  { "PROF", SIGPROF }, { "QUIT", SIGQUIT },
		{ "WINCH", SIGWINCH }, { "URG", SIGURG },  { "IO", SIGIO },
		{ NULL, 0 },
	};

	if (strncmp(text, "SIG", 3) == 0)
		text += 3;
	return parse_word(names, text, out);
}

#define MS 1000000ull
#define DAY (24ull * 3600 * 1000 * MS)

static bool
set_value(struct rcp_options *o, enum rcp_option_id id, const char *value)
{
	static const struct word modes[] = { { "exact", RCP_MODE_EXACT },
					     { "sample", RCP_MODE_SAMPLE },
					     { "idle", RCP_MODE_IDLE },
					     { NULL, 0 } };
	static const struct word follows[] = { { "python", RCP_FOLLOW_PYTHON },
					       { "all", RCP_FOLLOW_ALL },
					       { "none", RCP_FOLLOW_NONE },
					       { NULL, 0 } };
	const char *rest;
	int word;

	switch (id) {
	case RCP_OPTION_output:
		o->output = value;
		return *value != '\0';
	case RCP_OPTION_mode:
		if (!parse_word(modes, value, &word))
			return false;
		o->mode = (enum rcp_mode)word;
		return true;
	case RCP_OPTION_rate:
		return parse_rate(value, &o->rate);
	case RCP_OPTION_budget:
		return parse_percent(value, &o->budget);
	case RCP_OPTION_seed:
		return parse_seed(value, &o->seed, &o->has_seed);
	case RCP_OPTION_interval:
		return parse_duration(value, &o->interval) &&
		       in_range(o->interval, 10 * MS, DAY);
	case RCP_OPTION_rss_interval:
		return parse_duration(value, &o->rss_interval) &&
		       (o->rss_interval == 0 ||
			in_range(o->rss_interval, MS, DAY));
	case RCP_OPTION_temporary:
		rest = rcp_parse_u64(value, &o->temporary);
		return rest && *rest == '\0' && o->temporary <= 1000;
	case RCP_OPTION_follow:
		if (!parse_word(follows, value, &word))
			return false;
		o->follow = (enum rcp_follow)word;
		return true;
	case RCP_OPTION_memory_limit:
		return parse_bytes(value, &o->memory_limit) &&
		       o->memory_limit >= 1u << 20;
	case RCP_OPTION_file_limit:
		return parse_bytes(value, &o->file_limit) &&
		       o->file_limit >= 1u << 20;
	case RCP_OPTION_tree_limit:
		return parse_bytes(value, &o->tree_limit) &&
		       o->tree_limit >= 4u << 20;
	case RCP_OPTION_signal:
		return parse_signal(value, &o->signal);
	case RCP_OPTION_objects:
		return parse_when(value, &o->objects);
	case RCP_OPTION_native:
		return parse_when(value, &o->native);
	case RCP_OPTION_force:
		return parse_flag(value, &o->force);
	case RCP_OPTION_quiet:
		return parse_flag(value, &o->quiet);
	case RCP_OPTION_verbose:
		return parse_flag(value, &o->verbose);
	case RCP_OPTIONS:
		break;
	}
	return false;
}

bool
rcp_options_set(struct rcp_options *o, enum rcp_option_id id,
		const char *value, struct rcp_str *error)
{
	struct rcp_options copy = *o;

	if (set_value(&copy, id, value)) {
		*o = copy;
		return true;
	}
	if (error) {
		rcp_str_char(error, '"');
		rcp_str_add(error, value);
		rcp_str_add(error, "\" is not valid; allowed: ");
		rcp_str_add(error, rcp_option_table[id].allowed);
	}
	return false;
}

void
rcp_options_init(struct rcp_options *o)
{
	memset(o, 0, sizeof(*o));
	for (int i = 0; i < RCP_OPTIONS; i++)
		rcp_options_set(o, (enum rcp_option_id)i,
				rcp_option_table[i].initial, NULL);
}
