// Package source gets plugins from where they are published, and says whether the user trusts who published them.
//
// What comes from outside is fetched, parsed and verified by a program of its own, auth0-mcp-fetch, which this package
// runs: it holds no token and has no secret in its environment. The package itself reads references and trusted keys.
package source

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// Kind is a kind of source.
type Kind string

const (
	// Folder has manifest.json and the executable, for this machine alone and without a signature.
	Folder Kind = "folder"
	// Archive is one archive, on disk or on a web server.
	Archive Kind = "archive"
	// Index is an index.json, on disk or on a web server.
	Index Kind = "index"
	// OCI is a repository of a registry.
	OCI Kind = "oci"
	// OCILayout is a repository on disk.
	OCILayout Kind = "oci-layout"
)

// Source is where a plugin comes from. Two of them are equal if they are the same place.
type Source struct {
	kind Kind
	// at is the absolute path, the URL, or REGISTRY/REPOSITORY.
	at string
	// tag and digest choose within a repository; digest is also that of an archive on a web server.
	tag    string
	digest catalog.Digest
}

// Kind is the kind of the source.
func (s Source) Kind() Kind { return s.kind }

// At is the absolute path of a folder, file or OCI layout, the URL of an index or archive, or REGISTRY/REPOSITORY.
func (s Source) At() string { return s.at }

// Tag is the tag that the reference to a repository names; empty if it names none.
func (s Source) Tag() string { return s.tag }

// Digest is the digest that the reference names: of a manifest in a repository, or of an archive. Zero if it names
// none.
func (s Source) Digest() catalog.Digest { return s.digest }

// WithDigest is the source of one content of a repository, whatever its tags become.
func (s Source) WithDigest(d catalog.Digest) Source {
	s.digest = d
	return s
}

// Host is the host, with its port, of a repository's registry.
func (s Source) Host() string {
	host, _, _ := strings.Cut(s.at, "/")
	return host
}

// Remote reports whether the source is on a server.
func (s Source) Remote() bool { return s.kind == OCI || isURL(s.at) }

// Versioned reports whether the source has several versions to choose from.
func (s Source) Versioned() bool {
	return s.kind == Index || (s.kind == OCI || s.kind == OCILayout) && s.tag == "" && s.digest.IsZero()
}

// String is the reference in its one form, which [Parse] reads.
func (s Source) String() string {
	text := s.at
	switch s.kind {
	case OCI:
		text = ociScheme + text
	case OCILayout:
		text = layoutScheme + text
	case Archive:
		if !s.digest.IsZero() {
			return text + digestFragment + strings.TrimPrefix(s.digest.String(), "sha256:")
		}
	}
	if s.tag != "" {
		text += ":" + s.tag
	}
	if !s.digest.IsZero() {
		text += "@" + s.digest.String()
	}
	return text
}

// MarshalText writes the form of String.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what Parse reads.
func (s *Source) UnmarshalText(text []byte) (err error) {
	*s, err = Parse(string(text))
	return err
}

const (
	ociScheme      = "oci://"
	layoutScheme   = "oci-layout:"
	digestFragment = "#sha256="
	manifestName   = "manifest.json"
	maxReference   = 4096
)

// ReferenceError is a reference to a source that cannot be one.
type ReferenceError struct{ Reference, Problem string }

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("source %q: %s", e.Reference, e.Problem)
}

// Parse reads a reference to a source, as in a command or in plugins.toml:
//
//	./folder                                    a folder with manifest.json, which may be named too, and the executable
//	./roles_1.2.0_linux_amd64.tar.gz            an archive: .tar.gz, .tgz or .zip
//	./mirror/index.json                         an index on disk
//	https://plugins.example.com/roles/index.json
//	https://example.com/roles_linux.tar.gz#sha256=HEX
//	oci://registry.example.com/team/roles:1.2.0 with a tag, a digest (@sha256:HEX), both or none
//	oci-layout:./layout:1.2.0                   the same on disk
//
// A relative path counts from the working folder and becomes absolute. Plain http is for this machine alone. Nothing is
// opened. The error is a *[ReferenceError].
func Parse(reference string) (Source, error) {
	s, problem := parse(reference)
	if problem != "" {
		return Source{}, &ReferenceError{reference, problem}
	}
	return s, nil
}

func parse(reference string) (s Source, problem string) {
	if reference == "" || len(reference) > maxReference {
		return s, "want a path, https://…, oci://… or oci-layout:PATH"
	}
	if rest, ok := strings.CutPrefix(reference, ociScheme); ok {
		return parseRepository(rest)
	}
	if rest, ok := strings.CutPrefix(reference, layoutScheme); ok {
		return parseLayout(rest)
	}
	if isURL(reference) {
		return parseURL(reference)
	}
	if scheme, _, ok := strings.Cut(reference, "://"); ok {
		return s, fmt.Sprintf("%s:// is not known: want a path, https://…, oci://… or oci-layout:PATH", scheme)
	}
	path, err := filepath.Abs(reference)
	if err != nil {
		return s, err.Error()
	}
	s = Source{kind: Folder, at: path}
	switch {
	case filepath.Base(path) == manifestName:
		s.at = filepath.Dir(path)
	case isArchive(path):
		s.kind = Archive
	case strings.EqualFold(filepath.Ext(path), ".json"):
		s.kind = Index
	}
	return s, ""
}

func isURL(s string) bool { return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") }

func isArchive(path string) bool {
	lower := strings.ToLower(path)
	return strings.HasSuffix(lower, ".tar.gz") || strings.HasSuffix(lower, ".tgz") || strings.HasSuffix(lower, ".zip")
}

func parseURL(reference string) (s Source, problem string) {
	u, err := url.Parse(reference)
	switch {
	case err != nil || u.Host == "":
		return s, "not a URL"
	case u.User != nil:
		return s, "a URL with a user and password would be shown and stored: leave them out"
	case u.RawQuery != "":
		return s, "a URL with a query is not supported: it may hold a secret that would be shown and stored"
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return s, "plain http is for this machine alone: use https"
	}
	fragment := u.Fragment
	u.Fragment, u.RawFragment = "", ""
	u.Host = strings.ToLower(u.Host)
	s = Source{kind: Index, at: u.String()}
	digest, hasDigest := strings.CutPrefix(fragment, "sha256=")
	switch {
	case strings.HasSuffix(u.Path, ".json") && fragment == "":
		return s, ""
	case !isArchive(u.Path):
		return s, "want the URL of an index, which ends in .json, or of an archive: .tar.gz, .tgz or .zip"
	case !hasDigest:
		return s, "an archive on a server needs its digest: append " + digestFragment + "HEX"
	}
	s.kind = Archive
	if s.digest, err = catalog.ParseDigest("sha256:" + digest); err != nil {
		return s, err.Error()
	}
	return s, ""
}

// only reports whether a text is not empty and has no other characters than ASCII letters, digits and those of more.
func only(s, more string, longest int) bool {
	other := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && (r < '0' || '9' < r) && !strings.ContainsRune(more, r)
	}
	return s != "" && len(s) <= longest && strings.IndexFunc(s, other) < 0
}

func parseRepository(rest string) (s Source, problem string) {
	s.kind = OCI
	rest, problem = s.cutChoice(rest)
	if problem != "" {
		return s, problem
	}
	host, repository, _ := strings.Cut(rest, "/")
	host = strings.ToLower(host)
	switch {
	case !only(host, ".-:[]", 260):
		return s, "want oci://REGISTRY/REPOSITORY, such as oci://ghcr.io/acme/roles:1.2.0"
	case !only(repository, "._-/", 255) || repository != strings.ToLower(repository):
		return s, "want the name of a repository in lower case, such as acme/roles"
	}
	s.at = host + "/" + repository
	return s, ""
}

func parseLayout(rest string) (s Source, problem string) {
	s.kind = OCILayout
	rest, problem = s.cutChoice(rest)
	if problem != "" {
		return s, problem
	}
	if rest == "" {
		return s, "want oci-layout:PATH"
	}
	path, err := filepath.Abs(rest)
	if err != nil {
		return s, err.Error()
	}
	s.at = path
	return s, ""
}

// cutChoice takes the tag and the digest from the end of a reference to a repository.
func (s *Source) cutChoice(rest string) (place, problem string) {
	place, digest, hasDigest := strings.Cut(rest, "@")
	if hasDigest {
		var err error
		if s.digest, err = catalog.ParseDigest(digest); err != nil {
			return "", err.Error()
		}
	}
	// A colon before a slash is that of a port, or of a drive on Windows.
	if i := strings.LastIndexByte(place, ':'); i > strings.LastIndexAny(place, `/\`) && !isDrive(place, i) {
		place, s.tag = place[:i], place[i+1:]
		if !only(s.tag, "._-", 128) {
			return "", fmt.Sprintf("tag %q: want letters, digits and ._-, 128 at most", s.tag)
		}
	}
	return place, ""
}

func isDrive(path string, colon int) bool { return colon == 1 && filepath.VolumeName(path) != "" }

// IsLoopback reports whether a host name or address is this machine's own.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
