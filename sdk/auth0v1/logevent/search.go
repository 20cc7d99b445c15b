package logevent

import (
	"context"
	"net/url"
	"strconv"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const (
	// Window is how many results a search reaches at most:
	// https://auth0.com/docs/api/management/v2/logs/get-logs
	Window = 1000
	// largestPage is the largest page of the API.
	largestPage = 100
	defaultSort = "date:-1"
)

// Search is a search of log events.
type Search struct {
	// Query is in Lucene's syntax; empty: all events.
	Query string
	// Sort is the API's; empty: newest first.
	Sort string
}

// Page fetches one page of the results.
func (s Search) Page(ctx context.Context, c *sdk.Call, page, perPage int) ([]sdk.Object, error) {
	return Fetch(ctx, c, s.params(window(page, perPage)))
}

// All fetches what the search reaches, each event once; complete is false if there may be more.
func (s Search) All(ctx context.Context, c *sdk.Call) (found []sdk.Object, complete bool, err error) {
	seen := map[string]bool{}
	for page := range Window / largestPage {
		events, err := s.Page(ctx, c, page, largestPage)
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
		c.Progress(float64(page+1), Window/largestPage, "reading log events")
	}
	return found, false, nil
}

// Fetch fetches events by the API's own parameters.
func Fetch(ctx context.Context, c *sdk.Call, params url.Values) (events []sdk.Object, err error) {
	err = c.WithQuery(params).Get(ctx, &events, "logs")
	return events, err
}

func (s Search) params(params url.Values) url.Values {
	params.Set("sort", defaultSort)
	if s.Sort != "" {
		params.Set("sort", s.Sort)
	}
	if s.Query != "" {
		params.Set("q", s.Query)
	}
	return params
}

// window asks for a page of a search. Where the page reaches over the end of the
// window, which the API refuses, it asks for what is left by a size that divides
// the offset.
func window(page, perPage int) url.Values {
	offset := page * perPage
	size := perPage
	for offset+size > Window || offset%size != 0 {
		size--
	}
	return url.Values{"page": {strconv.Itoa(offset / size)}, "per_page": {strconv.Itoa(size)}}
}
