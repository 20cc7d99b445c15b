package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/envfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// readsAs is what the audit log calls a read of these commands.
const readsAs = "auth0-mcp secret"

// maxSecretWords are those of "application NAME MEMBER".
const maxSecretWords = 3

// ofApplication is the word before the name of an application.
const ofApplication = "application"

// secretFlags say whose secrets they are.
type secretFlags struct{ run runFlags }

func (f *secretFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.run.sandbox, "sandbox", false, "use a built-in tenant, to try things without an Auth0 account")
	f.run.account.add(cmd)
	f.run.audit.add(cmd)
	f.run.log.add(cmd)
}

// value is the secret that the words of a command name: a marker, or "application NAME MEMBER".
func (f secretFlags) value(cmd *cobra.Command, env Environment, words []string) (string, error) {
	if len(words) == 1 {
		return keptSecret(words[0])
	}
	if words[0] != ofApplication {
		return "", fmt.Errorf("%q: want MARKER, or application NAME MEMBER", words[0])
	}
	member := "client_secret"
	if len(words) == maxSecretWords {
		member = words[maxSecretWords-1]
	}
	a, err := f.application(cmd, env, words[1])
	if err != nil {
		return "", err
	}
	return a.member(member)
}

// pairs are the variables of "KEY=SOURCE" words with their values.
func (f secretFlags) pairs(cmd *cobra.Command, env Environment, name string, words []string) ([]envfile.Pair, error) {
	var settings *applicationSettings
	var pairs []envfile.Pair
	for _, word := range words {
		key, source, ok := strings.Cut(word, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want KEY=SOURCE, SOURCE being a marker or with --application a setting", word)
		}
		var value string
		var err error
		if name == "" || redact.Fingerprint(source) != "" {
			value, err = keptSecret(source)
		} else {
			if settings == nil {
				if settings, err = f.application(cmd, env, name); err != nil {
					return nil, err
				}
			}
			value, err = settings.member(source)
		}
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, envfile.Pair{Key: key, Value: value})
	}
	return pairs, nil
}

// keptSecret is the value that a marker stands for.
func keptSecret(marker string) (string, error) {
	id := strings.TrimSpace(marker)
	if fingerprint := redact.Fingerprint(id); fingerprint != "" {
		id = fingerprint
	}
	secret, err := secretVault().Get(id)
	return secret.Value, err
}

// applicationSettings are those of an application, as Auth0 answers them.
type applicationSettings struct {
	name, domain string
	doc          json.RawMessage
}

// member is a setting that is a text.
func (a *applicationSettings) member(name string) (string, error) {
	if name == "domain" {
		return a.domain, nil
	}
	doc := a.doc
	for step := range strings.SplitSeq(name, ".") {
		doc = jsondoc.ValueOf(doc, step)
	}
	var value string
	if json.Unmarshal(doc, &value) != nil || value == "" {
		return "", fmt.Errorf("the application %q has no %q that this session may read: secrets need the scope "+
			"read:client_keys, and public applications have none", a.name, name)
	}
	return value, nil
}

// application reads an application by its client_id or name, in the session of the profile.
func (f secretFlags) application(cmd *cobra.Command, env Environment, name string) (*applicationSettings, error) {
	log, err := f.run.log.logger(env.Err)
	if err != nil {
		return nil, err
	}
	record, err := f.run.audit.config(cmd)
	if err != nil {
		return nil, err
	}
	protectProcess()
	env.progress = console.Begin(env.Err, "Reading the application "+name)
	defer env.progress.Stop()
	t, err := f.run.tenant(cmd.Context(), env, log)
	if err != nil {
		return nil, err
	}
	secrets := new(redact.Redactor)
	trail := openAudit(record, t, secrets, log)
	defer trail.Flush()
	read := trail.Begin(audit.Subject{Client: "auth0-mcp secret", ClientVersion: env.Version, Tool: readsAs,
		Effect: string(pluginv1.EffectRead)}, nil)
	gate := egress.New(egress.Config{Redact: secrets, Domain: t.domain, Current: t.current, Refused: t.refused,
		Transport: t.transport, ReadOnly: true, Version: env.Version, Log: log, UserAgent: userAgent(env), SignIn: t.signIn,
		MoreScopes: t.moreScopes})
	call, err := gate.Open(cmd.Context(), egress.Grant{Plugin: "auth0-mcp", PluginVersion: env.Version, Audit: read,
		Tool: pluginv1.ToolManifest{Name: readsAs, Effect: pluginv1.EffectRead,
			Paths: []string{"GET /api/v2/clients", "GET /api/v2/clients/{id}"}}})
	if err != nil {
		return nil, err
	}
	defer call.Close()
	r := &applicationReader{ctx: cmd.Context(), gate: gate, call: call}
	doc, err := r.find(name)
	read.End(call.Close().Recorded(err != nil), "")
	return &applicationSettings{name: name, domain: t.domain, doc: doc}, errors.Join(err,
		t.wait(context.WithoutCancel(cmd.Context())))
}

// applicationReader reads applications through the gate.
type applicationReader struct {
	ctx  context.Context
	gate *egress.Gate
	call *egress.Call
}

// get reads one page or object; nil if it is not there.
func (r *applicationReader) get(path, query string) (json.RawMessage, error) {
	answer := r.gate.RoundTrip(r.ctx, "auth0-mcp", &pluginv1.RoundTripRequest{CallId: r.call.ID(), Method: http.MethodGet,
		Path: path, Query: query})
	if r.ctx.Err() != nil {
		return nil, context.Cause(r.ctx)
	}
	if failure := answer.GetFailure(); failure != nil {
		return nil, errors.New(failure.GetMessage())
	}
	switch status := answer.GetResponse().GetStatus(); status {
	case http.StatusOK:
		return answer.GetResponse().GetBody(), nil
	case http.StatusNotFound:
		return nil, nil
	default:
		return nil, errors.New(r.call.Close().Words(&pluginv1.Failure{Code: pluginv1.Failure_CODE_API, HttpStatus: status}))
	}
}

// find reads the application with a client_id, else the one with that name.
func (r *applicationReader) find(name string) (json.RawMessage, error) {
	path, err := pluginv1.NewPath("clients", name)
	if err != nil {
		return nil, err
	}
	if doc, err := r.get(path.String(), ""); doc != nil || err != nil {
		return doc, err
	}
	const pages, size = 10, 100
	var found []json.RawMessage
	for page := range pages {
		doc, err := r.get("/api/v2/clients", fmt.Sprintf("per_page=%d&page=%d", size, page))
		if err != nil {
			return nil, err
		}
		items, _ := jsondoc.ValuesOf(doc)
		for _, item := range items {
			var named string
			if json.Unmarshal(jsondoc.ValueOf(item, "name"), &named) == nil && named == name {
				found = append(found, item)
			}
		}
		if len(items) < size {
			break
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no application has the client_id or the name %q", name)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%d applications have the name %q: give the client_id", len(found), name)
}

// clipboards are the programs that put their input into the clipboard, the best first.
func clipboards(goos string, wayland bool) [][]string {
	switch {
	case goos == "darwin":
		return [][]string{{"pbcopy"}}
	case goos == "windows":
		return [][]string{{"clip.exe"}}
	case wayland:
		return [][]string{{"wl-copy"}, {"xclip", "-selection", "clipboard"}, {"xsel", "--clipboard", "--input"}}
	}
	return [][]string{{"xclip", "-selection", "clipboard"}, {"xsel", "--clipboard", "--input"}, {"wl-copy"}}
}

// copyToClipboard gives a value to the platform's program, on its stdin.
func copyToClipboard(ctx context.Context, value string) error {
	for _, name := range []string{"AUTH0_TOKEN", "AUTH0_MCP_PASSPHRASE"} {
		if _, err := account.TakeVariable(name); err != nil {
			return err
		}
	}
	var names []string
	for _, program := range clipboards(runtime.GOOS, os.Getenv("WAYLAND_DISPLAY") != "") {
		names = append(names, program[0])
		path, err := exec.LookPath(program[0])
		if err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, path, program[1:]...) //nolint:gosec // one of clipboards
		cmd.Stdin = strings.NewReader(value)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s, which writes to the clipboard, failed: %w", program[0], err)
		}
		return nil
	}
	return fmt.Errorf("no program writes to the clipboard here: install %s, or use `auth0-mcp secret write-env`",
		strings.Join(names, " or "))
}
