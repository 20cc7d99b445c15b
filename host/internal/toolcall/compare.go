package toolcall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/comparison"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Compared is the tenant that comparisons are made with. Its gate is read-only.
type Compared struct {
	// Profile is the name of its profile.
	Profile, Domain string
	Gate            *egress.Gate
	// Audit records the reads of this tenant; nil records nothing.
	Audit *audit.Log
}

// comparisonInput are the arguments of a comparison.
type comparisonInput struct {
	Kinds, Names []string
	Page         int
	PerPage      int `json:"per_page"`
}

// compared is one tenant while it is compared.
type compared struct {
	Profile string `json:"profile,omitempty"`
	Domain  string `json:"tenant"`

	gate   *egress.Gate
	call   *egress.Call
	record *audit.Call
}

// unreadError says that a tenant could not be read.
type unreadError struct {
	of      *compared
	failure *pluginv1.Failure
}

func (e *unreadError) Error() string { return e.failure.GetMessage() }

// compare answers a comparison. The host reads both tenants itself: no plugin sees the second.
func (r *Runner) compare(ctx context.Context, c call) Result {
	in := comparisonInput{PerPage: defaultDifferences}
	if err := json.Unmarshal(c.Arguments, &in); err != nil {
		return failed(err.Error())
	}
	other := r.cfg.Compared
	first := &compared{Profile: r.cfg.Profile, Domain: r.cfg.Domain, gate: r.cfg.Gate, record: c.record}
	second := &compared{Profile: other.Profile, Domain: other.Domain, gate: other.Gate,
		record: other.Audit.Begin(subjectOf(c.Client, c.Tool), c.Arguments)}
	for _, one := range []*compared{first, second} {
		var err error
		if one.call, err = one.gate.Open(ctx, egress.Grant{Plugin: c.Tool.Plugin.Name, Tool: c.Tool.ToolManifest,
			Arguments: c.Arguments, Audit: one.record}); err != nil {
			return failed(err.Error())
		}
		defer one.call.Close()
	}
	found, err := comparison.Compare(ctx, first.tenant("first"), second.tenant("second"),
		comparison.Input{Kinds: in.Kinds, Names: in.Names},
		func(done, of int) { c.progress.report(Progress{float64(done), float64(of), "reading both tenants"}) })
	outcomes := [2]egress.Outcome{first.call.Close(), second.call.Close()}
	var result Result
	var unread *unreadError
	switch {
	case err == nil:
		result = r.shown(c, in, [2]*compared{first, second}, outcomes, found)
	case errors.As(err, &unread) && unread.of == first:
		result = r.unread(c, unread, outcomes[0])
	case unread != nil:
		result = r.unread(c, unread, outcomes[1])
	default:
		result = failed(outcomes[0].Redact.Text(outcomes[1].Redact.Text(err.Error())))
	}
	result.Outcome = outcomes[0]
	endRecord(ctx, second.record, Result{IsError: result.IsError, Outcome: outcomes[1]})
	return result
}

// tenant reads it through its gate, which lets nothing else than declared reads through.
func (t *compared) tenant(name string) comparison.Tenant {
	return comparison.Tenant{Name: name, Domain: t.Domain,
		Read: func(ctx context.Context, path, query string) (comparison.Answer, error) {
			answer := t.gate.RoundTrip(ctx, catalog.HostPlugin, &pluginv1.RoundTripRequest{CallId: t.call.ID(),
				Method: http.MethodGet, Path: path, Query: query})
			f, response := answer.GetFailure(), answer.GetResponse()
			if response.GetStatus() == http.StatusUnauthorized {
				f = &pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: http.StatusUnauthorized}
			}
			if f != nil {
				return comparison.Answer{}, &unreadError{t, f}
			}
			return comparison.Answer{Status: int(response.GetStatus()), Body: response.GetBody()}, nil
		}}
}

// unread says why a tenant could not be read, in the gate's words.
func (r *Runner) unread(c call, e *unreadError, out egress.Outcome) Result {
	why, kind := e.Error(), Kind("")
	if words := out.Words(e.failure); words != "" {
		why = words
	}
	if out.Err != nil {
		why = out.Err.Error()
	}
	var signedOut *egress.SignedOutError
	if errors.As(out.Err, &signedOut) {
		kind = SignInRequired
	}
	name := e.of.Domain
	if e.of.Profile != "" {
		name += " (profile " + e.of.Profile + ")"
	}
	return r.failure(c.Tool, out, kind, fmt.Sprintf("%s could not be compared: %s", name, why))
}

// defaultDifferences is how many differences a page has.
const defaultDifferences = 50

// comparisonAnswer is a page of differences.
type comparisonAnswer struct {
	First       *compared               `json:"first"`
	Second      *compared               `json:"second"`
	Summary     []comparison.Summary    `json:"summary"`
	Differences []comparison.Difference `json:"differences"`
	Count       int                     `json:"count"`
	Total       int                     `json:"total"`
	Pagination  pagination              `json:"pagination"`
	NotCompared []comparison.Gap        `json:"not_compared"`
	// Requests are the reads of each tenant.
	Requests struct {
		First  map[string]int `json:"first"`
		Second map[string]int `json:"second"`
	} `json:"requests"`
}

// shown is a page of what was found, without secrets.
func (r *Runner) shown(c call, in comparisonInput, tenants [2]*compared, outcomes [2]egress.Outcome,
	found comparison.Result) Result {
	total := len(found.Differences)
	start := min(in.Page*in.PerPage, total)
	pages := (total + in.PerPage - 1) / in.PerPage
	answer := comparisonAnswer{First: tenants[0], Second: tenants[1], Summary: found.Summary, NotCompared: found.Gaps,
		Total:      total,
		Pagination: pagination{Page: in.Page, PerPage: in.PerPage, TotalPages: &pages, HasNext: start+in.PerPage < total}}
	answer.Requests.First, answer.Requests.Second = found.Requests[0], found.Requests[1]
	// Hidden before they are cut: a part of a secret would not be known for one.
	var page []comparison.Difference
	doc := encode(found.Differences[start:min(start+in.PerPage, total)])
	for _, out := range outcomes {
		cleaned, _, err := out.Redact.Clean(doc)
		if err != nil {
			return failed(err.Error())
		}
		doc = cleaned
	}
	if err := json.Unmarshal(doc, &page); err != nil {
		return failed(err.Error())
	}
	answer.Differences = []comparison.Difference{}
	for _, d := range page {
		answer.Differences = append(answer.Differences, d.Shortened())
	}
	answer.Count = len(answer.Differences)
	return r.present(c.Tool, outcomes[0], encode(answer))
}
