// Package sdktest is the test kit of a plugin's author: it runs a tool over real
// gRPC in process, against an http.Handler that plays Auth0, under the rules
// that the host enforces.
package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Domain is the tenant's domain in tests.
const Domain = "tenant.auth0.example"

const callID = "test-call"

// Result is what a tool answered.
type Result struct {
	// JSON is the tool's answer; nil after a failure.
	JSON json.RawMessage
	// Failure is what the caller is told instead of an answer.
	Failure *pluginv1.Failure
	// Progress are the notes the tool sent on its way.
	Progress []string
	// Files are those that the tool wrote, in order; nothing is written in truth.
	Files []sdk.File
	// EnvFiles are the edits of env files, in order. No variable is set in truth, and no secret is read.
	EnvFiles []sdk.EnvFile
}

// Call runs one tool with the arguments (a JSON object). auth0 plays the tenant.
// The test fails if the arguments do not fit the schema, if a request goes beyond
// the tool's effect or declared paths, or if the machinery breaks.
func Call(t testing.TB, p sdk.Plugin, auth0 http.Handler, tool, arguments string) Result {
	t.Helper()
	declared := declaration(t, p, tool)
	checkArguments(t, declared, arguments)

	c := connect(t, p, declared)
	defer c.close()
	return c.call(t, auth0, arguments)
}

// DryRun is Call as the host does it first where approval is needed: the tool sees
// that Call.DryRun is true. auth0 plays the host's simulation, writes included.
func DryRun(t testing.TB, p sdk.Plugin, auth0 http.Handler, tool, arguments string) Result {
	t.Helper()
	declared := declaration(t, p, tool)
	checkArguments(t, declared, arguments)

	c := connect(t, p, declared)
	defer c.close()
	c.dryRun = true
	return c.call(t, auth0, arguments)
}

// connection is a plugin over real gRPC with a host, for calls of one tool.
type connection struct {
	plugin *sdk.Connection
	host   *fakeHost
	dryRun bool
	close  func()
}

func connect(t testing.TB, p sdk.Plugin, tool pluginv1.ToolManifest) *connection {
	t.Helper()
	gp, err := sdk.GRPCPlugin(p)
	if err != nil {
		t.Fatal(err)
	}
	client, _ := goplugin.TestPluginGRPCConn(t, false, map[string]goplugin.Plugin{pluginv1.PluginSet: gp})
	dispensed, err := client.Dispense(pluginv1.PluginSet)
	if err != nil {
		t.Fatal(err)
	}
	// Close asks the server to stop: stopping it here too would race with that.
	c := &connection{plugin: dispensed.(*sdk.Connection), host: &fakeHost{t: t, tool: tool},
		close: func() { _ = client.Close() }}
	id := c.plugin.Broker.NextId()
	go c.plugin.Broker.AcceptAndServe(id, func(opts []grpc.ServerOption) *grpc.Server {
		s := grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(pluginv1.MaxMessageBytes))...)
		pluginv1.RegisterHostServer(s, c.host)
		return s
	})
	if _, err := c.plugin.Configure(t.Context(), &pluginv1.ConfigureRequest{HostBrokerId: id,
		Capabilities: []string{pluginv1.CapabilityWriteFile, pluginv1.CapabilityProjectFiles}}); err != nil {
		t.Fatalf("Configure: %v", err)
	}
	return c
}

func (c *connection) call(t testing.TB, auth0 http.Handler, arguments string) Result {
	t.Helper()
	c.host.begin(auth0)
	answer, err := c.plugin.CallTool(t.Context(), &pluginv1.CallToolRequest{CallId: callID, Domain: Domain,
		Tool: c.host.tool.Name, Arguments: []byte(arguments), DryRun: c.dryRun},
		grpc.MaxCallRecvMsgSize(pluginv1.MaxMessageBytes))
	if err != nil {
		t.Fatalf("%s: %v", c.host.tool.Name, err)
	}
	c.host.mu.Lock()
	defer c.host.mu.Unlock()
	return Result{JSON: answer.GetResult(), Failure: answer.GetFailure(), Progress: slices.Clone(c.host.progress),
		Files: slices.Clone(c.host.files), EnvFiles: slices.Clone(c.host.envFiles)}
}

func declaration(t testing.TB, p sdk.Plugin, tool string) pluginv1.ToolManifest {
	t.Helper()
	m, err := p.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(m.Tools, func(tm pluginv1.ToolManifest) bool { return tm.Name == tool })
	if i < 0 {
		t.Fatalf("plugin %s has no tool %q", p.Name, tool)
	}
	return m.Tools[i]
}

func checkArguments(t testing.TB, tool pluginv1.ToolManifest, arguments string) {
	t.Helper()
	var schema jsonschema.Schema
	if err := json.Unmarshal(tool.InputSchema, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var instance any
	if err := json.Unmarshal([]byte(arguments), &instance); err != nil {
		t.Fatalf("arguments of %s: %v", tool.Name, err)
	}
	if err := resolved.Validate(instance); err != nil {
		t.Fatalf("arguments of %s do not fit its schema: %v", tool.Name, err)
	}
}

// fakeHost is a host with one tenant, one call and no credentials.
type fakeHost struct {
	pluginv1.UnimplementedHostServer
	t    testing.TB
	tool pluginv1.ToolManifest

	mu       sync.Mutex
	auth0    http.Handler
	progress []string
	files    []sdk.File
	envFiles []sdk.EnvFile
	project  Project
	made     []string // the paths of what the call has made
}

// begin makes room for a call, with the tenant that it meets.
func (h *fakeHost) begin(auth0 http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.auth0, h.progress, h.files, h.envFiles, h.made = auth0, nil, nil, nil, nil
}

func (h *fakeHost) tenant() http.Handler {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.auth0
}

func (h *fakeHost) RoundTrip(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
	path, err := pluginv1.ParsePath(r.GetPath())
	declared := err == nil && (h.allowed(r.GetMethod(), path) || h.undoes(r.GetMethod(), path))
	if !declared || r.GetCallId() != callID {
		message := fmt.Sprintf("%s declares no %s %s", h.tool.Name, r.GetMethod(), r.GetPath())
		h.t.Errorf("refused: %s", message)
		return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Failure{Failure: &pluginv1.Failure{
			Code: pluginv1.Failure_CODE_REFUSED, Message: message}}}, nil
	}
	target := "https://" + Domain + path.String()
	if r.GetQuery() != "" {
		target += "?" + r.GetQuery()
	}
	request := httptest.NewRequestWithContext(ctx, r.GetMethod(), target, bytes.NewReader(r.GetBody()))
	for _, header := range r.GetHeaders() {
		// The host drops what a plugin claims about its identity.
		if !slices.Contains([]string{"Authorization", "User-Agent", "Auth0-Client"},
			http.CanonicalHeaderKey(header.GetName())) {
			request.Header[http.CanonicalHeaderKey(header.GetName())] = header.GetValues()
		}
	}
	recorder := httptest.NewRecorder()
	h.tenant().ServeHTTP(recorder, request)
	if r.GetMethod() == http.MethodPost && recorder.Code < http.StatusMultipleChoices {
		h.noteMade(path.String(), recorder.Body.Bytes())
	}
	//nolint:gosec // an HTTP status fits
	response := &pluginv1.HTTPResponse{Status: int32(recorder.Code), Body: recorder.Body.Bytes()}
	for name, values := range recorder.Header() {
		response.Headers = append(response.Headers, &pluginv1.Header{Name: name, Values: values})
	}
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{Response: response}}, nil
}

func (h *fakeHost) allowed(method string, path pluginv1.Path) bool {
	if !slices.Contains(h.tool.Effect.Methods(), method) {
		return false
	}
	return len(h.tool.Paths) == 0 || slices.ContainsFunc(h.tool.Paths, func(rule string) bool {
		r, err := pluginv1.ParsePathRule(rule)
		return err == nil && r.Match(method, path)
	})
}

func (h *fakeHost) Progress(_ context.Context, r *pluginv1.ProgressRequest) (*pluginv1.ProgressResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.progress = append(h.progress, r.GetNote())
	return &pluginv1.ProgressResponse{}, nil
}

func (h *fakeHost) WriteFile(_ context.Context, r *pluginv1.WriteFileRequest) (*pluginv1.WriteFileResponse, error) {
	if r.GetCallId() != callID || !slices.Contains(h.tool.Files, r.GetRoot()) ||
		pluginv1.CheckFilePath(r.GetPath()) != nil {
		message := fmt.Sprintf("%s declares no file %s below %q", h.tool.Name, r.GetPath(), r.GetRoot())
		h.t.Errorf("refused: %s", message)
		return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Failure{Failure: &pluginv1.Failure{
			Code: pluginv1.Failure_CODE_REFUSED, Message: message}}}, nil
	}
	if len(r.GetVariables()) > 0 {
		return h.setEnv(r), nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	replaced := slices.ContainsFunc(h.files, func(f sdk.File) bool {
		return f.Root == r.GetRoot() && f.Path == r.GetPath()
	})
	h.files = append(h.files, sdk.File{Root: r.GetRoot(), Path: r.GetPath(), Content: r.GetContent(),
		Private: r.GetPrivate()})
	return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Written{Written: &pluginv1.WrittenFile{
		Path: r.GetRoot() + ":" + r.GetPath(), SizeBytes: int64(len(r.GetContent())), Replaced: replaced}}}, nil
}

func (h *fakeHost) Log(_ context.Context, r *pluginv1.LogRequest) (*pluginv1.LogResponse, error) {
	h.t.Logf("plugin: %s %v", r.GetMessage(), r.GetAttributes())
	return &pluginv1.LogResponse{}, nil
}

// Manifest compares the plugin's declaration with the committed manifest.json in
// the test's folder. "go test -update" rewrites the file: the reviewable change
// of the tool surface.
func Manifest(t testing.TB, p sdk.Plugin) {
	t.Helper()
	m, err := p.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile("manifest.json", want, 0o644); err != nil { //nolint:gosec // a manifest is public
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile("manifest.json")
	if err != nil {
		t.Fatalf("%v; write it with: go test -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("manifest.json is not what the plugin declares; check the difference after: go test -update")
	}
}

// A test binary has one set of flags, so the flag is declared once, here.
var _ = flag.Bool("update", false, "rewrite manifest.json from the plugin's declaration")
