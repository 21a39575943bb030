/* SPDX-License-Identifier: MIT
 *
 * tls.c - the variables of tls.h.
 */
#include "base/tls.h"

__thread struct rcp_tls rcp_tls;
_Atomic int rcp_state;
