/* SPDX-License-Identifier: Apache-2.0 */
/*
 * old_libc.h - numbers that an older libc has no names for
 *
 * They are the same on all machines. .clusterfuzzlite/build.sh puts this before
 * each source, since OSS-Fuzz's older image has glibc 2.31 and Linux 5.4's
 * headers; what we are built on ourselves has the names.
 */
#ifndef OLD_LIBC_H
#define OLD_LIBC_H

#include <features.h>
#include <sys/syscall.h>

#if !__GLIBC_PREREQ(2, 32)
#define IPPROTO_MPTCP 262
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

#endif /* OLD_LIBC_H */
