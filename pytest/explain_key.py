# SPDX-License-Identifier: Apache-2.0
"""Which rules of Linux each quirk of gVisor is about.

For each class of gVisor in corpus/divergences: the rules of the specification
(src/spec/spec_rules.h) that a reader of the class would name. Several are right
where two rules are asked in another order, where two families have a rule each,
or where a rule that no Linux has stands for the one that Linux has instead.

This key was written from the sentences of the classes and of the rules, before
there was a search that it could have been copied from; only its last part came
later, with the classes it is about. test_explain.py holds what the search finds
against it.
"""

KEY = {
    # bind: which address, and what is looked at first
    "address-does-not-set-v6only": {
        "address_sets_v6only", "failed_bind_restores_v6only"},
    "failed-bind-keeps-address": {
        "refused_bind_clears_address", "refused_bind_keeps_address"},
    "length-is-of-the-family": {
        "bind_length_by_family", "bind4_short", "bind6_short",
        "bind4_family", "bind6_family"},
    "mapped-bind-on-v6only-errno": {"bind6_mapped_v6only"},
    "mapped-wildcard-is-wildcard": {
        "mapped_wildcard_asks_all", "mapped_wildcard_overlooked",
        "property_told"},
    "second-bind-error-order": {
        "bind4_bound", "bind6_bound", "bind4_not_local",
        "bind6_multicast_stream", "bind4_privileged", "bind6_privileged"},
    "tcp-binds-no-group": {"tcp_binds_no_group", "groups_can_be_bound"},
    "tcp-ipv6-group-errno": {"bind6_multicast_stream", "bind6_not_local"},
    "unspec-is-no-family": {"unspec_means_ipv4", "bind4_family"},

    # who may share a port
    "dummy-address-conflict": {
        "ipv6_has_a_dummy_ipv4_address", "ipv6_connect_sets_dummy"},
    "wildcard-spares-dummies": {"ipv4_wildcard_covers_dummies"},
    "child-forgets-linger": {"shutdown_not_connected", "accept_done"},
    "listener-admits-reuseaddr": {
        "listener_guards_its_place", "tcp_conflict_listener"},
    "option-after-bind": {"options_of_bind_count", "option_set"},
    "port-forgets-reuseport": {
        "reuseport_fills_cache", "no_reuseport_wipes_cache",
        "cache_has_a_uid", "tcp_share_cache"},
    # It binds where Linux has no reason but the plain conflict to refuse it.
    "reuseport-passes-client": {"tcp_conflict_options", "udp_conflict"},
    "udp-asks-every-owner": {
        "udp_first_match_decides", "udp_ipv6_reuseport_last"},

    # which port is chosen, and what the range may be
    "connect-shares-chosen-port": {
        "connect_asks_owners", "connect_no_port_left"},
    "self-connect-not-chosen": {"connect_done", "connect_no_port_left"},
    "listen-without-port-errno": {
        "listener_found_no_port", "tcp_no_port_left"},
    "odd-range-has-its-last-port": {"odd_range_loses_an_end"},
    "udp-connect-reserves-address-only": {
        "udp_connect_asks_at_source", "connect_udp_no_port_left"},

    # listen
    "listener-is-not-asked-again": {
        "listen_keeps_port", "listen_again", "tcp_conflict_listener"},
    "refused-listen-kills-socket": {"refused_listener_is_dead"},
    "shut-listener-stays": {
        "shut_listener_stays", "shutdown_disconnects",
        "shutdown_listener_write"},
    "smaller-backlog-refused": {"listen_again"},

    # connect: its errnos, and what is looked at first
    "ipv4-connect-over-ipv6": {
        "connect_ipv4_name_short", "connect_ipv4_name_v6only"},
    "ipv4-connect-v6only-errno": {"connect_ipv4_name_v6only"},
    "ipv6-connect-errno": {"connect_ipv6_name"},
    "loopback-source-is-destination": {
        "loopback_source_is_destination", "connect_moves_address",
        "connect_narrows_address"},
    "mapped-connect-on-v6only-errno": {"connect_mapped_v6only"},
    "other-family-is-asked-first": {
        "connect_ipv6_name", "connect_connected", "connect_listening",
        "connect_connecting"},
    "refused-shutdown-is-forgotten": {
        "refused_shutdown_counts", "connect_aborted", "connect_hung_up"},
    "same-4-tuple-errno": {"connect_same_4_tuple"},
    "time-wait-not-recycled": {
        "time_wait_is_recycled", "connect_same_4_tuple"},
    "udp-address-before-port": {
        "connect_mapped_v6only", "connect_udp_no_port_left"},
    "udp-connections-ignore-reuseport": {"connect_udp"},
    "udp-reconnect-to-same-peer": {"connect_udp"},

    # what a connect, a disconnect, a shutdown and a close leave behind
    "disconnect-asks-again": {
        "disconnect_udp", "udp_disconnect_resets_address"},
    "disconnect-keeps-device": {"udp_disconnect_drops_device"},
    "udp-connect-leaks-wildcard": {
        "connect_narrows_address", "udp_connect_leaks_wildcard",
        "socket_closed"},
    "udp-connect-reserves-both-families": {"connect_narrows_address"},
    "udp-shutdown-needs-no-peer": {
        "shutdown_udp_bound", "shutdown_not_connected"},

    # added when the port manager knew more of gVisor, and the search existed
    "connect-on-listener-errno": {"connect_listening"},
    "connect-without-port-errno": {"connect_no_port_left"},
    "ipv6-binds-at-any-device": {"bind6_not_local"},
    "device-for-anybody": {"set_device_not_permitted"},
    "ended-connection-frees-port": {
        "ended_connection_frees_port", "bind_locks_port"},
    "ended-connection-is-final": {
        "ended_connection_is_final", "connect_failed_before",
        "dead_socket_refuses"},
    "no-route-errno": {"route_unreachable"},
    "options-taken-and-ignored": {
        "freebind_frees", "transparent_frees", "bind_no_port",
        "range_of_socket", "set_range_reversed",
        "set_transparent_not_permitted"},
    "repair-taken-and-ignored": {
        "repair_forces_reuse", "set_repair_not_permitted",
        "tcp_share_repair"},
    "privileged-ports-are-free": {"bind4_privileged", "bind6_privileged"},
    "range-has-no-least-port": {
        "sysctl_range_from_zero", "sysctl_range_below_unprivileged"},
    "refused-connect-frees-port": {
        "refused_connect_frees_port", "bind_locks_port"},
    "refused-connect-is-final": {
        "refused_connect_is_final", "connect_failed_before",
        "dead_socket_refuses"},
    "refused-connect-keeps-source": {
        "connect_moves_address", "refused_connect_keeps_source"},
    "scope-is-ignored": {
        "bind6_no_scope", "bind6_no_device", "scope_sets_device"},
    "shutdowns-add-up": {"refused_shutdown_counts", "shut_listener_stays"},
    "tcp-connect-keeps-wildcard": {
        "connect_moves_address", "tcp_connect_keeps_wildcard"},
    "tcp-has-no-disconnect": {"disconnect_tcp"},
    "udp-new-device-leaks": {
        "udp_new_device_leaks", "socket_closed"},
    "udp-new-options-leak": {
        "udp_new_options_leak", "socket_closed"},
    "udp-connect-keeps-wildcard": {
        "connect_narrows_address", "udp_connect_keeps_wildcard"},
    "udp-disconnect-keeps-bind": {
        "udp_disconnect_keeps_bind", "udp_disconnect_frees_chosen_port"},
    "udp-reconnect-picks-source": {"udp_reconnect_picks_source"},
    # That :: is ::1 is no rule of its own; what shows is who its peer then is.
    "udp-wildcard-is-own-address": {
        "connect_udp_same_ends", "udp_connect_notes_peer"},
    "unix-address-too-long": {"bind_unix_length", "bind4_family"},
    "users-are-not-told-apart": {
        "tcp_conflict_uid", "udp_conflict_uid", "udp_search_asks_users",
        "cache_has_a_uid"},
}
