package sandbox

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// everything fetches all that a tenant holds.
func (c caller) everything() []answer {
	c.t.Helper()
	var out []answer
	for _, path := range []string{
		"clients?per_page=100", "client-grants?per_page=100", "resource-servers?per_page=100", "actions/actions?per_page=100",
		"actions/triggers/post-login/bindings", "forms?per_page=100", "flows?per_page=100",
	} {
		out = append(out, c.get("/api/v2/"+path).want(200))
	}
	for _, form := range c.tenant.forms.items {
		id, _ := form["id"].(string)
		out = append(out, c.get("/api/v2/forms/"+id).want(200))
	}
	from := "900"
	for {
		page := c.get("/api/v2/logs?take=100&from=" + from).want(200)
		n := len(page.array())
		if n == 0 {
			return out
		}
		out = append(out, page)
		from = page.textAt(n-1, "log_id")
	}
}

func TestSeedIsReproducible(t *testing.T) {
	texts := func(seed uint64) string {
		clock := newClock()
		var all strings.Builder
		for _, a := range newCaller(t, Options{Seed: seed, Now: clock.now}).everything() {
			all.WriteString(a.text)
		}
		return all.String()
	}
	first, again := texts(7), texts(7)
	if first != again {
		t.Error("the same seed and clock give different tenants")
	}
	if first == texts(8) {
		t.Error("different seeds give the same tenant")
	}
}

func TestSeedIsBelievable(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	names := map[string]int{}
	types := map[string]int{}
	clients := c.get("/api/v2/clients").want(200)
	for i := range clients.array() {
		names[clients.textAt(i, "name")]++
		client, _ := clients.at(i).(object)
		kind, _ := client["app_type"].(string)
		types[kind]++
	}
	if len(clients.array()) != 14 || names["Staff Dashboard"] != 2 || names["All Applications"] != 1 {
		t.Errorf("applications are %v", names)
	}
	for _, kind := range []string{"spa", "native", "regular_web", "non_interactive"} {
		if types[kind] == 0 {
			t.Errorf("no application of type %s", kind)
		}
	}
	apis := c.get("/api/v2/resource-servers").want(200)
	algorithms := map[string]int{}
	for i := range apis.array() {
		algorithms[apis.textAt(i, "signing_alg")]++
	}
	if len(apis.array()) != 7 || algorithms["HS256"] != 1 {
		t.Errorf("%d APIs sign with %v", len(apis.array()), algorithms)
	}

	statuses := map[string]int{}
	undeployed := 0
	actions := c.get("/api/v2/actions/actions").want(200)
	items, _ := actions.at("actions").([]any)
	for i := range items {
		statuses[actions.textAt("actions", i, "status")]++
		action, _ := items[i].(object)
		if action["deployed_version"] != nil && action["all_changes_deployed"] == false {
			undeployed++
		}
	}
	if len(items) != 8 || statuses["failed"] != 1 || statuses["built"] != 7 || undeployed != 1 {
		t.Errorf("%d actions, statuses %v, with undeployed changes %d", len(items), statuses, undeployed)
	}
	if got := len(c.get("/api/v2/forms").want(200).array()); got != 5 {
		t.Errorf("%d forms, want 5", got)
	}
}

func TestSeededFormIsRenderedByABoundAction(t *testing.T) {
	c := newCaller(t, Options{})
	forms := c.get("/api/v2/forms").want(200)
	bindings := c.get("/api/v2/actions/triggers/post-login/bindings").want(200)
	code := bindings.textAt("bindings", 0, "action", "deployed_version", "code")
	if want := "api.prompt.render('" + forms.textAt(0, "id") + "')"; !strings.Contains(code, want) {
		t.Errorf("the bound action's code lacks %s:\n%s", want, code)
	}
}

// graph reads a form's nodes and where they lead.
func graph(form answer) (nodes map[string]bool, edges map[string][]string, flows []string) {
	nodes, edges = map[string]bool{}, map[string][]string{}
	list, _ := form.at("nodes").([]any)
	for _, item := range list {
		node, _ := item.(object)
		id, _ := node["id"].(string)
		nodes[id] = true
		config, _ := node["config"].(object)
		next := []any{config["next_node"], config["fallback"]}
		rules, _ := config["rules"].([]any)
		for _, rule := range rules {
			rule, _ := rule.(object)
			next = append(next, rule["next_node"])
		}
		for _, target := range next {
			if target, isText := target.(string); isText {
				edges[id] = append(edges[id], target)
			}
		}
		if flow, isText := config["flow_id"].(string); isText {
			flows = append(flows, flow)
		}
	}
	return nodes, edges, flows
}

func TestSeededFormsAreRightAndWrong(t *testing.T) {
	c := newCaller(t, Options{})
	forms := c.get("/api/v2/forms").want(200)
	for i, want := range []struct{ orphans, dangling, missing int }{{0, 0, 0}, {1, 1, 1}} {
		form := c.get("/api/v2/forms/" + forms.textAt(i, "id")).want(200)
		nodes, edges, flows := graph(form)
		reached := map[string]bool{}
		dangling := 0
		queue := []string{form.textAt("start", "next_node")}
		for len(queue) > 0 {
			id := queue[0]
			queue = queue[1:]
			switch {
			case id == endingNode || reached[id]:
			case !nodes[id]:
				dangling++
			default:
				reached[id] = true
				queue = append(queue, edges[id]...)
			}
		}
		missing := 0
		for _, flow := range flows {
			if c.get("/api/v2/flows/"+flow).status == 404 {
				missing++
			}
		}
		if orphans := len(nodes) - len(reached); orphans != want.orphans || dangling != want.dangling ||
			missing != want.missing {
			t.Errorf("%s: %d orphans, %d dangling, %d flows missing, want %+v", form.textAt("name"), orphans, dangling, missing,
				want)
		}
	}
}

func TestSeededLogs(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	kinds, scopes := map[string]int{}, map[string]int{}
	total := 0
	for _, a := range c.everything() {
		events, isList := a.body.([]any)
		if !isList || !strings.Contains(a.what, "/logs") {
			continue
		}
		for _, item := range events {
			event, _ := item.(object)
			kind, _ := event["type"].(string)
			kinds[kind]++
			scopes[typeName(event["scope"])]++
			total++
			at, err := time.Parse(time.RFC3339, event["date"].(string))
			if err != nil || at.After(clock.now()) || at.Before(clock.now().Add(-8*24*time.Hour)) {
				t.Fatalf("event of %v is not of the last eight days (%v)", event["date"], err)
			}
		}
	}
	if total < 1500 {
		t.Errorf("%d events, want 1,500 or more", total)
	}
	for _, kind := range []string{"s", "f", "fp", "fu", "ss", "fs", "sapi", "fapi", "mgmt_api_read", "seacft", "feacft",
		"seccft", "feccft", "limit_wc", "limit_mu", "api_limit", "slo", "ssa", "scp", "fn", "w"} {
		if kinds[kind] == 0 {
			t.Errorf("no event of type %s", kind)
		}
	}
	for _, kind := range []string{"string", "array", "null"} {
		if scopes[kind] == 0 {
			t.Errorf("no event whose scope is of type %s", kind)
		}
	}
	for query, least := range map[string]int{
		`type:fp AND ip:"192.0.2.3"`: 60, `ip:198.51.100.*`: 100, `type:(fp OR fu) AND date:[2031-03-13 TO *]`: 100,
		`user_id:auth0\|*`: 100,
		`type:sapi AND details.request.body.client_secret:*`: 10, `details.request.headers.authorization:Bearer*`: 10,
		`user_name:"<script>alert('hello')</script>@example.com"`: 1,
	} {
		if got := len(c.get("/api/v2/logs?per_page=100&q=" + url.QueryEscape(query)).want(200).array()); got < least {
			t.Errorf("%s finds %d events, want %d or more", query, got, least)
		}
	}
}

// What the tenant answers holds secrets that a redactor must find: without them
// its tests would prove nothing.
func TestSeedHoldsBait(t *testing.T) {
	var all strings.Builder
	for _, a := range newCaller(t, Options{}).everything() {
		all.WriteString(a.text)
	}
	for _, bait := range []string{`"client_secret":"`, `"signing_secret":"`, `Bearer eyJ`, `sk_live_`, `"newPassword":"`,
		`-----BEGIN CERTIFICATE-----`} {
		if !strings.Contains(all.String(), bait) {
			t.Errorf("nothing holds %s", bait)
		}
	}
}

func TestEmptyTenant(t *testing.T) {
	c := newCaller(t, Options{Empty: true, Domain: "quiet.example"})
	if got := len(c.get("/api/v2/clients").want(200).array()); got != 2 {
		t.Errorf("%d clients, want the explorer and the global one", got)
	}
	c.get("/api/v2/clients").is(`"quiet"`, 0, "tenant")
	for _, path := range []string{"logs", "forms", "flows"} {
		c.get("/api/v2/" + path).want(200).is("[]")
	}
	c.get("/api/v2/actions/actions").want(200).is(`{"actions":[],"per_page":20}`)
}

// What the seed holds is what the API takes: a caller can read it and write it back.
func TestSeedCanBeWritten(t *testing.T) {
	c := newCaller(t, Options{})
	for _, test := range []struct{ list, items, create string }{
		{"forms", "forms", "POST /api/v2/forms"}, {"clients", "clients", "PATCH /api/v2/clients/{id}"},
		{"resource-servers", "resource_servers", "PATCH /api/v2/resource-servers/{id}"},
		{"flows", "flows", "POST /api/v2/flows"},
	} {
		operation, known := managementapi.ByName(test.create)
		if !known {
			t.Fatal(test.create)
		}
		ids := c.get("/api/v2/" + test.list + "?include_totals=true&per_page=100").want(200)
		items, _ := ids.at(test.items).([]any)
		if len(items) == 0 {
			t.Errorf("no %s", test.list)
		}
		for _, item := range items {
			item, _ := item.(object)
			key := "id"
			if test.list == "clients" {
				key = "client_id"
			}
			id, _ := item[key].(string)
			whole := c.get("/api/v2/" + test.list + "/" + id).want(200).object()
			for name := range whole {
				if _, member := operation.Body.Member(name); !member {
					delete(whole, name)
				}
			}
			if err := checkBody(operation, whole); err != nil {
				t.Errorf("%s %v: %v", test.list, item["name"], err)
			}
		}
	}
}
