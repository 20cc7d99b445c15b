package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultDomain is the domain of a tenant whose Options name none. The .invalid
// top-level domain can never resolve, so a request that misses the sandbox
// reaches no one.
const DefaultDomain = "harbourlight.sandbox.auth0.invalid"

// DefaultBuildTime is how long an action is "pending" and then "building" when
// Options.BuildTime is zero: long enough for a program that deploys without
// waiting to fail, short enough for a test that waits.
const DefaultBuildTime = 150 * time.Millisecond

// Options configure a tenant. The zero value is a seeded tenant on the real
// clock.
type Options struct {
	// Empty leaves out the invented company: the tenant has the Management API,
	// its global client, and nothing else.
	Empty bool
	// Now is the tenant's clock; nil means time.Now. The seeded events lie in the
	// eight days before New is called.
	Now func() time.Time
	// Seed picks the identifiers and the seeded events: the same Seed with the
	// same clock gives the same tenant.
	Seed uint64
	// Domain is the tenant's host name, without a scheme; empty means
	// DefaultDomain. A tenant that programs reach through Serve is best named after
	// the listener's address: the tokens and the addresses that it hands out then
	// lead back to it.
	Domain string
	// BuildTime is how long an action takes from a change of its code to the
	// status "built" (or "failed"), measured on Now; zero means DefaultBuildTime,
	// a negative value builds at once.
	BuildTime time.Duration
	// RateLimit is the number of requests that X-RateLimit-Limit speaks of; zero
	// means 1,000, of which there are always nearly all left. Without RateWindow it
	// is not enforced: a 429 comes from Fail.
	RateLimit int
	// RateWindow enforces RateLimit on the Management API as Auth0 does: a bucket of
	// so many requests, which an empty one takes RateWindow to fill again. What
	// finds it empty is answered with 429 and is not processed.
	RateWindow time.Duration
	// Latency is waited out before each request, or until its caller gives up.
	Latency time.Duration
	// SignIn is how the tenant signs users in, until SetSignIn changes it.
	SignIn SignIn
	// Observe, if set, is told of each request that is recorded, before its answer
	// leaves: of all of them, where Requests keeps the latest. The tenant waits
	// for it, and it must not call the tenant.
	Observe func(Request)
}

// object is a JSON object as the tenant keeps it. Numbers are json.Number, so
// that a number that no Go type can hold comes back as it was written.
type object = map[string]any

// Tenant is one in-memory Auth0 tenant. Make it with New; all methods are safe
// for concurrent use.
type Tenant struct {
	domain    string
	now       func() time.Time
	buildTime time.Duration
	latency   time.Duration
	tokenKey  []byte
	handlers  map[string]handler
	tables    *tables
	explorer  string // client_id that tokens are minted for
	seed      uint64
	made      time.Time

	// mu guards everything below. Handlers run, and their answers are encoded,
	// while it is held; a scripted latency is waited out without it.
	mu       sync.Mutex
	rand     *mathrand.Rand
	clients  collection
	grants   collection
	apis     collection
	actions  []*action
	modules  []*module
	bindings map[string][]*binding
	forms    collection
	flows    collection
	logs     []object               // ascending log_id
	logged   int                    // all events that there were
	store    map[string]*collection // of the tables, by the path of the collection
	values   map[string]any         // of the settings, by their path
	pairs    map[string]pairs       // of the relations, by their name
	screens  collection             // of the prompts that are rendered in another way
	blocks   []object               // of users, after too many wrong passwords
	// blockedIPs are addresses that attack protection blocks.
	blockedIPs map[string]bool
	company    company
	seeded     bool
	revoked    map[string]bool
	oauth      oauthState
	recorder   recorder
	observe    func(Request)
	faults     []*FaultRule
	rate       rateLimit
	// answered counts answers, for their ids.
	answered uint64
}

// New makes a tenant.
func New(o Options) *Tenant {
	t := &Tenant{
		domain:    o.Domain,
		now:       o.Now,
		buildTime: o.BuildTime,
		latency:   o.Latency,
		tokenKey:  make([]byte, 32),
		// #nosec G404 -- identifiers of a test double, reproducible on purpose
		rand:     mathrand.New(mathrand.NewPCG(o.Seed, 0x9e3779b97f4a7c15)),
		clients:  collection{idKey: "client_id"},
		grants:   collection{idKey: "id"},
		apis:     collection{idKey: "id"},
		forms:    collection{idKey: "id"},
		flows:    collection{idKey: "id"},
		bindings: map[string][]*binding{},
		revoked:  map[string]bool{},
		oauth:    newOAuthState(o.SignIn),
		observe:  o.Observe,
		store:    map[string]*collection{},
		values:   map[string]any{},
		pairs:    map[string]pairs{},
		screens:  collection{idKey: "key"},
		tables:   newTables(),
		seed:     o.Seed,

		blockedIPs: map[string]bool{},
	}
	if t.domain == "" {
		t.domain = DefaultDomain
	}
	if t.now == nil {
		t.now = time.Now
	}
	switch {
	case t.buildTime == 0:
		t.buildTime = DefaultBuildTime
	case t.buildTime < 0:
		t.buildTime = 0
	}
	t.rate = newRateLimit(o.RateLimit, o.RateWindow, t.now())
	_, _ = rand.Read(t.tokenKey) // never fails: it aborts the program instead
	t.handlers = handlers(t.tables)
	t.made = t.now()
	t.seedSystem()
	if !o.Empty {
		t.seedCompany()
	}
	return t
}

// Domain returns the tenant's host name, without a scheme.
func (t *Tenant) Domain() string { return t.domain }

// Audience returns the identifier of the tenant's Management API, which is the
// audience of its tokens.
func (t *Tenant) Audience() string { return "https://" + t.domain + "/api/v2/" }

// name is the tenant's short name, the first label of its domain, which every
// client carries as "tenant".
func (t *Tenant) name() string {
	name, _, _ := strings.Cut(t.domain, ".")
	return name
}

// issuer is the tenant as its tokens name it.
func (t *Tenant) issuer() string { return "https://" + t.domain + "/" }

// ServeHTTP answers a request as the Management API, or the Authentication API,
// would. A scripted connection
// drop aborts the handler, which makes net/http close the connection.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := t.serve(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answer.write(w, r)
}

// collection is a list of JSON objects in the order of their creation.
type collection struct {
	idKey string
	items []object
}

func (c *collection) find(id string) object {
	for _, item := range c.items {
		if item[c.idKey] == id {
			return item
		}
	}
	return nil
}

func (c *collection) add(item object) { c.items = append(c.items, item) }

func (c *collection) remove(id string) bool {
	for i, item := range c.items {
		if item[c.idKey] == id {
			c.items = append(c.items[:i:i], c.items[i+1:]...)
			return true
		}
	}
	return false
}

// merge writes a valid PATCH body over an object. A null removes a member; a member of merges is
// merged member by member; others are replaced as a whole.
func merge(stored, body object, merges []string) {
	for name, value := range body {
		given, isObject := value.(object)
		switch {
		case value == nil:
			delete(stored, name)
		case isObject && slices.Contains(merges, name):
			old, _ := stored[name].(object)
			combined := object{}
			maps.Copy(combined, old)
			merge(combined, given, nil)
			stored[name] = combined
		default:
			stored[name] = clone(value)
		}
	}
}

// clone copies a JSON value deeply, so that an answer's projection never touches
// what the tenant keeps.
func clone(v any) any {
	switch v := v.(type) {
	case object:
		out := make(object, len(v))
		for key, value := range v {
			out[key] = clone(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = clone(value)
		}
		return out
	default:
		return v
	}
}

func cloneObject(o object) object {
	copied, _ := clone(o).(object)
	return copied
}

// number writes an int the way decoded bodies hold numbers.
func number(n int) json.Number {
	text, _ := json.Marshal(n) // an int always encodes
	return json.Number(text)
}

// stringList turns strings into a JSON array.
func stringList(values ...string) []any {
	out := make([]any, len(values))
	for i, value := range values {
		out[i] = value
	}
	return out
}

const (
	hexDigits    = "0123456789abcdef"
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	secretDigits = alphanumeric + "-_"
)

// randomText draws n characters. The caller holds mu, or owns the tenant alone.
func (t *Tenant) randomText(alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[t.rand.IntN(len(alphabet))]
	}
	return string(out)
}

func (t *Tenant) uuid() string {
	h := t.randomText(hexDigits, 31)
	return h[:8] + "-" + h[8:12] + "-4" + h[12:15] + "-a" + h[15:18] + "-" + h[18:30]
}

// Timestamps: most of the API writes milliseconds, the actions nanoseconds.
func millis(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
func nanos(at time.Time) string  { return at.UTC().Format("2006-01-02T15:04:05.000000000Z") }
