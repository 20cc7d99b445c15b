package sandbox

import (
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
)

const (
	// maxQueryLength is the longest query, in bytes; more is a 414.
	maxQueryLength = 8192
	// maxLogs is how many events are kept, so that a sandbox that runs for weeks keeps its size.
	maxLogs = 5000
)

// AddLog appends an event to the tenant's log and returns its log_id. Fields that
// the event doesn't have are filled as Auth0 fills them; "date" is now unless it
// is given.
func (t *Tenant) AddLog(event map[string]any) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.appendLog(cloneObject(event), t.now())
}

// appendLog gives an event its identifiers. Events must arrive in the order of
// their time, for log_id to ascend. The caller holds mu, or owns the tenant alone.
func (t *Tenant) appendLog(event object, received time.Time) string {
	received = received.UTC()
	id := "900" + received.Format("20060102150405") + strings.TrimPrefix(received.Format(".000000"), ".") +
		"000000000000001223372" + zeroPadded(37000000000+t.logged*17, 12)
	if n := len(t.logs); n > 0 {
		if last, _ := t.logs[n-1]["log_id"].(string); last >= id {
			// A clock that stands still, or goes back, must not give two events
			// one id: checkpoint paging would lose one of them.
			id = last[:len(last)-12] + zeroPadded(37000000000+t.logged*17, 12)
		}
	}
	filled := object{
		"date": millis(received), "type": "", "description": "", "connection": nil, "connection_id": nil,
		"organization_id": nil, "organization_name": nil, "client_id": "", "client_name": "", "ip": "",
		"hostname": nil, "details": nil, "user_id": "", "user_name": "", "user_agent": "Other 0.0.0 / Other 0.0.0",
		"audience": nil, "scope": nil, "strategy": nil, "strategy_type": nil, "isMobile": false, "location_info": nil,
	}
	for name, value := range event {
		filled[name] = value
	}
	filled["_id"], filled["log_id"] = id, id
	t.logs = append(t.logs, filled)
	t.logged++
	if len(t.logs) > maxLogs {
		t.logs = slices.Delete(t.logs, 0, 1)
	}
	return id
}

func zeroPadded(n, width int) string {
	text := number(n).String()
	return strings.Repeat("0", max(width-len(text), 0)) + text
}

func (t *Tenant) getLog(c *call) (result, error) {
	if at, found := t.findLog(c.params["id"]); found {
		return ok(t.logs[at])
	}
	return result{}, notFound("Log not found.", "")
}

// findLog returns the place of the first event whose log_id is not below id, and
// whether it is id.
func (t *Tenant) findLog(id string) (int, bool) {
	return sort.Find(len(t.logs), func(i int) int {
		have, _ := t.logs[i]["log_id"].(string)
		return strings.Compare(id, have)
	})
}

func (t *Tenant) listLogs(c *call) (result, error) {
	if c.query.Has("from") {
		return t.logsFrom(c)
	}
	q := queryParams{c.query}
	p := q.page(50)
	shape := q.projection()
	ascending, field := q.sort()
	if len(q.text("q")) > maxQueryLength {
		return result{}, refused(http.StatusRequestURITooLong, "Request-URI Too Large", "")
	}
	matching, err := parseLogQuery(q.text("q"))
	if err != nil {
		return result{}, badQuery([]string{onProperty(err.Error(), "q")})
	}
	if p.start()+p.size > searchWindow {
		return result{}, refused(http.StatusBadRequest, "You can only page through the first 1000 records.", "invalid_paging")
	}
	var found []object
	for _, event := range slices.Backward(t.logs) {
		if matching.matches(event) {
			found = append(found, event)
		}
	}
	sortLogs(found, field, ascending)
	events := showAll(p.slice(found), shape.apply)
	if !p.totals {
		return ok(events)
	}
	// For logs, and for logs alone, total counts the page and not the search.
	return ok(object{"start": p.start(), "limit": p.size, "length": len(events), "total": len(events), "logs": events})
}

// logsFrom answers checkpoint paging, which heeds nothing but from and take.
func (t *Tenant) logsFrom(c *call) (result, error) {
	q := queryParams{c.query}
	take := q.number("take", 50)
	from := q.text("from")
	if from == "" || strings.Trim(from, "0123456789") != "" {
		return result{}, badQuery([]string{onProperty("String does not match pattern ^[0-9]+$: "+from, "from")})
	}
	start, exact := t.findLog(from)
	if exact {
		start++
	}
	return ok(showAll(t.logs[start:min(start+take, len(t.logs))], projection{}.apply))
}

// sort reads the parameter of that name; the newest events come first without it.
func (q queryParams) sort() (ascending bool, field string) {
	if !q.has("sort") {
		return false, "date"
	}
	field, direction, _ := strings.Cut(q.text("sort"), ":")
	return direction == "1", field
}

func sortLogs(events []object, field string, ascending bool) {
	slices.SortStableFunc(events, func(a, b object) int {
		first, _ := a[field].(string)
		second, _ := b[field].(string)
		if order := strings.Compare(first, second); order != 0 || !ascending {
			if ascending {
				return order
			}
			return -order
		}
		first, _ = a["log_id"].(string)
		second, _ = b["log_id"].(string)
		return strings.Compare(first, second)
	})
}
