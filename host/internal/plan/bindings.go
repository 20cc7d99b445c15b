package plan

import "encoding/json"

// Auth0 replaces all bindings of a trigger at once. A request names an Action as
// {"ref":{"type":"action_id","value":"…"},"display_name":"…"}, an answer as
// {"id":"…","action":{"id":"…","name":"…"},"display_name":"…"}, with a new id for every
// binding. So a binding is known by its Action.
// Source: PATCH /api/v2/actions/triggers/{id}/bindings.

// bindsByReference reports whether a request replaces bindings by references.
func bindsByReference(body []byte) bool {
	var request struct {
		Bindings []map[string]json.RawMessage `json:"bindings"`
	}
	if json.Unmarshal(body, &request) != nil {
		return false
	}
	for _, one := range request.Bindings {
		if one["ref"] == nil {
			return false
		}
	}
	return len(request.Bindings) > 0
}

// bindings gives the items of two lists of bindings the ids of their Actions for keys; false
// if they are no bindings.
func bindings(before, after *list) bool {
	// ids are those of Actions by how a reference may name them, names what their
	// bindings are called.
	ids, names := map[[2]string]string{}, map[string]string{}
	for i, one := range before.items {
		action := below(one, "action")
		id, name := textOf(action, "id"), textOf(below(before.shown[i], "action"), "name")
		ids[[2]string{"action_id", id}] = id
		ids[[2]string{"binding_id", textOf(one, "id")}] = id
		ids[[2]string{"action_name", textOf(action, "name")}] = id
		names[id] = name
		if name := textOf(before.shown[i], "display_name"); name != "" {
			names[id] = name
		}
	}
	for _, l := range []*list{before, after} {
		for i, one := range l.items {
			ref := below(one, "ref")
			kind, value := textOf(ref, "type"), textOf(ref, "value")
			id := textOf(below(one, "action"), "id")
			if ref != nil {
				if id = ids[[2]string{kind, value}]; id == "" {
					id = value // an Action that was not bound
				}
			}
			if id == "" {
				return false
			}
			name := textOf(l.shown[i], "display_name")
			if name == "" {
				name = names[id]
			}
			l.keys, l.names = append(l.keys, id), append(l.names, name)
		}
		l.number()
	}
	return true
}

// settings are what a request decides about a binding besides its Action: where it gives
// references, Auth0 makes the rest.
func (d *differ) settings(s sides) sides {
	if !d.byReference || s.before == (absent{}) || s.after == (absent{}) {
		return s
	}
	given, _ := s.after.(map[string]any)
	own := map[string]bool{"action": true, "id": true, "trigger_id": true, "created_at": true, changedAt: true}
	if given["ref"] != nil {
		own = map[string]bool{"ref": true}
	}
	of := func(value any) any {
		object, _ := value.(map[string]any)
		kept := map[string]any{}
		for name, value := range object {
			if _, also := given[name]; also && !own[name] {
				kept[name] = value
			}
		}
		return kept
	}
	return sides{of(s.before), of(s.after), of(s.shownBefore), of(s.shownAfter)}
}

func below(value any, name string) any {
	object, _ := value.(map[string]any)
	return object[name]
}
