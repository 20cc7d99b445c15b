package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a tenant's time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2031, 3, 14, 9, 26, 53, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// caller talks to a tenant with one token.
type caller struct {
	t      *testing.T
	tenant *Tenant
	token  string
}

func newCaller(t *testing.T, o Options, scopes ...string) caller {
	t.Helper()
	tenant := New(o)
	return caller{t, tenant, tenant.Token(scopes...)}
}

func (c caller) with(scopes ...string) caller {
	c.token = c.tenant.Token(scopes...)
	return c
}

// answer is what a call got back. Numbers are json.Number.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	text   string
	body   any
}

func (c caller) do(method, path, body string) answer {
	c.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, "https://"+c.tenant.Domain()+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.tenant.Transport().RoundTrip(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	return read(c.t, method+" "+path, response)
}

func read(t *testing.T, what string, response *http.Response) answer {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: read body: %v", what, err)
	}
	a := answer{t: t, what: what, status: response.StatusCode, header: response.Header, text: string(text)}
	if len(text) > 0 {
		decoder := json.NewDecoder(strings.NewReader(a.text))
		decoder.UseNumber()
		if err := decoder.Decode(&a.body); err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%s: answer is not JSON: %v\n%s", what, err, text)
		}
	}
	return a
}

func (c caller) get(path string) answer { c.t.Helper(); return c.do(http.MethodGet, path, "") }
func (c caller) post(path, body string) answer {
	c.t.Helper()
	return c.do(http.MethodPost, path, body)
}
func (c caller) patch(path, body string) answer {
	c.t.Helper()
	return c.do(http.MethodPatch, path, body)
}
func (c caller) delete(path string) answer { c.t.Helper(); return c.do(http.MethodDelete, path, "") }

// want checks the status and hands the answer on.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d; body %s", a.what, a.status, status, a.text)
	}
	return a
}

// refused checks an error answer: its status, its errorCode and a part of its
// message.
func (a answer) refused(status int, code, message string) {
	a.t.Helper()
	a.want(status)
	body := a.object()
	if got, _ := body["errorCode"].(string); got != code {
		a.t.Errorf("%s: errorCode %q, want %q; body %s", a.what, got, code, a.text)
	}
	if got, _ := body["message"].(string); !strings.Contains(got, message) {
		a.t.Errorf("%s: message %q, want it to hold %q", a.what, got, message)
	}
	if got, _ := body["error"].(string); got != http.StatusText(status) {
		a.t.Errorf("%s: error %q, want %q", a.what, got, http.StatusText(status))
	}
	if got := body["statusCode"]; got != number(status) {
		a.t.Errorf("%s: statusCode %v, want %d", a.what, got, status)
	}
}

func (a answer) object() object {
	a.t.Helper()
	body, isObject := a.body.(object)
	if !isObject {
		a.t.Fatalf("%s: want an object, got %s", a.what, a.text)
	}
	return body
}

func (a answer) array() []any {
	a.t.Helper()
	body, isArray := a.body.([]any)
	if !isArray {
		a.t.Fatalf("%s: want an array, got %.200s", a.what, a.text)
	}
	return body
}

// at follows member names (text) and indexes (int) into the answer.
func (a answer) at(path ...any) any {
	a.t.Helper()
	value := a.body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, isObject := value.(map[string]any)
			if !isObject {
				a.t.Fatalf("%s: no member %q in %v", a.what, step, value)
			}
			value = object[step]
		case int:
			array, isArray := value.([]any)
			if !isArray || step >= len(array) {
				a.t.Fatalf("%s: no item %d in %v", a.what, step, value)
			}
			value = array[step]
		}
	}
	return value
}

func (a answer) textAt(path ...any) string {
	a.t.Helper()
	text, isText := a.at(path...).(string)
	if !isText {
		a.t.Fatalf("%s: no text at %v in %s", a.what, path, a.text)
	}
	return text
}

// is compares a part of the answer with JSON.
func (a answer) is(want string, path ...any) {
	a.t.Helper()
	if got := string(encode(a.at(path...))); got != canonical(a.t, want) {
		a.t.Errorf("%s: at %v got %s, want %s", a.what, path, got, canonical(a.t, want))
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(encode(value))
}

// memberNames lists an object's members in order.
func memberNames(o object) string {
	return strings.Join(slices.Sorted(maps.Keys(o)), " ")
}
