package cli

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// sandboxSwitches make the built-in tenant behave as badly as a real one can.
type sandboxSwitches struct {
	faults      []string
	latency     time.Duration
	rateLimit   string
	certificate string
}

func (f *sandboxSwitches) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.faults, "sandbox-fault", nil,
		"a fault of the built-in tenant, 'METHOD PATH KIND[=VALUE] [xTIMES]': see auth0-mcp sandbox --help; repeatable")
	cmd.Flags().DurationVar(&f.latency, "sandbox-latency", 0,
		"how long the built-in tenant takes for each request, such as 200ms")
	cmd.Flags().StringVar(&f.rateLimit, "sandbox-rate-limit", "",
		"the built-in tenant's rate limit, such as 10/s or 120/1m")
}

// addCertificate is for a tenant that is served over HTTPS.
func (f *sandboxSwitches) addCertificate(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.certificate, "sandbox-certificate", "",
		"serve with a bad certificate: expired, wrong-host or untrusted")
}

func (f *sandboxSwitches) given() bool {
	return len(f.faults) > 0 || f.latency != 0 || f.rateLimit != ""
}

// tenant makes the tenant that is served at a domain; "" for the default one.
func (f *sandboxSwitches) tenant(domain string) (*sandbox.Tenant, error) {
	options := sandbox.Options{Domain: domain, Latency: f.latency}
	if f.latency < 0 {
		return nil, fmt.Errorf("--sandbox-latency %v: want a time such as 200ms", f.latency)
	}
	if f.rateLimit != "" {
		var err error
		if options.RateLimit, options.RateWindow, err = sandbox.ParseRate(f.rateLimit); err != nil {
			return nil, fmt.Errorf("--sandbox-rate-limit: %w", err)
		}
	}
	rules := make([]sandbox.FaultRule, 0, len(f.faults))
	for _, text := range f.faults {
		rule, err := sandbox.ParseFault(text)
		if err != nil {
			return nil, fmt.Errorf("--sandbox-fault: %w", err)
		}
		rules = append(rules, rule)
	}
	tenant := sandbox.New(options)
	for _, rule := range rules {
		tenant.Fail(rule)
	}
	return tenant, nil
}

// serve serves the tenant with the certificate that was asked for. The listener is
// the server's, or closed.
func (f *sandboxSwitches) serve(listener net.Listener, tenant *sandbox.Tenant) (*sandbox.Server, error) {
	certificates := map[string]sandbox.Certificate{
		"": sandbox.GoodCertificate, "expired": sandbox.ExpiredCertificate,
		"wrong-host": sandbox.WrongHostCertificate, "untrusted": sandbox.UntrustedCertificate,
	}
	certificate, ok := certificates[strings.TrimSpace(f.certificate)]
	if !ok {
		return nil, errors.Join(fmt.Errorf("--sandbox-certificate %q: want expired, wrong-host or untrusted",
			f.certificate), listener.Close())
	}
	return sandbox.ServeWith(listener, tenant, certificate)
}

// errNoSandbox says that a switch of the built-in tenant was given for another.
var errNoSandbox = errors.New("--sandbox-fault, --sandbox-latency and --sandbox-rate-limit are for the built-in " +
	"tenant: add --sandbox")
