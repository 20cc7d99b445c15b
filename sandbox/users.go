package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// completeUser ends the making or the change of a user.
func completeUser(t *Tenant, c *call, user object) error {
	if user["identities"] == nil {
		if err := t.newUser(user); err != nil {
			return err
		}
	} else if name, given := c.body["connection"].(string); given && !hasIdentity(user, name) {
		return refused(http.StatusBadRequest, "The user has no identity of the connection "+name, "invalid_body")
	}
	if c.operation.Method == http.MethodPatch && c.body["password"] != nil {
		user["last_password_reset"] = millis(t.now())
	}
	delete(user, "password") // it could not be answered anyway
	for _, other := range t.all("users").items {
		if other["user_id"] == user["user_id"] && c.operation.Method == http.MethodPost ||
			other["user_id"] != user["user_id"] && sameLogin(user, other) {
			return conflict("The user already exists.", "auth0_idp_error")
		}
	}
	return nil
}

// sameLogin tells whether two users of one database would sign in with the same name.
func sameLogin(a, b object) bool {
	if a["connection"] != b["connection"] || !strings.HasPrefix(text(a["user_id"]), "auth0|") {
		return false
	}
	for _, name := range []string{"email", "username", "phone_number"} {
		if a[name] != nil && strings.EqualFold(text(a[name]), text(b[name])) {
			return true
		}
	}
	return false
}

// newUser gives a user the members that a creation adds.
func (t *Tenant) newUser(user object) error {
	name := text(user["connection"])
	connection := t.connectionNamed(name)
	if connection == nil {
		return refused(http.StatusBadRequest, "The connection does not exist.", "inexistent_connection")
	}
	provider := text(connection["strategy"])
	if !slices.Contains([]string{"auth0", "email", "sms", "samlp", "waad", "oidc", "google-oauth2", "ad"}, provider) {
		return refused(http.StatusBadRequest, "Users of the strategy "+provider+" cannot be created.",
			"operation_not_supported")
	}
	bare := text(user["user_id"])
	if bare == "" {
		bare = t.randomText(hexDigits, 24)
	}
	bare = strings.TrimPrefix(bare, provider+"|")
	user["user_id"] = provider + "|" + bare
	user["identities"] = []any{object{
		"connection": name, "user_id": bare, "provider": provider, "isSocial": isSocial(provider),
	}}
	login := firstText(user["email"], user["username"], user["phone_number"], bare)
	if user["email"] != nil && user["email_verified"] == nil {
		user["email_verified"] = false
	}
	nickname, _, _ := strings.Cut(login, "@")
	for member, value := range map[string]any{
		"name": login, "nickname": firstText(user["username"], nickname),
		"picture": "https://cdn.auth0.com/avatars/" + url.PathEscape(strings.ToLower(login[:min(2, len(login))])) + ".png",
	} {
		if user[member] == nil {
			user[member] = value
		}
	}
	return nil
}

func isSocial(provider string) bool {
	return slices.Contains([]string{"google-oauth2", "facebook", "github", "apple", "linkedin", "windowslive"}, provider)
}

// text is a value as a text; "" if it is none.
func text(value any) string {
	out, _ := value.(string)
	return out
}

// firstText is the first text that is not empty.
func firstText(values ...any) string {
	for _, value := range values {
		if out := text(value); out != "" {
			return out
		}
	}
	return ""
}

func hasIdentity(user object, connection string) bool {
	return identityAt(user, func(identity object) bool { return identity["connection"] == connection }) >= 0
}

func identityAt(user object, fits func(object) bool) int {
	list, _ := user["identities"].([]any)
	return slices.IndexFunc(list, func(item any) bool {
		identity, _ := item.(object)
		return fits(identity)
	})
}

// removeUser removes what the tenant has of a user beside the user.
func removeUser(t *Tenant, _ *call, user object) error {
	id := text(user["user_id"])
	for _, path := range []string{"sessions", "refresh-tokens", "grants", "guardian/enrollments", "device-credentials"} {
		kept := t.all(path)
		kept.items = slices.DeleteFunc(kept.items, func(o object) bool { return o["user_id"] == id })
	}
	return nil
}

// listUsers answers a search of users.
func (t *Tenant) listUsers(c *call) (result, error) {
	q := queryParams{c.query}
	matching, err := parseUserQuery(q.text("q"))
	if err != nil {
		return result{}, badQuery([]string{onProperty(err.Error(), "q")})
	}
	var found []object
	for _, user := range t.all("users").items {
		if q.has("connection") && !hasIdentity(user, q.text("connection")) || !matching(user) {
			continue
		}
		found = append(found, user)
	}
	if field, direction, given := strings.Cut(q.text("sort"), ":"); given {
		slices.SortStableFunc(found, func(a, b object) int {
			order := strings.Compare(fmt.Sprint(a[field]), fmt.Sprint(b[field]))
			if direction == "-1" {
				return -order
			}
			return order
		})
	}
	users := t.tables.resources["users"]
	answer, err := c.list(found, "user_id", func(user object) object { return users.show(t, c, user) })
	if page, isObject := answer.body.(object); isObject && err == nil {
		shown, _ := page["users"].([]object)
		page["length"] = len(shown)
	}
	return answer, err
}

// parseUserQuery reads a search of users: the syntax of log search over a user's own members. Texts are
// compared without their case.
func parseUserQuery(query string) (func(object) bool, error) {
	parsed, err := parseLogQuery(strings.ToLower(query))
	if strings.ContainsAny(query, `"`) || strings.Contains(query, " ") {
		parsed, err = parseLogQuery(lowerTerms(query))
	}
	if err != nil {
		return nil, err
	}
	parsed = inDetails(parsed)
	return func(user object) bool { return parsed.matches(object{"details": lowerCase(user)}) }, nil
}

// lowerTerms lowers a query apart from its operators.
func lowerTerms(query string) string {
	words := strings.Split(query, " ")
	for i, word := range words {
		switch strings.Trim(word, "()") {
		case "AND", "OR", "NOT", "TO", "[*", "*]":
		default:
			if !strings.HasPrefix(word, "NOT(") {
				words[i] = strings.ToLower(word)
			}
		}
	}
	return strings.Join(words, " ")
}

func lowerCase(value any) any {
	switch value := value.(type) {
	case string:
		return strings.ToLower(value)
	case object:
		out := make(object, len(value))
		for name, member := range value {
			out[strings.ToLower(name)] = lowerCase(member)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = lowerCase(item)
		}
		return out
	default:
		return value
	}
}

// inDetails moves the fields of a log query below details, where every field can be searched.
func inDetails(c clause) clause {
	moved := func(list []clause) (out []clause) {
		for _, one := range list {
			out = append(out, inDetails(one))
		}
		return out
	}
	switch c := c.(type) {
	case group:
		return group{must: moved(c.must), mustNot: moved(c.mustNot), should: moved(c.should)}
	case termClause:
		if c.field != "" {
			c.field = "details." + c.field
			return c
		}
		var anywhere group
		for _, field := range []string{"email", "name", "nickname", "username", "user_id", "given_name", "family_name"} {
			anywhere.should = append(anywhere.should, termClause{"details." + field, c.text, c.wild})
		}
		return anywhere
	case existsClause:
		return existsClause{"details." + c.field}
	case rangeClause:
		c.field = "details." + c.field
		return c
	default:
		return c
	}
}

func (t *Tenant) usersByEmail(c *call) (result, error) {
	email := queryParams{c.query}.text("email")
	var found []object
	for _, user := range t.all("users").items {
		if strings.EqualFold(text(user["email"]), email) {
			found = append(found, user)
		}
	}
	users := t.tables.resources["users"]
	return c.list(found, "user_id", func(user object) object { return users.show(t, c, user) })
}

// user is the user in a request's path; checkParents has found it.
func (t *Tenant) user(c *call) object {
	return t.all("users").find(firstText(c.params["id"], c.params["user_id"]))
}

func (t *Tenant) linkIdentity(c *call) (result, error) {
	user, users := t.user(c), t.all("users")
	secondary := text(c.body["user_id"])
	if provider := text(c.body["provider"]); provider != "" && !strings.Contains(secondary, "|") {
		secondary = provider + "|" + secondary
	}
	if c.body["link_with"] != nil {
		return result{}, refused(http.StatusBadRequest, "Invalid token in link_with: its signature does not verify.",
			"invalid_token")
	}
	other := users.find(secondary)
	switch {
	case other == nil:
		return result{}, refused(http.StatusBadRequest, "The user to link does not exist.", "inexistent_user")
	case other["user_id"] == user["user_id"]:
		return result{}, refused(http.StatusBadRequest, "Main account and linked account are the same.",
			"operation_not_supported")
	}
	profile := object{}
	for _, name := range []string{"email", "email_verified", "name", "nickname", "picture", "given_name", "family_name"} {
		if value, there := other[name]; there {
			profile[name] = value
		}
	}
	linked, _ := other["identities"].([]any)
	own, _ := user["identities"].([]any)
	for _, item := range linked {
		identity, _ := item.(object)
		identity["profileData"] = profile
		own = append(own, identity)
	}
	user["identities"], user[updatedAt] = own, millis(t.now())
	users.remove(secondary)
	t.forget("users", secondary)
	return c.answer(clone(own))
}

func (t *Tenant) unlinkIdentity(c *call) (result, error) {
	user := t.user(c)
	list, _ := user["identities"].([]any)
	at := identityAt(user, func(identity object) bool {
		return identity["provider"] == c.params["provider"] && fmt.Sprint(identity["user_id"]) == c.params["user_id"]
	})
	if at <= 0 {
		return result{}, refused(http.StatusBadRequest,
			"The identity cannot be unlinked: it is the main one, or not the user's.",
			"operation_not_supported")
	}
	identity, _ := list[at].(object)
	profile, _ := identity["profileData"].(object)
	separate := object{"user_id": fmt.Sprint(identity["provider"], "|", identity["user_id"])}
	for name, value := range profile {
		separate[name] = value
	}
	delete(identity, "profileData")
	separate["identities"] = []any{identity}
	separate[createdAt], separate[updatedAt] = millis(t.now()), millis(t.now())
	t.all("users").add(separate)
	list = slices.Delete(slices.Clone(list), at, at+1)
	user["identities"], user[updatedAt] = list, millis(t.now())
	return c.answer(clone(list))
}

func (t *Tenant) userLogs(c *call) (result, error) {
	user := t.user(c)
	var found []object
	for _, event := range slices.Backward(t.logs) {
		if event["user_id"] == user["user_id"] {
			found = append(found, event)
		}
	}
	if field, direction, given := strings.Cut(queryParams{c.query}.text("sort"), ":"); given {
		sortLogs(found, field, direction == "1")
	}
	return c.list(found, "log_id", func(event object) object { return event })
}

func (t *Tenant) connectionNamed(name string) object {
	for _, connection := range t.all("connections").items {
		if connection["name"] == name {
			return connection
		}
	}
	return nil
}
