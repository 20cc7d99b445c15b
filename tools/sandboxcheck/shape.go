package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/tools/internal/reference"
)

// exact tells whether the values of an operation's answers are compared. The recordings of the others are
// samples: what was there before a request is not known.
func exact(o *managementapi.Operation) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(o.Path, "/api/v2/"), "/")
	return slices.Contains(files()[:7], first) && !strings.HasPrefix(o.Path, "/api/v2/flows/vault/") &&
		!strings.HasSuffix(o.Path, "/organizations") && !strings.HasSuffix(o.Path, "/connections")
}

// standIn is what is made in the place of an object that the recordings do not make.
type standIn struct {
	pattern    *regexp.Regexp
	collection string
	body       string // %d makes it unique
}

func standIns() []standIn {
	return []standIn{
		{regexp.MustCompile(`org_[A-Za-z0-9]{16}`), "organizations", `{"name":"stand-in-%d"}`},
		{regexp.MustCompile(`rol_[A-Za-z0-9]{16}`), "roles", `{"name":"stand-in-%d"}`},
		{regexp.MustCompile(`con_[A-Za-z0-9]{16}`), "connections", `{"name":"stand-in-%d","strategy":"auth0"}`},
		{regexp.MustCompile(`rul_[A-Za-z0-9]{16}`), "rules", `{"name":"stand-in-%d","script":"function () {}"}`},
		{regexp.MustCompile(`ssp_[A-Za-z0-9]{22}`), "self-service-profiles", `{"name":"stand-in-%d"}`},
		{regexp.MustCompile(`lst_[0-9]{16}`), "log-streams",
			`{"name":"stand-in-%d","type":"http","sink":{"httpEndpoint":"https://example.com/logs"}}`},
		{regexp.MustCompile(`acl_[A-Za-z0-9]{22}`), "network-acls", `{"description":"stand-in-%d","active":false,
			"rule":{"action":{"block":true},"scope":"tenant","match":{"ipv4_cidrs":["192.0.2.0/24"]}}}`},
		{regexp.MustCompile(`ac_[A-Za-z0-9]{22}`), "flows/vault/connections", `{"name":"stand-in-%d","app_id":"HTTP"}`},
		{regexp.MustCompile(`tem_[A-Za-z0-9]{22}`), "branding/phone/templates", `{}`},
		{regexp.MustCompile(`pro_[A-Za-z0-9]{22}`), "branding/phone/providers",
			`{"name":"custom","configuration":{"delivery_methods":["text"]},"credentials":{}}`},
		{regexp.MustCompile(`cd_[A-Za-z0-9]{16}`), "custom-domains",
			`{"domain":"stand-in-%d.example.com","type":"auth0_managed_certs"}`},
		{regexp.MustCompile(`auth0(\||%7C)[A-Za-z0-9]+`), "users", `{"connection":"Username-Password-Authentication",
			"email":"stand-in-%d@example.com","username":"stand-in-%d","password":"a phrase with 9 Words"}`},
		{regexp.MustCompile(`\b01[0-9A-HJKMNP-TV-Z]{24}\b`), "hooks",
			`{"name":"stand-in-%d","script":"module.exports","triggerId":"pre-user-registration"}`},
		{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "keys/encryption",
			`{"type":"customer-provided-root-key"}`},
		{regexp.MustCompile(`\b[A-Za-z0-9]{32}\b`), "clients", `{"name":"stand-in-%d"}`},
	}
}

// provide makes what a request that succeeded refers to and what is not there.
func (r *replay) provide(ctx context.Context, one reference.Request) {
	body := ""
	if one.Body != nil {
		encoded, _ := json.Marshal(one.Body)
		body = string(encoded)
	}
	path := escaped(one.Path)
	for _, stand := range standIns() {
		if stand.collection == "keys/encryption" && !strings.Contains(path, "/keys/encryption/") {
			continue
		}
		place := path
		if stand.collection != "keys/encryption" && stand.collection != "hooks" {
			place += " " + body
		}
		for _, found := range stand.pattern.FindAllString(place, -1) {
			id, err := url.PathUnescape(found)
			if stand.collection == "clients" && !mixed(id) {
				continue // a name
			}
			if err != nil || r.ids[id] != "" || one.Method == http.MethodPost && strings.HasSuffix(path, "/users") &&
				stand.collection == "users" && !strings.Contains(path, "/roles/") {
				continue
			}
			r.standIn(ctx, stand, id)
		}
	}
}

// mixed tells whether a text has capitals, small letters and digits, as a client's id has.
func mixed(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.ToLower(text) != text && strings.ToUpper(text) != text
}

func (r *replay) standIn(ctx context.Context, stand standIn, id string) {
	r.standIns++
	text := strings.ReplaceAll(stand.body, "%d", fmt.Sprint(r.standIns))
	var body any
	if err := decode([]byte(text), &body); err != nil {
		r.found.add("stand-in "+stand.collection, err.Error())
		return
	}
	status, answer := r.send(ctx, http.MethodPost, "/api/v2/"+stand.collection, body)
	made, _ := answer.(map[string]any)
	for _, name := range []string{"user_id", "client_id", "custom_domain_id", "kid", "id"} {
		if ours, isText := made[name].(string); isText && status < 300 {
			r.ids[id], r.stoodIn[id] = ours, true
			return
		}
	}
	r.found.add("stand-in "+stand.collection, fmt.Sprint(status, answer))
}

// shape replays a request and compares status, members and types.
func (r *replay) shape(ctx context.Context, operation *managementapi.Operation, one reference.Request) {
	if operation.ContentType == managementapi.Multipart {
		r.skipped++
		return
	}
	if one.Status < 300 {
		r.provide(ctx, one)
	}
	r.replayed++
	status, answer := r.send(ctx, one.Method, one.Path, one.Body)
	if status != one.Status {
		r.found.add(operation.Name()+" status",
			fmt.Sprintf("%s: Auth0 answered %d, we %d %.300s", one.Source, one.Status, status, text(answer)))
		return
	}
	if one.Status < 300 {
		r.learn(one.Response, answer)
	}
	whole := r.isWhole(operation, one)
	r.compareShape(operation.Name(), one.Source, one.Response, answer, whole)
	if given, isObject := one.Body.(map[string]any); isObject && !whole && one.Status < 300 {
		theirs, _ := one.Response.(map[string]any)
		ours, _ := answer.(map[string]any)
		for name := range given {
			if _, there := ours[name]; !there && theirs[name] != nil {
				r.found.add(operation.Name()+" "+name+" missing", one.Source+": the request gave it")
			}
		}
	}
}

// isWhole tells whether the recordings say all that an answer depends on: it is an error, what a creation
// answers, or about an object that a recorded request made. Of a list, and of what exists once, they do not.
func (r *replay) isWhole(operation *managementapi.Operation, one reference.Request) bool {
	if one.Status >= 300 || operation.Method == http.MethodPost {
		return true
	}
	_, params, _ := managementapi.Lookup(one.Method, escaped(one.Path))
	for _, id := range params {
		if r.stoodIn[id] || r.ids[id] == "" {
			return false
		}
	}
	return len(params) > 0 && !operation.Paging.Any() && strings.HasSuffix(operation.Path, "}")
}

// compareShape reports types that differ and, where the recordings are whole, members that only one of two
// answers has. Of arrays, the first items are compared.
func (r *replay) compareShape(at, source string, theirs, ours any, whole bool) {
	if kind(theirs) != kind(ours) {
		if theirs != "[REDACTED]" && (whole || theirs != nil && ours != nil) {
			r.found.add(at+" type", fmt.Sprintf("%s: Auth0 answered %.100s, we %.100s", source, text(theirs), text(ours)))
		}
		return
	}
	switch theirs := theirs.(type) {
	case map[string]any:
		ours, _ := ours.(map[string]any)
		for name, value := range theirs {
			if mine, there := ours[name]; there {
				r.compareShape(at+" "+name, source, value, mine, whole)
			} else if whole {
				r.found.add(at+" "+name+" missing", fmt.Sprintf("%s: Auth0 answered %.200s", source, text(value)))
			}
		}
		for name, value := range ours {
			if _, there := theirs[name]; !there && whole {
				r.found.add(at+" "+name+" more", fmt.Sprintf("%s: we answered %.200s", source, text(value)))
			}
		}
	case []any:
		if ours, _ := ours.([]any); len(theirs) > 0 && len(ours) > 0 {
			r.compareShape(at, source, theirs[0], ours[0], false)
		}
	}
}

func kind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	default:
		return "number"
	}
}
