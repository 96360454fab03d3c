/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_rules_foreign.h - the rules of the specification that no Linux has
 *
 * Other systems do: gVisor, lwIP. Each is asked where it is asked there, and is
 * in force only where "spec+RULE" switches it on. This is a part of
 * spec_rules.h, which includes it and says what the macros are.
 */
/* No include guard: it is included more than once. */

/* sockets and addresses */

DECISION(listener_aborted, 0, "-",
	"A listener with SO_LINGER 0 may be aborted as if it were connected.")
NO_LINUX(listener_aborted)
DECISION(bind_length_by_family, EINVAL, "-",
	"An address has the length of its socket, and of the family it says.")
NO_LINUX(bind_length_by_family)
DECISION(bind_unix_length, EINVAL, "-",
	"An address that says AF_UNIX is not longer than a path can be.")
NO_LINUX(bind_unix_length)
DECISION(bind_length_of_no_family, EIO, "-",
	"An address must be as long as a sockaddr_in or a sockaddr_in6.")
NO_LINUX(bind_length_of_no_family)
DECISION(name_of_other_family, EINVAL, "-",
	"Before all else, an address must have the family of its socket.")
NO_LINUX(name_of_other_family)
DECISION(bind_again_meets_itself, EADDRINUSE, "-",
	"TCP that is bound to its own port again conflicts with itself.")
NO_LINUX(bind_again_meets_itself)
EFFECT(bind_again_moves, "-",
	"A bound socket is bound again, but no listener and no TCP connection.")
NO_LINUX(bind_again_moves)
EFFECT(tcp_binds_no_group, "-", "TCP is not bound to IPv4 multicast.")
NO_LINUX(tcp_binds_no_group)
EFFECT(bind6_at_any_device, "-",
	"Any local IPv6 address can be bound, whatever the device.")
NO_LINUX(bind6_at_any_device)
EFFECT(refused_bind_keeps_address, "-",
	"TCP keeps an address whose port was refused, even to bind to another.")
NO_LINUX(refused_bind_keeps_address)
EFFECT(refused_call_restores_device, "-",
	"A bind or a connect that is refused leaves the device as it was.")
NO_LINUX(refused_call_restores_device)
EFFECT(mapped_wildcard_is_plain, "-",
	"A wildcard that was mapped is told as ::, as any other.")
NO_LINUX(mapped_wildcard_is_plain)

/* who may have a port */

EFFECT(options_of_bind_count, "-",
	"Who has a port shares it by the options and the device of then.")
NO_LINUX(options_of_bind_count)
EFFECT(tcp_overlaps_in_family, "-",
	"TCP addresses overlap within a family; a dual-stack :: is of IPv4.")
NO_LINUX(tcp_overlaps_in_family)
EFFECT(bind_passes_listeners, "-",
	"A bind shares by SO_REUSEADDR with a listener, too.")
NO_LINUX(bind_passes_listeners)
EFFECT(reuseaddr_passes_time_wait, "-",
	"A socket with SO_REUSEADDR shares with TIME_WAIT, whatever that had.")
NO_LINUX(reuseaddr_passes_time_wait)
EFFECT(listener_guards_its_place, "-",
	"A listener that shares by SO_REUSEADDR guards its own address only.")
NO_LINUX(listener_guards_its_place)
EFFECT(reuseport_passes_peers, "-",
	"With SO_REUSEPORT, a bind does not meet those who have a peer.")
NO_LINUX(reuseport_passes_peers)
EFFECT(listen_meets_listeners, "-",
	"Only with SO_REUSEADDR a listen asks, and only who listens there.")
NO_LINUX(listen_meets_listeners)
EFFECT(udp_connect_asks_at_source, "-",
	"A UDP connect looks for a port at the address it sends from only.")
NO_LINUX(udp_connect_asks_at_source)
EFFECT(connect_asks_owners, "-",
	"A connect may choose a port if no owner without a peer overlaps.")
NO_LINUX(connect_asks_owners)

/* listeners */

DECISION(listen_keeps_port, 0, "-",
	"Who has a port listens, and nobody is asked for it once more.")
NO_LINUX(listen_keeps_port)
DECISION(listen_without_port, 0, "-",
	"A socket that has no port listens without one.")
NO_LINUX(listen_without_port)
DECISION(listener_found_no_port, EAGAIN, "-",
	"A listen that finds no port has an errno of its own.")
NO_LINUX(listener_found_no_port)
DECISION(connecting_is_busy, ENOTCONN, "-",
	"A socket that is still connecting cannot listen, or be shut down.")
NO_LINUX(connecting_is_busy)

/* connect */

DECISION(connect_no_such_link, EHOSTUNREACH, "-",
	"No way leads to or from an address of one link without its device.")
NO_LINUX(connect_no_such_link)
DECISION(connect_udp_same_ends, EADDRINUSE, "-",
	"UDP does not connect between two ends that another socket has.")
NO_LINUX(connect_udp_same_ends)
EFFECT(udp_connect_notes_peer, "-",
	"A UDP connect gets a port and notes the peer; it asks for no route.")
NO_LINUX(udp_connect_notes_peer)
EFFECT(wildcard_is_no_destination, "-",
	"A TCP connect to a wildcard address is not answered.")
NO_LINUX(wildcard_is_no_destination)
EFFECT(own_addresses_answer, "-",
	"TCP finds a route to any address, but answers between own ones only.")
NO_LINUX(own_addresses_answer)
EFFECT(mapped_wildcard_connects, "-",
	"TCP at ::ffff:0.0.0.0 connects by IPv6 as if it were at ::.")
NO_LINUX(mapped_wildcard_connects)
EFFECT(self_connect_unanswered, "-",
	"A connect of a TCP socket to itself is not answered.")
NO_LINUX(self_connect_unanswered)
EFFECT(loopback_source_is_destination, "-",
	"To a loopback address a socket sends from that very address.")
NO_LINUX(loopback_source_is_destination)
EFFECT(udp_connect_keeps_wildcard, "-",
	"A UDP connect leaves the wildcard that bind has got.")
NO_LINUX(udp_connect_keeps_wildcard)
EFFECT(udp_connect_leaks_wildcard, "-",
	"What has left :: by a UDP connect to IPv4 never gives IPv6 back.")
NO_LINUX(udp_connect_leaks_wildcard)
EFFECT(udp_new_device_leaks, "-",
	"A UDP port is not given back by who connected on another device.")
NO_LINUX(udp_new_device_leaks)
EFFECT(udp_new_options_leak, "-",
	"A UDP port is given back with the options of the last connect.")
NO_LINUX(udp_new_options_leak)
EFFECT(refused_connect_keeps_source, "-",
	"TCP keeps an address from which it could not connect.")
NO_LINUX(refused_connect_keeps_source)
EFFECT(tcp_connect_keeps_wildcard, "-",
	"A TCP connect leaves the wildcard that bind has got, for good.")
NO_LINUX(tcp_connect_keeps_wildcard)
EFFECT(udp_reconnect_picks_source, "-",
	"A second UDP connect sends from the address of the new route.")
NO_LINUX(udp_reconnect_picks_source)
EFFECT(udp_disconnect_keeps_bind, "-",
	"A UDP disconnect leaves what bind has got, even a port that it chose.")
NO_LINUX(udp_disconnect_keeps_bind)
EFFECT(connect_avoids_itself, "-",
	"A connect does not choose the port that would connect it to itself.")
NO_LINUX(connect_avoids_itself)

/* the end of a connection */

DECISION(shutdown_udp_bound, 0, "-",
	"A UDP socket that has a port is shut down, connected or not.")
NO_LINUX(shutdown_udp_bound)
DECISION(shutdown_udp_never, EOPNOTSUPP, "-",
	"A UDP socket cannot be shut down.")
NO_LINUX(shutdown_udp_never)
DECISION(shutdown_unconnected, 0, "-",
	"What is not connected is shut down, unless for writing only.")
NO_LINUX(shutdown_unconnected)
DECISION(shutdown_listener_half, ENOTCONN, "-",
	"A listener is shut down both ways, or not at all.")
NO_LINUX(shutdown_listener_half)
EFFECT(refused_shutdowns_add_up, "-",
	"A shutdown of a listener adds to those that were refused before.")
NO_LINUX(refused_shutdowns_add_up)
EFFECT(shut_listener_stays, "-",
	"A listener that is shut down keeps its place, and refuses.")
NO_LINUX(shut_listener_stays)
DECISION(ended_socket_is_gone, ENOTCONN, "-",
	"TCP that was reset, or shut down both ways, has no name any more.")
NO_LINUX(ended_socket_is_gone)
DECISION(ended_socket_is_invalid, EINVAL, "-",
	"TCP that was reset, or shut down both ways, takes no address.")
NO_LINUX(ended_socket_is_invalid)
EFFECT(linger_is_for_data, "-",
	"SO_LINGER 0 resets a connection only if it has data left to send.")
NO_LINUX(linger_is_for_data)
EFFECT(child_forgets_linger, "-",
	"A child has no SO_LINGER, whatever its listener has.")
NO_LINUX(child_forgets_linger)

/* sockets that are good for nothing more */

DECISION(dead_socket_refuses, EINVAL, "-",
	"Who can do nothing more neither binds, nor listens, nor connects.")
NO_LINUX(dead_socket_refuses)
DECISION(connect_was_reset, ECONNRESET, "-",
	"The first connect after a reset tells it.")
NO_LINUX(connect_was_reset)
DECISION(connect_failed_before, ECONNABORTED, "-",
	"Who was refused a connection never connects again.")
NO_LINUX(connect_failed_before)
EFFECT(refused_connect_is_final, "-",
	"Who was refused a connection can do nothing more.")
NO_LINUX(refused_connect_is_final)
EFFECT(refused_connect_frees_port, "-",
	"Who was refused a connection gives up even a port that bind has got.")
NO_LINUX(refused_connect_frees_port)
EFFECT(ended_connection_frees_port, "-",
	"Who was reset gives up even a port that bind has got.")
NO_LINUX(ended_connection_frees_port)
EFFECT(ended_connection_is_final, "-",
	"Who was reset, or shut down while connecting, can do nothing more.")
NO_LINUX(ended_connection_is_final)
EFFECT(refused_listener_is_dead, "-",
	"Who was refused to listen has no port, and can do nothing more.")
NO_LINUX(refused_listener_is_dead)
