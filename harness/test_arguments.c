// SPDX-License-Identifier: Apache-2.0
/*
 * test_arguments.c - what the public functions say of bad arguments
 *
 * A negative errno that is documented, and nothing is changed: no descriptor
 * is left, and no result is set. pytest/test_helpers.py checks that none is
 * forgotten.
 *
 * main() leaves the machine's network before anything else.
 */
#include "pitfall.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_netns.h"
#include "unit.h"
#include "net/reuseport.h"
#include "net/sockdiag.h"
#include "ports/flagcount.h"
#include "ports/portman.h"

#define IS(call, result) assert_int_equal((call), (result))
#define REFUSED(call) IS(call, -EINVAL)

static int before;

/* What must stay as it is */
static struct netns *ns;
static struct link_session *session;
static struct sockdiag *diag;
static struct wait_token *token;
static struct conn *conn;

static int count_fds(void **state)
{
	(void)state;
	before = pitfall_fds();
	return 0;
}

static int same_fds(void **state)
{
	(void)state;
	return pitfall_fds() != before || ns || session || diag || token ||
	       conn;
}

static int nothing(struct netns *from, void *arg)
{
	(void)from;
	(void)arg;
	return 0;
}

static void of_netns(void **state)
{
	struct netns *here;
	uint64_t id;

	(void)state;
	assert_int_equal(netns_current(&here), 0);
	REFUSED(netns_current(NULL));
	REFUSED(netns_open(NULL, &ns));
	REFUSED(netns_open("/proc/self/ns/net", NULL));
	IS(netns_open("", &ns), -ENOENT);
	REFUSED(netns_check(NULL));
	REFUSED(netns_open_pid(0, &ns));
	REFUSED(netns_open_pid(getpid(), NULL));
	IS(netns_open_pidfd(-1, &ns), -EBADF);
	REFUSED(netns_open_pidfd(-1, NULL));
	IS(netns_open_socket(-1, &ns), -EBADF);
	REFUSED(netns_open_socket(-1, NULL));
	REFUSED(netns_new(NULL));
	REFUSED(netns_new_named("/none", "name", NULL));
	REFUSED(netns_new_named("/none", NULL, &ns));
	REFUSED(netns_new_named("/none", "", &ns));
	REFUSED(netns_new_named("/none", "..", &ns));
	REFUSED(netns_new_named("/none", "a/b", &ns));
	REFUSED(netns_open_named(NULL, NULL, &ns));
	REFUSED(netns_open_named(NULL, "name", NULL));
	REFUSED(netns_delete_named(NULL, "."));
	IS(netns_delete_named("/none", "name"), -ENOENT);
	assert_string_equal(netns_path(NULL), "");
	REFUSED(netns_equal(NULL, here));
	REFUSED(netns_equal(here, NULL));
	REFUSED(netns_do(NULL, nothing, NULL));
	REFUSED(netns_do(here, NULL, NULL));
	IS(netns_do_fd(-1, nothing, NULL), -EBADF);
	REFUSED(netns_do_fd(0, NULL, NULL));
	REFUSED(netns_do_path(NULL, nothing, NULL));
	REFUSED(netns_do_path("/proc/self/ns/net", NULL, NULL));
	REFUSED(netns_do_inline(NULL, nothing, NULL));
	REFUSED(netns_do_inline(here, NULL, NULL));
	REFUSED(netns_fd(NULL));
	REFUSED(netns_close(NULL));
	assert_null(netns_free(NULL));
	REFUSED(netns_setns(NULL));
	IS(netns_setns_fd(-1, 0), -EBADF);
	assert_true(netns_thread_id() > 0);
	IS(netns_set_mark(-1), -EBADF);
	REFUSED(netns_id(NULL, &id));
	REFUSED(netns_id(here, NULL));
	REFUSED(netns_id_current(NULL));
	netns_free(here);
}

static void of_netns_unshare(void **state)
{
	(void)state;
	assert_int_equal(netns_unshare(), 0);
}

static void of_link(void **state)
{
	const struct link_end end = { .name = "v0" }, none = { 0 };
	const struct link_end wide = { .name = "sixteen-letters-" };
	const struct addr addr = { .len = 4 }, odd = { .len = 5 };
	const struct link_route lost = { .to = odd, .index = 1 };
	const struct link_route nowhere = { .to = addr };
	struct link_session *here;
	int index = -7;

	(void)state;
	assert_int_equal(link_open(&here), 0);
	REFUSED(link_open(NULL));
	link_close(NULL);
	REFUSED(link_up(NULL, 1));
	REFUSED(link_up(here, -1));
	REFUSED(link_index(NULL, "lo", &index));
	REFUSED(link_index(here, NULL, &index));
	REFUSED(link_index(here, "lo", NULL));
	REFUSED(link_index(here, "sixteen-letters-", &index));
	REFUSED(link_delete(NULL, 1));
	REFUSED(link_delete(here, -1));
	REFUSED(link_add_bridge(NULL, &end));
	REFUSED(link_add_bridge(here, NULL));
	REFUSED(link_add_bridge(here, &none));
	REFUSED(link_add_bridge(here, &wide));
	REFUSED(link_add_vrf(NULL, &end, 1));
	REFUSED(link_add_vrf(here, NULL, 1));
	REFUSED(link_add_vrf(here, &end, 0));
	REFUSED(link_set_master(NULL, 1, 0));
	REFUSED(link_set_master(here, -1, 0));
	REFUSED(link_add_veth(NULL, &end, &end));
	REFUSED(link_add_veth(here, NULL, &end));
	REFUSED(link_add_veth(here, &end, NULL));
	REFUSED(link_add_veth(here, &none, &end));
	REFUSED(link_add_veth(here, &end, &wide));
	REFUSED(link_add_addr(NULL, 1, &addr, 8));
	REFUSED(link_add_addr(here, 1, NULL, 8));
	REFUSED(link_add_addr(here, 1, &odd, 8));
	REFUSED(link_add_addr(here, 1, &addr, 33));
	REFUSED(link_add_route(NULL, &nowhere));
	REFUSED(link_add_route(here, NULL));
	IS(link_add_route(here, &nowhere), -ENODEV);
	REFUSED(link_add_route(here, &lost));
	REFUSED(link_addr_gen_none(NULL, 1));
	REFUSED(link_addr_gen_none(here, -1));
	assert_int_equal(index, -7);
	link_close(here);
}

static int pass_over(const struct sockdiag_row *row, void *arg)
{
	(void)row;
	(void)arg;
	return -EXFULL;
}

static int pass_owner(pid_t pid, int fd, const char *command, void *arg)
{
	(void)pid;
	(void)fd;
	(void)command;
	(void)arg;
	fail();
	return 0;
}

static void of_sockdiag(void **state)
{
	struct sockdiag_row row = { .protocol = IPPROTO_TCP,
		.family = AF_INET };
	struct sockdiag *here;

	(void)state;
	assert_int_equal(sockdiag_open(&here), 0);
	REFUSED(sockdiag_open(NULL));
	sockdiag_close(NULL);
	REFUSED(sockdiag_each(NULL, IPPROTO_TCP, AF_INET, SOCKDIAG_ALL,
		pass_over, NULL));
	REFUSED(sockdiag_each(here, IPPROTO_TCP, AF_INET, SOCKDIAG_ALL, NULL,
		NULL));
	IS(sockdiag_each(here, IPPROTO_SCTP, AF_INET, SOCKDIAG_ALL, pass_over,
		   NULL),
		-ENOENT);
	IS(sockdiag_each(here, IPPROTO_TCP, 99, SOCKDIAG_ALL, pass_over, NULL),
		-EINVAL);
	REFUSED(sockdiag_find(NULL, &row));
	REFUSED(sockdiag_find(here, NULL));
	IS(sockdiag_find(here, &row), -ENOENT);
	REFUSED(sockdiag_destroy(NULL, &row));
	REFUSED(sockdiag_destroy(here, NULL));
	IS(sockdiag_destroy(here, &row), -ENOENT);
	REFUSED(sockdiag_owners(0, pass_owner, NULL));
	REFUSED(sockdiag_owners(1, NULL, NULL));
	sockdiag_close(here);
}

static void of_wait(void **state)
{
	const struct wait bad = { 0, 9999 };
	struct pollfd fds[WAIT_FDS_MAX + 1];

	(void)state;
	assert_true(wait_now() > 0);
	assert_int_equal(wait_in_ms(-1), 1);
	assert_true(wait_in_ms(INT64_MAX) == INT64_MAX);
	IS(wait_check(&bad), -EBADF);
	IS(wait_check(NULL), 0);
	REFUSED(wait_poll(NULL, 1, NULL));
	REFUSED(wait_poll(fds, WAIT_FDS_MAX + 1, NULL));
	IS(wait_poll(NULL, 0, &bad), -EBADF);
	REFUSED(wait_token_new(NULL));
	REFUSED(wait_token_cancel(NULL));
	assert_false(wait_token_is_cancelled(NULL));
	assert_int_equal(wait_token_fd(NULL), -1);
	assert_null(wait_token_free(NULL));
}

static int lent(int fd, void *arg)
{
	(void)fd;
	(void)arg;
	fail();
	return 0;
}

/* Each function of conn, on one that is NULL or closed: it says @want */
static void conn_is(struct conn *c, int want)
{
	static const struct sock_filter filter = BPF_STMT(BPF_RET, 0);
	struct conn_addr addr = { .len = 77 };
	struct conn_packet_stats stats;
	struct msghdr message = { 0 };
	siginfo_t info;
	int value = 77;
	char byte;
	IS(conn_set_deadline(c, CONN_READ, 0), want);
	IS(conn_bind(c, &addr.any, 16), want);
	IS(conn_listen(c, 1), want);
	IS(conn_accept(c, 0, NULL, &conn, &addr), want);
	IS(conn_connect(c, &addr.any, 16, NULL, &addr), want);
	IS(conn_shutdown(c, SHUT_RD), want);
	IS(conn_close_read(c), want);
	IS(conn_close_write(c), want);
	IS(conn_local(c, &addr), want);
	IS(conn_peer(c, &addr), want);
	IS(conn_read(c, &byte, 1, NULL), want);
	IS(conn_write(c, &byte, 1, NULL), want);
	IS(conn_write_all(c, &byte, 1, NULL, NULL), want);
	IS(conn_recvfrom(c, &byte, 1, 0, NULL, NULL), want);
	IS(conn_recvmsg(c, &message, 0, NULL), want);
	IS(conn_sendto(c, &byte, 1, 0, NULL, NULL, 0), want);
	IS(conn_sendmsg(c, &message, 0, NULL), want);
	IS(conn_control(c, lent, NULL), want);
	IS(conn_raw_read(c, NULL, lent, NULL), want);
	IS(conn_raw_write(c, NULL, lent, NULL), want);
	IS(conn_get_int(c, SOL_SOCKET, SO_TYPE, &value), want);
	IS(conn_set_int(c, SOL_SOCKET, SO_REUSEADDR, 1), want);
	IS(conn_get_option(c, SOL_SOCKET, SO_TYPE, &byte, 1), want);
	IS(conn_set_option(c, SOL_SOCKET, SO_REUSEADDR, &value, 4), want);
	IS(conn_get_string(c, SOL_SOCKET, SO_BINDTODEVICE, &byte, 1), want);
	IS(conn_set_string(c, SOL_SOCKET, SO_BINDTODEVICE, "lo"), want);
	IS(conn_bind_device(c, 1), want);
	IS(conn_read_buffer(c, &value), want);
	IS(conn_write_buffer(c, &value), want);
	IS(conn_set_read_buffer(c, 1), want);
	IS(conn_set_write_buffer(c, 1), want);
	IS(conn_attach_filter(c, &filter, 1), want);
	IS(conn_detach_filter(c), want);
	IS(conn_packet_membership(c, true, 1, 1, NULL, 0), want);
	IS(conn_packet_stats(c, &stats), want);
	IS(conn_kcm_attach(c, 0, 0), want);
	IS(conn_kcm_unattach(c, 0), want);
	IS(conn_kcm_clone(c, &conn), want);
	IS(conn_pidfd_getfd(c, 0, 0), want);
	IS(conn_pidfd_send_signal(c, 0, NULL, 0), want);
	IS(conn_pidfd_wait(c, WEXITED, &info, NULL, NULL), want);
	assert_int_equal(value, 77);
	assert_int_equal(addr.len, 77);
}

static void of_conn_that_is_none(void **state)
{
	(void)state;
	conn_is(NULL, -EINVAL);
	REFUSED(conn_close(NULL));
	REFUSED(conn_fd(NULL));
	assert_null(conn_free(NULL));
}

static void of_conn_that_is_closed(void **state)
{
	struct conn *c;

	(void)state;
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &c), 0);
	assert_int_equal(conn_close(c), 0);
	conn_is(c, -EBADF);
	assert_int_equal(conn_close(c), 0);
	conn_free(c);
}

static void of_conn(void **state)
{
	const struct conn_options nowhere = { .netns_fd = 9999 };
	struct conn *c;
	int value;

	(void)state;
	REFUSED(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, NULL));
	IS(conn_open(-1, SOCK_DGRAM, 0, NULL, &conn), -EAFNOSUPPORT);
	IS(conn_open(AF_INET, SOCK_DGRAM, 0, &nowhere, &conn), -EBADF);
	REFUSED(conn_adopt(0, NULL));
	IS(conn_adopt(-1, &conn), -EBADF);
	REFUSED(conn_dup(0, NULL));
	IS(conn_dup(-1, &conn), -EBADF);
	assert_int_equal(conn_open(AF_INET, SOCK_DGRAM, 0, NULL, &c), 0);
	REFUSED(conn_set_deadline(c, 0, 1));
	REFUSED(conn_set_deadline(c, 4, 1));
	IS(conn_set_deadline(c, CONN_READ, -1), 0);
	REFUSED(conn_bind(c, NULL, 16));
	REFUSED(conn_accept(c, 0, NULL, NULL, NULL));
	REFUSED(conn_accept(c, 1, NULL, &conn, NULL));
	REFUSED(conn_connect(c, NULL, 16, NULL, NULL));
	REFUSED(conn_local(c, NULL));
	REFUSED(conn_peer(c, NULL));
	REFUSED(conn_read(c, NULL, 1, NULL));
	REFUSED(conn_write(c, NULL, 1, NULL));
	REFUSED(conn_write_all(c, NULL, 1, NULL, NULL));
	REFUSED(conn_recvfrom(c, NULL, 1, 0, NULL, NULL));
	REFUSED(conn_recvmsg(c, NULL, 0, NULL));
	REFUSED(conn_sendto(c, NULL, 1, 0, NULL, NULL, 0));
	REFUSED(conn_sendmsg(c, NULL, 0, NULL));
	REFUSED(conn_control(c, NULL, NULL));
	REFUSED(conn_raw_read(c, NULL, NULL, NULL));
	REFUSED(conn_raw_write(c, NULL, NULL, NULL));
	REFUSED(conn_get_int(c, SOL_SOCKET, SO_TYPE, NULL));
	REFUSED(conn_get_option(c, SOL_SOCKET, SO_TYPE, NULL, 4));
	REFUSED(conn_set_option(c, SOL_SOCKET, SO_REUSEADDR, NULL, 4));
	REFUSED(conn_set_option(c, SOL_SOCKET, SO_REUSEADDR, &value, SIZE_MAX));
	REFUSED(conn_get_string(c, SOL_SOCKET, SO_BINDTODEVICE, NULL, 9));
	REFUSED(conn_set_string(c, SOL_SOCKET, SO_BINDTODEVICE, NULL));
	REFUSED(conn_read_buffer(c, NULL));
	REFUSED(conn_write_buffer(c, NULL));
	REFUSED(conn_set_read_buffer(c, -1));
	REFUSED(conn_set_write_buffer(c, -1));
	REFUSED(conn_attach_filter(c, NULL, 1));
	REFUSED(conn_packet_membership(c, true, 1, 1, NULL, 6));
	REFUSED(conn_packet_stats(c, NULL));
	REFUSED(conn_kcm_clone(c, NULL));
	conn_free(c);
}

static void of_reuseport(void **state)
{
	struct conn_addr addr = { .len = 77 };

	(void)state;
	assert_true(reuseport_available());
	IS(reuseport_resolve(NULL, "[::1]:1", false, &addr), -EPROTONOSUPPORT);
	REFUSED(reuseport_resolve("tcp", NULL, false, &addr));
	REFUSED(reuseport_resolve("tcp", "[::1]:1", false, NULL));
	REFUSED(reuseport_resolve("tcp", "[::1", false, &addr));
	IS(reuseport_listen(NULL, "[::1]:1", NULL, &conn), -EPROTONOSUPPORT);
	REFUSED(reuseport_listen("tcp", NULL, NULL, &conn));
	REFUSED(reuseport_listen("tcp", "[::1]:0", NULL, NULL));
	IS(reuseport_listen_packet("tcp", "[::1]:1", NULL, &conn),
		-EPROTONOSUPPORT);
	REFUSED(reuseport_listen_packet("udp", NULL, NULL, &conn));
	IS(reuseport_dial("ip", NULL, "[::1]:1", NULL, NULL, &conn),
		-EPROTONOSUPPORT);
	REFUSED(reuseport_dial("tcp", NULL, NULL, NULL, NULL, &conn));
	REFUSED(reuseport_dial("tcp", NULL, "[::1]:1", NULL, NULL, NULL));
	assert_int_equal(addr.len, 77);
}

static void of_portman(void **state)
{
	const struct reservation odd = { .network_count = 9 };
	struct reservation res = { { 4 }, 1, .port = 1 };
	struct portman *pm = portman_new(), *strict = portman_new_strict();
	struct addr addr;
	uint8_t *data;
	size_t size;

	(void)state;
	REFUSED(portman_reserve(NULL, &res, 0, NULL, NULL, NULL));
	REFUSED(portman_reserve(pm, NULL, 0, NULL, NULL, NULL));
	REFUSED(portman_reserve(pm, &odd, 0, NULL, NULL, NULL));
	assert_false(portman_reserve_tuple(NULL, &res));
	assert_false(portman_reserve_tuple(pm, NULL));
	REFUSED(portman_release(NULL, &res));
	REFUSED(portman_release(pm, &odd));
	IS(portman_release(strict, &res), -ENOENT);
	REFUSED(portman_pick_ephemeral(NULL, 0, NULL, NULL, NULL));
	REFUSED(portman_pick_ephemeral_stable(NULL, 0, NULL, NULL, NULL));
	REFUSED(portman_set_range(NULL, 1, 2));
	REFUSED(portman_set_range(pm, 2, 1));
	assert_false(portman_is_available(NULL, &res));
	assert_false(portman_is_available(pm, NULL));
	assert_int_equal(portman_live(NULL), 0);
	REFUSED(portman_save(NULL, &data, &size));
	REFUSED(portman_save(pm, NULL, &size));
	REFUSED(portman_load(NULL, (const uint8_t *)"", 1));
	REFUSED(portman_load(pm, NULL, 1));
	REFUSED(flagcount_add(NULL, 0));
	REFUSED(flagcount_drop(NULL, 0));
	REFUSED(addr_parse(NULL, &addr));
	REFUSED(addr_parse("127.0.0.1", NULL));
	assert_int_equal(portman_live(pm), 0);
	portman_free(NULL);
	portman_free(strict);
	portman_free(pm);
}

#define ASK(test) cmocka_unit_test_setup_teardown(test, count_fds, same_fds)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ASK(of_netns),
		ASK(of_netns_unshare),
		ASK(of_link),
		ASK(of_sockdiag),
		ASK(of_wait),
		ASK(of_conn_that_is_none),
		ASK(of_conn_that_is_closed),
		ASK(of_conn),
		ASK(of_reuseport),
		ASK(of_portman),
	};
	if (UNIT_LISTED(argc, argv, tests) || !own_netns_enter())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
