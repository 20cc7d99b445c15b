package management

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// pagedTenant has a list of items, and answers as the operation's own paging is.
type pagedTenant struct {
	operation *managementapi.Operation
	items     int
}

func (p pagedTenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, paging := r.URL.Query(), p.operation.Paging
	begin := 0
	var size int
	if query.Has("take") {
		size, _ = strconv.Atoi(query.Get("take"))
		if from := query.Get("from"); from != "" {
			begin, _ = strconv.Atoi(strings.TrimLeft(from, "at-"))
			if paging.Next == "" {
				begin++ // it is the last item's id
			}
		}
	} else {
		page, _ := strconv.Atoi(query.Get("page"))
		size, _ = strconv.Atoi(query.Get("per_page"))
		begin = page * size
	}
	end := min(begin+size, p.items)
	items := []map[string]any{}
	for i := begin; i < end; i++ {
		items = append(items, map[string]any{"id": strconv.Itoa(i), "name": fmt.Sprint("item ", i)})
	}
	var answer any = items
	if paging.Items != "" && (!paging.Totals || query.Get("include_totals") == "true" || query.Has("take")) {
		object := map[string]any{paging.Items: items}
		if query.Has("include_totals") {
			object["total"], object["start"], object["limit"] = p.items, begin, size
		}
		if query.Has("take") && paging.Next != "" && end < p.items {
			object[paging.Next] = "at-" + strconv.Itoa(end)
		}
		answer = object
	}
	_ = json.NewEncoder(w).Encode(answer)
}

type page struct {
	Items []map[string]any
	Count int
	Total *int
	Next  string `json:"next_cursor"`
	Note  string
}

func readPage(t *testing.T, tenant http.Handler, o *managementapi.Operation, more map[string]any) page {
	t.Helper()
	arguments := map[string]any{"operation": o.Name(), "path": exampleCall(o).Path}
	if arguments["path"] == nil || len(o.PathParameters) == 0 {
		delete(arguments, "path")
	}
	if query := exampleCall(o).Query; query != nil {
		arguments["query"] = query
	}
	for name, value := range more {
		arguments[name] = value
	}
	result := sdktest.Call(t, Plugin(), tenant, readTool, encode(t, arguments))
	if result.Failure != nil {
		t.Fatalf("%s: %v", o.Name(), result.Failure)
	}
	var p page
	if err := json.Unmarshal(result.JSON, &p); err != nil {
		t.Fatalf("%s: %s", o.Name(), result.JSON)
	}
	return p
}

// Whatever an operation's own paging is, limit and next_cursor lead through all of its items, each once.
func TestEachListIsReadToItsEndByOneConvention(t *testing.T) {
	lists := 0
	for o := range managementapi.All() {
		if !o.Paging.Any() {
			continue
		}
		lists++
		tenant := pagedTenant{o, 5}
		seen, cursor := 0, ""
		for range 4 {
			more := map[string]any{"limit": 2}
			if cursor != "" {
				more["cursor"] = cursor
			}
			p := readPage(t, tenant, o, more)
			for _, item := range p.Items {
				if item["id"] != strconv.Itoa(seen) {
					t.Fatalf("%s: item %v is number %d", o.Name(), item, seen)
				}
				seen++
			}
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		if seen != 5 || cursor != "" {
			t.Errorf("%s: %d items, cursor %q", o.Name(), seen, cursor)
		}
	}
	if lists < 70 {
		t.Errorf("%d lists", lists)
	}
}

func TestPages(t *testing.T) {
	users, _ := managementapi.ByName("GET /api/v2/users")
	clients, _ := managementapi.ByName("GET /api/v2/clients")
	p := readPage(t, pagedTenant{users, 1200}, users, map[string]any{"cursor": "page:9:100", "fields": []string{"name", "nam"}})
	if p.Count != 100 || *p.Total != 1200 || p.Next != "" || !strings.Contains(p.Note, "narrow") ||
		!strings.Contains(p.Note, "no member of the answer is called nam") || len(p.Items[0]) != 1 {
		t.Errorf("the last page: %d, %q, %q, %v", p.Count, p.Next, p.Note, p.Items[0])
	}
	// What is sorted or searched has numbered pages: checkpoints go by id.
	if p := readPage(t, pagedTenant{clients, 3}, clients, map[string]any{"limit": 2}); p.Next != "from:at-2" {
		t.Errorf("%+v", p)
	}
	for arguments, want := range map[string]string{
		`{"operation":"GET /api/v2/users","query":{"page":1}}`:                 "query.page is not given",
		`{"operation":"GET /api/v2/users","cursor":"from:x"}`:                  "no next_cursor",
		`{"operation":"GET /api/v2/users","cursor":"page:1"}`:                  "no next_cursor",
		`{"operation":"GET /api/v2/users","cursor":"page:-1:2"}`:               "no next_cursor",
		`{"operation":"GET /api/v2/clients","cursor":"1"}`:                     "no next_cursor",
		`{"operation":"GET /api/v2/tenants/settings","limit":5}`:               "has no pages",
		`{"operation":"GET /api/v2/users","query":{"sortt":"a"}}`:              "query.sortt does not exist: there is ",
		`{"operation":"GET /api/v2/users","query":{"q":{"a":1}}}`:              "query.q must be a text",
		`{"operation":"GET /api/v2/users/{id}","path":{"id":["a"]}}`:           "path.id must be a text or a number",
		`{"operation":"GET /api/v2/users/{id}","path":{"id":"a","user":"b"}}`:  "path.user does not exist: there is id",
		`{"operation":"GET /api/v2/users","query":{"search_engine":"v9"}}`:     "query.search_engine must be one of",
		`{"operation":"GET /api/v2/users","query":{"include_fields":"maybe"}}`: "query.include_fields must be true or false",
	} {
		tenant := &recorder{}
		result := sdktest.Call(t, Plugin(), tenant, readTool, arguments)
		if !strings.Contains(result.Failure.GetMessage(), want) || len(tenant.requests) > 0 {
			t.Errorf("%s: %v, %d requests", arguments, result.Failure, len(tenant.requests))
		}
	}
}

func TestPlaceSmaller(t *testing.T) {
	for _, test := range []struct{ page, size, fit, wantPage, wantSize int }{
		{0, 50, 7, 0, 7}, {1, 50, 49, 2, 25}, {3, 10, 4, 10, 3}, {1, 7, 3, 7, 1}, {2, 50, 50, 2, 50},
	} {
		p := place{page: test.page, size: test.size}.smaller(test.fit)
		if p.page != test.wantPage || p.size != test.wantSize || p.page*p.size != test.page*test.size {
			t.Errorf("%+v: %+v", test, p)
		}
	}
}

// A body is checked before it is sent, and errors say where and what fits; markers of hidden values fit everywhere.
func TestBodiesAreChecked(t *testing.T) {
	for arguments, want := range map[string]string{
		`{"operation":"POST /api/v2/clients","body":{"nam":"x"}}`:                                     "body.nam does not exist: there is name",
		`{"operation":"POST /api/v2/clients","body":{"name":7}}`:                                      "body.name must be a string",
		`{"operation":"POST /api/v2/clients","body":{"name":"x","app_type":"web"}}`:                   `body.app_type must be one of`,
		`{"operation":"POST /api/v2/clients"}`:                                                        "body is missing",
		`{"operation":"POST /api/v2/clients","body":[]}`:                                              "body must be an object",
		`{"operation":"POST /api/v2/clients","body":{"name":"x","jwt_configuration":{"alg":"none"}}}`: "body.jwt_configuration.alg must be one of",
		`{"operation":"POST /api/v2/keys/signing/rotate"}`:                                            "call it with auth0_api_destroy",
		`{"operation":"GET /api/v2/clients"}`:                                                         "only reads: call it with auth0_api_read",
	} {
		tenant := &recorder{}
		result := sdktest.Call(t, Plugin(), tenant, writeTool, arguments)
		if !strings.Contains(result.Failure.GetMessage(), want) || len(tenant.requests) > 0 {
			t.Errorf("%s: %v, %d requests", arguments, result.Failure, len(tenant.requests))
		}
	}
	tenant := &recorder{}
	marked := `{"operation":"PATCH /api/v2/connections/{id}","path":{"id":"con_1"},"body":{"options":{"client_secret":` +
		`"[REDACTED:k7q2m9xa]"}}}`
	if result := sdktest.Call(t, Plugin(), tenant, writeTool, marked); result.Failure != nil {
		t.Errorf("a marker: %v", result.Failure)
	}
}

func TestDescribeShowsPartsAndMembers(t *testing.T) {
	d, err := describe(t.Context(), nil, describeInput{Operation: "PATCH /api/v2/clients/{id}"})
	if err != nil || !strings.Contains(d.Body, "callbacks?:") || !strings.Contains(d.Path, "id:string") ||
		!strings.Contains(d.Answer, "client_secret?!:") {
		t.Errorf("%+v, %v", d, err)
	}
	d, err = describe(t.Context(), nil, describeInput{Operation: "PATCH /api/v2/clients/{id}", Member: "body.jwt_configuration"})
	if err != nil || !strings.Contains(d.Schema, "lifetime_in_seconds") {
		t.Errorf("%+v, %v", d, err)
	}
	for member, want := range map[string]string{"body.jwt": "it has ", "query.x": "neither body nor answer",
		"body.name.x": "it has none"} {
		if _, err := describe(t.Context(), nil, describeInput{Operation: "PATCH /api/v2/clients/{id}", Member: member}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", member, err)
		}
	}
	d, err = describe(t.Context(), nil, describeInput{Operation: "GET /api/v2/clients"})
	if err != nil || d.Paging == "" || strings.Contains(d.Query, "per_page") {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestAnswersOfOtherForms(t *testing.T) {
	for answer, want := range map[string]string{
		`{"a":1,"b":[2],"n":null}`:   `{"a":1,"b":[2],"n":null}`,
		`[{"name":"x","enabled":1}]`: `{"items":[{"name":"x","enabled":1}],"count":1}`,
		`["all-applications"]`:       `{"answer":["all-applications"]}`,
		`7`:                          `{"answer":7}`,
		`<html>`:                     `{"answer":"<html>"}`,
		``:                           `{"status":200}`,
	} {
		got, err := present([]byte(answer), 200, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(encode(t, got)); text != want {
			t.Errorf("%s: %s, want %s", answer, text, want)
		}
	}
}

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// The list costs every session that has the tools.
func TestTheFiveToolsAreShort(t *testing.T) {
	m, err := Plugin().Manifest()
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, tool := range m.Tools {
		size += len(tool.InputSchema) + len(tool.Name) + len(tool.Description) + len(tool.Title)
	}
	if size > 3000 { // 3.5 kB with annotations
		t.Errorf("%d bytes", size)
	}
}

func FuzzNewRequest(f *testing.F) {
	for o := range managementapi.All() {
		data, err := json.Marshal(exampleCall(o))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, arguments string) {
		var in input
		if json.Unmarshal([]byte(arguments), &in) != nil {
			return
		}
		for _, effect := range []managementapi.Effect{managementapi.Read, managementapi.Write, managementapi.Destroy} {
			r, err := newRequest(in, effect)
			if err == nil && (r.operation.Effect != effect || len(r.segments) < 1) {
				t.Errorf("%s as %s", r.operation.Name(), effect)
			}
		}
	})
}
