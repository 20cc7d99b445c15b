package management

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const (
	defaultLimit = 50
	// lastOffset is where Auth0's numbered pages end, as a rule.
	lastOffset = 1000
)

func read(ctx context.Context, c *sdk.Call, in input) (any, error) {
	r, err := newRequest(in, managementapi.Read)
	if err != nil {
		return nil, err
	}
	if !r.operation.Paging.Any() {
		if in.Cursor != "" || in.Limit != 0 {
			return nil, sdk.InvalidArgument("limit, cursor: %s has no pages: leave them out", r.operation.Name())
		}
		answer, status, err := r.send(ctx, c, r.query)
		if err != nil {
			return nil, err
		}
		return present(answer, status, in.Fields)
	}
	p, err := r.place(in)
	if err != nil {
		return nil, err
	}
	return r.page(ctx, c, p, in.Fields)
}

// pagingParameters are the query parameters that limit and cursor take the place of.
func pagingParameters() []string {
	return []string{"page", "per_page", "include_totals", "from", "take"}
}

func isPaging(o *managementapi.Operation, name string) bool {
	return o.Paging.Any() && slices.Contains(pagingParameters(), name)
}

// place is where a page begins: behind a checkpoint, or at a number.
type place struct {
	checkpoint bool
	from       string
	page, size int
}

const (
	pageCursor = "page:" // page:NUMBER:SIZE
	fromCursor = "from:" // from:CHECKPOINT
)

// place reads limit and cursor. Checkpoints lead to the end of every list; numbered pages are for what has no others,
// and for what is sorted or searched.
func (r *request) place(in input) (place, error) {
	p := place{size: in.Limit}
	if p.size == 0 {
		p.size = defaultLimit
	}
	paging := r.operation.Paging
	if in.Cursor == "" {
		searched := r.query.Has("q") || r.query.Has("sort")
		p.checkpoint = paging.Checkpoint && (!paging.Offset || paging.Next != "" && !searched)
		return p, nil
	}
	if from, ok := strings.CutPrefix(in.Cursor, fromCursor); ok && paging.Checkpoint && from != "" {
		p.checkpoint, p.from = true, from
		return p, nil
	}
	if numbers, ok := strings.CutPrefix(in.Cursor, pageCursor); ok && paging.Offset {
		page, size, _ := strings.Cut(numbers, ":")
		var errPage, errSize error
		p.page, errPage = strconv.Atoi(page)
		p.size, errSize = strconv.Atoi(size)
		if errPage == nil && errSize == nil && p.page >= 0 && p.size > 0 && p.page <= lastOffset && p.size <= lastOffset {
			return p, nil
		}
	}
	return p, sdk.InvalidArgument("cursor: %.100q is no next_cursor of %s: leave it out to begin", in.Cursor,
		r.operation.Name())
}

// query are the query parameters of a page.
func (p place) query(r *request) url.Values {
	query := maps.Clone(r.query)
	if p.checkpoint {
		query.Set("take", strconv.Itoa(p.size))
		if p.from != "" {
			query.Set("from", p.from)
		}
		return query
	}
	query.Set("page", strconv.Itoa(p.page))
	query.Set("per_page", strconv.Itoa(p.size))
	if r.operation.Paging.Totals {
		query.Set("include_totals", "true")
	}
	return query
}

// page reads a page. One that is over the host's budget is read again, smaller, so that its cursor leads on from its
// last item.
func (r *request) page(ctx context.Context, c *sdk.Call, p place, fields []string) (any, error) {
	answer, status, err := r.send(ctx, c, p.query(r))
	if err != nil {
		return nil, err
	}
	items, others, err := r.items(answer)
	if err != nil {
		return present(answer, status, fields) // not a list after all
	}
	shown := pick(items, fields)
	if fit := c.FitItems(shown); fit < len(shown) {
		if p.checkpoint {
			p.size = fit
			if answer, _, err = r.send(ctx, c, p.query(r)); err != nil {
				return nil, err
			}
			if items, others, err = r.items(answer); err != nil {
				return nil, err
			}
		} else {
			p = p.smaller(fit)
			items = items[:p.size]
		}
		shown = pick(items, fields)
	}
	l := list{Items: shown, Note: missing(items, fields)}
	l.Total, others = total(others)
	r.next(&l, p, items, others)
	return l.object(others.Without("next", "start", "limit", "length", "page", "per_page"))
}

// smaller is a place that begins at the same item, with at most fit items. Numbered pages begin at multiples of their
// size.
func (p place) smaller(fit int) place {
	start := p.page * p.size
	for p.size = fit; start%p.size != 0; {
		p.size--
	}
	p.page = start / p.size
	return p
}

// items are those of an answer, and what else it has.
func (r *request) items(answer []byte) ([]sdk.Object, sdk.Object, error) {
	if items, err := sdk.ParseObjects(answer); err == nil {
		return items, nil, nil
	}
	object, err := sdk.ParseObject(answer)
	if err != nil {
		return nil, nil, err
	}
	name := r.operation.Paging.Items
	if _, ok := object.Get(name); !ok {
		for _, m := range object {
			if len(m.Value) > 0 && m.Value[0] == '[' {
				name = m.Name
			}
		}
	}
	raw, ok := object.Get(name)
	if !ok {
		return nil, nil, fmt.Errorf("%s answered without a list", r.operation.Name())
	}
	items, err := sdk.ParseObjects(raw)
	return items, object.Without(name), err
}

// total takes the number of all items out of an answer's other members.
func total(others sdk.Object) (*int, sdk.Object) {
	raw, ok := others.Get("total")
	var number int
	if !ok || json.Unmarshal(raw, &number) != nil {
		return nil, others
	}
	return &number, others.Without("total")
}

// next sets where the next page begins, if there is one.
func (r *request) next(l *list, p place, items []sdk.Object, others sdk.Object) {
	if p.checkpoint {
		from := others.Text("next")
		if r.operation.Paging.Next == "" && len(items) == p.size {
			last := items[len(items)-1]
			if from = last.Text("log_id"); from == "" {
				from = last.Text("id")
			}
		}
		if from != "" {
			l.Next = fromCursor + from
		}
		return
	}
	end := p.page*p.size + len(items)
	more := len(items) == p.size
	if l.Total != nil {
		more = end < *l.Total && len(items) > 0
	}
	switch {
	case more && end >= lastOffset:
		l.Note = strings.TrimPrefix(l.Note+"; Auth0's numbered pages end here, there may be more: narrow the list by query",
			"; ")
	case more:
		l.Next = fmt.Sprintf("%s%d:%d", pageCursor, p.page+1, p.size)
	}
}
