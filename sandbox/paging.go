package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const (
	maxPerPage = 100
	// searchWindow is how far page and per_page reach into a list, or a log search.
	searchWindow = 1000
)

// queryParams reads a valid query.
type queryParams struct{ values url.Values }

func (q queryParams) has(name string) bool { return q.values.Has(name) }

func (q queryParams) text(name string) string { return q.values.Get(name) }

func (q queryParams) number(name string, absent int) int {
	if value, err := strconv.Atoi(q.values.Get(name)); err == nil {
		return value
	}
	return absent
}

// flag reads true or false; set tells whether it was there.
func (q queryParams) flag(name string) (value, set bool) {
	return q.values.Get(name) == "true", q.has(name)
}

// list reads values that come as a repeated parameter, or separated by commas, or both.
func (q queryParams) list(name string) []string {
	return splitList(slices.Concat(q.values[name], q.values[name+"[]"]))
}

// page is what a list request asks for.
type page struct {
	index, size int
	totals      bool
	// checkpoint tells that the caller pages with take and from.
	checkpoint bool
	take       int
	from       string
}

func (q queryParams) page(defaultSize int) page {
	p := page{
		index: q.number("page", 0), size: q.number("per_page", defaultSize),
		take: q.number("take", 50), from: q.text("from"),
	}
	p.totals, _ = q.flag("include_totals")
	p.checkpoint = q.has("take") || q.has("from")
	return p
}

func (p page) start() int { return p.index * p.size }

// slice cuts the page out of all items; a page past the end is empty.
func (p page) slice(items []object) []object {
	start := min(p.start(), len(items))
	return items[start:min(start+p.size, len(items))]
}

// projection is the pair fields and include_fields.
type projection struct {
	fields  []string
	exclude bool
	always  []string
}

func (q queryParams) projection(always ...string) projection {
	include, set := q.flag("include_fields")
	return projection{fields: q.list("fields"), exclude: set && !include, always: always}
}

func (p projection) apply(item object) object {
	if len(p.fields) == 0 {
		return item
	}
	out := object{}
	for name, value := range item {
		if slices.Contains(p.fields, name) != p.exclude || slices.Contains(p.always, name) {
			out[name] = value
		}
	}
	return out
}

// answer answers with one page of items in the shape that was asked for: an
// array, an object with record offset and total, or a checkpoint page. An empty
// idKey means that the endpoint has no checkpoint paging.
func (p page) answer(name, idKey string, items []object, show func(object) object) (result, error) {
	out := object{}
	if p.checkpoint && idKey != "" {
		start := 0
		if p.from != "" {
			last, err := base64.RawURLEncoding.DecodeString(p.from)
			at := slices.IndexFunc(items, func(item object) bool { return item[idKey] == string(last) })
			if err != nil || at < 0 {
				return result{}, badQuery([]string{onProperty("Invalid checkpoint", "from")})
			}
			start = at + 1
		}
		end := min(start+p.take, len(items))
		if end > start && end < len(items) {
			out["next"] = base64.RawURLEncoding.EncodeToString(fmt.Append(nil, items[end-1][idKey]))
		}
		out[name] = showAll(items[start:end], show)
		return ok(out)
	}
	if p.start()+p.size > searchWindow {
		return result{}, refused(http.StatusBadRequest, fmt.Sprintf("Requesting page %d exceeds the allowed maximum of "+
			"%d records. To fetch results beyond %d, use the checkpoint pagination method.",
			p.index, searchWindow, searchWindow), "invalid_paging")
	}
	shown := showAll(p.slice(items), show)
	if !p.totals {
		return ok(shown)
	}
	out["start"], out["limit"], out["total"], out[name] = p.start(), p.size, len(items), shown
	return ok(out)
}

func showAll(items []object, show func(object) object) []object {
	out := make([]object, len(items))
	for i, item := range items {
		out[i] = show(item)
	}
	return out
}
