package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// discoveryPath is what every tenant answers without a token, so that the connection can be
// checked.
// Source: https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery
const discoveryPath = "/.well-known/openid-configuration"

const (
	// A clock that is a minute off makes signed assertions fail now and then; one
	// that is off by more than a token's margin uses tokens that have ended.
	skewWarns = time.Minute
	skewFails = auth.Margin
)

// checkNetwork goes the way to the tenant step by step, and stops where it ends:
// that step's remedy is the one that counts.
func (d *Doctor) checkNetwork(ctx context.Context, domain string) []Finding {
	findings := []Finding{d.checkCertificateFile()}
	address, proxied, proxy := d.checkProxy(ctx, domain)
	findings = append(findings, proxy)
	if proxy.Status == Fail {
		return findings
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return append(findings, fails("dns", d.domainRemedy(), "%s is no address: %v", address, err))
	}
	for _, check := range []func(context.Context) Finding{
		func(ctx context.Context) Finding { return d.checkDNS(ctx, host, proxied) },
		func(ctx context.Context) Finding { return d.checkTCP(ctx, address, proxied) },
	} {
		found := d.bounded(ctx, check)
		if findings = append(findings, found); found.Status == Fail {
			return findings
		}
	}
	return append(findings, d.checkTLS(ctx, domain)...)
}

func (d *Doctor) bounded(ctx context.Context, check func(context.Context) Finding) Finding {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	return check(ctx)
}

func (d *Doctor) checkCertificateFile() Finding {
	switch path := strings.TrimSpace(d.at.getenv("AUTH0_MCP_CA_FILE")); {
	case d.certificate != nil:
		return fails("certificates", "set AUTH0_MCP_CA_FILE to a file with certificates in PEM form, or unset it",
			"%v", d.certificate)
	case path == "":
		return passes("certificates", "the system's authorities are trusted")
	default:
		return passes("certificates", "the system's authorities are trusted, and those in %s", path)
	}
}

// proxyVariables are those that Go's HTTP client obeys for https.
func proxyVariables() []string { return []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"} }

// checkProxy finds out whom to connect to. A proxy's URL is shown as its host and
// port only: the rest may hold a password, and an error quotes all of it.
func (d *Doctor) checkProxy(ctx context.Context, domain string) (address string, proxied bool, f Finding) {
	var seen []string
	for _, name := range proxyVariables() {
		if d.at.getenv(name) != "" {
			seen = append(seen, name)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+domain+discoveryPath, nil)
	if err != nil {
		return "", false, fails("proxy", d.domainRemedy(), "%s is not a domain", domain)
	}
	address = withPort(request.URL)
	transport, ok := d.accounts.Transport.(*http.Transport)
	if !ok || transport.Proxy == nil {
		return address, false, passes("proxy", "none")
	}
	proxy, err := transport.Proxy(request)
	switch {
	case err != nil:
		return "", false, fails("proxy", "set HTTPS_PROXY to http://HOST:PORT, or unset it",
			"%s can't be read as a URL", strings.Join(seen, ", "))
	case proxy == nil && len(seen) > 0:
		return address, false, passes("proxy", "not used for %s (%s set)", domain, strings.Join(seen, ", "))
	case proxy == nil:
		return address, false, passes("proxy", "none")
	}
	d.hideProxy(proxy)
	detail := fmt.Sprintf("%s://%s, by %s", proxy.Scheme, proxy.Host, strings.Join(seen, ", "))
	return withPort(proxy), true, passes("proxy", "%s; a client that is not started from a shell needs the variable "+
		"in its entry's env", detail)
}

func (d *Doctor) hideProxy(proxy *url.URL) {
	if password, ok := proxy.User.Password(); ok {
		d.hide(password)
	}
	if name := proxy.User.Username(); name != "" {
		d.hide(name)
	}
}

func withPort(u *url.URL) string {
	port := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
}

func (d *Doctor) checkDNS(ctx context.Context, host string, proxied bool) Finding {
	if net.ParseIP(host) != nil {
		return passes("dns", "%s is an address", host)
	}
	started := d.at.now()
	addresses, err := d.at.lookup(ctx, host)
	took := d.at.now().Sub(started).Round(time.Millisecond)
	unknown, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case err == nil:
		return passes("dns", "%s is %s (%v)", host, strings.Join(addresses[:min(len(addresses), 3)], ", "), took)
	case proxied:
		return fails("dns", "correct HTTPS_PROXY", "the proxy's name %s was not found (%s)", host,
			dnsReason(unknown, err))
	case isDNS && unknown.IsNotFound:
		return fails("dns", d.domainRemedy(), "there is no name %s", host)
	}
	return fails("dns", "check the network, a VPN and the name server; then auth0-mcp doctor again",
		"the name server gave no answer for %s (%s)", host, dnsReason(unknown, err))
}

func dnsReason(e *net.DNSError, err error) string {
	if e != nil {
		return e.Err
	}
	return err.Error()
}

func (d *Doctor) checkTCP(ctx context.Context, address string, proxied bool) Finding {
	started := d.at.now()
	conn, err := d.at.dial(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
		return passes("tcp", "%s is open (%v)", address, d.at.now().Sub(started).Round(time.Millisecond))
	}
	remedy := "let the firewall pass " + address + ", or set HTTPS_PROXY to your proxy"
	if proxied {
		remedy = "correct HTTPS_PROXY, or start the proxy"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		if !proxied {
			remedy = d.domainRemedy()
		}
		return fails("tcp", remedy, "%s refused the connection", address)
	case timedOut(err):
		return fails("tcp", remedy, "%s did not answer in time", address)
	}
	return fails("tcp", remedy, "no connection to %s: %v", address, err)
}

func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || ok && timeout.Timeout()
}

// checkTLS asks the tenant for its public document: through the proxy if there is
// one, without a token. The answer also tells the tenant's time.
func (d *Doctor) checkTLS(ctx context.Context, domain string) []Finding {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+domain+discoveryPath, nil)
	if err != nil {
		return []Finding{fails("tls", d.domainRemedy(), "%s is not a domain", domain)}
	}
	request.Header.Set("User-Agent", d.cfg.UserAgent)
	started := d.at.now()
	response, err := d.accounts.Transport.RoundTrip(request)
	if err != nil {
		return []Finding{d.explainTLS(domain, err)}
	}
	ended := d.at.now()
	_ = response.Body.Close()
	detail := fmt.Sprintf("%s is trusted", domain)
	if state := response.TLS; state != nil && len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		// An issuer that is the company's own means that a proxy reads along.
		detail += fmt.Sprintf(": %s, certificate by %s until %s", tls.VersionName(state.Version), issuerOf(leaf),
			leaf.NotAfter.Format(time.DateOnly))
	}
	return []Finding{passes("tls", "%s (%v)", detail, ended.Sub(started).Round(time.Millisecond)),
		checkClock(response.Header.Get("Date"), started, ended)}
}

func issuerOf(leaf *x509.Certificate) string {
	return cmp.Or(strings.Join(leaf.Issuer.Organization, ", "), leaf.Issuer.CommonName, "an authority without a name")
}

func (d *Doctor) explainTLS(domain string, err error) Finding {
	fault := tenant.FaultOf(domain, err, true)
	remedy := fault.Fix
	if fault.WrongDomain {
		remedy = d.domainRemedy()
	}
	return fails("tls", remedy, "%s", fault.Problem)
}

// checkClock compares the tenant's time with this computer's in the middle of the
// request. Date has whole seconds. RFC 9110 section 6.6.1.
func checkClock(date string, started, ended time.Time) Finding {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return warns("clock", "compare this computer's clock with another",
			"not checked: the answer has no usable date")
	}
	skew := started.Add(ended.Sub(started) / 2).Sub(theirs).Round(time.Second)
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	switch {
	case skew.Abs() >= skewFails:
		return fails("clock", "set this computer's clock, by network time",
			"%v %s the tenant's: tokens are used too early or too late", skew.Abs(), direction)
	case skew.Abs() >= skewWarns:
		return warns("clock", "set this computer's clock, by network time", "%v %s the tenant's", skew.Abs(), direction)
	}
	return passes("clock", "agrees with the tenant's (%v)", skew)
}

// apiProbe is a request that reads next to nothing with one scope.
type apiProbe struct{ scope, path string }

// apiProbes are the cheapest reads, the one that needs least first.
// Source: https://auth0.com/docs/api/management/v2
func apiProbes() []apiProbe {
	return []apiProbe{
		{"read:clients", "/api/v2/clients?per_page=1&fields=client_id&include_fields=true"},
		{"read:resource_servers", "/api/v2/resource-servers?per_page=1"},
		{"read:actions", "/api/v2/actions/actions?per_page=1"},
		{"read:forms", "/api/v2/forms?per_page=1"},
		{"read:roles", "/api/v2/roles?per_page=1"},
		{"read:tenant_settings", "/api/v2/tenants/settings?fields=friendly_name&include_fields=true"},
		{"read:logs", "/api/v2/logs?per_page=1&fields=log_id&include_fields=true"},
	}
}

// probeFor picks a request that the scopes allow. Without one the first is sent
// all the same: that it is forbidden still shows that the token is accepted.
func probeFor(granted []string) (probe apiProbe, allowed bool) {
	for _, p := range apiProbes() {
		if slices.Contains(granted, p.scope) {
			return p, true
		}
	}
	return apiProbes()[0], false
}

// checkAPI sends one request as the server would, with a renewed token where the
// stored one has ended or is refused.
func (d *Doctor) checkAPI(ctx context.Context) []Finding {
	session, _ := d.known()
	if session == nil {
		return nil // the session's own line says why
	}
	source, err := d.accounts.Source(ctx, d.account, slog.New(slog.DiscardHandler))
	if err != nil {
		return []Finding{fails("api", d.initCommandLine(), "%v", err)}
	}
	// A renewed token that is not stored would be lost, and its refresh token with it.
	defer func() { _ = source.Wait(context.WithoutCancel(ctx)) }()
	// Where the session belongs, whatever the config file says: a token goes nowhere else.
	domain := source.Domain()
	probe, allowed := probeFor(session.Scopes())
	var answer apiAnswer
	for attempt := range 2 {
		var token *oauth2.Token
		if token, err = source.TokenContext(ctx); err != nil {
			remedy := d.initCommandLine()
			if e, ok := errors.AsType[*auth.SignInError](err); ok && e.Command != "" {
				remedy = e.Command
			}
			return []Finding{fails("api", remedy, "there is no valid token: %v", err)}
		}
		d.hide(token.AccessToken)
		if answer, err = d.ask(ctx, domain, probe.path, token.AccessToken); err != nil {
			return []Finding{fails("api", "auth0-mcp doctor, once more; then check the network",
				"no answer from the Management API of %s: %v", domain, err)}
		}
		if answer.status != http.StatusUnauthorized || !answer.known || attempt > 0 || !session.Renewable() {
			break
		}
		source.Refused(token.AccessToken)
	}
	return []Finding{d.judgeAnswer(domain, probe, allowed, answer)}
}

type apiAnswer struct {
	status int
	header http.Header
	// refusal is what the Management API says in an error answer; known is false if
	// something else answered.
	refusal tenant.Refusal
	known   bool
	took    time.Duration
}

func (d *Doctor) ask(ctx context.Context, domain, path, token string) (apiAnswer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+domain+path, nil)
	if err != nil {
		return apiAnswer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("User-Agent", d.cfg.UserAgent)
	started := d.at.now()
	response, err := d.accounts.Transport.RoundTrip(request)
	if err != nil {
		return apiAnswer{}, err
	}
	defer response.Body.Close()
	answer := apiAnswer{status: response.StatusCode, header: response.Header,
		took: d.at.now().Sub(started).Round(time.Millisecond)}
	const limit = 64 << 10
	body, err := io.ReadAll(io.LimitReader(response.Body, limit))
	if err != nil {
		return answer, err
	}
	answer.refusal, answer.known = tenant.ParseRefusal(response.StatusCode, body)
	return answer, nil
}

func (d *Doctor) judgeAnswer(domain string, probe apiProbe, allowed bool, a apiAnswer) Finding {
	said := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	if message := a.refusal.Message; message != "" {
		said += ": " + message[:min(len(message), 200)]
	}
	path, _, _ := strings.Cut(probe.path, "?")
	_, lacks := a.refusal.MissingScope(a.header)
	switch {
	case a.status == http.StatusOK:
		return passes("api", "GET %s of %s answers (%v)", path, domain, a.took)
	case a.status == http.StatusTooManyRequests:
		return warns("api", "wait a minute, then auth0-mcp doctor again", "the rate limit of %s is used up", domain)
	case a.status >= http.StatusInternalServerError:
		return fails("api", "see https://status.auth0.com, and try again later",
			"%s answered %s: a fault on its side", domain, said)
	case a.known && a.status == http.StatusForbidden && lacks && !allowed:
		return passes("api", "%s accepts the token, which has no scope that reads (%s)", domain, said)
	case a.known && a.status == http.StatusForbidden && lacks:
		return fails("api", d.account.MoreScopes()+": "+probe.scope,
			"GET %s is forbidden although %s was granted (%s): the role of who signed in, or a rule of the tenant, "+
				"takes it away", path, probe.scope, said)
	case a.known && a.status == http.StatusForbidden:
		return warns("api", "ask the tenant's administrator or Auth0's support: more scopes will not help",
			"%s accepts the token, and GET %s is not allowed (%s)", domain, path, said)
	case a.known && a.status == http.StatusUnauthorized:
		signIn := d.initCommandLine()
		if d.account.Name == "" {
			signIn = "set AUTH0_TOKEN to a new Management API token of " + domain
		}
		return fails("api", signIn, "%s rejected the token (%s): it was revoked, has expired, or is another tenant's",
			domain, said)
	case !a.known && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden):
		return fails("api", "ask who runs the firewall or proxy to allow https to "+domain+"; a new token will not help",
			"something other than Auth0's Management API answered GET %s with %s", path, said)
	}
	return fails("api", d.domainRemedy()+"; the tenant's own, not a custom one",
		"GET %s of %s answered %s: no Management API is there", path, domain, said)
}
