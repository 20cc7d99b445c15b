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
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// APIError is an error answer of the Management API.
type APIError struct {
	Request   string // "METHOD path"
	Status    int
	Message   string // Auth0's, or what was answered instead
	ErrorCode string
	// Remedy is what to do about it.
	Remedy string
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("Auth0 answered %d %s to %s: %s", e.Status, http.StatusText(e.Status), e.Request,
		strings.TrimRight(e.Message, "."))
	if e.ErrorCode != "" {
		text += " (" + e.ErrorCode + ")"
	}
	return text + ". " + e.Remedy
}

// quotedBytes is how much of an answer that is not Auth0's JSON is quoted.
const quotedBytes = 200

// maxMessage and maxErrorCode bound what is kept of an error answer, in bytes: Auth0's
// own are a few hundred.
const (
	maxMessage   = 4 << 10
	maxErrorCode = 100
)

func (c *Call) parseAPIError(q *request, body []byte) *APIError {
	var said struct {
		Message   string `json:"message"`
		ErrorCode string `json:"errorCode"`
	}
	if json.Unmarshal(body, &said) != nil || said.Message == "" {
		said.Message = printable(body)
	}
	return &APIError{
		Request: q.name(), Status: q.end.status, Message: c.gate.clip(said.Message,
			maxMessage), ErrorCode: c.gate.clip(said.ErrorCode, maxErrorCode),
		Remedy: c.remedy(q, said.Message),
	}
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

var expectedScopes = regexp.MustCompile(`expected any of:\s*([a-z_:, ]+)`)

func (c *Call) remedy(q *request, message string) string {
	switch status := q.end.status; {
	case status == http.StatusUnauthorized:
		return "The token is missing, expired or revoked: " + c.gate.cfg.SignIn
	case status == http.StatusForbidden:
		scopes := strings.Join(c.grant.Tool.Scopes, ", ")
		if m := expectedScopes.FindStringSubmatch(message); m != nil {
			scopes = strings.TrimSpace(m[1])
		}
		return fmt.Sprintf("The token lacks a scope, which %s needs: %s. Get a token that has it: %s", c.grant.Tool.Name,
			scopes, c.gate.cfg.SignIn)
	case status == http.StatusNotFound:
		return fmt.Sprintf("Nothing is there under %s: check the id, or list what there is", lastSegment(q.GetPath()))
	case status == http.StatusConflict:
		return "It conflicts with what the tenant has already: change the name or identifier, or update the existing one"
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return "Correct the field that Auth0 names, and call again"
	case status == http.StatusTooManyRequests && q.end.result() == Rejected:
		return "The tenant's rate limit is used up, and the request was not carried out: " +
			ratelimit.ResetText(ratelimit.ResetOf(status, q.end.header, time.Now()))
	case status == http.StatusTooManyRequests:
		return "Something between this computer and the tenant limits requests: " +
			ratelimit.ResetText(ratelimit.ResetOf(status, q.end.header, time.Now()))
	case status < http.StatusInternalServerError:
		return "The request was not carried out"
	case q.read:
		return "This is a fault on Auth0's side: try again later"
	}
	return "This is a fault on Auth0's side"
}

// lastSegment is what a path names, as the caller gave it.
func lastSegment(path string) string {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	if plain, err := url.PathUnescape(segment); err == nil {
		return strconv.Quote(plain)
	}
	return segment
}

// transportText says why a request has no whole answer, by the kind of the error and
// never by its words. Whether it was carried out is the outcome's to say.
func transportText(q *request, err error) string {
	what := broken(q.domain, err)
	if q.end.status != 0 {
		return fmt.Sprintf("%s was answered with %d, but the answer did not arrive whole: %s", q.name(), q.end.status, what)
	}
	return fmt.Sprintf("%s failed: %s", q.name(), what)
}

func broken(domain string, err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var record tls.RecordHeaderError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var proxy *tenant.ProxyError
	switch {
	case errors.As(err, &proxy):
		return proxy.Error()
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return fmt.Sprintf("the proxy could not be used (%v): check HTTPS_PROXY", op.Err)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("the name %s was not found: check the domain and the network", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("looking up the name %s failed (%s): check the network and its name server", dns.Name, dns.Err)
	case errors.As(err, &record):
		return domain + " does not speak https there: check the domain and the port"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s has expired, or is not valid yet (%v): check this computer's clock", domain,
			invalid)
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate of %s is for another host (%v): check the domain", domain, host)
	case isTLSRefusal(err):
		return fmt.Sprintf("the certificate of %s is not trusted (%v): if a proxy inspects the traffic, name its "+
			"certificate authority in AUTH0_MCP_CA_FILE", domain, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return domain + " refused the connection: check the domain, the port and the proxy settings"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return domain + " did not answer in time"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return domain + " closed the connection before it had answered"
	}
	return fmt.Sprintf("no answer from %s: %v", domain, err)
}

// tooLarge says that an answer is not shown for its size.
func tooLarge(q *request) string {
	if q.end.result() == Done && !q.read {
		return fmt.Sprintf("%s was carried out (%d), but its answer is over %d bytes and is not shown", q.name(),
			q.end.status, pluginv1.MaxBodyBytes)
	}
	return fmt.Sprintf("%s: the answer is over %d bytes: ask for fewer items or fields", q.name(), pluginv1.MaxBodyBytes)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
