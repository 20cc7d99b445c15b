package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The history of a log survives a call that sends thousands of requests which are
// refused, busy, or beyond the bounds: that call has few records, with the counts.
func TestOneCallCannotFillTheLog(t *testing.T) {
	l, _ := testLog(t, func(c *Config) { c.MaxBytes, c.MaxReadBytes = 20<<10, 40<<10 })
	write(t, l, 20)
	before := records(t, l)
	const many = 5000
	call := l.Begin(Subject{Tool: "auth0_x", Effect: "write"}, nil)
	for i := range many {
		call.RefuseRequest("DELETE", fmt.Sprintf("/api/v2/x/%d", i), RulePolicy, "it is not declared")
		call.RefuseRequest("POST", "/api/v2/y", RulePlan, "it is not part of what was approved")
		busy := call.Request("POST", "/api/v2/x", true)
		busy.End(Answer{Outcome: NotSent})
		read := call.Request("GET", "/api/v2/x", false)
		if err := read.Sending("t.example"); err != nil {
			t.Fatal(err)
		}
		read.End(Answer{Status: 200, Outcome: OK})
	}
	call.End(Error, "")
	all := records(t, l)
	for i, r := range before {
		if all[i].Hash != r.Hash {
			t.Fatalf("record %d is not the one before the call", r.Seq)
		}
	}
	if len(all) != len(before)+maxReads+1 {
		t.Errorf("%d records for one call", len(all)-len(before))
	}
	last := all[len(all)-1]
	counts := map[Rule]int{}
	for _, c := range last.Counted {
		counts[c.Rule] = c.Count
		if len(c.Examples) != maxExamples {
			t.Errorf("%s: %d examples", c.Rule, len(c.Examples))
		}
	}
	want := map[Rule]int{RulePolicy: many, RulePlan: many, RuleNotSent: many, RuleReadLimit: many - maxReads}
	if fmt.Sprint(counts) != fmt.Sprint(want) || last.Kind != KindCall || last.Outcome != Refused {
		t.Errorf("%v, want %v, in %+v", counts, want, last)
	}
	if got := last.Counted[0].Examples[0]; got != (Example{"DELETE", "/api/v2/x/0", "it is not declared"}) {
		t.Errorf("%+v", got)
	}
	if r := check(t, l); !r.Intact() || r.First.Seq != 1 {
		t.Errorf("%+v", r)
	}
}

// What a reading call was refused or did not send is counted too.
func TestBusyReadsOfAReadingCallAreCounted(t *testing.T) {
	l, _ := testLog(t)
	call := l.Begin(Subject{Tool: "auth0_list_x", Effect: "read"}, nil)
	for range 1000 {
		call.Request("GET", "/api/v2/x", false).End(Answer{Outcome: NotSent})
	}
	call.End(Error, "")
	all := records(t, l)
	if len(all) != 1 || len(all[0].Counted) != 1 || all[0].Counted[0].Count != 1000 ||
		all[0].Counted[0].Rule != RuleNotSent {
		t.Errorf("%+v", all)
	}
}

// A write beyond the bound is refused before it is sent, and no record of a write is
// left out.
func TestWritesOfOneCallAreBounded(t *testing.T) {
	l, _ := testLog(t, func(c *Config) { c.MaxBytes = 64 << 10 })
	l.chain.flush = func(*os.File) error { return nil } // speed: durability is not the subject
	call := l.Begin(Subject{Tool: "auth0_x", Effect: "write"}, []byte(`{"id":"x"}`))
	sent := 0
	for range MaxWrites + 500 {
		request := call.Request("POST", "/api/v2/x", true)
		err := request.Sending("t.example")
		var limit *WriteLimitError
		switch {
		case err == nil:
			sent++
			request.End(Answer{Status: 201, Outcome: OK})
		case errors.As(err, &limit) && strings.Contains(err.Error(), "1000 writes"):
			request.End(Answer{Outcome: NotSent})
		default:
			t.Fatal(err)
		}
	}
	call.End(OK, "")
	begun, ended, arguments := 0, 0, 0
	all := records(t, l)
	for _, r := range all {
		switch r.Phase {
		case Sending:
			begun++
			if len(r.Arguments) > 0 {
				arguments++
			}
			if r.ArgumentsHMAC == "" {
				t.Fatalf("record %d cannot be found by its arguments", r.Seq)
			}
		case Answered:
			ended++
		case Failed:
			t.Fatalf("%+v", r)
		}
	}
	last := all[len(all)-1]
	if sent != MaxWrites || begun != MaxWrites || ended != MaxWrites || arguments != 1 {
		t.Errorf("%d sent, %d begun, %d ended, %d with arguments", sent, begun, ended, arguments)
	}
	if last.Outcome != Refused || last.Rule != RuleWriteLimit || len(last.Counted) != 1 ||
		last.Counted[0].Count != 500 {
		t.Errorf("%+v", last)
	}
	another := l.Begin(Subject{Tool: "auth0_x", Effect: "write"}, nil).Request("POST", "/api/v2/x", true)
	if err := another.Sending("t.example"); err != nil {
		t.Errorf("the bound of one call holds for another: %v", err)
	}
}

// The texts of requests that are only counted have their secrets hidden, and are short.
func TestExamplesAreRedactedAndShort(t *testing.T) {
	l, _ := testLog(t, func(c *Config) {
		c.Redact = func(s string) string { return strings.ReplaceAll(s, "canary", "[hidden]") }
	})
	call := l.Begin(Subject{Effect: "write"}, nil)
	call.RefuseRequest("DELETE", "/api/v2/canary/"+strings.Repeat("x", 100<<10), RulePolicy, "canary")
	call.Request("GE\x1b[2J", "/api/v2/canary", true).End(Answer{Outcome: NotSent})
	call.End(Error, "")
	data, err := os.ReadFile(filepath.Join(l.cfg.Folder, ChainChanges.currentName()))
	if err != nil || strings.Contains(string(data), "canary") || strings.Contains(string(data), "\x1b") ||
		len(data) > 4<<10 {
		t.Errorf("%v: %d bytes: %.500s", err, len(data), data)
	}
}
