package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// seedSeven makes an empty tenant with seven of the thing that path lists, the
// system's own included.
func seedSeven(t *testing.T, path string) caller {
	t.Helper()
	c := newCaller(t, Options{Empty: true, BuildTime: -1})
	own := map[string]int{"clients": 2, "resource-servers": 1, "client-grants": 1}[path]
	for i := range 7 - own {
		switch path {
		case "clients":
			c.post("/api/v2/clients", fmt.Sprintf(`{"name":"client %d"}`, i)).want(201)
		case "resource-servers":
			c.post("/api/v2/resource-servers", fmt.Sprintf(`{"identifier":"api:%d"}`, i)).want(201)
		case "client-grants":
			c.post("/api/v2/resource-servers", fmt.Sprintf(`{"identifier":"api:%d","scopes":[{"value":"read"}]}`, i)).want(201)
			client := c.post("/api/v2/clients", `{"name":"machine"}`).want(201).textAt("client_id")
			c.post("/api/v2/client-grants",
				fmt.Sprintf(`{"client_id":%q,"audience":"api:%d","scope":["read"]}`, client, i)).want(201)
		case "forms":
			c.post("/api/v2/forms", fmt.Sprintf(`{"name":"form %d"}`, i)).want(201)
		case "flows":
			c.tenant.flows.add(object{"id": fmt.Sprintf("af_%d", i), "name": fmt.Sprintf("flow %d", i)})
		case "actions/actions":
			c.post("/api/v2/actions/actions",
				fmt.Sprintf(`{"name":"action %d","supported_triggers":[{"id":"post-login"}]}`, i)).want(201)
		case "logs":
			c.tenant.AddLog(map[string]any{"type": "s", "description": fmt.Sprintf("event %d", i)})
		}
	}
	return c
}

func TestEnvelopes(t *testing.T) {
	for _, test := range []struct{ path, items, members string }{
		{"clients", "clients", "clients limit start total"},
		{"resource-servers", "resource_servers", "limit resource_servers start total"},
		{"client-grants", "client_grants", "client_grants limit start total"},
		{"forms", "forms", "forms limit start total"},
		{"flows", "flows", "flows limit start total"},
	} {
		t.Run(test.path, func(t *testing.T) {
			c := seedSeven(t, test.path)
			base := "/api/v2/" + test.path
			if got := len(c.get(base).want(200).array()); got != 7 {
				t.Errorf("plain list has %d items, want an array of 7", got)
			}
			if got := len(c.get(base + "?per_page=3&page=2&include_totals=false").want(200).array()); got != 1 {
				t.Errorf("last page has %d items, want an array of 1", got)
			}
			first := c.get(base + "?include_totals=true").want(200)
			first.is("0", "start")
			first.is("50", "limit")
			if got := memberNames(first.object()); got != test.members {
				t.Errorf("envelope has %s, want %s", got, test.members)
			}
			// start is the offset of a record and not the number of a page.
			for page, want := range []int{3, 3, 1, 0, 0} {
				a := c.get(fmt.Sprintf("%s?include_totals=true&per_page=3&page=%d", base, page)).want(200)
				a.is(number(page*3).String(), "start")
				a.is("3", "limit")
				a.is("7", "total")
				if got, _ := a.at(test.items).([]any); len(got) != want {
					t.Errorf("page %d has %d items, want %d", page, len(got), want)
				}
			}
			if strings.HasSuffix(base, "/clients") {
				c.get(base+"?include_totals=true&per_page=0").want(200).is("[]", test.items)
			} else {
				c.get(base+"?per_page=0").refused(400, "invalid_query_string", "'Value 0 is less than minimum 1'")
			}
			badPaging(t, c, base)
		})
	}
}

func badPaging(t *testing.T, c caller, base string) {
	t.Helper()
	for query, message := range map[string]string{
		"per_page=101":       "'Value 101 is greater than maximum 100' on property per_page",
		"per_page=-1":        "'Value -1 is less than minimum ",
		"page=-1":            "'Value -1 is less than minimum 0' on property page",
		"page=x":             "'Expected type integer but found type string' on property page",
		"per_page=":          "'Expected type integer but found type string' on property per_page",
		"include_totals=yes": "'Expected type boolean but found type string' on property include_totals",
		"nonsense=1&also=2":  "'Additional properties not allowed: also,nonsense'",
	} {
		if strings.Contains(base, "actions") && strings.HasPrefix(query, "include_totals") {
			message = "'Additional properties not allowed: include_totals'"
		}
		c.get(base+"?"+query).refused(400, "invalid_query_string", "Query validation error: "+message)
	}
}

func TestActionsEnvelope(t *testing.T) {
	c := seedSeven(t, "actions/actions")
	base := "/api/v2/actions/actions"
	for _, test := range []struct {
		query, members string
		items          int
	}{
		{"", "actions per_page total", 7},
		{"?per_page=3", "actions per_page total", 3},
		{"?per_page=3&page=2", "actions page per_page total", 1},
		{"?per_page=3&page=3", "actions page per_page", 0},
		{"?actionName=action+4", "actions per_page total", 1},
		{"?actionName=nobody", "actions per_page", 0},
	} {
		a := c.get(base + test.query).want(200)
		if got := memberNames(a.object()); got != test.members {
			t.Errorf("%s: envelope has %s, want %s", test.query, got, test.members)
		}
		if got, _ := a.at("actions").([]any); len(got) != test.items {
			t.Errorf("%s: %d items, want %d", test.query, len(got), test.items)
		}
	}
	c.get(base).is("20", "per_page")
	badPaging(t, c, base)
}

func TestLogsEnvelope(t *testing.T) {
	c := seedSeven(t, "logs")
	if got := len(c.get("/api/v2/logs").want(200).array()); got != 7 {
		t.Errorf("plain list has %d events, want an array of 7", got)
	}
	a := c.get("/api/v2/logs?include_totals=true&per_page=3&page=2").want(200)
	if got := memberNames(a.object()); got != "length limit logs start total" {
		t.Errorf("envelope has %s", got)
	}
	a.is("6", "start")
	a.is("3", "limit")
	a.is("1", "length")
	a.is("1", "total") // what the page holds, and not what the search found
	badPaging(t, c, "/api/v2/logs")
}

func TestCheckpointPaging(t *testing.T) {
	for _, test := range []struct{ path, items, id string }{
		{"clients", "clients", "client_id"}, {"client-grants", "client_grants", "id"},
	} {
		t.Run(test.path, func(t *testing.T) {
			c := seedSeven(t, test.path)
			base := "/api/v2/" + test.path + "?include_totals=true&per_page=50&take=3"
			seen := map[string]bool{}
			from := ""
			for page, want := range []int{3, 3, 1} {
				a := c.get(base + from).want(200)
				items, _ := a.at(test.items).([]any)
				if len(items) != want {
					t.Fatalf("page %d has %d items, want %d", page, len(items), want)
				}
				for i := range items {
					seen[a.textAt(test.items, i, test.id)] = true
				}
				members := test.items + " next"
				if page == 2 {
					members = test.items
				}
				if got := memberNames(a.object()); got != members {
					t.Fatalf("page %d has %s, want %s", page, got, members)
				}
				if page < 2 {
					from = "&from=" + url.QueryEscape(a.textAt("next"))
				}
			}
			if len(seen) != 7 {
				t.Errorf("saw %d items, want 7", len(seen))
			}
			c.get("/api/v2/"+test.path+"?from=nonsense").refused(400, "invalid_query_string", "from")
			c.get("/api/v2/"+test.path+"?take=0").refused(400, "invalid_query_string", "take")
			c.get("/api/v2/"+test.path+"?take=101").refused(400, "invalid_query_string", "take")
		})
	}
}

func TestFields(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	id := c.post("/api/v2/clients", `{"name":"one","description":"first"}`).want(201).textAt("client_id")
	c.get("/api/v2/clients/" + id +
		"?fields=name,description&include_fields=true").want(200).is(`{"name":"one","description":"first"}`)
	c.get("/api/v2/clients/" + id + "?fields=name").want(200).is(`{"name":"one"}`)
	rest := c.get("/api/v2/clients/" + id + "?fields=name,description&include_fields=false").want(200).object()
	if rest["name"] != nil || rest["description"] != nil || rest["client_id"] != id {
		t.Errorf("excluding two fields left %s", memberNames(rest))
	}
	// A list names the tenant whatever the fields.
	c.get("/api/v2/clients?fields=name&include_fields=true&is_global=false").want(200).
		is(`[{"name":"API Explorer Application","tenant":"harbourlight"},{"name":"one","tenant":"harbourlight"}]`)

	c.post("/api/v2/resource-servers", `{"identifier":"https://api.example/","name":"API"}`).want(201)
	c.get("/api/v2/resource-servers?fields=identifier&include_fields=true&identifiers=https%3A%2F%2Fapi.example%2F&include_totals=true").want(200).
		is(`{"limit":50,"start":0,"total":1,"resource_servers":[{"identifier":"https://api.example/"}]}`)
}

func TestPagesEndAtTheThousandthItem(t *testing.T) {
	for _, path := range []string{"clients", "resource-servers", "client-grants", "forms", "flows"} {
		c := newCaller(t, Options{Empty: true})
		c.get("/api/v2/" + path + "?per_page=100&page=9").want(200)
		c.get("/api/v2/"+path+"?per_page=100&page=10").refused(400, "invalid_paging", "allowed maximum of 1000 records")
		c.get("/api/v2/"+path+"?per_page=30&page=33").refused(400, "invalid_paging", "1000")
	}
}
