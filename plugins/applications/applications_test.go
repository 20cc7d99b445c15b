package applications

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

const (
	listTool   = "auth0_list_applications"
	getTool    = "auth0_get_application"
	createTool = "auth0_create_application"
	updateTool = "auth0_update_application"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// tenant is a sandbox that sees the token which the host would add.
func tenant(t *testing.T, options sandbox.Options, scopes ...string) (*sandbox.Tenant, http.Handler) {
	t.Helper()
	s := sandbox.New(options)
	return s, s.Authorized(scopes...)
}

// answer runs a tool that must succeed.
func answer(t *testing.T, auth0 http.Handler, tool, args string) map[string]any {
	t.Helper()
	r := sdktest.Call(t, Plugin(), auth0, tool, args)
	if r.Failure != nil {
		t.Fatalf("%s %s: %v", tool, args, r.Failure)
	}
	var o map[string]any
	if err := json.Unmarshal(r.JSON, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// text is a value as compact JSON, for comparing.
func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// lastBody is the body of the latest request, without go-auth0's final newline.
func lastBody(t *testing.T, s *sandbox.Tenant) string {
	t.Helper()
	requests := s.Requests()
	if len(requests) == 0 {
		t.Fatal("no request was sent")
	}
	return strings.TrimSpace(string(requests[len(requests)-1].Body))
}

func wantAPIFailure(t *testing.T, f *pluginv1.Failure, status int32) {
	t.Helper()
	if f.GetCode() != pluginv1.Failure_CODE_API || f.GetHttpStatus() != status {
		t.Errorf("failure = %v, want an answer of the API with status %d", f, status)
	}
}

func TestUpdateSendsWhatIsGiven(t *testing.T) {
	t.Parallel()
	found := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) })
	sdktest.Untouched(t, Plugin(), found, updateTool, `{"client_id":"abc"}`, "client_id")
}

// A jwt_configuration without an algorithm gets one: TestDefaultsOfCreate.
func TestCreateSendsWhatIsGiven(t *testing.T) {
	t.Parallel()
	needsAlg := bytes.Replace(createSchema, []byte(`"jwt_configuration": {`),
		[]byte(`"jwt_configuration": {"required":["alg"],`), 1)
	p := sdk.Plugin{Name: "applications", Version: "0.1.0", Tools: []sdk.Tool{
		sdk.NewTool(createTool, sdk.Write, "Create.", createApplication, sdk.InputSchema(needsAlg)),
	}}
	sdktest.Untouched(t, p, http.NotFoundHandler(), createTool,
		`{"name":"x","oidc_conformant":false,"token_endpoint_auth_method":"none","jwt_configuration":{"alg":"HS256"}}`)
}

// Members that are unknown here reach the caller, to the byte.
func TestAnswersAreWhole(t *testing.T) {
	const odd = `"client_id":"abc","big":9007199254740993,"unknown":null,"list":[],"html":"a<b&c","nested":{"z":1.0,` +
		`"a":{}}`
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v2/clients" && r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"start":0,"limit":20,"total":1,"clients":[{` + odd + `}]}`))
			return
		}
		_, _ = w.Write([]byte("{" + odd + "}"))
	})
	for _, tt := range []struct{ tool, args, want string }{
		{getTool, `{"client_id":"abc"}`, "{" + odd + "}"},
		{updateTool, `{"client_id":"abc","name":"x"}`, "{" + odd + "}"},
		{updateTool, `{"client_id":"abc","callbacks":["myapp:/cb"]}`,
			"{" + odd + `,"defaults_applied":{"` + skipPrompt + `":true}}`},
		{createTool, `{"name":"x","jwt_configuration":{"alg":"HS256"},"oidc_conformant":false}`, "{" + odd + "}"},
		{listTool, `{"include_fields":false}`,
			`{"applications":[{` + odd +
				`}],"count":1,"total":1,"pagination":{"page":0,"per_page":20,"total_pages":1,"has_next":false}}`},
	} {
		r := sdktest.Call(t, Plugin(), auth0, tt.tool, tt.args)
		if string(r.JSON) != tt.want {
			t.Errorf("%s %s: got %s (%v), want %s", tt.tool, tt.args, r.JSON, r.Failure, tt.want)
		}
	}
}

func TestFailuresOfAuth0(t *testing.T) {
	s, auth0 := tenant(t, sandbox.Options{Empty: true})
	for _, tt := range []struct {
		tool, args string
		status     int32
	}{
		{createTool, `{"name":"x","initiate_login_uri":"http://plain.example"}`, 400},
	} {
		wantAPIFailure(t, sdktest.Call(t, Plugin(), auth0, tt.tool, tt.args).Failure, tt.status)
	}
	for _, tt := range []struct {
		tool, args string
		status     int
	}{
		{createTool, `{"name":"x"}`, 409},
		{createTool, `{"name":"x"}`, 403},
		{updateTool, `{"client_id":"abc","callbacks":["myapp:/cb"]}`, 409},
		{getTool, `{"name":"x"}`, 403},
		{listTool, `{}`, 403},
		{listTool, `{"name":"x"}`, 500},
	} {
		s.Fail(sandbox.FaultRule{Path: "/api/v2/clients*", Status: tt.status})
		wantAPIFailure(t, sdktest.Call(t, Plugin(), auth0, tt.tool, tt.args).Failure, int32(tt.status))
	}
}

// An application that was made although its answer is unreadable must not be
// reported as a plain failure: trying again would make another.
func TestUnreadableAnswerOfCreate(t *testing.T) {
	auth0 := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`["?"]`)) })
	f := sdktest.Call(t, Plugin(), auth0, createTool, `{"name":"x"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_INTERNAL || !strings.Contains(f.GetMessage(), "POST clients was done") {
		t.Errorf("failure = %v", f)
	}
}
