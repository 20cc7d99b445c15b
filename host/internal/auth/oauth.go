package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

const (
	// requestTimeout bounds one request, its answer's body included: a user waits
	// for it, or a tool call does.
	requestTimeout = 10 * time.Second
	// maxAnswerBytes bounds an answer: a real one has a few kilobytes.
	maxAnswerBytes = 1 << 20
	// quotedRunes is how much of an error description is quoted.
	quotedRunes = 200

	tokenPath = "/oauth/token" //nolint:gosec // a path, no credential
)

// OAuth sends requests to Auth0's OAuth endpoints: over https only, each bounded
// in time and size, no redirect followed. One way for all of them, because
// golang.org/x/oauth2 knows no revocation, gives up polling at the first error of
// the network, and prints answers, which may hold secrets, into its errors.
type OAuth struct {
	// Transport carries the requests; nil: http.DefaultTransport.
	Transport http.RoundTripper
	// UserAgent names the program to Auth0.
	UserAgent string
}

// OAuthError is an error answer of an OAuth endpoint. RFC 6749 section 5.2.
type OAuthError struct {
	// Host is who answered.
	Host string
	// Status is the HTTP status.
	Status int
	// Code and Description are the fields error and error_description: printable,
	// cut, and without the secrets that were sent.
	Code, Description string
}

func (e *OAuthError) Error() string {
	if e.Description == "" {
		return fmt.Sprintf("%s answered %s", e.Host, e.Code)
	}
	return fmt.Sprintf("%s answered %s (%s)", e.Host, e.Code, e.Description)
}

// UnavailableError means that an endpoint gave no answer that OAuth knows: none at
// all, a fault of the server, or something malformed. The same request may succeed
// later.
type UnavailableError struct {
	Host string
	// Status is the HTTP status; 0: no answer came.
	Status int
	// Err is what was wrong. It never holds the answer's body.
	Err error
}

func (e *UnavailableError) Error() string {
	if e.Status == 0 {
		return tenant.FaultOf(e.Host, e.Err, true).String()
	}
	return fmt.Sprintf("%s answered %d %s: %v", e.Host, e.Status, http.StatusText(e.Status), e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// Temporary reports whether a token could not be had for a reason that passes: the same request may succeed later.
func Temporary(err error) bool { return temporary(err) }

// temporary reports whether the request that failed may succeed when it is sent
// again. Everything else is a decision of the server, or a mistake of ours.
func temporary(err error) bool {
	var unavailable *UnavailableError
	var answer *OAuthError
	switch {
	case errors.As(err, &unavailable):
		return true
	case errors.As(err, &answer):
		return answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests ||
			answer.Code == "server_error" || answer.Code == "temporarily_unavailable" || !isOAuthCode(answer.Code)
	}
	return false
}

// timedOut reports whether an error is a connection's or a request's timeout.
func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// post sends a form and decodes the answer into a struct; nil: the answer does not
// matter. It returns the context's cause, *OAuthError or *UnavailableError.
func (o OAuth) post(ctx context.Context, domain, path string, form url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+domain+path,
		strings.NewReader(form.Encode()))
	if err != nil || domain == "" || request.URL.Host != domain {
		return fmt.Errorf("%q is not a domain: want a host and nothing else, such as %s", domain, DefaultAuthDomain)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", o.UserAgent)
	client := http.Client{
		Transport: o.Transport,
		Timeout:   requestTimeout,
		// A redirect would carry the secrets of the form to another place.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return unanswered(ctx, domain, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return unanswered(ctx, domain, err)
	}
	return judge(domain, response.StatusCode, body, form, into)
}

func unanswered(ctx context.Context, domain string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// What http.Client adds is the method and the URL, which say nothing new.
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &UnavailableError{Host: domain, Err: err}
}

var (
	errNotOAuth  = errors.New("the answer is not one of OAuth")
	errTooLarge  = errors.New("the answer is over 1 MiB")
	errRedirects = errors.New("it redirects, which is not followed: check the domain")
)

func judge(domain string, status int, body []byte, form url.Values, into any) error {
	var problem struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	switch {
	case len(body) > maxAnswerBytes:
		return &UnavailableError{domain, status, errTooLarge}
	case json.Unmarshal(body, &problem) == nil && problem.Error != "":
		return &OAuthError{domain, status, quotable(problem.Error, form), quotable(problem.Description, form)}
	case status >= 300 && status < 400:
		return &UnavailableError{domain, status, errRedirects}
	case status != http.StatusOK:
		return &UnavailableError{domain, status, errNotOAuth}
	case into != nil && json.Unmarshal(body, into) != nil:
		return &UnavailableError{domain, status, errNotOAuth}
	}
	return nil
}

// isOAuthCode reports whether an error has the form of OAuth's codes (RFC 6749, 5.2) and of
// Auth0's: a gateway's {"error":"Unauthorized"} is no verdict on a session.
func isOAuthCode(code string) bool {
	return code != "" && !strings.ContainsFunc(code, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' })
}

// quotable makes a server's text fit for an error: a server may repeat what it was
// sent, and a terminal obeys control characters.
func quotable(text string, form url.Values) string {
	for _, field := range []string{"client_secret", "client_assertion", "refresh_token", "device_code", "token"} {
		if secret := form.Get(field); secret != "" {
			text = strings.ReplaceAll(text, secret, "["+field+"]")
		}
	}
	runes := []rune(text)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, string(runes[:min(len(runes), quotedRunes)])))
}

// tokenAnswer is a successful answer of the token endpoint. RFC 6749 section 5.1.
type tokenAnswer struct {
	AccessToken  string  `json:"access_token"`
	TokenType    string  `json:"token_type"`
	RefreshToken string  `json:"refresh_token"`
	Scope        string  `json:"scope"`
	ExpiresIn    seconds `json:"expires_in"`
}

// requestToken asks the token endpoint, and puts the token into the session that
// the request was made for, which keeps what the answer does not replace.
func (o OAuth) requestToken(ctx context.Context, domain string, form url.Values, s Session) (Session, error) {
	// A life counts from before the request: the token must not seem to live longer
	// than it does. UTC drops the monotonic clock, which stops while a computer sleeps.
	begun := time.Now().UTC()
	var answer tokenAnswer
	if err := o.post(ctx, domain, tokenPath, form, &answer); err != nil {
		return Session{}, err
	}
	if !headerSafe(answer.AccessToken) || (answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "Bearer")) {
		return Session{}, &UnavailableError{domain, http.StatusOK, errors.New("the answer holds no bearer token")}
	}
	s.AccessToken, s.IssuedAt, s.ExpiresAt = answer.AccessToken, begun, time.Time{}
	claims, err := readClaims(answer.AccessToken)
	switch {
	case answer.ExpiresIn > 0:
		s.ExpiresAt = begun.Add(time.Duration(answer.ExpiresIn) * time.Second)
	case err == nil:
		s.ExpiresAt = claims.endFrom(begun)
	}
	switch {
	case answer.Scope != "":
		s.Scope = answer.Scope
	case err == nil && claims.Scope != "":
		s.Scope = claims.Scope
	}
	if answer.RefreshToken != "" {
		s.RefreshToken = answer.RefreshToken
	}
	return s, nil
}

// headerSafe reports whether a token can be sent in a header: no token holds white
// space or anything beyond ASCII.
func headerSafe(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// seconds is a duration in an answer: a number, or one in quotation marks, which
// some servers send. What cannot be a duration is 0, as if it had been left out.
type seconds int64

// UnmarshalJSON never fails: an odd lifetime is no reason to lose a token.
func (s *seconds) UnmarshalJSON(data []byte) error {
	var n json.Number
	*s = 0
	if json.Unmarshal(data, &n) != nil {
		return nil //nolint:nilerr // see above
	}
	if f, err := n.Float64(); err == nil && f > 0 {
		*s = seconds(min(f, math.MaxInt32)) // 68 years: more would overflow a Duration
	}
	return nil
}
