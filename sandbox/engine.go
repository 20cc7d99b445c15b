package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// tables are what answers the operations that have no handler of their own: collections of objects
// (resources), objects that exist once (settings), and which objects belong to which (memberships).
// All three are keyed by the path of their operations, below /api/v2/.
type tables struct {
	resources   map[string]*resource
	settings    map[string]*setting
	memberships map[string]*membership
}

func newTables() *tables {
	out := &tables{map[string]*resource{}, map[string]*setting{}, map[string]*membership{}}
	for _, list := range [][]*resource{resourceTable(), ownResources()} {
		for _, f := range list {
			if f.key == "" {
				f.key = "id"
			}
			out.resources[f.path] = f
		}
	}
	for _, s := range settingTable() {
		out.settings[s.path] = s
	}
	for _, m := range membershipTable() {
		out.memberships[m.path] = m
	}
	return out
}

const apiPrefix = "/api/v2/"

// handler returns what the tables answer an operation with, or nil.
func (t *tables) handler(name string) handler {
	method, path, _ := strings.Cut(name, " "+apiPrefix)
	if f := t.resources[path]; f != nil {
		return map[string]handler{http.MethodGet: f.list, http.MethodPost: f.create}[method]
	}
	if s := t.settings[path]; s != nil {
		return map[string]handler{
			http.MethodGet: s.get, http.MethodPatch: s.update, http.MethodPut: s.replace,
			http.MethodPost: s.create, http.MethodDelete: s.remove,
		}[method]
	}
	if m := t.memberships[path]; m != nil {
		return map[string]handler{
			http.MethodGet: m.list, http.MethodPost: m.add, http.MethodDelete: m.remove,
		}[method]
	}
	if f := t.resources[itemOf(path)]; f != nil {
		return map[string]handler{
			http.MethodGet: f.get, http.MethodPatch: f.update, http.MethodPut: f.replace, http.MethodDelete: f.remove,
		}[method]
	}
	return nil
}

// itemOf returns the path of the collection that a path's object is in, or "".
func itemOf(path string) string {
	cut := strings.LastIndexByte(path, '/')
	if cut < 0 || !strings.HasPrefix(path[cut+1:], "{") {
		return ""
	}
	return path[:cut]
}

// lastParameter is the value of the path's last parameter.
func (c *call) lastParameter() string {
	parameters := c.operation.PathParameters
	return c.params[parameters[len(parameters)-1].Name]
}

// path is a path of the tables with the parameters of the call in it.
func (c *call) path(template string) string {
	if !strings.Contains(template, "{") {
		return template
	}
	segments := strings.Split(template, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = url.PathEscape(c.params[strings.Trim(segment, "{}")])
		}
	}
	return strings.Join(segments, "/")
}

// checkParents finds the objects that a request's path goes through: of
// organizations/{id}/members, the organization.
func (t *Tenant) checkParents(c *call) error {
	segments := strings.Split(strings.TrimPrefix(c.operation.Path, apiPrefix), "/")
	for i := 1; i < len(segments)-1; i++ {
		f := t.tables.resources[strings.Join(segments[:i], "/")]
		if f == nil || !strings.HasPrefix(segments[i], "{") {
			continue
		}
		if id := c.params[strings.Trim(segments[i], "{}")]; t.collection(f, c).find(id) == nil {
			return f.notFound(id)
		}
	}
	return nil
}

// collection is what the tenant has of a resource, for the objects that the call's path goes through.
func (t *Tenant) collection(f *resource, c *call) *collection {
	t.seedDirectory()
	if f.own != nil {
		return f.own(t, c)
	}
	path := c.path(f.path)
	kept := t.store[path]
	if kept == nil {
		kept = &collection{idKey: f.key}
		t.store[path] = kept
	}
	return kept
}

// all is the collection of a resource that is not below another.
func (t *Tenant) all(path string) *collection { return t.collection(t.tables.resources[path], nil) }

// forget removes what belongs to an object that is deleted.
func (t *Tenant) forget(path, id string) {
	below := path + "/" + url.PathEscape(id) + "/"
	for key := range t.store {
		if strings.HasPrefix(key, below) {
			delete(t.store, key)
		}
	}
	for key := range t.values {
		if strings.HasPrefix(key, below) {
			delete(t.values, key)
		}
	}
	for name, pairs := range t.pairs {
		t.pairs[name] = pairs.without(id)
	}
}

// answer answers with the operation's status; a 204 has no body.
func (c *call) answer(body any) (result, error) {
	status := statusOf(c.operation)
	if status == http.StatusNoContent {
		body = nil
	}
	return result{status, body}, nil
}

func statusOf(o *managementapi.Operation) int {
	if status, known := unusualStatuses()[strings.Replace(o.Name(), apiPrefix, "", 1)]; known {
		return status
	}
	switch o.Method {
	case http.MethodPost:
		return http.StatusCreated
	case http.MethodDelete:
		return http.StatusNoContent
	default:
		return http.StatusOK
	}
}

// unusualStatuses lists the operations whose success is not 201 for POST, 204 for DELETE, 200 for others.
func unusualStatuses() map[string]int {
	out := map[string]int{}
	for status, names := range map[int]string{
		http.StatusOK: `POST actions/actions/{id}/test,
			POST actions/actions/{id}/deploy,POST actions/actions/{actionId}/versions/{id}/deploy,
			POST actions/modules/{id}/rollback,POST actions/modules/{id}/versions,POST branding/themes,POST clients/cimd/preview,
			POST clients/cimd/register,POST clients/{id}/rotate-secret,POST custom-domains/{id}/test,
			POST custom-domains/{id}/verify,POST email-templates,POST experimentation/experiments/{id}/status,
			POST experimentation/experiments/{id}/validate,POST experimentation/feature-flags/{id}/status,
			POST guardian/enrollments/ticket,POST jobs/users-exports,POST log-streams,DELETE network-acls/{id},POST roles,
			DELETE roles/{id},POST roles/{id}/users,DELETE users/{id}/identities/{provider}/{user_id},
			POST users/{id}/recovery-code-regeneration`,
		http.StatusCreated: `PATCH clients/{client_id}/credentials/{credential_id},PATCH hooks/{id}/secrets,
			PUT branding/templates/universal-login`,
		http.StatusAccepted: `POST branding/phone/providers/{id}/try,POST branding/phone/templates/{id}/try,
			POST event-streams/{id}/redeliver,POST event-streams/{id}/redeliver/{event_id},POST event-streams/{id}/test,
			POST jobs/users-imports,POST refresh-tokens/revoke,POST sessions/{id}/revoke,DELETE sessions/{id},
			POST self-service-profiles/{profileId}/sso-ticket/{id}/revoke,POST users/{id}/revoke-access,
			DELETE users/{user_id}/refresh-tokens,DELETE users/{user_id}/sessions,DELETE connections/{id}`,
		http.StatusNoContent: `PATCH connections/{id}/clients,
			POST connections/{id}/directory-provisioning/synchronized-groups,
			PUT connections/{id}/directory-provisioning/synchronized-groups,POST keys/encryption/rekey,
			POST organizations/{id}/members,POST organizations/{id}/members/{user_id}/roles,
			POST organizations/{organization_id}/groups/{group_id}/roles,POST groups/{id}/roles,POST roles/{id}/groups,
			POST users/{id}/multifactor/actions/invalidate-remember-browser,POST users/{id}/risk-assessments/clear,
			POST users/{id}/roles`,
	} {
		for name := range strings.SplitSeq(names, ",") {
			out[strings.TrimSpace(name)] = status
		}
	}
	return out
}

// parse reads a JSON text of the tables; an empty one is an empty object.
func parse(text string) any {
	if text == "" {
		return object{}
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic("sandbox: " + err.Error() + " in " + text) // a test reads every text of the tables
	}
	return value
}

func parseObject(text string) object {
	value, _ := parse(text).(object)
	return value
}
