package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// audited is a fixture whose calls are recorded.
type audited struct {
	fixture
	log    *audit.Log
	folder string
	token  string // short enough for a path
}

func newAudited(t *testing.T, mode audit.Mode, change func(*Config)) audited {
	t.Helper()
	tenant := sandbox.New(sandbox.Options{})
	token := tenant.Token("read:clients", "create:clients", "update:clients", "delete:clients")
	cfg := Config{Domain: tenant.Domain(), Transport: tenant.Transport(),
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})}
	if change != nil {
		change(&cfg)
	}
	a := audited{fixture: fixture{tenant: tenant, Gate: New(cfg)}, folder: filepath.Join(t.TempDir(), "audit"),
		token: token}
	a.log = audit.New(audit.Config{Folder: a.folder, Mode: mode, Tenant: tenant.Domain(), Redact: a.cfg.Redact.Text,
		RedactJSON: a.cfg.Redact.JSON})
	return a
}

// begin opens a call whose arguments are none.
func (a audited) begin(t *testing.T, effect pluginv1.Effect) (*Call, *audit.Call) {
	t.Helper()
	record := a.log.Begin(audit.Subject{Tool: "auth0_tool", Plugin: "p", Effect: string(effect)}, nil)
	c, err := a.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool", Effect: effect,
		Files: []string{"project"}}, Audit: record})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, record
}

func (a audited) send(ctx context.Context, c *Call, method, path string) *pluginv1.RoundTripResponse {
	return a.RoundTrip(ctx, "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: method, Path: path,
		Body: []byte(`{"name":"x"}`)})
}

func (a audited) records(t *testing.T) []audit.Record {
	t.Helper()
	s, err := audit.OpenSnapshot(a.folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all []audit.Record
	for line, err := range s.Lines() {
		if err != nil || line.Err != nil {
			t.Fatalf("line %d: %v %v", line.Number, err, line.Err)
		}
		all = append(all, line.Record)
	}
	return all
}

// closed makes the log impossible to write, also for root: its folder is a file.
func (a audited) closed(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(a.folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A write whose record is not on disk is not sent; the error names the file, the
// cause and the remedy. Reads are.
func TestNoWriteWithoutItsRecord(t *testing.T) {
	a := newAudited(t, audit.On, nil)
	a.closed(t)
	c, record := a.begin(t, pluginv1.EffectDestroy)
	for _, method := range []string{"POST", "PATCH", "PUT", "DELETE"} {
		failure := a.send(t.Context(), c, method, "/api/v2/clients/x").GetFailure()
		for _, want := range []string{method + " /api/v2/clients/x was not sent", a.log.Path(), "file",
			"--audit=best-effort"} {
			if !strings.Contains(failure.GetMessage(), want) {
				t.Errorf("%v: want %q", failure, want)
			}
		}
	}
	for _, r := range a.tenant.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s reached the tenant", r.Method, r.Path)
		}
	}
	if status := a.send(t.Context(), c, "GET", "/api/v2/clients").GetResponse().GetStatus(); status != http.StatusOK {
		t.Errorf("a read: %d", status)
	}
	var notRecorded *NotRecordedError
	if out := c.Close(); out.Effect != NoEffect || out.Unsent != 4 || !errors.As(out.Err, &notRecorded) {
		t.Errorf("outcome %+v", out)
	}
	record.End(audit.Error, "")
}

func TestBestEffortSendsWritesUnrecorded(t *testing.T) {
	a := newAudited(t, audit.BestEffort, nil)
	a.closed(t)
	c, _ := a.begin(t, pluginv1.EffectWrite)
	a.send(t.Context(), c, "POST", "/api/v2/clients")
	if n := len(a.tenant.Requests()); n != 1 {
		t.Errorf("%d requests reached the tenant, want 1", n)
	}
}

// tripper is a transport that a function plays.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The record of a write is in the file when its first byte could leave, once for
// all attempts, and says "answered" only afterwards.
func TestRecordComesBeforeTheRequest(t *testing.T) {
	var a audited
	var seen [][]audit.Record
	a = newAudited(t, audit.On, func(cfg *Config) {
		inner := cfg.Transport
		cfg.Transport = tripper(func(r *http.Request) (*http.Response, error) {
			seen = append(seen, a.records(t))
			if len(seen) == 1 {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED} // never arrived: goes again
			}
			return inner.RoundTrip(r)
		})
	})
	c, _ := a.begin(t, pluginv1.EffectWrite)
	if status := a.send(t.Context(), c, "POST",
		"/api/v2/clients").GetResponse().GetStatus(); status != http.StatusCreated {
		t.Fatalf("status %d", status)
	}
	if len(seen) != 2 {
		t.Fatalf("%d attempts", len(seen))
	}
	for i, records := range seen {
		if len(records) != 1 || records[0].Phase != audit.Sending || records[0].Path != "/api/v2/clients" ||
			records[0].Outcome != "" {
			t.Errorf("at attempt %d: %+v", i+1, records)
		}
	}
	all := a.records(t)
	if last := all[len(all)-1]; len(all) != 2 || last.Phase != audit.Answered || last.Attempts != 2 ||
		last.Status != 201 || last.RequestID == "" || last.Outcome != audit.OK {
		t.Errorf("%+v", all)
	}
}

// What is known of a request that ended in some way.
func TestOutcomesInTheAuditLog(t *testing.T) {
	const never = "" // no record before: it was not even begun
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	tests := map[string]struct {
		fault   *sandbox.FaultRule
		err     error
		tokens  oauth2.TokenSource
		begun   audit.Phase
		phase   audit.Phase
		status  int
		outcome audit.Outcome
		counted bool // it has no record of its own
	}{
		"done": {begun: audit.Sending, phase: audit.Answered, status: 201, outcome: audit.OK},
		"refused by Auth0": {fault: &sandbox.FaultRule{Status: 409}, begun: audit.Sending, phase: audit.Answered,
			status: 409, outcome: audit.Error},
		"rate limited": {fault: &sandbox.FaultRule{Status: 429, Header: http.Header{"X-Ratelimit-Remaining": {"0"}}},
			begun: audit.Sending, phase: audit.Answered, status: 429, outcome: audit.Error},
		"429 of a proxy": {fault: &sandbox.FaultRule{Status: 429}, begun: audit.Sending, phase: audit.Answered,
			status: 429, outcome: audit.MayHaveHappened},
		"redirected": {fault: &sandbox.FaultRule{Status: 302}, begun: audit.Sending, phase: audit.Answered,
			status: 302, outcome: audit.MayHaveHappened},
		"a fault of Auth0": {fault: &sandbox.FaultRule{Status: 500}, begun: audit.Sending, phase: audit.Answered,
			status: 500, outcome: audit.MayHaveHappened},
		"cut before": {fault: &sandbox.FaultRule{Drop: sandbox.DropBefore}, begun: audit.Sending, phase: audit.Failed,
			outcome: audit.MayHaveHappened},
		"cut after": {fault: &sandbox.FaultRule{Drop: sandbox.DropAfter}, begun: audit.Sending, phase: audit.Failed,
			outcome: audit.MayHaveHappened},
		"no server": {err: dial, begun: audit.Sending, phase: audit.Failed, outcome: audit.NotSent},
		"not trusted": {err: &tls.CertificateVerificationError{}, begun: audit.Sending, phase: audit.Failed,
			outcome: audit.NotSent},
		"an unknown error": {err: errors.New("out of cheese"), begun: audit.Sending, phase: audit.Failed,
			outcome: audit.MayHaveHappened},
		"no token": {tokens: noToken{}, begun: never, outcome: audit.NotSent, counted: true},
		"the token refused": {fault: &sandbox.FaultRule{Status: 401, Times: -1}, begun: audit.Sending, phase: audit.Answered,
			status: 401, outcome: audit.Error},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAudited(t, audit.On, func(cfg *Config) {
				cfg.ReadBudget = time.Millisecond // attempts are not what is looked at
				if tt.tokens != nil {
					cfg.Tokens = tt.tokens
				}
				if tt.err != nil {
					cfg.Transport = tripper(func(*http.Request) (*http.Response, error) { return nil, tt.err })
				}
			})
			if tt.fault != nil {
				a.tenant.Fail(*tt.fault)
			}
			c, record := a.begin(t, pluginv1.EffectWrite)
			a.send(t.Context(), c, "POST", "/api/v2/clients")
			record.End(c.Close().Recorded(true), "")
			all := a.records(t)
			if tt.begun != never {
				if all[0].Phase != tt.begun {
					t.Errorf("%+v", all[0])
				}
				all = all[1:]
			}
			if tt.counted {
				if len(all) != 1 || len(all[0].Counted) != 1 || all[0].Counted[0].Rule != audit.RuleNotSent {
					t.Errorf("%+v, want one request counted as not sent", all)
				}
			} else if len(all) != 2 || all[0].Phase != tt.phase || all[0].Status != tt.status || all[0].Outcome != tt.outcome {
				t.Errorf("%+v, want %s %d %s", all, tt.phase, tt.status, tt.outcome)
			}
			want := tt.outcome
			if want == audit.OK {
				want = audit.Error // as the tool said
			}
			if call := all[len(all)-1]; call.Kind != audit.KindCall || call.Outcome != want {
				t.Errorf("the call: %+v, want %s", call, want)
			}
		})
	}
}

type noToken struct{}

func (noToken) Token() (*oauth2.Token, error) { return nil, errors.New("signed out") }

// A call that is cancelled while its write is under way.
func TestCancelledWriteMayHaveHappened(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := newAudited(t, audit.On, func(cfg *Config) {
		cfg.Transport = tripper(func(r *http.Request) (*http.Response, error) {
			cancel()
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
	})
	c, record := a.begin(t, pluginv1.EffectWrite)
	a.send(ctx, c, "POST", "/api/v2/clients")
	record.End(c.Close().Recorded(true), "the call was cancelled")
	all := a.records(t)
	if len(all) != 3 || all[1].Outcome != audit.MayHaveHappened || all[2].Outcome != audit.MayHaveHappened ||
		all[2].Reason == "" {
		t.Errorf("%+v", all)
	}
}

func TestReadsOfAWritingCallAreRecordedAfterwards(t *testing.T) {
	a := newAudited(t, audit.On, nil)
	c, record := a.begin(t, pluginv1.EffectWrite)
	a.send(t.Context(), c, "GET", "/api/v2/clients")
	record.End(audit.OK, "")
	reading, record := a.begin(t, pluginv1.EffectRead)
	a.send(t.Context(), reading, "GET", "/api/v2/clients")
	a.send(t.Context(), reading, "POST", "/api/v2/clients") // refused
	record.End(audit.Error, "")
	var got []string
	for _, r := range a.records(t) {
		got = append(got, strings.Join([]string{string(r.Kind), string(r.Phase), r.Method, string(r.Outcome), string(r.Rule)},
			" "))
	}
	want := "request answered GET ok default;call   ok default;call   refused policy"
	if strings.Join(got, ";") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, ";"), want)
	}
}

// No secret that this host knows, or that has a secret's name or shape, gets into
// the log, whatever is recorded of the arguments.
func TestAuditLogHoldsNoSecret(t *testing.T) {
	const canary = "canary-4f1d9c"
	for _, view := range []audit.ArgumentsView{audit.ArgumentIDs, audit.ArgumentsRedacted, audit.ArgumentsNone} {
		a := newAudited(t, audit.On, nil)
		token := a.token
		a.log = audit.New(audit.Config{Folder: a.folder, Mode: audit.On, Arguments: view, Redact: a.cfg.Redact.Text,
			RedactJSON: a.cfg.Redact.JSON})
		warm, _ := a.begin(t, pluginv1.EffectRead)
		a.send(t.Context(), warm, "GET", "/api/v2/clients") // the token is in use
		bearer := "Bearer " + canary + canary
		arguments := `{"id":"` + token + `","name":"` + bearer + `","client_secret":"` + canary +
			`","secrets":[{"name":"K","value":"` + canary + `"}],` +
			`"note":"password=` + canary + ` eyJ` + canary + `.` + canary + `.x","nested":{"deep":["{\"api_key\":\"` + canary +
			`\"}"]}}`
		record := a.log.Begin(audit.Subject{Client: bearer, ClientVersion: token, Tool: "auth0_" + bearer, Effect: "write"},
			[]byte(arguments))
		c, err := a.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Name: "auth0_tool",
			Effect: pluginv1.EffectWrite}, Audit: record})
		if err != nil {
			t.Fatal(err)
		}
		a.send(t.Context(), c, "POST", "/api/v2/clients/"+token)
		a.send(t.Context(), c, "DELETE", "/api/v2/clients/"+token) // refused
		record.End(audit.Error, "because of "+token+" and "+bearer)
		c.Close()
		data, err := os.ReadFile(a.log.Path())
		if err != nil {
			t.Fatal(err)
		}
		if len(a.records(t)) != 3 {
			t.Errorf("%s: %d records", view, len(a.records(t)))
		}
		for _, secret := range []string{canary, token} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s: %s is in\n%s", view, secret, data)
			}
		}
	}
}

// A call that writes beyond its bound is refused before anything is sent, and told
// why; one that is turned away in a loop leaves one record.
func TestRequestsOfOneCallAreBounded(t *testing.T) {
	created, root := 0, t.TempDir()
	a := newAudited(t, audit.On, func(cfg *Config) {
		cfg.Files = fileroot.Roots{"project": root}
		cfg.Transport = tripper(func(r *http.Request) (*http.Response, error) {
			created++
			return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody, Request: r}, nil
		})
	})
	c, record := a.begin(t, pluginv1.EffectWrite)
	for range audit.MaxWrites {
		if failure := a.send(t.Context(), c, "POST", "/api/v2/clients").GetFailure(); failure != nil {
			t.Fatal(failure)
		}
	}
	for range audit.MaxWrites {
		failure := a.send(t.Context(), c, "POST", "/api/v2/clients").GetFailure()
		if failure.GetCode() != pluginv1.Failure_CODE_REFUSED || !strings.Contains(failure.GetMessage(), "1000 writes") {
			t.Fatal(failure)
		}
		a.send(t.Context(), c, "DELETE", "/api/v2/clients/x")
	}
	answer := a.WriteFile(t.Context(), "p", &pluginv1.WriteFileRequest{CallId: c.ID(), Root: "project", Path: "a"})
	if f := answer.GetFailure(); f.GetCode() != pluginv1.Failure_CODE_REFUSED ||
		!strings.Contains(f.GetMessage(), "project:a was not written: the call has sent 1000 writes") {
		t.Errorf("a file: %v", answer)
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) > 0 {
		t.Errorf("written: %v, %v", entries, err)
	}
	record.End(audit.OK, "")
	all := a.records(t)
	last := all[len(all)-1]
	if created != audit.MaxWrites || len(all) != 2*audit.MaxWrites+1 {
		t.Errorf("%d requests sent, %d records", created, len(all))
	}
	counts := map[audit.Rule]int{}
	for _, k := range last.Counted {
		counts[k.Rule] = k.Count
	}
	if counts[audit.RuleWriteLimit] != audit.MaxWrites+1 || counts[audit.RulePolicy] != audit.MaxWrites ||
		last.Outcome != audit.Refused {
		t.Errorf("%+v", last)
	}
}
