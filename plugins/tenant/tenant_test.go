package tenant

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

const (
	odd     = `a|b #EXT#/c`
	escaped = "a%7Cb%20%23EXT%23%2Fc"
)

func script(t *testing.T, steps []sdktest.Step) {
	t.Helper()
	sdktest.Script(t, Plugin(), sandbox.New(sandbox.Options{}).Authorized(), steps)
}

func TestSettings(t *testing.T) {
	script(t, []sdktest.Step{
		{Tool: "auth0_update_tenant_settings",
			Arguments: `{"session_lifetime":100,"flags":{"enable_sso":false},"error_page":{"html":"<p>Sorry</p>","url":""}}`,
			Sent: []string{`PATCH /tenants/settings {"session_lifetime":100,"flags":{"enable_sso":false},` +
				`"error_page":{"html":"<p>Sorry</p>","url":""}}`}},
		{Tool: "auth0_get_tenant_settings", Arguments: `{}`, Sent: []string{"GET /tenants/settings"},
			Answer: []string{`"session_lifetime":100`, `"enable_apis_section":true`, `"error_page":{"url":""}`,
				`"note":"without the HTML of error_page"`}},
		{Tool: "auth0_get_tenant_settings", Arguments: `{"fields":["error_page","nothing"]}`,
			Answer: []string{`{"error_page":{"html":"<p>Sorry</p>","url":""},"note":"not set: nothing"}`}},
		{Tool: "auth0_update_tenant_settings", Arguments: `{}`, Failure: "nothing to update", Sent: []string{}},
		{Tool: "auth0_update_tenant_settings", Arguments: `{"default_redirection_uri":"http://x.example"}`, Failure: "400"},
	})
}

func TestDomains(t *testing.T) {
	script(t, []sdktest.Step{
		{Tool: "auth0_list_custom_domains", Arguments: `{}`,
			Answer: []string{`"login.harbourlight.example"`, `"renewing_failed"`, `"total":2`}},
		{Tool: "auth0_create_custom_domain", Arguments: `{"domain":"id.harbourlight.example","type":"auth0_managed_certs"}`,
			Answer: []string{`"pending_verification"`, `"record":`}},
		{Tool: "auth0_create_custom_domain", Arguments: `{"domain":"id.harbourlight.example","type":"auth0_managed_certs"}`,
			Failure: "409"},
		{Tool: "auth0_verify_custom_domain", Arguments: `{"domain":"id.harbourlight.example"}`,
			Answer: []string{`"status":"ready"`}},
		{Tool: "auth0_update_custom_domain",
			Arguments: `{"domain":"id.harbourlight.example","custom_client_ip_header":"cf-connecting-ip"}`,
			Answer:    []string{`"cf-connecting-ip"`}},
		{Tool: "auth0_get_custom_domain", Arguments: `{"domain":"id.harbourlight.example"}`,
			Answer: []string{`"verification":{`}},
		{Tool: "auth0_delete_custom_domain", Arguments: `{"domain":"id.harbourlight.example"}`,
			Answer: []string{`"result":"deleted"`, `"name":"id.harbourlight.example"`}},
		{Tool: "auth0_delete_custom_domain", Arguments: `{"domain":"` + odd + `"}`,
			Failure: `no custom domain has the id or the name "` + odd + `"`, Sent: []string{"GET /custom-domains"}},
		{Tool: "auth0_delete_custom_domain", Arguments: `{"domain":"cd_` + odd + `"}`, Failure: "404",
			Sent: []string{"DELETE /custom-domains/cd_" + escaped}},
		{Tool: "auth0_get_custom_domain", Arguments: `{"domain":"cd_x/../y"}`, Failure: "path", Sent: []string{}},
	})
}

func TestBranding(t *testing.T) {
	script(t, []sdktest.Step{
		{Tool: "auth0_update_branding", Arguments: `{"logo_url":"https://x.example/l.png"}`,
			Answer: []string{`"logo_url":"https://x.example/l.png"`}},
		{Tool: "auth0_update_branding_theme",
			Arguments: `{"colors":{"primary_button":"#123456"},"fonts":{"title":{"size":120}}}`,
			Answer:    []string{`"primary_button":"#123456"`, `"title":{"bold":false,"size":120}`, `"error":"#d03c38"`}},
		{Tool: "auth0_update_branding_theme", Arguments: `{}`, Failure: "nothing to update", Sent: []string{}},
		{Tool: "auth0_update_branding_theme", Arguments: `{"colors":{"primary_button":"blue"}}`, Failure: "400"},
		{Tool: "auth0_get_branding", Arguments: `{}`,
			Answer: []string{`"branding":{`, `"theme":{`, `"primary_button":"#123456"`}},
		{Tool: "auth0_delete_branding_theme", Arguments: `{}`, Answer: []string{`"result":"deleted"`, `"Harbourlight"`}},
		{Tool: "auth0_delete_branding_theme", Arguments: `{}`, Failure: "404"},
		{Tool: "auth0_get_branding", Arguments: `{}`, Answer: []string{`"theme":null`}},
		{Tool: "auth0_update_branding_theme", Arguments: `{"colors":{"primary_button":"#123456"}}`, Failure: "400",
			Sent: []string{"GET /branding/themes/default", `POST /branding/themes {"colors":{"primary_button":"#123456"}}`}},
		{Tool: "auth0_get_login_page_template", Arguments: `{}`, Failure: "404"},
		{Tool: "auth0_set_login_page_template", Arguments: `{"template":"<html></html>"}`, Failure: "auth0:head"},
		{Tool: "auth0_set_login_page_template", Arguments: `{"template":"{%- auth0:head -%}{%- auth0:widget -%}"}`,
			Answer: []string{`"result":"done"`}},
		{Tool: "auth0_get_login_page_template", Arguments: `{}`, Answer: []string{"auth0:widget"}},
		{Tool: "auth0_delete_login_page_template", Arguments: `{}`, Answer: []string{`"result":"deleted"`}},
	})
}

func TestPrompts(t *testing.T) {
	const signup = `{"prompt":"signup","language":"en"`
	script(t, []sdktest.Step{
		{Tool: "auth0_update_prompt_settings", Arguments: `{"identifier_first":true}`,
			Sent: []string{`PATCH /prompts {"identifier_first":true}`}},
		{Tool: "auth0_get_prompt_settings", Arguments: `{}`, Answer: []string{`"identifier_first":true`}},
		{Tool: "auth0_get_prompt_texts", Arguments: signup + `}`, Answer: []string{`{"texts":{}}`}},
		{Tool: "auth0_set_prompt_texts", Arguments: signup + `,"texts":{"signup":{"title":"Join","description":"Now"}}}`},
		{Tool: "auth0_set_prompt_texts", Arguments: signup + `,"texts":{"signup":{"title":"Welcome","description":null}}}`,
			Sent: []string{"GET /prompts/signup/custom-text/en",
				`PUT /prompts/signup/custom-text/en {"signup":{"title":"Welcome"}}`}},
		{Tool: "auth0_get_prompt_texts", Arguments: signup + `}`, Answer: []string{`{"texts":{"signup":{"title":"Welcome"}}}`}},
		{Tool: "auth0_get_prompt_texts", Arguments: `{"prompt":"` + odd + `","language":"en"}`, Failure: "400",
			Sent: []string{"GET /prompts/" + escaped + "/custom-text/en"}},
		{Tool: "auth0_get_prompt_texts", Arguments: `{"prompt":"..","language":"en"}`, Failure: "path", Sent: []string{}},
	})
}

func TestEmail(t *testing.T) {
	script(t, []sdktest.Step{
		{Tool: "auth0_get_email_provider", Arguments: `{}`, Answer: []string{`"smtp_host":"mail.harbourlight.example"`}},
		{Tool: "auth0_set_email_provider", Arguments: `{"enabled":false}`,
			Sent: []string{"GET /emails/provider", `PATCH /emails/provider {"enabled":false}`}},
		{Tool: "auth0_set_email_provider", Arguments: `{}`, Failure: "nothing to change", Sent: []string{}},
		{Tool: "auth0_delete_email_provider", Arguments: `{}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_get_email_provider", Arguments: `{}`, Failure: "404"},
		{Tool: "auth0_set_email_provider", Arguments: `{"enabled":true}`, Failure: "400"},
		{Tool: "auth0_set_email_provider", Arguments: `{"name":"sendgrid","credentials":{"api_key":"k3y-0123456789"}}`,
			Sent: []string{"GET /emails/provider",
				`POST /emails/provider {"name":"sendgrid","credentials":{"api_key":"k3y-0123456789"}}`},
			Answer: []string{`"name":"sendgrid"`}},
		{Tool: "auth0_list_email_templates", Arguments: `{}`,
			Answer: []string{`"template":"verify_email"`, `"count":2,"total":2`, `"has_next":false`}},
		{Tool: "auth0_get_email_template", Arguments: `{"template":"verify_email"}`, Answer: []string{`"body":"`}},
		{Tool: "auth0_update_email_template", Arguments: `{"template":"verify_email","enabled":false}`,
			Sent: []string{"GET /email-templates/verify_email", `PATCH /email-templates/verify_email {"enabled":false}`}},
		{Tool: "auth0_update_email_template", Arguments: `{"template":"reset_email"}`, Failure: "nothing to change"},
		{Tool: "auth0_update_email_template", Arguments: `{"template":"reset_email","subject":"Reset"}`, Failure: "400"},
		{Tool: "auth0_update_email_template",
			Arguments: `{"template":"reset_email","from":"a@x.example","subject":"Reset","body":"{{ url }}"}`,
			Sent: []string{"GET /email-templates/reset_email", `POST /email-templates {"from":"a@x.example",` +
				`"subject":"Reset","body":"{{ url }}","template":"reset_email","syntax":"liquid","enabled":true}`}},
	})
}

func TestPhone(t *testing.T) {
	script(t, []sdktest.Step{
		{Tool: "auth0_list_phone_providers", Arguments: `{}`, Answer: []string{`"phone_providers":[{`, `"name":"twilio"`}},
		{Tool: "auth0_set_phone_provider", Arguments: `{"name":"twilio","configuration":{"default_from":"+353915550199"}}`,
			Sent: []string{"GET /branding/phone/providers", "PATCH /branding/phone/providers/pro_HarbourTwi1io111111111 " +
				`{"configuration":{"default_from":"+353915550199","delivery_methods":["text"],"sid":"AC00harbourlight"}}`}},
		{Tool: "auth0_set_phone_provider", Arguments: `{"name":"twilio"}`, Failure: "nothing to change"},
		{Tool: "auth0_set_phone_provider", Arguments: `{"name":"custom"}`, Failure: "400"},
		{Tool: "auth0_set_phone_provider",
			Arguments: `{"name":"custom","configuration":{"delivery_methods":["text"]},"credentials":{}}`,
			Answer:    []string{`"name":"custom"`}},
		{Tool: "auth0_delete_phone_provider", Arguments: `{"provider":"custom"}`, Answer: []string{`"result":"deleted"`}},
		{Tool: "auth0_delete_phone_provider", Arguments: `{"provider":"pro_` + odd + `"}`, Failure: "404",
			Sent: []string{"DELETE /branding/phone/providers/pro_" + escaped}},
		{Tool: "auth0_set_phone_template", Arguments: `{"type":"otp_verify","text":"{{ code }}"}`,
			Answer: []string{`"text":"{{ code }}"`, `"voice":"Your code`}},
		{Tool: "auth0_set_phone_template", Arguments: `{"type":"otp_enroll","text":"{{ code }}","voice":"{{ code }}"}`,
			Answer: []string{`"type":"otp_enroll"`}},
		{Tool: "auth0_set_phone_template", Arguments: `{"type":"otp_enroll"}`, Failure: "nothing to change", Sent: []string{}},
		{Tool: "auth0_list_phone_templates", Arguments: `{}`, Answer: []string{`"total":2`}},
	})
}
