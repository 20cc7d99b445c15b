package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// What the lists that are measured answer.
const (
	applications = 50
	logs         = 100
)

// tenant is a sandbox in a process of its own, so that its work is not counted as a server's or as the client's.
type tenant struct {
	cmd           *exec.Cmd
	domain, token string
	caFile        string
	client        *http.Client

	// clientID is an application; from is the id of the oldest log event.
	clientID, from string
}

// startTenant starts `auth0-mcp sandbox` from a copy of the binary: processes of one file share its pages, and the
// server would look smaller than it is. The copy and the tenant's own files are in dir.
func startTenant(ctx context.Context, dir, binary string) (*tenant, error) {
	program := filepath.Join(dir, "tenant")
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("%w: build the server first, with `make build`", err)
	}
	if err := os.WriteFile(program, data, 0o700); err != nil { //nolint:gosec // a program
		return nil, err
	}
	t := &tenant{cmd: command(ctx, []string{program, "sandbox"}, environment(dir))}
	t.cmd.Stderr = os.Stderr
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	if err := errors.Join(t.connect(out), t.fill(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("the sandbox tenant: %w", err), t.close())
	}
	return t, nil
}

// connect reads the environment that the sandbox prints, one assignment a line.
func (t *tenant) connect(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for t.domain == "" || t.token == "" || t.caFile == "" {
		if !lines.Scan() {
			return errors.Join(errors.New("it ended before it had printed its address"), lines.Err())
		}
		switch name, value, _ := strings.Cut(lines.Text(), "="); name {
		case "AUTH0_DOMAIN":
			t.domain = value
		case "AUTH0_TOKEN":
			t.token = value
		case "AUTH0_MCP_CA_FILE":
			t.caFile = value
		}
	}
	authority, err := os.ReadFile(t.caFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return errors.New(t.caFile + " has no certificate")
	}
	t.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: callers}}
	return nil
}

// fill creates the applications that the tenant lacks, and finds the log events to read. The Management API cannot
// create events; the sandbox starts with several hundred.
func (t *tenant) fill(ctx context.Context) error {
	if t.client == nil {
		return nil // connect has failed
	}
	var page struct {
		Total   int
		Clients []struct {
			ClientID string `json:"client_id"`
		}
	}
	if err := t.request(ctx, http.MethodGet, "clients?include_totals=true&is_global=false", nil, &page); err != nil {
		return err
	}
	for n := page.Total; n < applications; n++ {
		app := map[string]any{"name": fmt.Sprintf("Benchmark %d", n), "app_type": "regular_web",
			"description": "One of many, for measurements", "client_metadata": map[string]any{"team": "storefront"},
			"callbacks":   []string{fmt.Sprintf("https://app-%d.harbourlight.example/callback", n)},
			"web_origins": []string{fmt.Sprintf("https://app-%d.harbourlight.example", n)}}
		if err := t.request(ctx, http.MethodPost, "clients", app, nil); err != nil {
			return err
		}
	}
	type event struct {
		LogID string `json:"log_id"`
	}
	var oldest, following []event
	if err := t.request(ctx, http.MethodGet, "logs?sort=date:1&per_page=1", nil, &oldest); err != nil {
		return err
	}
	if len(page.Clients) == 0 || len(oldest) == 0 {
		return errors.New("it has no application, or no log event")
	}
	t.clientID, t.from = page.Clients[len(page.Clients)-1].ClientID, oldest[0].LogID
	query := url.Values{"from": {t.from}, "take": {fmt.Sprint(logs)}}
	if err := t.request(ctx, http.MethodGet, "logs?"+query.Encode(), nil, &following); err != nil {
		return err
	}
	if len(following) != logs {
		return fmt.Errorf("it has %d log events after the oldest, and %d are needed", len(following), logs)
	}
	return nil
}

// request calls the Management API directly. It decodes the answer into answer unless that is nil.
func (t *tenant) request(ctx context.Context, method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, "https://"+t.domain+"/api/v2/"+path, sent)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := t.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, data)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}

// direct is how long the request of auth0_get_application takes without a server.
func (t *tenant) direct(ctx context.Context) (time.Duration, error) {
	begun := time.Now()
	err := t.request(ctx, http.MethodGet, "clients/"+t.clientID, nil, nil)
	return time.Since(begun), err
}

func (t *tenant) close() error {
	if err := t.cmd.Process.Signal(os.Interrupt); err != nil {
		_ = t.cmd.Process.Kill() // Windows has no such signal, or the process has ended
	}
	if err := t.cmd.Wait(); err != nil {
		return fmt.Errorf("the sandbox tenant: %w", err)
	}
	return nil
}
