// Package logs is the plugin for an Auth0 tenant's log events.
package logs

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

const (
	defaultTake = 50
	// searchWindow is how many results a search reaches at most:
	// https://auth0.com/docs/api/management/v2/logs/get-logs
	searchWindow = 1000
)

// Plugin is the logs plugin: auth0_list_logs and auth0_get_log.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "logs", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("auth0_list_logs", sdk.Read,
			"Tenant log events, newest first. Filters combine with AND: \"failed logins of the last day\" is "+
				"type=failed_login, since=24h. "+
				"Search reaches the newest 1000 matches; to read on from an event use from and take alone.",
			listLogs, sdk.Title("List logs"), sdk.Scopes("read:logs"), sdk.Paths("GET /api/v2/logs"), sdk.Idempotent(),
			sdk.Untrusted(written("logs[].")...)),
		sdk.NewTool("auth0_get_log", sdk.Read, "One log event with all its details.",
			getLog, sdk.Title("Get log"), sdk.Scopes("read:logs"), sdk.Paths("GET /api/v2/logs/{id}"), sdk.Idempotent(),
			sdk.Untrusted(written("")...)),
	}}
}

type listInput struct {
	Q        string `json:"q,omitempty" jsonschema:"Lucene, for what filters cannot say."`
	Type     string `json:"type,omitempty" jsonschema:"Event code (fp) or name: failed_login, successful_login, signup …"`
	UserID   string `json:"user_id,omitempty"`
	UserName string `json:"user_name,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	IP       string `json:"ip,omitempty"`
	Since    string `json:"since,omitempty" jsonschema:"RFC 3339, or an age: 24h, 7d."`
	Until    string `json:"until,omitempty" jsonschema:"As since."`
	auth0v1.PageOf
	Sort string `json:"sort,omitempty" schema:"enum=date:1|date:-1,default=date:-1"`
	auth0v1.FieldsOf
	From string `json:"from,omitempty" jsonschema:"log_id to read on from, oldest first. Only take goes with it."`
	Take *int   `json:"take,omitempty" schema:"min=1,max=100,default=50"`
}

// written are the fields of an event below prefix that whoever caused it can
// write: a visitor, before any sign-in, by the request that failed. client_id and
// ip are repeated as the request gave them (a trusted application forwards the
// address).
func written(prefix string) []string {
	fields := []string{"description", "details", "user_agent", "user_id", "user_name", "client_id", "client_name", "ip",
		"hostname",
		"connection", "strategy", "audience", "scope", "auth0_client", "security_context", "organization_name",
		"session_connection"}
	for i := range fields {
		fields[i] = prefix + fields[i]
	}
	return fields
}

// summary is what a reader needs of an event to decide which one to get.
var summary = []string{"log_id", "date", "type", "description", "connection", "client_id", "client_name", "ip",
	"user_id", "user_name"}

func listLogs(ctx context.Context, c *sdk.Call, in listInput) (any, error) {
	if in.From != "" {
		return readFrom(ctx, c, in)
	}
	if in.Take != nil {
		return nil, sdk.InvalidArgument("take goes with from only: for the number of search results use per_page, or give " +
			"from, the log_id to read on from")
	}
	query, err := lucene(in, time.Now())
	if err != nil {
		return nil, err
	}
	page, perPage := in.Number(), in.Size()
	if page > (searchWindow-1)/perPage {
		return nil, sdk.InvalidArgument("page %d with per_page %d is beyond the newest %d results, which is all that a "+
			"search reaches: narrow it with since and until, or read on with from", page, perPage, searchWindow)
	}
	params := window(page, perPage)
	if in.Sort != "" {
		params.Set("sort", in.Sort)
	}
	if query != "" {
		params.Set("q", query)
	}
	events, err := fetch(ctx, c, params)
	if err != nil {
		return nil, err
	}
	rows, note, err := present(events, in)
	if err != nil {
		return nil, err
	}
	answer := sdk.Page{Name: "logs", Items: rows, Number: page, Size: perPage, Total: total(page, perPage, len(rows)),
		Note: note}
	switch {
	case (page+1)*perPage >= searchWindow && page*perPage+len(rows) >= searchWindow:
		// The API refuses the next page: has_next must not send anyone there.
		answer.Total = searchWindow
		answer.Note = "the newest 1000 matches end here, there may be more: narrow the search with until, or read on with " +
			"from"
	case len(rows) == 0 && in.Type != "" && note == "":
		answer.Note = doubt(in.Type)
	}
	return answer, nil
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
	return url.Values{"page": {strconv.Itoa(offset / size)}, "per_page": {strconv.Itoa(size)}, "sort": {"date:-1"}}
}

// total is known only when the last page is in hand: what the API calls total
// for logs is the length of the page.
func total(page, perPage, rows int) int {
	if rows == perPage || (rows == 0 && page > 0) {
		return sdk.UnknownTotal
	}
	return page*perPage + rows
}

// readFrom is the checkpoint mode: the API ignores everything but take beside
// from, so anything else would silently not happen.
func readFrom(ctx context.Context, c *sdk.Call, in listInput) (any, error) {
	allowed := []string{"from", "take", "fields", "include_fields", "include_totals"}
	var given sdk.Object
	if err := json.Unmarshal(c.Arguments(), &given); err != nil {
		return nil, err
	}
	for _, m := range given {
		if !slices.Contains(allowed, m.Name) {
			return nil, sdk.InvalidArgument("%s does not go with from, which reads on from one event whatever it is: leave "+
				"out from to search, or %s to read on", m.Name, m.Name)
		}
	}
	take := defaultTake
	if in.Take != nil {
		take = *in.Take
	}
	events, err := fetch(ctx, c, url.Values{"from": {in.From}, "take": {strconv.Itoa(take)}})
	if err != nil {
		return nil, err
	}
	rows, note, err := present(events, in)
	if err != nil {
		return nil, err
	}
	// next_from belongs to the last event that is shown, so those that do not fit
	// come next time.
	shown := c.FitItems(rows)
	next := in.From
	if shown > 0 {
		next = events[shown-1].Text("log_id")
	}
	return struct {
		Logs     []sdk.Object `json:"logs"`
		Count    int          `json:"count"`
		NextFrom string       `json:"next_from"`
		HasNext  bool         `json:"has_next"`
		Note     string       `json:"note,omitempty"`
	}{rows[:shown], shown, next, len(events) == take || shown < len(events), note}, nil
}

func fetch(ctx context.Context, c *sdk.Call, params url.Values) (events []sdk.Object, err error) {
	err = c.WithQuery(params).Get(ctx, &events, "logs")
	return events, err
}

// present projects events to what was asked for, and gives each its type's meaning.
func present(events []sdk.Object, in listInput) (rows []sdk.Object, note string, err error) {
	page := in.Project(sdk.Page{Items: events}, nil, summary, "log_id", "date", "type")
	rows, note = page.Items, page.Note
	for i := range rows {
		if rows[i], err = rows[i].With("type_meaning", meaning(events[i].Text("type"))); err != nil {
			return nil, "", err
		}
	}
	return rows, note, nil
}

type getInput struct {
	ID string `json:"id" jsonschema:"A log_id."`
}

func getLog(ctx context.Context, c *sdk.Call, in getInput) (any, error) {
	var event sdk.Object
	if err := c.Get(ctx, &event, "logs", in.ID); err != nil {
		return nil, err
	}
	return event.With("type_meaning", meaning(event.Text("type")))
}

// lucene turns the filters into one query. Values are quoted, so that no
// character of theirs is an operator.
func lucene(in listInput, now time.Time) (string, error) {
	var clauses []string
	if q := strings.TrimSpace(in.Q); q != "" {
		if !balanced(q) {
			return "", sdk.InvalidArgument("q: its parentheses or quotes do not match, so that it would change what the " +
				"filters mean")
		}
		clauses = append(clauses, "("+q+")")
	}
	if in.Type != "" {
		codes, err := codesOf(in.Type)
		if err != nil {
			return "", err
		}
		alternatives := make([]string, len(codes))
		for i, code := range codes {
			alternatives[i] = "type:" + quote(code)
		}
		clauses = append(clauses, "("+strings.Join(alternatives, " OR ")+")")
	}
	for _, f := range []struct{ field, value string }{
		{"user_id", in.UserID}, {"user_name", in.UserName}, {"client_id", in.ClientID}, {"ip", in.IP},
	} {
		if f.value != "" {
			clauses = append(clauses, f.field+":"+quote(f.value))
		}
	}
	dates, err := dateRange(in.Since, in.Until, now)
	if err != nil {
		return "", err
	}
	if dates != "" {
		clauses = append(clauses, dates)
	}
	return strings.Join(clauses, " AND "), nil
}

// balanced reports whether every parenthesis and quote of a query is closed in it,
// those behind a backslash aside.
func balanced(q string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(q); i++ {
		switch c := q[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0 && !quoted
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func dateRange(since, until string, now time.Time) (string, error) {
	if since == "" && until == "" {
		return "", nil
	}
	from, err := instant("since", since, now)
	if err != nil {
		return "", err
	}
	to, err := instant("until", until, now)
	if err != nil {
		return "", err
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return "", sdk.InvalidArgument("until (%s) is before since (%s)", until, since)
	}
	return "date:[" + bound(from) + " TO " + bound(to) + "]", nil
}

func bound(t time.Time) string {
	if t.IsZero() {
		return "*"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// maxAge keeps an age inside what a Duration holds; no tenant keeps logs longer.
const maxAge = 100 * 365

func instant(name, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= maxAge {
			return now.Add(-time.Duration(n) * 24 * time.Hour), nil
		}
	}
	if age, err := time.ParseDuration(s); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	return time.Time{}, sdk.InvalidArgument("%s %q: want RFC 3339, such as 2026-03-01T00:00:00Z, or an age, such as "+
		"24h or 7d", name, s)
}
