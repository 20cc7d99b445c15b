package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// example makes a valid body of an operation's schema; of what refers to other objects, bodies has one.
func (w *walk) example(o *managementapi.Operation) any {
	if o.Body == nil {
		return nil
	}
	if text, given := bodies()[strings.Replace(o.Name(), apiPrefix, "", 1)]; given {
		return parse(w.fill(text))
	}
	return w.c.tenant.invent("name", o.Body, 0)
}

// walk goes through operations in one tenant.
type walk struct {
	t     *testing.T
	c     caller
	known map[string]string // texts for {{name}} in bodies and for parameters of paths
}

func newWalk(t *testing.T) *walk {
	t.Helper()
	w := &walk{t: t, c: smallCompany(t), known: map[string]string{
		"provider": "duo", "language": "en", "prompt": "login", "screen": "login", "page": "get-started", "name": "otp",
		"triggerId": "post-login", "identifier": "ada.finch@example.com", "email": "ada.finch@example.com",
		"resource_server_identifier": "https://api.harbourlight.example/orders", "permission_name": "read:orders",
		"role_id": "rol_WarehouseStaff01", "ips": "192.0.2.3",
	}}
	tenant := w.c.tenant
	tenant.seedDirectory()
	for name, app := range tenant.company.apps {
		w.known["app "+name] = text(app["client_id"])
	}
	for path, kept := range tenant.store {
		if len(kept.items) > 0 {
			w.known[path] = text(kept.items[0][kept.idKey])
			if organization, isConnections := strings.CutSuffix(path, "/connections"); isConnections && path != "connections" {
				w.known[organization+"/enabled_connections"] = w.known[path]
			}
		}
	}
	w.known["clients"], w.known["user_id"] = w.known["app stock"], w.known["users"]
	w.known["client-grants"] = text(tenant.grants.items[1]["id"])
	w.known["resource-servers"] = text(tenant.apis.items[1]["id"])
	w.known["flows"], w.known["forms"] = text(tenant.flows.items[0]["id"]), text(tenant.forms.items[0]["id"])
	stream := "event-streams/" + w.known["event-streams"]
	w.known[stream+"/redeliver"] = w.known[stream+"/deliveries"]
	w.known["user-blocks"], w.known["organizations/name"] = w.known["users"], "lanternfish"
	w.known["discovery_domain"], w.known["organization grant"] = "northquay.example", w.known["client-grants"]
	tenant.grants.items[1]["organization_usage"] = "allow"
	w.known["organizations/"+w.known["organizations"]+"/discovery-domains/name"] = "northquay.example"
	w.known["actions/actions"], w.known["logs"] = tenant.actions[0].id, text(tenant.logs[0]["log_id"])
	return w
}

// smallCompany is the company without its log, which takes long to make; three events are there.
func smallCompany(t *testing.T) caller {
	t.Helper()
	c := newCaller(t, Options{Empty: true, BuildTime: -1, Now: newClock().now})
	tenant := c.tenant
	apps := tenant.seedClients()
	tenant.seedAPIs()
	tenant.seedGrants(apps)
	tenant.seedActions(tenant.seedForms())
	tenant.company = company{apps, (&logSeeder{t: tenant}).seedPeople()}
	for _, kind := range []string{"s", "ss", "fp"} {
		tenant.AddLog(object{"type": kind, "user_id": tenant.company.person("ada.finch").id})
	}
	return c
}

// values are the parameters of an operation's path: of a collection, the id of its first object.
func (w *walk) values(o *managementapi.Operation) map[string]string {
	out := map[string]string{}
	segments := strings.Split(strings.TrimPrefix(o.Path, apiPrefix), "/")
	filled := ""
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") {
			filled = strings.TrimPrefix(filled+"/"+segment, "/")
			continue
		}
		name := strings.Trim(segment, "{}")
		value, known := w.known[filled]
		if byName, named := w.known[name]; !known || named && i == 1 && name == "user_id" {
			value, known = byName, named
		}
		if !known && o.Effect == managementapi.Read || value == "" {
			value = "none"
		}
		out[name] = value
		filled += "/" + url.PathEscape(value)
	}
	return out
}

func (w *walk) fill(text string) string {
	for name, value := range w.known {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	return text
}

// send calls an operation with values for its path.
func (w *walk) send(o *managementapi.Operation, values map[string]string, body any) answer {
	w.t.Helper()
	path, err := o.FillPath(values)
	if err != nil {
		w.t.Fatal(err)
	}
	query := ""
	for _, parameter := range o.Query {
		if parameter.Required {
			query += "&" + parameter.Name + "=" + w.known[parameter.Name]
		}
	}
	if query != "" {
		path += "?" + query[1:]
	}
	content := ""
	if o.Body != nil && o.ContentType == managementapi.JSON {
		content = string(encode(body))
	}
	return w.c.do(o.Method, path, content)
}

// fits checks an answer's body against the operation's schema. The recordings have nulls where the schemas
// have none, and a few members that they do not name.
func fits(t *testing.T, o *managementapi.Operation, a answer) {
	t.Helper()
	if o.Answer == nil || a.status == http.StatusNoContent || o.AnswerType != managementapi.JSON {
		return
	}
	for _, problem := range o.Answer.Check(a.body) {
		value, _ := follow(a.body, problem.At)
		_, name := splitPointer(problem.At)
		if problem.Fault == managementapi.WrongKind && value == nil ||
			problem.Fault == managementapi.Unknown && slices.Contains(beyondSchemas()[o.Group], name) {
			continue
		}
		t.Errorf("%s: the answer does not fit its schema: %s\n%.600s", o.Name(), problem, a.text)
	}
}

// lifeOf are the operations of a collection that have the common form.
func lifeOf(path string) (list, create, get, update, remove *managementapi.Operation) {
	for o := range managementapi.All() {
		bare := strings.TrimPrefix(o.Path, apiPrefix)
		switch {
		case bare == path && o.Method == http.MethodGet:
			list = o
		case bare == path && o.Method == http.MethodPost:
			create = o
		case itemOf(bare) != path:
		case o.Method == http.MethodGet:
			get = o
		case o.Method == http.MethodPatch:
			update = o
		case o.Method == http.MethodDelete:
			remove = o
		}
	}
	return list, create, get, update, remove
}

// What is made is listed, read, changed and deleted, and is gone then: in every collection.
func TestObjectsLive(t *testing.T) {
	checked := 0
	for path := range newTables().resources {
		list, create, get, update, remove := lifeOf(path)
		// Of an encryption key that is deleted, what it was stays.
		if create == nil || get == nil || remove == nil || path == "keys/encryption" ||
			path == "clients" || path == "client-grants" || path == "flows" {
			continue
		}
		checked++
		t.Run(path, func(t *testing.T) {
			w := newWalk(t)
			values := w.values(create)
			made := w.send(create, values, w.example(create)).want(statusOf(create))
			fits(t, create, made)
			parameter := get.PathParameters[len(get.PathParameters)-1].Name
			key := w.c.tenant.tables.resources[path].key
			id, _ := made.object()[key].(string)
			if id == "" && made.status == http.StatusCreated { // of those that answer with less
				t.Fatalf("no id in %s", made.text)
			}
			values[parameter] = id
			if list != nil {
				listed := w.send(list, values, nil).want(200)
				fits(t, list, listed)
				if !strings.Contains(listed.text, `"`+id+`"`) {
					t.Errorf("%s does not list what %s made: %.400s", list.Name(), create.Name(), listed.text)
				}
			}
			fits(t, get, w.send(get, values, nil).want(200))
			if update != nil {
				fits(t, update, w.send(update, values, w.example(update)).want(statusOf(update)))
				w.send(get, values, nil).want(200)
			}
			w.send(remove, values, w.example(remove)).want(statusOf(remove))
			if a := w.send(get, values, nil); a.status != 404 {
				t.Errorf("%s after the deletion: %d %s", get.Name(), a.status, a.text)
			}
		})
	}
	if checked < 30 {
		t.Errorf("%d collections were checked", checked)
	}
}

// Every operation answers a valid request with success and a body that fits its schema.
func TestEveryOperationAnswers(t *testing.T) {
	walked, reads, prepared := 0, newWalk(t), preparations()
	for o := range managementapi.All() {
		walked++
		t.Run(o.Name(), func(t *testing.T) {
			prepare := prepared[strings.Replace(o.Name(), apiPrefix, "", 1)]
			if prepare == nil && o.Effect == managementapi.Read { // they leave the tenant as it is
				w := *reads
				w.t, w.c.t = t, t
				w.answers(o)
				return
			}
			w := newWalk(t)
			if prepare != nil {
				prepare(w)
			}
			w.answers(o)
		})
	}
	if walked < 469 {
		t.Errorf("%d operations", walked)
	}
}

// answers calls an operation, which must succeed with a body that fits.
func (w *walk) answers(o *managementapi.Operation) {
	w.t.Helper()
	if o.ContentType == managementapi.Multipart || o.AnswerType == managementapi.EventStream {
		return // tests of their own have these
	}
	a := w.send(o, w.values(o), w.example(o))
	if a.status != statusOf(o) {
		w.t.Fatalf("status %d, want %d: %.600s", a.status, statusOf(o), a.text)
	}
	fits(w.t, o, a)
}

// make sends a request and learns the id of what it makes.
func (w *walk) make(name, path, body string) {
	w.t.Helper()
	a := w.c.post(apiPrefix+w.fill(path), w.fill(body))
	if a.status >= 300 {
		w.t.Fatal(a.what, a.text)
	}
	made, isObject := a.body.(object)
	if isObject {
		w.known[name] = firstText(made["id"], made["kid"], made["user_id"])
	}
}

// preparations make what an operation needs and the seed does not have.
func preparations() map[string]func(*walk) {
	version := func(w *walk) {
		action := w.c.tenant.actions[0]
		w.known["actions/actions/"+action.id+"/versions"] = action.versions[0].id
	}
	module := func(w *walk) {
		w.make("actions/modules", "actions/modules", `{"name":"prices","code":"module.exports = {};"}`)
		w.make("actions/modules/"+w.known["actions/modules"]+"/versions", "actions/modules/{{actions/modules}}/versions", "")
		w.known["version"] = w.known["actions/modules/"+w.known["actions/modules"]+"/versions"]
	}
	onConnection := func(below string) func(*walk) {
		return func(w *walk) {
			w.c.post("/api/v2/connections/con_HarbourlightUser/"+below, "{}").want(201)
		}
	}
	out := map[string]func(*walk){
		"GET actions/actions/{actionId}/versions/{id}":         version,
		"POST actions/actions/{actionId}/versions/{id}/deploy": version,
		"DELETE actions/actions/{id}": func(w *walk) {
			w.known["actions/actions"] = w.c.tenant.actions[2].id
		},
		"GET anomaly/blocks/ips/{id}": func(w *walk) { w.known["anomaly/blocks/ips"] = "192.0.2.3" },
		"GET branding/templates/universal-login": func(w *walk) {
			w.c.tenant.values[universalLogin] = "<html>{%- auth0:head -%}{%- auth0:widget -%}</html>"
		},
		"POST emails/provider": func(w *walk) { w.c.delete("/api/v2/emails/provider").want(204) },
		"GET connections/{id}/status": func(w *walk) {
			w.make("connections", "connections", `{"name":"office","strategy":"ad"}`)
		},
		"DELETE connections/{id}/scim-configuration/tokens/{tokenId}": func(w *walk) {
			w.known["connections"] = "con_NorthquayEntraID"
		},
		"DELETE users/{id}/identities/{provider}/{user_id}": func(w *walk) {
			users := w.c.tenant.all("users").items
			other := text(users[1]["user_id"])
			w.make("", "users/"+url.PathEscape(w.known["users"])+"/identities", `{"user_id":"`+other+`","provider":"auth0"}`)
			w.known["provider"], w.known["user_id"] = "auth0", strings.TrimPrefix(other, "auth0|")
		},
		"PUT keys/signing/{kid}/revoke": func(w *walk) { w.make("", "keys/signing/rotate", "") },
	}
	for _, method := range []string{"GET", "DELETE"} {
		out[method+" keys/custom-signing"] = func(w *walk) {
			w.c.do(http.MethodPut, "/api/v2/keys/custom-signing", `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`).want(200)
		}
	}
	for _, name := range []string{
		"DELETE keys/encryption/{kid}", "POST keys/encryption/{kid}", "POST keys/encryption/{kid}/wrapping-key",
	} {
		out[name] = func(w *walk) { w.make("keys/encryption", "keys/encryption", `{"type":"customer-provided-root-key"}`) }
	}
	for _, name := range []string{
		"GET actions/modules/{id}", "PATCH actions/modules/{id}", "DELETE actions/modules/{id}",
		"GET actions/modules/{id}/actions",
		"GET actions/modules/{id}/versions", "POST actions/modules/{id}/versions", "POST actions/modules/{id}/rollback",
		"GET actions/modules/{id}/versions/{versionId}",
	} {
		out[name] = module
	}
	for _, below := range []string{"directory-provisioning", "scim-configuration"} {
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			out[method+" connections/{id}/"+below] = onConnection(below)
		}
	}
	out["POST connections/{id}/directory-provisioning/synchronizations"] = onConnection("directory-provisioning")
	return out
}

// bodies are the bodies of operations that refer to what exists, or whose schema allows what is no example.
func bodies() map[string]string {
	const permission = `{"permissions":[{"resource_server_identifier":"urn:harbourlight:warehouse",
		"permission_name":"read:stock"}]}`
	return map[string]string{
		"POST actions/modules/{id}/rollback":          `{"module_version_id":"{{version}}"}`,
		"PATCH actions/triggers/{triggerId}/bindings": `{"bindings":[]}`,
		"POST branding/phone/providers": `{"name":"custom","configuration":{"delivery_methods":["text"]},
			"credentials":{}}`,
		"PATCH branding/phone/providers/{id}":    `{"disabled":true}`,
		"POST branding/phone/templates":          `{"type":"otp_enroll","disabled":false}`,
		"PUT branding/templates/universal-login": `"<html>{%- auth0:head -%}{%- auth0:widget -%}</html>"`,
		"POST client-grants": `{"client_id":"{{app shop}}","audience":"urn:harbourlight:warehouse",
			"scope":[]}`,
		"POST clients/{client_id}/credentials": `{"credential_type":"x509_cert","pem":"-----BEGIN CERTIFICATE-----"}`,
		"PATCH connections/{id}/clients":       `[{"client_id":"{{app tv}}","status":true}]`,
		"PATCH custom-domains/default":         `{"domain":"login.harbourlight.example"}`,
		"POST device-credentials": `{"device_name":"x","type":"public_key","value":"MII",
			"device_id":"a0-b1"}`,
		"POST experimentation/experiments": `{"name":"one","feature_flag_id":"{{experimentation/feature-flags}}",
			"authentication_flow":"login"}`,
		"POST guardian/enrollments/ticket":      `{"user_id":"{{users}}"}`,
		"POST jobs/users-exports":               `{"connection_id":"con_HarbourlightUser"}`,
		"POST jobs/verification-email":          `{"user_id":"{{users}}"}`,
		"POST organizations":                    `{"name":"tideway"}`,
		"POST organizations/{id}/client-grants": `{"grant_id":"{{organization grant}}"}`,
		"POST organizations/{id}/clients": `{"clients":[{"client_id":"{{app shop}}",
			"use_for_member_access":true}]}`,
		"POST organizations/{id}/connections":         `{"connection_id":"con_HarbourlightGoog"}`,
		"POST organizations/{id}/enabled_connections": `{"connection_id":"con_HarbourlightGoog"}`,
		"POST organizations/{id}/invitations": `{"inviter":{"name":"Ada"},"invitee":{"email":"x@example.com"},
			"client_id":"{{app shop}}"}`,
		"POST organizations/{id}/members":                 `{"members":["{{users}}"]}`,
		"POST organizations/{id}/members/{user_id}/roles": `{"roles":["{{roles}}"]}`,
		"POST refresh-tokens/revoke":                      `{"user_id":"{{users}}"}`,
		"POST roles/{id}/permissions":                     permission,
		"POST users/{id}/permissions":                     permission,
		"POST tickets/email-verification":                 `{"user_id":"{{users}}"}`,
		"POST tickets/password-change":                    `{"user_id":"{{users}}"}`,
		"POST token-exchange-profiles": `{"name":"Other","subject_token_type":"https://harbourlight.example/other",
			"action_id":"{{actions/actions}}","type":"custom_authentication"}`,
		"POST users": `{"connection":"Username-Password-Authentication","email":"x@example.com",
			"password":"a-long-phrase"}`,
		"PATCH users/{id}":                       `{"nickname":"x","user_metadata":{"a":"b"}}`,
		"POST users/{id}/authentication-methods": `{"type":"phone","phone_number":"+353871112299"}`,
		"POST users/{id}/identities":             `{"user_id":"email|65f0c0ffee65f0c0ffee65f0","provider":"email"}`,
		"POST users/{id}/roles":                  `{"roles":["{{roles}}"]}`,
	}
}

// beyondSchemas are members of answers that the recordings have and the schemas do not name, by group.
func beyondSchemas() map[string][]string {
	return map[string][]string{"custom-domains": {"created_at"}, "actions": {"errors"}, "forms": {"flow_count"},
		"organizations": {"grant_id"}}
}
