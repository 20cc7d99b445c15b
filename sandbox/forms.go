package sandbox

func errNoForm() error { return notFound("Form not found", "") }

func formSchema(create bool) *schema {
	off := func(s *schema) *schema {
		if create {
			return s
		}
		return s.nullable()
	}
	coordinates := record("The node's place on the canvas", map[string]*schema{
		"x": {types: []string{"integer", "number"}, meaning: "Horizontal place"},
		"y": {types: []string{"integer", "number"}, meaning: "Vertical place"},
	})
	props := map[string]*schema{
		"name": text("The name of the form").length(1, 150),
		"languages": off(record("Languages", map[string]*schema{
			"primary": text("The primary language").length(1, 10),
			"default": text("The default language").nullable(),
		})),
		"messages": off(record("Messages", map[string]*schema{
			"custom": freeForm("Custom messages").nullable(),
			"errors": freeForm("Error messages").nullable(),
		})),
		"translations": off(freeForm("Translations")),
		"style":        off(record("Style", map[string]*schema{"css": text("Custom CSS")})),
		"start": off(record("The start of the form", map[string]*schema{
			"hidden_fields": list(nil, "Hidden fields"),
			"next_node":     text("The first node").nullable(),
			"coordinates":   coordinates,
		})),
		"ending": off(record("The ending of the form", map[string]*schema{
			"redirection":  freeForm("Where to go after the form").nullable(),
			"after_submit": freeForm("What to do after the form").nullable(),
			"coordinates":  coordinates,
			"resume_flow":  flag("Whether the flow goes on"),
		})),
		"nodes": off(list(record("A node", map[string]*schema{
			"id":          text("The node's id").length(1, 255),
			"type":        text("The node's type").oneOf("FLOW", "STEP", "ROUTER"),
			"alias":       text("The node's name").length(0, 150),
			"coordinates": coordinates,
			"config":      freeForm("The node's configuration"),
		}, "id", "type"), "The form's nodes").length(0, 100)),
	}
	if create {
		return record("", props, "name")
	}
	return record("", props)
}

// mergeForm writes a valid body over a form. Members that are empty, or null, are
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
	q := readQuery(c.query, "page", "per_page", "include_totals", "hydrate")
	p := q.page(50)
	links := q.hydrates("links")
	if q.err != nil {
		return result{}, q.err
	}
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

// hydrates reads the parameter hydrate of forms and flows.
func (q *queryParams) hydrates(what string) bool {
	found := false
	for _, value := range q.list("hydrate") {
		switch value {
		case what:
			found = true
		case "flow_count", "form_count", "links", "forms":
		default:
			q.fail(badQuery("'No enum match for: %s' on property hydrate (Query parameter to hydrate the response with "+
				"additional data)", value))
		}
	}
	return found
}

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
	q := readQuery(c.query, "hydrate")
	links := q.hydrates("links")
	if q.err != nil {
		return result{}, q.err
	}
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
	if err := validateBody(c.body, formSchema(true)); err != nil {
		return result{}, err
	}
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
	if err := validateBody(c.body, formSchema(false)); err != nil {
		return result{}, err
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
	q := readQuery(c.query, "page", "per_page", "include_totals", "hydrate", "synchronous")
	p := q.page(50)
	_, _ = q.flag("synchronous", "Filter on flows that run synchronously")
	counted := q.hydrates("form_count")
	if q.err != nil {
		return result{}, q.err
	}
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

func (t *Tenant) getFlow(c *call) (result, error) {
	q := readQuery(c.query, "hydrate")
	q.hydrates("form_count")
	if q.err != nil {
		return result{}, q.err
	}
	flow := t.flows.find(c.params["id"])
	if flow == nil {
		return result{}, notFound("Flow not found", "")
	}
	return ok(flow)
}
