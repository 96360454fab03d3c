// SPDX-License-Identifier: Apache-2.0

// Command goports is a portclash agent over gVisor's own ports package.
//
// The protocol is in src/subjects/agent.h. Each program gets a port manager of
// its own, so that programs cannot meet. As "goports bench" it is no agent, but
// measures the package (bench.go).
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// date is of the gVisor whose package this is: "build" has the linker set it.
var date = "undated"

const (
	// While a program runs, answers are not held back for longer, and for
	// want of any an empty line says that this is slow, not dead.
	silence = time.Second

	inputSize = 64 * 1024
)

// input flushes what was answered before it waits for more to be asked.
type input struct {
	from io.Reader
	out  *bufio.Writer
}

func (in input) Read(buffer []byte) (int, error) {
	if err := in.out.Flush(); err != nil {
		return 0, err
	}
	return in.from.Read(buffer)
}

// agent reads programs and writes traces.
type agent struct {
	in      *bufio.Reader
	out     *bufio.Writer
	ops     []op
	flushed time.Time
}

// tick is called often, and breaks the silence if it has lasted.
func (a *agent) tick() {
	now := time.Now()
	if now.Sub(a.flushed) < silence {
		return
	}
	if a.out.Buffered() == 0 {
		a.out.WriteByte('\n')
	}
	a.out.Flush()
	a.flushed = now
}

// read fills in a.ops with the next program. A program that cannot be
// understood is read to its end and is the second error.
func (a *agent) read() (wrong, err error) {
	a.ops = a.ops[:0]
	for number := 1; ; number++ {
		line, err := a.in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return nil, fmt.Errorf("line %d is too long", number)
		}
		if err != nil {
			return nil, err
		}
		text := string(line[:len(line)-1])
		if text == "." || text == ".\r" {
			return wrong, nil
		}
		if wrong != nil {
			continue
		}
		a.ops, wrong = parse(a.ops, text)
		if wrong != nil {
			wrong = fmt.Errorf("line %d: %w", number, wrong)
		}
	}
}

// answer runs the program in a.ops.
func (a *agent) answer() {
	m := newMachine()
	lost := false
	for i := range a.ops {
		outcome := notAvailable
		if !lost {
			outcome = m.run(a.ops, i, a.tick)
		}
		lost = lost || outcome == notAvailable
		a.out.WriteString(outcome)
		a.out.WriteByte('\n')
		a.tick()
	}
}

func (a *agent) serve() error {
	fmt.Fprintf(a.out, "portclash-agent 1 goports-%s\n"+
		"can reserve tuple release available range pick live save "+
		"repeat", date)
	if canPickStable() {
		a.out.WriteString(" pick_stable")
	}
	a.out.WriteByte('\n')
	for {
		wrong, err := a.read()
		if err != nil {
			return err
		}
		if wrong != nil {
			fmt.Fprintf(a.out, "! %v\n", wrong)
		} else {
			a.answer()
		}
		a.out.WriteString(".\n")
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		os.Exit(runBench(os.Args[2:]))
	}
	// Every program leaves a port manager behind; there is no other
	// garbage to speak of, so collect it in larger heaps.
	debug.SetGCPercent(400)

	out := bufio.NewWriterSize(os.Stdout, inputSize)
	a := agent{
		in:  bufio.NewReaderSize(input{os.Stdin, out}, inputSize),
		out: out,
	}
	if err := a.serve(); err != io.EOF {
		fmt.Fprintf(os.Stderr, "goports: %v\n", err)
		os.Exit(3)
	}
}
