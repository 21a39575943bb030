/* SPDX-License-Identifier: MIT
 *
 * plug.h - what prog_loader finds in the plug-ins.
 */
#ifndef PLUG_H
#define PLUG_H

#define PLUG_ONE 8101
#define PLUG_TWO 8203

void *plug_allocate(void);
void *plug_open(const char *name);

#endif
