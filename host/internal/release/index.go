package release

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/hashicorp/go-version"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

const (
	// IndexVersion is the format of the indexes that this host reads and writes.
	IndexVersion = 1
	// MaxIndexBytes is room for some ten thousand versions.
	MaxIndexBytes = 4 << 20
	maxVersions   = 10_000
	maxReason     = 500
)

// SignatureMinisign and SignatureSigstore are the types of signatures that this host knows.
const (
	SignatureMinisign = "minisign"
	SignatureSigstore = "sigstore"
)

// Index is index.json: the versions of one plugin. A web server that serves files can offer it.
type Index struct {
	Format int    `json:"indexVersion"`
	Name   string `json:"name"`
	// Updated is when the index was last written, Expires when it must not be believed any more; zero: never. An
	// attacker who serves an old index, to hide a fix, can do so only until then.
	Updated time.Time `json:"updated"`
	Expires time.Time `json:"expires,omitzero"`
	// Origins are other web servers that URLs of this index may name, such as https://github.com. They are shown to
	// who installs.
	Origins  []string `json:"origins,omitempty"`
	Versions []Entry  `json:"versions"`
}

// Entry is one version in an index.
type Entry struct {
	Version   string    `json:"version"`
	Published time.Time `json:"published"`
	Platforms []string  `json:"platforms"`
	// Release is the release document, Signatures are those of its bytes.
	Release    File        `json:"release"`
	Signatures []Signature `json:"signatures,omitempty"`
	// Yanked is why the version must not be installed any more; empty if it may.
	Yanked string `json:"yanked,omitempty"`
}

// File is a file by its digest. A relative URL is relative to the index.
type File struct {
	URL    string         `json:"url"`
	Digest catalog.Digest `json:"digest"`
	Size   int64          `json:"size"`
}

// Signature is where a signature is. Types that a host does not know are ignored.
type Signature struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// ParseIndex reads an index. Members that it does not know are ignored: what an index says is checked against the
// release document.
func ParseIndex(data []byte) (Index, error) {
	var x Index
	if err := checkFormat(data, "indexVersion", IndexVersion); err != nil {
		return Index{}, err
	}
	if err := jsonv2.Unmarshal(data, &x); err != nil {
		return Index{}, err
	}
	if err := x.check(); err != nil {
		return Index{}, err
	}
	return x, nil
}

func (x Index) check() error {
	if len(x.Versions) == 0 || len(x.Versions) > maxVersions {
		return fmt.Errorf(`"versions" has %d entries: want 1 to %d`, len(x.Versions), maxVersions)
	}
	for _, origin := range x.Origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || Origin(u) != origin {
			return fmt.Errorf("origin %q: want scheme and host alone, such as https://github.com", origin)
		}
	}
	seen := map[string]bool{}
	for _, e := range x.Versions {
		if err := catalog.CheckNaming(x.Name, e.Version); err != nil {
			return err
		}
		if err := e.check(); err != nil {
			return fmt.Errorf("version %s: %w", e.Version, err)
		}
		// Two versions that differ in build metadata alone have the same precedence (semver 2.0.0, 10).
		plain, _, _ := strings.Cut(e.Version, "+")
		if seen[plain] {
			return fmt.Errorf("version %s is given twice", plain)
		}
		seen[plain] = true
	}
	return nil
}

func (e Entry) check() error {
	switch {
	case e.Release.URL == "" || e.Release.Digest.IsZero():
		return errors.New(`"release" needs a url and a digest`)
	case e.Release.Size <= 0 || e.Release.Size > MaxDocumentBytes:
		return fmt.Errorf("release: size %d: want 1 to %d bytes", e.Release.Size, MaxDocumentBytes)
	case len(e.Yanked) > maxReason:
		return fmt.Errorf("yanked: more than %d bytes", maxReason)
	}
	for _, p := range e.Platforms {
		if !IsPlatform(p) {
			return fmt.Errorf("platform %q: want GOOS/GOARCH, such as linux/amd64", p)
		}
	}
	return nil
}

// Origin is the scheme and host of a URL, such as https://plugins.example.com.
func Origin(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + u.Host) }

// Find returns the entry of a version.
func (x Index) Find(version string) (Entry, bool) {
	i := slices.IndexFunc(x.Versions, func(e Entry) bool { return e.Version == version })
	if i < 0 {
		return Entry{}, false
	}
	return x.Versions[i], true
}

// Add puts a release into the index. Replacing a version that is there with another content is refused: those who
// have pinned it would see an attack.
func (x *Index) Add(d Document, f File, signatures []Signature) error {
	if x.Name == "" {
		x.Name = d.Name
	}
	if x.Name != d.Name {
		return fmt.Errorf("this is the index of plugin %s, and %s is of %s: use an index for each plugin", x.Name,
			d.FileName(), d.Name)
	}
	platforms := slices.Sorted(maps.Keys(d.Platforms))
	entry := Entry{Version: d.Version, Published: d.Published, Platforms: platforms, Release: f, Signatures: signatures}
	if before, ok := x.Find(d.Version); ok {
		if before.Release.Digest != f.Digest {
			return fmt.Errorf("the index has version %s with other content: a published version must not change. Release "+
				"a new version", d.Version)
		}
		entry.Yanked = before.Yanked
		x.Versions = slices.DeleteFunc(x.Versions, func(e Entry) bool { return e.Version == d.Version })
	}
	x.Versions = append(x.Versions, entry)
	slices.SortFunc(x.Versions, func(a, b Entry) int { return CompareVersions(b.Version, a.Version) })
	return nil
}

// Yank marks a version that must not be installed any more.
func (x *Index) Yank(version, reason string) error {
	i := slices.IndexFunc(x.Versions, func(e Entry) bool { return e.Version == version })
	switch {
	case i < 0:
		return fmt.Errorf("the index has no version %s to yank", version)
	case reason == "":
		return fmt.Errorf("say why version %s is yanked: --yank '%s=REASON'", version, version)
	}
	x.Versions[i].Yanked = reason
	return nil
}

// Encode writes the index in the form that is published.
func (x Index) Encode() ([]byte, error) {
	x.Format = IndexVersion
	if err := x.check(); err != nil {
		return nil, err
	}
	return encode(x)
}

// CompareVersions orders semantic versions by precedence, the older first. Those that have the same differ in build
// metadata alone, and are ordered by their text.
func CompareVersions(a, b string) int {
	va, errA := version.NewSemver(a)
	vb, errB := version.NewSemver(b)
	if errA != nil || errB != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Or(va.Compare(vb), cmp.Compare(a, b))
}
