/* SPDX-License-Identifier: MIT
 *
 * libversion.c - a library of a name that others have too (liblzma.so.5), and
 * with -DPLUG the module that brings it.
 */
int lzma_version_number(void);

#ifdef PLUG
int plug_version(void);

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
