package egress

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// APIError is an error answer to a request.
type APIError struct {
	Request string // "METHOD path"
	Status  int
	// Foreign is true if something other than the Management API answered, such as a
	// firewall or a gateway.
	Foreign bool
	// Message is Auth0's, or the beginning of what was answered instead; ErrorCode is
	// Auth0's.
	Message, ErrorCode string
	// Remedy is what to do about it.
	Remedy string

	// lacksScope says that the token lacks a scope, anyOf of which any would do.
	lacksScope bool
	anyOf      []string
}

func (e *APIError) Error() string {
	status := strings.TrimSpace(fmt.Sprint(e.Status, " ", http.StatusText(e.Status)))
	said := strings.TrimRight(e.Message, ".")
	if e.ErrorCode != "" {
		said += " (" + e.ErrorCode + ")"
	}
	if e.Foreign {
		return fmt.Sprintf("%s was answered %s, but not by Auth0's Management API: %s. %s", e.Request, status, said, e.Remedy)
	}
	return fmt.Sprintf("Auth0 answered %s to %s: %s. %s", status, e.Request, said, e.Remedy)
}

// quotedBytes is how much of an answer that is not Auth0's is quoted.
const quotedBytes = 200

// maxMessage and maxErrorCode bound what is kept of an error answer, in bytes: Auth0's
// own are a few hundred.
const (
	maxMessage   = 4 << 10
	maxErrorCode = 100
)

func (c *Call) parseAPIError(q *request, body []byte) *APIError {
	e := &APIError{Request: q.name(), Status: q.end.status}
	said, ok := tenant.ParseRefusal(e.Status, body)
	if !ok {
		e.Foreign, e.Message, e.Remedy = true, printable(pageText(body)), c.foreignRemedy(q)
		return e
	}
	e.Message, e.ErrorCode = c.clip(said.Message, maxMessage), c.clip(said.Code, maxErrorCode)
	e.Remedy = c.remedy(q, said)
	if anyOf, missing := said.MissingScope(q.end.header); missing && e.Status == http.StatusForbidden {
		e.lacksScope, e.anyOf = true, anyOf
	}
	return e
}

// clip cuts a text that is over a number of bytes. It is redacted before: half a secret
// would not be known for one.
func (c *Call) clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if text = c.secrets.redact.Text(text); len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + fmt.Sprintf("… (%d bytes)", len(text))
}

var (
	htmlPage = lazily(`(?i)^\s*<(?:!doctype|!--|html|head|body|title|h1|p|center)\b|^\s*<!--`)
	notShown = lazily(`(?is)<(?:script|style)\b.*?(?:</(?:script|style)\s*>|$)|<!--.*?(?:-->|$)|` +
		`<[^>]*(?:>|$)`)
	pageTitle = lazily(`(?is)<title[^>]*>([^<]*)</title>`)
)

// maxPage bounds what of a page is read for its text, in bytes.
const maxPage = 64 << 10

// pageText is what a reader sees of an HTML page, its title first; other bodies are
// returned as they are.
func pageText(body []byte) []byte {
	body = body[:min(len(body), maxPage)]
	if !htmlPage().Match(body) {
		return body
	}
	if m := pageTitle().FindSubmatch(body); m != nil && len(strings.TrimSpace(string(m[1]))) > 0 {
		return m[1]
	}
	return []byte(strings.Join(strings.Fields(string(notShown().ReplaceAll(body, []byte(" ")))), " "))
}

func printable(body []byte) string {
	// Stripped first: a space in its place would split a secret, and a word of a
	// script with joiners.
	visible := redact.Strip(strings.ToValidUTF8(string(body[:min(len(body), quotedBytes)]), ""))
	text := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, visible)
	if text = strings.TrimSpace(text); text == "" {
		return "no message"
	}
	return text
}

// Words are the host's own words for what a plugin's failure stems from, by what the
// gate saw and not by what the plugin makes of it; empty if the gate saw no such thing.
func (o Outcome) Words(f *pluginv1.Failure) string {
	if f.GetCode() != pluginv1.Failure_CODE_API {
		return o.failures[f.GetCode()]
	}
	if seen := o.answers[int(f.GetHttpStatus())]; seen != nil {
		return seen.Error()
	}
	return ""
}

// Unavailable reports whether the tenant did not answer, or answered that it cannot now (429, 5xx), or something else
// answered in its place: the same request may work later.
func (o Outcome) Unavailable() bool {
	for status, answer := range o.answers {
		if answer.Foreign || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
			return true
		}
	}
	return o.failures[pluginv1.Failure_CODE_TRANSPORT] != ""
}

// NotFound reports whether the tenant answered that something is not there.
func (o Outcome) NotFound() bool { return o.answers[http.StatusNotFound] != nil }

// MissingScopes reports whether the tenant refused a request because the token lacks a scope, and of which scopes any
// would do: none if it did not say.
func (o Outcome) MissingScopes() (anyOf []string, missing bool) {
	refused := o.answers[http.StatusForbidden]
	if refused == nil || !refused.lacksScope {
		return nil, false
	}
	return refused.anyOf, true
}

// remedy is what to do about an error answer of Auth0.
func (c *Call) remedy(q *request, said tenant.Refusal) string {
	status := q.end.status
	switch anyOf, missing := said.MissingScope(q.end.header); {
	case status == http.StatusUnauthorized:
		return "The token was rejected: " + c.gate.cfg.SignIn
	case missing && status == http.StatusForbidden:
		return c.scopeRemedy(q, anyOf)
	case status == http.StatusTooManyRequests && q.end.result() == Rejected:
		return "The tenant's rate limit is used up, and the request was not carried out: " +
			ratelimit.ResetText(ratelimit.ResetOf(status, q.end.header, time.Now()))
	case status == http.StatusTooManyRequests:
		return "Something between this computer and the tenant limits requests: " +
			ratelimit.ResetText(ratelimit.ResetOf(status, q.end.header, time.Now()))
	case status >= http.StatusInternalServerError && q.read:
		return "This is a fault on Auth0's side: try again later"
	case status >= http.StatusInternalServerError:
		return "This is a fault on Auth0's side"
	case said.Quota():
		return "The tenant has as many of these as it may have, which more scopes do not change: remove one that is not " +
			"needed, or ask Auth0 for a higher limit"
	case status == http.StatusForbidden && q.read:
		return notAllowed + "Ask the tenant's administrator or Auth0's support to enable it"
	case status == http.StatusForbidden:
		return notAllowed + "Leave it out, or ask the tenant's administrator or Auth0's support to enable it"
	case said.NotOffered():
		return "Auth0 does not support it there, and more scopes will not help: leave it out"
	case status == http.StatusNotFound:
		return c.notFoundRemedy(q)
	case status == http.StatusConflict:
		return "It conflicts with what the tenant has already: change the name or identifier, or update the existing one"
	case said.Field() != "":
		return "Correct " + said.Field() + " and call again"
	}
	return "The request was not carried out: change it as Auth0's message says, and call again"
}

// notAllowed is what a 403 means that is not about scopes.
const notAllowed = "More scopes will not help: the tenant's subscription or settings do not allow it. "

// scopeRemedy is what to do about a missing scope. Auth0 has been seen to answer
// insufficient_scope for what a subscription lacks, without naming a scope.
func (c *Call) scopeRemedy(q *request, anyOf []string) string {
	needs, subject := strings.Join(c.grant.Tool.Scopes, " and "), c.grant.Tool.Name
	if needs == "" { // such as a tool for the whole API: what it needs depends on the operation
		if o, _, ok := managementapi.Lookup(q.GetMethod(), q.GetPath()); ok {
			needs, subject = strings.Join(o.Scopes, " or "), o.Name()
		}
	}
	switch {
	case len(anyOf) == 0 && needs == "":
		return "Auth0 names no scope that is missing. If its message is not about scopes, more of them will not help"
	case len(anyOf) == 0:
		return fmt.Sprintf("Auth0 names no scope that is missing. If the token has %s, which %s needs, more scopes will not "+
			"help. Else %s", needs, subject, c.gate.cfg.MoreScopes)
	}
	return fmt.Sprintf("The token lacks a scope that %s needs: %s. To get it, %s", subject,
		strings.Join(anyOf, " or "), c.gate.cfg.MoreScopes)
}

func (c *Call) notFoundRemedy(q *request) string {
	// Only what the caller named can be wrong: a path may end in a word of the API.
	if path, err := pluginv1.ParsePath(q.GetPath()); err == nil && c.endsInName(q.GetMethod(), path) {
		return "It does not exist: create it first, or check what it belongs to"
	}
	return fmt.Sprintf("Nothing is there under %s: check the id, or list what there is", lastSegment(q.GetPath()))
}

// endsInName reports whether the tool's declared paths, {parameters} aside, end as path does.
func (c *Call) endsInName(method string, path pluginv1.Path) bool {
	segments := path.Segments()
	for i, rule := range c.rules {
		if rule.Match(method, path) {
			return strings.HasSuffix(c.grant.Tool.Paths[i], "/"+segments[len(segments)-1])
		}
	}
	return false
}

// foreignRemedy is what to do about an error answer that is not Auth0's.
func (c *Call) foreignRemedy(q *request) string {
	status, header := q.end.status, q.end.header
	again := "try again later"
	if !q.read && q.end.result() == Unknown {
		again = "check the network"
	}
	switch {
	case status == http.StatusUnauthorized:
		return "This says nothing about the token, which stays in use: the next call sends it again. If that does not " +
			"help, something between this computer and " + q.domain + " asks for a sign-in of its own: check the network " +
			"and the proxy"
	case status == http.StatusTooManyRequests:
		return "Something between this computer and the tenant limits requests: " +
			ratelimit.ResetText(ratelimit.ResetOf(status, header, time.Now()))
	case status >= http.StatusInternalServerError:
		return "This is a fault of Auth0 or of something between this computer and " + q.domain + ": " + again
	case status == http.StatusNotFound, status == http.StatusGone:
		return "No Management API answers there: check the tenant's domain, " + q.domain
	}
	blocked := "A firewall or proxy between this computer and " + q.domain + " blocked the request"
	if ray := printable([]byte(header.Get("Cf-Ray"))); header.Get("Cf-Ray") != "" {
		blocked = "A firewall rule at Cloudflare blocked the request (Ray ID " + ray + ")"
	}
	if len(q.GetBody()) > 0 {
		blocked += ", perhaps because of code or markup in its body"
	}
	return blocked + ". More scopes will not help: ask who runs the firewall to allow it, or use another network"
}

// lastSegment is what a path names, as the caller gave it.
func lastSegment(path string) string {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if plain, err := url.PathUnescape(segment); err == nil {
		return strconv.Quote(plain)
	}
	return segment
}

// transportText says why a request has no whole answer. Whether it was carried out is
// the outcome's to say.
func transportText(q *request, fault tenant.Fault) string {
	switch {
	case q.end.status != 0:
		return fmt.Sprintf("%s was answered with %d, but the answer did not arrive whole: %v", q.name(), q.end.status, fault)
	case q.end.result() == NotSent:
		return fmt.Sprintf("%s was not sent: %v", q.name(), fault)
	}
	return fmt.Sprintf("%s failed: %v", q.name(), fault)
}

// tooLarge says that an answer is not shown for its size.
func tooLarge(q *request) string {
	if q.end.result() == Done && !q.read {
		return fmt.Sprintf("%s was carried out (%d), but its answer is over %d bytes and is not shown", q.name(),
			q.end.status, pluginv1.MaxBodyBytes)
	}
	return fmt.Sprintf("%s: the answer is over %d bytes: ask for fewer items or fields", q.name(), pluginv1.MaxBodyBytes)
}

// tooManySecrets says that an answer is not shown because it holds more secrets than a call can hide.
func tooManySecrets(q *request) string {
	if q.end.result() == Done && !q.read {
		return fmt.Sprintf("%s was carried out (%d), but its answer holds too many secrets and is not shown", q.name(),
			q.end.status)
	}
	return q.name() + ": the answer holds too many secrets: ask for fewer items"
}

// lazily compiles a pattern when it is first used: a server that starts needs none.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
