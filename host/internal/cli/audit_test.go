package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
)

// auditHome is a log in a state folder of the test's own.
func auditHome(t *testing.T) *audit.Log {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	return audit.New(audit.Config{Folder: auditFolder(), Mode: audit.On, Tenant: "t.example"})
}

// tail -f shows new records, and Ctrl-C ends it without an error.
func TestAuditTailFollows(t *testing.T) {
	log := auditHome(t)
	record := func(tool string) {
		t.Helper()
		if err := log.Append(audit.Record{Kind: audit.KindCall, Tool: tool, Outcome: audit.OK}, false); err != nil {
			t.Fatal(err)
		}
	}
	record("auth0_before")
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- auditTail(ctx, Environment{Out: out, Err: os.Stderr}, 10, true, recordWriter(nil, jsonFlags{}))
		_ = out.Close()
	}()
	lines := bufio.NewScanner(in)
	for _, tool := range []string{"auth0_before", "auth0_first", "auth0_second"} {
		if tool != "auth0_before" {
			record(tool)
		}
		if !lines.Scan() || !strings.Contains(lines.Text(), tool) {
			t.Fatalf("%q, want %s (%v)", lines.Text(), tool, lines.Err())
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
}

// What is written into the file can't reach the reader's terminal or spreadsheet.
func TestAuditOutputIsHarmless(t *testing.T) {
	log := auditHome(t)
	const evil = "=HYPERLINK(\"x\")\x1b]0;title\x07\x1b[2J\r\n\u202e\u009b31m"
	if err := log.Append(audit.Record{
		Kind: audit.Kind(evil), Phase: audit.Phase(evil), Call: evil, Client: evil, ClientVersion: evil, Profile: evil,
		Tenant: evil, Tool: evil, Plugin: evil, Effect: evil, Reason: evil, Method: evil, Path: evil, RequestID: evil,
		Decision: audit.Decision{Verdict: evil, Rule: evil, Approval: evil},
		Counted: []audit.Counted{
			{Rule: evil, Count: 1, Examples: []audit.Example{{Method: evil, Path: evil, Reason: evil}}},
		},
	}, false); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(auditFolder(), "audit.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(file, evil, "\n{\"seq\":1,\"time\":\"\x1b[2J\"}\n")
	_ = file.Close()
	harmless := func(name, text string) {
		t.Helper()
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s: %q", name, text)
		}
	}
	err = withAudit(func(s *audit.Snapshot) error {
		var errs, table, lines, verdict bytes.Buffer
		if _, err := eachRecord(s, &errs, auditFilter{}, func(e entry) error {
			harmless("line", e.line())
			harmless("raw", string(e.raw))
			return nil
		}); err != nil {
			return err
		}
		if !strings.Contains(errs.String(), "3 lines are not what was written") {
			t.Errorf("stderr: %s", &errs)
		}
		if _, err := exportTo(&lines, s, &errs, auditFilter{}, "jsonl"); err != nil {
			return err
		}
		if _, err := exportTo(&table, s, &errs, auditFilter{}, "csv"); err != nil {
			return err
		}
		if err := verifyAudit(&verdict, s, "", false); err == nil {
			t.Error("foreign lines are no break")
		}
		harmless("jsonl", lines.String())
		harmless("csv", table.String())
		harmless("verify", verdict.String())
		rows, err := csv.NewReader(&table).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%v %v", rows, err)
		}
		for i, cell := range rows[1] {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("%s is a formula: %q", rows[0][i], cell)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)
	tests := map[string]string{
		"": "0001-01-01T00:00:00Z", "24h": "2026-05-09T12:00:00Z", "7d": "2026-05-03T12:00:00Z",
		"90s":        "2026-05-10T11:58:30Z",
		"2026-01-31": "2026-01-31T00:00:00Z", "2026-01-31T12:00:00+02:00": "2026-01-31T10:00:00Z",
		"-1h": "", "yesterday": "", "7": "", "d": "", "99999999d": "", "2026-13-01": "",
	}
	for value, want := range tests {
		at, err := moment("--since", value, now, 0)
		if want == "" {
			if err == nil {
				t.Errorf("%q is %v", value, at)
			}
			continue
		}
		if got := at.UTC().Format(time.RFC3339); err != nil || got != want {
			t.Errorf("%q: %s %v, want %s", value, got, err, want)
		}
	}
	filter, err := (&auditFilterFlags{since: "2026-05-09", until: "2026-05-09"}).filter(now)
	if err != nil || filter.until.Sub(filter.since) != 24*time.Hour {
		t.Errorf("from a day until that day: %v to %v (%v)", filter.since, filter.until, err)
	}
}

func TestAuditFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	if got, want := auditFolder(), filepath.Join(dir, "auth0-mcp", "audit"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	if got := auditFolder(); strings.Contains(got, "relative") || !filepath.IsAbs(got) {
		t.Errorf("%s", got)
	}
}

// A user's decision in a terminal is recorded with the approval's id.
func TestDecisionInATerminalIsRecorded(t *testing.T) {
	auditHome(t)
	for _, approved := range []bool{true, false} {
		p := approval.Proposal{ID: "ABCD-2345", Profile: "prod", Tenant: "t.example", Tool: "auth0_x"}
		if err := recordApproval(&cobra.Command{}, Environment{Err: os.Stderr, Version: "1"}, p, approved); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err := withAudit(func(s *audit.Snapshot) error {
		_, err := eachRecord(s, os.Stderr, auditFilter{profile: "prod", tenant: "t.example"}, func(e entry) error {
			got = append(
				got,
				fmt.Sprint(e.Kind, " ", e.Tool, " ", e.Verdict, " ", e.Rule, " ", e.Approval, " ", e.outcome),
			)
			return nil
		})
		return err
	})
	want := "[approval auth0_x approved approval:terminal ABCD-2345 ok " +
		"approval auth0_x declined approval:terminal ABCD-2345 refused]"
	if err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v %v, want %s", err, got, want)
	}
}

// What a killed server was asked for is shown although its request has an end: only the beginning has the arguments.
func TestBeginningOfACallWithoutEnd(t *testing.T) {
	begun := audit.Line{Record: audit.Record{Kind: audit.KindRequest, Phase: audit.Sending, Call: "c-1", Request: 2,
		Arguments: []byte(`{"id":"x"}`)}}
	for name, test := range map[string]struct {
		unfinished map[audit.Key]bool
		ended      bool
	}{
		"the call has an end":    {map[audit.Key]bool{}, true},
		"the call has no end":    {map[audit.Key]bool{{Call: "c-1"}: true}, false},
		"another one has no end": {map[audit.Key]bool{{Call: "c-2"}: true}, true},
	} {
		if got := newEntry(begun, test.unfinished).ended; got != test.ended {
			t.Errorf("%s: left out %v, want %v", name, got, test.ended)
		}
	}
}
