/* SPDX-License-Identifier: MIT
 *
 * object_groups.h - part of model.h: Python objects, added up by type, by
 * place of birth and by where the last reference went.
 */
#ifndef RCP_MODEL_OBJECT_GROUPS_H
#define RCP_MODEL_OBJECT_GROUPS_H

#include "model/view.h"

struct rcp_keys;

/* Of a row, or of a sum of rows.  Always born = refcount + collector + unseen
 * + alive, over a window and for a filtered thread too; alive may then be
 * negative. */
int64_t rcp_lives_died(const struct rcp_object_row *row);
int64_t rcp_objects_alive(const struct rcp_object_row *row);
int64_t rcp_objects_alive_bytes(const struct rcp_object_row *row);

/* Standard errors of these; 0 in exact mode. */
double rcp_objects_alive_error(const struct rcp_object_row *row);
double rcp_objects_alive_bytes_error(const struct rcp_object_row *row);

enum rcp_lives_by {
	RCP_LIVES_BY_TYPE,
	RCP_LIVES_BY_BIRTH,
	RCP_LIVES_BY_DEATH,
};

struct rcp_lives_group {
	const char *name; /* of the type or the place; never NULL */
	uint32_t frame;   /* of a place, as in struct rcp_group */
	struct rcp_object_row lives; /* their sum */
	uint32_t site; /* by death: where most of them died, or RCP_NONE */
	uint32_t *rows; /* indexes into view->objects */
	size_t row_count;
};

struct rcp_lives_groups {
	struct rcp_lives_group *groups;
	size_t count;
};

/* Groups `count` rows of view->objects, given by their indexes.  `places` says
 * what makes two sites one place: see model/keys.h; NULL by type.  Births
 * and types come by their KiB alive, most first, then by bytes born; deaths by
 * their number, those without a place last. */
struct rcp_lives_groups *
rcp_lives_groups_new(const struct rcp_set *set, const struct rcp_view *view,
		     const uint32_t *rows, size_t count, enum rcp_lives_by by,
		     struct rcp_keys *places);
void rcp_lives_groups_free(struct rcp_lives_groups *groups);

/* Is this a line of the user's, which made objects on the user's behalf?  Not
 * what importing a module makes, nor what runs before the program. */
bool rcp_birth_is_own(const struct rcp_set *set, uint32_t site);

/* The rows that were born in such lines, but for the one function or class of
 * a definition: into `rows`, which has room for all; how many. */
size_t rcp_objects_own(const struct rcp_set *set, const struct rcp_view *view,
		       uint32_t *rows);

/* Have such rows a share of all objects that is worth looking at?  Of a program
 * that is a library's own command they have not.  True where there is none. */
bool rcp_objects_any_own(const struct rcp_set *set,
			 const struct rcp_view *view);

/* Is it a class of the main script, or of a module whose file has this origin?
 * By the names; a module of which no code was seen is not known. */
bool rcp_type_is_of(const struct rcp_set *set, const char *name,
		    enum rcp_origin origin);

/* Is it a class of the user's? */
bool rcp_type_is_own(const struct rcp_set *set, const char *name);

/* The name of a row's type. */
const char *rcp_object_type_name(const struct rcp_set *set,
				 const struct rcp_object_row *row);

#endif
