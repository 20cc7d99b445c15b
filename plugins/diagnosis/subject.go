package diagnosis

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1/logevent"
)

// maxUsers is how many users of one email address or name are looked at.
const maxUsers = 5

// user is what of a user decides whether they can log in.
type user struct {
	UserID        string `json:"user_id"`
	Name          string `json:"name,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
	Username      string `json:"username,omitempty"`
	PhoneNumber   string `json:"phone_number,omitempty"`
	Blocked       bool   `json:"blocked,omitempty"`
	LastLogin     string `json:"last_login,omitempty"`
	Identities    []struct {
		Connection string `json:"connection"`
		Provider   string `json:"provider"`
	} `json:"identities,omitempty"`
}

// application is what of an application decides whether users can log in to it.
type application struct {
	ClientID   string   `json:"client_id"`
	Name       string   `json:"name"`
	AppType    string   `json:"app_type,omitempty"`
	Callbacks  []string `json:"callbacks,omitempty"`
	WebOrigins []string `json:"web_origins,omitempty"`
	GrantTypes []string `json:"grant_types,omitempty"`
}

// subject is who and what was diagnosed.
type subject struct {
	Users       []user       `json:"users,omitempty"`
	Application *application `json:"application,omitempty"`
	IP          string       `json:"ip,omitempty"`
	Domain      string       `json:"domain,omitempty"`
	Since       string       `json:"since"`
	Until       string       `json:"until,omitempty"`
	// Note says that the user does not exist, or that there are more.
	Note string `json:"note,omitempty"`
}

func (i *investigation) findSubject(ctx context.Context) error {
	i.subject = subject{IP: i.in.IP, Domain: i.in.Domain, Since: i.in.Since, Until: i.in.Until}
	if i.in.Application != "" {
		if err := i.findApplication(ctx); err != nil {
			return err
		}
	}
	if i.in.User != "" {
		i.findUsers(ctx)
	}
	return nil
}

func (i *investigation) findApplication(ctx context.Context) error {
	id, err := i.tenant.api.ID(ctx, clients(), i.in.Application)
	if err != nil {
		return err
	}
	i.subject.Application = &application{ClientID: id}
	i.application(ctx, id, i.subject.Application)
	return nil
}

func clients() auth0v1.Collection {
	return auth0v1.Collection{Path: []string{"clients"}, Items: "clients", As: "applications", What: "application",
		ID: "client_id", IsID: regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`).MatchString, Checkpoint: true,
		Brief:     url.Values{"fields": {"client_id,name"}, "include_fields": {"true"}},
		BriefByID: true}
}

func (i *investigation) application(ctx context.Context, id string, out *application) state {
	return i.tenant.into(ctx, resource{what: "application", scope: "read:clients", path: []string{"clients", id},
		query: url.Values{"fields": {"client_id,name,app_type,callbacks,web_origins,grant_types"},
			"include_fields": {"true"}}}, out)
}

// findUsers finds the users that the argument can mean. That there is none is a finding, not an error: whom the log
// names need not exist.
func (i *investigation) findUsers(ctx context.Context) {
	key := i.in.User
	users := []user{}
	var read state
	switch {
	case strings.Contains(key, "|"):
		var one user
		if read = i.user(ctx, key, &one); read == found {
			users = append(users, one)
		}
	case strings.Contains(key, "@"):
		// Auth0 keeps email addresses in lower case, and compares them as they are.
		read = i.tenant.into(ctx, resource{what: "users of this email address", scope: "read:users",
			query: url.Values{"email": {strings.ToLower(key)}}, path: []string{"users-by-email"}}, &users)
	default:
		quoted := logevent.Quote(key)
		read = i.tenant.into(ctx, resource{what: "users of this name or phone number", scope: "read:users",
			query: url.Values{"search_engine": {"v3"}, "q": {"username:" + quoted + " OR phone_number:" + quoted + " OR name:" +
				quoted}}, path: []string{"users"}}, &users)
	}
	switch {
	case len(users) > maxUsers:
		users = users[:maxUsers]
		i.subject.Note = "more users fit than the first 5, which were looked at: give an id"
	case len(users) == 0 && read != unread:
		i.subject.Note = "no user of the tenant has this id, email address, username, phone number or name"
	}
	i.subject.Users = users
}

func (i *investigation) user(ctx context.Context, id string, out *user) state {
	return i.tenant.into(ctx, resource{what: "user", scope: "read:users", path: []string{"users", id}}, out)
}

// query finds the events of the subject.
func (i *investigation) query() string {
	var clauses []string
	if i.in.User != "" {
		names := []string{"user_name:" + logevent.Quote(i.in.User), "user_id:" + logevent.Quote(i.in.User)}
		for _, u := range i.subject.Users {
			names = append(names, "user_id:"+logevent.Quote(u.UserID))
			for _, name := range []string{u.Email, u.Username, u.PhoneNumber} {
				if name != "" && name != i.in.User {
					names = append(names, "user_name:"+logevent.Quote(name))
				}
			}
		}
		clauses = append(clauses, "("+strings.Join(names, " OR ")+")")
	}
	if i.subject.Application != nil {
		clauses = append(clauses, "client_id:"+logevent.Quote(i.subject.Application.ClientID))
	}
	if i.in.IP != "" {
		clauses = append(clauses, "ip:"+logevent.Quote(i.in.IP))
	}
	if i.in.Domain != "" {
		clauses = append(clauses, "hostname:"+logevent.Quote(i.in.Domain))
	}
	return strings.Join(clauses, " AND ")
}

// text is the string at a path of members of an event; "" if there is none.
func text(event sdk.Object, path ...string) string {
	for _, name := range path[:len(path)-1] {
		event = member(event, name)
	}
	return event.Text(path[len(path)-1])
}

func member(event sdk.Object, name string) sdk.Object {
	raw, _ := event.Get(name)
	inner, err := sdk.ParseObject(raw)
	if err != nil {
		return nil
	}
	return inner
}
