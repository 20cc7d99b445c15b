package onboarding

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

//go:embed guides/*.md
var guides embed.FS

type guideInput struct {
	ClientID string `json:"client_id,omitempty" jsonschema:"Client id or exact name; default: the guide has placeholders."`
	Place
	NativeApp
	CallbackURLType string `json:"callback_url_type,omitempty" schema:"enum=universal_links|custom_scheme" jsonschema:"Android: universal_links for App Links."`
	Fingerprint     string `json:"android_sha256_fingerprint,omitempty" jsonschema:"SHA-256 of the signing certificate, for App Links."`
}

type guideAnswer struct {
	Framework string `json:"framework"`
	FoundBy   string `json:"found_by"`
	ClientID  string `json:"client_id,omitempty"`
	Guide     string `json:"guide"`
	// Needed are the URLs that the application must know, Missing those that it does not know yet.
	Needed    URLs     `json:"needed_urls"`
	Missing   *URLs    `json:"missing_urls,omitempty"`
	NextSteps []string `json:"next_steps"`
}

var fingerprintForm = lazily(`^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$`)

// guide reads only: what has to change at the tenant is said, with the tool that does it.
func guide(ctx context.Context, c *sdk.Call, in guideInput) (guideAnswer, error) {
	var out guideAnswer
	p, err := look(ctx, c, in.ProjectPath, in.Framework)
	if err != nil && in.Framework != "" && in.ProjectPath == "" && !sdk.IsInvalidArgument(err) {
		// A guide needs no project.
		var f framework
		if f, err = called(in.Framework); err != nil {
			return out, err
		}
		p = &project{framework: f, evidence: "given"}
		p.adjust()
	}
	if err != nil {
		return out, err
	}
	links := p.name == "android" && in.CallbackURLType == "universal_links"
	if links {
		if in.Auth0Scheme = "https"; !fingerprintForm().MatchString(in.Fingerprint) {
			return out, sdk.InvalidArgument("android_sha256_fingerprint: want the SHA-256 of the signing certificate, 64 " +
				"hexadecimal digits: `./gradlew signingReport` prints it")
		}
	}
	at, err := p.locate(c.Domain(), in.Place, in.NativeApp)
	if err != nil {
		return out, err
	}
	out = guideAnswer{Framework: p.name, FoundBy: p.evidence, Needed: at.URLs, NextSteps: []string{}}
	if in.ClientID != "" {
		if err := out.of(ctx, c, in.ClientID, at.URLs); err != nil {
			return out, err
		}
	}
	if links {
		out.NextSteps = append(out.NextSteps, fmt.Sprintf("Register the App Link with auth0_update_application: mobile = "+
			`{"android":{"app_package_name":%q,"sha256_cert_fingerprints":[%q]}}`, at.id, in.Fingerprint))
	}
	if p.env != "" {
		out.NextSteps = append(out.NextSteps, "If the credentials are not saved yet: auth0_save_credentials_to_file.")
	}
	out.NextSteps = append(out.NextSteps, "Follow the guide in the project's code.")
	out.Guide = p.guide(c.Domain(), out.ClientID, at)
	return out, nil
}

// of adds to an answer what it says of an application.
func (a *guideAnswer) of(ctx context.Context, c *sdk.Call, key string, needed URLs) error {
	raw, err := resource.Applications().FindPart(ctx, c, key, parts())
	if err != nil {
		return err
	}
	app, err := read(raw)
	if err != nil {
		return err
	}
	a.ClientID = app.ClientID
	missing := app.lacks(needed)
	if a.Missing = &missing; !missing.none() {
		a.NextSteps = append(a.NextSteps, "Add missing_urls to the application with auth0_update_application: get it first, "+
			"since the lists are replaced whole.")
	}
	return nil
}

// guide is the guide of the project's framework with its values, all filled in at once.
func (p *project) guide(domain, clientID string, at location) string {
	text, err := guides.ReadFile("guides/" + p.name + ".md")
	if err != nil {
		return ""
	}
	if clientID == "" {
		clientID = "YOUR_CLIENT_ID"
	}
	read := "import.meta.env."
	if p.prefix != "VITE_" {
		read = "process.env."
	}
	callback := ""
	if len(at.Callbacks) > 0 {
		callback = at.Callbacks[0]
	}
	return strings.NewReplacer("{{domain}}", domain, "{{client_id}}", clientID, "{{base_url}}", at.base,
		"{{callback_url}}", callback, "{{port}}", at.port(), "{{env_file}}", p.env,
		"{{env}}", read+p.prefix, "{{app_id}}", at.id, "{{scheme}}", at.scheme).Replace(string(text))
}
