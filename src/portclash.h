/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portclash.h - what all public headers share: a version, C and C++
 *
 * As it is installed, libportclash has one prefix for all that a linker sees:
 * portclash_names.h, which make makes of portclash.map, turns conn_open into
 * portclash_conn_open. Sources use the short names.
 */
#ifndef PORTCLASH_H
#define PORTCLASH_H

/* Of these headers; the first number that differs says what may break */
#define PORTCLASH_MAJOR 0
#define PORTCLASH_MINOR 2
#define PORTCLASH_PATCH 0

/* PORTCLASH_AT_LEAST() - Is it this version, or a later one? For #if, too */
#define PORTCLASH_AT_LEAST(major, minor)                                       \
	(PORTCLASH_MAJOR > (major) ||                                          \
		(PORTCLASH_MAJOR == (major) && PORTCLASH_MINOR >= (minor)))

/* Around all declarations: they are of C, also in C++ */
#ifdef __cplusplus
#define PORTCLASH_BEGIN extern "C" {
#define PORTCLASH_END }
#else
#define PORTCLASH_BEGIN
#define PORTCLASH_END
#endif

/* Only where it is installed */
#ifdef __has_include
#if __has_include("portclash_names.h")
#include "portclash_names.h"
#endif
#endif

#endif /* PORTCLASH_H */
