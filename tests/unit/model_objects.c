/* SPDX-License-Identifier: MIT
 *
 * model_objects.c - objects by type and place; whose births are the user's own.
 */
#include "maker.h"
#include "model/keys.h"
#include "model/model.h"
#include "tap/tap.h"

#define FILE_NAME "model_objects.tmp"

static struct maker m;
static struct rcp_set *set;
static struct rcp_view *view;
static struct rcp_error error;

enum { PLAIN = 1, IMPORT, START, LIBRARY, NATIVE, DEATH };
enum { NODE = 1, FUNCTION };

static void
put(uint64_t birth, uint64_t type, uint64_t death, uint64_t born,
    uint64_t refcount, uint64_t collector)
{
	struct rcp_buf *buf = mk_open(&m, RCP_CHUNK_OBJECTS);
	uint64_t values[RCP_OBJECT_FIELDS] = {
		[RCP_OBJECT_BORN] = born,
		[RCP_OBJECT_BORN_BYTES] = born * 10,
		[RCP_OBJECT_DIED_REFCOUNT] = refcount,
		[RCP_OBJECT_DIED_COLLECTOR] = collector,
		[RCP_OBJECT_DIED_BYTES] = (refcount + collector) * 10,
	};

	rcp_buf_uv(buf, 1);
	rcp_encode_object(buf, birth, type, death, 0x3f, values);
	mk_close(&m);
}

static void
make(void)
{
	struct rcp_file_header header = mk_plain_header();
	const char *path = FILE_NAME;
	struct rcp_query query = { .metric = RCP_METRIC_LIVE };

	mk_begin(&m, &header);
	mk_frame(&m, 1, 0, "/home/u/app.py", "<module>", 3);
	mk_frame(&m, 2, 1, "<frozen importlib._bootstrap>", "_load", 8);
	mk_frame(&m, 3, 0, "<frozen site>", "addpackage", 7);
	mk_frame(&m, 4, 3, "<string>", "<module>", 1);
	mk_frame(&m, 5, 4, "<string>", "<module>", 2);
	mk_frame(&m, 6, 1, "/usr/lib/python3.11/queue.py", "put", 9);
	mk_frame(&m, 8, 1, "<string>", "__create_fn__.<locals>.__init__", 2);
	mk_string(&m, 700, "/usr/bin/python3");
	mk_module(&m, 7, 700, 0, 0, 0, 4096);
	mk_node(&m, 7, 0, RCP_FRAME_NATIVE, 7, 16);
	for (uint64_t i = 1; i <= 7; i++)
		mk_site(&m, i, (uint64_t[]){ 0, 1, 2, 5, 6, 7, 6, 8 }[i],
			RCP_KIND_PYTHON);
	mk_thread(&m, 1, MK_PID, 0);
	mk_string(&m, 100, "app.Node");
	mk_string(&m, 101, "function");
	mk_type(&m, NODE, 100);
	mk_type(&m, FUNCTION, 101);
	mk_snap(&m, 1, true, RCP_SNAP_INTERVAL);
	put(PLAIN, NODE, 0, 8, 0, 0);
	put(PLAIN, NODE, DEATH, 0, 3, 2);
	put(PLAIN, FUNCTION, 0, 1, 0, 0);
	put(LIBRARY, FUNCTION, 0, 2, 0, 0);
	put(IMPORT, NODE, 0, 50, 0, 0);
	put(START, NODE, 0, 1, 0, 0);
	put(NATIVE, NODE, 0, 1, 0, 0);
	put(0, NODE, 0, 1, 0, 0);
	mk_snap_end(&m, NULL);
	mk_save(&m, path);
	mk_free(&m);
	set = rcp_set_open(&path, 1, NULL, &error);
	view = set ? rcp_view_new(set, &query, &error) : NULL;
	if (!view) {
		diag("%s", error.text);
		exit(1);
	}
}

/* The file of the leaf of the stack of birth; NULL: there is none. */
static const char *
born_in(const struct rcp_object_row *row)
{
	uint32_t leaf;

	if (row->birth == RCP_NONE)
		return NULL;
	rcp_stack(set, set->sites[row->birth].node, &leaf, 1);
	return set->frames[leaf].file;
}

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
whose(void)
{
	static const struct {
		const char *file, *type;
		bool own;
	} wants[] = {
		{ "/home/u/app.py", "app.Node", true },
		{ "/home/u/app.py", "function", true },
		{ "/usr/lib/python3.11/queue.py", "function", true },
		{ "<frozen importlib._bootstrap>", "app.Node", false },
		{ "<string>", "app.Node", false },
		{ NULL, "app.Node", false },
	};

	for (size_t i = 0; i < view->object_count; i++) {
		const struct rcp_object_row *row = &view->objects[i];

		for (size_t k = 0; k < sizeof(wants) / sizeof(*wants); k++)
			if (same(born_in(row), wants[k].file) &&
			    same(rcp_object_type_name(set, row),
				 wants[k].type))
				is_int(rcp_birth_is_own(set, row->birth),
				       wants[k].own, "%s of %s",
				       wants[k].type,
				       wants[k].file ? wants[k].file : "none");
	}
}

/* Without the one function of a definition; and whose classes they are. */
static void
own(void)
{
	uint32_t rows[16];
	size_t count = rcp_objects_own(set, view, rows);
	int64_t functions = 0, nodes = 0;

	for (size_t i = 0; i < count; i++) {
		const struct rcp_object_row *row = &view->objects[rows[i]];

		if (same(rcp_object_type_name(set, row), "function"))
			functions += row->born;
		else
			nodes += row->born - row->died_refcount;
	}
	is_int(functions, 2, "a function once is a definition");
	is_int(nodes, 5, "a death belongs to its birth");
	for (size_t i = 0; i < set->site_count; i++) {
		uint32_t leaf;

		if (rcp_stack(set, set->sites[i].node, &leaf, 1) > 0 &&
		    strstr(set->frames[leaf].function, "__create_fn__"))
			is_int(set->sites[i].own, 1,
			       "a dataclass's __init__ is its caller's");
	}
	ok(rcp_type_is_own(set, "__main__.Node"), "the main script's class");
	ok(rcp_type_is_own(set, "app.Node"), "a class of /home/u/app.py");
	ok(rcp_type_is_own(set, "u.app.Node.Inner"), "in a package");
	ok(!rcp_type_is_own(set, "apps.Node"), "another module's");
	ok(!rcp_type_is_own(set, "queue.Queue"), "the library's");
	ok(!rcp_type_is_own(set, "list"), "a builtin");
}

static struct rcp_lives_groups *
group(enum rcp_lives_by by, struct rcp_keys *places)
{
	uint32_t rows[16];

	for (uint32_t i = 0; i < view->object_count; i++)
		rows[i] = i;
	return rcp_lives_groups_new(set, view, rows, view->object_count, by,
				    places);
}

static void
groups(void)
{
	struct rcp_keys *places = rcp_keys_new(set, RCP_BY_OWN);
	struct rcp_lives_groups *g = group(RCP_LIVES_BY_TYPE, NULL);
	const struct rcp_object_row *l = &g->groups[0].lives;

	is_int((long long)g->count, 2, "two types");
	is_str(g->groups[0].name, "app.Node", "the most bytes first");
	is_int(l->born, 61, "its births");
	is_int(rcp_lives_died(l), 5, "its deaths");
	is_int(rcp_objects_alive(l), 56, "its alive");
	is_int(rcp_objects_alive_bytes(l), 560, "their bytes");
	rcp_lives_groups_free(g);

	g = group(RCP_LIVES_BY_BIRTH, places);
	is_int(g->groups[0].lives.born, 61, "own lines add up");
	is_int(g->groups[g->count - 1].frame == RCP_NONE ||
		       g->groups[g->count - 2].frame == RCP_NONE ||
		       g->groups[g->count - 3].frame == RCP_NONE,
	       1, "births without a place are a group");
	rcp_lives_groups_free(g);

	g = group(RCP_LIVES_BY_DEATH, places);
	is_int(g->groups[0].lives.died_refcount, 3, "died by refcount there");
	is_int(g->groups[0].lives.died_collector, 2, "and by the collector");
	is_int(view->objects[g->groups[0].rows[0]].death ==
		       g->groups[0].site,
	       1, "the site of most of them");
	is_int(g->groups[g->count - 1].frame == RCP_NONE, 1,
	       "no place of death comes last");
	rcp_lives_groups_free(g);
	rcp_keys_free(places);
}

int
main(void)
{
	make();
	whose();
	own();
	groups();
	rcp_view_free(view);
	rcp_set_close(set);
	unlink(FILE_NAME);
	return done_testing();
}
