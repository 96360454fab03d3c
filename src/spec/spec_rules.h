/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_rules.h - the rules of the specification, each once
 *
 * From this list spec.h makes the numbers, and spec_rules.c the table:
 *	DECISION(name, errno, kernel function, sentence)
 *	EFFECT(name, kernel function, sentence)
 *	VERSIONS(name, since, before)
 *	NO_LINUX(name)
 *	GENERIC(name)
 *
 * A *decision* answers an op, with its errno or 0; each outcome cites exactly
 * one. An *effect* changes the answers to later ops, or to a question of this
 * op; those that had a part are listed beside the decision. A rule holds for
 * all versions, unless VERSIONS() says since which, and before which. None has
 * what is NO_LINUX(): another system does, and "spec+RULE" switches it on; see
 * spec_rules_foreign.h. No class changes a GENERIC(): it explains too much.
 *
 * These are not modelled. The answer is n/a, which is neither right nor wrong:
 * - MPTCP connections; MPTCP sockets that only bind and listen are
 * - which socket of a reuseport group of listeners gets a connection
 * - data, and therefore connects in TCP_REPAIR; two that open at once
 * - VRF, cgroup and BPF hooks, SO_ATTACH_REUSEPORT_*, tcp_migrate_req
 * - two ports in one slot of UDP's hash table; a SYN at TIME_WAIT, by luck
 */
/* No include guard: it is included more than once. */
#ifndef DECISION
#define DECISION(name, error, function, text)
#endif
#ifndef EFFECT
#define EFFECT(name, function, text)
#endif
#ifndef VERSIONS
#define VERSIONS(name, since, before)
#endif
#ifndef NO_LINUX
#define NO_LINUX(name)
#endif
#ifndef GENERIC
#define GENERIC(name)
#endif

/* sockets, their options and properties, the caller, sysctls */

DECISION(socket_made, 0, "inet_create",
	"A new socket belongs to its creator, and has no port and no address.")
DECISION(socket_owner_not_permitted, EPERM, "sockfs_setattr",
	"Only who is privileged may give a socket to another owner.")
DECISION(socket_closed, 0, "inet_release",
	"A close gives the port back, unless a connection still needs it.")
DECISION(option_set, 0, "sk_setsockopt",
	"An option is set at any time, and asks nobody about conflicts.")
DECISION(set_v6only_ipv4, ENOPROTOOPT, "ip_setsockopt",
	"An IPv4 socket has no option IPV6_V6ONLY.")
DECISION(set_v6only_bound, EINVAL, "do_ipv6_setsockopt",
	"IPV6_V6ONLY stays as it is while the socket has a port.")
DECISION(set_transparent_not_permitted, EPERM, "do_ip_setsockopt",
	"Only who is privileged may set IP_TRANSPARENT.")
DECISION(set_repair_not_tcp, ENOPROTOOPT, "udp_lib_setsockopt",
	"TCP_REPAIR is no option of UDP and MPTCP.")
DECISION(set_repair_not_permitted, EPERM, "tcp_can_repair_sock",
	"TCP_REPAIR needs privilege, and a socket that does not listen.")
DECISION(set_device_not_permitted, EPERM, "sock_bindtoindex_locked",
	"Without privilege a device can be set, but not changed.")
DECISION(set_device_unknown, ENODEV, "sock_setbindtodevice",
	"SO_BINDTODEVICE needs a device that exists.")
DECISION(mptcp_has_no_bind_no_port, EOPNOTSUPP, "mptcp_setsockopt_v4",
	"MPTCP knew no IP_BIND_ADDRESS_NO_PORT.")
VERSIONS(mptcp_has_no_bind_no_port, 0, V(6, 8))
DECISION(mptcp_has_no_port_range, ENOPROTOOPT, "mptcp_setsockopt",
	"MPTCP knew no IP_LOCAL_PORT_RANGE.")
VERSIONS(mptcp_has_no_port_range, 0, V(6, 8))
DECISION(set_range_reversed, EINVAL, "do_ip_setsockopt",
	"A socket's own port range must not end before it begins.")
DECISION(set_owner_not_permitted, EPERM, "sockfs_setattr",
	"Only who is privileged may give a socket to another owner later.")
DECISION(property_told, 0, "inet_getname",
	"A name, a device and v6only can always be asked for.")
DECISION(get_v6only_ipv4, EOPNOTSUPP, "ip_getsockopt",
	"An IPv4 socket cannot tell IPV6_V6ONLY.")
DECISION(caller_changed, 0, "sys_setresuid",
	"The caller is another user from now on.")
DECISION(sysctl_written, 0, "proc_sys_write",
	"A sysctl holds from now on, for sockets that exist, too.")
DECISION(sysctl_not_permitted, EACCES, "net_ctl_permissions",
	"Only root of the namespace may write sysctls.")
DECISION(sysctl_range_reversed, EINVAL, "ipv4_local_port_range",
	"A range of ports must not end before it begins.")
DECISION(sysctl_range_from_zero, EINVAL, "proc_dointvec_minmax",
	"A range of ports must not begin at 0.")
DECISION(sysctl_range_below_unprivileged, EINVAL, "ipv4_local_port_range",
	"The range to choose from must not reach below the unprivileged ports.")
DECISION(sysctl_unprivileged_above_range, EINVAL, "ipv4_privileged_ports",
	"The unprivileged ports must not begin above the range to choose from.")
DECISION(sysctl_too_big, EINVAL, "proc_dou8vec_minmax",
	"A sysctl refuses a value that is too big for it.")

/* bind: the questions before the port */

DECISION(bind4_short, EINVAL, "inet_bind_sk",
	"An IPv4 socket needs an address of at least 16 bytes.")
DECISION(bind4_family, EAFNOSUPPORT, "__inet_bind",
	"An IPv4 socket needs an AF_INET address.")
DECISION(bind4_not_local, EADDRNOTAVAIL, "inet_addr_valid_or_nonlocal",
	"An IPv4 address must be local, on whatever device.")
DECISION(bind4_privileged, EACCES, "__inet_bind",
	"A low port needs CAP_NET_BIND_SERVICE.")
DECISION(bind4_bound, EINVAL, "__inet_bind",
	"What has a port, or is connected, cannot be bound again.")
DECISION(bind6_short, EINVAL, "inet6_bind_sk",
	"An IPv6 socket needs an address of at least 24 bytes.")
DECISION(bind6_family, EAFNOSUPPORT, "__inet6_bind",
	"An IPv6 socket needs an AF_INET6 address.")
DECISION(bind6_multicast_stream, EINVAL, "__inet6_bind",
	"TCP cannot be bound to an IPv6 multicast address.")
DECISION(bind6_privileged, EACCES, "__inet6_bind",
	"A low port needs CAP_NET_BIND_SERVICE, and is asked for first.")
DECISION(bind6_bound, EINVAL, "__inet6_bind",
	"What has a port, or is connected, says so before its address counts.")
DECISION(bind6_mapped_v6only, EINVAL, "__inet6_bind",
	"A v6only socket has no mapped address.")
DECISION(bind6_mapped_no_device, ENODEV, "__inet6_bind",
	"With a mapped address, the device that is set must exist.")
DECISION(bind6_mapped_not_local, EADDRNOTAVAIL, "__inet6_bind",
	"A mapped address must be local as an IPv4 address must.")
DECISION(bind6_no_scope, EINVAL, "__inet6_bind",
	"An address of one link needs a scope, or a device that is set.")
DECISION(bind6_no_device, ENODEV, "__inet6_bind",
	"The scope, or the device that is set, must exist.")
DECISION(bind6_not_local, EADDRNOTAVAIL, "ipv6_chk_addr",
	"An IPv6 address must be local, and on the device unless it is global.")
DECISION(bind_no_port, 0, "__inet_bind",
	"With IP_BIND_ADDRESS_NO_PORT and port 0, only the address is bound.")

/* may it have the port? TCP */

DECISION(tcp_port_free, 0, "inet_csk_get_port", "Nobody has the port.")
DECISION(tcp_apart, 0, "inet_csk_bind_conflict",
	"Those who have the port have other addresses or devices.")
DECISION(tcp_share_reuseaddr, 0, "inet_bind_conflict",
	"Both set SO_REUSEADDR, and the owner does not listen.")
DECISION(tcp_share_reuseport, 0, "inet_bind_conflict",
	"Both set SO_REUSEPORT, and belong to one user.")
DECISION(tcp_share_time_wait, 0, "inet_bind_conflict",
	"Both set SO_REUSEPORT, and TIME_WAIT belongs to nobody.")
DECISION(tcp_share_cache, 0, "sk_reuseport_match",
	"The port's cache remembers a socket like it: nobody else is asked.")
DECISION(tcp_share_fast_reuse, 0, "inet_csk_get_port",
	"All who have the port did set SO_REUSEADDR when they came.")
VERSIONS(tcp_share_fast_reuse, 0, V(6, 9))
DECISION(tcp_share_repair, 0, "inet_csk_get_port",
	"TCP_REPAIR shares with everybody.")
DECISION(tcp_conflict_options, EADDRINUSE, "inet_bind_conflict",
	"The owner and who asks have neither option in common.")
DECISION(tcp_conflict_listener, EADDRINUSE, "inet_bind_conflict",
	"A listener does not share by SO_REUSEADDR.")
DECISION(tcp_conflict_uid, EADDRINUSE, "inet_bind_conflict",
	"SO_REUSEPORT is not for sockets of different users.")
DECISION(tcp_port_chosen, 0, "inet_csk_find_open_port",
	"For port 0 the kernel chooses one at which nobody overlaps.")
DECISION(tcp_port_chosen_again, 0, "inet_csk_find_open_port",
	"With ip_autobind_reuse a second search shares by SO_REUSEADDR.")
DECISION(tcp_no_port_left, EADDRINUSE, "inet_csk_find_open_port",
	"At all ports to choose from somebody overlaps.")

/* may it have the port? UDP */

DECISION(udp_port_free, 0, "udp_lib_get_port", "Nobody has the UDP port.")
DECISION(udp_apart, 0, "udp_lib_lport_inuse",
	"Those who have the UDP port have other addresses or devices.")
DECISION(udp_share_reuseaddr, 0, "udp_lib_lport_inuse",
	"Both set SO_REUSEADDR: for UDP nothing else is asked.")
DECISION(udp_share_reuseport, 0, "udp_lib_lport_inuse",
	"Both set SO_REUSEPORT, and belong to one user: UDP shares.")
DECISION(udp_conflict, EADDRINUSE, "udp_lib_lport_inuse",
	"The first UDP owner in the way has no option in common.")
DECISION(udp_conflict_uid, EADDRINUSE, "udp_lib_lport_inuse",
	"The first UDP owner in the way belongs to another user.")
DECISION(udp_port_chosen, 0, "udp_lib_get_port",
	"For port 0 a UDP port is chosen at which nobody is in the way.")
DECISION(udp_no_port_left, EADDRINUSE, "udp_lib_get_port",
	"At all UDP ports to choose from somebody is in the way.")

/* listen, accept */

EFFECT(mptcp_has_a_subflow, "__mptcp_nmpc_sk",
	"Below MPTCP is a TCP socket, made when it is first needed.")
VERSIONS(mptcp_has_a_subflow, V(6, 6), EVER)
DECISION(listen_again, 0, "__inet_listen_sk",
	"Who listens already only gets another backlog.")
DECISION(listen_connected, EINVAL, "inet_listen",
	"Only a socket that is not connected can listen.")
DECISION(listen_udp, EOPNOTSUPP, "sock_no_listen", "UDP does not listen.")
DECISION(accept_done, 0, "inet_csk_accept",
	"The connection that has waited longest gets a descriptor.")
DECISION(accept_nothing_waits, EAGAIN, "inet_csk_accept",
	"No connection waits.")
DECISION(accept_not_listening, EINVAL, "inet_csk_accept",
	"Only who listens can accept.")
DECISION(accept_udp, EOPNOTSUPP, "sock_no_accept", "UDP does not accept.")

/* connect, disconnect, shutdown */

DECISION(connect_done, 0, "tcp_finish_connect", "A listener answers.")
DECISION(connect_udp, 0, "__ip4_datagram_connect",
	"UDP only remembers whom it is connected to.")
DECISION(connect_refused, ECONNREFUSED, "tcp_reset", "Nobody listens there.")
DECISION(connect_aborted, ECONNABORTED, "__inet_stream_connect",
	"It is connected to itself, and was shut down before.")
DECISION(connect_unanswered, EINPROGRESS, "inet_wait_for_connect",
	"Nobody is there who could answer.")
DECISION(connect_hung_up, EALREADY, "__inet_stream_connect",
	"It still tries, and does not wait since it was shut down before.")
DECISION(connect_no_way_back, EINPROGRESS, "tcp_v6_send_response",
	"The answer finds no way back to such an address.")
DECISION(connect_backlog_full, EINPROGRESS, "tcp_conn_request",
	"The listener has no room for another that waits.")
DECISION(connect_stuck_to_ipv4, EINPROGRESS, "tcp_v6_connect",
	"After a mapped connect an IPv6 socket sends by IPv4 for ever.")
DECISION(connect_connected, EISCONN, "__inet_stream_connect",
	"It is connected, or was and has not been disconnected.")
DECISION(connect_connecting, EALREADY, "__inet_stream_connect",
	"It is still trying.")
DECISION(connect_listening, EISCONN, "__inet_stream_connect",
	"Who listens cannot connect.")
DECISION(connect_ipv4_name_short, EINVAL, "tcp_v6_connect",
	"For TCP over IPv6 an IPv4 name is too short.")
DECISION(connect_ipv4_name_v6only, EAFNOSUPPORT, "__ip6_datagram_connect",
	"A v6only UDP socket takes no IPv4 name.")
DECISION(connect_ipv6_name, EAFNOSUPPORT, "tcp_v4_connect",
	"An IPv4 socket takes no IPv6 name.")
DECISION(connect_multicast, ENETUNREACH, "tcp_v6_connect",
	"TCP does not connect to IPv6 multicast.")
DECISION(connect_group, ENETUNREACH, "tcp_v4_connect",
	"TCP does not connect to IPv4 multicast or broadcast.")
DECISION(connect_udp_broadcast, EACCES, "__ip4_datagram_connect",
	"UDP connects to a broadcast address only with SO_BROADCAST.")
DECISION(connect_other_scope, EINVAL, "tcp_v6_connect",
	"The scope must be the device that is set.")
DECISION(connect_no_scope, EINVAL, "tcp_v6_connect",
	"To an address of one link a scope or a device is needed.")
DECISION(connect_mapped_v6only, ENETUNREACH, "tcp_v6_connect",
	"A v6only socket does not connect by IPv4.")
DECISION(connect_same_4_tuple, EADDRNOTAVAIL, "__inet_check_established",
	"Another connection has both of these ends.")
DECISION(connect_no_port_left, EADDRNOTAVAIL, "__inet_hash_connect",
	"No port to choose from is free, or shared by connects only.")
DECISION(connect_udp_no_port_left, EAGAIN, "inet_autobind",
	"A UDP socket without a port needs one, and none is left.")
DECISION(route_unreachable, ENETUNREACH, "ip_route_output_flow",
	"There is no route.")
DECISION(route_from_foreign, ENETUNREACH, "ip_route_output_key_hash_rcu",
	"There is no route from an address that is not local.")
DECISION(route_from_group, EINVAL, "ip_route_output_key_hash_rcu",
	"There is no route from a multicast or broadcast address.")
DECISION(route_from_loopback, EINVAL, "__mkroute_output",
	"From a loopback address nothing goes out by another device.")
DECISION(route_no_device, ENODEV, "ip_route_output_key_hash_rcu",
	"The device that is set does not exist.")
DECISION(route_from_mapped, EAFNOSUPPORT, "ip6_dst_lookup_tail",
	"From a mapped address there is no way by IPv6.")
DECISION(disconnect_tcp, 0, "tcp_disconnect",
	"A TCP socket is disconnected from whatever it was.")
DECISION(disconnect_udp, 0, "__udp_disconnect",
	"A UDP socket is disconnected, even if it was not connected.")
DECISION(shutdown_done, 0, "inet_shutdown",
	"One or both directions of a connection end.")
DECISION(shutdown_udp, 0, "inet_shutdown",
	"A connected UDP socket is shut down.")
DECISION(shutdown_disconnects, 0, "inet_shutdown",
	"To shut down a listener for reading is to disconnect it.")
DECISION(shutdown_listener_write, 0, "inet_shutdown",
	"To shut down a listener for writing does nothing.")
DECISION(shutdown_not_connected, ENOTCONN, "inet_shutdown",
	"What is not connected cannot be shut down.")
DECISION(not_modelled, 0, "-",
	"The specification does not say; see the list in spec_rules.h.")

/* options */

EFFECT(repair_forces_reuse, "do_tcp_setsockopt",
	"TCP_REPAIR stands in for SO_REUSEADDR, and takes it away at its end.")

/* what is local, and who may bind what is not */

EFFECT(unspec_means_ipv4, "__inet_bind",
	"AF_UNSPEC is taken for AF_INET, if the address is 0.0.0.0.")
EFFECT(freebind_frees, "inet_can_nonlocal_bind",
	"IP_FREEBIND allows foreign addresses, of both families.")
EFFECT(transparent_frees, "inet_can_nonlocal_bind",
	"IP_TRANSPARENT allows foreign addresses, of both families.")
EFFECT(nonlocal_frees, "inet_can_nonlocal_bind",
	"ip_nonlocal_bind allows foreign addresses; each family has its own.")
EFFECT(groups_can_be_bound, "inet_addr_valid_or_nonlocal",
	"IPv4 multicast and broadcast addresses count as local.")
EFFECT(scope_sets_device, "__inet6_bind",
	"A scope replaces the device that is set, even if bind then fails.")
EFFECT(address_sets_v6only, "__inet6_bind",
	"An address that is neither mapped nor :: makes the socket v6only.")
EFFECT(failed_bind_restores_v6only, "__inet6_bind",
	"If the port is refused, v6only is as it was before.")
EFFECT(refused_bind_clears_address, "__inet_bind",
	"If the port is refused, the socket loses even the address it had.")
EFFECT(bind_locks_address, "__inet_bind",
	"An address that was asked for is kept when the port is given back.")
EFFECT(bind_locks_port, "__inet_bind",
	"A port that was asked for is kept until the socket is closed.")

/* overlap */

EFFECT(devices_keep_apart, "inet_bind_conflict",
	"Sockets of two devices do not overlap.")
EFFECT(v6only_spares_ipv4, "ipv4_rcv_saddr_equal",
	"A v6only socket does not overlap with IPv4.")
EFFECT(v6only_spares_mapped, "ipv6_rcv_saddr_equal",
	"A v6only wildcard does not overlap with a mapped address.")
EFFECT(ipv4_wildcard_covers, "ipv4_rcv_saddr_equal",
	"0.0.0.0 overlaps with every IPv4 address.")
EFFECT(ipv6_wildcard_covers, "ipv6_rcv_saddr_equal",
	"The wildcard :: overlaps with every address of both families.")
EFFECT(ipv6_wildcards_meet, "ipv6_rcv_saddr_equal",
	"Two wildcards :: overlap, whatever they say of v6only.")
EFFECT(ipv6_has_a_dummy_ipv4_address, "ipv4_rcv_saddr_equal",
	"An IPv6 address counts as 127.0.0.6 where IPv4 is compared.")
EFFECT(ipv4_wildcard_covers_dummies, "ipv4_rcv_saddr_equal",
	"0.0.0.0 overlaps with what an IPv6 address counts as, too.")
EFFECT(mapped_wildcard_asks_all, "inet_use_bhash2_on_bind",
	"::ffff:0.0.0.0 asks every owner of the port, as 0.0.0.0 does.")
EFFECT(mapped_wildcard_overlooked, "inet_bind2_bucket_match_addr_any",
	"An IPv6 socket at ::ffff:0.0.0.0 is not seen by a mapped address.")
VERSIONS(mapped_wildcard_overlooked, 0, V(6, 9))

/* the caches of a TCP port */

EFFECT(cache_has_a_uid, "sk_reuseport_match",
	"The cache lets in the user who filled it, as it was then.")
EFFECT(cache_is_for_any_address, "sk_reuseport_match",
	"As long as all have SO_REUSEPORT, the cache is for any address.")
VERSIONS(cache_is_for_any_address, 0, V(6, 9))
EFFECT(first_owner_fills_cache, "inet_csk_update_fastreuse",
	"The first owner of a port says what all have in common.")
VERSIONS(first_owner_fills_cache, 0, V(6, 9))
EFFECT(no_reuse_ends_fast_reuse, "inet_csk_update_fastreuse",
	"One without SO_REUSEADDR ends what all had in common.")
VERSIONS(no_reuse_ends_fast_reuse, 0, V(6, 9))
EFFECT(no_reuseport_wipes_cache, "inet_csk_update_fastreuse",
	"One without SO_REUSEPORT wipes the cache of the port.")
EFFECT(reuseport_fills_cache, "inet_csk_update_fastreuse",
	"One with SO_REUSEPORT leaves its user and address in the cache.")
EFFECT(clients_free_the_port, "inet_bind2_bucket_destroy",
	"A port that only connects have left can be shared by connects again.")
VERSIONS(clients_free_the_port, V(6, 18), EVER)

/* the order and the tables of UDP */

EFFECT(udp_first_match_decides, "udp_lib_lport_inuse",
	"The first UDP owner in the way decides, and no other is asked.")
EFFECT(udp_ipv6_reuseport_last, "udp_lib_get_port",
	"IPv6 sockets with SO_REUSEPORT are asked last, others first.")
EFFECT(udp_crowd_by_address, "udp_lib_lport_inuse2",
	"Of more than ten, only those of its address and wildcards are asked.")

/* choosing */

EFFECT(search_avoids_all, "inet_csk_find_open_port",
	"A search for a TCP port passes over every overlap.")
EFFECT(search_avoids_its_group, "inet_bind_conflict",
	"The second search shares by SO_REUSEADDR, but not with its own group.")
EFFECT(udp_search_asks_users, "udp_lib_lport_inuse",
	"A search for a UDP port meets SO_REUSEPORT sockets of other users.")
EFFECT(range_of_socket, "inet_sk_get_local_port_range",
	"A socket's own range narrows the range to choose from.")
EFFECT(reserved_not_chosen, "inet_is_local_reserved_port",
	"Reserved ports are not chosen.")
EFFECT(odd_range_loses_an_end, "inet_csk_find_open_port",
	"Of an odd range, one end is overlooked: of three ports, the last.")

/* connections */

EFFECT(refused_shutdown_counts, "inet_shutdown",
	"A shutdown that is refused counts for the connection to come.")
EFFECT(connect_moves_address, "inet_bhash2_update_saddr",
	"A connect narrows a wildcard to the address it sends from.")
EFFECT(connect_narrows_address, "__ip4_datagram_connect",
	"A UDP connect narrows a wildcard to the address it sends from.")
EFFECT(ipv6_connect_sets_dummy, "tcp_v6_connect",
	"A connect by IPv6 makes the IPv4 address 127.0.0.6.")
EFFECT(connect_scope_sets_device, "tcp_v6_connect",
	"A connect with a scope sets the device.")
EFFECT(failed_connect_frees_port, "tcp_set_state",
	"A connect that fails gives back a port that was not asked for.")
EFFECT(time_wait_is_recycled, "tcp_twsk_unique",
	"A bound socket may connect over its own connection in TIME_WAIT.")
EFFECT(disconnect_frees_chosen_port, "tcp_set_state",
	"A disconnect gives back a port that was not asked for.")
EFFECT(disconnect_resets_address, "inet_bhash2_reset_saddr",
	"A disconnect gives back an address that was not asked for.")
EFFECT(udp_refused_connect_keeps_port, "inet_autobind",
	"A UDP connect that is refused keeps the port that it got first.")
EFFECT(udp_disconnect_drops_device, "__udp_disconnect",
	"A UDP disconnect forgets the device.")
EFFECT(udp_disconnect_resets_address, "__udp_disconnect",
	"A UDP disconnect gives back an address that was not asked for.")
EFFECT(udp_disconnect_frees_chosen_port, "__udp_disconnect",
	"A UDP disconnect gives back a port that was not asked for.")
EFFECT(fin_answered_sooner_or_later, "tcp_fin",
	"A FIN is answered at once, or up to 40 ms later: both may be seen.")
EFFECT(accept_changes_owner, "sock_graft",
	"What is accepted belongs to who accepted it.")
EFFECT(orphan_keeps_owner, "sk_clone",
	"Connections without a descriptor belong to the listener's user.")
VERSIONS(orphan_keeps_owner, V(6, 17), EVER)
EFFECT(subflow_keeps_owner, "sock_i_uid",
	"The TCP socket below MPTCP belongs to who made it, for good.")
VERSIONS(subflow_keeps_owner, V(6, 17), EVER)

#include "spec_rules_foreign.h"

/* what says yes, the plain conflicts, the plain searches */

GENERIC(socket_made)
GENERIC(socket_closed)
GENERIC(option_set)
GENERIC(property_told)
GENERIC(caller_changed)
GENERIC(sysctl_written)
GENERIC(tcp_port_free)
GENERIC(tcp_apart)
GENERIC(tcp_share_reuseaddr)
GENERIC(tcp_share_reuseport)
GENERIC(tcp_conflict_options)
GENERIC(tcp_port_chosen)
GENERIC(tcp_no_port_left)
GENERIC(udp_port_free)
GENERIC(udp_apart)
GENERIC(udp_share_reuseaddr)
GENERIC(udp_share_reuseport)
GENERIC(udp_conflict)
GENERIC(udp_port_chosen)
GENERIC(udp_no_port_left)
GENERIC(not_modelled)
GENERIC(ipv4_wildcard_covers)
GENERIC(ipv6_wildcard_covers)
GENERIC(ipv6_wildcards_meet)

#undef DECISION
#undef EFFECT
#undef VERSIONS
#undef NO_LINUX
#undef GENERIC
