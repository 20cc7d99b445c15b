package auth0v1

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Collection is a list of the Management API.
type Collection struct {
	// Path are the segments below /api/v2/.
	Path []string
	// Items is the member of the envelope that holds the items.
	Items string
	// As is what the items are called in the tool's answer; empty: Items.
	As string
	// AlwaysTotals: the API sends the envelope unasked and refuses include_totals,
	// as for actions.
	AlwaysTotals bool
}

func (c Collection) name() string {
	if c.As != "" {
		return c.As
	}
	return c.Items
}

// PageOf are the paging arguments that every list tool takes; embed it in an input.
type PageOf struct {
	Page          *int  `json:"page,omitempty" jsonschema:"0-based." schema:"min=0"`
	PerPage       *int  `json:"per_page,omitempty" schema:"min=1,max=100,default=20"`
	IncludeTotals *bool `json:"include_totals,omitempty"`
}

// DefaultPerPage is the size of a page when none is asked for.
const DefaultPerPage = 20

// Number is the page asked for, Size its size.
func (p PageOf) Number() int { return valueOr(p.Page, 0) }

// Size is the number of items on a page.
func (p PageOf) Size() int { return valueOr(p.PerPage, DefaultPerPage) }

// Totals reports whether the caller wants them.
func (p PageOf) Totals() bool { return valueOr(p.IncludeTotals, true) }

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// Page fetches one page. The items come as the API sends them.
func (a *API) Page(ctx context.Context, c Collection, p PageOf, query url.Values) (sdk.Page, error) {
	page := sdk.Page{Name: c.name(), Number: p.Number(), Size: p.Size(), Total: sdk.UnknownTotal}
	items, total, err := a.fetch(ctx, c, page.Number, page.Size, p.Totals(), query)
	if err != nil {
		return page, err
	}
	page.Items = items
	if p.Totals() {
		page.Total = total
	}
	// Some lists leave the total out of an empty page: the first page has it.
	if page.Total == sdk.UnknownTotal && p.Totals() && len(items) == 0 {
		page.Total = 0
		if page.Number > 0 {
			_, total, err := a.fetch(ctx, c, 0, 1, true, query)
			if err != nil {
				return page, err
			}
			page.Total = max(total, 0)
		}
	}
	return page, nil
}

// fetch reads both forms of an answer: the envelope and the bare array.
func (a *API) fetch(ctx context.Context, c Collection, number, size int, totals bool, query url.Values) ([]sdk.Object,
	int, error) {
	q := maps.Clone(query)
	if q == nil {
		q = url.Values{}
	}
	q.Set("page", strconv.Itoa(number))
	q.Set("per_page", strconv.Itoa(size))
	if !c.AlwaysTotals {
		q.Set("include_totals", strconv.FormatBool(totals))
	}
	raw, err := a.Get(ctx, q, c.Path...)
	if err != nil {
		return nil, 0, err
	}
	if items, err := sdk.ParseObjects(raw); err == nil {
		return items, sdk.UnknownTotal, nil
	}
	envelope, err := sdk.ParseObject(raw)
	if err != nil {
		return nil, 0, fmt.Errorf("GET %s answered neither a list nor its envelope: %w", strings.Join(c.Path, "/"), err)
	}
	list, _ := envelope.Get(c.Items)
	items, err := sdk.ParseObjects(list)
	if err != nil {
		return nil, 0, fmt.Errorf("GET %s answered an envelope without %s: %w", strings.Join(c.Path, "/"), c.Items, err)
	}
	total := sdk.UnknownTotal
	if n, ok := envelope.Get("total"); ok && json.Unmarshal(n, &total) != nil {
		total = sdk.UnknownTotal
	}
	return items, total, nil
}

// FieldsOf are the arguments that choose an item's members; embed it in the input
// of a list tool.
type FieldsOf struct {
	Fields        []string `json:"fields,omitempty" jsonschema:"Members to show too."`
	IncludeFields *bool    `json:"include_fields,omitempty"`
}

// Excludes reports whether fields are those to leave out: then all others are shown.
func (f FieldsOf) Excludes() bool { return f.IncludeFields != nil && !*f.IncludeFields }

// Project keeps of each item the usual members and those that the caller asked for,
// or all but those; always is kept whatever is said, so that an item can be told
// from the others. The note names what was asked for and no item has: "" if nothing.
func (f FieldsOf) Project(items []sdk.Object, usual []string, always ...string) (out []sdk.Object, note string) {
	out = make([]sdk.Object, len(items))
	found := map[string]bool{}
	for i, item := range items {
		if f.Excludes() {
			out[i] = item.Without(slices.DeleteFunc(slices.Clone(f.Fields),
				func(name string) bool { return slices.Contains(always, name) })...)
			continue
		}
		out[i] = item.Pick(slices.Concat(always, usual, f.Fields)...)
		for _, m := range out[i] {
			found[m.Name] = true
		}
	}
	if f.Excludes() || len(items) == 0 {
		return out, ""
	}
	if missing := slices.DeleteFunc(slices.Clone(f.Fields),
		func(name string) bool { return found[name] }); len(missing) > 0 {
		note = "no item here has: " + strings.Join(missing, ", ")
	}
	return out, note
}

// SearchCap is how many items are examined in a search that the API cannot do itself.
const SearchCap = 1000

// pageMax is the largest page the API gives.
const pageMax = 100

// Filter walks all pages, up to SearchCap items, and returns those that keep
// keeps. complete is false if the cap was reached before the end.
func (a *API) Filter(ctx context.Context, c Collection, query url.Values,
	keep func(sdk.Object) bool) (found []sdk.Object, complete bool, err error) {
	for number := range SearchCap / pageMax {
		items, total, err := a.fetch(ctx, c, number, pageMax, true, query)
		if err != nil {
			return nil, false, err
		}
		for _, item := range items {
			if keep(item) {
				found = append(found, item)
			}
		}
		if len(items) < pageMax || (total != sdk.UnknownTotal && (number+1)*pageMax >= total) {
			return found, true, nil
		}
	}
	return found, false, nil
}

// Search is one page of the items that keep keeps, found by walking all pages:
// for what the API cannot filter itself. The page says so if the walk had to stop.
func (a *API) Search(ctx context.Context, c Collection, p PageOf, query url.Values,
	keep func(sdk.Object) bool) (sdk.Page, error) {
	page := sdk.Page{Name: c.name(), Number: p.Number(), Size: p.Size()}
	found, complete, err := a.Filter(ctx, c, query, keep)
	if err != nil {
		return page, err
	}
	page.Total = len(found)
	if !complete {
		page.Note = fmt.Sprintf("only the first %d %s were looked at: there may be more", SearchCap,
			strings.ReplaceAll(c.name(), "_", " "))
	}
	// Clamped before the multiplication, which a huge page would overflow.
	start := min(page.Number, page.Total/page.Size+1) * page.Size
	start = min(start, page.Total)
	page.Items = found[start:min(start+page.Size, page.Total)]
	return page, nil
}

// ByName is the one item with exactly that name. The failure names the
// candidates if there are several, and near names if there is none.
func (a *API) ByName(ctx context.Context, c Collection, what, idMember, name string, query url.Values) (sdk.Object,
	error) {
	var near []string
	found, complete, err := a.Filter(ctx, c, query, func(o sdk.Object) bool {
		candidate := o.Text("name")
		if candidate != name && len(near) < 5 && strings.Contains(strings.ToLower(candidate), strings.ToLower(name)) {
			near = append(near, fmt.Sprintf("%q (%s)", candidate, o.Text(idMember)))
		}
		return candidate == name
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		ids := make([]string, len(found))
		for i, o := range found {
			ids[i] = o.Text(idMember)
		}
		return nil, sdk.Ambiguous("%d %s are called %s: give one of their ids instead: %s", len(found), what+"s", short(name),
			strings.Join(ids, ", "))
	}
	hint := ""
	if len(near) > 0 {
		hint = "; near it: " + strings.Join(slices.Sorted(slices.Values(near)), ", ")
	}
	if !complete {
		hint += fmt.Sprintf("; only the first %d were looked at: give the id", SearchCap)
	}
	return nil, sdk.NotFound("there is no %s called %s%s", what, short(name), hint)
}

// short quotes what a caller gave, which may be of any length.
func short(name string) string {
	const limit = 100
	if runes := []rune(name); len(runes) > limit {
		return strconv.Quote(string(runes[:limit])) + "…"
	}
	return strconv.Quote(name)
}
