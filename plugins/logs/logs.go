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
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

const defaultTake = 50

// Plugin is the logs plugin: auth0_list_logs and auth0_get_log.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "logs", Version: "0.1.0",
		Display: sdk.Display{Description: "The tenant's log events."},
		Tools: []sdk.Tool{
			sdk.NewTool("auth0_list_logs", sdk.Read,
				"Tenant log events, newest first. Why logins fail: type=failed_login, since=24h, summary=true. A search ends at "+
					"1000 matches; from with take reads on.",
				listLogs, sdk.OutputSchema(sdk.PageSchema("logs", shape)),
				sdk.Title("List logs"), sdk.Scopes("read:logs"), sdk.Paths("GET /api/v2/logs"), sdk.Idempotent(),
				sdk.Untrusted(slices.Concat(written("logs[]."), counted("summary."))...)),
			sdk.NewTool("auth0_get_log", sdk.Read, "One log event with all its details.",
				getLog, sdk.OutputSchema(shape),
				sdk.Title("Get log"), sdk.Scopes("read:logs"), sdk.Paths("GET /api/v2/logs/{id}"), sdk.Idempotent(),
				sdk.Untrusted(written("")...)),
		}}
}

// shape is what every answer says of an event: other members can be null.
const shape = `{"type":"object","properties":{"log_id":{"type":"string"},"date":{"type":"string"},` +
	`"type":{"type":"string"},"type_meaning":{"type":"string"}}}`

type listInput struct {
	Q        string `json:"q,omitempty" jsonschema:"Lucene."`
	Type     string `json:"type,omitempty" jsonschema:"Such as failed_login."`
	UserID   string `json:"user_id,omitempty"`
	UserName string `json:"user_name,omitempty"`
	ClientID string `json:"client_id,omitempty"`
	IP       string `json:"ip,omitempty"`
	Since    string `json:"since,omitempty" jsonschema:"RFC 3339, day (UTC) or age: 24h, 7d."`
	Until    string `json:"until,omitempty"`
	Summary  bool   `json:"summary,omitempty" jsonschema:"Count by type, reason, ip …"`
	auth0v1.PageOf
	Sort string `json:"sort,omitempty" schema:"enum=date:1|date:-1"`
	auth0v1.FieldsOf
	From string `json:"from,omitempty" jsonschema:"A log_id; oldest first."`
	Take *int   `json:"take,omitempty" schema:"min=1,max=100,default=50,fold"`
}

// caused are the members of an event that whoever caused it can write: a visitor, before
// any sign-in, by the request that failed. client_id and ip are repeated as the request
// gave them (a trusted application forwards the address).
func caused() []string {
	return []string{"description", "details", "title", "body", "query", "email", "user_agent", "user_id", "user_name",
		"client_id", "client_name", "agent_id", "external_agent_id", "ip", "client_ip", "hostname", "connection", "strategy",
		"audience", "scope", "references", "auth0_client", "security_context", "organization_name", "session_connection"}
}

// known are the members that events can have.
func known() []string {
	return append(caused(), "_id", "log_id", "date", "type", "connection_id", "organization_id", "environment_name",
		"identity_user_id", "is_mobile", "isMobile", "location_info", "mtls_thumbprint_sha256", "strategy_type",
		"tenant_name", "tracking_id", "transaction_linking_id")
}

// written are the caused members below prefix.
func written(prefix string) []string {
	fields := caused()
	for i := range fields {
		fields[i] = prefix + fields[i]
	}
	return fields
}

// usual is what a reader needs of an event to decide which one to get.
var usual = []string{"log_id", "date", "type", "description", "connection", "client_id", "client_name", "ip",
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
	if page > (logevent.Window-1)/perPage {
		return nil, sdk.InvalidArgument("page %d with per_page %d is beyond the newest %d results, which is all that a "+
			"search reaches: narrow it with since and until, or read on with from", page, perPage, logevent.Window)
	}
	events, counts, err := searchPage(ctx, c, logevent.Search{Query: query, Sort: in.Sort}, page, perPage, in.Summary)
	if err != nil {
		return nil, err
	}
	answer, err := present(sdk.Page{Name: "logs", Items: events, Number: page, Size: perPage,
		Total: total(page, perPage, len(events))}, in)
	if err != nil {
		return nil, err
	}
	if counts != nil && counts.Complete {
		answer.Total = counts.Events
	}
	switch {
	case (page+1)*perPage >= logevent.Window && page*perPage+len(events) >= logevent.Window:
		// The API refuses the next page: has_next must not send anyone there.
		answer.Total = logevent.Window
		answer = answer.WithNote("the newest 1000 matches end here, there may be more: narrow the search with until, or " +
			"read on with from")
	case len(events) == 0 && in.Type != "":
		if text := logevent.Doubt(in.Type); text != "" {
			answer = answer.WithNote(text)
		}
	}
	if counts == nil {
		return answer, nil
	}
	return counts.before(answer)
}

// readFrom is the checkpoint mode: the API ignores everything but take beside from. The filters that compare one member
// are applied here; anything else would silently not happen.
func readFrom(ctx context.Context, c *sdk.Call, in listInput) (any, error) {
	allowed := []string{"from", "take", "fields", "include_fields", "include_totals", "type", "user_id", "user_name",
		"client_id", "ip"}
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
	wanted, err := in.wanted()
	if err != nil {
		return nil, err
	}
	take := defaultTake
	if in.Take != nil {
		take = *in.Take
	}
	events, err := logevent.Fetch(ctx, c, url.Values{"from": {in.From}, "take": {strconv.Itoa(take)}})
	if err != nil {
		return nil, err
	}
	next, more := in.From, len(events) == take
	if len(events) > 0 {
		next = events[len(events)-1].Text("log_id")
	}
	events = slices.DeleteFunc(events, func(event sdk.Object) bool { return !wanted(event) })
	page, err := present(sdk.Page{Items: events}, in)
	if err != nil {
		return nil, err
	}
	if shown := c.FitItems(page.Items); shown < len(events) {
		// next_from belongs to the last event that is shown, so those that do not fit come next time.
		page.Items, next, more = page.Items[:shown], events[shown-1].Text("log_id"), true
	}
	return readOn{page.Items, next, more, page.Note}.answer()
}

// wanted is whether an event passes the filters that compare one member, as a search with them finds it.
func (in listInput) wanted() (func(sdk.Object) bool, error) {
	var codes []string
	if in.Type != "" {
		var err error
		if codes, err = logevent.Codes(in.Type); err != nil {
			return nil, err
		}
	}
	return func(event sdk.Object) bool {
		for _, f := range in.compared() {
			if f.value != "" && event.Text(f.field) != f.value {
				return false
			}
		}
		return in.Type == "" || slices.Contains(codes, event.Text("type"))
	}, nil
}

// comparison is a filter that compares a member of an event with a text.
type comparison struct{ field, value string }

func (in listInput) compared() []comparison {
	return []comparison{{"user_id", in.UserID}, {"user_name", in.UserName}, {"client_id", in.ClientID}, {"ip", in.IP}}
}

// readOn is an answer of the checkpoint mode.
type readOn struct {
	events []sdk.Object
	next   string // the log_id to read on from
	more   bool
	note   string
}

func (r readOn) answer() (answer sdk.Object, err error) {
	members := []struct {
		name  string
		value any
	}{{"logs", r.events}, {"count", len(r.events)}, {"next_from", r.next}, {"has_next", r.more}, {"note", r.note}}
	if r.note == "" {
		members = members[:len(members)-1]
	}
	for _, m := range members {
		if answer, err = answer.With(m.name, m.value); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// searchPage fetches one page of a search. With counted it reads all that the search reaches, and counts it too.
func searchPage(ctx context.Context, c *sdk.Call, s logevent.Search, page, perPage int, counted bool) ([]sdk.Object,
	*summary, error) {
	if !counted {
		events, err := s.Page(ctx, c, page, perPage)
		return events, nil, err
	}
	events, complete, err := s.All(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	start := min(page*perPage, len(events))
	return events[start:min(start+perPage, len(events))], summarize(events, complete), nil
}

// total is known only when the last page is in hand: what the API calls total
// for logs is the length of the page.
func total(page, perPage, rows int) int {
	if rows == perPage || (rows == 0 && page > 0) {
		return sdk.UnknownTotal
	}
	return page*perPage + rows
}

// present projects the events of a page to what was asked for, and gives each its
// type's meaning.
func present(page sdk.Page, in listInput) (sdk.Page, error) {
	events := page.Items
	page = in.Project(page, known(), usual, "log_id", "date", "type")
	meanings := map[string]sdk.Object{}
	for i := range page.Items {
		code := events[i].Text("type")
		if meanings[code] == nil {
			var err error
			if meanings[code], err = (sdk.Object{}).With("type_meaning", logevent.Meaning(code)); err != nil {
				return page, err
			}
		}
		page.Items[i] = append(page.Items[i], meanings[code]...)
	}
	return page, nil
}

type getInput struct {
	ID string `json:"id" jsonschema:"A log_id."`
}

func getLog(ctx context.Context, c *sdk.Call, in getInput) (any, error) {
	var event sdk.Object
	if err := c.Get(ctx, &event, "logs", in.ID); err != nil {
		return nil, err
	}
	return event.With("type_meaning", logevent.Meaning(event.Text("type")))
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
		codes, err := logevent.Codes(in.Type)
		if err != nil {
			return "", err
		}
		alternatives := make([]string, len(codes))
		for i, code := range codes {
			alternatives[i] = "type:" + logevent.Quote(code)
		}
		clauses = append(clauses, "("+strings.Join(alternatives, " OR ")+")")
	}
	for _, f := range in.compared() {
		if f.value != "" {
			clauses = append(clauses, f.field+":"+logevent.Quote(f.value))
		}
	}
	dates, err := logevent.DateRange(in.Since, in.Until, now)
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
