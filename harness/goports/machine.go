// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
)

const notAvailable = "n/a"

// stablePicker is a manager that can also pick from where it stopped before,
// as it could until November 2023.
type stablePicker interface {
	PickEphemeralPortStable(offset uint32, test ports.PortTester) (uint16,
		tcpip.Error)
}

// canPickStable says whether the one that we have is such a manager.
func canPickStable() bool {
	_, can := any(ports.NewPortManager()).(stablePicker)
	return can
}

// testerError is what a tester fails with; the package never makes one itself.
var testerError = &tcpip.ErrAborted{}

// tester decides, as the program says, which ports are good.
type tester struct {
	test
	calls int
}

func (t *tester) call(port uint16) (bool, tcpip.Error) {
	t.calls++
	switch t.kind {
	case "all":
		return true, nil
	case "odd":
		return port%2 == 1, nil
	case "err":
		return false, testerError
	case "eq":
		return port == t.arg, nil
	case "ge":
		return port >= t.arg, nil
	case "lt":
		return port < t.arg, nil
	case "nth":
		return t.calls == int(t.arg), nil
	case "erreq":
		if port == t.arg {
			return false, testerError
		}
		return true, nil
	}
	return false, nil
}

// machine is one port manager and does ops on it.
type machine struct {
	manager *ports.PortManager
}

func newMachine() *machine {
	return &machine{ports.NewPortManager()}
}

// run does the op at index i, whatever the package makes of it. One op is
// short, but 300 searches of the whole range are not: it ticks meanwhile.
func (m *machine) run(ops []op, i int, tick func()) string {
	if ops[i].word != "repeat" {
		return m.step(&ops[i])
	}
	outcome := "ok"
	for n := 0; n < ops[i].times; n++ {
		each := m.step(&ops[i-1])
		if outcome == "ok" && !strings.HasPrefix(each, "ok") {
			outcome = each
		}
		tick()
	}
	return outcome
}

func (m *machine) step(o *op) (outcome string) {
	defer func() {
		if recover() != nil {
			outcome = "crash"
		}
	}()
	switch o.word {
	case "reserve":
		return m.reserve(o)
	case "tuple":
		if !m.manager.ReserveTuple(o.res) {
			return "EADDRINUSE"
		}
		return "ok"
	case "release":
		m.manager.ReleasePort(o.res)
		return "ok"
	case "available":
		return m.available(o)
	case "range":
		return m.portRange(o)
	case "pick", "pick_stable":
		return m.pick(o)
	case "live":
		return "ok:" + strconv.Itoa(m.live())
	case "save":
		// The package leaves saving to the state package; going on
		// with what would have been loaded is going on.
		return "ok"
	}
	return notAvailable
}

// pickPanics says whether a random pick would: the count of ports is kept in
// 16 bits, so that the range 0-65535 has none.
func (m *machine) pickPanics() bool {
	first, last := m.manager.PortRange()
	return emptyPanics && last-first+1 == 0
}

func (m *machine) reserve(o *op) string {
	t := tester{test: o.test}
	var call ports.PortTester
	if t.kind != "" {
		call = t.call
	}
	if o.res.Port == 0 && m.pickPanics() {
		return "EAGAIN"
	}
	port, err := m.manager.ReservePort(draw(&o.random), o.res, call)
	switch {
	case err != nil:
		return errno(err)
	case t.kind != "":
		return portAndCalls(port, t.calls)
	case o.res.Port == 0:
		return "ok:" + strconv.Itoa(int(port))
	}
	return "ok"
}

// available asks by reserving and releasing, as the package has no question.
// What is added is taken back, so that this leaves no trace.
func (m *machine) available(o *op) string {
	if o.res.Port == 0 {
		return notAvailable
	}
	if _, err := m.manager.ReservePort(draw(&o.random), o.res, nil); err != nil {
		return "ok:0"
	}
	m.manager.ReleasePort(o.res)
	return "ok:1"
}

func (m *machine) portRange(o *op) string {
	if o.set {
		if err := m.manager.SetPortRange(o.first, o.last); err != nil {
			return errno(err)
		}
		return "ok"
	}
	first, last := m.manager.PortRange()
	return "ok:" + strconv.Itoa(int(first)) + "-" + strconv.Itoa(int(last))
}

func (m *machine) pick(o *op) string {
	t := tester{test: o.test}
	var port uint16
	var err tcpip.Error
	if o.word == "pick_stable" {
		manager, can := any(m.manager).(stablePicker)
		if !can {
			return notAvailable
		}
		port, err = manager.PickEphemeralPortStable(uint32(o.random), t.call)
	} else if m.pickPanics() {
		return "EAGAIN"
	} else {
		port, err = m.manager.PickEphemeralPort(draw(&o.random), t.call)
	}
	if err != nil {
		return errno(err)
	}
	return portAndCalls(port, t.calls)
}

// live counts the (network, transport, port) that anything is held on. The
// package has no such question either, but its table can be measured.
func (m *machine) live() int {
	table := reflect.ValueOf(m.manager).Elem().FieldByName("allocatedPorts")
	return table.Len()
}

func portAndCalls(port uint16, calls int) string {
	return "ok:" + strconv.Itoa(int(port)) + "/" + strconv.Itoa(calls)
}

func errno(err tcpip.Error) string {
	switch err.(type) {
	case *tcpip.ErrPortInUse:
		return "EADDRINUSE"
	case *tcpip.ErrNoPortAvailable:
		return "EAGAIN"
	case *tcpip.ErrInvalidPortRange:
		return "EINVAL"
	case *tcpip.ErrAborted:
		return "EPROTO"
	}
	return "E?"
}
