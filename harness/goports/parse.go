// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
)

// op is one line of a program; word says which fields are used.
type op struct {
	word        string
	res         ports.Reservation
	test        test
	random      steered // of reserve and pick; the offset of pick_stable
	set         bool    // range: set it, and not only ask
	first, last uint16
	times       int
}

// words hands out the words of a line from the left.
type words string

func (w *words) take() string {
	line := strings.TrimLeft(string(*w), " \t\r")
	end := strings.IndexAny(line, " \t\r")
	if end < 0 {
		end = len(line)
	}
	*w = words(line[end:])
	return line[:end]
}

// value takes the next word if it is key=value.
func (w *words) value(key string) (string, bool) {
	rest := *w
	word := rest.take()
	if len(word) <= len(key) || word[len(key)] != '=' ||
		word[:len(key)] != key {
		return "", false
	}
	*w = rest
	return word[len(key)+1:], true
}

func found(word string) string {
	if word == "" {
		return "the end of the line"
	}
	return strconv.Quote(word)
}

// parse appends the op of a line, if there is one, to ops.
func parse(ops []op, line string) ([]op, error) {
	line, _, _ = strings.Cut(line, "#")
	w := words(line)
	o := op{word: w.take()}
	if o.word == "" {
		return ops, nil
	}
	var err error
	switch o.word {
	case "reserve", "tuple", "release", "available":
		err = parseReservation(&w, &o)
	case "pick", "pick_stable":
		err = parsePick(&w, &o)
	case "range":
		err = parseRange(&w, &o)
	case "repeat":
		if len(ops) == 0 || ops[len(ops)-1].word == "repeat" {
			return ops, fmt.Errorf("nothing to repeat")
		}
		var times uint64
		times, err = number(w.take(), 16)
		o.times = int(times)
	case "live", "save":
	default:
		// An op of another level, or of another time: it is n/a.
		return append(ops, o), nil
	}
	if err != nil {
		return ops, err
	}
	if word := w.take(); word != "" {
		return ops, fmt.Errorf("unexpected %q", word)
	}
	return append(ops, o), nil
}

func number(word string, bits int) (uint64, error) {
	n, err := strconv.ParseUint(word, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("expected a number of %d bits, found %s",
			bits, found(word))
	}
	return n, nil
}

func parseReservation(w *words, o *op) (err error) {
	if o.res.Networks, err = networks(w.take()); err != nil {
		return err
	}
	if o.res.Transport, err = transport(w.take()); err != nil {
		return err
	}
	if o.res.Addr, o.res.Port, err = addressAndPort(w.take()); err != nil {
		return err
	}
	if word, ok := w.value("flags"); ok {
		if o.res.Flags, err = flags(word); err != nil {
			return err
		}
	}
	if word, ok := w.value("dev"); ok {
		n, err := strconv.ParseInt(word, 10, 32)
		if err != nil {
			return fmt.Errorf("expected a device number, found %s",
				found(word))
		}
		o.res.BindToDevice = tcpip.NICID(n)
	}
	if word, ok := w.value("dest"); ok {
		o.res.Dest.Addr, o.res.Dest.Port, err = addressAndPort(word)
		if err != nil {
			return err
		}
	}
	if o.word != "reserve" {
		return nil
	}
	if word, ok := w.value("random"); ok {
		if o.random, err = random(word); err != nil {
			return err
		}
	}
	if word, ok := w.value("test"); ok {
		o.test, err = parseTest(word)
	}
	return err
}

func parsePick(w *words, o *op) (err error) {
	if o.word == "pick" {
		if word, ok := w.value("random"); ok {
			o.random, err = random(word)
		}
	} else if word, ok := w.value("offset"); ok {
		var n uint64
		n, err = number(word, 32)
		o.random = steered(n)
	}
	if err != nil {
		return err
	}
	word, ok := w.value("test")
	if !ok {
		return fmt.Errorf("expected test=, found %s", found(w.take()))
	}
	o.test, err = parseTest(word)
	return err
}

func parseRange(w *words, o *op) error {
	word := w.take()
	if word == "" {
		return nil
	}
	low, high, ok := strings.Cut(word, "-")
	if !ok {
		return fmt.Errorf("expected FIRST-LAST, found %q", word)
	}
	first, err := number(low, 16)
	if err != nil {
		return err
	}
	last, err := number(high, 16)
	o.set, o.first, o.last = true, uint16(first), uint16(last)
	return err
}

// random is below 2^30, where the ways of all gVisors to reduce it modulo a
// count of ports give the same.
func random(word string) (steered, error) {
	n, err := number(word, 30)
	return steered(n), err
}

func networks(word string) ([]tcpip.NetworkProtocolNumber, error) {
	if word == "-" {
		return nil, nil
	}
	list := make([]tcpip.NetworkProtocolNumber, 0, len(word))
	for i := range word {
		switch word[i] {
		case '4':
			list = append(list, header.IPv4ProtocolNumber)
		case '6':
			list = append(list, header.IPv6ProtocolNumber)
		default:
			return nil, fmt.Errorf("expected networks such as 4, "+
				"46 or -, found %q", word)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("expected networks, found %s",
			found(word))
	}
	return list, nil
}

func transport(word string) (tcpip.TransportProtocolNumber, error) {
	switch word {
	case "tcp":
		return header.TCPProtocolNumber, nil
	case "udp":
		return header.UDPProtocolNumber, nil
	}
	n, err := number(word, 8)
	return tcpip.TransportProtocolNumber(n), err
}

// wildcard is no address: any.
var wildcard tcpip.Address

// addressAndPort reads "*:7", "10.0.0.1:7" or "[::1]:7". The package knows an
// address by its bytes, so that a mapped one stays 16 bytes long.
func addressAndPort(word string) (tcpip.Address, uint16, error) {
	colon := strings.LastIndexByte(word, ':')
	if colon < 0 {
		return wildcard, 0, fmt.Errorf("expected ADDRESS:PORT, "+
			"found %s", found(word))
	}
	port, err := number(word[colon+1:], 16)
	if err != nil {
		return wildcard, 0, err
	}
	text := word[:colon]
	if text == "*" {
		return wildcard, uint16(port), nil
	}
	bracketed := text != "" && text[0] == '[' && text[len(text)-1] == ']'
	if bracketed {
		text = text[1 : len(text)-1]
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || addr.Is4() == bracketed {
		return wildcard, 0, fmt.Errorf("expected an address, found %q",
			word)
	}
	return address(addr.AsSlice()), uint16(port), nil
}

func flags(word string) (f ports.Flags, err error) {
	for more := true; more; {
		var flag string
		flag, word, more = strings.Cut(word, "+")
		switch flag {
		case "most_recent":
			f.MostRecent = true
		case "load_balanced":
			f.LoadBalanced = true
		case "tuple_only":
			f.TupleOnly = true
		default:
			return f, fmt.Errorf("unknown flag %s", found(flag))
		}
	}
	return f, nil
}

// test says which tester to hand to the package; no kind means none.
type test struct {
	kind string
	arg  uint16
}

func parseTest(word string) (test, error) {
	kind, arg, hasArg := strings.Cut(word, ":")
	switch kind {
	case "all", "none", "odd", "err":
		if hasArg {
			return test{}, fmt.Errorf("%q takes no number", kind)
		}
		return test{kind: kind}, nil
	case "eq", "ge", "lt", "nth", "erreq":
		n, err := number(arg, 16)
		return test{kind, uint16(n)}, err
	}
	return test{}, fmt.Errorf("unknown tester %s", found(word))
}
