// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
)

// These are the workloads of harness/bench_ports.c, word for word where the
// languages allow it, over the real package: both print the same checksums.

const (
	checked      = 4
	firstPort    = 16000
	portCount    = 65536 - firstPort
	mixedPorts   = 10000
	mixedAddrs   = 8
	mixedDevices = 3
	mixedHeldMax = 20000
	spread       = 50000
	spreadFirst  = 10000
	peers        = 1000
)

// splitmix is repeatable random numbers (splitmix64).
type splitmix uint64

func (w *splitmix) next() uint64 {
	*w += 0x9E3779B97F4A7C15
	z := uint64(*w)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

var (
	networks4 = []tcpip.NetworkProtocolNumber{header.IPv4ProtocolNumber}
	networks6 = []tcpip.NetworkProtocolNumber{header.IPv6ProtocolNumber,
		header.IPv4ProtocolNumber}
	loadBalanced = ports.Flags{LoadBalanced: true}
	tupleOnly    = ports.Flags{TupleOnly: true}
)

// bench is a manager, and what a workload knows of it.
type bench struct {
	*ports.PortManager
	start  steered
	rng    generator
	random splitmix
	live   uint64
}

func newBench() *bench {
	b := &bench{PortManager: ports.NewPortManager()}
	b.rng = draw(&b.start)
	return b
}

func reservation(transport tcpip.TransportProtocolNumber, port uint16,
	flags ports.Flags) ports.Reservation {
	return ports.Reservation{Networks: networks4, Transport: transport,
		Port: port, Flags: flags}
}

func tcp(port uint16, flags ports.Flags) ports.Reservation {
	return reservation(header.TCPProtocolNumber, port, flags)
}

// addrs are 10.0.x.y by a number, made once: to make one costs memory.
var addrs = func() (a [mixedAddrs]tcpip.Address) {
	for i := range a {
		a[i] = address([]byte{10, 0, 0, byte(i)})
	}
	return a
}()

func fold(checksum, answer uint64) uint64 {
	return checksum*31 + answer
}

func truth(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

func (b *bench) hold(res ports.Reservation) {
	if _, err := b.ReservePort(b.rng, res, nil); err != nil {
		panic(err)
	}
}

func (b *bench) pairs(res ports.Reservation, count uint64) (sum uint64) {
	for ; count > 0; count-- {
		port, _ := b.ReservePort(b.rng, res, nil)
		b.ReleasePort(res)
		sum = fold(sum, uint64(port))
	}
	return sum
}

func (b *bench) refused(res ports.Reservation, count uint64) (sum uint64) {
	for ; count > 0; count-- {
		_, err := b.ReservePort(b.rng, res, nil)
		sum = fold(sum, truth(err == nil))
	}
	return sum
}

func mixedReservation(word uint64) ports.Reservation {
	res := tcp(uint16(10000+word%mixedPorts), ports.Flags{})
	word /= mixedPorts
	if number := word % mixedAddrs; number > 0 {
		res.Addr = addrs[number]
	}
	word /= mixedAddrs
	res.BindToDevice = tcpip.NICID(word % mixedDevices)
	word /= mixedDevices
	if word%2 == 1 {
		res.Transport = header.UDPProtocolNumber
	}
	word /= 2
	res.Flags = ports.Flags{MostRecent: word&1 != 0,
		LoadBalanced: word&2 != 0, TupleOnly: word&4 != 0}
	return res
}

func (b *bench) mixed(count uint64, bits uint, most uint64) (sum uint64) {
	held := make([]uint64, count)
	n, mask := uint64(0), uint64(1)<<bits-1
	for step := uint64(0); step < count; step++ {
		word := b.random.next()
		if n > 0 && (n >= most || word&mask == mask) {
			slot := &held[(word>>32)%n]
			b.ReleasePort(mixedReservation(*slot))
			n--
			*slot = held[n]
			continue
		}
		_, err := b.ReservePort(b.rng, mixedReservation(word>>bits), nil)
		if err != nil {
			continue
		}
		held[n] = word >> bits
		n++
		sum = fold(sum, step)
	}
	return sum
}

func (b *bench) take(count uint64) {
	var list [portCount]uint16
	for i := range list {
		list[i] = uint16(firstPort + i)
	}
	b.random = 99
	for i := portCount - 1; i > 0; i-- {
		j := b.random.next() % uint64(i+1)
		list[i], list[j] = list[j], list[i]
	}
	if count > portCount {
		count = portCount
	}
	for _, port := range list[:count] {
		b.hold(tcp(port, ports.Flags{}))
	}
	b.random = 7
}

func (b *bench) choose(count uint64) (sum uint64) {
	for ; count > 0; count-- {
		b.start = steered(b.random.next() >> 34)
		port, err := b.ReservePort(b.rng, tcp(0, ports.Flags{}), nil)
		if err == nil {
			b.ReleasePort(tcp(port, ports.Flags{}))
		}
		sum = fold(sum, uint64(port))
	}
	return sum
}

// peerAddrs are those of the tuples, made once.
var peerAddrs = func() (a [8]tcpip.Address) {
	for i := range a {
		a[i] = address([]byte{10, 0, 0, byte(2 + i)})
	}
	return a
}()

func tuple(number uint64) ports.Reservation {
	res := tcp(80, tupleOnly)
	res.Addr = addrs[1]
	res.Dest.Addr = peerAddrs[number/spread]
	res.Dest.Port = uint16(spreadFirst + number%spread)
	return res
}

func (b *bench) tuples(count uint64) (sum uint64) {
	for i := uint64(0); i < count; i++ {
		sum += truth(b.ReserveTuple(tuple(i)))
	}
	return sum
}

func (b *bench) tuplePairs(count uint64) (sum uint64) {
	res := tuple(0)
	for i := uint64(0); i < count; i++ {
		res.Dest.Port = uint16(spreadFirst + i%peers)
		sum = fold(sum, truth(b.ReserveTuple(res)))
		b.ReleasePort(res)
	}
	return sum
}

func distinct(number uint64) ports.Reservation {
	return reservation(tcpip.TransportProtocolNumber(number/spread),
		uint16(spreadFirst+number%spread), ports.Flags{})
}

func (b *bench) fill(count uint64) {
	for i := uint64(0); i < count; i++ {
		b.hold(distinct(i))
	}
	b.live, b.random = count, 7
}

func (b *bench) exchange(count uint64) (sum uint64) {
	for ; count > 0; count-- {
		res := distinct(b.random.next() % b.live)
		b.ReleasePort(res)
		port, _ := b.ReservePort(b.rng, res, nil)
		sum = fold(sum, uint64(port))
	}
	return sum
}

func (b *bench) memory(count uint64) uint64 {
	for i := uint64(0); i < count; i++ {
		transport := header.TCPProtocolNumber
		if i%2 == 1 {
			transport = header.UDPProtocolNumber
		}
		b.hold(reservation(transport, uint16(1+i/2), ports.Flags{}))
	}
	return uint64((&machine{b.PortManager}).live())
}

// parallel has so many goroutines, each on a port of its own.
func (b *bench) parallel(threads int, count uint64) {
	var all sync.WaitGroup
	for i := 0; i < threads; i++ {
		all.Add(1)
		go func(port uint16) {
			defer all.Done()
			b.pairs(tcp(port, ports.Flags{}), count)
		}(uint16(80 + i))
	}
	all.Wait()
}

func timed(count uint64, run func(uint64) uint64) (cost float64, sum uint64) {
	begin := time.Now()
	sum = run(count)
	return float64(time.Since(begin).Nanoseconds()) / float64(count), sum
}

// each is for ops that can go on for ever, where the checksum is of the first.
func each(count uint64, run func(uint64) uint64) (cost float64, sum uint64) {
	sum = run(checked)
	cost, _ = timed(count, run)
	return cost, sum
}

func heap() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// grown is how many bytes each of count has cost.
func grown(count uint64, run func(uint64) uint64) (cost float64, sum uint64) {
	before := heap()
	sum = run(count)
	return (heap() - before) / float64(count), sum
}

func (b *bench) measure(name string, argument, count uint64) (cost float64,
	sum uint64, known bool) {
	same := func(run func(ports.Reservation, uint64) uint64,
		res ports.Reservation) (float64, uint64, bool) {
		cost, sum := each(count, func(count uint64) uint64 {
			return run(res, count)
		})
		return cost, sum, true
	}
	wildcard := tcp(80, ports.Flags{})
	switch name {
	case "a1", "a1-second-thread":
		return same(b.pairs, wildcard)
	case "a2", "a2-second-thread":
		wildcard.Networks = networks6
		return same(b.pairs, wildcard)
	case "a3":
		b.hold(wildcard)
		return same(b.refused, wildcard)
	case "a4":
		b.hold(tcp(80, loadBalanced))
		return same(b.pairs, tcp(80, loadBalanced))
	case "b", "b2":
		bits, most := uint(1), uint64(mixedHeldMax)
		b.random = 42
		if name == "b2" {
			bits, most = 2, 1<<63
			b.random = 43
		}
		cost, sum = timed(count, func(count uint64) uint64 {
			return b.mixed(count, bits, most)
		})
	case "c":
		b.take(argument)
		cost, sum = each(count, b.choose)
	case "d":
		b.tuples(argument)
		return same(b.pairs, tcp(80, tupleOnly))
	case "e":
		cost, sum = each(count, b.tuplePairs)
	case "f":
		cost, sum = timed(count, func(count uint64) uint64 {
			b.parallel(int(argument), count)
			return 0
		})
		cost /= float64(argument)
	case "live":
		b.fill(argument)
		cost, sum = each(count, b.exchange)
	case "memory":
		cost, sum = grown(count, b.memory)
	case "tuples":
		cost, sum = grown(count, b.tuples)
	default:
		return 0, 0, false
	}
	return cost, sum, true
}

// runBench does what build/bench_ports does: goports bench WORKLOAD COUNT
func runBench(args []string) int {
	var argument, count uint64
	var err error
	known := len(args) == 2
	if known {
		name, rest, has := strings.Cut(args[0], ":")
		if has {
			argument, err = strconv.ParseUint(rest, 10, 32)
		}
		if err == nil {
			count, err = strconv.ParseUint(args[1], 10, 32)
		}
		if err == nil && count > 0 {
			b := newBench()
			var cost float64
			var sum uint64
			cost, sum, known = b.measure(name, argument, count)
			runtime.KeepAlive(b)
			if known {
				fmt.Printf("%.3f %d\n", cost, sum)
				return 0
			}
		}
	}
	fmt.Fprintln(os.Stderr, "usage: goports bench WORKLOAD[:NUMBER] "+
		"COUNT, of harness/bench_ports.c")
	return 2
}
