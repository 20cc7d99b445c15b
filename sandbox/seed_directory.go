package sandbox

import (
	_ "embed"
	"encoding/json"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// company is what the seed of the directory needs of the rest of the seed.
type company struct {
	apps   map[string]object // by their short names
	people []person
}

// The directory of the company. {{app shop}} is the client_id of an application, {{user ada.finch}} the
// user_id of a person of the log, {{days 3}} the time three days before the tenant was made.
//
//go:embed seed_directory.json
var directoryText string

// seededPart is a collection, a relation or a setting of the directory.
type seededPart struct {
	Path    string            `json:"path"`
	Below   map[string]string `json:"below"`
	Objects []object          `json:"objects"`

	Relation string      `json:"relation"`
	Pairs    [][2]string `json:"pairs"`

	Setting string `json:"setting"`
	Value   any    `json:"value"`
}

// seedDirectory makes what the tables hold when a tenant begins, at the first request that needs it. Its
// randomness is its own, so that it is the same whenever that is.
func (t *Tenant) seedDirectory() {
	if t.seeded {
		return
	}
	t.seeded = true
	saved := t.rand
	// #nosec G404 -- identifiers of a test double, reproducible on purpose
	t.rand = mathrand.New(mathrand.NewPCG(t.seed, 0x6a09e667f3bcc909))
	defer func() { t.rand = saved }()
	t.seedKeys()
	t.seedTemplates()
	if t.company.apps == nil {
		return
	}
	decoder := json.NewDecoder(strings.NewReader(t.fillSeed(directoryText)))
	decoder.UseNumber()
	var parts []seededPart
	if err := decoder.Decode(&parts); err != nil {
		panic("sandbox: seed_directory.json: " + err.Error()) // a test makes the seed
	}
	for _, part := range parts {
		if part.Path == "users" {
			t.seedUsers()
		}
		for _, body := range part.Objects {
			t.plant(part.Path, part.Below, body)
		}
		for _, ends := range part.Pairs {
			t.pairUp(part.Relation, pair{ends[0], ends[1]})
		}
		if part.Setting != "" {
			t.values[part.Setting] = part.Value
		}
	}
	t.seedIncidents()
}

// fillSeed puts the tenant's own texts into the seed.
func (t *Tenant) fillSeed(text string) string {
	texts := map[string]string{"domain": t.domain, "tenant": t.name()}
	for name, app := range t.company.apps {
		texts["app "+name], _ = app["client_id"].(string)
	}
	for _, p := range t.company.people {
		texts["user "+strings.TrimSuffix(p.name, "@example.com")] = p.id
	}
	texts["credential"] = t.credentialOf(t.company.apps["stock"])
	texts["flow"], texts["action"] = firstText(t.flows.items[0]["id"]), t.actions[0].id
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, _ := strings.Cut(rest, "}}")
		text = after
		days, isTime := strings.CutPrefix(name, "days ")
		value, known := texts[name]
		switch {
		case isTime:
			n, _ := strconv.Atoi(days)
			out.WriteString(millis(t.made.Add(-time.Duration(n) * day)))
		case known:
			out.WriteString(value)
		default: // of the templates of mails
			out.WriteString("{{" + name + "}}")
		}
	}
}

// credentialOf is the id of the first key that an application authenticates with.
func (t *Tenant) credentialOf(client object) string {
	for _, holder := range credentialLists(client) {
		list, _ := holder["credentials"].([]any)
		for _, item := range list {
			credential, _ := item.(object)
			return text(credential["id"])
		}
	}
	return ""
}

// seedUsers makes the people of the log users.
func (t *Tenant) seedUsers() {
	for i, p := range t.company.people {
		login := strings.TrimSuffix(p.name, "@example.com")
		given, family, _ := strings.Cut(login, ".")
		given, family = strings.ToUpper(given[:1])+given[1:], strings.ToUpper(family[:1])+family[1:]
		_, bare, _ := strings.Cut(p.id, "|")
		user := object{
			"user_id": p.id, "email": p.name, "email_verified": i%7 != 6, "name": given + " " + family, "nickname": login,
			"given_name": given, "family_name": family, "picture": "https://cdn.auth0.com/avatars/" + login[:2] + ".png",
			"connection": p.connection, "logins_count": number(3 + i*17%60), "last_ip": "203.0.113." + strconv.Itoa(i+1),
			"last_login":    millis(t.made.Add(-time.Duration(i) * 7 * time.Hour)),
			createdAt:       millis(t.made.Add(-time.Duration(30+i*11) * day)),
			updatedAt:       millis(t.made.Add(-time.Duration(i) * 7 * time.Hour)),
			"user_metadata": object{"newsletter": i%2 == 0}, "app_metadata": object{"tier": []any{"reader", "collector"}[i%2]},
			"identities": []any{object{
				"connection": p.connection, "provider": p.strategy, "user_id": bare, "isSocial": p.strategy == "google-oauth2",
			}},
		}
		t.plant("users", nil, user)
	}
}

// seedTemplates makes the templates that every tenant can make profiles of.
func (t *Tenant) seedTemplates() {
	t.plant("user-attribute-profiles/templates", nil, parseObject(`{"id":"auth0-generic",
		"display_name":"Generic profile","template":{"name":"Generic profile","user_id":{"oidc_mapping":"sub",
		"saml_mapping":["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"],"scim_mapping":"externalId"},
		"user_attributes":{"email":{"label":"Email","description":"The user's email address","profile_required":true,
		"auth0_mapping":"email","scim_mapping":"emails[primary eq true].value","oidc_mapping":{"mapping":"email",
		"display_name":"Email"},"saml_mapping":["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"]}}}}`))
	t.plant("connection-profiles/templates", nil, parseObject(`{"id":"auth0-generic","display_name":"Generic profile",
		"template":{"name":"Generic profile","organization":{"show_as_button":"optional",
		"assign_membership_on_login":"optional"},"enabled_features":["scim","universal_logout"],"connection_config":{}}}`))
}

// plant makes an object of the seed. It names its id if others refer to it.
func (t *Tenant) plant(path string, params map[string]string, body object) object {
	f := t.tables.resources[path]
	operation, known := managementapi.ByName("POST " + apiPrefix + path)
	if !known {
		operation = &managementapi.Operation{}
	}
	made, err := f.make(t, &call{operation: operation, params: params, seeding: true}, body)
	if err != nil {
		panic("sandbox: seed of " + path + ": " + err.Error()) // a test makes the seed
	}
	return made
}
