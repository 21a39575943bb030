/* SPDX-License-Identifier: MIT
 *
 * libplug.c - a plug-in, built several times under different names (PLUG_SIZE
 * tells them apart): same code at the same offsets.
 */
#include "preload/plug.h"

#include <dlfcn.h>
#include <stdlib.h>

static void *own;

__attribute__((constructor)) static void
loaded(void)
{
	own = malloc(PLUG_SIZE + 1);
}

__attribute__((destructor)) static void
unloaded(void)
{
	free(own);
}

void *
plug_allocate(void)
{
	void *p = malloc(PLUG_SIZE);

	__asm__ volatile("" : "+r"(p));
	return p;
}

/* The caller of dlopen decides where a bare name is looked for. */
void *
plug_open(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);

	__asm__ volatile("" : "+r"(handle));
	return handle;
}
