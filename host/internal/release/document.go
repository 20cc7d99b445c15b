// Package release has the files that a plugin's author publishes: the release document, which is what gets signed, the
// archives, and the index of versions. docs/plugins/publishing.md and index.md describe them for authors.
//
// The package makes these files and checks their form. It fetches nothing and decides nothing about trust.
package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

const (
	// DocumentVersion is the format of the documents that this host reads and writes.
	DocumentVersion = 1
	// MaxDocumentBytes is far above what a document of all platforms takes, which is 3 kB.
	MaxDocumentBytes = 256 << 10
	// MaxArchiveBytes bounds an archive. A Go plugin takes about 8 MB.
	MaxArchiveBytes = 512 << 20
	// maxPlatforms is twice the number of ports that Go has.
	maxPlatforms = 100
)

// Document describes one release of a plugin, for all its platforms. Authors sign its bytes, so that one signature
// covers the name, the version and every file.
type Document struct {
	Format  int    `json:"releaseVersion"`
	Name    string `json:"name"`
	Version string `json:"version"`
	// Published is when the release was made, in UTC.
	Published time.Time `json:"published"`
	// Manifest is the digest of manifest.json, the same file on every platform.
	Manifest catalog.Digest `json:"manifest"`
	// Platforms are by GOOS/GOARCH, such as linux/amd64.
	Platforms map[string]Platform `json:"platforms"`
}

// Platform is the archive of a release for one platform.
type Platform struct {
	// Archive is the name of the file, which is beside the document.
	Archive string `json:"archive"`
	// Digest and Size, in bytes, are those of the archive.
	Digest catalog.Digest `json:"digest"`
	Size   int64          `json:"size"`
	// Binary is the digest of the executable in the archive.
	Binary catalog.Digest `json:"binary"`
}

// ErrNewer means that a file has a format that this version of the host does not know.
var ErrNewer = errors.New("its format needs a newer auth0-mcp: update auth0-mcp")

// ParseDocument reads a document. Members that it does not know are refused: a document that is only half understood
// must not vouch for files.
func ParseDocument(data []byte) (Document, error) {
	var d Document
	if err := checkFormat(data, "releaseVersion", DocumentVersion); err != nil {
		return Document{}, err
	}
	if err := jsonv2.Unmarshal(data, &d, jsonv2.RejectUnknownMembers(true)); err != nil {
		return Document{}, err
	}
	if err := d.check(); err != nil {
		return Document{}, err
	}
	return d, nil
}

// checkFormat reads the format before anything else: the rest of a newer file may be wrong for this host.
func checkFormat(data []byte, member string, known int) error {
	var formats map[string]any
	if err := jsonv2.Unmarshal(data, &formats); err != nil {
		return err
	}
	found, ok := formats[member].(float64)
	switch {
	case !ok:
		return fmt.Errorf("%q is missing or not a number", member)
	case found > float64(known):
		return fmt.Errorf("%s %v: %w", member, found, ErrNewer)
	case found != float64(known):
		return fmt.Errorf("%s %v: want %d", member, found, known)
	}
	return nil
}

func (d Document) check() error {
	if err := catalog.CheckNaming(d.Name, d.Version); err != nil {
		return err
	}
	switch {
	case d.Manifest.IsZero():
		return errors.New(`"manifest" is missing`)
	case d.Published.IsZero():
		return errors.New(`"published" is missing`)
	case len(d.Platforms) == 0 || len(d.Platforms) > maxPlatforms:
		return fmt.Errorf(`"platforms" has %d entries: want 1 to %d`, len(d.Platforms), maxPlatforms)
	}
	archives := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(d.Platforms)) {
		p := d.Platforms[name]
		folded := strings.ToLower(p.Archive)
		switch {
		case !IsPlatform(name):
			return fmt.Errorf("platform %q: want GOOS/GOARCH, such as linux/amd64", name)
		case !IsFileName(p.Archive):
			return fmt.Errorf("%s: archive %q: want the name of a file beside the document: letters, digits and ._+-",
				name, p.Archive)
		case archives[folded] != "":
			return fmt.Errorf("%s and %s have the same archive", archives[folded], name)
		case p.Digest.IsZero() || p.Binary.IsZero():
			return fmt.Errorf("%s: a digest is missing", name)
		case p.Size <= 0 || p.Size > MaxArchiveBytes:
			return fmt.Errorf("%s: size %d: want 1 to %d bytes", name, p.Size, MaxArchiveBytes)
		}
		archives[folded] = name
	}
	return nil
}

// Encode writes the document in the form that is signed and published.
func (d Document) Encode() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return encode(d)
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return out.Bytes(), err
}

// FileName is what the document's file is called.
func (d Document) FileName() string { return d.Name + "_" + d.Version + DocumentSuffix }

const (
	// DocumentSuffix ends the name of a document's file.
	DocumentSuffix = ".release.json"
	// MinisignSuffix ends the name of a signature, after the whole name of what is signed.
	MinisignSuffix = ".minisig"
	// SigstoreSuffix is the same for a Sigstore bundle.
	SigstoreSuffix = ".sigstore.json"
)

// IsPlatform reports whether a text has the form GOOS/GOARCH.
func IsPlatform(s string) bool {
	system, machine, ok := strings.Cut(s, "/")
	return ok && only(system, "", 20) && only(machine, "", 20) && s == strings.ToLower(s)
}

// IsFileName reports whether a text is a plain name of a file on every system, without a folder.
func IsFileName(s string) bool {
	return only(s, "._+-", 200) && only(s[:1], "", 1) && !strings.HasSuffix(s, ".")
}

// only reports whether a text is not empty and has no other characters than ASCII letters, digits and those of more.
func only(s, more string, longest int) bool {
	other := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && (r < '0' || '9' < r) && !strings.ContainsRune(more, r)
	}
	return s != "" && len(s) <= longest && strings.IndexFunc(s, other) < 0
}
