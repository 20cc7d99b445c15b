// Package conformance examines a plugin's executable against the contract, docs/plugins/protocol.md: a table of
// promises, each with its check, for plugins in any language.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Config is what is examined, and how patiently.
type Config struct {
	// Path is the executable, absolute, and Args its arguments.
	Path string
	Args []string
	// Manifest is what the plugin's manifest file declares; nil: what the executable says of itself counts.
	Manifest *pluginv1.Manifest
	// Domain is the tenant that calls are for, and Tenant answers their requests.
	Domain string
	Tenant http.RoundTripper
	// Token is the tenant's, which the plugin never sees.
	Token string
	// StartTimeout bounds a start and a describe; 0: supervisor.DefaultStartTimeout.
	StartTimeout time.Duration
	// Grace is how long a plugin may take to stop what it is told to stop; 0: 10 s, as for the server.
	Grace time.Duration
	// Crowding is how long the tenant waits for calls that are made at once to arrive together; 0: 10 s.
	Crowding time.Duration
	// CallPatience is how long a tool may take to answer, on a tenant that answers at once; 0: 30 s.
	CallPatience time.Duration
}

// Status is the result of a row.
type Status string

// The statuses. What follows from a manifest can't be examined without one: NotRun.
const (
	OK     Status = "ok"
	Fail   Status = "FAIL"
	NotRun Status = "not run"
)

// Result is one row of the table, examined.
type Result struct {
	Check   string `json:"check"`
	Promise string `json:"promise"`
	Status  Status `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

// row is one promise of the contract.
type row struct {
	id      string
	promise string
	fix     string
	run     func(context.Context, *exam) error
}

// exam is an examination in progress.
type exam struct {
	Config
	manifest pluginv1.Manifest
	tools    []*catalog.Tool
	// arguments are those that each tool is called with, by its name.
	arguments map[string][]arguments
	// asks is a tool that sends a request, with arguments that make it, once one has been seen.
	asks *call
	// stray is how many bytes the plugin has written to stdout behind its handshakes.
	stray atomic.Int64
	// undeclared are requests beyond what a tool declares, or for no call in progress.
	undeclared faults
}

// Examine runs the whole table, in its order. report is called with each row's result. The error is the cause of
// ctx's end; what the plugin does wrong is in the results.
func Examine(ctx context.Context, cfg Config, report func(Result)) error {
	return examineRows(ctx, cfg, nil, report)
}

// examineRows runs the rows with these ids; nil: all.
func examineRows(ctx context.Context, cfg Config, ids []string, report func(Result)) error {
	e := &exam{Config: cfg, arguments: map[string][]arguments{}}
	e.StartTimeout = orDefault(e.StartTimeout, supervisor.DefaultStartTimeout)
	e.Grace = orDefault(e.Grace, 10*time.Second)
	e.CallPatience = orDefault(e.CallPatience, 30*time.Second)
	e.Crowding = orDefault(e.Crowding, 10*time.Second)
	if cfg.Manifest != nil {
		if err := e.adopt(*cfg.Manifest); err != nil {
			return err
		}
	}
	described := true
	for _, r := range table {
		if ids != nil && !slices.Contains(ids, r.id) {
			continue
		}
		result := Result{Check: r.id, Promise: r.promise, Status: OK}
		if !described {
			result.Status, result.Reason = NotRun, "the plugin has not described itself"
			report(result)
			continue
		}
		if err := r.run(ctx, e); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			result.Status, result.Reason, result.Fix = Fail, err.Error(), r.fix
			described = e.tools != nil
		}
		report(result)
	}
	return nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// adopt takes the manifest that the rest of the table goes by.
func (e *exam) adopt(m pluginv1.Manifest) error {
	if e.Manifest != nil {
		m = *e.Manifest
	}
	if err := catalog.ValidateManifest(m); err != nil {
		return err
	}
	e.manifest, e.tools = m, catalog.ToolsOf(m)
	return nil
}

func (e *exam) spec() supervisor.Spec {
	spec := supervisor.Spec{Manifest: e.manifest, Path: e.Path, Dev: true}
	spec.Args = e.Args
	return spec
}

func (e *exam) supervisor(h *host, overran func(tool string)) *supervisor.Supervisor {
	return supervisor.New(supervisor.Config{
		Domain: e.Domain, Host: func(string) pluginv1.HostServer { return h }, StartTimeout: e.StartTimeout,
		CallTimeout: e.CallPatience, HangGrace: e.Grace, Log: slog.New(slog.DiscardHandler),
		Capabilities: []string{"a-capability-of-a-later-version"},
		Watch: supervisor.Watch{Overran: overran,
			Stray: func(bytes int) { e.stray.Add(int64(bytes)) }},
	})
}

// checkAnswer says what is wrong with how a tool's call ended.
func checkAnswer(answer *pluginv1.CallToolResponse, err error) error {
	var crash *supervisor.CrashError
	var broken *supervisor.AnswerError
	switch {
	case errors.As(err, &crash):
		return fmt.Errorf("the process ended (%s). It wrote: %s", crash.How, crash.Stderr)
	case errors.As(err, &broken):
		return fmt.Errorf("the call ended in a gRPC status, where a result or a Failure belongs: %w", broken.Err)
	case err != nil:
		return err
	}
	switch outcome := answer.GetOutcome().(type) {
	case *pluginv1.CallToolResponse_Result:
		return checkResult(outcome.Result)
	case *pluginv1.CallToolResponse_Failure:
		failure := outcome.Failure
		if failure.GetCode() == pluginv1.Failure_CODE_UNSPECIFIED {
			return fmt.Errorf("a failure without a code: %.200q", failure.GetMessage())
		}
		if _, known := pluginv1.Failure_Code_name[int32(failure.GetCode())]; !known {
			return fmt.Errorf("a failure with the code %d, which the contract does not have", failure.GetCode())
		}
		if failure.GetMessage() == "" {
			return fmt.Errorf("a failure %s without a message", failure.GetCode())
		}
		return nil
	}
	return errors.New("neither a result nor a failure")
}
