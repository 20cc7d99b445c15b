package plan

import "encoding/json"

// Auth0 replaces all bindings of a trigger at once. A request names an Action as
// {"ref":{"type":"action_id","value":"…"},"display_name":"…"}, an answer as
// {"id":"…","action":{"id":"…","name":"…"},"display_name":"…"}, with a new id for every
// binding. So a binding is identified by its Action.
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

// bindings takes the ids of the Actions for keys of two lists of bindings; false if the items are
// not bindings.
func bindings(before, after *list) bool {
	// ids are the Actions' ids by type and value of a reference, names the labels by Action id.
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

// settings are the members of a binding that are compared: where a request gives references, those
// that it sets besides the Action, since Auth0 makes the rest. Of a new binding in an answer they
// are its name and its Action's.
func (d *differ) settings(s sides) sides {
	given, _ := s.after.(map[string]any)
	if !d.byReference || given == nil {
		return s
	}
	if s.before == (absent{}) {
		if given["action"] != nil && given["ref"] == nil {
			s.after, s.shownAfter = brief(s.after), brief(s.shownAfter)
		}
		return s
	}
	own := map[string]bool{"action": true, "id": true, "trigger_id": true, "created_at": true, changedAt: true}
	if given["ref"] != nil {
		own = map[string]bool{"ref": true}
	}
	of := func(value any) any {
		return only(value, func(name string) bool {
			_, also := given[name]
			return also && !own[name]
		})
	}
	return sides{of(s.before), of(s.after), of(s.shownBefore), of(s.shownAfter)}
}

// brief is a binding of an answer with no more of its Action than id and name.
func brief(value any) any {
	kept := only(value, func(name string) bool { return name != "id" && name != "created_at" && name != changedAt })
	kept["action"] = only(kept["action"], func(name string) bool { return name == "id" || name == "name" })
	return kept
}

// only are the members of an object for which keeps is true.
func only(value any, keeps func(name string) bool) map[string]any {
	object, _ := value.(map[string]any)
	kept := map[string]any{}
	for name, value := range object {
		if keeps(name) {
			kept[name] = value
		}
	}
	return kept
}

func below(value any, name string) any {
	object, _ := value.(map[string]any)
	return object[name]
}
