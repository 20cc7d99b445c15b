package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// logSpan is how far back the seeded events reach.
const logSpan = 8 * 24 * time.Hour

// person is a user of the company's applications, as the log knows them.
type person struct {
	id, name, connection, connectionID, strategy string
}

// logSeeder draws events. Each event is drawn with its moment, and given its
// log_id when all are in order.
type logSeeder struct {
	t      *Tenant
	apps   map[string]object
	people []person
	start  time.Time
	events []seededEvent
}

type seededEvent struct {
	at    time.Time
	event object
	// settled: the event is logged at once.
	settled bool
}

func (t *Tenant) seedLogs(apps map[string]object) []person {
	s := &logSeeder{t: t, apps: apps, start: t.now().Add(-logSpan + time.Minute).UTC()}
	s.people = s.seedPeople()
	s.logins()
	s.attacks()
	s.machines()
	s.accounts()
	s.management()
	s.oddities()
	s.incidents()
	slices.SortStableFunc(s.events, func(a, b seededEvent) int { return a.at.Compare(b.at) })
	for _, e := range s.events {
		// An event is logged a little after it happened.
		received := e.at
		if !e.settled {
			received = e.at.Add(time.Duration(200+t.rand.IntN(900)) * time.Millisecond)
		}
		e.event["date"] = millis(e.at)
		t.appendLog(e.event, received)
	}
	return s.people
}

func (s *logSeeder) seedPeople() []person {
	names := []string{
		"ada.finch", "bram.okafor", "celia.marsh", "dmitri.vale", "esme.hollis", "farid.nasser", "greta.lund", "hugo.pereira",
		"ines.calder", "jonas.whitlock", "kira.tanaka", "lev.aronson", "mona.castellane", "nils.brandt", "orla.keane",
		"priya.raman", "quentin.abara", "rosa.delgado", "stellan.frost", "tamsin.boyd",
	}
	out := make([]person, 0, len(names))
	for i, name := range names {
		p := person{
			id: "auth0|" + s.t.randomText(hexDigits, 24), name: name + "@example.com",
			connection: "Username-Password-Authentication", connectionID: "con_HarbourlightUser", strategy: "auth0",
		}
		switch {
		case i%5 == 3:
			p.id, p.connection, p.connectionID, p.strategy = "google-oauth2|"+s.t.randomText("123456789",
				21), "google-oauth2", "con_HarbourlightGoog", "google-oauth2"
		case i%9 == 4:
			p.id, p.strategy = "samlp|harbourlight-staff|"+name, "samlp"
			p.connection, p.connectionID = "harbourlight-staff", "con_HarbourlightSaml"
		}
		out = append(out, p)
	}
	return out
}

// add places an event at a fraction of the span, 0 being its beginning.
func (s *logSeeder) add(fraction float64, event object) {
	at := s.start.Add(time.Duration(fraction * float64(logSpan-2*time.Minute)))
	s.events = append(s.events, seededEvent{at: at.Truncate(time.Millisecond), event: event})
}

func (s *logSeeder) someone() person { return s.people[s.t.rand.IntN(len(s.people))] }

// reader is someone who has a password with the company.
func (s *logSeeder) reader() person {
	for {
		if p := s.someone(); p.strategy == "auth0" {
			return p
		}
	}
}

func (s *logSeeder) homeIP() string {
	return fmt.Sprintf("203.0.113.%d", 1+s.t.rand.IntN(60))
}

func (s *logSeeder) browser() string {
	agents := []string{
		"Chrome 139.0.0 / Mac OS X 15.5.0", "Chrome 139.0.0 / Windows 11.0.0", "Firefox 142.0.0 / Ubuntu 0.0.0",
		"Mobile Safari 18.5 / iOS 18.5.0", "Chrome Mobile 139.0.0 / Android 15.0.0",
	}
	return agents[s.t.rand.IntN(len(agents))]
}

func (s *logSeeder) app(short string, event object) object {
	event["client_id"], event["client_name"] = s.apps[short]["client_id"], s.apps[short]["name"]
	return event
}

func (p person) event(kind, description string) object {
	return object{
		"type": kind, "description": description, "user_id": p.id, "user_name": p.name,
		"connection": p.connection, "connection_id": p.connectionID, "strategy": p.strategy,
		"strategy_type": map[string]string{"auth0": "database", "google-oauth2": "social", "samlp": "enterprise"}[p.strategy],
	}
}

func (s *logSeeder) userApp() string {
	return []string{"shop", "shop", "shop", "dashboard", "ios", "android"}[s.t.rand.IntN(6)]
}

// logins are the days of people who get in, by and large.
func (s *logSeeder) logins() {
	for range 430 {
		p, app, at := s.someone(), s.userApp(), s.t.rand.Float64()
		ip, agent := s.homeIP(), s.browser()
		common := func(event object) object {
			event["ip"], event["user_agent"], event["hostname"] = ip, agent, s.t.domain
			event["isMobile"] = strings.Contains(agent, "Mobile")
			return s.app(app, event)
		}
		login := common(p.event("s", ""))
		login["scope"] = stringList("openid", "profile", "email")
		login["location_info"] = object{"country_code": "IE", "country_code3": "IRL", "country_name": "Ireland",
			"city_name": "Galway", "latitude": "53.27", "longitude": "-9.05", "time_zone": "Europe/Dublin",
			"continent_code": "EU"}
		login["details"] = object{
			"prompts": []any{}, "stats": object{"loginsCount": number(1 + s.t.rand.IntN(400))},
			"session_id":  s.t.randomText(alphanumeric, 32),
			"initiatedAt": number(int(s.start.UnixMilli()) + s.t.rand.IntN(1000)),
		}
		s.add(at, login)
		switch s.t.rand.IntN(6) {
		case 0, 1:
			exchange := common(p.event("seacft", ""))
			exchange["scope"], exchange["audience"] = "openid profile offline_access", "https://api.harbourlight.example/orders"
			exchange["details"] = object{"code": "*************" + s.t.randomText(alphanumeric, 3)}
			s.add(at+0.00001, exchange)
		case 2:
			s.add(min(at+0.01, 1), common(p.event("slo", "User successfully logged out")))
		case 3:
			silent := common(p.event("ssa", ""))
			silent["scope"] = "openid"
			s.add(min(at+0.02, 1), silent)
		}
	}
	for range 40 {
		failed := s.app(s.userApp(), object{
			"type": "feacft", "description": "Invalid authorization code", "ip": s.homeIP(), "user_agent": s.browser(),
			"scope": stringList("openid", "offline_access"),
			"details": object{"code": "*************" + s.t.randomText(alphanumeric, 3),
				"error": object{"message": "Invalid authorization code"}},
		})
		delete(failed, "user_id")
		s.add(s.t.rand.Float64(), failed)
	}
}

// attacks are two guessing campaigns and the scatter of honest mistakes.
func (s *logSeeder) attacks() {
	for range 90 {
		p := s.reader()
		event := s.app(s.userApp(), p.event("fp", "Wrong email or password."))
		event["ip"], event["user_agent"] = s.homeIP(), s.browser()
		event["details"] = object{"error": object{"message": "Wrong email or password."}}
		s.add(s.t.rand.Float64(), event)
	}
	// One address tries one account, fast.
	victim := s.people[0]
	for i := range 70 {
		event := s.app("shop", victim.event("fp", "Wrong email or password."))
		event["ip"], event["user_agent"] = "192.0.2.3", "python-requests 2.32.0 / Other 0.0.0"
		event["details"] = object{"error": object{"message": "Wrong email or password."}}
		s.add(0.71+float64(i)*0.00002, event)
	}
	blocked := s.app("shop", victim.event("limit_wc", "User has been blocked: too many failed logins from 192.0.2.3"))
	blocked["ip"] = "192.0.2.3"
	s.add(0.7115, blocked)
	// Many addresses try many names that mostly don't exist.
	for i := range 110 {
		event := s.app("shop", object{
			"type": "fu", "description": "Wrong email or password.", "connection": "Username-Password-Authentication",
			"connection_id": "con_HarbourlightUser", "strategy": "auth0", "strategy_type": "database",
			"user_name": fmt.Sprintf("guess%03d@mail.example", i), "ip": fmt.Sprintf("198.51.100.%d", 10+i%14),
			"user_agent": "Go-http-client 2.0 / Other 0.0.0",
		})
		if i%11 == 0 {
			known := s.reader()
			event["type"], event["user_id"], event["user_name"] = "fp", known.id, known.name
		}
		s.add(0.9+float64(i)*0.00005, event)
	}
	for i := range 6 {
		s.add(0.9055+float64(i)*0.0001, object{
			"type": "limit_mu", "description": "An IP address is blocked: too many failed logins",
			"ip": fmt.Sprintf("198.51.100.%d", 10+i),
		})
	}
	for range 45 {
		event := s.app(s.userApp(), object{"type": "f", "description": "access_denied", "ip": s.homeIP(),
			"user_agent": s.browser()})
		event["details"] = object{"error": object{"message": "Service not found: https://api.harbourlight.example/order",
			"oauthError": "access_denied", "type": "oauth-authorization"}}
		s.add(s.t.rand.Float64(), event)
	}
}

// machines are token exchanges of the back-office services.
func (s *logSeeder) machines() {
	for i := range 190 {
		app := []string{"orders", "stock", "deploy"}[i%3]
		audience := []string{"https://api.harbourlight.example/orders", "urn:harbourlight:warehouse", s.t.Audience()}[i%3]
		event := s.app(app, object{
			"type": "seccft", "ip": "203.0.113.200", "user_agent": "Go-Auth0/latest", "hostname": s.t.domain,
			"audience": audience, "scope": "read:orders create:orders",
		})
		if i%4 == 1 {
			event["scope"] = stringList("read:stock", "write:stock")
		}
		s.add(float64(i)/190, event)
	}
	for range 18 {
		s.add(s.t.rand.Float64(), s.app("orders", object{
			"type": "feccft", "description": "Unauthorized", "ip": "203.0.113.200", "user_agent": "curl 8.5.0 / Other 0.0.0",
			"details": object{"error": object{"message": "Unauthorized", "type": "invalid_client"}},
		}))
	}
	for i := range 9 {
		s.add(0.4+float64(i)*0.001, s.app("deploy", object{
			"type": "api_limit", "description": "Too many requests to the Management API", "ip": "203.0.113.200",
			"details": object{"request": object{"method": "GET", "path": "/api/v2/clients", "channel": "api"}},
		}))
	}
}

// accounts are signups, mails and changed passwords.
func (s *logSeeder) accounts() {
	for i := range 55 {
		name := fmt.Sprintf("reader%02d@example.org", i)
		event := s.app("shop", object{
			"type": "ss", "connection": "Username-Password-Authentication", "connection_id": "con_HarbourlightUser",
			"strategy": "auth0", "strategy_type": "database", "user_id": "auth0|" + s.t.randomText(hexDigits, 24),
			"user_name": name,
			"ip":        s.homeIP(), "user_agent": s.browser(),
			"details": object{"body": object{
				"email": name, "password": "*****", "tenant": s.t.name(), "connection": "Username-Password-Authentication",
				"client_id": s.apps["shop"]["client_id"], "user_metadata": object{"newsletter": i%2 == 0},
			}},
		})
		at := s.t.rand.Float64()
		s.add(at, event)
		if i%3 == 0 {
			s.add(min(at+0.003, 1), s.app("shop", object{"type": "sv", "description": "Your email was verified. You can " +
				"continue using the application.", "user_name": name}))
		}
		if i%8 == 0 {
			s.add(min(at+0.0001, 1), s.app("shop", object{
				"type": "fn", "description": "To: " + name, "user_name": name,
				"details": object{"email_type": "welcome_email", "error": "the domain is blacklisted", "to": name},
			}))
		}
	}
	for range 24 {
		p := s.reader()
		event := s.app("shop", p.event("scp", "Your password has changed successfully."))
		event["ip"] = s.homeIP()
		event["details"] = object{"query": object{"email": p.name, "newPassword": "*****", "ticket": "*****"},
			"body": object{"newPassword": s.t.randomText(alphanumeric, 14)}}
		s.add(s.t.rand.Float64(), event)
	}
}
