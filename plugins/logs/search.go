package logs

import (
	"context"
	"net/url"
	"strconv"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const (
	// searchWindow is how many results a search reaches at most:
	// https://auth0.com/docs/api/management/v2/logs/get-logs
	searchWindow = 1000
	// largestPage is the largest page of the API.
	largestPage = 100
	defaultSort = "date:-1"
)

// logSearch is a query of log events. sort is the API's; empty: defaultSort.
type logSearch struct{ query, sort string }

// page fetches one page of the results. With counted it reads all that the search
// reaches, and counts them too.
func (s logSearch) page(ctx context.Context, c *sdk.Call, page, perPage int, counted bool) ([]sdk.Object, *summary,
	error) {
	if !counted {
		events, err := fetch(ctx, c, s.params(window(page, perPage)))
		return events, nil, err
	}
	events, complete, err := s.all(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	start := min(page*perPage, len(events))
	return events[start:min(start+perPage, len(events))], summarize(events, complete), nil
}

// all fetches what the search reaches; complete is false if there may be more.
func (s logSearch) all(ctx context.Context, c *sdk.Call) (found []sdk.Object, complete bool, err error) {
	seen := map[string]bool{}
	for page := range searchWindow / largestPage {
		events, err := fetch(ctx, c, s.params(window(page, largestPage)))
		if err != nil {
			return nil, false, err
		}
		for _, event := range events {
			// Events that arrive meanwhile move those that have been read to the next page.
			if id := event.Text("log_id"); !seen[id] {
				seen[id] = true
				found = append(found, event)
			}
		}
		if len(events) < largestPage {
			return found, true, nil
		}
		c.Progress(float64(page+1), searchWindow/largestPage, "counting log events")
	}
	return found, false, nil
}

func (s logSearch) params(params url.Values) url.Values {
	params.Set("sort", defaultSort)
	if s.sort != "" {
		params.Set("sort", s.sort)
	}
	if s.query != "" {
		params.Set("q", s.query)
	}
	return params
}

// window asks for a page of a search. Where the page reaches over the end of the
// window, which the API refuses, it asks for what is left by a size that divides
// the offset.
func window(page, perPage int) url.Values {
	offset := page * perPage
	size := perPage
	for offset+size > searchWindow || offset%size != 0 {
		size--
	}
	return url.Values{"page": {strconv.Itoa(offset / size)}, "per_page": {strconv.Itoa(size)}}
}

// total is known only when the last page is in hand: what the API calls total
// for logs is the length of the page.
func total(page, perPage, rows int) int {
	if rows == perPage || (rows == 0 && page > 0) {
		return sdk.UnknownTotal
	}
	return page*perPage + rows
}
