package sandbox

import "strings"

// Names of seeded nodes and forms that several places refer to.
const (
	profileForm = "Complete your profile"
	endingNode  = "$ending"
)

func place(x, y int) object { return object{"x": number(x), "y": number(y)} }

func step(id, alias, next string, x int, components ...any) object {
	return object{
		"id": id, "type": "STEP", "alias": alias, "coordinates": place(x, 0),
		"config": object{"components": components, "next_node": next},
	}
}

func field(id, kind, label string, required bool, config object) object {
	return object{"id": id, "category": "FIELD", "type": kind, "label": label, "required": required, "sensitive": false,
		"config": config}
}

func button(id, label string) object {
	return object{"id": id, "category": "BLOCK", "type": "NEXT_BUTTON", "config": object{"text": label}}
}

func flowNode(id, alias, flow, next string, x int) object {
	return object{
		"id": id, "type": "FLOW", "alias": alias, "coordinates": place(x, 120),
		"config": object{"flow_id": flow, "next_node": next},
	}
}

// seedForms makes flows and the forms that use them, and returns the forms' ids
// by name.
func (t *Tenant) seedForms() map[string]string {
	crm, mail := t.seedFlows()
	ids := map[string]string{}
	for i, body := range []object{
		t.profileForm(crm),
		t.brokenForm(),
		{
			"name": "Marketing consent", "languages": object{"primary": "en", "default": "en"},
			"start": object{"next_node": "step_consent", "coordinates": place(0, 0)},
			"nodes": []any{
				step("step_consent", "Ask", "flow_confirm", 500,
					field("consent", "LEGAL", "Send me news about books", false, object{"text": "I agree to receive news"}),
					button("next_consent", "Continue")),
				flowNode("flow_confirm", "Confirm by mail", mail, endingNode, 900),
			},
			"messages": object{"custom": object{}, "errors": object{"ERR_REQUIRED_PROPERTY": "Please answer this question"}},
		},
		{
			"name":  "Blank form",
			"start": object{"next_node": "step_blank", "coordinates": place(0, 0)},
			"nodes": []any{step("step_blank", "New step", endingNode, 500, button("next_blank", "Continue"))},
		},
		// An abandoned form, without nodes.
		{"name": "Untitled", "languages": object{"primary": "de"}},
	} {
		form := t.newForm(body)
		form["created_at"], form["updated_at"] = millis(t.daysAgo(90-i*10)), millis(t.daysAgo(30-i*4))
		if i == 0 {
			form["embedded_at"], form["submitted_at"] = millis(t.daysAgo(29)), millis(t.daysAgo(1))
		}
		t.forms.add(form)
		name, _ := form["name"].(string)
		ids[name], _ = form["id"].(string)
	}
	return ids
}

// profileForm is correct: every node is reached, and leads somewhere.
func (t *Tenant) profileForm(crm string) object {
	return object{
		"name":      profileForm,
		"languages": object{"primary": "en", "default": "en"},
		"translations": object{"ga": object{"components": object{
			"full_name": object{"label": "D'ainm iomlán"},
		}}},
		"messages": object{"custom": object{"greeting": "Welcome back"},
			"errors": object{"ERR_ACCEPTANCE_REQUIRED": "Please accept the terms"}},
		"style": object{"css": "h1 {\n  color: #123456;\n}"},
		"start": object{
			"hidden_fields": []any{object{"key": "campaign", "value": "autumn"}},
			"next_node":     "step_name", "coordinates": place(0, 0),
		},
		"nodes": []any{
			step("step_name", "Name", "router_country", 500,
				field("full_name", "TEXT", "Your name", true,
					object{"multiline": false, "min_length": number(1), "max_length": number(80)}),
				field("country", "DROPDOWN", "Country", true, object{"options": []any{
					object{"label": "Ireland", "value": "IE"}, object{"label": "Elsewhere", "value": "XX"},
				}}),
				button("next_name", "Continue")),
			object{
				"id": "router_country", "type": "ROUTER", "alias": "Where from?", "coordinates": place(900, 0),
				"config": object{
					"rules": []any{object{
						"id": "rule_ie", "alias": "Ireland",
						"condition": object{"operator": "AND",
							"operands": []any{object{"operator": "EQ", "operands": stringList("{{fields.country}}", "IE")}}},
						"next_node": "flow_crm",
					}},
					"fallback": "step_thanks",
				},
			},
			flowNode("flow_crm", "Tell the CRM", crm, "step_thanks", 1300),
			step("step_thanks", "Thanks", endingNode, 1700,
				object{"id": "thanks", "category": "BLOCK", "type": "RICH_TEXT",
					"config": object{"content": "<p>Thank you, {{fields.full_name}}.</p>"}},
				button("next_thanks", "Done")),
		},
		"ending": object{"resume_flow": true, "coordinates": place(2100, 0)},
	}
}

// brokenForm has the three mistakes that a graph check has to find: a node that
// nothing leads to, a next_node that doesn't exist, and a flow that doesn't either.
func (t *Tenant) brokenForm() object {
	return object{
		"name":  "Newsletter survey (draft)",
		"start": object{"next_node": "step_question", "coordinates": place(0, 0)},
		"nodes": []any{
			step("step_question", "Question", "flow_store", 500,
				field("favourite", "TEXT", "Your favourite book?", false, object{"multiline": true, "max_length": number(500)}),
				button("next_question", "Next")),
			flowNode("flow_store", "Store the answer", "af_"+t.randomText(alphanumeric, 22), "step_gone", 900),
			step("step_orphan", "Old question", endingNode, 900, button("next_orphan", "Next")),
		},
		"ending": object{"redirection": object{"delay": number(2), "target": "https://shop.harbourlight.example"}},
	}
}

// seedFlows returns the ids of the flows that forms use.
func (t *Tenant) seedFlows() (crm, mail string) {
	var ids []string
	for i, flow := range []object{
		{"name": "Update customer in CRM", "actions": []any{
			object{
				"id": "http_" + t.randomText(alphanumeric, 4), "alias": "Send to CRM", "type": "HTTP", "action": "SEND_REQUEST",
				"allow_failure": false, "mask_output": true,
				"params": object{
					"method": "PUT", "url": "https://crm.harbourlight.example/customers/{{context.user.user_id}}",
					"headers":      object{"authorization": "Bearer " + t.fakeToken()},
					"payload":      object{"name": "{{fields.full_name}}", "country": "{{fields.country}}"},
					"content_type": "JSON",
				},
			},
			object{
				"id": "update_user_" + t.randomText(alphanumeric, 4), "type": "AUTH0", "action": "UPDATE_USER",
				"allow_failure": true,
				"params": object{"connection_id": "{{connections.harbourlight}}", "user_id": "{{context.user.user_id}}",
					"changes": object{"user_metadata": object{"profiled": true}}},
			},
		}},
		{"name": "Confirm newsletter by mail", "actions": []any{object{
			"id": "verify_email_" + t.randomText(alphanumeric, 4), "type": "EMAIL", "action": "VERIFY_EMAIL",
			"params": object{"email": "{{context.user.email}}", "rules": object{}},
		}}},
		{"name": "Unused experiment", "actions": []any{}},
	} {
		flow["id"] = "af_" + t.randomText(alphanumeric, 22)
		flow["created_at"], flow["updated_at"] = millis(t.daysAgo(100-i)), millis(t.daysAgo(40-i))
		if i == 0 {
			flow["executed_at"] = millis(t.daysAgo(1))
		}
		t.flows.add(flow)
		id, _ := flow["id"].(string)
		ids = append(ids, id)
	}
	return ids[0], ids[1]
}

// seededAction is an action of the company and how far it got.
type seededAction struct {
	name, trigger, version, runtime, code string
	dependencies                          []any
	secrets                               []string
	deployed, bound                       bool
	// draft, if given, is newer code that was never deployed.
	draft string
}

func (t *Tenant) seedActions(forms map[string]string) {
	for i, seeded := range companyActions(forms[profileForm]) {
		at := t.daysAgo(80 - i*9)
		a := &action{
			id: t.uuid(), name: seeded.name, code: seeded.code, runtime: seeded.runtime,
			triggers:     []any{object{"id": seeded.trigger, "version": seeded.version}},
			dependencies: seeded.dependencies, created: at, updated: at, changed: at,
		}
		if a.dependencies == nil {
			a.dependencies = []any{}
		}
		for _, name := range seeded.secrets {
			a.secrets = append(a.secrets, actionSecret{name, at})
		}
		if seeded.deployed {
			a.deploy(t.uuid(), at.Add(t.buildTime))
		}
		if seeded.draft != "" {
			a.code, a.changed, a.updated = seeded.draft, t.daysAgo(2), t.daysAgo(2)
		}
		t.actions = append(t.actions, a)
		if seeded.bound {
			t.bindings[seeded.trigger] = append(t.bindings[seeded.trigger], &binding{t.uuid(), a.name, a, at.Add(t.buildTime)})
		}
	}
}

func companyActions(form string) []seededAction {
	login := func(lines ...string) string {
		return "exports.onExecutePostLogin = async (event, api) => {\n  " + strings.Join(lines, "\n  ") + "\n};\n"
	}
	crm := login(
		"const axios = require('axios');",
		"const found = await axios.get('https://crm.harbourlight.example/customers/' + event.user.user_id, {",
		"  headers: { authorization: 'Bearer ' + event.secrets.CRM_API_KEY },",
		"});",
		"api.user.setAppMetadata('tier', found.data.tier);",
	)
	return []seededAction{
		{
			name: "Ask for the profile", trigger: "post-login", version: "v3", runtime: "node22", deployed: true, bound: true,
			code: login("if (!event.user.user_metadata.profiled) {", "  api.prompt.render('"+form+"');", "}"),
		},
		{
			name: "Add roles to tokens", trigger: "post-login", version: "v3", runtime: "node22", deployed: true, bound: true,
			code: login("api.idToken.setCustomClaim('https://harbourlight.example/roles', event.authorization?.roles ?? []);"),
		},
		{
			name: "Enrich profile from CRM", trigger: "post-login", version: "v3", runtime: "node18", deployed: true,
			code: crm, draft: strings.Replace(crm, "'tier'", "'crm_tier'", 1),
			dependencies: []any{object{"name": "axios", "version": "1.7.2"}}, secrets: []string{"CRM_API_KEY", "CRM_TENANT"},
		},
		{
			name: "Refuse disposable mail", trigger: "pre-user-registration", version: "v2", runtime: "node22", deployed: true,
			bound: true,
			code: "exports.onExecutePreUserRegistration = async (event, api) => {\n  if " +
				"(event.user.email?.endsWith('@mail.example')) {\n    api.access.deny('disposable', 'Please use another " +
				"address.');\n  }\n};\n",
		},
		{
			name: "Limit machine scopes", trigger: "credentials-exchange", version: "v2", runtime: "node22", deployed: true,
			bound: true,
			code: "exports.onExecuteCredentialsExchange = async (event, api) => {\n  " +
				"api.accessToken.setCustomClaim('https://harbourlight.example/team', event.client.metadata.team);\n};\n",
		},
		{
			name: "Greet new readers", trigger: "post-user-registration", version: "v2", runtime: "node22",
			code: "exports.onExecutePostUserRegistration = async (event) => {\n  console.log('welcome ' + " +
				"event.user.user_id);\n};\n", secrets: []string{"MAIL_TOKEN"},
		},
		{
			name: "Fraud score (experiment)", trigger: "post-login", version: "v3", runtime: "node22",
			code:         login("return " + buildFailure + ";"),
			dependencies: []any{object{"name": "fraud-score-of-nobody", "version": "0.0.1"}},
		},
		{
			name: "Redirect to old shop", trigger: "post-login", version: "v2", runtime: "node16", deployed: true,
			code: login("if (event.client.name === 'Old shop') {",
				"  api.redirect.sendUserTo('https://old.harbourlight.example');", "}"),
		},
	}
}
