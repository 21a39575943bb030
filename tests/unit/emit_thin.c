/* SPDX-License-Identifier: MIT
 *
 * emit_thin.c - a profile written anew with fewer snapshots keeps what was
 * counted of cycles, and the names of types and attributes.
 */
#include "emit/thin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maker.h"
#include "model/model.h"
#include "tap/tap.h"

#define S UINT64_C(1000000000)
#define WHOLE "emit_thin.rcprof"
#define THIN "emit_thin.thin.rcprof"
/* As account's: below RCP_STRING_THREADS. */
#define TYPE_NAME (UINT64_C(1) << 39)
#define ATTRIBUTE (UINT64_C(1) << 38)

static struct maker m;

static void
snapshot(uint64_t second, uint64_t longest)
{
	const uint64_t values[RCP_CYCLE_FIELDS] = { 1, 2, 300, S, longest * S,
						    7 };
	struct rcp_buf *buf;

	mk_snap(&m, second * S, second == 1, RCP_SNAP_INTERVAL);
	mk_cell(&m, 1, 1, 1, 100, 0, 0);
	buf = mk_open(&m, RCP_CHUNK_CYCLES);
	rcp_encode_cycle(buf, 1, (1u << RCP_CYCLE_FIELDS) - 1, values);
	mk_close(&m);
	buf = mk_open(&m, RCP_CHUNK_GARBAGE);
	for (unsigned i = 0; i < 5; i++)
		rcp_buf_uv(buf, second * S);
	mk_close(&m);
	mk_snap_end(&m, NULL);
}

static void
make(void)
{
	const struct rcp_file_header header = mk_plain_header();
	struct rcp_buf *buf;

	mk_begin(&m, &header);
	mk_thread(&m, 1, MK_PID, 0);
	mk_frame(&m, 1, 0, "/home/u/app.py", "f", 3);
	mk_site(&m, 1, 1, RCP_KIND_PYTHON);
	mk_string(&m, TYPE_NAME, "app.Node");
	mk_string(&m, ATTRIBUTE, "parent");
	mk_type(&m, 1, TYPE_NAME);
	buf = mk_open(&m, RCP_CHUNK_CYCLE);
	for (unsigned i = 0; i < 5; i++)
		rcp_buf_uv(buf,
			   (const uint64_t[]){ 1, 1, 1, ATTRIBUTE, 1 }[i]);
	mk_close(&m);
	for (uint64_t second = 1; second <= 10; second++)
		snapshot(second, second);
	mk_save(&m, WHOLE);
	mk_free(&m);
}

static long
thin(void)
{
	struct rcp_thin job = { .most = UINT64_MAX };
	struct stat st;
	long error;

	job.from = open(WHOLE, O_RDONLY);
	job.to = open(THIN, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fstat(job.from, &st) < 0)
		return -1;
	job.size = (uint64_t)st.st_size;
	job.zones[0].before = job.size;
	job.zones[0].gap = UINT64_MAX;
	job.pins = RCP_THIN_PIN_NONE;
	error = rcp_thin_run(&job);
	close(job.from);
	close(job.to);
	return error;
}

static void
look(void)
{
	const char *path = THIN;
	struct rcp_query query = { .at = { RCP_AT_END, 0 } };
	struct rcp_error error;
	struct rcp_set *set = rcp_set_open(
		&path, 1, &(struct rcp_open_options){ 0 }, &error);
	struct rcp_view *view = set ? rcp_view_new(set, &query, &error) : NULL;
	const struct rcp_process *p = set ? set->processes[0] : NULL;

	if (!ok(view != NULL, "it opens"))
		return;
	is_int((long long)p->snap_count, 1, "with one snapshot");
	ok(view->cycle_count == 1 && view->cycles[0].n == 10 &&
		   view->cycles[0].bytes == 3000 &&
		   view->cycles[0].waited == 10 * (int64_t)S,
	   "what was counted of cycles is summed up");
	ok(view->cycles[0].waited_max == 10 * S, "the longest wait stays");
	is_str(p->types[0].name, "app.Node", "a type keeps its name");
	is_str(p->cycle_members[0].attribute, "parent",
	       "and an attribute its own");
	is_int((long long)p->garbage_count, 10, "collections stay");
	is_int((long long)p->bad_records, 0, "nothing is malformed");
	rcp_view_free(view);
	rcp_set_close(set);
}

int
main(void)
{
	make();
	is_int(thin(), 0, "a file is made thin");
	look();
	unlink(WHOLE);
	unlink(THIN);
	return done_testing();
}
