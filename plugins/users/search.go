package users

import (
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

// filters are the arguments of a search that are clauses of its query.
func filters() []resource.Arg {
	return []resource.Arg{
		resource.Text("email", "An address, or with *: ada*, *@example.com.").Own(),
		resource.Text("name", "Full name, or with *.").Own(),
		resource.Text("connection", "Name of a connection.").Own(),
		resource.Flag("blocked", "").Own(),
		resource.Flag("email_verified", "").Own(),
		resource.Time("last_login_after", "RFC 3339, day or age.", 0).Own(),
		resource.Time("last_login_before", "", 0).Own(),
		resource.Text("q", "Lucene, in place of the filters: app_metadata.plan:\"pro\".").Own(),
		resource.Text("sort", "Such as last_login:-1."),
	}
}

// searchQuery makes one query of the filters.
func searchQuery(r *resource.Request) (url.Values, error) {
	clauses := clausesOf(r)
	if q := r.Text("q"); q != "" {
		if len(clauses) > 0 {
			return nil, sdk.InvalidArgument("q stands for itself: leave out the other filters, or write them into q: %s",
				strings.Join(clauses, " AND "))
		}
		clauses = []string{q}
	}
	query := url.Values{"search_engine": {"v3"}}
	if len(clauses) > 0 {
		query.Set("q", strings.Join(clauses, " AND "))
	}
	return query, nil
}

func clausesOf(r *resource.Request) (clauses []string) {
	for _, f := range []struct{ argument, field string }{
		{"email", "email"}, {"name", "name"}, {"connection", "identities.connection"},
	} {
		if value := r.Text(f.argument); value != "" {
			clauses = append(clauses, f.field+":"+term(value))
		}
	}
	for _, flag := range []string{"blocked", "email_verified"} {
		switch {
		case !r.Has(flag):
		case r.Flag(flag):
			clauses = append(clauses, flag+":true")
		default: // users who were never blocked lack the member
			clauses = append(clauses, "NOT "+flag+":true")
		}
	}
	after, before := r.Text("last_login_after"), r.Text("last_login_before")
	if after != "" || before != "" {
		clauses = append(clauses, "last_login:["+open(after)+" TO "+open(before)+"]")
	}
	return clauses
}

// open is an end of a range.
func open(end string) string {
	if end == "" {
		return "*"
	}
	return end
}

// term is a value of which only * is an operator.
func term(value string) string {
	if !strings.Contains(value, "*") {
		return resource.Quote(value)
	}
	var escaped strings.Builder
	for _, c := range value {
		if strings.ContainsRune(`\+-&|!(){}[]^"~?:/ `, c) {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(c)
	}
	return escaped.String()
}
