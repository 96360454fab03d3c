/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin.h - a conn, and beside it the same socket by raw calls
 *
 * Both sides have two namespaces of their own, so that neither sees the other.
 * A conn promises to do what the raw calls did. Two things may differ, and are
 * not compared: a port that the kernel chose, and whether a call waits.
 */
#ifndef TWIN_H
#define TWIN_H

#include "net/conn.h"
#include "net/netns.h"

/**
 * struct twin - Two sockets that should be alike
 * @conn:	Ours, or NULL if there is none
 * @fd:		The raw one; -1 once both are closed
 * @type:	SOCK_STREAM, ...
 * @past:	By direction: is the deadline of @conn over?
 */
struct twin {
	struct conn *conn;
	int fd, domain, type;
	bool past[2];
};

/* How a twin begins its life */
enum twin_birth { TWIN_OPEN, TWIN_ADOPT, TWIN_DUP, TWIN_BIRTHS };

/**
 * twin_start() - Move to a namespace, and make the three others
 *
 * Exits with 3 if this machine cannot.
 */
void twin_start(void);

/**
 * twin_open() - Make both
 * @twin:	Without a conn
 * @there:	In the second namespace of each side
 *
 * Return: 0 or a negative errno if both said the same, else TWIN_DIFFERS
 */
int twin_open(struct twin *twin, int domain, int type, bool there,
	enum twin_birth birth);

enum { TWIN_DIFFERS = 1 };

/** twin_keep() - Both of an accepted connection, in a twin without a conn */
void twin_keep(struct twin *twin, struct conn *conn, int fd,
	const struct twin *parent);

/** twin_free() - Close both, if they are not, and forget them */
void twin_free(struct twin *twin);

/** twin_close() - Close both; returns what conn_close() did */
int twin_close(struct twin *twin);

/**
 * twin_connect() - A raw connect, and a moment's wait for it
 *
 * Return: 0, -EAGAIN (not decided yet), or a negative errno
 */
int twin_connect(int fd, const struct sockaddr *addr, socklen_t len);

/** twin_same_addr() - Equal, but for a port that the kernel chose */
bool twin_same_addr(const struct conn_addr *a, const struct conn_addr *b);

/** twin_local() - The raw one's address, or a negative errno */
int twin_local(int fd, struct conn_addr *addr);

/** twin_peer() - The address of the raw one's peer, or a negative errno */
int twin_peer(int fd, struct conn_addr *addr);

#endif /* TWIN_H */
