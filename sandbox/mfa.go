package sandbox

import (
	"net/http"
	"slices"
)

// completeAuthenticationMethod ends the making of a factor of a user.
func completeAuthenticationMethod(t *Tenant, _ *call, method object) error {
	method["confirmed"] = true
	if method["type"] == "phone" {
		if method["preferred_authentication_method"] == nil {
			method["preferred_authentication_method"] = "sms"
		}
		if text(method["phone_number"]) == "" {
			return badBody([]string{onProperty("Missing required property: phone_number", "")})
		}
	}
	if method["type"] == "totp" && method["totp_secret"] == nil {
		method["totp_secret"] = t.randomText("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32)
	}
	return nil
}

// showAuthenticationMethod shows the secret of a factor to its maker alone.
func showAuthenticationMethod(_ *Tenant, c *call, method object) object {
	if c.operation.Method != http.MethodPost {
		delete(method, "totp_secret")
	}
	if c.operation.Method != http.MethodGet {
		method = project(c.operation.Answer, method)
	}
	return method
}

func (t *Tenant) factors(c *call) *collection {
	return t.collection(t.tables.resources["users/{id}/authentication-methods"], c)
}

// replaceAuthenticationMethods sets all factors of a user.
func (t *Tenant) replaceAuthenticationMethods(c *call) (result, error) {
	kept := t.factors(c)
	before := kept.items
	kept.items = nil
	list, _ := c.value.([]any)
	out := []object{}
	f := t.tables.resources["users/{id}/authentication-methods"]
	for _, item := range list {
		given, _ := item.(object)
		made, err := f.make(t, c, given)
		if err != nil {
			kept.items = before
			return result{}, err
		}
		out = append(out, project(arrayOf(c.operation.Answer).Items, made))
	}
	return c.answer(out)
}

// removeFactors removes all factors of a user, by either of the endpoints for it.
func (t *Tenant) removeFactors(c *call) (result, error) {
	t.factors(c).items = nil
	t.removeEnrollments(c.params["id"], func(object) bool { return true })
	delete(t.user(c), "multifactor")
	return c.answer(object{})
}

func (t *Tenant) removeEnrollments(user string, fits func(object) bool) {
	kept := t.all("guardian/enrollments")
	kept.items = slices.DeleteFunc(kept.items, func(o object) bool { return o["user_id"] == user && fits(o) })
}

func (t *Tenant) listEnrollments(c *call) (result, error) {
	var items []object
	for _, enrollment := range t.all("guardian/enrollments").items {
		if enrollment["user_id"] == c.params["id"] {
			items = append(items, enrollment)
		}
	}
	return c.related(items, "id")
}

func (t *Tenant) getEnrollment(c *call) (result, error) {
	f := t.tables.resources["guardian/enrollments"]
	_, found, err := f.find(t, c)
	if err != nil {
		return result{}, err
	}
	return c.answer(project(c.operation.Answer, found))
}

// removeProvider removes the factor of a provider of a user.
func (t *Tenant) removeProvider(c *call) (result, error) {
	t.removeEnrollments(c.params["id"], func(object) bool { return true })
	user := t.user(c)
	list := slices.DeleteFunc(texts(user["multifactor"]), func(name string) bool { return name == c.params["provider"] })
	user["multifactor"] = stringList(list...)
	return c.answer(object{})
}

func (t *Tenant) newRecoveryCode(c *call) (result, error) {
	return c.answer(object{"recovery_code": t.randomText("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 24)})
}

func nothing(_ *Tenant, c *call) (result, error) { return c.answer(object{}) }

func (t *Tenant) enrollmentTicket(c *call) (result, error) {
	if t.all("users").find(text(c.body["user_id"])) == nil {
		return result{}, t.tables.resources["users"].notFound("")
	}
	ticket := t.randomText(alphanumeric, 32)
	return c.answer(object{"ticket_id": ticket, "ticket_url": "https://" + t.domain + "/u/mfa-enroll?ticket=" + ticket})
}

// factorNames are the factors of multi-factor authentication, in the order of the real API.
func factorNames() []string {
	return []string{
		"sms", "push-notification", "otp", "email", "duo", "webauthn-roaming", "webauthn-platform", "recovery-code",
	}
}

func (t *Tenant) listFactors(c *call) (result, error) {
	t.seedDirectory()
	out := []object{}
	for _, name := range factorNames() {
		_, enabled := t.values["guardian/factors/"+name]
		out = append(out, object{"name": name, "enabled": enabled, "trial_expired": false})
	}
	return c.answer(out)
}

func (t *Tenant) setFactor(c *call) (result, error) {
	t.seedDirectory()
	key := "guardian/factors/" + c.params["name"]
	delete(t.values, key)
	if c.body["enabled"] == true {
		t.values[key] = true
	}
	return c.answer(object{"enabled": c.body["enabled"]})
}

// listBlocks lists the brute-force blocks of a user, or of what a user signs in with.
func (t *Tenant) listBlocks(c *call) (result, error) {
	identifiers, err := t.identifiers(c)
	if err != nil {
		return result{}, err
	}
	found := []any{}
	for _, block := range t.blocks {
		if slices.Contains(identifiers, text(block["identifier"])) {
			found = append(found, cloneObject(block))
		}
	}
	return c.answer(object{"blocked_for": found})
}

func (t *Tenant) removeBlocks(c *call) (result, error) {
	identifiers, err := t.identifiers(c)
	if err != nil {
		return result{}, err
	}
	t.blocks = slices.DeleteFunc(t.blocks, func(block object) bool {
		return slices.Contains(identifiers, text(block["identifier"]))
	})
	return c.answer(object{})
}

func (t *Tenant) identifiers(c *call) ([]string, error) {
	users := t.all("users")
	if id := c.params["id"]; id != "" {
		user := users.find(id)
		if user == nil {
			return nil, t.tables.resources["users"].notFound("")
		}
		return slices.DeleteFunc([]string{text(user["email"]), text(user["username"]), text(user["phone_number"])},
			func(one string) bool { return one == "" }), nil
	}
	return []string{queryParams{c.query}.text("identifier")}, nil
}

// blockedIP are the operations on an IP address that attack protection blocks.
func (t *Tenant) blockedIP(c *call) (result, error) {
	t.seedDirectory()
	ip := c.params["id"]
	if c.operation.Method == http.MethodDelete {
		delete(t.blockedIPs, ip)
		return c.answer(object{})
	}
	if !t.blockedIPs[ip] {
		return result{}, notFound("Not Found", "")
	}
	return result{http.StatusOK, nil}, nil
}
