package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// whose is who an event names: the user's id, and the name to show.
func whose(event sdk.Object) (id, name string) {
	id = event.Text("user_id")
	return id, cmp.Or(event.Text("user_name"), id, "a user")
}

// ofUser finds the events of the user that an event names; "" if it names none.
func ofUser(event sdk.Object) string {
	if id := event.Text("user_id"); id != "" {
		return "user_id:" + logevent.Quote(id)
	}
	if name := event.Text("user_name"); name != "" {
		return "user_name:" + logevent.Quote(name)
	}
	return ""
}

func (i *investigation) userBlocked(ctx context.Context, g group) (cause, bool) {
	id, name := whose(g.newest())
	var u user
	if id == "" || i.user(ctx, id, &u) != found {
		return cause{Code: "user_blocked", of: name, Certainty: likely, disproof: ofUser(g.newest()),
			Sentence: name + " is blocked, as the events say.",
			Fix:      use("Unblock the user, if the block is not intended.", unblockTool, map[string]any{"user": id})}, true
	}
	if !u.Blocked {
		return cause{Code: "user_was_blocked", of: id, Certainty: possible, disproof: ofUser(g.newest()),
			Sentence: name + " was blocked when they tried, and is not any more.",
			Evidence: []fact{{Kind: "user", ID: id, Name: name, Member: "blocked", Value: false}},
			Fix:      fix{Text: "Nothing is left to do: let the user try again."}}, true
	}
	return blockedUser(u), true
}

// unblockTool lifts an administrator's block and those after failed logins.
const unblockTool = "auth0_unblock_user"

func blockedUser(u user) cause {
	name := cmp.Or(u.Email, u.Username, u.PhoneNumber, u.UserID)
	return cause{Code: "user_blocked", of: u.UserID, Certainty: confirmed, Sentence: name + " is blocked.",
		Evidence: []fact{{Kind: "user", ID: u.UserID, Name: name, Member: "blocked", Value: true}},
		Fix:      use("Unblock the user, if the block is not intended.", unblockTool, map[string]any{"user": u.UserID})}
}

// blockedFor are the addresses that a user is blocked for.
type blockedFor struct {
	BlockedFor []struct {
		IP         string `json:"ip"`
		Connection string `json:"connection"`
	} `json:"blocked_for"`
}

func (i *investigation) blocks(ctx context.Context, id string) (blockedFor, state) {
	var b blockedFor
	is := i.tenant.into(ctx, resource{what: "brute-force blocks", scope: "read:users",
		path: []string{"user-blocks", id}}, &b)
	return b, is
}

func (i *investigation) bruteForceBlock(ctx context.Context, g group) (cause, bool) {
	id, name := whose(g.newest())
	is := unread
	if id != "" {
		var b blockedFor
		if b, is = i.blocks(ctx, id); len(b.BlockedFor) > 0 {
			return bruteForced(id, name, b), true
		}
	}
	if is != unread {
		return cause{Code: "brute_force_block_over", of: id, Certainty: possible, disproof: ofUser(g.newest()),
			Sentence: name + " was blocked after too many wrong passwords; the block is gone.",
			Fix:      fix{Text: "Nothing is left to do: let the user try again."}}, true
	}
	return cause{Code: "brute_force_block", of: cmp.Or(id, name), Certainty: likely, disproof: ofUser(g.newest()),
		Sentence: name + " is blocked for an address after too many wrong passwords, as the events say.",
		Fix:      use("Remove the block, if the user owns the address.", unblockTool, map[string]any{"user": id})}, true
}

func bruteForced(id, name string, b blockedFor) cause {
	c := cause{Code: "brute_force_block", of: id, Certainty: confirmed,
		Fix: use("Remove the block of the user. Tell them to change the password if they did not cause it.", unblockTool,
			map[string]any{"user": id})}
	addresses := ""
	for n, one := range b.BlockedFor {
		c.Evidence = append(c.Evidence, fact{Kind: "user_block", ID: id, Name: one.Connection,
			Member: fmt.Sprintf("blocked_for[%d].ip", n), Value: one.IP})
		if n > 0 {
			addresses += ", "
		}
		addresses += one.IP
	}
	c.Sentence = name + " is blocked after too many wrong passwords from " + cmp.Or(addresses, "some addresses") + "."
	return c
}

func (i *investigation) addressBlock(ctx context.Context, g group) (cause, bool) {
	ip := g.newest().Text("ip")
	if ip == "" {
		return cause{}, false
	}
	switch i.addressBlocked(ctx, ip) {
	case found:
		return blockedAddress(ip), true
	case unread:
		c := blockedAddress(ip)
		c.Certainty, c.Evidence = likely, nil
		return c, true
	}
	return cause{Code: "address_was_blocked", of: ip, Certainty: possible,
		Sentence: "The address " + ip + " was blocked after too many failures, and is not any more.",
		Fix:      fix{Text: "Nothing is left to do."}}, true
}

func (i *investigation) addressBlocked(ctx context.Context, ip string) state {
	return i.tenant.into(ctx, resource{what: "block of the address", scope: "read:anomaly_blocks",
		path: []string{"anomaly", "blocks", "ips", ip}}, nil)
}

func blockedAddress(ip string) cause {
	return cause{Code: "address_blocked", of: ip, Certainty: confirmed,
		Sentence: "The address " + ip + " is blocked after too many failures, for all users.",
		Evidence: []fact{{Kind: "ip_block", ID: ip, Value: "blocked"}},
		Fix: operation("Remove the block, if the address is known to be yours.", destroyTool,
			"DELETE /api/v2/anomaly/blocks/ips/{id}", map[string]any{"id": ip}, nil)}
}

func (i *investigation) breachedPassword(_ context.Context, g group) (cause, bool) {
	_, name := whose(g.newest())
	return cause{Code: "breached_password", of: name, Certainty: likely, disproof: ofUser(g.newest()),
		Sentence: "The password of " + name + " is known from a breach of another service.",
		Fix:      passwordTicket(g.newest())}, true
}

func passwordTicket(event sdk.Object) fix {
	return use("Let the user set a new password.", "auth0_create_password_ticket",
		map[string]any{"user": event.Text("user_id")})
}

// factors are a user's means for multi-factor authentication. known is false if they could not be read.
func (i *investigation) factors(ctx context.Context, id string) (count int, known bool) {
	var methods, enrollments []struct {
		Type   string `json:"type"`
		Status string `json:"status"`
	}
	first := i.tenant.into(ctx, resource{what: "authentication methods", scope: "read:authentication_methods",
		path: []string{"users", id, "authentication-methods"}}, &methods)
	second := i.tenant.into(ctx, resource{what: "MFA enrollments", scope: "read:users",
		path: []string{"users", id, "enrollments"}}, &enrollments)
	for _, m := range methods {
		if m.Type != "password" && m.Type != "passkey" {
			count++
		}
	}
	for _, e := range enrollments {
		if e.Status == "confirmed" {
			count++
		}
	}
	return count, first != unread && second != unread
}

func (i *investigation) noFactor(ctx context.Context, g group) (cause, bool) {
	id, name := whose(g.newest())
	if id == "" && len(i.subject.Users) == 1 {
		id = i.subject.Users[0].UserID
	}
	ticket := operation("Send the user a ticket to enroll a factor.", writeTool,
		"POST /api/v2/guardian/enrollments/ticket", nil, map[string]any{"user_id": id, "send_mail": true})
	required := cause{Code: "mfa_not_completed", of: cmp.Or(id, name), Certainty: possible, disproof: ofUser(g.newest()),
		Sentence: name + " was asked for a second factor and did not get further.", Fix: ticket}
	if id == "" {
		delete(required.Fix.Arguments, "body")
		return required, true
	}
	enrolled, known := i.factors(ctx, id)
	if enrolled > 0 || !known {
		return required, true
	}
	var policies []string
	i.tenant.into(ctx, resource{what: "MFA policies", scope: "read:mfa_policies", path: []string{"guardian", "policies"}},
		&policies)
	c := cause{Code: "mfa_enrollment_missing", of: id, Certainty: likely, disproof: ofUser(g.newest()),
		Sentence: name + " is asked for a second factor and has enrolled none.",
		Evidence: []fact{{Kind: "user", ID: id, Name: name, Member: "authentication_methods", Value: []string{}}},
		Fix:      ticket}
	if slices.Contains(policies, "all-applications") {
		c.Certainty = confirmed
		c.Evidence = append(c.Evidence, fact{Kind: "mfa_policy", ID: "guardian/policies", Value: "all-applications"})
	}
	return c, true
}

func (i *investigation) factorFailed(_ context.Context, g group) (cause, bool) {
	id, name := whose(g.newest())
	c := cause{Code: "mfa_failed", of: cmp.Or(id, name), Certainty: likely, disproof: ofUser(g.newest()),
		Sentence: name + " failed multi-factor authentication: " + logevent.Meaning(g.newest().Text("type")) + ".",
		Fix: use("Let the user try again, or reset their factors if they lost the device: they enroll anew then.",
			"auth0_reset_user_mfa", map[string]any{"user": id})}
	return c, true
}

func (i *investigation) messageNotSent(_ context.Context, g group) (cause, bool) {
	event := g.newest()
	return cause{Code: "message_not_sent", of: byReason(event), Certainty: likely,
		Sentence: "A message to the user was not sent: " + logevent.Meaning(event.Text("type")) + ": " +
			clip(reason(event)) + ".",
		Fix: use("Check the provider that sends it, here for email.", "auth0_get_email_provider", nil)}, true
}

func (i *investigation) notMember(ctx context.Context, g group) (cause, bool) {
	id, name := whose(g.newest())
	organization := g.newest().Text("organization_id")
	if id == "" || organization == "" {
		return cause{}, false
	}
	var page struct {
		Organizations []struct {
			ID string `json:"id"`
		} `json:"organizations"`
	}
	is := i.tenant.into(ctx, resource{what: "organizations of the user", scope: "read:organizations",
		query: url.Values{"include_totals": {"true"}, "per_page": {"100"}},
		path:  []string{"users", id, "organizations"}}, &page)
	c := cause{Code: "not_organization_member", of: id + organization, Certainty: likely, disproof: ofUser(g.newest()),
		Sentence: name + " is no member of the organization " + organization + ".",
		Fix: use("Add the user, if they belong to it.", "auth0_update_organization_members",
			map[string]any{"organization": organization, "add": []string{id}})}
	for _, o := range page.Organizations {
		if o.ID == organization {
			return cause{}, false // they are one by now
		}
	}
	if is == found {
		c.Certainty = confirmed
		c.Evidence = []fact{{Kind: "user", ID: id, Name: name, Member: "organizations", Value: len(page.Organizations)}}
	}
	return c, true
}

func (i *investigation) wrongPassword(_ context.Context, g group) (cause, bool) {
	users, addresses := g.distinct("user_name"), g.distinct("ip")
	c := cause{Code: "wrong_password", Certainty: likely, Fix: passwordTicket(g.newest())}
	if len(users) == 1 {
		c.disproof = ofUser(g.newest())
		c.Sentence = fmt.Sprintf("%s gave a wrong password %s, from %s.", users[0], times(len(g.events)), counted(addresses,
			"address", "addresses"))
		return c, true
	}
	c.Sentence = fmt.Sprintf("%s gave wrong passwords, from %s.", counted(users, "user", "users"), counted(addresses,
		"address", "addresses"))
	c.Fix = fix{Text: "Look at the addresses: many users from one address is an attack, each user from their own is not.",
		Tool: "auth0_list_logs", Arguments: map[string]any{"type": "wrong_password", "summary": true, "since": i.in.Since}}
	return c, true
}

func (i *investigation) unknownUser(_ context.Context, g group) (cause, bool) {
	names := g.distinct("user_name")
	c := cause{Code: "unknown_user", Certainty: likely,
		Sentence: fmt.Sprintf("The connection has no %s.", counted(names, "user of this name", "users of these names")),
		Fix: use("Ask with which name and connection the user signed up; create the user if they should exist.",
			"auth0_create_user", map[string]any{"connection": g.newest().Text("connection")})}
	if len(names) == 1 {
		c.of, c.disproof = names[0], ofUser(g.newest())
		c.Sentence = "There is no user " + names[0] + " in the connection " + g.newest().Text("connection") + "."
	}
	return c, true
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func counted(values []string, one, many string) string {
	if len(values) == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", len(values), many)
}
