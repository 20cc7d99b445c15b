package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fileroot"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// withoutExample are the tools that have no example, each with the reason.
func withoutExample() map[string]string {
	const approved = "the user approves each call, because it writes a file into the project: " +
		"[connect a project](../guide/onboarding.md)"
	return map[string]string{"auth0_onboarding": approved, "auth0_save_credentials_to_file": approved}
}

// seeded are things of the sandbox, by the name of the argument that takes one: the example of a tool that has none in
// examples.json.
func seeded() map[string]string {
	return map[string]string{
		"application":  "Harbourlight Shop",
		"client_id":    "Harbourlight Shop",
		"connection":   "northquay-entra",
		"organization": "northquay-libraries",
		"role":         "Librarian",
		"user":         "ada.finch@example.com",
	}
}

// call is a call of a tool.
type call struct {
	Tool      string          `json:"tool"`
	Arguments json.RawMessage `json:"arguments"`
}

// example is one call with what came of it.
type example struct {
	// after are calls before it.
	after     []call
	arguments json.RawMessage
	sent      []string
	answer    string
	// also are what the host adds to the answer.
	also []string
}

// readExamples reads a plugin's examples.json: by the tools' names the arguments, or several calls of which the last is
// the example.
func readExamples(path string, p shipped) (map[string][]call, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fields, err := jsondoc.Fields(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	chosen := map[string][]call{}
	for _, f := range fields {
		if !slices.ContainsFunc(p.tools, func(t *catalog.Tool) bool { return t.Name == f.Name }) {
			return nil, fmt.Errorf("%s: plugin %s has no tool %s: remove its example", path, p.Name, f.Name)
		}
		calls := []call{{f.Name, f.Value}}
		if bytes.HasPrefix(f.Value, []byte("[")) {
			calls = nil
			if err := json.Unmarshal(f.Value, &calls); err != nil || len(calls) == 0 || calls[len(calls)-1].Tool != f.Name {
				return nil, fmt.Errorf("%s: %s: want the arguments, or [{\"tool\": …, \"arguments\": …}, …] with the calls "+
					"before it and itself: %w", path, f.Name, err)
			}
		}
		chosen[f.Name] = calls
	}
	return chosen, nil
}

// callsFor are those of examples.json, or one that is made of what the sandbox has.
func callsFor(tool *catalog.Tool, chosen []call) ([]call, error) {
	if chosen != nil {
		return chosen, nil
	}
	if len(tool.Examples) > 0 {
		return []call{{tool.Name, tool.Examples[0].Arguments}}, nil
	}
	arguments, err := tool.Arguments()
	if err != nil {
		return nil, err
	}
	made, things := map[string]string{}, seeded()
	for _, a := range arguments {
		value, known := things[a.Name]
		switch {
		case a.Required && !known:
			return nil, fmt.Errorf("%s has no example: add its arguments to plugins/%s/examples.json, such as {%q: {%q: …}}, "+
				"or add the tool to withoutExample with the reason", tool.Name, tool.Plugin.Name, tool.Name, a.Name)
		case a.Required:
			made[a.Name] = value
		}
	}
	data, err := json.Marshal(made)
	return []call{{tool.Name, data}}, err
}

// host carries out calls as a server does, each on a tenant of its own.
type host struct {
	runner *toolcall.Runner
	folder string
	// project is the folder of the user's project.
	project string

	mu     sync.Mutex
	tenant *sandbox.Tenant
	token  string
	sent   []string
}

// now is the tenant's time: the same in each run.
func now() time.Time { return time.Date(2026, time.May, 12, 9, 30, 0, 0, time.UTC) }

// fingerprintKey is that of the fingerprints of hidden values, with the 32 bytes that a vault wants.
const fingerprintKey = "a key for fingerprints: 32 bytes"

func startHost() (*host, error) {
	folder, err := os.MkdirTemp("", "auth0-mcp-reference-")
	if err != nil {
		return nil, err
	}
	h := &host{folder: folder, project: filepath.Join(folder, "project")}
	kept, exported := filepath.Join(folder, "vault"), filepath.Join(folder, "export")
	err = errors.Join(os.Mkdir(kept, 0o700), os.Mkdir(exported, 0o700), h.emptyProject(),
		os.WriteFile(filepath.Join(kept, "key"), []byte(fingerprintKey), 0o600))
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	gate := egress.New(egress.Config{
		Domain: sandbox.DefaultDomain, Transport: h, Vault: vault.New(kept),
		Files: fileroot.Roots{"export": exported, "project": h.project},
		Current: func(context.Context) (string, *oauth2.Token, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return sandbox.DefaultDomain, &oauth2.Token{AccessToken: h.token}, nil
		},
	})
	h.runner = toolcall.New(toolcall.Config{Domain: sandbox.DefaultDomain, Gate: gate,
		Approve: approval.Policy{Mode: approval.None}, Log: slog.New(slog.DiscardHandler)})
	return h, nil
}

// emptyProject makes the user's project new: one for React, as Vite makes it.
func (h *host) emptyProject() error {
	const dependencies = `{"name":"shop","scripts":{"dev":"vite"},"dependencies":{"react":"19.2.0"},` +
		`"devDependencies":{"vite":"7.1.0"}}`
	return errors.Join(os.RemoveAll(h.project), os.Mkdir(h.project, 0o700),
		os.WriteFile(filepath.Join(h.project, "package.json"), []byte(dependencies), 0o600),
		os.WriteFile(filepath.Join(h.project, ".gitignore"), []byte(".env*\n"), 0o600))
}

func (h *host) close() error {
	var err error
	if h.runner != nil {
		err = h.runner.Close()
	}
	return errors.Join(err, os.RemoveAll(h.folder))
}

// RoundTrip sends a request to the tenant of the call in progress.
func (h *host) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	tenant := h.tenant
	h.mu.Unlock()
	response, err := tenant.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	target, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	if target != "" {
		target = "?" + target
	}
	h.sent = append(h.sent, fmt.Sprintf("%s %s → %d", r.Method, r.URL.EscapedPath()+target, response.StatusCode))
	return response, nil
}

// entry carries out the example of a tool. tools are those of its plugin.
func (h *host) entry(ctx context.Context, tools []*catalog.Tool, tool *catalog.Tool, chosen []call) (entry, error) {
	if reason := withoutExample()[tool.Name]; reason != "" {
		return entry{tool: tool, without: reason}, nil
	}
	calls, err := callsFor(tool, chosen)
	if err != nil {
		return entry{}, err
	}
	if err := h.emptyProject(); err != nil {
		return entry{}, err
	}
	tenant := sandbox.New(sandbox.Options{Now: now, BuildTime: -1})
	var result toolcall.Result
	for _, c := range calls {
		h.mu.Lock()
		h.tenant, h.token, h.sent = tenant, tenant.Token(), nil
		h.mu.Unlock()
		at := slices.IndexFunc(tools, func(t *catalog.Tool) bool { return t.Name == c.Tool })
		if at < 0 {
			return entry{}, fmt.Errorf("the example of %s calls %s, which its plugin does not have", tool.Name, c.Tool)
		}
		result = h.runner.Call(ctx, toolcall.Request{Tool: tools[at], Arguments: c.Arguments})
		if result.IsError {
			return entry{}, fmt.Errorf("the example of %s, %s %s, was answered with an error: %s\nCorrect it in "+
				"plugins/%s/examples.json, or add the tool to withoutExample with the reason",
				tool.Name, c.Tool, c.Arguments, result.Texts[0], tool.Plugin.Name)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(calls) - 1
	return entry{tool: tool, example: example{after: calls[:last], arguments: calls[last].Arguments, sent: h.sent,
		answer: result.Texts[0], also: result.Texts[1:]}}, nil
}
