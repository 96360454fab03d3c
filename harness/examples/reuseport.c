// SPDX-License-Identifier: Apache-2.0
/*
 * reuseport.c - a connection from the address where somebody listens
 *
 * Prints: hello from 127.0.0.1:7000
 */
#include <netinet/in.h>
#include <stdio.h>

#include <portclash/link.h>
#include <portclash/reuseport.h>

int main(void)
{
	struct conn *here, *there, *conn, *child;
	struct link_session *session;
	struct conn_addr peer;
	char text[6] = "";

	if (netns_unshare() < 0 || link_open(&session) || link_up(session, 1) ||
		reuseport_listen("tcp", "127.0.0.1:7000", NULL, &here) ||
		reuseport_listen("tcp", "127.0.0.1:7001", NULL, &there) ||
		reuseport_dial("tcp", "127.0.0.1:7000", "127.0.0.1:7001", NULL,
			NULL, &conn) ||
		conn_accept(there, 0, NULL, &child, &peer) ||
		conn_write_all(conn, "hello", 5, NULL, NULL) ||
		conn_read(child, text, 5, NULL) != 5)
		return 1;
	printf("%s from 127.0.0.1:%d\n", text,
		ntohs(((struct sockaddr_in *)&peer.any)->sin_port));
	conn_free(child);
	conn_free(conn);
	conn_free(there);
	conn_free(here);
	link_close(session);
	return 0;
}
