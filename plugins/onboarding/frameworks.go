package onboarding

import (
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Types of applications, as Auth0 calls them.
const (
	spa    = "spa"
	web    = "regular_web"
	native = "native"
)

// framework is what a kind of project needs of its application.
type framework struct {
	// name is its key, title its name for readers.
	name, title string
	aliases     []string
	appType     string
	// port is where it listens in development unless the project says otherwise.
	port int
	// callback and logout are the paths to which Auth0 sends users back. A native application has a form of its own.
	callback, logout string
	// env is the name of its env file; empty: it reads none.
	env string
	// variables are those of the env file, as NAME=SOURCE: see sources.
	variables []string
	// served says that the env file is the bundler's, which hands variables with a prefix to browsers.
	served bool
}

// Sources of a variable's value. Every other source is a member of the application.
const (
	fromDomain   = "domain"
	fromIssuer   = "issuer"
	fromBaseURL  = "base_url"
	fromCallback = "callback_url"
	fromPort     = "port"
	fromRandom   = "random"
)

// frameworks are all that there is a guide for.
func frameworks() []framework {
	// What most libraries call the credentials.
	credentials := func(more ...string) []string {
		return append([]string{"AUTH0_DOMAIN=domain", "AUTH0_CLIENT_ID=client_id", "AUTH0_CLIENT_SECRET=client_secret"},
			more...)
	}
	served := []string{"VITE_AUTH0_DOMAIN=domain", "VITE_AUTH0_CLIENT_ID=client_id"}
	return []framework{
		{name: "react", title: "React", aliases: []string{"reactjs"}, appType: spa, port: 5173, env: ".env.local",
			variables: served, served: true},
		{name: "vue", title: "Vue", aliases: []string{"vuejs", "vue3"}, appType: spa, port: 5173, env: ".env.local",
			variables: served, served: true},
		{name: "angular", title: "Angular", appType: spa, port: 4200},
		{name: "nextjs", title: "Next.js", aliases: []string{"next"}, appType: web, port: 3000, callback: "/auth/callback",
			env: ".env.local", variables: credentials("AUTH0_SECRET=random", "APP_BASE_URL=base_url")},
		{name: "javascript", title: "plain JavaScript", aliases: []string{"vanilla", "vanillajs", "plainjavascript", "js"},
			appType: spa, port: 3000},
		{name: "express", title: "Express", aliases: []string{"expressjs", "node", "nodejs"}, appType: web, port: 3000,
			callback: "/callback", env: ".env", variables: []string{"ISSUER_BASE_URL=issuer", "CLIENT_ID=client_id",
				"CLIENT_SECRET=client_secret", "SECRET=random", "BASE_URL=base_url"}},
		{name: "flask", title: "Flask", appType: web, port: 5000, callback: "/callback", env: ".env",
			variables: credentials("APP_SECRET_KEY=random")},
		{name: "fastapi", title: "FastAPI", appType: web, port: 8000, callback: "/auth/callback", env: ".env",
			variables: credentials("AUTH0_SECRET=random", "APP_BASE_URL=base_url")},
		{name: "django", title: "Django", appType: web, port: 8000, callback: "/callback", env: ".env",
			variables: credentials()},
		{name: "go", title: "Go", aliases: []string{"golang"}, appType: web, port: 3000, callback: "/callback", env: ".env",
			variables: credentials("AUTH0_CALLBACK_URL=callback_url")},
		{name: "android", title: "Android", aliases: []string{"kotlin"}, appType: native},
		{name: "ios", title: "iOS", aliases: []string{"swift", "macos"}, appType: native},
		{name: "spring", title: "Spring Boot", aliases: []string{"springboot", "java"}, appType: web, port: 8080,
			callback: "/login/oauth2/code/okta", env: ".env", variables: []string{"OKTA_OAUTH2_ISSUER=issuer_slash",
				"OKTA_OAUTH2_CLIENT_ID=client_id", "OKTA_OAUTH2_CLIENT_SECRET=client_secret"}},
		{name: "aspnet", title: "ASP.NET Core", aliases: []string{"aspnetcore", "dotnet"}, appType: web,
			port: 5000, callback: "/callback", env: ".env",
			variables: []string{"Auth0__Domain=domain", "Auth0__ClientId=client_id", "Auth0__ClientSecret=client_secret"}},
		{name: "laravel", title: "Laravel", appType: web, port: 8000, callback: "/callback", env: ".env",
			variables: credentials()},
		{name: "rails", title: "Ruby on Rails", aliases: []string{"rubyonrails", "ruby"}, appType: web, port: 3000,
			callback: "/auth/auth0/callback", env: ".env", variables: credentials()},
	}
}

// fromIssuerSlash is the issuer as it stands in tokens.
const fromIssuerSlash = "issuer_slash"

func names() (list []string) {
	for _, f := range frameworks() {
		list = append(list, f.name)
	}
	return list
}

// called is the framework that a user calls so.
func called(name string) (framework, error) {
	plain := strings.NewReplacer(" ", "", "_", "", "-", "", ".", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	for _, f := range frameworks() {
		if plain == f.name || slices.Contains(f.aliases, plain) {
			return f, nil
		}
	}
	if plain == "python" {
		return framework{}, sdk.InvalidArgument("framework: say which one of Python's: flask, fastapi or django")
	}
	return framework{}, sdk.InvalidArgument("framework: there is no guide for %q: want one of %s", name,
		strings.Join(names(), ", "))
}
