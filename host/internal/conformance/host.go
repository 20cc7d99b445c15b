package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// faults are what was noticed on the side, each once.
type faults struct {
	mu   sync.Mutex
	list []string
}

func (f *faults) add(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.list, text) {
		f.list = append(f.list, text)
	}
}

func (f *faults) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == 0 {
		return nil
	}
	return errors.New(strings.Join(f.list[:min(len(f.list), 5)], "; "))
}

// answerer plays the tenant, or what is between it and the plugin.
type answerer func(context.Context, *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error)

// host is the host's side of one plugin process. As the server's it lets through what the call's tool declares, and
// nothing of a call that has ended.
type host struct {
	pluginv1.UnimplementedHostServer
	undeclared *faults

	mu       sync.Mutex
	answer   answerer
	deaf     bool // fails Log and Progress
	calls    map[string]*liveCall
	requests int
}

// liveCall is a call in progress.
type liveCall struct {
	tool  pluginv1.ToolManifest
	ended chan struct{}
}

func (h *host) begin(id string, tool pluginv1.ToolManifest) (end func()) {
	live := &liveCall{tool, make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[id] = live
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.calls, id)
		close(live.ended)
	}
}

// meet changes what requests meet.
func (h *host) meet(answer answerer, deaf bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer, h.deaf = answer, deaf
}

func (h *host) isDeaf() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deaf
}

func (h *host) sent() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests
}

// RoundTrip answers one request.
func (h *host) RoundTrip(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
	h.mu.Lock()
	h.requests++
	live, tenant := h.calls[r.GetCallId()], h.answer
	h.mu.Unlock()
	if live == nil {
		return failed(pluginv1.Failure_CODE_CALL_ENDED, "the call has ended"), nil
	}
	if !declared(live.tool, r) {
		h.undeclared.add(fmt.Sprintf("%s sent %.20s %.200q", live.tool.Name, r.GetMethod(), r.GetPath()))
		return failed(pluginv1.Failure_CODE_REFUSED, "the tool does not declare the request"), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answered struct {
		response *pluginv1.RoundTripResponse
		err      error
	}
	answer := make(chan answered, 1)
	go func() {
		response, err := tenant(ctx, r)
		answer <- answered{response, err}
	}()
	select {
	case a := <-answer:
		return a.response, a.err
	case <-live.ended:
		return failed(pluginv1.Failure_CODE_CALL_ENDED, "the call has ended"), nil
	}
}

func declared(tool pluginv1.ToolManifest, r *pluginv1.RoundTripRequest) bool {
	path, err := pluginv1.ParsePath(r.GetPath())
	if err != nil || !slices.Contains(tool.Effect.Methods(), r.GetMethod()) {
		return false
	}
	return len(tool.Paths) == 0 || slices.ContainsFunc(tool.Paths, func(text string) bool {
		rule, err := pluginv1.ParsePathRule(text)
		return err == nil && rule.Match(r.GetMethod(), path)
	})
}

// Log takes a line, unless the host is deaf.
func (h *host) Log(context.Context, *pluginv1.LogRequest) (*pluginv1.LogResponse, error) {
	if h.isDeaf() {
		return nil, status.Error(codes.Unavailable, "no log now")
	}
	return &pluginv1.LogResponse{}, nil
}

// Progress takes a note, unless the host is deaf.
func (h *host) Progress(context.Context, *pluginv1.ProgressRequest) (*pluginv1.ProgressResponse, error) {
	if h.isDeaf() {
		return nil, status.Error(codes.Unavailable, "no progress now")
	}
	return &pluginv1.ProgressResponse{}, nil
}

// WriteFile says what a host says to which the user gave no folder for the root.
func (h *host) WriteFile(context.Context, *pluginv1.WriteFileRequest) (*pluginv1.WriteFileResponse, error) {
	return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Failure{Failure: &pluginv1.Failure{
		Code: pluginv1.Failure_CODE_FAILED_PRECONDITION, Message: "the root has no folder"}}}, nil
}

func failed(code pluginv1.Failure_Code, message string) *pluginv1.RoundTripResponse {
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Failure{
		Failure: &pluginv1.Failure{Code: code, Message: message}}}
}

func response(code int, contentType string, body []byte) *pluginv1.RoundTripResponse {
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{Response: &pluginv1.HTTPResponse{
		//nolint:gosec // an HTTP status fits
		Status: int32(code), Body: body,
		Headers: []*pluginv1.Header{{Name: "Content-Type", Values: []string{contentType}}}}}}
}

// tenant answers as the tenant of the examination does.
func (e *exam) tenant(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
	url := "https://" + e.Domain + r.GetPath()
	if r.GetQuery() != "" {
		url += "?" + r.GetQuery()
	}
	request, err := http.NewRequestWithContext(ctx, r.GetMethod(), url, bytes.NewReader(r.GetBody()))
	if err != nil {
		return failed(pluginv1.Failure_CODE_REFUSED, err.Error()), nil
	}
	for _, header := range r.GetHeaders() {
		request.Header[http.CanonicalHeaderKey(header.GetName())] = header.GetValues()
	}
	request.Header.Set("Authorization", "Bearer "+e.Token)
	answer, err := e.Tenant.RoundTrip(request)
	if err != nil {
		return failed(pluginv1.Failure_CODE_TRANSPORT, err.Error()), nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, pluginv1.MaxBodyBytes))
	if err != nil {
		return failed(pluginv1.Failure_CODE_TRANSPORT, err.Error()), nil
	}
	return response(answer.StatusCode, answer.Header.Get("Content-Type"), body), nil
}

// checkResult says what is wrong with what a tool answers.
func checkResult(result []byte) error {
	switch {
	case len(result) > pluginv1.MaxBodyBytes:
		return fmt.Errorf("a result of %d bytes, and at most %d are allowed", len(result), pluginv1.MaxBodyBytes)
	case !json.Valid(result):
		return fmt.Errorf("a result that is not JSON: %.100q", result)
	}
	return nil
}
