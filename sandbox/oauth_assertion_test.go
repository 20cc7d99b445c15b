package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signAssertion makes an assertion the way a client does, without a line of the package's own.
func signAssertion(t testing.TB, key *rsa.PrivateKey, head, payload object) string {
	t.Helper()
	part := func(o object) string {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(head) + "." + part(payload)
	hash := crypto.SHA256
	if head["alg"] == "RS384" {
		hash = crypto.SHA384
	}
	digest := hash.New()
	digest.Write([]byte(signed))
	var signature []byte
	var err error
	if head["alg"] == "PS256" {
		signature, err = rsa.SignPSS(rand.Reader, key, hash, digest.Sum(nil),
			&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, hash, digest.Sum(nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// assertionCase is a tenant with a machine that signs in with a key.
type assertionCase struct {
	caller
	clock   *clock
	key     *rsa.PrivateKey
	machine Credentials
}

func newAssertionCase(t *testing.T, algorithm string) assertionCase {
	t.Helper()
	clock, key := newClock(), newKey(t)
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	machine, err := c.tenant.AddMachine(Machine{Name: "Robot", Scopes: []string{"read:clients"}, Key: &key.PublicKey,
		KeyID: "first", Algorithm: algorithm})
	if err != nil || machine.ClientSecret != "" {
		t.Fatalf("machine %v: %v", machine, err)
	}
	return assertionCase{c, clock, key, machine}
}

// in is the same case in a subtest.
func (a assertionCase) in(t *testing.T) assertionCase {
	a.t = t
	return a
}

// claims are good ones, changed as told; a nil takes a claim away.
func (a assertionCase) claims(changes object) object {
	now := a.clock.now().Unix()
	out := object{
		"iss": a.machine.ClientID, "sub": a.machine.ClientID, "aud": "https://" + a.tenant.Domain() + "/",
		"iat": now, "exp": now + 60, "jti": rand.Text(),
	}
	for name, value := range changes {
		if value == nil {
			delete(out, name)
		} else {
			out[name] = value
		}
	}
	return out
}

func (a assertionCase) ask(assertion string, more ...string) answer {
	a.t.Helper()
	return a.form(tokenPath, append([]string{
		"grant_type", grantMachine, "audience", a.tenant.Audience(), "client_assertion_type", assertionType,
		"client_assertion", assertion,
	}, more...)...)
}

func TestAssertionAlgorithms(t *testing.T) {
	for _, algorithm := range []string{"RS256", "RS384", "PS256"} {
		t.Run(algorithm, func(t *testing.T) {
			a := newAssertionCase(t, algorithm)
			made := a.ask(signAssertion(t, a.key, object{"alg": algorithm, "kid": "first"}, a.claims(nil))).want(200)
			made.is(`"read:clients"`, "scope")
			a.as(made).get("/api/v2/clients").want(200)
			a.ask(signAssertion(t, a.key, object{"alg": algorithm}, a.claims(nil)), "client_id", a.machine.ClientID).want(200)
			for _, other := range []string{"RS256", "RS384", "PS256"} {
				if other != algorithm {
					a.ask(signAssertion(t, a.key, object{"alg": other, "kid": "first"}, a.claims(nil))).denied(401, "invalid_client",
						"no key of the client verifies")
				}
			}
		})
	}
}

func TestAssertionClaims(t *testing.T) {
	a := newAssertionCase(t, "")
	now := a.clock.now().Unix()
	for _, test := range []struct {
		name    string
		changes object
		problem string // empty: accepted
	}{
		{"token endpoint as audience", object{"aud": "https://" + a.tenant.Domain() + tokenPath}, ""},
		{"several audiences", object{"aud": []string{"https://other.example/", "https://" + a.tenant.Domain() + "/"}}, ""},
		{"without iat", object{"iat": nil}, ""},
		{"iat within the skew", object{"iat": now + 10, "nbf": now + 10}, ""},
		{"longest life", object{"exp": now + 310}, ""},
		{"fraction of a second", object{"exp": float64(now) + 0.5}, ""},
		{"jti at its limit", object{"jti": strings.Repeat("j", 64)}, ""},
		{"another issuer", object{"iss": "somebody"}, "iss and sub must be"},
		{"without issuer", object{"iss": nil}, "iss and sub must be"},
		{"another audience", object{"aud": "https://other.example/"}, "aud must be"},
		{"audience without its slash", object{"aud": "https://" + a.tenant.Domain()}, "aud must be"},
		{"without audience", object{"aud": nil}, "aud must be"},
		{"expired", object{"exp": now}, "exp is missing or past"},
		{"without end", object{"exp": nil}, "exp is missing or past"},
		{"too long a life", object{"exp": now + 311}, "more than 300 seconds"},
		{"iat in the future", object{"iat": now + 11}, "iat or nbf"},
		{"nbf in the future", object{"nbf": now + 11}, "iat or nbf"},
		{"without jti", object{"jti": nil}, "jti is missing"},
		{"jti too long", object{"jti": strings.Repeat("j", 65)}, "jti is missing, or"},
		{"end as a text", object{"exp": "soon"}, "no signed JSON Web Token"},
		{"audience as a number", object{"aud": 7}, "no signed JSON Web Token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := a.in(t)
			got := a.ask(signAssertion(t, a.key, object{"alg": "RS256", "kid": "first"}, a.claims(test.changes)))
			if test.problem == "" {
				got.want(200)
			} else {
				got.denied(401, "invalid_client", test.problem)
			}
		})
	}
}

func TestAssertionIsGoodForOnce(t *testing.T) {
	a := newAssertionCase(t, "RS256")
	head := object{"alg": "RS256", "kid": "first"}
	once := a.claims(nil)
	a.ask(signAssertion(t, a.key, head, once)).want(200)
	a.ask(signAssertion(t, a.key, head, once)).denied(401, "invalid_client", "jti was used before")
	other := newKey(t)
	second, err := a.tenant.AddMachine(Machine{Name: "Other robot", Key: &other.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	// The jti is the client's own.
	a.ask(signAssertion(t, other, object{"alg": "RS256"},
		a.claims(object{"iss": second.ClientID, "sub": second.ClientID, "jti": once["jti"]}))).want(200)
	a.clock.advance(maxAssertionLife + assertionSkew + time.Second)
	a.ask(signAssertion(t, a.key, head, a.claims(nil))).want(200)
	if got := len(a.tenant.oauth.spent); got != 1 {
		t.Errorf("%d spent assertions are remembered, want the latest", got)
	}
}

func TestAssertionRefusals(t *testing.T) {
	a := newAssertionCase(t, "RS256")
	head := object{"alg": "RS256", "kid": "first"}
	good := signAssertion(t, a.key, head, a.claims(nil))
	parts := strings.Split(good, ".")
	stranger := newKey(t)
	text := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

	for name, assertion := range map[string]string{
		"a stranger's":         signAssertion(t, stranger, head, a.claims(nil)),
		"a good one, misnamed": signAssertion(t, a.key, object{"alg": "none", "kid": "first"}, a.claims(nil)),
		"another key's id":     signAssertion(t, a.key, object{"alg": "RS256", "kid": "second"}, a.claims(nil)),
		"changed claims": parts[0] + "." + text(`{"iss":"`+a.machine.ClientID+`","sub":"`+a.machine.ClientID+`"}`) +
			"." + parts[2],
		"without algorithm": text(`{"alg":"none"}`) + "." + parts[1] + ".",
		"symmetric":         text(`{"alg":"HS256"}`) + "." + parts[1] + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			a := a.in(t)
			a.ask(assertion).denied(401, "invalid_client", "no key of the client verifies")
		})
	}
	for _, broken := range []string{"", "x", "a.b", "a.b.c", "a.b.c.d", parts[0] + "." + parts[1] + ".*",
		text("[]") + "." + parts[1] + "." + parts[2]} {
		a.ask(broken).denied(401, "invalid_client", "no signed JSON Web Token")
	}
	a.form(tokenPath, "grant_type", grantMachine, "client_assertion_type", "jwt", "client_assertion", good).denied(400,
		"invalid_request", "client_assertion_type must be")
	a.form(tokenPath, "grant_type", grantMachine, "client_assertion", good).denied(400, "invalid_request",
		"client_assertion_type must be")
	a.ask(good, "client_secret", "x").denied(400, "invalid_request", "one of client_secret and client_assertion")
	a.ask(good, "client_id", DeviceClientID).denied(401, "access_denied", "Unauthorized")
	a.ask(signAssertion(t, a.key, head, a.claims(object{"sub": "nobody"}))).denied(401, "access_denied", "Unauthorized")
	// Not one of these has spent it.
	a.ask(good).want(200)
}

// A key that came through the Management API is good at the token endpoint.
func TestAssertionWithAKeyOfTheManagementAPI(t *testing.T) {
	clock, key := newClock(), newKey(t)
	c := newCaller(t, Options{Empty: true, Now: clock.now})
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "robot"}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, kind string
		der        []byte
		status     int
	}{{"key", "PUBLIC KEY", public, 200}, {"certificate", "CERTIFICATE", certificate, 200}, {"curve", "PUBLIC KEY",
		elliptical, 401}, {"noise", "PUBLIC KEY", []byte("x"), 401}} {
		t.Run(test.name, func(t *testing.T) {
			c := c.in(t)
			body := object{"name": test.name, "app_type": "non_interactive", "grant_types": []string{grantMachine},
				"client_authentication_methods": object{"private_key_jwt": object{"credentials": []any{
					object{"credential_type": "public_key", "name": "k", "alg": "RS384",
						"pem": string(pem.EncodeToMemory(&pem.Block{Type: test.kind, Bytes: test.der}))},
				}}}}
			made := c.post("/api/v2/clients", string(encode(body))).want(201)
			id := made.textAt("client_id")
			c.post("/api/v2/client-grants",
				`{"client_id":"`+id+`","audience":"`+c.tenant.Audience()+`","scope":["read:logs"]}`).want(201)
			kid := made.textAt("client_authentication_methods", "private_key_jwt", "credentials", 0, "kid")
			a := assertionCase{c, clock, key, Credentials{ClientID: id}}
			a.ask(signAssertion(t, key, object{"alg": "RS384", "kid": kid}, a.claims(nil))).want(test.status)
		})
	}
}
