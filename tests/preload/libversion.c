/* SPDX-License-Identifier: MIT
 *
 * libversion.c - a library of a name that others have too (liblzma.so.5), and
 * with -DPLUG the module that brings it, with -DOWN an allocator as well.
 */
int lzma_version_number(void);

#ifdef PLUG
#include <stdlib.h>

int plug_version(void);
void *mi_malloc(size_t size);

#ifdef OWN
/* Stands for an allocator that was linked into the module. */
void *
mi_malloc(size_t size)
{
	static char some[4096];

	return size <= sizeof(some) ? some : NULL;
}
#endif

int
plug_version(void)
{
	return lzma_version_number();
}
#else
int
lzma_version_number(void)
{
	return 4711;
}
#endif
