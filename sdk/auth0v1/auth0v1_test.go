package auth0v1_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// tenant has n things, in either form of answer.
type tenant struct {
	n           int
	always      bool // the envelope of actions
	window      bool // refuses pages that end beyond the thousandth item
	checkpoint  bool // gives the items from the last to the first by take and from
	ignoresTake bool // answers take with the bare array
	status      int  // of requests for one thing, if not 0
	requests    []string
	nameOf      func(int) string
	lastBody    string
	lastTyp     string
	lastEscaped string
}

func (s *tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests = append(s.requests, r.URL.RawQuery)
	s.lastEscaped, s.lastTyp = r.URL.EscapedPath(), r.Header.Get("Content-Type")
	if r.Method == http.MethodPatch {
		body := new(strings.Builder)
		_, _ = fmt.Fprint(body, readAll(r))
		s.lastBody = body.String()
		_, _ = w.Write([]byte(`{}`))
		return
	}
	if key, one := strings.CutPrefix(r.URL.Path, "/api/v2/things/"); one {
		s.one(w, key)
		return
	}
	if r.URL.Query().Has("take") {
		s.checkpoints(w, r.URL.Query())
		return
	}
	var page, size int
	_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
	_, _ = fmt.Sscan(r.URL.Query().Get("per_page"), &size)
	if s.window && (page+1)*size > 1000 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	items := []string{}
	for i := page * size; i < min(s.n, (page+1)*size); i++ {
		items = append(items, s.item(i))
	}
	list := "[" + strings.Join(items, ",") + "]"
	switch {
	case s.always && len(items) == 0:
		list = `{"things":[],"per_page":` + fmt.Sprint(size) + `}`
	case s.always:
		list = fmt.Sprintf(`{"things":%s,"total":%d,"page":%d,"per_page":%d}`, list, s.n, page, size)
	case r.URL.Query().Get("include_totals") == "true":
		list = fmt.Sprintf(`{"things":%s,"total":%d,"start":%d,"limit":%d}`, list, s.n, page*size, size)
	}
	_, _ = w.Write([]byte(list))
}

func (s *tenant) item(i int) string {
	name, err := json.Marshal(s.nameOf(i))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"id":"id%d","name":%s}`, i, name)
}

// one answers about the thing with that id.
func (s *tenant) one(w http.ResponseWriter, key string) {
	var i int
	switch _, err := fmt.Sscanf(key+" ", "id%d ", &i); {
	case s.status != 0:
		w.WriteHeader(s.status)
	case err != nil || i >= s.n:
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = w.Write([]byte(s.item(i)))
	}
}

func (s *tenant) checkpoints(w http.ResponseWriter, query url.Values) {
	if !s.checkpoint && !s.ignoresTake {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var take int
	_, _ = fmt.Sscan(query.Get("take"), &take)
	last := s.n
	_, _ = fmt.Sscan(query.Get("from"), &last)
	items := []string{}
	for i := last - 1; i >= max(0, last-take); i-- {
		items = append(items, s.item(i))
	}
	list := "[" + strings.Join(items, ",") + "]"
	if s.checkpoint {
		list = `{"things":` + list
		if last > take {
			list += fmt.Sprintf(`,"next":"%d"`, last-take)
		}
		list += "}"
	}
	_, _ = w.Write([]byte(list))
}

func readAll(r *http.Request) string {
	data := make([]byte, 1000)
	n, _ := r.Body.Read(data)
	return string(data[:n])
}

type input struct {
	auth0v1.PageOf
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
}

func plugin(s *tenant) sdk.Plugin {
	things := auth0v1.Collection{Path: []string{"things"}, Items: "things", What: "thing", AlwaysTotals: s.always,
		Checkpoint: s.checkpoint || s.ignoresTake, Narrow: "filter by name"}
	return sdk.Plugin{Name: "things", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool("list", sdk.Read, "List.", func(ctx context.Context, c *sdk.Call, in input) (any, error) {
			api, err := auth0v1.New(ctx, c)
			if err != nil {
				return nil, err
			}
			return api.Page(ctx, things, in.PageOf, nil)
		}),
		sdk.NewTool("get", sdk.Read, "Get.", func(ctx context.Context, c *sdk.Call, in input) (any, error) {
			api, err := auth0v1.New(ctx, c)
			if err != nil {
				return nil, err
			}
			return api.Find(ctx, things, in.ID)
		}),
		sdk.NewTool("find", sdk.Read, "Find.", func(ctx context.Context, c *sdk.Call, in input) (any, error) {
			api, err := auth0v1.New(ctx, c)
			if err != nil {
				return nil, err
			}
			return api.ByName(ctx, things, in.Name)
		}),
		sdk.NewTool("search", sdk.Read, "Search.", func(ctx context.Context, c *sdk.Call, in input) (any, error) {
			api, err := auth0v1.New(ctx, c)
			if err != nil {
				return nil, err
			}
			return api.Search(ctx, things, in.PageOf, nil,
				func(o sdk.Object) bool { return strings.Contains(o.Text("name"), in.Name) })
		}),
		sdk.NewTool("update", sdk.Write, "Update.", func(ctx context.Context, c *sdk.Call, in input) (any, error) {
			api, err := auth0v1.New(ctx, c)
			if err != nil {
				return nil, err
			}
			return api.Update(ctx, c, things, in.ID, "id")
		}),
		sdk.NewTool("patch", sdk.Write, "Patch.", func(ctx context.Context, c *sdk.Call, in input) (any, error) {
			api, err := auth0v1.New(ctx, c)
			if err != nil {
				return nil, err
			}
			return api.Send(ctx, http.MethodPatch,
				json.RawMessage(`{"a":null,"n":12345678901234567890,"e":[],"code":"a && b < c"}`), "things", in.ID)
		}),
	}}
}

func TestPage(t *testing.T) {
	for _, always := range []bool{false, true} {
		for args, want := range map[string]string{
			`{}`: `"count":20,"total":45,"pagination":{"page":0,"per_page":20,` +
				`"total_pages":3,"has_next":true}`,
			`{"page":2}`: `"count":5,"total":45,"pagination":{"page":2,"per_page":20,` +
				`"total_pages":3,"has_next":false}`,
			`{"page":9}`: `"count":0,"total":45,"pagination":{"page":9,"per_page":20,` +
				`"total_pages":3,"has_next":false}`,
			`{"page":1,"include_totals":false}`: `"count":20,"total":null,"pagination":{"page":1,"per_page":20,` +
				`"total_pages":null,"has_next":true}`,
			`{"per_page":45,"include_totals":true}`: `"count":45,"total":45,"pagination":{"page":0,"per_page":45,` +
				`"total_pages":1,"has_next":false}`,
		} {
			s := &tenant{n: 45, always: always, nameOf: func(i int) string { return fmt.Sprint(i) }}
			r := sdktest.Call(t, plugin(s), s, "list", args)
			if !strings.Contains(string(r.JSON), want) {
				t.Errorf("%s (always %v):\ngot  %s %v\nwant %s", args, always, r.JSON, r.Failure, want)
			}
			if always && strings.Contains(strings.Join(s.requests, " "), "include_totals") {
				t.Errorf("include_totals was sent: %v", s.requests)
			}
		}
		s := &tenant{n: 0, always: always}
		if r := sdktest.Call(t, plugin(s), s, "list",
			`{}`); string(r.JSON) != `{"things":[],"count":0,"total":0,"pagination":{"page":0,"per_page":20,"total_pages":0,`+
			`"has_next":false}}` {
			t.Errorf("empty: %s", r.JSON)
		}
	}
}

func TestSendIsRaw(t *testing.T) {
	s := &tenant{}
	r := sdktest.Call(t, plugin(s), s, "patch", `{"id":"https://api.example.com/v1"}`)
	if s.lastBody != `{"a":null,"n":12345678901234567890,"e":[],"code":"a && b < c"}` || s.lastTyp != "application/json" ||
		string(r.JSON) != `{}` {
		t.Errorf("sent %s as %s, got %s", s.lastBody, s.lastTyp, r.JSON)
	}
	if !strings.HasSuffix(s.lastEscaped, "/things/https:%2F%2Fapi.example.com%2Fv1") {
		t.Errorf("path %s", s.lastEscaped)
	}
}

func TestSearch(t *testing.T) {
	s := &tenant{n: 250, nameOf: func(i int) string { return fmt.Sprint(i) }}
	for args, want := range map[string]string{
		`{"name":"9","per_page":10}`: `"count":10,"total":43,"pagination":{"page":0,"per_page":10,` +
			`"total_pages":5,"has_next":true}}`,
		`{"name":"9","per_page":10,"page":4}`: `"count":3,"total":43,"pagination":{"page":4,"per_page":10,` +
			`"total_pages":5,"has_next":false}}`,
		`{"name":"9","per_page":10,"page":5}`: `"things":[],"count":0,"total":43,"pagination":{"page":5,"per_page":10,` +
			`"total_pages":5,"has_next":false}}`,
		`{"name":"9","page":4611686018427387}`: `"things":[],"count":0,"total":43,`,
		`{"name":"nobody"}`: `"things":[],"count":0,"total":0,"pagination":{"page":0,"per_page":20,` +
			`"total_pages":0,"has_next":false}}`,
	} {
		if r := sdktest.Call(t, plugin(s), s, "search", args); !strings.Contains(string(r.JSON), want) {
			t.Errorf("%s: got %s %v, want %s", args, r.JSON, r.Failure, want)
		}
	}
	s.n = 5000
	if r := sdktest.Call(t, plugin(s), s, "search", `{"name":"9"}`); !strings.Contains(string(r.JSON),
		`"note":"only the first 1000 things were searched: there may be more"`) {
		t.Errorf("cap: %s %v", r.JSON, r.Failure)
	}
}

func TestProject(t *testing.T) {
	no := false
	known := []string{"id", "name", "note", "nothing", "bind", "bindings"}
	item := []sdk.Object{{{Name: "id", Value: json.RawMessage(`1`)}, {Name: "name", Value: json.RawMessage(`"n"`)},
		{Name: "note", Value: json.RawMessage(`null`)}, {Name: "more", Value: json.RawMessage(`[]`)}}}
	for name, tt := range map[string]struct {
		fields     auth0v1.FieldsOf
		want, note string
	}{
		"usual": {auth0v1.FieldsOf{}, `{"id":1,"name":"n"}`, ""},
		"more":  {auth0v1.FieldsOf{Fields: []string{"note"}}, `{"id":1,"name":"n","note":null}`, ""},
		"nothing has it": {auth0v1.FieldsOf{Fields: []string{"more", "nothing", "never"}}, `{"id":1,"name":"n","more":[]}`,
			"unknown fields, ignored: never; no item here has: nothing"},
		"all but": {auth0v1.FieldsOf{Fields: []string{"note", "id"}, IncludeFields: &no},
			`{"id":1,"name":"n","more":[]}`, ""},
		"all but what is unknown": {auth0v1.FieldsOf{Fields: []string{"notes"}, IncludeFields: &no},
			`{"id":1,"name":"n","note":null,"more":[]}`, "unknown fields, ignored: notes (similar: note, nothing)"},
		"unknown": {auth0v1.FieldsOf{Fields: []string{"bindngs", "xyz", "nothing"}}, `{"id":1,"name":"n"}`,
			"unknown fields, ignored: bindngs (similar: bindings, bind), xyz; no item here has: nothing"},
		"all but nothing": {auth0v1.FieldsOf{IncludeFields: &no}, `{"id":1,"name":"n","note":null,"more":[]}`, ""},
	} {
		page := tt.fields.Project(sdk.Page{Items: item}, known, []string{"name"}, "id")
		got, err := json.Marshal(page.Items[0])
		if err != nil || string(got) != tt.want || page.Note != tt.note {
			t.Errorf("%s: got %s, %q (%v), want %s, %q", name, got, page.Note, err, tt.want, tt.note)
		}
	}
}

func TestUpdate(t *testing.T) {
	s := &tenant{n: 3, nameOf: func(i int) string { return fmt.Sprint("Thing ", i) }}
	if r := sdktest.Call(t, plugin(s), s, "update", `{"id":"id2","name":""}`); s.lastBody != `{"name":""}` ||
		!strings.HasSuffix(s.lastEscaped, "/things/id2") {
		t.Errorf("sent %s to %s (%v)", s.lastBody, s.lastEscaped, r.Failure)
	}
	s.requests = nil
	if f := sdktest.Call(t, plugin(s), s, "update",
		`{"id":"x"}`).Failure; f.GetCode() != pluginv1.Failure_CODE_INVALID_ARGUMENT || len(s.requests) > 0 {
		t.Errorf("nothing to change: %v, requests %q", f, s.requests)
	}
}
