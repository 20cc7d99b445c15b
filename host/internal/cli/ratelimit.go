package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
)

// rateShareFlag is how much of the tenant's rate limit may be used, in percent.
type rateShareFlag struct{ percent int }

func (f *rateShareFlag) add(cmd *cobra.Command) {
	cmd.Flags().Var(f, "rate-share", fmt.Sprintf("how much of the tenant's rate limit to use, in percent; the rest "+
		"is left to its applications (AUTH0_MCP_RATE_SHARE) (default %d)", ratelimit.DefaultShare))
}

func (f *rateShareFlag) Set(value string) (err error) {
	if strings.TrimSpace(value) == "" {
		return nil // as if it had not been given
	}
	f.percent, err = parseRateShare("--rate-share", value)
	return err
}

func (f *rateShareFlag) String() string {
	if f.percent == 0 {
		return "" // cobra shows what is not empty as the default, which the usage names
	}
	return strconv.Itoa(f.percent)
}

func (f *rateShareFlag) Type() string { return "percent" }

// value is the typed flag, else the environment's, else the default.
func (f *rateShareFlag) value() (int, error) {
	if f.percent != 0 {
		return f.percent, nil
	}
	if value := account.Variable("AUTH0_MCP_RATE_SHARE"); value != "" {
		return parseRateShare("AUTH0_MCP_RATE_SHARE", value)
	}
	return ratelimit.DefaultShare, nil
}

func parseRateShare(name, value string) (int, error) {
	percent, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), "%"))
	if err != nil || percent < 1 || percent > 100 {
		return 0, fmt.Errorf("%s=%q: want a percentage from 1 to 100", name, value)
	}
	return percent, nil
}
