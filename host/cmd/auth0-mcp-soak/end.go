package main

import (
	"os"
	"syscall"
	"time"
)

// ending is how a host's life ends.
type ending string

const (
	byInput  ending = "stdin closed"
	byTerm   ending = "SIGTERM"
	byInt    ending = "SIGINT"
	byKill   ending = "SIGKILL"
	byOutput ending = "stdout closed"
)

// endings, as often as they come.
var endings = []ending{byInput, byInput, byInput, byTerm, byTerm, byInt, byKill, byKill, byOutput}

// drained is how long a host may take to its end: 10 s for the calls in flight, and
// the rest for a busy machine.
const drained = 45 * time.Second

// end ends a host with calls in flight, and checks that it keeps its promises.
func (s *soak) end(host *server, how ending) {
	s.tally.add("hosts ended: " + string(how))
	plugins := children(host.pid())
	switch how {
	case byKill, byOutput:
		host.kill()
	case byTerm, byInt:
		// What the host has not read by the signal it never accepted: nothing may be
		// under way then.
		host.stopSending()
		if err := s.barrier(host); err != nil {
			s.broken("%s: no ping before its end: %v: %s", host.name, err, host.stderr)
		}
	case byInput:
	}
	host.stopSending()
	begun := time.Now()
	s.strike(host, how)
	select {
	case <-host.exited:
	case <-time.After(drained):
		s.broken("%s does not end by %s within %v: %v", host.name, how, drained, measure(host.pid()))
	}
	s.tally.slowest("slowest end", time.Since(begun))
	s.gone(host)
	if orderly := how == byInput || how == byTerm || how == byInt; orderly && host.exit != nil {
		s.broken("%s ended by %s with %v: %s", host.name, how, host.exit, host.stderr)
	}
	if wrong := eventually(drained, func() string { return alive(plugins, s.dir) }); wrong != "" {
		s.broken("%s left plugins behind after %s: %s", host.name, how, wrong)
	}
	host.mu.Lock()
	defer host.mu.Unlock()
	if !host.owesNothing && host.idless != 0 {
		s.broken("%s ended with %d malformed lines unanswered", host.name, host.idless)
	}
}

// barrier returns when the host has read all that was sent. Nothing else sends.
func (s *soak) barrier(host *server) error {
	q := &request{id: `"barrier"`, owed: 1, replies: make(chan reply, 1)}
	host.mu.Lock()
	host.open[q.id] = q
	host.mu.Unlock()
	if err := host.write(`{"jsonrpc":"2.0","id":"barrier","method":"ping"}`); err != nil {
		return err
	}
	_, err := host.wait(q)
	return err
}

func (s *soak) strike(host *server, how ending) {
	switch how {
	case byInput:
		_ = host.in.Close()
	case byOutput:
		_ = host.out.Close()
		_ = host.write(`{"jsonrpc":"2.0","id":"unheard","method":"ping"}`) // it is the next reply that fails
	case byKill:
		_ = host.cmd.Process.Kill()
	case byTerm:
		_ = host.cmd.Process.Signal(syscall.SIGTERM)
	case byInt:
		_ = host.cmd.Process.Signal(os.Interrupt)
	}
}
