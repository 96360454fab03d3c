// SPDX-License-Identifier: Apache-2.0

//go:build gvisor_20221219

package main

import (
	"math/rand"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// emptyPanics says whether a random pick from an empty range panics.
const emptyPanics = true

// steered is a source of one number, until it is set to another: the upper 31
// of its 63 bits are what the generator reduces modulo the count of ports.
type steered uint32

func (s *steered) Int63() int64 { return int64(*s) << 32 }
func (s *steered) Seed(int64)   {}

// generator is what the package draws from.
type generator = *rand.Rand

// draw makes the generator whose "random" numbers are what s is then.
func draw(s *steered) generator {
	return rand.New(s)
}

// address makes one of its 4 or 16 bytes.
func address(bytes []byte) tcpip.Address {
	return tcpip.Address(bytes)
}
