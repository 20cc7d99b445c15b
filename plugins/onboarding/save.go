package onboarding

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
)

type saveInput struct {
	ClientID string `json:"client_id,omitempty" jsonschema:"Client id or exact name; needed unless all variables are markers."`
	Place
	File        string   `json:"file,omitempty" jsonschema:"Below the project; default: the framework's env file."`
	CallbackURL string   `json:"callback_url,omitempty" jsonschema:"Default: that of the framework."`
	Variables   []string `json:"variables,omitempty" jsonschema:"In place of the framework's, KEY=SOURCE. Sources: client_id, client_secret, domain, issuer, base_url, callback_url, random, another member of the application, or a marker [REDACTED:…]."`
	DryRun      bool     `json:"dry_run,omitempty" jsonschema:"Say what would be written, and write nothing."`
}

type saveAnswer struct {
	ClientID string `json:"client_id,omitempty"`
	// SavedTo is absent if nothing was written.
	SavedTo     string   `json:"credentials_saved_to,omitempty"`
	Keys        []string `json:"keys_written"`
	FileCreated bool     `json:"file_created"`
	Warning     string   `json:"warning,omitempty"`
	Message     string   `json:"message"`
}

// randomBytes is the length of a value that is made here, such as the key of session cookies.
const randomBytes = 32

func save(ctx context.Context, c *sdk.Call, in saveInput) (saveAnswer, error) {
	out := saveAnswer{Keys: []string{}}
	p, err := target(ctx, c, in)
	if err != nil {
		return out, err
	}
	list := p.variables
	if len(in.Variables) > 0 {
		list = in.Variables
		if p.env == "" {
			p.env = ".env"
		}
	}
	if p.env == "" {
		out.Message = p.title + " reads no env file: auth0_get_quickstart_guide says where its settings stand"
		return out, nil
	}
	at, err := p.addresses(c.Domain(), in)
	if err != nil {
		return out, err
	}
	if out.ClientID, err = in.application(ctx, c, list); err != nil {
		return out, err
	}
	file := p.env
	if in.File != "" {
		file = in.File
	}
	if servedFolder(path.Join(p.folder, file)) {
		out.Warning = "The folder looks like one that a web server publishes: make sure that it does not serve this file."
	}
	vars := variables(list, c, at, out.ClientID)
	if in.DryRun {
		for _, v := range vars {
			out.Keys = append(out.Keys, v.Name())
		}
		out.Message = "Nothing was written: these variables would be set in " + root + ":" + p.path(file)
		return out, nil
	}
	written, err := c.SetEnv(ctx, sdk.EnvFile{Root: root, Path: p.path(file), Variables: vars})
	if err != nil {
		return out, err
	}
	out.SavedTo, out.FileCreated = written.Path, !written.Replaced
	out.Keys = append(out.Keys, written.Variables...)
	out.Message = "The file has these variables now. Do not read or print it: it can hold secrets"
	return out, nil
}

// target is the project that credentials are saved for. What its framework is matters less here: the names that most
// libraries use will do.
func target(ctx context.Context, c *sdk.Call, in saveInput) (*project, error) {
	given := in.Framework
	if _, err := called(given); err != nil {
		given = ""
	}
	found, err := c.ReadFiles(ctx, root, in.ProjectPath)
	if err != nil {
		return nil, err
	}
	if in.Framework == "" && len(in.Variables) == 0 {
		if err := unsound(found.Files); err != nil {
			return nil, err
		}
	}
	signs := signsOf(found.Files)
	switch {
	case given == "" && in.Framework == "" && len(signs) == 1:
		given = signs[0].name
	case given == "" && in.Framework == "" && len(signs) > 1 && len(in.Variables) == 0:
		return nil, ambiguous(signs)
	}
	if given != "" {
		p := &project{folder: found.Folder, files: found.Files}
		if p.framework, err = called(given); err != nil {
			return nil, err
		}
		p.adjust()
		return p, nil
	}
	return &project{folder: found.Folder, listens: 3000, framework: framework{title: "This project", appType: web,
		env: ".env", callback: "/callback", variables: []string{"AUTH0_DOMAIN=domain", "AUTH0_CLIENT_ID=client_id",
			"AUTH0_CLIENT_SECRET=client_secret"}}}, nil
}

// addresses are the URLs of the application, as far as variables need them.
func (p *project) addresses(domain string, in saveInput) (location, error) {
	if p.appType == native {
		return location{}, nil
	}
	at, err := p.locate(domain, in.Place, NativeApp{})
	if err != nil || in.CallbackURL == "" {
		return at, err
	}
	u, err := url.Parse(in.CallbackURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
		strings.ContainsAny(in.CallbackURL, " \n") {
		return at, sdk.InvalidArgument("callback_url: want an http or https URL; %q is none", in.CallbackURL)
	}
	at.Callbacks = []string{in.CallbackURL}
	return at, nil
}

var (
	sourceForm = lazily(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)
	markerForm = lazily(`^\[REDACTED:[a-z0-9]+\]$`)
)

// application is the client_id that the variables need; empty if none does.
func (in saveInput) application(ctx context.Context, c *sdk.Call, list []string) (string, error) {
	needed, secret := in.ClientID != "", false
	for _, variable := range list {
		name, source, ok := strings.Cut(variable, "=")
		if !ok || name == "" || !sourceForm().MatchString(source) && !markerForm().MatchString(source) {
			return "", sdk.InvalidArgument("variables: %q: want KEY=SOURCE, such as AUTH0_CLIENT_SECRET=client_secret or "+
				"RESET_LINK=[REDACTED:k7q2m9xa]", variable)
		}
		own := []string{fromDomain, fromIssuer, fromIssuerSlash, fromBaseURL, fromCallback, fromPort, fromRandom}
		needed = needed || !slices.Contains(own, source) && !markerForm().MatchString(source)
		secret = secret || source == "client_secret"
	}
	switch {
	case !needed:
		return "", nil
	case in.ClientID == "":
		return "", sdk.InvalidArgument("client_id: want the application whose credentials are saved: its id or exact name")
	}
	raw, err := resource.Applications().FindPart(ctx, c, in.ClientID, parts())
	if err != nil {
		return "", err
	}
	app, err := read(raw)
	if err != nil {
		return "", err
	}
	if secret && app.Method == "none" {
		return "", sdk.FailedPrecondition("the application %s is public (token_endpoint_auth_method is none): it has no "+
			"client_secret to save. Give variables without it, or the framework of a single-page application", app.ClientID)
	}
	return app.ClientID, nil
}

// variables are the variables of "KEY=SOURCE" texts.
func variables(list []string, c *sdk.Call, at location, clientID string) (vars []sdk.Variable) {
	texts := map[string]string{fromDomain: c.Domain(), fromIssuer: "https://" + c.Domain(),
		fromIssuerSlash: "https://" + c.Domain() + "/", fromBaseURL: at.base, "client_id": clientID,
		fromPort: at.port()}
	if len(at.Callbacks) > 0 {
		texts[fromCallback] = at.Callbacks[0]
	}
	for _, variable := range list {
		name, source, _ := strings.Cut(variable, "=")
		value, known := texts[source]
		switch {
		case known:
			vars = append(vars, sdk.SetText(name, value))
		case source == fromRandom:
			vars = append(vars, sdk.SetRandom(name, randomBytes))
		case markerForm().MatchString(source):
			vars = append(vars, sdk.SetText(name, source))
		default:
			vars = append(vars, sdk.SetStored(name, c.Path("clients", clientID), source))
		}
	}
	return vars
}

// servedFolder reports whether a file is in a folder that web servers publish by convention.
func servedFolder(file string) bool {
	return slices.ContainsFunc(strings.Split(path.Dir(file), "/"), func(name string) bool {
		return slices.Contains([]string{"public", "dist", "build", "static", "www", "wwwroot", "html"}, strings.ToLower(name))
	})
}
