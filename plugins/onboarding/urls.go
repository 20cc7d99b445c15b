package onboarding

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// URLs are those that an application must know.
type URLs struct {
	Callbacks []string `json:"callbacks,omitempty"`
	Logout    []string `json:"allowed_logout_urls,omitempty"`
	Origins   []string `json:"web_origins,omitempty"`
}

// lacks are the URLs of u that are missing.
func (have URLs) lacks(u URLs) URLs {
	return URLs{without(u.Callbacks, have.Callbacks), without(u.Logout, have.Logout), without(u.Origins, have.Origins)}
}

func (have URLs) none() bool { return len(have.Callbacks)+len(have.Logout)+len(have.Origins) == 0 }

// without are the URLs of a list that the other one lacks. One with nothing but a slash behind it is the same.
func without(list, others []string) (missing []string) {
	for _, one := range list {
		if !slices.ContainsFunc(others, func(other string) bool {
			return strings.TrimSuffix(one, "/") == strings.TrimSuffix(other, "/")
		}) {
			missing = append(missing, one)
		}
	}
	return missing
}

// location is where a project's application is.
type location struct {
	URLs
	// base is the origin; empty for a native application.
	base string
	// id and scheme are of a native application.
	id, scheme string
}

// port is that of the origin, also where it is the scheme's; empty for a native application.
func (at location) port() string {
	switch u, err := url.Parse(at.base); {
	case err != nil || u.Host == "":
		return ""
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

var (
	// appIDForm is a package name or bundle identifier, schemeForm the scheme of a callback.
	appIDForm  = lazily(`^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)+$`)
	schemeForm = lazily(`^[a-z][a-z0-9+.-]*$`)
)

// locate finds out which URLs the application needs.
func (p *project) locate(domain string, in Place, app NativeApp) (at location, err error) {
	if p.appType == native {
		return p.onDevice(domain, in, app)
	}
	port := p.listens
	if in.Port != 0 {
		port = in.Port
	}
	at.base = fmt.Sprintf("http://localhost:%d", port)
	if in.BaseURL != "" {
		if at.base, err = origin(in.BaseURL); err != nil {
			return at, err
		}
	}
	at.URLs = URLs{Callbacks: []string{at.base + p.callback}, Logout: []string{at.base + p.logout}}
	if p.appType == spa {
		at.Origins = []string{at.base}
	}
	return at, nil
}

// onDevice finds out the callback of a native application.
func (p *project) onDevice(domain string, in Place, app NativeApp) (at location, err error) {
	at.id, at.scheme = p.appID, app.Auth0Scheme
	if app.AppPackageName != "" {
		at.id = app.AppPackageName
	}
	if at.scheme == "" {
		at.scheme = strings.ToLower(at.id)
	}
	switch {
	case in.BaseURL != "" || in.Port != 0:
		return at, sdk.InvalidArgument("base_url and port do not apply to %s: its callback is on the device", p.title)
	case !appIDForm().MatchString(at.id):
		return at, sdk.InvalidArgument("app_package_name: want the application's package name or bundle identifier, such as "+
			"com.example.app; %q is none, and the project's files tell no other", at.id)
	case !schemeForm().MatchString(at.scheme) || in.isWeb(at.scheme):
		return at, sdk.InvalidArgument("auth0_scheme: want a scheme of the application's own in lower case, such as "+
			"com.example.app: %q is none", at.scheme)
	}
	callback := fmt.Sprintf("%s://%s/%s/%s/callback", at.scheme, domain, p.name, at.id)
	at.URLs = URLs{Callbacks: []string{callback}, Logout: []string{callback}}
	return at, nil
}

// isWeb reports whether a scheme is one that browsers open themselves.
func (Place) isWeb(scheme string) bool {
	return slices.Contains([]string{"http", "javascript", "data", "file", "blob", "about", "vbscript"}, scheme)
}

// origin is the origin of a URL: nothing else may be in it, since paths are the framework's. Users are sent to what is
// registered, so it is encrypted unless it is this machine.
func origin(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Path != "" && u.Path != "/":
		return "", sdk.InvalidArgument("base_url: want an origin, such as https://app.example.com or http://localhost:3000; "+
			"%q is none", text)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return "", sdk.InvalidArgument("base_url: want https, or http on this machine, such as http://localhost:3000; %q is "+
			"neither", text)
	}
	host := strings.ToLower(u.Host)
	if name, port, err := net.SplitHostPort(host); err == nil && u.Scheme == "https" && port == "443" {
		host = name
	}
	return u.Scheme + "://" + host, nil
}

func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	address, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.IsLoopback()
}

// nonVerifiable reports whether any program on the user's device could receive what is sent to the callback.
func nonVerifiable(callback string) bool {
	u, err := url.Parse(callback)
	return err != nil || u.Scheme != "https" && u.Scheme != "http" || isLoopback(u.Hostname())
}

// path is where a file of the project is, below the root.
func (p *project) path(file string) string { return path.Join(p.folder, file) }
