package sandbox

import (
	"net/http"
	"time"
)

// module is code that several actions share.
type module struct {
	id, name, code        string
	dependencies, secrets []any
	created, updated      time.Time
	published             bool     // the latest version is what the module is
	versions              []object // oldest first
}

func errNoModule() error { return notFound("That action module does not exist.", "") }

func micros(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

func (t *Tenant) findModule(id string) *module {
	for _, m := range t.modules {
		if m.id == id {
			return m
		}
	}
	return nil
}

// users are the actions that have a module.
func (t *Tenant) users(m *module) (users []*action) {
	for _, a := range t.actions {
		if a.reference(m) != nil {
			users = append(users, a)
		}
	}
	return users
}

// reference is an action's reference to a module.
func (a *action) reference(m *module) object {
	for _, reference := range a.modules {
		if reference, _ := reference.(object); reference["module_id"] == m.id {
			return reference
		}
	}
	return nil
}

func (t *Tenant) showModule(m *module) object {
	out := object{
		"id": m.id, "name": m.name, "code": m.code, "dependencies": clone(m.dependencies), "secrets": clone(m.secrets),
		"all_changes_published": m.published, "actions_using_module_total": len(t.users(m)),
		"created_at": micros(m.created), "updated_at": micros(m.updated),
	}
	if n := len(m.versions); n > 0 {
		latest := cloneObject(m.versions[n-1])
		delete(latest, "module_id")
		delete(latest, "created_at")
		out["latest_version"] = latest
	}
	return out
}

// mergeModule writes a valid body over a module.
func (t *Tenant) mergeModule(m *module, body object) {
	if given, isList := body["secrets"].([]any); isList {
		secrets := []any{}
		for _, item := range given {
			item, _ := item.(object)
			secrets = append(secrets, object{"name": item["name"], "updated_at": micros(t.now())})
		}
		m.secrets = secrets
	}
	if given, isList := body["dependencies"].([]any); isList {
		m.dependencies, _ = clone(given).([]any)
	}
	for name, field := range map[string]*string{"name": &m.name, "code": &m.code} {
		if value, given := body[name].(string); given {
			*field = value
		}
	}
	m.updated, m.published = t.now(), false
}

func (t *Tenant) listModules(c *call) (result, error) {
	found := []object{}
	for _, m := range t.modules {
		shown := t.showModule(m)
		delete(shown, "latest_version")
		found = append(found, shown)
	}
	return queryParams{c.query}.page(50).modulesAnswer("modules", found)
}

// modulesAnswer is the envelope of the endpoints of modules: all of it, on each page.
func (p page) modulesAnswer(name string, items []object) (result, error) {
	shown := p.slice(items)
	total := len(items)
	if len(shown) == 0 {
		total = 0
	}
	return ok(object{name: shown, "total": total, "page": p.index, "per_page": p.size})
}

func (t *Tenant) getModule(c *call) (result, error) {
	m := t.findModule(c.params["id"])
	if m == nil {
		return result{}, errNoModule()
	}
	return ok(t.showModule(m))
}

func (t *Tenant) createModule(c *call) (result, error) {
	for _, m := range t.modules {
		if m.name == c.body["name"] {
			return result{}, conflict("An action module with that name already exists for this tenant.", "")
		}
	}
	m := &module{id: t.uuid(), created: t.now(), dependencies: []any{}, secrets: []any{}}
	t.mergeModule(m, c.body)
	t.modules = append(t.modules, m)
	if c.body["publish"] == true {
		t.publish(m)
	}
	return created(t.showModule(m))
}

func (t *Tenant) updateModule(c *call) (result, error) {
	m := t.findModule(c.params["id"])
	if m == nil {
		return result{}, errNoModule()
	}
	t.mergeModule(m, c.body)
	return ok(t.showModule(m))
}

func (t *Tenant) deleteModule(c *call) (result, error) {
	for i, m := range t.modules {
		if m.id != c.params["id"] {
			continue
		}
		if len(t.users(m)) > 0 {
			return result{}, conflict("This module is in use by actions.", "")
		}
		t.modules = append(t.modules[:i:i], t.modules[i+1:]...)
		return gone()
	}
	return result{}, errNoModule()
}

func (t *Tenant) listModuleActions(c *call) (result, error) {
	m := t.findModule(c.params["id"])
	if m == nil {
		return result{}, errNoModule()
	}
	found := []object{}
	for _, a := range t.users(m) {
		reference := a.reference(m)
		found = append(found, object{
			"action_id": a.id, "action_name": a.name, "supported_triggers": clone(a.triggers),
			"module_version_id": reference["module_version_id"], "module_version_number": reference["module_version_number"],
		})
	}
	return queryParams{c.query}.page(50).modulesAnswer("actions", found)
}

// publish freezes a module as its next version.
func (t *Tenant) publish(m *module) object {
	version := object{
		"id": t.uuid(), "module_id": m.id, "version_number": number(len(m.versions) + 1), "code": m.code,
		"dependencies": clone(m.dependencies), "secrets": clone(m.secrets), "created_at": micros(t.now()),
	}
	m.versions = append(m.versions, version)
	m.published = true
	return version
}

func (t *Tenant) publishModule(c *call) (result, error) {
	m := t.findModule(c.params["id"])
	if m == nil {
		return result{}, errNoModule()
	}
	return ok(t.publish(m))
}

func (t *Tenant) listModuleVersions(c *call) (result, error) {
	m := t.findModule(c.params["id"])
	if m == nil {
		return result{}, errNoModule()
	}
	found := []object{}
	for i := len(m.versions) - 1; i >= 0; i-- {
		found = append(found, m.versions[i])
	}
	return queryParams{c.query}.page(50).modulesAnswer("versions", found)
}

func (m *module) version(id any) object {
	for _, version := range m.versions {
		if version["id"] == id {
			return version
		}
	}
	return nil
}

func errNoModuleVersion() error { return notFound("That action module version does not exist.", "") }

func (t *Tenant) getModuleVersion(c *call) (result, error) {
	m := t.findModule(c.params["id"])
	if m == nil {
		return result{}, errNoModule()
	}
	version := m.version(c.params["versionId"])
	if version == nil {
		return result{}, errNoModuleVersion()
	}
	return ok(version)
}

// rollbackModule makes a module what it was in a version.
func (t *Tenant) rollbackModule(c *call) (result, error) {
	m := t.findModule(c.params["id"])
	if m == nil {
		return result{}, errNoModule()
	}
	version := m.version(c.body["module_version_id"])
	if version == nil {
		return result{}, errNoModuleVersion()
	}
	m.code, _ = version["code"].(string)
	m.dependencies, _ = clone(version["dependencies"]).([]any)
	m.secrets, _ = clone(version["secrets"]).([]any)
	m.updated, m.published = t.now(), version["id"] == m.versions[len(m.versions)-1]["id"]
	return ok(t.showModule(m))
}

// completeModules checks an action's references to modules, and completes them.
func (t *Tenant) completeModules(given []any) ([]any, error) {
	out := []any{}
	for _, item := range given {
		item, _ := item.(object)
		id, _ := item["module_id"].(string)
		m := t.findModule(id)
		if m == nil {
			return nil, refused(http.StatusBadRequest, "Module does not exist: "+id, "")
		}
		version := m.version(item["module_version_id"])
		if version == nil {
			return nil, refused(http.StatusBadRequest, "Module version does not exist or is not published: "+m.name, "")
		}
		out = append(out, object{
			"module_id": m.id, "module_name": m.name, "module_version_id": version["id"],
			"module_version_number": version["version_number"],
		})
	}
	return out, nil
}
