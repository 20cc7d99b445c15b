package management

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// recorder is a tenant that notes what it is sent, and answers all with the same.
type recorder struct {
	requests []*http.Request
	bodies   [][]byte
	answer   string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.requests, r.bodies = append(r.requests, request), append(r.bodies, body)
	answer := r.answer
	if answer == "" {
		answer = `{}`
	}
	_, _ = io.WriteString(w, answer)
}

func encode(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The example that describe gives of each operation fits its own schema, and arrives at the tenant as it is.
func TestEachOperationsExampleIsSent(t *testing.T) {
	plugin := Plugin()
	for o := range managementapi.All() {
		d, err := describe(t.Context(), nil, describeInput{Operation: o.Name()})
		if err != nil {
			t.Fatalf("%s: %v", o.Name(), err)
		}
		if d.Summary == "" || d.Tool != toolFor(o) || len(encode(t, d)) > 3*maxOutline {
			t.Errorf("%s: %d bytes, %+v", o.Name(), len(encode(t, d)), d)
		}
		arguments := encode(t, d.Example)
		tenant := &recorder{}
		if o.AnswerType == managementapi.EventStream {
			result := sdktest.Call(t, plugin, tenant, d.Tool, arguments)
			if !strings.Contains(result.Failure.GetMessage(), "stream") || len(tenant.requests) > 0 {
				t.Errorf("%s: %v, %d requests", o.Name(), result.Failure, len(tenant.requests))
			}
			continue
		}
		if result := sdktest.Call(t, plugin, tenant, d.Tool, arguments); result.Failure != nil || len(tenant.requests) != 1 {
			t.Errorf("%s: %v, %d requests, example %s", o.Name(), result.Failure, len(tenant.requests), arguments)
			continue
		}
		checkSent(t, o, d.Example, tenant)
	}
}

func checkSent(t *testing.T, o *managementapi.Operation, example *sampleCall, tenant *recorder) {
	t.Helper()
	sent := tenant.requests[0]
	called, values, ok := managementapi.Lookup(sent.Method, sent.URL.EscapedPath())
	if !ok || called != o {
		t.Errorf("%s: sent %s %s", o.Name(), sent.Method, sent.URL)
	}
	for name, value := range example.Path {
		if values[name] != value {
			t.Errorf("%s: path parameter %s is %q, want %v", o.Name(), name, values[name], value)
		}
	}
	query := sent.URL.Query()
	for _, name := range pagingParameters() {
		if o.Paging.Any() {
			query.Del(name)
		}
	}
	if len(query) != len(example.Query) {
		t.Errorf("%s: query %v, want %v", o.Name(), query, example.Query)
	}
	if o.ContentType == managementapi.Multipart {
		return // TestAFileIsSentAsMultipart
	}
	var got, want any
	if example.Body == nil {
		if len(tenant.bodies[0]) > 0 {
			t.Errorf("%s: body %s", o.Name(), tenant.bodies[0])
		}
		return
	}
	if err := json.Unmarshal(tenant.bodies[0], &got); err != nil || json.Unmarshal([]byte(encode(t, example.Body)), &want) != nil ||
		!reflect.DeepEqual(got, want) || sent.Header.Get("Content-Type") != managementapi.JSON {
		t.Errorf("%s: sent %s, want %s", o.Name(), tenant.bodies[0], encode(t, example.Body))
	}
}

// inputOf is the example of an operation as a tool gets it.
func inputOf(t *testing.T, o *managementapi.Operation) (in input) {
	t.Helper()
	if err := json.Unmarshal([]byte(encode(t, exampleCall(o))), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

// An operation is refused by the tools of another effect, which name the right one; so is one of whose required
// parameters one is missing. newRequest sends nothing.
func TestEachOperationIsRefusedWhereItDoesNotFit(t *testing.T) {
	for o := range managementapi.All() {
		for _, effect := range []managementapi.Effect{managementapi.Read, managementapi.Write, managementapi.Destroy} {
			_, err := newRequest(inputOf(t, o), effect)
			if effect != o.Effect && (err == nil || !strings.Contains(err.Error(), "call it with "+toolFor(o))) {
				t.Errorf("%s as %s: %v", o.Name(), effect, err)
			}
		}
		for _, p := range o.PathParameters {
			in := inputOf(t, o)
			delete(in.Path, p.Name)
			expectMissing(t, o, in, "path."+p.Name)
		}
		for _, p := range o.Query {
			if p.Required {
				in := inputOf(t, o)
				delete(in.Query, p.Name)
				expectMissing(t, o, in, "query."+p.Name)
			}
		}
		if o.Body == nil {
			in := inputOf(t, o)
			in.Body = json.RawMessage(`{}`)
			expect(t, o, in, "body is not given")
			continue
		}
		if o.BodyRequired {
			in := inputOf(t, o)
			in.Body = nil
			expectMissing(t, o, in, "body")
		}
		if s := o.Body.Resolve(); s.Kind == managementapi.KindObject && o.BodyRequired {
			for _, m := range s.Members {
				if m.Required {
					in := inputOf(t, o)
					var body map[string]any
					if err := json.Unmarshal(in.Body, &body); err != nil {
						t.Fatal(err)
					}
					delete(body, m.Name)
					in.Body = json.RawMessage(encode(t, body))
					expectMissing(t, o, in, "body."+m.Name)
				}
			}
		}
	}
}

func expectMissing(t *testing.T, o *managementapi.Operation, in input, what string) {
	t.Helper()
	expect(t, o, in, what+" is missing")
}

func expect(t *testing.T, o *managementapi.Operation, in input, text string) {
	t.Helper()
	if o.AnswerType == managementapi.EventStream {
		return
	}
	if _, err := newRequest(in, o.Effect); err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v, want %q", o.Name(), err, text)
	}
}

func TestSearchSaysWhatAnOperationNeeds(t *testing.T) {
	answer, err := search(t.Context(), nil, searchInput{Query: "reset mfa"})
	if err != nil || answer.Count != defaultHits || answer.Matches < answer.Count {
		t.Fatalf("%+v, %v", answer, err)
	}
	want := found{Operation: "DELETE /api/v2/users/{id}/authentication-methods", Tool: destroyTool, Effect: "destroy",
		Summary: "Delete all authentication methods of a user, MFA included", Scopes: []string{"delete:authentication_methods"}}
	if !reflect.DeepEqual(answer.Operations[0], want) {
		t.Errorf("%+v", answer.Operations[0])
	}
	answer, err = search(t.Context(), nil, searchInput{Query: "user", Effect: "write", Group: "organizations", Limit: 3})
	if err != nil || answer.Count != 3 {
		t.Fatalf("%+v, %v", answer, err)
	}
	for _, o := range answer.Operations {
		if o.Effect != "write" || !strings.Contains(o.Operation, "/api/v2/organizations") {
			t.Errorf("%+v", o)
		}
	}
	if _, err := search(t.Context(), nil, searchInput{Query: "user", Group: "user"}); err == nil ||
		!strings.Contains(err.Error(), "user-blocks, users") {
		t.Error(err)
	}
	if answer, err := search(t.Context(), nil, searchInput{Query: "zzz"}); err != nil || answer.Note == "" {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestAnUnknownOperationIsRefusedWithWhatIsNear(t *testing.T) {
	for name, want := range map[string]string{
		"GET /api/v2/user/{id}":            `"GET /api/v2/users/{id}"`,
		"POST /api/v2/users/{id}/block":    `"PATCH /api/v2/users/{id}"`,
		"GET /api/v2/userz":                `"GET /api/v2/users"`,
		"GET /api/v2/users/auth0|1":        `write "GET /api/v2/users/{id}" as it is`,
		"GET /api/v2/users/{user_id}":      `write "GET /api/v2/users/{id}" as it is`,
		"PATCH /api/v2/users":              `"PATCH /api/v2/users/{id}"`,
		"":                                 searchTool,
		"GET /api/v2/../../oauth/token":    "is not an operation",
		"GET https://example.com/api/v2/x": "is not an operation",
	} {
		if _, err := operationOf(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"GET /users/{id}", "get /api/v2/users/{id}", " GET  /api/v2/users/{id} "} {
		if o, err := operationOf(name); err != nil || o.Path != "/api/v2/users/{id}" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Path parameters are data, whatever they hold; no value leads elsewhere.
func TestPathParametersAreData(t *testing.T) {
	for _, id := range []string{"auth0|5f7c8ec7c33c6c004bbafe82", "waad|a b", "a#EXT#@b.onmicrosoft.com", "a/b", "a?b=c", "a;b",
		"a%2Fb", "ä|ö", "a+b&c"} {
		tenant := &recorder{}
		arguments := encode(t, map[string]any{"operation": "GET /api/v2/users/{id}", "path": map[string]any{"id": id}})
		if result := sdktest.Call(t, Plugin(), tenant, readTool, arguments); result.Failure != nil {
			t.Errorf("%q: %v", id, result.Failure)
			continue
		}
		if _, values, _ := managementapi.Lookup("GET", tenant.requests[0].URL.EscapedPath()); values["id"] != id {
			t.Errorf("%q arrives as %s", id, tenant.requests[0].URL)
		}
	}
	for _, id := range []string{".", "..", "%2e%2e", "%2E", "%252e%252e", "../clients", "a/../b", `..\clients`, "a/%2e%2e/b", ""} {
		tenant := &recorder{}
		arguments := encode(t, map[string]any{"operation": "GET /api/v2/users/{id}", "path": map[string]any{"id": id}})
		if result := sdktest.Call(t, Plugin(), tenant, readTool, arguments); result.Failure == nil || len(tenant.requests) > 0 {
			t.Errorf("%q is sent: %v", id, tenant.requests)
		}
	}
}

func TestAFileIsSentAsMultipart(t *testing.T) {
	users := `[{"email":"user@example.com"}]`
	for _, given := range []any{json.RawMessage(users), users} {
		tenant := &recorder{}
		arguments := encode(t, map[string]any{"operation": "POST /api/v2/jobs/users-imports", "body": map[string]any{
			"connection_id": "con_0000000000000001", "upsert": true, "users": given}})
		if result := sdktest.Call(t, Plugin(), tenant, writeTool, arguments); result.Failure != nil {
			t.Fatal(result.Failure)
		}
		_, parameters, err := mime.ParseMediaType(tenant.requests[0].Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		form, err := multipart.NewReader(bytes.NewReader(tenant.bodies[0]), parameters["boundary"]).ReadForm(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		file, err := form.File["users"][0].Open()
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(file)
		_ = file.Close()
		if string(content) != users || !reflect.DeepEqual(url.Values(form.Value),
			url.Values{"connection_id": {"con_0000000000000001"}, "upsert": {"true"}}) {
			t.Errorf("%s, %v", content, form.Value)
		}
	}
}
