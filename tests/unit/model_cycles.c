/* SPDX-License-Identifier: MIT
 *
 * model_cycles.c - kinds of cycles over two processes, what would end them, the
 * garbage that waited.
 */
#include "maker.h"
#include "model/model.h"
#include "tap/tap.h"

#define MS UINT64_C(1000000)

enum { A = 1, B, LIST, FUNCTION, CELL, FRAME, ERROR, TRACEBACK };
static const char *const names[] = {
	[A] = "app.A",	       [B] = "app.B",	      [LIST] = "list",
	[FUNCTION] = "function", [CELL] = "cell",     [FRAME] = "frame",
	[ERROR] = "ValueError", [TRACEBACK] = "traceback",
};

static struct maker m;
static struct rcp_set *set;
static struct rcp_view *view;
static struct rcp_cycle_groups *groups;

/* Members are pairs of type and attribute (a string id), 0 ends. */
static void
define(uint64_t id, const uint64_t *members)
{
	struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_CYCLE);
	uint64_t count = 0;

	while (members[2 * count])
		count++;
	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, count);
	for (uint64_t i = 0; i < count; i++) {
		rcp_buf_uv(buf, members[2 * i]);
		rcp_buf_uv(buf, members[2 * i + 1]);
		rcp_buf_uv(buf, 0);
	}
	mk_close(&m);
}

static void
collected(uint64_t id, uint64_t n, uint64_t byte_ms)
{
	struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_CYCLES);
	const uint64_t values[] = { n, 2 * n, 100 * n, n * MS, n * MS,
				    byte_ms };

	rcp_buf_uv(buf, id);
	rcp_buf_uv(buf, 0x3f);
	for (size_t i = 0; i < 6; i++)
		rcp_buf_uv(buf, values[i]);
	mk_close(&m);
}

enum { PARENT = 200, HEAD, NEXT, PROBLEM, TAIL };

/* The second process numbers its members the other way round. */
static void
make(const char *path, bool second)
{
	struct rcp_file_header header = mk_plain_header();
	static const char *const attributes[] = { "_parent", "head", "next",
						  "problem", "tail" };

	header.pid += second;
	mk_begin(&m, &header);
	for (uint64_t i = 0; i < 5; i++)
		mk_string(&m, 200 + i, attributes[i]);
	for (uint64_t i = 1; i <= TRACEBACK; i++) {
		mk_string(&m, 100 + i, names[i]);
		mk_type(&m, i, 100 + i);
	}
	define(1, second ? (const uint64_t[]){ B, PARENT, A, 0, LIST, 0, 0 }
			 : (const uint64_t[]){ A, 0, LIST, 0, B, PARENT, 0 });
	define(2, (const uint64_t[]){ A, NEXT, A, NEXT, 0 });
	define(3, (const uint64_t[]){ FUNCTION, 0, CELL, 0, 0 });
	define(4, (const uint64_t[]){ FRAME, PROBLEM, ERROR, 0, TRACEBACK, 0,
				      0 });
	define(5, (const uint64_t[]){ A, HEAD, B, TAIL, 0 });
	define(6, (const uint64_t[]){ A, HEAD, 0 });
	mk_snap(&m, 1000 * MS, true, RCP_SNAP_INTERVAL);
	for (uint64_t i = 1; i <= 6; i++)
		collected(i, 1 + second, 1000 - i);
	mk_snap_end(&m, NULL);
	if (!second) {
		struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_GARBAGE);

		/* 500 bytes that waited for 150 ms on average */
		rcp_buf_uv(buf, 600 * MS);
		rcp_buf_uv(buf, 5);
		rcp_buf_uv(buf, 500);
		rcp_buf_uv(buf, 300 * MS);
		rcp_buf_uv(buf, 500 * 150);
		mk_close(&m);
	}
	mk_save(&m, path);
	mk_free(&m);
}

/* The group that has a member of this type and this many members. */
static const struct rcp_cycle_group *
find(const char *type, uint32_t count)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct rcp_cycle_group *g = &groups->groups[i];

		if (rcp_cycle_of(set, g)->count != count)
			continue;
		for (uint32_t k = 0; k < count; k++)
			if (strcmp(rcp_cycle_type(set, g, k), type) == 0)
				return g;
	}
	return NULL;
}

static void
advice(const char *type, uint32_t count, enum rcp_cycle_end end,
       const char *first, const char *second)
{
	const struct rcp_cycle_group *g = find(type, count);
	struct rcp_cycle_advice a;

	ok(g != NULL, "a cycle of %s", type);
	if (!g)
		return;
	a = rcp_cycle_advice(set, g);
	is_int(a.end, end, "what ends it");
	is_str(a.attributes[0] ? a.attributes[0] : "", first, "where");
	is_str(a.attributes[1] ? a.attributes[1] : "", second, "or where");
}

static void
grouped(void)
{
	const struct rcp_cycle_group *g = find("list", 3);

	is_int((long long)groups->count, 6, "six kinds in two processes");
	ok(g == &groups->groups[0], "the most bytes times waiting first");
	is_int(g->n, 3, "equal chains add up, told from any member");
	is_int((long long)g->waited_max, 2 * MS, "the worst of them");
	is_str(rcp_cycle_type(set, g, 0), "app.A", "told from the first name");
	is_str(rcp_cycle_type(set, g, 3), "app.A", "and goes round");
}

static void
garbage(void)
{
	double values[10];

	rcp_garbage_columns(set, 0, 1000 * MS, values, 10);
	is_int((long long)values[3], 0, "no garbage yet");
	is_int((long long)values[4], 500, "it waits");
	is_int((long long)values[5], 500, "and waits");
	is_int((long long)values[7], 0, "and is gone");
}

int
main(void)
{
	const char *paths[] = { "model_cycles_1.tmp", "model_cycles_2.tmp" };
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };
	struct rcp_error error;

	make(paths[0], false);
	make(paths[1], true);
	set = rcp_set_open(paths, 2, NULL, &error);
	view = set ? rcp_view_new(set, &query, &error) : NULL;
	if (!view) {
		diag("%s", error.text);
		return 1;
	}
	groups = rcp_cycle_groups_new(set, view);
	grouped();
	advice("list", 3, RCP_CYCLE_WEAKREF, "_parent", "");
	advice("cell", 2, RCP_CYCLE_FUNCTION, "", "");
	advice("traceback", 3, RCP_CYCLE_EXCEPTION, "problem", "");
	advice("app.B", 2, RCP_CYCLE_WEAKREF, "head", "tail");
	advice("app.A", 1, RCP_CYCLE_WEAKREF, "head", "");
	garbage();
	rcp_cycle_groups_free(groups);
	rcp_view_free(view);
	rcp_set_close(set);
	unlink(paths[0]);
	unlink(paths[1]);
	return done_testing();
}
