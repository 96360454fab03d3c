// SPDX-License-Identifier: Apache-2.0

//go:build gvisor_20240729

package main

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/rand"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// emptyPanics says whether a random pick from an empty range panics.
const emptyPanics = false

// steered is a source of one number, until it is set to another: the 4 bytes
// that the generator reads, and the package reduces modulo the count of ports.
type steered uint32

func (s *steered) Read(buffer []byte) (int, error) {
	binary.NativeEndian.PutUint32(buffer, uint32(*s))
	return 4, nil
}

// generator is what the package draws from.
type generator = rand.RNG

// draw makes the generator whose "random" numbers are what s is then.
func draw(s *steered) generator {
	return rand.RNGFrom(s)
}

// address makes one of its 4 or 16 bytes.
func address(bytes []byte) tcpip.Address {
	return tcpip.AddrFromSlice(bytes)
}
