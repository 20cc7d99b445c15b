package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const (
	// Window is how many items page and per_page reach. Auth0 refuses a page that ends
	// beyond it.
	Window = 1000
	// searchCap is how many items are examined of a list that checkpoints reach further into.
	searchCap = 5000
	// pageMax is the largest page the API gives.
	pageMax = 100
)

// Page fetches one page. The items come as the API sends them. A list of more than 1000
// items is read by checkpoints where the API has them, all its pages in their order;
// otherwise the page that reaches the thousandth item is the last one, and its note says so.
func (c Collection) Page(ctx context.Context, call *sdk.Call, p PageOf, query url.Values) (sdk.Page, error) {
	page := sdk.Page{Name: c.name(), Number: p.Number(), Size: p.Size(), Total: sdk.UnknownTotal}
	if c.Unpaged || c.CheckpointOnly {
		return c.cut(ctx, call, page, query)
	}
	if page.Number > (Window-1)/page.Size {
		return c.pageBeyond(ctx, call, page, p.Totals(), query)
	}
	number, size := withinWindow(page.Number, page.Size)
	items, total, err := c.fetch(ctx, call, number, size, p.Totals() || c.Checkpoint, query)
	if err != nil {
		return page, err
	}
	page.Items = items
	if c.Checkpoint && total > Window {
		items, ok, err := c.byCheckpoint(ctx, call, page.Number*page.Size, page.Size, query)
		if err != nil {
			return page, err
		}
		if ok {
			page.Items = items
			return withTotal(page, p.Totals(), total), nil
		}
	}
	if page, err = c.totalled(ctx, call, page, p.Totals(), total, query); err != nil {
		return page, err
	}
	return c.atWindow(page), nil
}

// cut is a page of a list that has no numbered pages.
func (c Collection) cut(ctx context.Context, call *sdk.Call, page sdk.Page, query url.Values) (sdk.Page, error) {
	if page.Number > searchCap {
		return page, c.unreachable(page)
	}
	start := page.Number * page.Size
	if c.CheckpointOnly {
		items, _, err := c.byCheckpoint(ctx, call, start, page.Size, query)
		if len(items) < page.Size && (len(items) > 0 || start == 0) {
			page.Total = start + len(items)
		}
		page.Items = items
		return page, err
	}
	items, _, err := c.list(ctx, call, query)
	page.Total = len(items)
	start = min(start, len(items))
	page.Items = items[start:min(start+page.Size, len(items))]
	return page, err
}

// pageBeyond is a page that begins where page and per_page do not reach.
func (c Collection) pageBeyond(ctx context.Context, call *sdk.Call, page sdk.Page, totals bool,
	query url.Values) (sdk.Page, error) {
	if !c.Checkpoint {
		items, total, err := c.fetch(ctx, call, page.Number, page.Size, totals, query)
		switch {
		case answered(err, http.StatusBadRequest):
			return page, c.unreachable(page)
		case err != nil:
			return page, err
		}
		page.Items = items
		return c.totalled(ctx, call, page, totals, total, query)
	}
	_, total, err := c.fetch(ctx, call, 0, 1, true, query)
	if err != nil {
		return page, err
	}
	page = withTotal(page, totals, total)
	if total <= Window || page.Number > total/page.Size {
		return page, nil // past the end
	}
	items, ok, err := c.byCheckpoint(ctx, call, page.Number*page.Size, page.Size, query)
	switch {
	case err != nil:
		return page, err
	case !ok:
		return page, c.unreachable(page)
	}
	page.Items = items
	return page, nil
}

func withTotal(page sdk.Page, wanted bool, total int) sdk.Page {
	if wanted {
		page.Total = total
	}
	return page
}

// totalled adds the total. Some lists leave it out of an empty page: the first page has it.
func (c Collection) totalled(ctx context.Context, call *sdk.Call, page sdk.Page, wanted bool, total int,
	query url.Values) (sdk.Page, error) {
	if wanted && total == sdk.UnknownTotal && len(page.Items) == 0 {
		total = 0
		if page.Number > 0 {
			_, first, err := c.fetch(ctx, call, 0, 1, true, query)
			if err != nil {
				return page, err
			}
			total = max(first, 0)
		}
	}
	return withTotal(page, wanted, total), nil
}

// withinWindow is a page that begins where the given one does and does not end beyond the
// Window: its size divides the offset.
func withinWindow(number, size int) (withinNumber, withinSize int) {
	offset := number * size
	for offset+size > Window || offset%size != 0 {
		size--
	}
	return offset / size, size
}

// atWindow marks the page that ends where page and per_page do, if the list goes on or may.
func (c Collection) atWindow(page sdk.Page) sdk.Page {
	if page.Number*page.Size+len(page.Items) < Window || page.Total == Window {
		return page
	}
	page.Last = true
	if page.Total == sdk.UnknownTotal {
		page.Note = fmt.Sprintf("Auth0 lists the first %d %s: there may be more", Window, c.plural())
	} else {
		page.Note = fmt.Sprintf("Auth0 lists the first %d of %d %s", Window, page.Total, c.plural())
	}
	if c.Narrow != "" {
		page.Note += "; to reach others, " + c.Narrow
	}
	return page
}

func (c Collection) unreachable(page sdk.Page) error {
	hint := ""
	if c.Narrow != "" {
		hint = ": " + c.Narrow
	}
	return sdk.InvalidArgument("page %d with per_page %d begins beyond the first %d %s, which is all that Auth0 lists%s",
		page.Number, page.Size, Window, c.plural(), hint)
}

// fetch gets a page by its number. total is [sdk.UnknownTotal] if the answer has none.
func (c Collection) fetch(ctx context.Context, call *sdk.Call, number, size int, totals bool,
	query url.Values) ([]sdk.Object, int, error) {
	q := withQuery(query, "page", strconv.Itoa(number))
	q.Set("per_page", strconv.Itoa(size))
	if !c.AlwaysTotals {
		q.Set("include_totals", strconv.FormatBool(totals))
	}
	items, envelope, err := c.list(ctx, call, q)
	if err != nil {
		return nil, 0, err
	}
	total := sdk.UnknownTotal
	if n, ok := envelope.Get("total"); ok && json.Unmarshal(n, &total) != nil {
		total = sdk.UnknownTotal
	}
	return items, total, nil
}

// byCheckpoint gets the items from offset on, at most size, by walking to them. ok is
// false if the API has no checkpoints after all.
func (c Collection) byCheckpoint(ctx context.Context, call *sdk.Call, offset, size int,
	query url.Values) (items []sdk.Object, ok bool, err error) {
	err = c.checkpoints(ctx, call, query, func(next int) int {
		switch {
		case next < offset:
			return min(pageMax, offset-next)
		case next == offset:
			return size
		}
		return 0
	}, func(at int, page []sdk.Object) {
		ok = true
		if at >= offset {
			items = page
		}
	})
	return items, ok, err
}

// checkpoints walks a list by take and from. take says how many items to ask for from a
// position on, 0 to stop. visit gets each page and its position; it is never called if the
// API has no checkpoints.
func (c Collection) checkpoints(ctx context.Context, call *sdk.Call, query url.Values, take func(at int) int,
	visit func(at int, page []sdk.Object)) error {
	at, from := 0, ""
	for n := take(0); n > 0; n = take(at) {
		q := withQuery(query, "take", strconv.Itoa(n))
		if from != "" {
			q.Set("from", from)
		}
		items, envelope, err := c.list(ctx, call, q)
		refused := answered(err, http.StatusBadRequest) || err == nil && (envelope == nil || len(items) > n)
		if from == "" && refused && !c.CheckpointOnly {
			return nil // refused or ignored
		}
		if err != nil {
			return err
		}
		visit(at, items)
		at += len(items)
		from = envelope.Text("next")
		if envelope == nil && len(items) == n { // the id of the last item is where the next page begins
			from = items[n-1].Text(c.id())
		}
		if from == "" || len(items) == 0 {
			return nil
		}
	}
	return nil
}

func withQuery(query url.Values, name, value string) url.Values {
	q := maps.Clone(query)
	if q == nil {
		q = url.Values{}
	}
	q.Set(name, value)
	return q
}

// list reads both forms of an answer: the envelope, and the bare array, which has none.
func (c Collection) list(ctx context.Context, call *sdk.Call, q url.Values) (items []sdk.Object, envelope sdk.Object,
	err error) {
	var raw json.RawMessage
	if err = call.WithQuery(q).Get(ctx, &raw, c.Path...); err != nil {
		return nil, nil, err
	}
	bare := bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("["))
	if bare {
		items, err = sdk.ParseObjects(raw)
	} else {
		envelope, err = sdk.ParseObject(raw)
	}
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("GET %s answered neither a list nor its envelope: %w", strings.Join(c.Path, "/"), err)
	case bare:
		return items, nil, nil
	}
	if items, err = envelope.Objects(c.Items); err != nil {
		return nil, nil, fmt.Errorf("GET %s answered an envelope without %s: %w", strings.Join(c.Path, "/"), c.Items, err)
	}
	return items, envelope, nil
}
