/* SPDX-License-Identifier: MIT
 *
 * dump.c - `rcprof dump`: every record of a file as one line of text, as it
 * stands: ids are not resolved, and differences stay differences.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "format/paths.h"
#include "tools/fields.h"
#include "tools/view.h"

struct dump {
	struct rcp_text line;
	const struct rcp_out *out;
	bool headed; /* the header was printed */
	struct rcp_paths paths; /* of the chunk that is printed */
	const struct rcp_file_header *header;
};

static void
print_header(struct dump *d)
{
	const struct rcp_file_header *h = d->header;

	d->headed = true;
	fprintf(d->out->file,
		"0 HEADER version=%u min_reader=%u features=0x%x pid=%u "
		"ppid=%u root_pid=%u start_wall=%" PRIu64
		" start_mono=%" PRIu64 " proc_start=%" PRIu64
		" root_start=%" PRIu64 " page_size=%u clock_ticks=%u\n",
		h->version, h->min_reader, h->features, h->pid, h->ppid,
		h->root_pid, h->start_wall, h->start_mono, h->proc_start,
		h->root_start, h->page_size, h->clock_ticks);
}

/* One line a record; a chunk without records still gets a line. */
static bool
print_chunk(void *context, const struct rcp_raw_chunk *chunk)
{
	struct dump *d = context;
	const char *name = rcp_chunk_name(chunk->type);
	struct rcp_records records;
	struct rcp_record record;
	int more, count = 0;

	if (!d->headed)
		print_header(d);
	rcp_records_begin_paths(&records, chunk, &d->paths);
	while ((more = rcp_records_next(&records, &record)) > 0) {
		rcp_text_clear(&d->line);
		rcp_text_format(&d->line, "%" PRIu64 " %s", chunk->offset,
				rcp_chunk_name(record.type));
		rcp_fields_add(&d->line, &record);
		fprintf(d->out->file, "%s\n", d->line.s);
		count++;
	}
	if (more < 0)
		fprintf(d->out->file, "%" PRIu64 " %s malformed\n",
			chunk->offset, name ? name : "");
	else if (!name)
		fprintf(d->out->file, "%" PRIu64 " unknown type=%u "
				      "length=%u\n",
			chunk->offset, chunk->type, chunk->length);
	else if (count == 0)
		fprintf(d->out->file, "%" PRIu64 " %s\n", chunk->offset,
			name);
	return !ferror(d->out->file);
}

static int
dump_file(const struct rcp_command *command, const char *path,
	  const struct rcp_out *out)
{
	struct rcp_file_header header;
	struct rcp_end_info end;
	struct rcp_error error;
	static struct dump dump;
	int status = RCP_DONE;

	dump.out = out;
	dump.header = &header;
	if (!rcp_chunks_each(path, &header, print_chunk, &dump, &end,
			     &error)) {
		rcp_complain(command->name, "%s", error.text);
		status = RCP_BAD_DATA;
	} else {
		if (!dump.headed)
			print_header(&dump);
		if (end.why)
			fprintf(out->file, "%" PRIu64 " cut: %s\n",
				end.cut_offset, end.why);
	}
	rcp_text_free(&dump.line);
	return status;
}

static int
run(const struct rcp_command *command, int argc, char **argv)
{
	struct rcp_rest rest;
	struct rcp_out out;
	int status = rcp_args_parse(command, NULL, NULL, argc, argv, &rest);
	int printed;

	if (status >= 0)
		return status;
	if (rest.count != 1) {
		rcp_complain(command->name,
			     "one file is needed; usage: rcprof dump %s",
			     command->usage);
		return RCP_BAD_USAGE;
	}
	out = rcp_out_start(true);
	status = dump_file(command, rest.items[0], &out);
	printed = rcp_out_finish(&out, command->name);
	return status ? status : printed;
}

const struct rcp_command rcp_command_dump = {
	.name = "dump",
	.summary = "every record of a profile as text",
	.usage = "FILE",
	.about = "Prints every record of FILE as it stands, one a line: the "
		 "offset of its chunk, the chunk's type, the fields. The "
		 "format is described in include/rcprof/format.h.",
	.run = run,
};
