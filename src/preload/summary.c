/* SPDX-License-Identifier: MIT
 *
 * summary.c - the middle of the line at exit: where memory peaked.
 */
#include "account/account.h"
#include "capture/capture.h"
#include "preload/life.h"

static void
add_safely(struct rcp_str *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		rcp_str_char(out, (unsigned char)text[i] < ' ' ||
						  text[i] == 127 ?
					  '?' :
					  text[i]);
}

void
rcp_summary(struct rcp_str *out)
{
	struct rcp_peak_view peak;
	struct rcp_capture_place place;
	size_t start;

	rcp_peak_view(&peak);
	rcp_str_add(out, "peak ");
	rcp_str_size(out, peak.bytes > 0 ? (uint64_t)peak.bytes : 0);
	if (!peak.site || !rcp_capture_place(rcp_site_node(peak.site), &place))
		return;
	for (start = place.file_size; start > 0; start--)
		if (place.file[start - 1] == '/')
			break;
	rcp_str_add(out, " at ");
	add_safely(out, place.file + start, place.file_size - start);
	rcp_str_char(out, ':');
	rcp_str_u64(out, place.line);
	rcp_str_char(out, ' ');
	add_safely(out, place.function, place.function_size);
}
