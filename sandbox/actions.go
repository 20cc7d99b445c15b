package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// buildFailure is the text in an action's code that makes its build fail.
const buildFailure = "throw-at-build"

// action is an action's draft and what was deployed of it.
type action struct {
	id, name, code, runtime string
	triggers, dependencies  []any
	modules                 []any // references
	secrets                 []actionSecret
	created, updated        time.Time
	// changed is when the latest build began.
	changed  time.Time
	versions []*actionVersion // oldest first
}

// actionSecret is what the tenant keeps of a secret: never its value.
type actionSecret struct {
	name    string
	updated time.Time
}

// actionVersion is a deployed state of an action.
type actionVersion struct {
	id       string
	number   int
	draft    action
	created  time.Time
	built    time.Time
	deployed bool
}

func errNoAction() error { return notFound("That action does not exist.", "") }

func runtimes() []string { return []string{"node12", "node16", "node18", "node18-actions", "node22"} }

// status tells how far the build of the draft is.
func (a *action) status(now time.Time, buildTime time.Duration) string {
	switch elapsed := now.Sub(a.changed); {
	case elapsed < buildTime/3:
		return "pending"
	case elapsed < buildTime:
		return "building"
	case strings.Contains(a.code, buildFailure):
		return "failed"
	default:
		return "built"
	}
}

func (a *action) current() *actionVersion {
	for _, version := range a.versions {
		if version.deployed {
			return version
		}
	}
	return nil
}

func (a *action) bare() object {
	return object{
		"id": a.id, "name": a.name, "supported_triggers": clone(a.triggers),
		"created_at": nanos(a.created), "updated_at": nanos(a.updated), "all_changes_deployed": false,
	}
}

func (a *action) showSecrets() []any {
	out := []any{}
	for _, secret := range a.secrets {
		out = append(out, object{"name": secret.name, "updated_at": nanos(secret.updated)})
	}
	return out
}

func (v *actionVersion) show() object {
	out := object{
		"id": v.id, "code": v.draft.code, "dependencies": clone(v.draft.dependencies), "deployed": v.deployed,
		"number": number(v.number), "secrets": v.draft.showSecrets(), "status": "built", "runtime": v.draft.runtime,
		"built_at": nanos(v.built), "created_at": nanos(v.created), "updated_at": nanos(v.built),
		"supported_triggers": clone(v.draft.triggers),
	}
	if len(v.draft.modules) > 0 {
		out["modules"] = clone(v.draft.modules)
	}
	return out
}

// showDeployed adds the deployed version, in both of the forms that it has.
func (a *action) showDeployed(out object) {
	version := a.current()
	if version == nil {
		return
	}
	out["deployed_version"] = version.show()
	out["current_version"] = object{
		"id": version.id, "code": version.draft.code, "runtime": version.draft.runtime, "status": "BUILT",
		"number": number(version.number), "build_time": nanos(version.built),
		"created_at": nanos(version.created), "updated_at": nanos(version.built),
	}
}

func (t *Tenant) showAction(a *action) object {
	out := a.bare()
	out["code"], out["dependencies"], out["runtime"] = a.code, clone(a.dependencies), a.runtime
	out["secrets"] = a.showSecrets()
	if len(a.modules) > 0 {
		out["modules"] = clone(a.modules)
	}
	status := a.status(t.now(), t.buildTime)
	out["status"] = status
	if status == "built" {
		out["dependencies"] = resolved(a.dependencies)
	}
	if status == "failed" {
		out["errors"] = []any{object{
			"id":  "invalid_syntax",
			"msg": "Unexpected token '" + buildFailure + "'",
			"url": "https://auth0.com/docs/customize/actions/limitations",
		}}
	}
	a.showDeployed(out)
	version := a.current()
	out["all_changes_deployed"] = version != nil && string(encode(version.draft.content())) == string(encode(a.content()))
	return out
}

// content is what a deployment freezes.
func (a *action) content() object {
	return object{
		"code": a.code, "dependencies": resolved(a.dependencies), "runtime": a.runtime,
		"secrets": a.showSecrets(), "triggers": a.triggers, "modules": a.modules,
	}
}

func (t *Tenant) findAction(id string) *action {
	for _, a := range t.actions {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (t *Tenant) findActionNamed(name string) *action {
	for _, a := range t.actions {
		if a.name == name {
			return a
		}
	}
	return nil
}

func (t *Tenant) listActions(c *call) (result, error) {
	q := queryParams{c.query}
	p := q.page(20)
	deployed, byDeployed := q.flag("deployed")
	installed, _ := q.flag("installed")
	found := []object{}
	for _, a := range t.actions {
		if installed ||
			(q.has("triggerId") && !a.supports(q.text("triggerId"))) ||
			(q.has("actionName") && a.name != q.text("actionName")) ||
			(byDeployed && deployed != (a.current() != nil)) {
			continue
		}
		found = append(found, t.showAction(a))
	}
	return p.actionsAnswer("actions", found)
}

func (a *action) supports(trigger string) bool {
	for _, supported := range a.triggers {
		if supported, _ := supported.(object); supported["id"] == trigger {
			return true
		}
	}
	return false
}

// actionsAnswer is the envelope of the actions endpoints: page and per_page, no
// record offset. Zeros are left out, and a page without items has no total.
func (p page) actionsAnswer(name string, items []object) (result, error) {
	shown := p.slice(items)
	out := object{name: shown, "per_page": p.size}
	if p.index > 0 {
		out["page"] = p.index
	}
	if len(shown) > 0 {
		out["total"] = len(items)
	}
	return ok(out)
}

func (t *Tenant) getAction(c *call) (result, error) {
	a := t.findAction(c.params["id"])
	if a == nil {
		return result{}, errNoAction()
	}
	return ok(t.showAction(a))
}

func (t *Tenant) createAction(c *call) (result, error) {
	name, _ := c.body["name"].(string)
	if t.findActionNamed(name) != nil {
		return result{}, conflict("An action with that name already exists for this tenant.", "")
	}
	now := t.now()
	a := &action{id: t.uuid(), created: now, dependencies: []any{}}
	if err := t.mergeAction(a, c.body, now); err != nil {
		return result{}, err
	}
	t.actions = append(t.actions, a)
	if c.body["deploy"] == true {
		a.deploy(t.uuid(), now)
	}
	return created(t.showAction(a))
}

// resolved is what a build leaves of the dependencies: not where they came from.
func resolved(dependencies []any) []any {
	out, _ := clone(dependencies).([]any)
	for _, dependency := range out {
		if dependency, isObject := dependency.(object); isObject {
			delete(dependency, "registry_url")
		}
	}
	return out
}

// mergeAction writes a valid body over an action; whatever changes the code's
// surroundings starts a build. Nothing is changed if it fails.
func (t *Tenant) mergeAction(a *action, body object, now time.Time) error {
	next := *a
	if triggers, given := body["supported_triggers"].([]any); given {
		completed, runtime, err := completeTriggers(triggers)
		if err != nil {
			return err
		}
		next.triggers = completed
		if next.runtime == "" {
			next.runtime = runtime
		}
	}
	if secrets, given := body["secrets"].([]any); given {
		merged, err := mergeSecrets(a.secrets, secrets, now)
		if err != nil {
			return err
		}
		next.secrets = merged
	}
	if dependencies, given := body["dependencies"].([]any); given {
		next.dependencies, _ = clone(dependencies).([]any)
	}
	if modules, given := body["modules"].([]any); given {
		completed, err := t.completeModules(modules)
		if err != nil {
			return err
		}
		next.modules = completed
	}
	if runtime, given := body["runtime"].(string); given && !slices.Contains(runtimes(), runtime) {
		return refused(http.StatusBadRequest, "Invalid runtime: "+runtime, "")
	}
	for name, field := range map[string]*string{"name": &next.name, "code": &next.code, "runtime": &next.runtime} {
		if value, given := body[name].(string); given {
			*field = value
		}
	}
	next.updated = now
	for _, name := range []string{"code", "dependencies", "modules", "runtime", "secrets", "supported_triggers"} {
		if _, given := body[name]; given {
			next.changed = now
		}
	}
	*a = next
	return nil
}

// mergeSecrets replaces the list of secrets; one without a value keeps the value
// it has.
func mergeSecrets(old []actionSecret, given []any, now time.Time) ([]actionSecret, error) {
	out := []actionSecret{}
	for _, item := range given {
		item, _ := item.(object)
		name, _ := item["name"].(string)
		secret := actionSecret{name: name, updated: now}
		if _, valued := item["value"]; !valued {
			found := false
			for _, kept := range old {
				if kept.name == name {
					secret, found = kept, true
				}
			}
			if !found {
				return nil, refused(http.StatusBadRequest, "Secret '"+name+"' has no value.", "")
			}
		}
		out = append(out, secret)
	}
	return out, nil
}

func (t *Tenant) updateAction(c *call) (result, error) {
	a := t.findAction(c.params["id"])
	if a == nil {
		return result{}, errNoAction()
	}
	if name, given := c.body["name"].(string); given {
		if other := t.findActionNamed(name); other != nil && other != a {
			return result{}, conflict("An action with that name already exists for this tenant.", "")
		}
	}
	if err := t.mergeAction(a, c.body, t.now()); err != nil {
		return result{}, err
	}
	return ok(t.showAction(a))
}

func (t *Tenant) deleteAction(c *call) (result, error) {
	q := queryParams{c.query}
	force, _ := q.flag("force")
	for i, a := range t.actions {
		if a.id != c.params["id"] {
			continue
		}
		if t.bound(a) && !force {
			return result{}, conflict("This action is bound to a trigger; remove the binding first, or force the deletion.", "")
		}
		t.unbind(a)
		t.actions = append(t.actions[:i:i], t.actions[i+1:]...)
		return gone()
	}
	return result{}, errNoAction()
}

func (t *Tenant) deployAction(c *call) (result, error) {
	a := t.findAction(c.params["id"])
	if a == nil {
		return result{}, errNoAction()
	}
	now := t.now()
	if a.status(now, t.buildTime) != "built" {
		return result{}, refused(http.StatusBadRequest, "A draft must be in the 'built' state before it can be deployed.", "")
	}
	version := a.deploy(t.uuid(), now)
	out := version.show()
	// The answer is the version before the deployment has ended.
	delete(out, "built_at")
	out["deployed"], out["updated_at"], out["action"] = false, nanos(version.created), a.bare()
	return ok(out)
}

// deploy freezes the draft as the deployed version.
func (a *action) deploy(id string, now time.Time) *actionVersion {
	for _, version := range a.versions {
		version.deployed = false
	}
	version := &actionVersion{
		id: id, number: len(a.versions) + 1, draft: *a, created: now, built: now.Add(90 * time.Millisecond), deployed: true,
	}
	version.draft.versions, version.draft.dependencies = nil, resolved(a.dependencies)
	a.versions = append(a.versions, version)
	return version
}

func (t *Tenant) listVersions(c *call) (result, error) {
	q := queryParams{c.query}
	p := q.page(20)
	a := t.findAction(c.params["actionId"])
	if a == nil {
		return result{}, errNoAction()
	}
	found := []object{}
	for i := len(a.versions) - 1; i >= 0; i-- {
		found = append(found, a.versions[i].showWith(a))
	}
	return p.actionsAnswer("versions", found)
}

// deployVersion deploys what an earlier version was, as a version of its own.
func (t *Tenant) deployVersion(c *call) (result, error) {
	a := t.findAction(c.params["actionId"])
	if a == nil {
		return result{}, errNoAction()
	}
	for _, version := range a.versions {
		if version.id != c.params["id"] {
			continue
		}
		earlier := version.draft
		earlier.versions = a.versions
		deployed := earlier.deploy(t.uuid(), t.now())
		a.versions = earlier.versions
		if c.body["update_draft"] == true {
			earlier.id, earlier.name, earlier.created = a.id, a.name, a.created
			earlier.updated, earlier.changed = t.now(), t.now()
			*a = earlier
		}
		return ok(deployed.showWith(a))
	}
	return result{}, errNoVersion()
}

func errNoVersion() error { return notFound("That action version does not exist.", "") }

func (v *actionVersion) showWith(a *action) object {
	out := v.show()
	out["action"] = a.bare()
	return out
}

func (t *Tenant) getVersion(c *call) (result, error) {
	a := t.findAction(c.params["actionId"])
	if a == nil {
		return result{}, errNoAction()
	}
	for _, version := range a.versions {
		if version.id == c.params["id"] {
			return ok(version.showWith(a))
		}
	}
	return result{}, errNoVersion()
}
