package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/tools/internal/reference"
)

// files are replayed in this order: what is referred to comes first.
func files() []string {
	return slices.Concat([]string{"resource-servers", "clients", "client-grants", "flows", "forms", "actions", "logs"},
		[]string{
			"connections", "users", "organizations", "roles", "anomaly", "attack-protection", "blacklists", "branding",
			"connection-profiles", "connections-directory-provisionings", "custom-domains", "email-templates", "emails",
			"event-streams", "grants", "guardian", "hooks", "jobs", "keys", "log-streams", "network-acls", "prompts",
			"rate-limit-policies", "refresh-tokens", "risk-assessments", "rules", "rules-configs", "self-service-profiles",
			"stats", "supplemental-signals", "tenants", "tickets", "token-exchange-profiles", "user-attribute-profiles",
			"user-blocks",
		})
}

// readRecordings returns the recordings of the resources of the sandbox by source, in an order in
// which they can be replayed.
func readRecordings(dir string) (map[string][]reference.Request, error) {
	sources := map[string][]reference.Request{}
	deletions := map[string][]reference.Request{}
	for _, file := range files() {
		recorded, err := reference.Read(filepath.Join(dir, file+".jsonl"))
		if err != nil {
			return nil, err
		}
		bySource := map[string][]reference.Request{}
		for _, r := range recorded {
			bySource[r.Source] = append(bySource[r.Source], r)
		}
		for source, all := range bySource {
			// A source clears up at its end. Another file may need what it clears away.
			end := len(all)
			for end > 0 && all[end-1].Method == http.MethodDelete {
				end--
			}
			sources[source] = append(sources[source], all[:end]...)
			deletions[source] = append(slices.Clone(all[end:]), deletions[source]...)
		}
	}
	for source, all := range deletions {
		sources[source] = append(sources[source], all...)
	}
	return sources, nil
}

func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// replay is the tenant of one source.
type replay struct {
	tenant   *sandbox.Tenant
	token    string
	ids      map[string]string // recorded → ours
	stoodIn  map[string]bool   // recorded ids of objects that others stand in for
	adopted  map[string]bool   // recorded ids of objects that were not made by a recorded request
	found    *findings
	wait     func() // for what the tenant builds
	replayed int
	skipped  int
	same     int
	standIns int
}

func newReplay(found *findings) *replay {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	tenant := sandbox.New(sandbox.Options{Empty: true, Now: clock, BuildTime: time.Second})
	r := &replay{
		tenant: tenant, token: tenant.Token(), ids: map[string]string{}, stoodIn: map[string]bool{},
		adopted: map[string]bool{}, found: found,
		wait: func() { now = now.Add(time.Second) },
	}
	// The database that a new tenant at Auth0 has.
	r.send(context.Background(), http.MethodPost, "/api/v2/connections", map[string]any{
		"name": "Username-Password-Authentication", "strategy": "auth0",
	})
	return r
}

func (r *replay) all(ctx context.Context, recordings []reference.Request) {
	for _, one := range recordings {
		r.wait()
		operation, params, known := managementapi.Lookup(one.Method, escaped(one.Path))
		if !known {
			r.found.add(one.Method+" "+one.Path, "is no operation")
			continue
		}
		before := r.found.total
		if !exact(operation) {
			r.shape(ctx, operation, one)
			if r.found.total == before {
				r.same++
			}
			continue
		}
		id := params["id"]
		if id != "" && r.ids[id] == "" && one.Status < 300 && !r.adopt(ctx, operation, one) {
			r.skipped++
			continue
		}
		if list := operation.Paging.Items != ""; list && id == "" {
			r.list(ctx, operation, one)
		} else {
			r.one(ctx, operation, one)
		}
		if r.found.total == before {
			r.same++
		}
	}
}

func escaped(path string) string { path, _, _ = strings.Cut(path, "?"); return path }

// adopt creates an object that the source had before it was recorded, from the recorded answer.
func (r *replay) adopt(ctx context.Context, operation *managementapi.Operation, one reference.Request) bool {
	collection, _, hasID := strings.Cut(operation.Path, "/{id}")
	whole, isObject := one.Response.(map[string]any)
	create, known := managementapi.ByName("POST " + collection)
	if !hasID || operation.Path != collection+"/{id}" || !isObject || !known || create.Body == nil {
		return false
	}
	body := map[string]any{}
	for name, value := range whole {
		if _, takes := create.Body.Member(name); takes && value != nil {
			body[name] = value
		}
	}
	delete(body, "client_authentication_methods")
	status, answer := r.send(ctx, http.MethodPost, collection, body)
	if status >= 300 {
		r.found.add("adopt "+create.Name(), fmt.Sprint(answer))
		return false
	}
	r.learn(whole, answer)
	id, _ := whole["id"].(string)
	if id == "" {
		id, _ = whole["client_id"].(string)
	}
	r.adopted[id] = true
	return true
}

// minID is the length of the shortest value of a member such as user_id that is put in the place of another.
const minID = 8

// learn notes which of our ids stand for the recorded ones.
func (r *replay) learn(recorded, ours any) {
	switch recorded := recorded.(type) {
	case map[string]any:
		ours, _ := ours.(map[string]any)
		for name, value := range recorded {
			text, isText := value.(string)
			mine, mineIsText := ours[name].(string)
			isID := name == "id" || name == "client_id" || name == "identifier" || name == "kid"
			other := (strings.HasSuffix(name, "_id") || name == "themeId") && len(text) >= minID
			if isText && mineIsText && (isID || other) && text != "" && text != "[REDACTED]" {
				r.ids[text] = mine
			} else {
				r.learn(value, ours[name])
			}
		}
	case []any:
		ours, _ := ours.([]any)
		for i := range min(len(recorded), len(ours)) {
			r.learn(recorded[i], ours[i])
		}
	}
}

// translate puts our ids for the recorded ones into a text.
func (r *replay) translate(text string) string {
	for recorded, ours := range r.ids {
		text = strings.ReplaceAll(text, recorded, ours)
		text = strings.ReplaceAll(text, url.PathEscape(recorded), url.PathEscape(ours))
	}
	return text
}

func (r *replay) send(ctx context.Context, method, path string, body any) (int, any) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = strings.NewReader(r.translate(string(encoded)))
	}
	address := "https://" + r.tenant.Domain() + r.translate(path)
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := r.tenant.Transport().RoundTrip(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	var answer any
	if len(data) > 0 {
		if err := decode(data, &answer); err != nil {
			return 0, err
		}
	}
	return response.StatusCode, answer
}

// one replays a request about one object.
func (r *replay) one(ctx context.Context, operation *managementapi.Operation, one reference.Request) {
	r.replayed++
	status, answer := r.send(ctx, one.Method, one.Path, one.Body)
	if status != one.Status {
		r.found.add(operation.Name()+" status",
			fmt.Sprintf("%s: Auth0 answered %d, we %d %v", one.Source, one.Status, status, answer))
		return
	}
	if one.Status < 300 {
		r.learn(one.Response, answer)
	}
	if _, params, _ := managementapi.Lookup(one.Method, escaped(one.Path)); r.adopted[params["id"]] {
		r.compareGiven(operation.Name(), one, answer)
		return
	}
	r.compare(operation.Name(), one.Source, one.Response, answer)
}

// compareGiven compares what the request gave, where we do not know all that the object was.
func (r *replay) compareGiven(at string, one reference.Request, answer any) {
	given, _ := one.Body.(map[string]any)
	theirs, _ := one.Response.(map[string]any)
	ours, _ := answer.(map[string]any)
	for name := range given {
		if theirs[name] != nil && !generated(name) {
			r.compare(at+" "+name, one.Source, theirs[name], ours[name])
		}
	}
}

// list compares the envelope of a list; the tenants hold different objects.
func (r *replay) list(ctx context.Context, operation *managementapi.Operation, one reference.Request) {
	r.replayed++
	status, answer := r.send(ctx, one.Method, one.Path, nil)
	if status != one.Status {
		r.found.add(operation.Name()+" status",
			fmt.Sprintf("%s: Auth0 answered %d, we %d %v", one.Source, one.Status, status, answer))
		return
	}
	theirs, isObject := one.Response.(map[string]any)
	ours, oursIsObject := answer.(map[string]any)
	if isObject != oursIsObject {
		r.found.add(operation.Name()+" envelope",
			fmt.Sprintf("%s: Auth0 answered %T, we %T", one.Source, one.Response, answer))
		return
	}
	for name := range theirs {
		if _, there := ours[name]; !there {
			r.found.add(operation.Name()+" envelope "+name, one.Source+" "+one.Path+": only Auth0's answer has it")
		}
	}
	for name := range ours {
		if _, there := theirs[name]; !there {
			r.found.add(operation.Name()+" envelope "+name, one.Source+" "+one.Path+": only our answer has it")
		}
	}
}

// generated values differ whenever a request is made again.
func generated(name string) bool {
	return strings.HasSuffix(name, "_at") || name == "build_time" ||
		slices.Contains([]string{"client_secret", "signing_secret", "signing_keys", "tenant", "thumbprint_sha256"}, name)
}

// compare reports differences between the recorded answer and ours.
func (r *replay) compare(at, source string, theirs, ours any) {
	switch theirs := theirs.(type) {
	case map[string]any:
		ours, isObject := ours.(map[string]any)
		if !isObject {
			r.found.add(at, fmt.Sprintf("%s: Auth0 answered an object, we %v", source, ours))
			return
		}
		for name, value := range theirs {
			mine, there := ours[name]
			switch {
			case !there:
				r.found.add(at+" "+name+" missing", fmt.Sprintf("%s: Auth0 answered %.200s", source, text(value)))
			case !generated(name):
				r.compare(at+" "+name, source, value, mine)
			}
		}
		for name, value := range ours {
			if _, there := theirs[name]; !there {
				r.found.add(at+" "+name+" more", fmt.Sprintf("%s: we answered %.200s", source, text(value)))
			}
		}
	case []any:
		ours, _ := ours.([]any)
		if len(ours) != len(theirs) {
			r.found.add(at+" length", fmt.Sprintf("%s: Auth0 answered %.200s, we %.200s", source, text(theirs), text(ours)))
			return
		}
		for i := range theirs {
			r.compare(at, source, theirs[i], ours[i])
		}
	default:
		recorded := r.translate(text(theirs))
		if recorded != text(ours) && theirs != "[REDACTED]" {
			r.found.add(at+" value", fmt.Sprintf("%s: Auth0 answered %.200s, we %.200s", source, recorded, text(ours)))
		}
	}
}

func text(value any) string {
	out, _ := json.Marshal(value)
	return string(out)
}
