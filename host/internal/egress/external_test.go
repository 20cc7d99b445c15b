package egress

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

func externalGrant(arguments string) Grant {
	return Grant{Plugin: "notes", Arguments: []byte(arguments),
		Tool: pluginv1.ToolManifest{Name: "notes_create", Effect: pluginv1.EffectDestroy, External: true}}
}

// runExternal opens a call, and runs it if it may run.
func runExternal(t *testing.T, a audited, grant Grant, answered bool) (ran bool, out Outcome) {
	t.Helper()
	grant.Audit = a.log.Begin(audit.Subject{Tool: grant.Tool.Name, Plugin: grant.Plugin,
		Effect: string(grant.Tool.Effect)}, grant.Arguments)
	c, err := a.Open(t.Context(), grant)
	if err != nil {
		t.Fatal(err)
	}
	ran, ended := c.RunExternal()
	if ran {
		ended(answered)
	}
	out = c.Close()
	grant.Audit.End(out.Recorded(!ran || !answered), "")
	return ran, out
}

func TestExternalRunIsAChange(t *testing.T) {
	a := newAudited(t, audit.On, nil)
	grant := externalGrant(`{"title":"x"}`)
	grant.DryRun = true
	ran, planned := runExternal(t, a, grant, true)
	if ran || len(planned.Plan.Changes) != 1 || planned.Plan.Changes[0].Request() != "RUN notes/notes_create" ||
		planned.Effect != NoEffect {
		t.Fatalf("a dry run: ran %v, %+v", ran, planned)
	}

	// What was approved runs once, with these arguments.
	grant.DryRun, grant.Plan = false, &planned.Plan
	ran, out := runExternal(t, a, grant, true)
	if !ran || out.Effect != Changed || len(out.Changes) != 1 || len(out.Unspent) != 0 {
		t.Errorf("approved: ran %v, %+v", ran, out)
	}
	other := externalGrant(`{"title":"y"}`)
	other.Plan = &planned.Plan
	ran, out = runExternal(t, a, other, true)
	var deviation *DeviationError
	if ran || out.Effect != NoEffect || !errors.As(out.Err, &deviation) {
		t.Errorf("other arguments: ran %v, %+v", ran, out)
	}

	// Without an answer it is unknown what it did.
	ran, out = runExternal(t, a, externalGrant(""), false)
	if !ran || out.Effect != Uncertain || !strings.Contains(out.Sentence(), "RUN notes/notes_create") ||
		!strings.Contains(out.Sentence(), "Check what it did") {
		t.Errorf("no answer: ran %v, %s: %s", ran, out.Effect, out.Sentence())
	}

	var seen []string
	for _, r := range a.records(t) {
		if r.Method != "" {
			seen = append(seen, strings.TrimSpace(strings.Join([]string{string(r.Kind), r.Method, r.Path, string(r.Outcome)}, " ")))
		}
	}
	want := []string{
		"request RUN notes/notes_create", "request RUN notes/notes_create ok",
		"request RUN notes/notes_create", "request RUN notes/notes_create may_have_happened",
	}
	if strings.Join(seen, "\n") != strings.Join(want, "\n") {
		t.Errorf("recorded:\n%s\nwant:\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
}

// It reaches nothing at Auth0, does not run on a read-only server, and not without its record.
func TestExternalRunIsRefused(t *testing.T) {
	a := newAudited(t, audit.On, nil)
	c, err := a.Open(t.Context(), externalGrant(""))
	if err != nil {
		t.Fatal(err)
	}
	answer := a.RoundTrip(t.Context(), "notes", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: "GET",
		Path: "/api/v2/clients"})
	if text := answer.GetFailure().GetMessage(); !strings.Contains(text, "outside of the tenant") {
		t.Errorf("a request was answered: %v", answer)
	}
	c.Close()

	readOnly := newAudited(t, audit.On, func(cfg *Config) { cfg.ReadOnly = true })
	if ran, out := runExternal(t, readOnly, externalGrant(""), true); ran || out.Refusals.Count != 1 {
		t.Errorf("read-only: ran %v, %+v", ran, out)
	}

	closed := newAudited(t, audit.On, nil)
	if err := os.WriteFile(closed.folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var notRecorded *NotRecordedError
	if ran, out := runExternal(t, closed, externalGrant(""), true); ran || !errors.As(out.Err, &notRecorded) {
		t.Errorf("without a record: ran %v, %+v", ran, out)
	}
}
