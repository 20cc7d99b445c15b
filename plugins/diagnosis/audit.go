package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

type auditInput struct {
	Checks   []string `json:"checks,omitempty" jsonschema:"Default: all. Ids of findings, or kinds: application, api …"`
	Severity string   `json:"severity,omitempty" jsonschema:"The lowest to report." schema:"enum=high|medium|low"`
	auth0v1.PageOf
}

// severity is how much a finding weighs.
type severity string

const (
	high   severity = "high"
	medium severity = "medium"
	low    severity = "low"
)

func (s severity) rank() int { return slices.Index([]severity{high, medium, low}, s) }

// check is a weakness that the Management API's answers prove.
type check struct {
	id       string
	severity severity
	// problem is what is wrong and why it matters, remedy what to do, in a sentence each.
	problem, remedy string
	// set are the arguments of the source's tool that remedy it; nil: a user must choose them.
	set map[string]any
	// test is what proves the weakness of an object; nil: the object does not have it.
	test func(*audit, sdk.Object) []evidence
}

// evidence is a member of an object with its value.
type evidence struct {
	Member string `json:"member"`
	Value  any    `json:"value"`
}

// source is where objects that are checked come from.
type source struct {
	// kind is what one object is.
	kind string
	load func(*audit, context.Context) ([]sdk.Object, state)
	// id and name are the members that identify an object; without an id there is one.
	id, name string
	// remedy is the call that changes the object.
	remedy func(object sdk.Object, set map[string]any) fix
	checks []check
}

type finding struct {
	Check    string     `json:"check"`
	Severity severity   `json:"severity"`
	Object   object     `json:"object"`
	Problem  string     `json:"problem"`
	Evidence []evidence `json:"evidence"`
	Remedy   fix        `json:"remedy"`
}

type object struct {
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// audit is one audit in progress.
type audit struct {
	tenant *reader
	// apis are the scopes of each API by its identifier, system which are Auth0's own: for the checks of client grants.
	apis   map[string][]string
	system map[string]bool
	// names are those of applications by their ids.
	names map[string]string
}

func auditTenant(ctx context.Context, c *sdk.Call, in auditInput) (any, error) {
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return nil, err
	}
	chosen, err := choose(sources(), in.Checks)
	if err != nil {
		return nil, err
	}
	a := &audit{tenant: newReader(api), apis: map[string][]string{}, system: map[string]bool{}, names: map[string]string{}}
	var all []finding
	for n, s := range chosen {
		c.Progress(float64(n), float64(len(chosen)), "checking: "+s.kind)
		objects, _ := s.load(a, ctx)
		if a.tenant.err != nil {
			return nil, a.tenant.err
		}
		for _, o := range objects {
			all = append(all, a.findings(s, o)...)
		}
	}
	if in.Severity != "" {
		lowest := severity(in.Severity).rank()
		all = slices.DeleteFunc(all, func(f finding) bool { return f.Severity.rank() > lowest })
	}
	slices.SortStableFunc(all, func(x, y finding) int {
		return cmp.Or(x.Severity.rank()-y.Severity.rank(), strings.Compare(x.Check, y.Check),
			strings.Compare(x.Object.Name, y.Object.Name), strings.Compare(x.Object.ID, y.Object.ID))
	})
	return a.report(all, chosen, in.PageOf)
}

func (a *audit) findings(s source, o sdk.Object) (found []finding) {
	for _, c := range s.checks {
		proof := c.test(a, o)
		if proof == nil {
			continue
		}
		remedy := s.remedy(o, c.set)
		remedy.Text = c.remedy
		f := finding{Check: c.id, Severity: c.severity, Object: object{Kind: s.kind}, Problem: c.problem, Evidence: proof,
			Remedy: remedy}
		if s.id != "" {
			f.Object.ID, f.Object.Name = o.Text(s.id), o.Text(s.name)
		}
		found = append(found, f)
	}
	return found
}

// choose keeps the sources and checks that are asked for, by the ids of checks and the kinds of objects.
func choose(all []source, names []string) ([]source, error) {
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	var chosen []source
	for _, s := range all {
		known = append(known, strings.ReplaceAll(s.kind, " ", "_"))
		whole := slices.Contains(names, known[len(known)-1]) || slices.Contains(names, s.kind)
		var kept []check
		for _, c := range s.checks {
			known = append(known, c.id)
			if whole || slices.Contains(names, c.id) {
				kept = append(kept, c)
			}
		}
		if s.checks = kept; len(kept) > 0 {
			chosen = append(chosen, s)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, strings.ReplaceAll(name, " ", "_")) {
			return nil, sdk.InvalidArgument("checks: there is no %q: want some of %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// report is a page of the findings, with how many there are of each severity and what was looked at.
func (a *audit) report(all []finding, checked []source, p auth0v1.PageOf) (sdk.Object, error) {
	start := min(p.Number(), len(all)/p.Size()+1) * p.Size()
	start = min(start, len(all))
	page := sdk.Page{Name: "findings", Number: p.Number(), Size: p.Size(), Total: len(all)}
	for _, f := range all[start:min(start+p.Size(), len(all))] {
		o, err := objectOf(f)
		if err != nil {
			return nil, err
		}
		page.Items = append(page.Items, o)
	}
	if len(all) == 0 && len(a.tenant.gaps) > 0 {
		page.Note = "nothing was found in what could be looked at: see not_looked_at"
	}
	raw, err := page.MarshalJSON()
	if err != nil {
		return nil, err
	}
	answer, err := sdk.ParseObject(raw)
	if err != nil {
		return nil, err
	}
	summary, checks := map[severity]int{high: 0, medium: 0, low: 0}, 0
	for _, f := range all {
		summary[f.Severity]++
	}
	for _, s := range checked {
		checks += len(s.checks)
	}
	for _, m := range []struct {
		name  string
		value any
	}{{"summary", summary}, {"checks", checks}, {"looked_at", bounded(a.tenant.looked)},
		{"not_looked_at", append([]gap{}, a.tenant.gaps...)}} {
		if answer, err = answer.With(m.name, m.value); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// bounded leaves out what would make an answer long, and says so.
func bounded(looked []look) []look {
	if len(looked) <= maxLooks {
		return looked
	}
	more := len(looked) - maxLooks
	return append(slices.Clone(looked[:maxLooks]), look{What: fmt.Sprintf("%d more", more)})
}

func objectOf(v any) (sdk.Object, error) {
	o, err := sdk.Object{}.With("", v)
	if err != nil {
		return nil, err
	}
	return sdk.ParseObject(o[0].Value)
}

// one is an object that exists once, as a list.
func (a *audit) one(ctx context.Context, res resource) ([]sdk.Object, state) {
	var o sdk.Object
	is := a.tenant.into(ctx, res, &o)
	if is != found {
		return nil, is
	}
	return []sdk.Object{o}, is
}

// many is a list that the API gives as a whole.
func (a *audit) many(ctx context.Context, res resource) ([]sdk.Object, state) {
	var all []sdk.Object
	is := a.tenant.into(ctx, res, &all)
	return all, is
}
