/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gvisor_rules.h - the rules of gVisor's sockets and port manager, each once
 *
 * A list to be included where something is to be made of it: gvisor.h makes the
 * numbers, gvisor_rules.c the table that `portclash rules` and the citations in
 * traces come from. It is made as spec_rules.h is, of Linux.
 *
 *	DECISION(name, errno, Go function, sentence)
 *	EFFECT(name, Go function, sentence)
 *	RELEASES(name, since, before)
 *	NEWEST(name, sentence)
 *	GENERIC(name)
 *
 * A *decision* answers an op, with its errno or 0; each outcome cites exactly
 * one. An *effect* changes what later ops are answered, or turns a question of
 * this one; those that had a part are listed beside the decision. A rule that
 * is taken away is skipped: its check is not made, its effect does not happen.
 *
 * The rules are those of the releases of December 2022 and of July 2024, which
 * were both measured. A rule holds for all, and for the newest upstream, unless
 * RELEASES() says since which month, or before which. Where no history was read
 * that is V(2023, 1), which only says: between the two. NEWEST() says what else
 * is known of the newest upstream: read, in its source, and never run.
 *
 * What nobody has asked gVisor is answered with n/a: endpoint_known.h has the
 * list.
 */
/* No include guard: it is included more than once. */
#ifndef DECISION
#define DECISION(name, error, function, text)
#endif
#ifndef EFFECT
#define EFFECT(name, function, text)
#endif
#ifndef RELEASES
#define RELEASES(name, since, before)
#endif
#ifndef NEWEST
#define NEWEST(name, text)
#endif
#ifndef GENERIC
#define GENERIC(name)
#endif

/* ops on reservations */

DECISION(port_reserved, 0, "ports.PortManager.ReservePort",
	"The port is free, or all its holders share it.")
DECISION(port_in_use, EADDRINUSE, "ports.deviceToDest.isAvailable",
	"A holder of the port does not share it.")
DECISION(port_refused_by_tester, EADDRINUSE, "ports.PortManager.ReservePort",
	"The port is free, but the caller's tester does not want it.")
DECISION(port_tester_failed, EPROTO, "ports.PortManager.ReservePort",
	"An error of the tester ends all, and nothing is held.")
DECISION(port_found, 0, "ports.pickEphemeralPort",
	"Port 0 asks for the first good port of the range, from a start on.")
NEWEST(port_found, "It starts at a secure random number for each search.")
DECISION(port_not_found, EAGAIN, "ports.pickEphemeralPort",
	"No port of the range is good.")
NEWEST(port_not_found,
	"The same of an empty range, where the release "
	"panics; the port manager here answers as the newest does.")
DECISION(tuple_reserved, 0, "ports.PortManager.ReserveTuple",
	"A tuple is reserved beside all but the very same tuple.")
DECISION(tuple_in_use, EADDRINUSE, "ports.PortManager.ReserveTuple",
	"The very same tuple is held, and not shared.")
DECISION(reservation_released, 0, "ports.PortManager.releasePortLocked",
	"A release finds its key by all but the flags, and never fails.")
DECISION(availability_told, 0, "ports.deviceToDest.isAvailable",
	"Whether a port is free is asked without reserving it.")
DECISION(range_told, 0, "ports.PortManager.PortRange",
	"The range reads back as it was set.")
DECISION(range_changed, 0, "ports.PortManager.SetPortRange",
	"A new range counts from the next search on.")
DECISION(range_upside_down, EINVAL, "ports.PortManager.SetPortRange",
	"A range must not end before it begins; it may begin at 0.")
DECISION(held_ports_counted, 0, "ports.PortManager.ReservePort",
	"Each port is counted once for its network and transport.")
DECISION(manager_saved, 0, "ports.PortManager.save",
	"What is held, the range and the hint are the same after a restore.")
NEWEST(manager_saved, "It saves the whole manager; the release rebuilds it.")

/* who shares what */

EFFECT(same_destination_counts, "ports.destToCounter.intersectionFlags",
	"With the same destination, port included, all flags must be shared.")
EFFECT(wildcard_destination_counts, "ports.destToCounter.intersectionFlags",
	"A destination without address meets every other destination.")
EFFECT(wildcard_destination_forgives, "ports.destToCounter.intersectionFlags",
	"There the holder's most_recent and load_balanced are not asked for.")
EFFECT(other_devices_do_not_count, "ports.deviceToDest.isAvailable",
	"With a device, holders on another device do not count.")
EFFECT(device_meets_none, "ports.deviceToDest.isAvailable",
	"With a device, holders without one count.")
EFFECT(none_meets_devices, "ports.deviceToDest.isAvailable",
	"Without a device, holders on every device count.")
EFFECT(one_flag_for_all, "ports.deviceToDest.isAvailable",
	"All holders of an address must share one flag with the newcomer.")
EFFECT(each_address_by_itself, "ports.addrToDevice.isAvailable",
	"At another address, or network, that may be another flag.")
EFFECT(address_meets_wildcard, "ports.addrToDevice.isAvailable",
	"A newcomer with an address meets the holders of the wildcard.")
EFFECT(wildcard_meets_addresses, "ports.addrToDevice.isAvailable",
	"A newcomer with the wildcard meets the holders of every address.")
EFFECT(found_tcp_port_is_unshared, "ports.deviceToDest.isAvailable",
	"In a search for a TCP port, flags do not help.")
EFFECT(found_tcp_port_has_no_entry, "ports.deviceToDest.isAvailable",
	"There, and without a device, every holder is in the way.")
EFFECT(release_may_go_below, "ports.FlagCounter.DropRef",
	"A release with other flags counts: those flags go below zero.")
EFFECT(tuple_meets_itself, "ports.PortManager.ReserveTuple",
	"A tuple that lists a network twice meets its own first reference.")
EFFECT(offset_wraps, "ports.pickEphemeralPort",
	"The sum of start and count wraps at 32 bits: ports come twice.")
EFFECT(range_of_all_is_empty, "ports.PortManager.SetPortRange",
	"The count of a range has 16 bits: of 0 to 65535 it is 0.")
EFFECT(hint_moves, "ports.PortManager.PickEphemeralPortStable",
	"Each success of a stable pick moves the start of the next by one.")
NEWEST(hint_moves, "There is no stable pick since November 2023; the model "
		   "keeps it, so that it stays a function of the program.")

/* sockets and their options */

DECISION(endpoint_made, 0, "netstack.provider.Socket",
	"A new endpoint has neither port nor flags.")
DECISION(endpoint_closed, 0, "tcp.endpoint.closeNoShutdownLocked",
	"A close gives back what the endpoint believes to hold.")
DECISION(caller_does_not_count, 0, "auth.Credentials",
	"Who calls does not count: no port and no option asks for privileges.")
DECISION(sockopt_stored, 0, "netstack.setSockOptSocket",
	"An option counts from the next reservation on, and moves none.")
DECISION(v6only_of_ipv4, ENOPROTOOPT, "netstack.setSockOptIPv6",
	"IPv4 endpoints have no IPV6_V6ONLY to set.")
DECISION(v6only_too_late, EINVAL, "netstack.setSockOptIPv6",
	"IPV6_V6ONLY is set before bind, connect and listen, or never.")
DECISION(repair_of_udp, ENOPROTOOPT, "netstack.setSockOptTCP",
	"UDP has no option TCP_REPAIR.")
DECISION(device_not_there, ENODEV, "netstack.setSockOptSocket",
	"SO_BINDTODEVICE wants the name of a device that exists.")
DECISION(endpoint_told, 0, "tcp.endpoint.GetLocalAddress",
	"Name, device and v6only can be asked for in every state.")
DECISION(v6only_of_ipv4_asked, EOPNOTSUPP, "netstack.getSockOptIPv6",
	"IPv4 endpoints have no IPV6_V6ONLY to tell.")
EFFECT(tcp_reuseaddr_is_tuple_only, "tcp.endpoint.OnReuseAddressSet",
	"SO_REUSEADDR of TCP is the flag tuple_only.")
EFFECT(udp_reuseaddr_is_most_recent, "udp.endpoint.OnReuseAddressSet",
	"SO_REUSEADDR of UDP is the flag most_recent.")
EFFECT(reuseport_is_load_balanced, "tcp.endpoint.OnReusePortSet",
	"SO_REUSEPORT is the flag load_balanced.")

/* bind */

DECISION(address_too_short, EINVAL, "netstack.socketOpsCommon.Bind",
	"An address has 16 bytes for IPv4, and 28 for IPv6.")
DECISION(unix_address_too_long, EINVAL, "socket.AddressAndFamily",
	"An address that says AF_UNIX has at most 110 bytes.")
RELEASES(unix_address_too_long, 0, V(2023, 1))
DECISION(address_of_other_family, EAFNOSUPPORT, "socket.AddressAndFamily",
	"The family of an address is the socket's; AF_UNSPEC is none.")
DECISION(tcp_bound_before, EINVAL, "tcp.endpoint.bindLocked",
	"A TCP endpoint is bound once, and not after it was refused to listen.")
DECISION(udp_bound_before, EINVAL, "udp.endpoint.bindLocked",
	"A UDP endpoint is bound once, and not after it was connected.")
DECISION(mapped_for_v6only, EHOSTUNREACH, "tcp.endpoint.checkV4MappedLocked",
	"A v6only endpoint has no way to a mapped address.")
DECISION(tcp_address_not_local, EADDRNOTAVAIL, "tcp.endpoint.bindLocked",
	"TCP binds to local addresses: all of 127/8, none of multicast.")
DECISION(udp_address_not_local, EADDRNOTAVAIL, "network.Endpoint.BindAndThen",
	"UDP binds to local addresses, unless to multicast or broadcast.")
DECISION(bind_found_no_port, EADDRINUSE, "tcp.endpoint.bindLocked",
	"A bind to port 0 finds no port of the range.")
DECISION(tcp_id_registered, EADDRINUSE, "tcp.endpoint.bindLocked",
	"A bind asks whether it could listen there, but somebody does.")
DECISION(udp_id_registered, EADDRINUSE, "udp.endpoint.registerWithStack",
	"UDP registers its address and port, and somebody else is there.")
EFFECT(zero_is_wildcard, "netstack.socketOpsCommon.Bind",
	"An address of zeros is the wildcard.")
EFFECT(mapped_is_ipv4, "tcp.endpoint.checkV4MappedLocked",
	"A mapped address is an IPv4 address, and its port one of IPv4.")
EFFECT(dual_wildcard_is_two, "tcp.endpoint.bindLocked",
	"The wildcard :: that is not v6only is reserved on both networks.")
EFFECT(udp_groups_unchecked, "network.Endpoint.BindAndThen",
	"UDP binds to any multicast and broadcast address.")
EFFECT(failed_bind_keeps_address, "tcp.endpoint.bindLocked",
	"TCP notes an address before its port is refused, and keeps it.")
EFFECT(listeners_ignore_tuple_only, "stack.multiPortEndpoint",
	"Listeners and connections do not share by tuple_only.")
EFFECT(connections_ignore_balance, "stack.transportDemuxer",
	"Connections do not share by load_balanced.")

/* listen, accept */

DECISION(listener_made, 0, "tcp.endpoint.listen",
	"A bound endpoint listens, if nobody does at the very same place.")
DECISION(listener_updated, 0, "tcp.endpoint.listen",
	"A second listen only changes the backlog.")
DECISION(listener_too_full, EINVAL, "tcp.endpoint.listen",
	"A backlog must have room for those who wait.")
DECISION(listener_refused, EADDRINUSE, "stack.multiPortEndpoint",
	"Somebody listens at the very same place, and does not share it.")
DECISION(listener_not_bound, EINVAL, "tcp.endpoint.listen",
	"A connected endpoint, or a refused listener, cannot listen.")
DECISION(udp_never_listens, EOPNOTSUPP, "udp.endpoint.Listen",
	"UDP has no listeners.")
DECISION(child_accepted, 0, "tcp.endpoint.Accept",
	"The child that has waited longest is taken.")
DECISION(no_child_waits, EAGAIN, "tcp.endpoint.Accept",
	"There is no child to take.")
DECISION(no_listener_accepts, EINVAL, "tcp.endpoint.Accept",
	"An endpoint that does not listen has no children.")
DECISION(udp_never_accepts, EOPNOTSUPP, "udp.endpoint.Accept",
	"UDP has no children.")
EFFECT(listen_binds, "tcp.endpoint.listen",
	"Without a port, listen binds to the wildcard and port 0.")
EFFECT(refused_listener_is_closed, "tcp.endpoint.listen",
	"An endpoint that is refused to listen is closed, for good.")
EFFECT(listen_revives, "tcp.endpoint.listen",
	"A listener that was shut down listens again by a second listen.")
EFFECT(closed_listener_resets,
	"tcp.endpoint.closePendingAcceptableConnectionsLocked",
	"A listener that is closed, or shut down, resets those who wait.")
EFFECT(child_reserves, "tcp.endpoint.reserveTupleLocked",
	"A child reserves its port with its peer, as the listener was bound.")

/* connect */

DECISION(tcp_connected, 0, "tcp.endpoint.connect",
	"A listener takes the connection.")
DECISION(tcp_nobody_listens, ECONNREFUSED, "tcp.endpoint.connect",
	"The SYN is answered by RST, and the endpoint gives up its port.")
DECISION(tcp_listener_has_no_room, EINPROGRESS, "tcp.endpoint.connect",
	"One more than the backlog may wait; a SYN beyond it is dropped.")
DECISION(tcp_still_connected, EISCONN, "tcp.endpoint.connect",
	"It is connected, and nothing ends that.")
DECISION(tcp_connect_was_reset, ECONNRESET, "tcp.endpoint.connect",
	"The first connect after a reset tells it.")
DECISION(tcp_connect_failed_before, ECONNABORTED, "tcp.endpoint.connect",
	"An endpoint whose connect was refused never connects again.")
DECISION(tcp_connect_dead, EINVAL, "tcp.endpoint.connect",
	"An endpoint that was refused to listen cannot connect.")
DECISION(tcp_listener_connects, EINVAL, "tcp.endpoint.connect",
	"A listener cannot connect.")
DECISION(no_route, EHOSTUNREACH, "stack.Stack.FindRoute",
	"There is no route to a foreign address.")
DECISION(tcp_ends_in_use, EADDRINUSE, "stack.multiPortEndpoint",
	"Another connection of a bound socket has both of these ends.")
RELEASES(tcp_ends_in_use, 0, V(2023, 5))
DECISION(tcp_ends_not_available, EADDRNOTAVAIL, "tcp.endpoint.registerEndpoint",
	"The same, with the errno of Linux.")
RELEASES(tcp_ends_not_available, V(2023, 5), EVER)
DECISION(tcp_connect_found_no_port, EAGAIN, "tcp.endpoint.registerEndpoint",
	"No port of the range can be had with this peer.")
DECISION(peer_of_other_family, EINVAL, "netstack.socketOpsCommon.Connect",
	"IPv4 endpoints take no IPv6 peer, and v6only ones no IPv4 peer.")
DECISION(udp_connected, 0, "udp.endpoint.Connect",
	"UDP is registered with the peer, instead of without.")
DECISION(udp_ends_in_use, EADDRINUSE, "udp.endpoint.registerWithStack",
	"Somebody is registered with both of these ends.")
DECISION(tcp_never_disconnects, EAFNOSUPPORT, "tcp.endpoint.Disconnect",
	"TCP has no disconnect.")
DECISION(udp_disconnected, 0, "udp.endpoint.Disconnect",
	"UDP is registered without the peer again; unconnected, it stays so.")
DECISION(udp_disconnect_refused, EADDRINUSE, "udp.endpoint.Disconnect",
	"Without the peer, somebody else is at its place.")
EFFECT(tcp_connect_keeps_source, "tcp.endpoint.connect",
	"A refused connect leaves the address that it would have sent from.")
EFFECT(tcp_connect_narrows, "tcp.endpoint.connect",
	"A connect from a wildcard narrows what is released; the rest leaks.")
EFFECT(connect_keeps_wildcard, "tcp.endpoint.connect",
	"A connect keeps all that bind has reserved, even the wildcard.")
EFFECT(dual_connect_frees_ipv4, "tcp.endpoint.connect",
	"A connect from a dual wildcard frees its IPv4 half, without flags.")
RELEASES(dual_connect_frees_ipv4, V(2025, 4), EVER)
EFFECT(tcp_connect_avoids_itself, "tcp.endpoint.registerEndpoint",
	"A search for a port does not connect a socket to itself.")
EFFECT(tcp_connect_reserves_peer, "tcp.endpoint.registerEndpoint",
	"A port found by connect is reserved for that peer only.")
EFFECT(only_best_id_is_asked, "stack.transportEndpoints.findEndpointLocked",
	"A SYN goes to the most specific listener, even if on another device.")
EFFECT(wildcard_peer_is_source, "stack.makeRoute",
	"Who connects to :: is connected to the address that it sends from.")
EFFECT(udp_connect_reserves_both, "udp.endpoint.Connect",
	"UDP that is not v6only reserves IPv4 too, for an IPv6 peer.")
EFFECT(udp_refusal_releases, "udp.endpoint.registerWithStack",
	"A port that cannot be registered is released, even a bound one.")
EFFECT(udp_connect_narrows, "udp.endpoint.Connect",
	"After a connect to a mapped peer only IPv4 is released; IPv6 leaks.")
EFFECT(udp_takes_new_flags, "udp.endpoint.registerWithStack",
	"A UDP connect and disconnect take over the flags of now, to release.")
EFFECT(udp_connect_registers_first, "network.Endpoint.ConnectAndThen",
	"The new peer is registered first, so the same peer is refused.")
RELEASES(udp_connect_registers_first, 0, V(2023, 11))
EFFECT(udp_disconnect_frees, "udp.endpoint.Disconnect",
	"A disconnect gives back a port that connect has found.")

/* shutdown, close */

DECISION(tcp_shut_down, 0, "tcp.endpoint.shutdownLocked",
	"One or both directions of a TCP connection end.")
DECISION(listener_shut_down, 0, "tcp.endpoint.shutdownLocked",
	"A listener that is shut down keeps its port, and refuses.")
DECISION(nothing_to_shut_down, ENOTCONN, "tcp.endpoint.shutdownLocked",
	"Without a connection, TCP is not shut down.")
DECISION(time_wait_shut_down, ENOTCONN, "tcp.endpoint.shutdownLocked",
	"In TIME_WAIT, there is nothing left to say.")
DECISION(udp_shut_down, 0, "udp.endpoint.Shutdown",
	"UDP is shut down if it has a port.")
DECISION(udp_peer_is_missing, ENOTCONN, "udp.endpoint.Shutdown",
	"Without a peer, UDP is not shut down. It was not asked for in 2022.")
RELEASES(udp_peer_is_missing, V(2023, 1), EVER)
DECISION(udp_not_shut_down, ENOTCONN, "udp.endpoint.Shutdown",
	"Without a port, UDP is not shut down.")
EFFECT(shutdowns_add_up, "tcp.endpoint.shutdownLocked",
	"What was shut down before counts again, even if that was refused.")
EFFECT(closing_keeps_port, "tcp.endpoint.closeNoShutdownLocked",
	"A connection keeps its port until both sides have closed.")
EFFECT(time_wait_keeps_port, "tcp.endpoint.handleTimeWaitSegments",
	"The side that closed first keeps its port in TIME_WAIT.")
EFFECT(linger_resets, "tcp.endpoint.closeLocked",
	"With SO_LINGER of 0, a close resets the connection.")

DECISION(not_known, 0, "-",
	"Nobody has asked gVisor; see the list in endpoint_known.h.")

/* what says yes, the plain conflicts, the plain searches */

GENERIC(port_reserved)
GENERIC(port_in_use)
GENERIC(port_found)
GENERIC(port_not_found)
GENERIC(tuple_reserved)
GENERIC(reservation_released)
GENERIC(availability_told)
GENERIC(held_ports_counted)
GENERIC(same_destination_counts)
GENERIC(wildcard_destination_counts)
GENERIC(none_meets_devices)
GENERIC(address_meets_wildcard)
GENERIC(wildcard_meets_addresses)
GENERIC(endpoint_made)
GENERIC(endpoint_closed)
GENERIC(sockopt_stored)
GENERIC(endpoint_told)
GENERIC(bind_found_no_port)
GENERIC(not_known)

#undef DECISION
#undef EFFECT
#undef RELEASES
#undef NEWEST
#undef GENERIC
