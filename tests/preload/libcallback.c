/* SPDX-License-Identifier: MIT
 *
 * libcallback.c - a library to call through.
 */
#include <stddef.h>

void call_back(void (*function)(size_t), size_t size);

void
call_back(void (*function)(size_t), size_t size)
{
	function(size);
	__asm__ volatile("" ::: "memory");
}
