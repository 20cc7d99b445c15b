package sandbox

import "slices"

func errNoForm() error { return notFound("Form not found", "") }

// mergeForm writes a valid body over a form or a flow. Members that are empty, or null, are
// not kept: the real API leaves them out of its answers.
func mergeForm(form, body object) {
	for name, value := range body {
		switch value := value.(type) {
		case nil:
			delete(form, name)
		case object:
			if len(value) == 0 {
				delete(form, name)
			} else {
				form[name] = clone(value)
			}
		case []any:
			if len(value) == 0 {
				delete(form, name)
			} else {
				form[name] = clone(value)
			}
		default:
			form[name] = value
		}
	}
}

func (t *Tenant) listForms(c *call) (result, error) {
	q := queryParams{c.query}
	p := q.page(50)
	links := q.hydrates("links")
	return p.answer("forms", "", t.forms.items, func(form object) object {
		out := object{"flow_count": number(flowCount(form))}
		for _, name := range []string{"id", "name", "created_at", "updated_at", "embedded_at", "submitted_at"} {
			if value, found := form[name]; found {
				out[name] = value
			}
		}
		if links {
			out["links"] = t.formLinks(form)
		}
		return out
	})
}

// hydrates tells whether the parameter hydrate of forms and flows asks for something.
func (q queryParams) hydrates(what string) bool { return slices.Contains(q.list("hydrate"), what) }

// flowCount counts the form's FLOW nodes.
func flowCount(form object) int {
	count := 0
	nodes, _ := form["nodes"].([]any)
	for _, node := range nodes {
		if node, _ := node.(object); node["type"] == "FLOW" {
			count++
		}
	}
	return count
}

// formLinks lists the flows that a form uses and that exist.
func (t *Tenant) formLinks(form object) []any {
	out := []any{}
	nodes, _ := form["nodes"].([]any)
	for _, node := range nodes {
		node, _ := node.(object)
		config, _ := node["config"].(object)
		id, _ := config["flow_id"].(string)
		if flow := t.flows.find(id); node["type"] == "FLOW" && flow != nil {
			out = append(out, object{"type": "FLOW", "id": id, "name": flow["name"]})
		}
	}
	return out
}

func (t *Tenant) getForm(c *call) (result, error) {
	q := queryParams{c.query}
	links := q.hydrates("links")
	form := t.forms.find(c.params["id"])
	if form == nil {
		return result{}, errNoForm()
	}
	if links {
		form = cloneObject(form)
		form["links"] = t.formLinks(form)
	}
	return ok(form)
}

func (t *Tenant) createForm(c *call) (result, error) {
	form := t.newForm(c.body)
	t.forms.add(form)
	return created(form)
}

func (t *Tenant) newForm(body object) object {
	now := millis(t.now())
	form := object{
		"id": "ap_" + t.randomText(alphanumeric, 22), "created_at": now, "updated_at": now,
		"languages": object{"primary": "en"}, "ending": object{"resume_flow": true},
	}
	mergeForm(form, body)
	return form
}

func (t *Tenant) updateForm(c *call) (result, error) {
	form := t.forms.find(c.params["id"])
	if form == nil {
		return result{}, errNoForm()
	}
	mergeForm(form, c.body)
	form["updated_at"] = millis(t.now())
	return ok(form)
}

func (t *Tenant) deleteForm(c *call) (result, error) {
	if !t.forms.remove(c.params["id"]) {
		return result{}, errNoForm()
	}
	return gone()
}

func (t *Tenant) listFlows(c *call) (result, error) {
	q := queryParams{c.query}
	p := q.page(50)
	counted := q.hydrates("form_count")
	return p.answer("flows", "", t.flows.items, func(flow object) object {
		out := object{}
		for _, name := range []string{"id", "name", "created_at", "updated_at", "executed_at"} {
			if value, found := flow[name]; found {
				out[name] = value
			}
		}
		if counted {
			out["form_count"] = number(len(t.formsUsing(flow["id"])))
		}
		return out
	})
}

func (t *Tenant) formsUsing(flow any) []object {
	var out []object
	for _, form := range t.forms.items {
		for _, link := range t.formLinks(form) {
			if link, _ := link.(object); link["id"] == flow {
				out = append(out, form)
				break
			}
		}
	}
	return out
}

func errNoFlow() error { return notFound("Flow not found", "") }

func (t *Tenant) createFlow(c *call) (result, error) {
	now := millis(t.now())
	flow := object{"id": "af_" + t.randomText(alphanumeric, 22), "created_at": now, "updated_at": now}
	mergeForm(flow, c.body)
	t.flows.add(flow)
	return created(flow)
}

func (t *Tenant) updateFlow(c *call) (result, error) {
	flow := t.flows.find(c.params["id"])
	if flow == nil {
		return result{}, errNoFlow()
	}
	mergeForm(flow, c.body)
	flow["updated_at"] = millis(t.now())
	return ok(flow)
}

func (t *Tenant) deleteFlow(c *call) (result, error) {
	if !t.flows.remove(c.params["id"]) {
		return result{}, errNoFlow()
	}
	return gone()
}

func (t *Tenant) getFlow(c *call) (result, error) {
	flow := t.flows.find(c.params["id"])
	if flow == nil {
		return result{}, errNoFlow()
	}
	return ok(flow)
}
