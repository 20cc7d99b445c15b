package users

import (
	"net/url"
	"strings"
	"time"

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
		resource.Text("last_login_after", "Day or RFC 3339.").Own(),
		resource.Text("last_login_before", "Day or RFC 3339.").Own(),
		resource.Text("q", "Lucene, in place of the filters: app_metadata.plan:\"pro\".").Own(),
		resource.Text("sort", "Such as last_login:-1."),
	}
}

// searchQuery makes one query of the filters.
func searchQuery(r *resource.Request) (url.Values, error) {
	clauses, err := clausesOf(r)
	if err != nil {
		return nil, err
	}
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

func clausesOf(r *resource.Request) (clauses []string, err error) {
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
	for _, at := range []string{after, before} {
		if at != "" && !isTime(at) {
			return nil, sdk.InvalidArgument("last_login_after, last_login_before: %.40q is neither a day, such as "+
				"2026-11-29, nor a time of RFC 3339", at)
		}
	}
	if after != "" || before != "" {
		clauses = append(clauses, "last_login:["+open(after)+" TO "+open(before)+"]")
	}
	return clauses, nil
}

func isTime(text string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
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
