package sandbox

import (
	mathrand "math/rand/v2"
	"net/url"
	"slices"
)

// An Incident is a failure in the company's tenant whose cause is known: what a tool that looks for causes
// should find.
type Incident struct {
	Name string
	// Symptom is what the one who reports it sees, and Cause what is behind it, and how it is fixed.
	Symptom, Cause, Fix string
	// Query finds its events in the log.
	Query string
	// Evidence are the answers of the Management API that show the cause.
	Evidence []Evidence
}

// Evidence is an answer that shows the cause of an incident.
type Evidence struct {
	Path string // with its query
	Has  string // a part of the answer; empty: none is needed
	// Lacks is what the answer does not have.
	Lacks string
}

// incidentDay is where in the seeded span the incidents lie: in its last hours.
const incidentDay = 0.955

// Incidents lists the incidents of the company; there are none in an empty tenant.
func (t *Tenant) Incidents() []Incident {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seedDirectory()
	if t.company.apps == nil {
		return nil
	}
	return slices.Concat(t.userIncidents(), t.applicationIncidents(), t.machineIncidents())
}

func (t *Tenant) userIncidents() []Incident {
	user := func(name, below string) string {
		return "/api/v2/users/" + url.PathEscape(t.company.person(name).id) + below
	}
	return []Incident{
		{
			Name:    "blocked-user",
			Symptom: "bram.okafor@example.com cannot sign in to the shop: \"user is blocked\".",
			Cause:   "The user has been blocked.", Fix: "Unblock the user, if the block is not intended.",
			Query:    `type:f AND description:"user is blocked"`,
			Evidence: []Evidence{{Path: user("bram.okafor", ""), Has: `"blocked":true`}},
		},
		{
			Name:    "brute-force-block",
			Symptom: "ada.finch@example.com cannot sign in although the password is right.",
			Cause:   "After too many wrong passwords from 192.0.2.3 the account is blocked for that address.",
			Fix:     "Remove the block of the user; the address that guessed stays out.",
			Query:   `type:limit_wc AND ip:"192.0.2.3"`,
			Evidence: []Evidence{
				{Path: "/api/v2/user-blocks/" + url.PathEscape(t.company.person("ada.finch").id), Has: `"ip":"192.0.2.3"`},
				{Path: "/api/v2/attack-protection/brute-force-protection", Has: `"enabled":true`},
			},
		},
		{
			Name:    "mfa-enrollment-missing",
			Symptom: "kira.tanaka@example.com is asked for a second factor and cannot give one.",
			Cause:   "The policy demands multi-factor authentication, and the user has enrolled no factor.",
			Fix:     "Send the user an enrollment ticket.",
			Query:   `type:mfar AND user_name:"kira.tanaka@example.com"`,
			Evidence: []Evidence{
				{Path: "/api/v2/guardian/policies", Has: "all-applications"},
				{Path: user("kira.tanaka", "/enrollments"), Has: "[]"},
			},
		},
		{
			Name:    "signup-disabled",
			Symptom: "A partner cannot create an account: \"Public signup is disabled\".",
			Cause:   "The database warehouse-partners has signup disabled.",
			Fix:     "Create the partner's user, or enable signup for the connection.",
			Query:   `type:fs AND connection:"warehouse-partners"`,
			Evidence: []Evidence{
				{Path: "/api/v2/connections/con_WarehousePartner", Has: `"disable_signup":true`},
			},
		},
		{
			Name:    "organization-connection-disabled",
			Symptom: "No one from Lanternfish Reviews can sign in to their organization.",
			Cause:   "The connection lanternfish-oidc is disabled in the organization.",
			Fix:     "Enable the connection in the organization.",
			Query:   `type:f AND organization_id:"org_LanternfishRview"`,
			Evidence: []Evidence{
				{Path: "/api/v2/organizations/org_LanternfishRview/connections/con_LanternfishOidc1", Has: `"is_enabled":false`},
			},
		},
	}
}

func (t *Tenant) applicationIncidents() []Incident {
	app := func(name string) string { return text(t.company.apps[name]["client_id"]) }
	return []Incident{
		{
			Name:    "connection-not-enabled",
			Symptom: "Readers on Android cannot sign in with Google; on iOS they can.",
			Cause:   "The connection google-oauth2 is not enabled for the application Harbourlight Reader (Android).",
			Fix:     "Enable the connection for the application.",
			Query:   `type:f AND description:"the connection is not enabled"`,
			Evidence: []Evidence{{
				Path: "/api/v2/connections/con_HarbourlightGoog/clients", Has: app("ios"), Lacks: app("android"),
			}},
		},
		{
			Name:    "callback-url-mismatch",
			Symptom: "A developer of the Staff Dashboard sees \"Callback URL mismatch\".",
			Cause:   "http://localhost:4000/callback is not among the application's allowed callback URLs.",
			Fix:     "Add the URL to the application's callbacks, or use one that is there.",
			Query:   `type:f AND description:Callback*`,
			Evidence: []Evidence{
				{Path: "/api/v2/clients/" + app("dashboard") + "?fields=callbacks", Lacks: "localhost:4000"},
			},
		},
		{
			Name:    "custom-domain-certificate-expired",
			Symptom: "Browsers refuse id.readers.harbourlight.example: its certificate has expired.",
			Cause:   "The certificate could not be renewed: the domain's CAA record does not allow the certificate authority.",
			Fix:     "Allow letsencrypt.org in the CAA record; the certificate is renewed then.",
			Query:   `type:custom_domain_verification_failed`,
			Evidence: []Evidence{
				{Path: "/api/v2/custom-domains/cd_ReadersOldDomai1", Has: "renewing_failed"},
			},
		},
	}
}

// machineIncidents are those of the applications that run without a user.
func (t *Tenant) machineIncidents() []Incident {
	app := func(name string) string { return text(t.company.apps[name]["client_id"]) }
	return []Incident{
		{
			Name:    "action-throws",
			Symptom: "Stock Sync gets no token since the night: \"Cannot read properties of undefined\".",
			Cause:   "The Action \"Limit machine scopes\" reads metadata that the application does not have, and throws.",
			Fix:     "Let the Action allow for applications without metadata, or give the application metadata.",
			Query:   `type:feccft AND description:"Cannot read properties of undefined (reading 'team')"`,
			Evidence: []Evidence{
				{Path: "/api/v2/actions/executions/exe_LimitMachineScopes01", Has: "reading 'team'"},
				{Path: "/api/v2/clients/" + app("stock"), Lacks: "client_metadata"},
			},
		},
		{
			Name:    "client-secret-rotated",
			Symptom: "Order Importer gets 401 from the token endpoint since its secret was rotated.",
			Cause:   "The client secret was rotated through the Management API, and the application has the old one.",
			Fix:     "Give the application the new secret.",
			Query:   `type:sapi AND description:"Rotate a Client Secret"`,
			Evidence: []Evidence{
				{Path: "/api/v2/logs?q=" + url.QueryEscape(`type:feccft AND client_id:"`+app("orders")+`"`), Has: "invalid_client"},
			},
		},
		{
			Name:    "client-grant-missing",
			Symptom: "Order Importer gets no token for the Payments API: 403 access_denied.",
			Cause:   "The application has no client grant for https://payments.harbourlight.example.",
			Fix:     "Create a client grant with the scopes that it needs.",
			Query:   `type:feccft AND description:*payments.harbourlight*`,
			Evidence: []Evidence{{
				Path: "/api/v2/client-grants?client_id=" + app("orders"), Lacks: "https://payments.harbourlight.example",
			}},
		},
	}
}

// person finds a person of the log by the first part of their email address.
func (c company) person(login string) person {
	for _, p := range c.people {
		if p.name == login+"@example.com" {
			return p
		}
	}
	return person{}
}

// incidents are the events of the incidents. Their randomness is their own, so that the other events stay as
// they are.
func (s *logSeeder) incidents() {
	saved := s.t.rand
	// #nosec G404 -- identifiers of a test double, reproducible on purpose
	s.t.rand = mathrand.New(mathrand.NewPCG(s.t.seed, 0xbb67ae8584caa73b))
	defer func() { s.t.rand = saved }()
	people := company{people: s.people}
	s.failedLogins(people)
	s.failedExchanges()
	s.incident(0.01, object{
		"type": "custom_domain_verification_failed", "hostname": "id.readers.harbourlight.example", "ip": "203.0.113.201",
		"description": "The certificate of id.readers.harbourlight.example could not be renewed",
		"details": object{"error": object{
			"message": "The CAA record of readers.harbourlight.example does not allow letsencrypt.org.",
		}},
	})
}

// incident places an event behind the beginning of the incidents, at a fraction of their time.
func (s *logSeeder) incident(fraction float64, event object) {
	before := len(s.events)
	s.add(incidentDay+fraction*(1-incidentDay), event)
	s.events[before].settled = true
}

// failedLogins are people who do not get in.
func (s *logSeeder) failedLogins(people company) {
	failed := func(fraction float64, app, login, description string, more object) {
		event := s.app(app, people.person(login).event("f", description))
		event["ip"], event["user_agent"], event["hostname"] = "203.0.113.90", "Firefox 142.0.0 / Ubuntu 0.0.0", s.t.domain
		event["details"] = object{"error": object{
			"message": description, "oauthError": "unauthorized", "type": "oauth-authorization",
		}}
		for name, value := range more {
			event[name] = value
		}
		s.incident(fraction, event)
	}
	for i := range 3 {
		failed(0.1+float64(i)*0.05, "shop", "bram.okafor", "user is blocked", nil)
		failed(0.2+float64(i)*0.07, "android", "dmitri.vale", "the connection is not enabled", object{
			"connection": "google-oauth2", "connection_id": "con_HarbourlightGoog", "user_id": "", "user_name": "",
		})
		failed(0.3+float64(i)*0.02, "partner", "", "the connection is not enabled for the organization", object{
			"connection": "lanternfish-oidc", "connection_id": "con_LanternfishOidc1", "strategy": "oidc",
			"organization_id": "org_LanternfishRview", "organization_name": "lanternfish",
			"user_name": "sable@lanternfish.example",
		})
	}
	failed(0.5, "dashboard", "",
		"Callback URL mismatch. http://localhost:4000/callback is not in the list of allowed callback URLs",
		object{"strategy": nil, "strategy_type": nil, "details": object{
			"qs":    object{"redirect_uri": "http://localhost:4000/callback", "response_type": "code"},
			"error": object{"message": "Callback URL mismatch.", "oauthError": "unauthorized_client"},
		}})
	for i := range 2 {
		failed(0.6+float64(i)*0.04, "shop", "kira.tanaka", "MFA is required", object{"type": "mfar", "details": object{}})
	}
	failed(0.7, "dashboard", "", "Public signup is disabled", object{
		"type": "fs", "connection": "warehouse-partners", "connection_id": "con_WarehousePartner", "strategy": "auth0",
		"user_name": "orders@dockside.example",
		"details":   object{"body": object{"email": "orders@dockside.example", "password": "*****"}},
	})
}

// failedExchanges are machines that get no token.
func (s *logSeeder) failedExchanges() {
	id := text(s.apps["orders"]["client_id"])
	s.incident(0.15, s.operation("sapi", "Rotate a Client Secret", "post", "/api/v2/clients/"+id+"/rotate-secret", 200,
		object{}, object{"client_id": id, "name": s.apps["orders"]["name"]}))
	failed := func(fraction float64, app, audience, description, code string, more object) {
		details := object{"error": object{"message": description, "type": code}}
		for name, value := range more {
			details[name] = value
		}
		s.incident(fraction, s.app(app, object{
			"type": "feccft", "description": description, "ip": "203.0.113.200",
			"user_agent": "Go-http-client 2.0 / Other 0.0.0", "hostname": s.t.domain, "audience": audience, "details": details,
		}))
	}
	const orders, payments = "https://api.harbourlight.example/orders", "https://payments.harbourlight.example"
	for i := range 4 {
		at := float64(i) * 0.03
		failed(0.16+at, "orders", orders, "Unauthorized", "invalid_client", nil)
		failed(0.4+at, "orders", payments,
			`Client is not authorized to access resource server "`+payments+`".`, "access_denied", nil)
		failed(0.8+at, "stock", "urn:harbourlight:warehouse",
			"Cannot read properties of undefined (reading 'team')", "server_error",
			object{"actions": object{"executions": stringList("exe_LimitMachineScopes01")}})
	}
}

// seedIncidents makes the state behind the incidents, as far as the rest of the seed does not have it.
func (t *Tenant) seedIncidents() {
	t.all("users").find(t.company.person("bram.okafor").id)["blocked"] = true
	t.blocks = append(t.blocks, object{
		"identifier": "ada.finch@example.com", "ip": "192.0.2.3", "connection": "Username-Password-Authentication",
	})
	for _, ip := range []string{"192.0.2.3", "198.51.100.10", "198.51.100.11"} {
		t.blockedIPs[ip] = true
	}
	at := t.made.Add(-day / 8)
	t.plant("actions/executions", nil, object{
		"id": "exe_LimitMachineScopes01", "trigger_id": "credentials-exchange", "status": "final",
		createdAt: nanos(at), updatedAt: nanos(at), "results": []any{object{
			"action_name": "Limit machine scopes", "started_at": nanos(at), "ended_at": nanos(at), "error": object{
				"id": "unhandled_exception", "msg": "Cannot read properties of undefined (reading 'team')",
				"url": "https://auth0.com/docs/customize/actions/limitations",
			},
		}},
	})
}
