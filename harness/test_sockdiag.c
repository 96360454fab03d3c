// SPDX-License-Identifier: Apache-2.0
/*
 * test_sockdiag.c - sockets as the kernel lists them
 *
 * main() leaves the machine's network before anything else, and each test goes
 * on to an empty one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "util.h"
#include "net/link.h"
#include "net/netns.h"
#include "net/sockdiag.h"

enum { MANY = 400, FEW = 5 };

struct seen {
	unsigned int count;
	struct sockdiag_row last;
};

static int see(const struct sockdiag_row *row, void *arg)
{
	struct seen *seen = arg;

	seen->count++;
	seen->last = *row;
	return 0;
}

static unsigned int look(struct sockdiag *diag, int protocol, uint32_t states,
	struct seen *seen)
{
	int count;

	*seen = (struct seen){ 0 };
	count = sockdiag_each(diag, protocol, AF_INET, states, see, seen);
	assert_int_equal(count, seen->count);
	return count;
}

static int bound(int type, uint16_t port)
{
	const struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof(name)),
		0);
	return fd;
}

static struct sockdiag *fresh_diag(void)
{
	struct link_session *session;
	struct sockdiag *diag;

	assert_int_equal(netns_unshare(), 0);
	assert_int_equal(link_open(&session), 0);
	assert_int_equal(link_up(session, 1), 0);
	link_close(session);
	assert_int_equal(sockdiag_open(&diag), 0);
	return diag;
}

static void sockets_that_are_only_bound_are_listed(void **state)
{
	struct sockdiag *diag = fresh_diag();
	struct seen seen;
	int fd;

	(void)state;
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	fd = bound(SOCK_STREAM, 7000);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 1);
	assert_int_equal(seen.last.port, 7000);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_CONNECTED, &seen), 0);
	close(fd);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	fd = bound(SOCK_DGRAM, 7001);
	assert_int_equal(look(diag, IPPROTO_UDP, SOCKDIAG_ALL, &seen), 1);
	assert_int_equal(seen.last.port, 7001);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	close(fd);
	assert_int_equal(sockdiag_each(diag, 99, AF_INET, SOCKDIAG_ALL, see,
				 &seen),
		-ENOENT);
	sockdiag_close(diag);
	sockdiag_close(NULL);
}

static void what_nobody_owns_is_listed_and_destroyed(void **state)
{
	struct sockdiag *diag = fresh_diag();
	int listener = bound(SOCK_STREAM, 7000), client, child;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	struct seen seen;

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	client = bound(SOCK_STREAM, 7001);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &len),
		0);
	assert_int_equal(connect(client, (struct sockaddr *)&name, len), 0);
	child = accept(listener, NULL, NULL);
	close(listener);
	close(client);
	close(child);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_CONNECTED, &seen), 1);
	assert_int_equal(seen.last.state, SOCKDIAG_TIME_WAIT);
	assert_int_equal(sockdiag_destroy(diag, &seen.last), 0);
	assert_int_equal(sockdiag_destroy(diag, &seen.last), -ENOENT);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 0);
	/* The answers are still in step with the questions. */
	client = bound(SOCK_STREAM, 7001);
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 1);
	close(client);
	sockdiag_close(diag);
}

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void a_row_says_all_of_a_socket(void **state)
{
	struct sockdiag *diag = fresh_diag();
	struct sockaddr_in6 name = { .sin6_family = AF_INET6,
		.sin6_port = htons(7000),
		.sin6_addr = in6addr_loopback };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &one,
				 sizeof(one)),
		0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2),
		0);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len),
		0);
	assert_int_equal(sockdiag_each(diag, IPPROTO_UDP, AF_INET6,
				 SOCKDIAG_ALL, see, &seen),
		1);
	assert_int_equal(seen.last.protocol, IPPROTO_UDP);
	assert_int_equal(seen.last.family, AF_INET6);
	assert_int_equal(seen.last.state, SOCKDIAG_CLOSE);
	assert_true(seen.last.v6only);
	assert_int_equal(seen.last.port, 7000);
	assert_int_equal(seen.last.peer_port, 0);
	assert_int_equal(seen.last.addr.len, 16);
	assert_memory_equal(seen.last.addr.bytes, &in6addr_loopback, 16);
	assert_int_equal(seen.last.ifindex, OWN_NETNS_LO);
	assert_int_equal(seen.last.uid, geteuid());
	assert_int_equal(seen.last.inode, inode_of(fd));
	assert_true(seen.last.cookie == cookie);
	close(fd);
	sockdiag_close(diag);
}

/* Of an address on loopback, that a packet from there would reach */
static struct sockdiag_row to_port(uint8_t protocol, uint16_t port)
{
	return (struct sockdiag_row){ .protocol = protocol,
		.family = AF_INET,
		.port = port,
		.addr = { 4, { 127, 0, 0, 1 } },
		.peer_port = 9,
		.peer = { 4, { 127, 0, 0, 1 } } };
}

static void a_socket_is_found_by_its_address(void **state)
{
	struct sockdiag *diag = fresh_diag();
	int udp = bound(SOCK_DGRAM, 7000), tcp = bound(SOCK_STREAM, 7001);
	struct sockdiag_row row = to_port(IPPROTO_UDP, 7000);
	struct seen seen;

	(void)state;
	assert_int_equal(sockdiag_find(diag, &row), 0);
	assert_int_equal(row.inode, inode_of(udp));
	row = to_port(IPPROTO_TCP, 7001);
	assert_int_equal(sockdiag_find(diag, &row), -ENOENT);
	assert_int_equal(row.inode, 0);
	assert_int_equal(listen(tcp, 1), 0);
	assert_int_equal(sockdiag_find(diag, &row), 0);
	assert_int_equal(row.inode, inode_of(tcp));
	row = to_port(IPPROTO_TCP, 7000);
	assert_int_equal(sockdiag_find(diag, &row), -ENOENT);
	/* The answers are still in step with the questions. */
	assert_int_equal(look(diag, IPPROTO_TCP, SOCKDIAG_ALL, &seen), 1);
	assert_int_equal(look(diag, IPPROTO_UDP, SOCKDIAG_ALL, &seen), 1);
	/* It is told an error, but what was bound by name stays bound. */
	assert_int_equal(sockdiag_destroy(diag, &seen.last), 0);
	assert_int_equal(look(diag, IPPROTO_UDP, SOCKDIAG_ALL, &seen), 1);
	assert_int_equal(recv(udp, &row, sizeof(row), MSG_DONTWAIT), -1);
	assert_int_equal(errno, ECONNABORTED);
	close(udp);
	close(tcp);
	sockdiag_close(diag);
}

struct owner {
	unsigned int count;
	int fd;
	pid_t pid;
	char command[32];
};

static int own(pid_t pid, int fd, const char *command, void *arg)
{
	struct owner *owner = arg;

	owner->count++;
	owner->pid = pid;
	owner->fd = fd;
	snprintf(owner->command, sizeof(owner->command), "%s", command);
	return 0;
}

static void a_socket_has_owners(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), copy;
	uint32_t inode = inode_of(fd);
	struct owner owner = { 0 };

	(void)state;
	assert_int_equal(sockdiag_owners(inode, own, &owner), 1);
	assert_int_equal(owner.count, 1);
	assert_int_equal(owner.pid, getpid());
	assert_int_equal(owner.fd, fd);
	assert_string_equal(owner.command, "test_sockdiag");
	copy = dup(fd);
	assert_int_equal(sockdiag_owners(inode, own, &owner), 2);
	close(copy);
	close(fd);
	assert_int_equal(sockdiag_owners(inode, own, &owner), 0);
}

/* It goes on for so many, and then ends the walk with what it is given. */
struct ending {
	int calls, left, with;
};

static int end_walk(struct ending *ending)
{
	ending->calls++;
	return --ending->left ? 0 : ending->with;
}

static int end_rows(const struct sockdiag_row *row, void *arg)
{
	assert_int_equal(row->family, AF_INET);
	return end_walk(arg);
}

static int end_owners(pid_t pid, int fd, const char *command, void *arg)
{
	assert_int_equal(pid, getpid());
	assert_true(fd >= 0 && *command);
	return end_walk(arg);
}

static void a_walk_is_ended_by_its_function(void **state)
{
	static const int with[] = { 7, -ECANCELED };
	struct sockdiag *diag = fresh_diag();
	int fds[MANY], copies[FEW];
	struct seen seen;

	(void)state;
	for (int i = 0; i < MANY; i++)
		fds[i] = bound(SOCK_DGRAM, 7000 + i);
	for (int i = 0; i < FEW; i++)
		copies[i] = dup(fds[0]);
	for (int i = 0; i < 2; i++) {
		struct ending e = { 0, 2, with[i] };

		assert_int_equal(sockdiag_each(diag, IPPROTO_UDP, AF_INET,
					 SOCKDIAG_ALL, end_rows, &e),
			with[i]);
		assert_int_equal(e.calls, 2);
		/* What was not looked at is no answer to the next question. */
		assert_int_equal(look(diag, IPPROTO_UDP, SOCKDIAG_ALL, &seen),
			MANY);
		e = (struct ending){ 0, 2, with[i] };
		assert_int_equal(sockdiag_owners(inode_of(fds[0]), end_owners,
					 &e),
			with[i]);
		assert_int_equal(e.calls, 2);
	}
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	for (int i = 0; i < FEW; i++)
		close(copies[i]);
	sockdiag_close(diag);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_that_are_only_bound_are_listed),
		cmocka_unit_test(what_nobody_owns_is_listed_and_destroyed),
		cmocka_unit_test(a_row_says_all_of_a_socket),
		cmocka_unit_test(a_socket_is_found_by_its_address),
		cmocka_unit_test(a_socket_has_owners),
		cmocka_unit_test(a_walk_is_ended_by_its_function),
	};

	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
