package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func completeTenant(t *Tenant, _ *call, o object) error {
	o["tenant"] = t.name()
	return nil
}

// completePhoneProvider drops the credentials, which no answer has.
func completePhoneProvider(t *Tenant, _ *call, provider object) error {
	configuration, _ := provider["configuration"].(object)
	if provider["name"] == "twilio" && configuration["default_from"] == nil && configuration["mssid"] == nil {
		return refused(http.StatusBadRequest, "Bad Operation on Notification Resource", "")
	}
	provider["tenant"] = t.name()
	delete(provider, "credentials")
	return nil
}

// notified answers that a test notification is on its way.
func notified(f string) handler {
	return func(t *Tenant, c *call) (result, error) {
		if t.all(f).find(c.params["id"]) == nil {
			return result{}, t.tables.resources[f].notFound("")
		}
		return c.answer(object{"code": http.StatusAccepted, "message": "Test notification successfully sent for processing"})
	}
}

// resetPhoneTemplate gives a template its first content again.
func (t *Tenant) resetPhoneTemplate(c *call) (result, error) {
	f := t.tables.resources["branding/phone/templates"]
	found := t.all(f.path).find(c.params["id"])
	if found == nil {
		return result{}, f.notFound("")
	}
	found["content"], found[updatedAt] = parseObject(f.defaults)["content"], millis(t.now())
	return c.answer(found)
}

// defaultTheme is the theme that was made last.
func (t *Tenant) defaultTheme(c *call) (result, error) {
	themes := t.all("branding/themes")
	if n := len(themes.items); n > 0 {
		return c.answer(themes.items[n-1])
	}
	return result{}, t.tables.resources["branding/themes"].notFound("")
}

const universalLogin = "branding/templates/universal-login"

// universalLoginTemplate are the operations on the page around the login box.
func (t *Tenant) universalLoginTemplate(c *call) (result, error) {
	body, set := t.values[universalLogin]
	switch c.operation.Method {
	case http.MethodGet:
		if !set {
			return result{}, notFound("Template does not exist.", "inexistent_templates_universal_login")
		}
		return c.answer(object{"body": body})
	case http.MethodDelete:
		delete(t.values, universalLogin)
		return c.answer(object{})
	}
	page := firstText(c.value, c.body["template"])
	for _, needed := range []string{"auth0:head", "auth0:widget"} {
		if !strings.Contains(page, needed) {
			return result{}, refused(http.StatusBadRequest, "Template missing mandatory tag '"+needed+"'.",
				"invalid_template")
		}
	}
	t.values[universalLogin] = page
	return c.answer(object{})
}

// completeCustomDomain ends the making of a domain: how its owner proves that it is theirs.
func completeCustomDomain(t *Tenant, c *call, domain object) error {
	if c.operation.Method == http.MethodPatch {
		return nil
	}
	if len(t.all("custom-domains").items) == 0 {
		domain["primary"], domain["is_default"] = true, true
	}
	if domain["verification"] == nil {
		id := strings.ReplaceAll(strings.ToLower(text(domain["custom_domain_id"])), "_", "-")
		domain["verification"] = object{"status": "pending", "methods": []any{object{
			"name": "CNAME", "record": t.name() + "-" + id + ".edge.tenants.auth0.invalid", "domain": domain["domain"],
		}}}
	}
	if domain["type"] == "self_managed_certs" {
		domain["origin_domain_name"] = t.name() + "-origin.edge.tenants.auth0.invalid"
	}
	return nil
}

func removeCustomDomain(t *Tenant, _ *call, domain object) error {
	if others := t.all("custom-domains").items; domain["is_default"] == true && len(others) > 1 {
		for _, other := range others {
			if other["custom_domain_id"] != domain["custom_domain_id"] {
				other["is_default"] = true
				break
			}
		}
	}
	return nil
}

// verifyCustomDomain checks the domain's record, which is there on a domain of the company's, and on no other.
func (t *Tenant) verifyCustomDomain(c *call) (result, error) {
	domain := t.customDomain(c)
	if domain == nil {
		return result{}, t.tables.resources["custom-domains"].notFound("")
	}
	if strings.HasSuffix(text(domain["domain"]), ".harbourlight.example") && domain["status"] != "ready" {
		verification, _ := domain["verification"].(object)
		verification["status"], verification["last_verified_at"] = "verified", millis(t.now())
		domain["status"] = "ready"
		domain["certificate"] = object{"status": "provisioned", "certificate_authority": "letsencrypt",
			"renews_before": millis(t.now().Add(60 * 24 * time.Hour))}
	}
	return c.answer(project(c.operation.Answer, domain))
}

func (t *Tenant) customDomain(c *call) object { return t.all("custom-domains").find(c.params["id"]) }

func (t *Tenant) testCustomDomain(c *call) (result, error) {
	domain := t.customDomain(c)
	if domain == nil {
		return result{}, t.tables.resources["custom-domains"].notFound("")
	}
	certificate, _ := domain["certificate"].(object)
	switch {
	case domain["status"] != "ready":
		return c.answer(object{"success": false, "message": "The domain is not verified."})
	case certificate["status"] != "provisioned":
		return c.answer(object{"success": false, "message": "The domain's certificate is not valid."})
	}
	return c.answer(object{"success": true})
}

func (t *Tenant) defaultCustomDomain(c *call) (result, error) {
	domains := t.all("custom-domains").items
	if c.operation.Method == http.MethodPatch {
		at := slices.IndexFunc(domains, func(o object) bool { return o["domain"] == c.body["domain"] })
		canonical := c.body["domain"] == t.domain
		switch {
		case at < 0 && !canonical:
			return result{}, t.tables.resources["custom-domains"].notFound("")
		case at >= 0 && domains[at]["status"] != "ready":
			return result{}, refused(http.StatusBadRequest, "The domain must be verified before it can be set as default.",
				"invalid_body")
		}
		for i, domain := range domains {
			domain["is_default"] = i == at
		}
	}
	for _, domain := range domains {
		if domain["is_default"] == true {
			return c.answer(domain)
		}
	}
	return c.answer(object{"domain": t.domain})
}

// hideCaptchaSecrets drops the secrets of captcha providers, which no answer has.
func hideCaptchaSecrets(_ *Tenant, _ *call, o object) error {
	for _, value := range o {
		if provider, isObject := value.(object); isObject {
			for _, name := range []string{"secret", "api_key"} {
				delete(provider, name)
			}
		}
	}
	return nil
}

// hideEmailCredentials keeps what the answers about an email provider show of its credentials.
func hideEmailCredentials(_ *Tenant, _ *call, o object) error {
	credentials, _ := o["credentials"].(object)
	for name := range credentials {
		if !slices.Contains([]string{"region", "domain", "smtp_host", "smtp_port", "smtp_user", "api_user"}, name) {
			delete(credentials, name)
		}
	}
	return nil
}

func checkNetworkACL(_ *Tenant, _ *call, o object) error {
	allowed := []string{"auth0.low_reputation", "auth0.icloud_relay_proxy"}
	rule, _ := o["rule"].(object)
	var unknown []string
	for _, side := range []string{"match", "not_match"} {
		match, _ := rule[side].(object)
		managed, _ := match["auth0_managed"].([]any)
		for i, name := range texts(match["auth0_managed"]) {
			if first := slices.Index(managed, any(name)); first < i {
				return badBody([]string{onProperty(notUnique(managed, strconv.Itoa(i)), "rule."+side+".auth0_managed")})
			}
			if !slices.Contains(allowed, name) {
				unknown = append(unknown, name)
			}
		}
	}
	if len(unknown) > 0 {
		return refused(http.StatusBadRequest, "Invalid curated list name(s): "+strings.Join(unknown, ", ")+
			". Allowed curated list names are: "+strings.Join(allowed, ", "), "invalid_body")
	}
	return nil
}

// getNetworkACL refuses an id that is none, as the real API does.
func (t *Tenant) getNetworkACL(c *call) (result, error) {
	if id := c.params["id"]; len(id) != 26 || !strings.HasPrefix(id, "acl_") {
		return result{}, refused(http.StatusBadRequest,
			"Network ACL id is not a valid ACL ID in the form 'acl_XXXXXXXXXXXXXXXXXXXXXX'", "invalid_uri")
	}
	return t.tables.resources["network-acls"].get(t, c)
}

// deleteNetworkACL answers with an object, as the real API does.
func (t *Tenant) deleteNetworkACL(c *call) (result, error) {
	answer, err := t.tables.resources["network-acls"].remove(t, c)
	answer.body = object{"code": number(http.StatusNoContent), "object": ""}
	return answer, err
}
