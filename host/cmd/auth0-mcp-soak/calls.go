package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// versions of the protocol, one for each host. The last has no handshake: each
// request says who asks.
var versions = []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", stateless}

const stateless = "2026-07-28"

const clientMeta = `"io.modelcontextprotocol/protocolVersion":"` + stateless +
	`","io.modelcontextprotocol/clientInfo":{"name":"soak","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}`

// listings call each plugin once.
var listings = []string{"auth0_list_applications", "auth0_list_resource_servers", "auth0_list_actions",
	"auth0_list_forms", "auth0_list_logs"}

// caller is one conversation with a host; it has objects of its own to change.
type caller struct {
	*soak
	rand    *rand.Rand
	targets targets
}

// targets are the ids of what a caller changes.
type targets struct{ application, api, action, form string }

func (t *tenant) isTarget(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept[id]
}

// create makes an object past the hosts, and returns its id.
func (t *tenant) create(path, key string, body map[string]any) (string, error) {
	data, err := t.ask(http.MethodPost, path, body)
	if err != nil {
		return "", err
	}
	var made map[string]any
	if err := json.Unmarshal(data, &made); err != nil {
		return "", err
	}
	id, _ := made[key].(string)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept[id] = true
	return id, nil
}

func (t *tenant) createTargets(name string) (targets, error) {
	var made targets
	var errs [4]error
	made.application, errs[0] = t.create("clients", "client_id", map[string]any{"name": name})
	made.api, errs[1] = t.create("resource-servers", "id",
		map[string]any{"name": name, "identifier": "https://" + name + ".example/"})
	made.action, errs[2] = t.create("actions/actions", "id", actionNamed(name))
	made.form, errs[3] = t.create("forms", "id", map[string]any{"name": name})
	return made, errors.Join(errs[:]...)
}

func actionNamed(name string) map[string]any {
	return map[string]any{"name": name, "code": "// " + name,
		"supported_triggers": []map[string]any{{"id": "post-login", "version": "v3"}}}
}

// call is one tools/call; a writing one has a marker, which no other call has.
type call struct {
	tool      string
	arguments map[string]any
	marker    string
	after     func() error
}

// pick chooses the next call.
func (c *caller) pick() (call, error) {
	r := c.rand
	n := r.IntN(100)
	switch {
	case n < 40:
		return call{tool: listings[r.IntN(len(listings))], arguments: map[string]any{"per_page": 1 + r.IntN(20)}}, nil
	case n < 44:
		return call{tool: listings[r.IntN(len(listings))], arguments: map[string]any{"per_page": 100}}, nil
	case n < 60:
		return c.pickGet(), nil
	case n < 63:
		return call{tool: "auth0_publish_form", arguments: map[string]any{"id": c.targets.form}}, nil
	case n < 66:
		return call{tool: listings[0], arguments: map[string]any{"perpage": 1}}, nil
	case n < 68:
		return call{tool: "auth0_delete_everything"}, nil
	case n < 71:
		return c.pickDeploy()
	}
	return c.pickWrite(), nil
}

func (c *caller) pickGet() call {
	return []call{
		{tool: "auth0_get_application", arguments: map[string]any{"client_id": c.targets.application}},
		{tool: "auth0_get_resource_server", arguments: map[string]any{"id": c.targets.api}},
		{tool: "auth0_get_action", arguments: map[string]any{"id": c.targets.action}},
		{tool: "auth0_get_form", arguments: map[string]any{"id": c.targets.form}},
		{tool: "auth0_get_application", arguments: map[string]any{"name": "no such application"}},
	}[c.rand.IntN(5)]
}

func (c *caller) pickWrite() call {
	m := c.nextMarker()
	picked := []call{
		{tool: "auth0_create_application",
			arguments: map[string]any{"name": m, "app_type": "regular_web", "callbacks": []string{"https://app.example/cb"}}},
		{tool: "auth0_create_resource_server",
			arguments: map[string]any{"name": m, "identifier": "https://" + m + ".example/"}},
		{tool: "auth0_create_action", arguments: actionNamed(m)},
		{tool: "auth0_create_form", arguments: map[string]any{"name": m}},
		{tool: "auth0_update_application", arguments: map[string]any{"client_id": c.targets.application, "description": m}},
		{tool: "auth0_update_resource_server", arguments: map[string]any{"id": c.targets.api, "name": m}},
		{tool: "auth0_update_action", arguments: map[string]any{"id": c.targets.action, "code": "// " + m}},
		{tool: "auth0_update_form", arguments: map[string]any{"id": c.targets.form, "name": m}},
	}[c.rand.IntN(8)]
	picked.marker = m
	return picked
}

// pickDeploy deploys an action that was made for it: the request has no body that
// could hold a marker, so the id is one.
func (c *caller) pickDeploy() (call, error) {
	id, err := c.tenant.create("actions/actions", "id",
		actionNamed(strings.Replace(c.nextMarker(), "soak-w", "soak-deploy-", 1)))
	if err != nil {
		return call{}, err
	}
	return call{tool: deployTool, arguments: map[string]any{"id": id}, marker: deployMarker(id), after: func() error {
		_, err := c.tenant.ask(http.MethodDelete, "actions/actions/"+id, nil)
		c.tenant.mu.Lock()
		defer c.tenant.mu.Unlock()
		delete(c.tenant.kept, id)
		return err
	}}, nil
}

const deployTool = "auth0_deploy_action"

func deployMarker(id string) string { return "deploy of " + id }

func (c *caller) nextMarker() string { return "soak-w" + strconv.FormatInt(c.numbers.Add(1), 10) }

// nextID is a request's id as sent: a number or a string.
func (c *caller) nextID() string {
	n := strconv.FormatInt(c.numbers.Add(1), 10)
	if c.rand.IntN(2) == 0 {
		return n
	}
	return `"s` + n + `"`
}

func (k call) params(id, version string) string {
	arguments, err := json.Marshal(k.arguments)
	if err != nil || k.arguments == nil {
		arguments = []byte("{}")
	}
	meta := `"progressToken":` + id
	if version == stateless {
		meta += "," + clientMeta
	}
	return fmt.Sprintf(`{"name":%q,"arguments":%s,"_meta":{%s}}`, k.tool, arguments, meta)
}

// converse calls until the host is about to end, or the run is over.
func (c *caller) converse(s *server, version string) {
	for c.ctx.Err() == nil {
		var err error
		switch n := c.rand.IntN(400); {
		case n < 6:
			err = c.malformed(s)
		case n < 7:
			err = c.burst(s, version)
		case n < 12:
			err = c.twice(s, version)
		default:
			err = c.one(s, version)
		}
		if err != nil {
			return
		}
		pause(c.ctx, time.Duration(c.rand.IntN(40))*time.Millisecond)
	}
}

// one makes one call and may cancel it.
func (c *caller) one(s *server, version string) error {
	k, err := c.pick()
	if err != nil {
		c.broken("the tenant itself: %v", err)
		return err
	}
	id, cancelAfter := c.nextID(), time.Duration(-1)
	if c.rand.IntN(8) == 0 {
		cancelAfter = time.Duration(c.rand.IntN(60)) * time.Millisecond
	}
	if k.marker != "" {
		c.tenant.expect(k.marker)
	}
	got, err := c.carryOut(s, k, id, version, cancelAfter)
	if k.marker != "" {
		if broken := c.tenant.settle(k.marker, got); broken != nil {
			c.broken("%s: %v", s.name, broken)
		}
	}
	if k.after != nil {
		if broken := k.after(); broken != nil {
			c.broken("the tenant itself: %v", broken)
		}
	}
	if !errors.Is(err, errEnding) {
		c.tally.call(k.marker != "", got.outcome)
	}
	return err
}

func (c *caller) carryOut(s *server, k call, id, version string, cancelAfter time.Duration) (answer, error) {
	q, err := s.ask(id, "tools/call", k.params(id, version), 1)
	if err != nil {
		if errors.Is(err, errEnding) {
			return answer{outcome: notStarted}, err
		}
		return answer{outcome: lost}, err
	}
	if cancelAfter >= 0 {
		timer := time.NewTimer(cancelAfter)
		defer timer.Stop()
		select {
		case r := <-q.replies:
			return c.read(s, r), nil
		case <-timer.C:
			if s.cancel(q, c.nextID()) {
				return c.afterCancel(s, q)
			}
		case <-s.ended:
		}
	}
	r, err := s.wait(q)
	if err != nil {
		return answer{outcome: lost}, err
	}
	got := c.read(s, r)
	c.tally.example(got.outcome, got.text)
	return got, nil
}

// read reads a reply, which must not contradict itself.
func (c *caller) read(s *server, r reply) answer {
	got, err := answerOf(r)
	if err != nil {
		c.broken("%s: %v", s.name, err)
	}
	return got
}

// afterCancel: the reply may have crossed with the cancellation.
func (c *caller) afterCancel(s *server, q *request) (answer, error) {
	select {
	case r := <-q.replies:
		return c.read(s, r), nil
	default:
		return answer{outcome: cancelled}, nil
	}
}

// burst calls more at once than the pools hold.
func (c *caller) burst(s *server, version string) error {
	var sent []*request
	k := call{tool: listings[c.rand.IntN(len(listings))], arguments: map[string]any{"per_page": 1}}
	var failure error
	for range 400 {
		id := c.nextID()
		q, err := s.ask(id, "tools/call", k.params(id, version), 1)
		if err != nil {
			failure = err
			break
		}
		sent = append(sent, q)
	}
	for _, q := range sent {
		r, err := s.wait(q)
		got := lost
		if err != nil {
			failure = err
		} else {
			got = c.read(s, r).outcome
		}
		c.tally.call(false, got)
	}
	c.tally.add("bursts of 400 calls")
	return failure
}

// twice sends a call twice with one id: each is answered, one of them perhaps by a
// refusal.
func (c *caller) twice(s *server, version string) error {
	id := c.nextID()
	q, err := s.ask(id, "tools/call",
		call{tool: listings[0], arguments: map[string]any{"per_page": 1}}.params(id, version), 2)
	if err != nil {
		return err
	}
	_, err = s.wait(q)
	c.tally.add("ids used twice")
	return err
}

// malformed sends what is no request.
func (c *caller) malformed(s *server) error {
	c.tally.add("malformed lines")
	lines := []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call"`, `[]`, "\xff\xfe", `"ping"`, `{}`,
		`{"jsonrpc":"2.0","id":null,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`,
		strings.Repeat("x", 1<<20),
	}
	if c.rand.IntN(20) == 0 {
		return s.malformed(strings.Repeat("x", 11<<20)) // over the limit of a line
	}
	return s.malformed(lines[c.rand.IntN(len(lines))])
}
