package conformance

import (
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

// The fake plugin is launched with its role as its argument.
func TestMain(m *testing.M) {
	os.Exit(fakeplugin.Run(m))
}

// tenant answers every request with an empty list.
type tenant struct{}

func (tenant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader("[]")), Request: r}, nil
}

func config(t *testing.T, role string) Config {
	t.Helper()
	return Config{Path: fakeplugin.Program(), Args: []string{role}, Domain: "tenant.auth0.example", Tenant: tenant{},
		StartTimeout: time.Minute}
}

// examine runs the rows with these ids; none: all.
func examine(t *testing.T, cfg Config, ids ...string) map[string]Result {
	t.Helper()
	results := map[string]Result{}
	err := examineRows(t.Context(), cfg, ids, func(r Result) { results[r.Check] = r })
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestAPluginThatKeepsTheContract(t *testing.T) {
	results := examine(t, config(t, fakeplugin.Contract))
	if len(results) != len(table) {
		t.Errorf("%d results of %d rows", len(results), len(table))
	}
	for _, r := range results {
		if r.Status != OK {
			t.Errorf("%s: %s: %s", r.Check, r.Status, r.Reason)
		}
	}
}

// Each fault is found by its row, and by no row before it.
func TestFaults(t *testing.T) {
	const quick = 300 * time.Millisecond
	for role, c := range map[string]struct {
		row    string
		reason string
		start  time.Duration
		grace  time.Duration
		only   bool // rows before it find it, too
	}{
		fakeplugin.ContractNoisy:       {row: "describe", reason: "manifest"},
		fakeplugin.ContractMoody:       {row: "describe-stable", reason: "two manifests"},
		fakeplugin.ContractPattern:     {row: "arguments", reason: "auth0_search_things"},
		fakeplugin.ContractByHand:      {row: "by-hand", reason: "still runs", start: quick, only: true},
		fakeplugin.ContractNeedsHome:   {row: "handshake", reason: "HOME is not set"},
		fakeplugin.Dies:                {row: "handshake", reason: "no database"},
		fakeplugin.Chatty:              {row: "handshake", reason: "Welcome!"},
		fakeplugin.Floods:              {row: "handshake", reason: "first line"},
		fakeplugin.Foreign:             {row: "handshake", reason: "1|9|"},
		fakeplugin.Hangs:               {row: "handshake", reason: "no handshake", start: quick, only: true},
		fakeplugin.DiesInDescribe:      {row: "certificate", reason: "Unavailable"},
		fakeplugin.ContractAnyClient:   {row: "client-certificate", reason: "another certificate"},
		fakeplugin.ContractUnhealthy:   {row: "health", reason: "no health"},
		fakeplugin.Liar:                {row: "describe-call", reason: "another manifest"},
		fakeplugin.Stays:               {row: "stdin", reason: "still runs", grace: quick, only: true},
		fakeplugin.ContractOnce:        {row: "two-processes", reason: "runs already"},
		fakeplugin.DiesInConfigure:     {row: "configure", reason: "in Configure"},
		fakeplugin.ContractGarbage:     {row: "calls", reason: "not JSON"},
		fakeplugin.ContractShape:       {row: "calls", reason: "outputSchema says: the answer is no object"},
		fakeplugin.ContractNothing:     {row: "calls", reason: "neither"},
		fakeplugin.ContractHuge:        {row: "calls", reason: "at most"},
		fakeplugin.ContractVague:       {row: "calls", reason: "without a code"},
		fakeplugin.ContractDry:         {row: "dry-run", reason: "exit status 2"},
		fakeplugin.ContractUnknownTool: {row: "unknown-tool", reason: "exit status 2"},
		fakeplugin.ContractArguments:   {row: "odd-arguments", reason: "exit status 2"},
		fakeplugin.ContractStrict:      {row: "unknown-fields", reason: "gRPC status"},
		fakeplugin.ContractFailure:     {row: "failures", reason: "CODE_REFUSED"},
		fakeplugin.ContractHTML:        {row: "odd-answers", reason: "exit status 3"},
		fakeplugin.ContractStatus:      {row: "host-busy", reason: "exit status 3"},
		fakeplugin.ContractSerial:      {row: "concurrent", reason: "1 of them"},
		fakeplugin.ContractOneTenant:   {row: "tenant", reason: "exit status 2"},
		fakeplugin.ContractGoesOn:      {row: "cancel", reason: "went on", grace: quick},
		fakeplugin.ContractStrays:      {row: "declared", reason: "/api/v2/clients"},
		fakeplugin.ContractPrints:      {row: "stdout", reason: "bytes"},
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			if role == fakeplugin.ContractOnce && runtime.GOOS == "windows" {
				t.Skip("no lock of an executable there")
			}
			cfg := config(t, role)
			cfg.StartTimeout = orDefault(c.start, cfg.StartTimeout)
			cfg.Grace, cfg.Crowding = c.grace, quick
			before := []string{"describe", "arguments", "calls"}
			if c.only {
				// A describe would not be ready so soon.
				m := fakeplugin.Manifest(role)
				cfg.Manifest, before = &m, nil
			}
			results := examine(t, cfg, append(before, c.row)...)
			found := results[c.row]
			if found.Status != Fail || !strings.Contains(found.Reason, c.reason) || found.Fix == "" {
				t.Errorf("%s: %q %q %q", c.row, found.Status, found.Reason, found.Fix)
			}
			for _, r := range results {
				late := r.Check == "calls" && order(t, c.row) < order(t, "calls") // its calls fail as well
				if r.Check != c.row && r.Status == Fail && !late {
					t.Errorf("%s: %s", r.Check, r.Reason)
				}
			}
		})
	}
}

func order(t *testing.T, id string) int {
	t.Helper()
	for i, r := range table {
		if r.id == id {
			return i
		}
	}
	t.Fatalf("there is no row %s", id)
	return 0
}

// A plugin without a capability keeps the contract, too.
func TestPlainPlugin(t *testing.T) {
	cfg := config(t, fakeplugin.Plain)
	cfg.Grace = 300 * time.Millisecond
	for _, r := range examine(t, cfg, "describe", "arguments", "configure", "calls", "cancel", "deadline") {
		if r.Status != OK {
			t.Errorf("%s: %s", r.Check, r.Reason)
		}
	}
}

func TestAnotherManifest(t *testing.T) {
	cfg := config(t, fakeplugin.Contract)
	m := fakeplugin.Manifest(fakeplugin.Contract)
	m.Tools[0].Paths = []string{"GET /api/v2/clients"}
	cfg.Manifest = &m
	if r := examine(t, cfg, "describe", "manifest")["manifest"]; r.Status != Fail {
		t.Errorf("%+v", r)
	}
}

// Without a manifest nothing else can be examined, and every row says so.
func TestNotRun(t *testing.T) {
	results := examine(t, config(t, fakeplugin.ContractNoisy))
	for id, r := range results {
		if (id == "describe") != (r.Status == Fail) || (id != "describe") != (r.Status == NotRun) {
			t.Errorf("%s: %s %s", id, r.Status, r.Reason)
		}
	}
}

func TestExamineEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Examine(ctx, config(t, fakeplugin.Contract), func(Result) {}); err == nil {
		t.Error("no error")
	}
}

// What is made for a schema fits it.
func TestExamples(t *testing.T) {
	m := fakeplugin.Manifest(fakeplugin.Contract)
	e := &exam{}
	if err := e.adopt(m); err != nil {
		t.Fatal(err)
	}
	found := examples(e.tools[0])
	if len(found) != 3 || len(found[2].json) < hugeBytes || !strings.Contains(string(found[1].json), "ä") {
		t.Errorf("%.300v", found)
	}
}
