package egress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

var (
	errNotInPath   = errors.New("its path or query holds a marker of a hidden value: one can be put back in a body only")
	errNotInHeader = errors.New("a header holds a marker of a hidden value: one can be put back in a body only")
	errNotJSON     = errors.New("its body holds a marker of a hidden value and is not JSON that every reader " +
		"understands alike, so nothing can be put back")
	errNothingStored = errors.New("its body holds a marker of a hidden value, and the request makes something new, " +
		"where none is stored. Give the value itself")
	errUnread = errors.New("its body holds a marker of a hidden value, and what is stored could not be read. Give the " +
		"value itself, or leave it out")
)

// misplaced says why no request may go out with its markers: where they cannot be put back, or the request makes
// something new.
func misplaced(r *pluginv1.RoundTripRequest) error {
	path, query := decoded(r.GetPath(), percents), decoded(r.GetQuery(), percents)
	if textHoldsMarker(path) || textHoldsMarker(query) {
		return errNotInPath
	}
	for _, header := range r.GetHeaders() {
		for _, value := range append(header.GetValues(), header.GetName()) {
			if textHoldsMarker(value) {
				return errNotInHeader
			}
		}
	}
	if !mayHoldMarker(r.GetBody()) {
		return nil
	}
	body, notJSON := jsondoc.Decode(r.GetBody())
	if notJSON != nil {
		if textHoldsMarker(decoded(decoded(string(r.GetBody()), escapes), percents)) {
			return errNotJSON
		}
		return nil // what is no JSON holds no marker
	}
	switch {
	case !holdsMarker(body):
		return nil
	case !isJSONType(r):
		return errNotJSON
	case !plan.HasTarget(r.GetMethod()):
		return errNothingStored
	}
	return nil
}

// maxEncodings is how often a text is decoded in search of a marker.
const maxEncodings = 3

// decoded is a text without its encoding, also if it was encoded several times.
func decoded(text string, decode func(string) string) string {
	for range maxEncodings {
		plain := decode(text)
		if plain == text {
			break
		}
		text = plain
	}
	return text
}

var percentEncoded = lazily(`%[0-9A-Fa-f]{2}`)

// percents undoes percent-encoding, wherever it is valid.
func percents(text string) string {
	return percentEncoded().ReplaceAllStringFunc(text, func(escape string) string {
		plain, err := url.PathUnescape(escape)
		if err != nil {
			return escape
		}
		return plain
	})
}

var unicodeEscape = lazily(`\\u[0-9A-Fa-f]{4}`)

// escapes undoes the escapes of a text that is no document of its own.
func escapes(text string) string {
	return unicodeEscape().ReplaceAllStringFunc(text, func(escape string) string {
		var character string
		if json.Unmarshal([]byte(`"`+escape+`"`), &character) != nil {
			return escape
		}
		return character
	})
}

// mayHoldMarker is the quick test of a body.
func mayHoldMarker(body []byte) bool {
	return bytes.Contains(body, []byte("REDACTED")) || bytes.ContainsAny(body, `\%`) ||
		bytes.IndexFunc(body, func(c rune) bool { return c > '~' }) >= 0
}

// isJSONType reports whether a request says of its body that it is JSON in UTF-8, or nothing.
func isJSONType(r *pluginv1.RoundTripRequest) bool {
	for _, header := range r.GetHeaders() {
		if http.CanonicalHeaderKey(header.GetName()) != "Content-Type" {
			continue
		}
		for _, value := range header.GetValues() {
			kind, parameters, err := mime.ParseMediaType(value)
			charset, given := parameters["charset"]
			if err != nil || kind != "application/json" || given && !strings.EqualFold(charset, "utf-8") {
				return false
			}
		}
	}
	return true
}

// refuseMarker ends a request whose marker cannot be put back.
func (c *Call) refuseMarker(r *pluginv1.RoundTripRequest, reason error) *pluginv1.RoundTripResponse {
	e := &MarkerError{clipped(r.GetMethod() + " " + r.GetPath()), c.secrets.redact.Text(reason.Error())}
	c.refuseRequest(clipped(r.GetMethod()), clipped(r.GetPath()), audit.RuleSecret, e.Reason)
	c.mu.Lock()
	if c.marker == nil {
		c.marker = e
	}
	c.mu.Unlock()
	return c.fails(pluginv1.Failure_CODE_REFUSED, e.Error())
}

// write is a request that changes the tenant, ready to be sent.
type write struct {
	*pluginv1.RoundTripRequest
	change plan.Change
	// fresh are the members whose secrets the body gives anew.
	fresh []string
	// quiet is a read of the host's own, whose failure is not told.
	quiet bool
	// as is whose session it was checked for.
	as holder
	// concerns say where a stored secret could go, doubts why a guard may concern it: the change has both.
	concerns, doubts []string
}

// ready reads a request's target and puts the stored secrets into its body. The answer, if there is one, is what the
// plugin gets instead.
func (c *Call) ready(ctx context.Context, r *pluginv1.RoundTripRequest) (*write, *pluginv1.RoundTripResponse) {
	guard := c.guardOf(ctx, r)
	if e := guard.byPath(); e != nil {
		return nil, c.refuseGuarded(e)
	}
	w, seen, answer := c.restored(ctx, r)
	if answer != nil {
		return nil, answer
	}
	guard.withTarget(w, seen)
	if e := guard.byTarget(); e != nil {
		return nil, c.refuseGuarded(e)
	}
	w.as, w.concerns, w.doubts = guard.holder, w.change.Concerns, guard.doubts
	w.change.Concerns = slices.Concat(w.concerns, w.doubts)
	return w, nil
}

// restored is a write with the stored secrets in its body, and what a read of its target has answered.
func (c *Call) restored(ctx context.Context, r *pluginv1.RoundTripRequest) (w *write, seen,
	answer *pluginv1.RoundTripResponse) {
	if err := c.roomForAnswer(r.GetMethod(), r.GetPath()); err != nil {
		c.refuseRequest(clipped(r.GetMethod()), clipped(r.GetPath()), audit.RuleSecret, err.Error())
		return nil, nil, c.fails(pluginv1.Failure_CODE_REFUSED, err.Error())
	}
	w = &write{RoundTripRequest: r, change: plan.Change{Method: r.GetMethod(), Path: r.GetPath(), Query: r.GetQuery(),
		Body: r.GetBody()}}
	seen = c.readTarget(ctx, r, &w.change)
	if seen != nil && c.mustKnow(r.GetMethod(), seen) {
		return nil, nil, seen
	}
	body, err := jsondoc.Decode(r.GetBody())
	if _, ok := redirects(r); ok && len(r.GetBody()) > 0 && (err != nil || !isJSONType(r)) {
		w.change.Concerns = []string{unreadable}
	}
	if err != nil {
		return w, seen, nil // it holds no marker, or it would have been refused
	}
	target, err := c.storedIn(r.GetPath(), w.change.Before)
	if err != nil {
		return nil, nil, c.refuseMarker(r, err)
	}
	put := newRestorer(target.secrets, target.marker)
	if holdsMarker(body) {
		if w.change.Before == nil {
			return nil, nil, c.refuseMarker(r, errUnread)
		}
		if body, err = put.restore(body, target.doc, target.shown(w.change.Before)); err != nil {
			return nil, nil, c.refuseMarker(r, err)
		}
		if o, _, ok := managementapi.Lookup(r.GetMethod(), r.GetPath()); ok {
			if err := put.unfit(o.Body, body); err != nil {
				return nil, nil, c.refuseMarker(r, err)
			}
		}
		raw, err := jsondoc.Encode(body)
		if err != nil {
			return nil, nil, c.refuseMarker(r, err)
		}
		w.RoundTripRequest = withBody(r, raw)
		w.change.Body = raw
	}
	c.noteFresh(w, put)
	w.change.Concerns = append(w.change.Concerns, c.concerns(w, body, target, put, seen)...)
	return w, seen, nil
}

// withBody is a request with another body.
func withBody(r *pluginv1.RoundTripRequest, body []byte) *pluginv1.RoundTripRequest {
	return &pluginv1.RoundTripRequest{CallId: r.GetCallId(), Method: r.GetMethod(), Path: r.GetPath(),
		Query: r.GetQuery(), Headers: r.GetHeaders(), Body: body}
}

// stored is a resource as it is before a write.
type stored struct {
	doc     any // decoded; nil: nothing, or it could not be read
	schema  *managementapi.Schema
	secrets []redact.Secret
	marker  func(redact.Secret) string
}

// storedIn is what a write's target has.
func (c *Call) storedIn(path string, before []byte) (stored, error) {
	s := stored{marker: func(redact.Secret) string { return "" }}
	if o, _, ok := managementapi.Lookup(http.MethodGet, path); ok {
		s.schema = o.Answer
	}
	if before == nil {
		return s, nil
	}
	if err := decode(before, &s.doc); err != nil {
		return s, err
	}
	s.secrets = redact.Secrets(s.schema, before)
	key, place := c.gate.key(), redact.Place{Tenant: c.domainNow(), Resource: targetPath(path, before)}
	s.marker = func(secret redact.Secret) string {
		place.Member = secret.Member
		return key.Marker(place, secret.Value)
	}
	return s, nil
}

// shown is what is stored as a model sees it, decoded; nil if that cannot be told.
func (s stored) shown(before []byte) (doc any) {
	noted := new(redact.Noted)
	for _, secret := range s.secrets {
		if !noted.Add(secret, s.marker(secret)) {
			return nil
		}
	}
	shown, _, err := new(redact.Redactor).With(noted).Clean(before)
	if err != nil || decode(shown, &doc) != nil {
		return nil
	}
	return doc
}

// domainNow is the tenant of the call's requests so far.
func (c *Call) domainNow() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.domain == "" {
		return c.gate.cfg.Domain
	}
	return c.domain
}

// noteFresh notes the secrets that a body gives anew, without a fingerprint: an error that quotes one is shown
// without it.
func (c *Call) noteFresh(w *write, put *restorer) {
	var schema *managementapi.Schema
	if o, _, ok := managementapi.Lookup(w.GetMethod(), w.GetPath()); ok {
		schema = o.Body
	}
	restored := make(map[string]bool, len(put.restored))
	for _, at := range put.restored {
		restored[placeKey(at)] = true
	}
	for _, secret := range redact.Secrets(schema, w.change.Body) {
		if restored[placeKey(secret.At)] {
			continue
		}
		w.fresh = append(w.fresh, secret.Member)
		w.change.Fresh = append(w.change.Fresh, secret.At)
		c.secrets.noted.Add(secret, redact.Marker)
	}
}
