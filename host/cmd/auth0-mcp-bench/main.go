// Command auth0-mcp-bench measures the built server as an MCP client meets it,
// against a sandbox tenant over HTTPS on this machine. Where two things are
// compared they alternate in one run, and each figure is a median: absolute
// numbers are this machine's.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

const (
	starts   = 25 // processes started for each figure about starting
	calls    = 400
	callers  = 64
	rounds   = 12 // of all callers at once
	warmUps  = 20
	settle   = 2 * time.Second // after which a server counts as idle
	deadline = 5 * time.Minute
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: auth0-mcp-bench BINARY")
		os.Exit(2)
	}
	if err := bench(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// warmCall is the call that is measured: one small page of a list.
const (
	warmCall   = `{"name":"auth0_list_applications","arguments":{"per_page":1}}`
	directPath = "/api/v2/clients?include_totals=true&page=0&per_page=1"
)

// oneOfEach calls each plugin once.
var oneOfEach = []string{
	`{"name":"auth0_list_applications","arguments":{}}`,
	`{"name":"auth0_list_resource_servers","arguments":{}}`,
	`{"name":"auth0_list_actions","arguments":{}}`,
	`{"name":"auth0_list_forms","arguments":{}}`,
	`{"name":"auth0_list_logs","arguments":{}}`,
}

// target is the tenant and how to reach it.
type target struct {
	binary string
	env    []string
	client *http.Client
	url    string
	token  string
}

func bench(binary string) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	tenant := sandbox.New(sandbox.Options{})
	server, err := sandbox.Listen("127.0.0.1:0", tenant)
	if err != nil {
		return err
	}
	defer server.Close()
	dir, err := os.MkdirTemp("", "auth0-mcp-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, server.CAPEM(), 0o600); err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	t := &target{
		binary: binary, url: server.URL() + directPath, token: tenant.Token(),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots,
			MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: callers}},
		env: append(os.Environ(), "AUTH0_DOMAIN="+server.Addr, "AUTH0_TOKEN="+tenant.Token(), "AUTH0_MCP_CA_FILE="+ca,
			"XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_STATE_HOME="+dir),
	}
	for _, measure := range []func(context.Context) error{t.starting, t.warm, t.concurrent, t.memory, t.listing} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// starting measures from the start of the process: nothing is running before.
func (t *target) starting(ctx context.Context) error {
	var initialized, listed, first []time.Duration
	for range starts {
		begun := time.Now()
		s, err := start(ctx, t.binary, t.env)
		if err != nil {
			return err
		}
		if err := s.initialize(); err != nil {
			return err
		}
		initialized = append(initialized, time.Since(begun))
		if _, err := s.request("tools/list", `{}`); err != nil {
			return err
		}
		listed = append(listed, time.Since(begun))
		if n := len(children(s.pid())); n != 0 {
			return fmt.Errorf("%d processes besides the host after tools/list", n)
		}
		begun = time.Now()
		if err := s.call(warmCall); err != nil {
			return err
		}
		first = append(first, time.Since(begun))
		if err := s.close(); err != nil {
			return err
		}
	}
	say("start → initialize answered", ms(median(initialized)), "aim: under 30 ms, no process but the host")
	say("start → tools/list answered", ms(median(listed)), "")
	say("first call (cold plugin)", ms(median(first)), "aim: under 100 ms")
	return nil
}

// warm compares a call through host and plugin with the request it sends.
func (t *target) warm(ctx context.Context) error {
	s, err := start(ctx, t.binary, t.env)
	if err != nil {
		return err
	}
	if err := s.initialize(); err != nil {
		return err
	}
	var through, direct []time.Duration
	for i := range calls + warmUps {
		begun := time.Now()
		if err := s.call(warmCall); err != nil {
			return err
		}
		middle := time.Now()
		if err := t.direct(ctx); err != nil {
			return err
		}
		if i >= warmUps {
			through, direct = append(through, middle.Sub(begun)), append(direct, time.Since(middle))
		}
	}
	a, b := median(through), median(direct)
	say("warm call through host and plugin", ms(a), fmt.Sprintf("p99 %s", ms(percentile(through, 99))))
	say("  the same request made directly", ms(b), fmt.Sprintf("p99 %s", ms(percentile(direct, 99))))
	say("  difference, ratio", ms(a-b), fmt.Sprintf("× %.1f; aim: under 1 ms above", float64(a)/float64(b)))
	return s.close()
}

func (t *target) direct(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	resp, err := t.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New("direct request: " + resp.Status)
	}
	return nil
}

// concurrent lets all callers call at once, through the host and directly in turn.
func (t *target) concurrent(ctx context.Context) error {
	s, err := start(ctx, t.binary, t.env)
	if err != nil {
		return err
	}
	if err := s.initialize(); err != nil {
		return err
	}
	if err := s.call(warmCall); err != nil {
		return err
	}
	var through, direct []time.Duration
	for range rounds {
		begun := time.Now()
		if err := s.callMany(warmCall, callers); err != nil {
			return err
		}
		through = append(through, time.Since(begun))
		begun = time.Now()
		if err := t.directMany(ctx); err != nil {
			return err
		}
		direct = append(direct, time.Since(begun))
	}
	a, b := median(through), median(direct)
	say(fmt.Sprintf("%d callers at once, through", callers), ms(a), fmt.Sprintf("%.0f calls/s", callers/a.Seconds()))
	say("  directly", ms(b), fmt.Sprintf("%.0f requests/s; × %.1f", callers/b.Seconds(), float64(a)/float64(b)))
	return s.close()
}

func (t *target) directMany(ctx context.Context) error {
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { errs[i] = t.direct(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// memory is the proportional set size of the host and its plugins: shared pages
// count once, divided among those who share them.
func (t *target) memory(ctx context.Context) error {
	s, err := start(ctx, t.binary, t.env)
	if err != nil {
		return err
	}
	if err := s.initialize(); err != nil {
		return err
	}
	if _, err := s.request("tools/list", `{}`); err != nil {
		return err
	}
	time.Sleep(settle)
	say("memory: host, idle", s.pss(), "aim: under 20 MB")
	for range 20 {
		if err := s.call(oneOfEach[0]); err != nil {
			return err
		}
	}
	say("memory: host and one plugin in use", s.pss(), "")
	for range 20 {
		for _, call := range oneOfEach {
			if err := s.call(call); err != nil {
				return err
			}
		}
	}
	if n := len(children(s.pid())); n != len(oneOfEach) {
		return fmt.Errorf("%d plugin processes, want %d", n, len(oneOfEach))
	}
	say("memory: host and all five in use", s.pss(), "aim: under 75 MB")
	return s.close()
}

// readers and writers are the tools that are compared over time: what every resource has.
const (
	readers = "auth0_list_applications,auth0_get_application,auth0_list_resource_servers,auth0_get_resource_server," +
		"auth0_list_actions,auth0_get_action,auth0_list_logs,auth0_get_log,auth0_list_forms,auth0_get_form"
	writers = "auth0_create_application,auth0_update_application,auth0_create_resource_server," +
		"auth0_update_resource_server,auth0_create_action,auth0_update_action,auth0_deploy_action,auth0_create_form," +
		"auth0_update_form,auth0_publish_form"
)

// listing is what every session pays for: the bytes of tools/list.
func (t *target) listing(ctx context.Context) error {
	for _, form := range []struct {
		name, aim string
		flags     []string
	}{
		{"tools/list, default", "at most 21 kB", nil},
		{"tools/list, 20 tools of the resources", "at most 18 kB", []string{"--tools", readers + "," + writers}},
		{"tools/list, 10 of them that read", "at most 5 kB", []string{"--tools", readers}},
		{"tools/list, default that reads", "", []string{"--read-only"}},
	} {
		s, err := start(ctx, t.binary, t.env, form.flags...)
		if err != nil {
			return err
		}
		if err := s.initialize(); err != nil {
			return err
		}
		reply, err := s.request("tools/list", `{}`)
		if err != nil {
			return err
		}
		var answer struct{ Result json.RawMessage }
		var list struct{ Tools []json.RawMessage }
		if err := errors.Join(json.Unmarshal(reply, &answer), json.Unmarshal(answer.Result, &list)); err != nil {
			return err
		}
		figure := fmt.Sprintf("%d bytes", len(answer.Result))
		say(form.name, figure, strings.TrimSuffix(fmt.Sprintf("%d tools; %s", len(list.Tools), form.aim), "; "))
		if err := s.close(); err != nil {
			return err
		}
	}
	return nil
}

func median(d []time.Duration) time.Duration { return percentile(d, 50) }

func percentile(d []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[(len(sorted)-1)*p/100]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }

func say(what, figure, note string) { fmt.Fprintf(os.Stdout, "%-38s %12s   %s\n", what, figure, note) }
