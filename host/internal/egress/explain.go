package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// apiError is an error answer of the Management API.
type apiError struct {
	method, path string
	status       int
	// wait and reset tell when the rate limit resets.
	wait      time.Duration
	reset     time.Time
	Message   string `json:"message"`
	ErrorCode string `json:"errorCode"`
}

// quotedBytes is how much of an answer that is not Auth0's JSON is quoted.
const quotedBytes = 200

// maxMessage and maxErrorCode bound what is kept of an error answer, in bytes: Auth0's
// own are a few hundred.
const (
	maxMessage   = 4 << 10
	maxErrorCode = 100
)

func (c *Call) parseAPIError(r *pluginv1.RoundTripRequest, response *http.Response, body []byte) *apiError {
	e := &apiError{method: r.GetMethod(), path: r.GetPath(), status: response.StatusCode}
	e.wait, e.reset = ratelimit.ResetOf(response.StatusCode, response.Header, time.Now())
	if json.Unmarshal(body, e) != nil || e.Message == "" {
		e.Message = printable(body)
	}
	e.Message, e.ErrorCode = c.gate.clip(e.Message, maxMessage), c.gate.clip(e.ErrorCode, maxErrorCode)
	return e
}

// clip cuts a text that is over a number of bytes. It is redacted before: half a secret
// would not be known for one.
func (g *Gate) clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if text = g.cfg.Redact.Text(text); len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + fmt.Sprintf("… (%d bytes)", len(text))
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

// Explain words a failure for the person: what happened, to what, and what mends
// it. An error of the API is worded from what the Gate itself saw, not from what
// the plugin makes of it.
func (c *Call) Explain(f *pluginv1.Failure) string {
	text := f.GetMessage()
	if f.GetCode() == pluginv1.Failure_CODE_API {
		c.mu.Lock()
		seen := c.failed[int(f.GetHttpStatus())]
		c.mu.Unlock()
		if seen != nil {
			text = seen.text() + ". " + c.remedy(seen)
		}
	}
	return c.gate.cfg.Redact.Text(WithDone(text, f))
}

// WithDone is a text about a failure, and what the tool had changed before it.
func WithDone(text string, f *pluginv1.Failure) string {
	if f.GetDone() == "" {
		return text
	}
	return strings.TrimRight(text, ".") + ". " + f.GetDone()
}

func (e *apiError) text() string {
	text := fmt.Sprintf("Auth0 answered %d %s to %s %s: %s", e.status, http.StatusText(e.status), e.method, e.path, strings.TrimRight(e.Message, "."))
	if e.ErrorCode != "" {
		text += " (" + e.ErrorCode + ")"
	}
	return text
}

var expectedScopes = regexp.MustCompile(`expected any of:\s*([a-z_:, ]+)`)

func (c *Call) remedy(e *apiError) string {
	switch e.status {
	case http.StatusUnauthorized:
		return "The token is missing, expired or revoked: " + c.gate.cfg.SignIn
	case http.StatusForbidden:
		scopes := strings.Join(c.grant.Tool.Scopes, ", ")
		if m := expectedScopes.FindStringSubmatch(e.Message); m != nil {
			scopes = strings.TrimSpace(m[1])
		}
		return fmt.Sprintf("The token lacks a scope, which %s needs: %s. Get a token that has it: %s", c.grant.Tool.Name, scopes, c.gate.cfg.SignIn)
	case http.StatusNotFound:
		return fmt.Sprintf("Nothing is there under %s: check the id, or list what there is", lastSegment(e.path))
	case http.StatusConflict:
		return "It conflicts with what the tenant has already: change the name or identifier, or update the existing one"
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "Correct the field that Auth0 names, and call again"
	case http.StatusTooManyRequests:
		return "The tenant's rate limit is used up, and the request was not carried out: " + ratelimit.ResetText(e.wait, e.reset)
	}
	if e.status < http.StatusInternalServerError {
		return "The request was not carried out"
	}
	if e.method != http.MethodGet && e.method != http.MethodHead {
		return "This is a fault on Auth0's side, and the change may or may not have happened: look before you try again"
	}
	return "This is a fault on Auth0's side: try again later"
}

// lastSegment is what a path names, as the caller gave it.
func lastSegment(path string) string {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if plain, err := url.PathUnescape(segment); err == nil {
		return strconv.Quote(plain)
	}
	return segment
}

// transportText says by what kind of error a request failed, never by its words.
func (c *Call) transportText(r *pluginv1.RoundTripRequest, err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var record tls.RecordHeaderError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var what string
	domain := c.gate.cfg.Domain
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		what = fmt.Sprintf("the proxy could not be used (%v): check HTTPS_PROXY", op.Err)
	case errors.As(err, &dns) && dns.IsNotFound:
		what = fmt.Sprintf("the name %s was not found: check the domain and the network", dns.Name)
	case errors.As(err, &dns):
		what = fmt.Sprintf("looking up the name %s failed (%s): check the network and its name server", dns.Name, dns.Err)
	case errors.As(err, &record):
		what = domain + " does not speak https there: check the domain and the port"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		what = fmt.Sprintf("the certificate of %s has expired, or is not valid yet (%v): check this computer's clock", domain, invalid)
	case errors.As(err, &host):
		what = fmt.Sprintf("the certificate of %s is for another host (%v): check the domain", domain, host)
	case isTLSRefusal(err):
		what = fmt.Sprintf("the certificate of %s is not trusted (%v): if a proxy inspects the traffic, name its certificate authority in AUTH0_MCP_CA_FILE", domain, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		what = domain + " refused the connection: check the domain, the port and the proxy settings"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		what = domain + " did not answer in time"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		what = domain + " closed the connection before it had answered"
	default:
		what = fmt.Sprintf("no answer from %s: %v", domain, err)
	}
	text := fmt.Sprintf("%s %s failed: %s", r.GetMethod(), r.GetPath(), what)
	if r.GetMethod() == http.MethodGet || r.GetMethod() == http.MethodHead {
		return text
	}
	if neverArrived(err) {
		return text + ". Nothing was changed"
	}
	c.unsure(r)
	return text + ". The change may or may not have happened: look before you try again"
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
