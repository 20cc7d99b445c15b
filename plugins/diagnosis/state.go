package diagnosis

import (
	"cmp"
	"context"

	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// maxAddresses is how many addresses of the failures are checked for a block.
const maxAddresses = 5

// readState looks for what stops logins now, whether or not the log shows it.
func (i *investigation) readState(ctx context.Context) error {
	for _, u := range i.subject.Users {
		if u.Blocked {
			i.add(blockedUser(u))
		}
		name := cmp.Or(u.Email, u.Username, u.PhoneNumber, u.UserID)
		if b, is := i.blocks(ctx, u.UserID); is == found && len(b.BlockedFor) > 0 {
			i.add(i.withBlockingEvent(ctx, bruteForced(u.UserID, name, b), u))
		}
		i.factors(ctx, u.UserID) // so that the answer says whether they were looked at
	}
	addresses := group{i.failures}.distinct("ip")
	if i.in.IP != "" {
		addresses = []string{i.in.IP}
	} else if len(i.subject.Users) == 0 {
		addresses = nil // those of strangers
	}
	for _, ip := range addresses[:min(len(addresses), maxAddresses)] {
		if i.addressBlocked(ctx, ip) != found {
			continue
		}
		c := blockedAddress(ip)
		if i.in.IP == "" { // perhaps not the user's, but that of someone who guesses
			c.Certainty = possible
		}
		i.add(c)
	}
	if i.in.Domain != "" {
		if c, ok := i.domain(ctx, i.in.Domain); ok {
			i.add(c)
		}
	}
	return nil
}

// withBlockingEvent adds the event that blocked a user, which may be older than the time that is looked at.
func (i *investigation) withBlockingEvent(ctx context.Context, c cause, u user) cause {
	events, err := logevent.Search{Query: `type:"limit_wc" AND ` + clause("user_id", u.UserID)}.Page(ctx, i.call, 0, 1)
	if err != nil {
		i.tenant.err = err
	}
	if len(events) > 0 {
		c.Evidence = append(c.Evidence, fact{Kind: "log_event", ID: events[0].Text("log_id"), Member: "date",
			Value: events[0].Text("date")})
	}
	return c
}

// customDomain is a custom domain with its certificate.
type customDomain struct {
	ID          string `json:"custom_domain_id"`
	Domain      string `json:"domain"`
	Status      string `json:"status"`
	Certificate struct {
		Status       string `json:"status"`
		ErrorMsg     string `json:"error_msg"`
		RenewsBefore string `json:"renews_before"`
	} `json:"certificate"`
}

// domain is what is wrong with a custom domain; false if nothing is, or if it is none of the tenant's.
func (i *investigation) domain(ctx context.Context, name string) (cause, bool) {
	var all []customDomain
	i.tenant.into(ctx, resource{what: "custom domains", scope: "read:custom_domains",
		path: []string{"custom-domains"}}, &all)
	for _, d := range all {
		if d.Domain != name {
			continue
		}
		c := cause{Code: "custom_domain_not_ready", of: d.Domain, Certainty: confirmed,
			Fix: use("Correct the domain's DNS records, then verify it again.", "auth0_verify_custom_domain",
				map[string]any{"domain": d.Domain})}
		switch {
		case d.Certificate.Status == "renewing_failed":
			c.Code = "custom_domain_certificate"
			c.Sentence = "The certificate of " + d.Domain + " could not be renewed: " +
				cmp.Or(clip(d.Certificate.ErrorMsg), "Auth0 gives no reason") + "."
			c.Evidence = []fact{{Kind: "custom_domain", ID: d.ID, Name: d.Domain, Member: "certificate.status",
				Value: d.Certificate.Status}}
		case d.Status != "ready":
			c.Sentence = "The custom domain " + d.Domain + " is not ready: " + d.Status + "."
			c.Evidence = []fact{{Kind: "custom_domain", ID: d.ID, Name: d.Domain, Member: "status", Value: d.Status}}
		default:
			return cause{}, false
		}
		return c, true
	}
	return cause{}, false
}

func (i *investigation) domainNotVerified(ctx context.Context, g group) (cause, bool) {
	return i.domain(ctx, g.newest().Text("hostname"))
}
