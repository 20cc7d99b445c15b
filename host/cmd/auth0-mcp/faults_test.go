//go:build unix

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
)

// The host's fault table: what the client sees, what reaches the tenant, and what is
// left, each with real processes. docs/testing.md lists the rows.

const mayHave = "may or may not"

// The host is killed with a read and a write on their way: neither is answered, the
// plugin ends, and the next start removes the folder.
func TestHostKilled(t *testing.T) {
	tenant, s, h, pid := busyHost(t)
	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if got := h.rest(); len(got) != 0 {
		t.Errorf("replies %v", got)
	}
	if status := h.end(); status != -1 {
		t.Errorf("exit status %d", status)
	}
	wantMethods(t, tenant.gaveUp, "GET", "POST")
	wantGone(t, pid)
	folders := s.left()
	if len(folders) != 1 {
		t.Fatalf("left in the temporary folder: %v, want the run folder", folders)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(s.temp, folders[0]), old, old); err != nil {
		t.Fatal(err)
	}
	next := s.start()
	next.plugin()
	_ = next.in.Close()
	if status := next.end(); status != 0 {
		t.Errorf("the next host: exit status %d: %s", status, next.stderr)
	}
	if left := s.left(); len(left) != 0 {
		t.Errorf("left after the next host: %v", left)
	}
}

// ends are the ways to end a host in order.
func ends() map[string]func(*running) error {
	return map[string]func(*running) error{
		"stdin closed": func(h *running) error { return h.in.Close() },
		"SIGTERM":      func(h *running) error { return h.cmd.Process.Signal(syscall.SIGTERM) },
		"SIGINT":       func(h *running) error { return h.cmd.Process.Signal(syscall.SIGINT) },
	}
}

// What is under way at the end is finished and answered.
func TestHostEndsWithCallsInFlight(t *testing.T) {
	for name, end := range ends() {
		t.Run(name, func(t *testing.T) {
			tenant, s, h, pid := busyHost(t)
			if err := end(h); err != nil {
				t.Fatal(err)
			}
			h.waitStopping(name)
			tenant.let()
			got := h.rest()
			if len(got) != 2 || !isRead(got["r"]) || !strings.Contains(got["w"], "client_id") {
				t.Errorf("replies %v, want both results", got)
			}
			if n := tenant.written(); n != 1 {
				t.Errorf("%d writes", n)
			}
			h.wantNothingLeft(s, pid, 0)
		})
	}
}

// What does not finish in time is aborted and answered: the effect of the write is unknown.
func TestHostEndsWithCallsThatHang(t *testing.T) {
	for name, end := range ends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant, s, h, pid := busyHost(t)
			if err := end(h); err != nil {
				t.Fatal(err)
			}
			got := h.rest()
			if len(got) != 2 || got["r"] == "" || !strings.Contains(got["w"], mayHave) {
				t.Errorf("replies %v, want a failure and a doubt", got)
			}
			wantMethods(t, tenant.gaveUp, "GET", "POST")
			h.wantNothingLeft(s, pid, 0)
		})
	}
}

// Of what waits at the end, reads still run; a write that has not begun never does.
func TestHostEndsWithQueuedCalls(t *testing.T) {
	for name, end := range ends() {
		t.Run(name, func(t *testing.T) {
			tenant := newHeldTenant(t)
			s := newStation(t, tenant)
			h := s.start()
			pid := h.plugin()
			const reads, writes = stdio.DefaultReads + 16, stdio.DefaultWrites + 16 // more than run at once
			for i := range reads {
				h.send(readCall(fmt.Sprint("r", i)))
			}
			for i := range writes {
				h.send(writeCall(fmt.Sprint("w", i)))
			}
			h.send(pingLine)
			h.until("ping") // all that came before it is accepted
			for method := range tenant.arrived {
				if method == "POST" {
					break
				}
			}
			if err := end(h); err != nil {
				t.Fatal(err)
			}
			h.waitStopping(name)
			tenant.let()
			got := h.rest()
			done, refused := 0, 0
			for i := range reads {
				if read := got[fmt.Sprint("r", i)]; !isRead(read) {
					t.Errorf("read %d: %.200q", i, read)
				}
			}
			for i := range writes {
				write := got[fmt.Sprint("w", i)]
				switch {
				case strings.Contains(write, "client_id"):
					done++
				case strings.Contains(write, "was not started"):
					refused++
				default:
					t.Errorf("write %d: %.200q", i, write)
				}
			}
			if len(got) != reads+writes || done == 0 || refused == 0 {
				t.Errorf("%d replies; writes: %d done, %d not started", len(got), done, refused)
			}
			if n := tenant.written(); n != done {
				t.Errorf("%d writes reached the tenant, %d were answered as done", n, done)
			}
			h.wantNothingLeft(s, pid, 0)
		})
	}
}

// The client has gone and its pipe with it: the first reply that can't be written ends
// the host, and aborts what is under way.
func TestHostWithoutAReader(t *testing.T) {
	tenant, s, h, pid := busyHost(t)
	_ = h.out.Close()
	h.send(pingLine)
	wantMethods(t, tenant.gaveUp, "GET", "POST")
	h.wantNothingLeft(s, pid, 1)
	if !strings.Contains(h.stderr.String(), "writing to the client") {
		t.Errorf("stderr: %s", h.stderr)
	}
}

// A client that has stopped reading holds the host for the time of a drain, no longer.
func TestHostWithAClientThatStopsReading(t *testing.T) {
	t.Parallel()
	tenant := newHeldTenant(t)
	tenant.let()
	s := newStation(t, tenant)
	h := s.start()
	pid := h.plugin()
	const calls = 10 // where a pipe holds 64 kB
	for i := range calls {
		h.send(longCall(fmt.Sprint("r", i)))
	}
	_ = h.in.Close()
	status := h.end() // nothing has read from stdout
	wantGone(t, pid)
	if status != 1 || !strings.Contains(h.stderr.String(), "the client has stopped reading") {
		t.Errorf("exit status %d, stderr: %s", status, h.stderr)
	}
	if left := s.left(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// Two hosts at a time share nothing: one that is killed takes nothing from the other.
func TestTwoHosts(t *testing.T) {
	tenant, s, first, firstPlugin := busyHost(t)
	second := s.start()
	secondPlugin := second.plugin()
	if firstPlugin == secondPlugin || len(s.left()) != 2 {
		t.Errorf("plugins %d and %d, folders %v", firstPlugin, secondPlugin, s.left())
	}
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.end()
	wantMethods(t, tenant.gaveUp, "GET", "POST")
	wantGone(t, firstPlugin)
	tenant.let()
	second.send(readCall("r"), writeCall("w"))
	_ = second.in.Close()
	got := second.rest()
	if ids := slices.Sorted(maps.Keys(got)); !slices.Equal(ids, []string{"r", "w"}) ||
		!strings.Contains(got["w"], "client_id") {
		t.Errorf("the second host answered %v", got)
	}
	if status := second.end(); status != 0 {
		t.Errorf("exit status %d: %s", status, second.stderr)
	}
	wantGone(t, secondPlugin)
	if n := tenant.written(); n != 1 {
		t.Errorf("%d writes", n)
	}
	if left := s.left(); len(left) != 1 {
		t.Errorf("left: %v, want the folder of the one that was killed", left)
	}
}

// Without a home folder reads work; a write needs the audit log, which has no place, and
// says what to set.
func TestHostWithoutAHome(t *testing.T) {
	tenant := newHeldTenant(t)
	tenant.let()
	s := newStation(t, tenant)
	s.env = slices.DeleteFunc(s.env,
		func(v string) bool { return strings.HasPrefix(v, "HOME=") || strings.HasPrefix(v, "XDG_") })
	h := s.start()
	h.send(readCall("r"), writeCall("w"))
	_ = h.in.Close()
	got := h.rest()
	if !strings.Contains(got["r"], "inexistent_client_grant") || !strings.Contains(got["w"], "was not sent") ||
		!strings.Contains(got["w"], "set HOME") {
		t.Errorf("replies %v", got)
	}
	if status := h.end(); status != 0 {
		t.Errorf("exit status %d: %s", status, h.stderr)
	}
	if n := tenant.written(); n != 0 {
		t.Errorf("%d writes", n)
	}
}

// waitStopping returns when a host that got a signal answers no more. At the end of
// its input there is nothing to ask it by.
func (h *running) waitStopping(end string) {
	h.t.Helper()
	if end == "stdin closed" {
		return
	}
	defer func() { _ = h.out.SetReadDeadline(time.Time{}) }()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		h.send(pingLine)
		// Too short for a busy machine, it only ends the waiting early.
		if err := h.out.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			h.t.Fatal(err)
		}
		if _, err := h.lines.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		id, text, _ := h.next()
		h.early[id] = text
	}
	h.t.Error("the host does not stop")
}

// wantNothingLeft waits for the end of a host.
func (h *running) wantNothingLeft(s *station, pid, wantStatus int) {
	h.t.Helper()
	if status := h.end(); status != wantStatus {
		h.t.Errorf("exit status %d, want %d: %s", status, wantStatus, h.stderr)
	}
	wantGone(h.t, pid)
	if left := s.left(); len(left) != 0 {
		h.t.Errorf("left in the temporary folder: %v", left)
	}
}
