package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// refersTo refuses an object whose member names no object of a collection.
func refersTo(member, path string) func(*Tenant, *call, object) error {
	return func(t *Tenant, _ *call, o object) error {
		if id := text(o[member]); id != "" && t.all(path).find(id) == nil {
			return refused(http.StatusBadRequest, t.tables.resources[path].missing, "invalid_body")
		}
		return nil
	}
}

func checkExchangeAction(t *Tenant, _ *call, profile object) error {
	action := t.findAction(text(profile["action_id"]))
	if action == nil {
		return refused(http.StatusBadRequest, "The action does not exist.", "invalid_body")
	}
	return nil
}

// setStatus moves an experiment or a feature flag on.
func setStatus(path string) handler {
	return func(t *Tenant, c *call) (result, error) {
		found := t.all(path).find(c.params["id"])
		if found == nil {
			return result{}, t.tables.resources[path].notFound("")
		}
		now := millis(t.now())
		found["status"], found[updatedAt] = c.body["status"], now
		switch c.body["status"] {
		case "active", "running":
			if path == "experimentation/experiments" {
				found["started_at"] = now
			}
		case "completed", "ended":
			found["ended_at"] = now
		}
		return c.answer(found)
	}
}

// validateExperiment tells what keeps an experiment from being started.
func (t *Tenant) validateExperiment(c *call) (result, error) {
	found := t.all("experimentation/experiments").find(c.params["id"])
	if found == nil {
		return result{}, t.tables.resources["experimentation/experiments"].notFound("")
	}
	failures := []any{}
	if list, _ := found["allocations"].([]any); len(list) == 0 {
		failures = append(failures, object{"code": "no_allocations", "message": "The experiment has no allocations."})
	}
	found["is_valid"] = len(failures) == 0
	return c.answer(object{"is_valid": len(failures) == 0, "errors": failures})
}

func completeVaultConnection(t *Tenant, _ *call, o object) error {
	if o["setup"] != nil || o["fingerprint"] == nil {
		o["ready"] = o["setup"] != nil
		o["fingerprint"] = t.randomText(hexDigits, 32)
		delete(o, "setup")
	}
	return nil
}

// completeLogStream adds what the receiving side of a stream is called there.
func completeLogStream(t *Tenant, _ *call, stream object) error {
	sink, _ := stream["sink"].(object)
	switch stream["type"] {
	case "eventgrid":
		if sink["azurePartnerTopic"] == nil {
			sink["azurePartnerTopic"] = "azure.partner/auth0.com/" + t.name() + "/auth0.logs"
		}
	case "eventbridge":
		if sink["awsPartnerEventSource"] == nil {
			sink["awsPartnerEventSource"] = "aws.partner/auth0.com/" + t.name() + "/auth0.logs"
		}
	}
	if hashing, given := stream["pii_config"].(object); given && hashing["method"] == nil {
		hashing["method"], hashing["algorithm"] = "hash", "xxhash"
	}
	return nil
}

// completeRule gives a new rule the last place.
func completeRule(t *Tenant, _ *call, rule object) error {
	if rule["order"] == nil {
		rule["order"] = number(len(t.all("rules").items) + 1)
	}
	return nil
}

func showRulesConfig(_ *Tenant, c *call, o object) object {
	if c.operation.Method == http.MethodGet {
		delete(o, "value")
	}
	return o
}

func (t *Tenant) setRulesConfig(c *call) (result, error) {
	kept, key := t.all("rules-configs"), c.params["key"]
	kept.remove(key)
	kept.add(object{"key": key, "value": c.body["value"]})
	return c.answer(object{"key": key, "value": c.body["value"]})
}

// hookSecrets are the operations on the secrets of a hook. No answer has their values.
func (t *Tenant) hookSecrets(c *call) (result, error) {
	key := c.path("hooks/{id}/secrets")
	secrets, _ := t.values[key].(object)
	if secrets == nil {
		secrets = object{}
		t.values[key] = secrets
	}
	switch c.operation.Method {
	case http.MethodGet:
		return c.answer(cloneObject(secrets))
	case http.MethodDelete:
		for _, name := range texts(c.value) {
			delete(secrets, name)
		}
	default:
		for name := range c.body {
			secrets[name] = "_VALUE_NOT_SHOWN_"
		}
	}
	return c.answer(object{})
}

// ssoTicket answers with the link where a customer sets up single sign-on.
func (t *Tenant) ssoTicket(c *call) (result, error) {
	ticket := t.randomText(alphanumeric, 32)
	t.values["self-service-profiles/"+c.params["id"]+"/sso-ticket/"+ticket] = true
	return c.answer(object{"ticket": "https://" + t.domain + "/self-service/connections-flow?ticket=" + ticket})
}

// revokeSSOTicket ends a ticket before its time.
func (t *Tenant) revokeSSOTicket(c *call) (result, error) {
	f := t.tables.resources["self-service-profiles"]
	if t.all(f.path).find(c.params["profileId"]) == nil {
		return result{}, f.notFound(c.params["profileId"])
	}
	delete(t.values, "self-service-profiles/"+c.params["profileId"]+"/sso-ticket/"+c.params["id"])
	return c.answer(object{})
}

func (t *Tenant) listDeliveries(c *call) (result, error) {
	q := queryParams{c.query}
	kinds, statuses := q.list("event_types"), q.list("statuses")
	var items []object
	for _, delivery := range t.collection(t.tables.resources["event-streams/{id}/deliveries"], c).items {
		if (len(kinds) == 0 || slices.Contains(kinds, text(delivery["event_type"]))) &&
			(len(statuses) == 0 || slices.Contains(statuses, text(delivery["status"]))) {
			items = append(items, delivery)
		}
	}
	p := q.page(50)
	if p.from != "" { // the id of the last one of the page before
		at := slices.IndexFunc(items, func(delivery object) bool { return delivery["id"] == p.from })
		if at < 0 {
			return result{}, badQuery([]string{onProperty("Invalid checkpoint", "from")})
		}
		items = items[at+1:]
	}
	if p.checkpoint {
		items = items[:min(p.take, len(items))]
	}
	return ok(showAll(items, func(o object) object { return o }))
}

// redeliver sends failed events again: all that fit, or the one in the path. Those that arrive leave the list.
func (t *Tenant) redeliver(c *call) (result, error) {
	f := t.tables.resources["event-streams/{id}/deliveries"]
	kept := t.collection(f, c)
	if id := c.params["event_id"]; id != "" {
		if !kept.remove(id) {
			return result{}, f.notFound(id)
		}
		return c.answer(object{})
	}
	kinds := texts(c.body["event_types"])
	kept.items = slices.DeleteFunc(kept.items, func(o object) bool {
		return len(kinds) == 0 || slices.Contains(kinds, text(o["event_type"]))
	})
	return c.answer(cloneObject(c.body))
}

// newDelivery is an event that a stream could not deliver.
func (t *Tenant) newDelivery(stream, kind string) object {
	now := millis(t.now())
	id := "evt_" + t.randomText(base58, 22)
	return object{
		"id": id, "event_stream_id": stream, "status": "failed", "event_type": kind,
		"attempts": []any{object{"status": "failed", "timestamp": now, "error_message": "The webhook answered 503."}},
		"event": object{"id": id, "source": "urn:auth0:" + t.name(), "specversion": "1.0", "type": kind, "time": now,
			"data": `{"object":{}}`},
	}
}

func (t *Tenant) testStream(c *call) (result, error) {
	delivery := t.newDelivery(c.params["id"], text(c.body["event_type"]))
	t.collection(t.tables.resources["event-streams/{id}/deliveries"], c).add(delivery)
	return c.answer(delivery)
}

// raw is an answer that is not JSON.
type raw struct{ contentType, body string }

// events answers with the events that there are and ends the stream: those of the users of the company.
func (t *Tenant) events(c *call) (result, error) {
	var out strings.Builder
	wanted := queryParams{c.query}.list("event_type")
	for i, user := range t.all("users").items {
		if i == 5 || len(wanted) > 0 && !slices.Contains(wanted, "user.created") {
			break
		}
		id := "evt_" + text(user["user_id"])
		event := object{
			"type": "user.created", "offset": id, "event": object{
				"specversion": "1.0", "type": "user.created", "source": "urn:auth0:" + t.name() + ".users", "id": id,
				"time": user[createdAt], "a0tenant": t.name(), "a0stream": "est_" + strings.Repeat("1", 22),
				"data": object{"object": object{
					"user_id": user["user_id"], "email": user["email"], createdAt: user[createdAt], updatedAt: user[updatedAt],
					"identities": user["identities"],
				}},
			},
		}
		out.WriteString("id: " + id + "\nevent: user.created\ndata: " + string(encode(event)) + "\n\n")
	}
	return result{http.StatusOK, raw{"text/event-stream", out.String()}}, nil
}

func (t *Tenant) testAction(c *call) (result, error) {
	a := t.findAction(c.params["id"])
	if a == nil {
		return result{}, errNoAction()
	}
	stats := object{}
	for i, name := range []string{
		"total_request", "total_runtime_execution", "runtime_processing", "runtime_external_call", "action", "boot",
		"network",
	} {
		stats[name+"_duration_ms"] = number(14 - 2*i)
	}
	payload := object{"stats": stats}
	if strings.Contains(a.code, "throw ") {
		payload["error"] = object{
			"name": "Error", "message": "the action threw", "stack": "Error: the action threw\n    at onExecute",
		}
	}
	return c.answer(object{"payload": payload})
}

// Client ID metadata documents are not fetched: what they would say is made from their address.
func mappedFields(address string) object {
	return object{
		"external_client_id": address, "name": "Example client", "app_type": "native",
		"callbacks":                  stringList("http://127.0.0.1/callback"),
		"grant_types":                stringList("authorization_code", "refresh_token"),
		"token_endpoint_auth_method": "none",
	}
}

func (t *Tenant) previewCIMD(c *call) (result, error) {
	address := text(c.body["external_client_id"])
	violations := []any{}
	if !strings.HasPrefix(address, "https://") {
		violations = append(violations, "external_client_id must be an https URL")
	}
	return c.answer(object{
		"validation":    object{"valid": len(violations) == 0, "violations": violations, "warnings": []any{}},
		"mapped_fields": mappedFields(address),
	})
}

func (t *Tenant) registerCIMD(c *call) (result, error) {
	address := text(c.body["external_client_id"])
	for _, client := range t.clients.items {
		if client["external_client_id"] == address {
			return result{}, conflict("A client with this external_client_id exists already.", "")
		}
	}
	fields := mappedFields(address)
	client := t.newClient(fields)
	t.clients.add(client)
	return c.answer(object{
		"client_id": client["client_id"], "mapped_fields": fields,
		"validation": object{"valid": true, "violations": []any{}, "warnings": []any{}},
	})
}

// searchClients searches applications by the text of q: a name, or member:value.
func (t *Tenant) searchClients(c *call) (result, error) {
	q := queryParams{c.query}
	matching, err := parseUserQuery(q.text("q"))
	if err != nil {
		return result{}, badQuery([]string{onProperty(err.Error(), "q")})
	}
	var items []object
	for _, client := range t.clients.items {
		if client["global"] != true && matching(client) {
			items = append(items, client)
		}
	}
	return c.list(items, "client_id", func(client object) object { return showClient(c, client) })
}
