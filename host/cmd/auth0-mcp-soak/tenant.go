package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// tenant is the sandbox behind the hosts, with a count of what each write did.
type tenant struct {
	*sandbox.Tenant
	server *sandbox.Server
	caFile string
	token  string
	// secrets may be seen by the hosts only.
	secrets []string

	mu      sync.Mutex
	writes  map[string]*write // by marker
	strange []string
	kept    map[string]bool // ids of what prune leaves
	reached int             // requests of the hosts
}

// write is what reached the tenant of one writing call.
type write struct {
	// arrived counts the requests that Auth0 did not refuse before doing anything:
	// one that was answered 401 or 429 may be sent again. did are those that changed
	// something.
	arrived int
	did     []string // "METHOD path"
	// answer is empty while the call lasts.
	answer answer
	// at is when the answer came, and reviewed that it was compared with did once more, a
	// minute or more later.
	at       time.Time
	reviewed bool
}

var markers = regexp.MustCompile(`soak-w[0-9]+`)

func openTenant(dir string) (*tenant, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tenant{writes: map[string]*write{}, kept: map[string]bool{}, caFile: filepath.Join(dir, "ca.pem")}
	t.Tenant = sandbox.New(sandbox.Options{Domain: listener.Addr().String(), RateLimit: 100_000, Observe: t.observe})
	if t.server, err = sandbox.Serve(listener, t.Tenant); err != nil {
		return nil, err
	}
	t.token = t.Token()
	// A token's other parts may be shown: who it is for is no secret.
	t.secrets = append(t.secrets, t.token[strings.LastIndexByte(t.token, '.')+1:])
	clients, err := t.ask(http.MethodGet, "clients?per_page=100", nil)
	if err != nil {
		return nil, err
	}
	var list []struct {
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(clients, &list); err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Secret != "" {
			t.secrets = append(t.secrets, c.Secret)
		}
	}
	if len(t.secrets) < 2 {
		return nil, fmt.Errorf("the tenant has no client secrets to look for")
	}
	return t, os.WriteFile(t.caFile, t.server.CAPEM(), 0o600)
}

// ask sends a request of the soak itself. Its path's first letter is encoded: the
// tenant decodes it, and no fault's pattern meets it.
func (t *tenant) ask(method, path string, body any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("https://%s/api/v2/%%%02x%s", t.Domain(), path[0], path[1:])
	r, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "soak")
	response, err := t.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %s %s", method, path, response.Status, answer)
	}
	return answer, err
}

// resources are the paths that faults are aimed at.
var resources = []string{"clients", "resource-servers", "actions", "forms", "logs"}

// observe is told of every request, before its answer leaves.
func (t *tenant) observe(r sandbox.Request) {
	if r.Header.Get("User-Agent") == "soak" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reached++
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return
	}
	marker := string(markers.Find(r.Body))
	if strings.HasSuffix(r.Path, "/deploy") {
		marker = deployMarker(strings.Split(r.Path, "/")[5]) // it has no body
	}
	w, ok := t.writes[marker], r.Processed >= 200 && r.Processed < 300
	if w == nil && !ok {
		return // its body was cut off, as by a host that was killed
	}
	if w == nil {
		t.strange = append(t.strange, fmt.Sprintf("a write reached the tenant that no call in progress makes: %s %s, "+
			"marker %q", r.Method, r.Path, marker))
		return
	}
	if ok {
		w.did = append(w.did, r.Method+" "+r.Path)
	}
	if r.Status != http.StatusUnauthorized && r.Status != http.StatusTooManyRequests {
		w.arrived++
	}
	if w.arrived > 1 || len(w.did) > 1 {
		t.strange = append(t.strange, fmt.Sprintf("a write was duplicated: %s %s arrived %d times, changed something %d "+
			"times, marker %q",
			r.Method, r.Path, w.arrived, len(w.did), marker))
	}
}

// expect makes a marker known before its call is sent.
func (t *tenant) expect(marker string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes[marker] = &write{}
}

// settle notes what a writing call was answered, and compares it with the count.
func (t *tenant) settle(marker string, got answer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.writes[marker]
	w.answer, w.at = got, time.Now()
	if err := got.check(w.did); err != nil {
		return fmt.Errorf("%s was %w", marker, err)
	}
	return nil
}

// review checks the calls again that were answered a while ago: nothing may have come
// later. When all is over, every call is checked. The calls stay, for the audit log is
// compared with them at the end.
func (t *tenant) review(over bool) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.strange
	t.strange = nil
	for marker, w := range t.writes {
		if w.answer.outcome == "" || !over && (w.reviewed || time.Since(w.at) < time.Minute) {
			continue
		}
		if err := w.answer.check(w.did); err != nil {
			found = append(found, fmt.Sprintf("%s was %v", marker, err))
		}
		w.reviewed = true
	}
	return found
}

func (t *tenant) requests() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reached
}

// fault scripts one fault at the tenant: any, for any request.
func (t *tenant) fault(r *rand.Rand) string {
	rule := sandbox.FaultRule{Path: "/api/v2/" + resources[r.IntN(len(resources))] + "*", Times: 1 + r.IntN(4)}
	rule.Method = []string{"", "", "GET", "POST", "PATCH"}[r.IntN(5)]
	name := ""
	switch n := r.IntN(10); n {
	case 0, 1, 2:
		name, rule.Latency = "latency", time.Duration(r.IntN(1500))*time.Millisecond
	case 3:
		name = "429"
		method, times := rule.Method, rule.Times
		rule = sandbox.RateLimited(method, rule.Path, time.Now().Add(time.Second))
		rule.Times = times
	case 4:
		name, rule.Status = "500", http.StatusInternalServerError
	case 5:
		name, rule.Status = "503", http.StatusServiceUnavailable
	case 6:
		name, rule.Status, rule.Body = "malformed body", http.StatusOK, `{"clients":[{"client_id":`
		rule.Method = http.MethodGet // of a write it would say that it was done
	case 7:
		name, rule.Drop = "dropped before", sandbox.DropBefore
	case 8:
		name, rule.Drop = "dropped after", sandbox.DropAfter
	case 9:
		name, rule.Latency, rule.Drop = "late drop", time.Duration(r.IntN(300))*time.Millisecond, sandbox.DropAfter
	}
	t.Fail(rule)
	return name
}

// prune removes what calls have created, so that lists keep their size. An object
// that a call in progress works on is not among them: those are targets.
func (t *tenant) prune() error {
	for path, key := range map[string]string{"clients": "client_id", "resource-servers": "id", "actions/actions": "id",
		"forms": "id"} {
		for page := 0; ; page++ {
			data, err := t.ask(http.MethodGet, fmt.Sprintf("%s?per_page=100&page=%d", path, page), nil)
			if err != nil {
				return err
			}
			if path == "actions/actions" {
				var wrapped struct{ Actions json.RawMessage }
				if err := json.Unmarshal(data, &wrapped); err != nil {
					return err
				}
				data = wrapped.Actions
			}
			var items []map[string]any
			if err := json.Unmarshal(data, &items); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			for _, item := range items {
				name, _ := item["name"].(string)
				if id, _ := item[key].(string); strings.HasPrefix(name, "soak-w") && !t.isTarget(id) {
					if _, err := t.ask(http.MethodDelete, path+"/"+id, nil); err != nil {
						return err
					}
				}
			}
			if len(items) < 100 {
				break
			}
		}
	}
	return nil
}
