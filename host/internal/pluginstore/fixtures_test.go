package pluginstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const rolesURL = "https://plugins.example/roles/index.json"

// published is a release as a source offers it. Its zero value, with a version, is a sound one of the plugin roles.
type published struct {
	name, version string
	// declared are the name and version of the release document, if they differ.
	declaredName, declaredVersion string
	binary                        string
	tools                         []pluginv1.ToolManifest
	// others are the binaries of platforms besides this one.
	others map[string]string
	signer source.Signer
	// republished makes the release document another one.
	republished bool
	// here is the digest that the document lists for this platform, if it is another than that of the binary.
	here catalog.Digest
	// link puts a symbolic link, extra another file, beside the executable.
	link, extra bool
	notForUs    bool
	origins     []string
}

func tool(name string, change ...func(*pluginv1.ToolManifest)) pluginv1.ToolManifest {
	t := pluginv1.ToolManifest{Name: name, Effect: pluginv1.EffectRead, Scopes: []string{"read:roles"},
		Paths:       []string{"GET /api/v2/roles"},
		InputSchema: json.RawMessage(`{"type":"object","additionalProperties":false}`),
		Display:     pluginv1.Display{Description: "Lists roles."}}
	for _, f := range change {
		f(&t)
	}
	return t
}

func (r published) manifest() pluginv1.Manifest {
	m := pluginv1.Manifest{ManifestVersion: 1, Name: r.name, Version: r.version, Protocols: []int{1}, Executable: "run",
		Tools: r.tools}
	if m.Name == "" {
		m.Name = "roles"
	}
	if m.Tools == nil {
		m.Tools = []pluginv1.ToolManifest{tool("auth0_list_roles")}
	}
	return m
}

func digest(text string) catalog.Digest { return sha256.Sum256([]byte(text)) }

// write puts the files of the release for a platform into a folder, and returns what a fetch says of it.
func (r published) write(dir, platform string) (source.Release, error) {
	m := r.manifest()
	manifest, err := m.Encode()
	if err != nil {
		return source.Release{}, err
	}
	files := map[string][]byte{manifestName: manifest, "run": []byte("#!/bin/sh\n# " + r.version + r.binary)}
	if r.extra {
		files["library.so"] = []byte("code")
	}
	for name, data := range files {
		path := filepath.Join(dir, catalog.ExecutableName("", name))
		if name == "run" {
			path = filepath.Join(dir, catalog.ExecutableName(strings.Split(platform, "/")[0], name))
			if platform != catalog.Platform() {
				data = []byte(r.others[platform])
			}
		}
		if err := os.WriteFile(path, data, 0o755); err != nil {
			return source.Release{}, err
		}
	}
	if r.link {
		if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
			return source.Release{}, err
		}
	}
	found := source.Release{Name: m.Name, Version: m.Version, Manifest: digest(string(manifest)), Signer: r.signer,
		Origins: r.origins,
		Platforms: map[string]source.Platform{catalog.Platform(): {Archive: digest("archive" + r.version),
			Binary: digest(string(files["run"]))}}}
	if r.notForUs {
		clear(found.Platforms)
	}
	if !r.here.IsZero() {
		found.Platforms[catalog.Platform()] = source.Platform{Binary: r.here}
	}
	if r.declaredName != "" {
		found.Name = r.declaredName
	}
	if r.declaredVersion != "" {
		found.Version = r.declaredVersion
	}
	for platform, binary := range r.others {
		found.Platforms[platform] = source.Platform{Archive: digest("archive" + binary), Binary: digest(binary)}
	}
	found.Evidence, err = r.evidence(found)
	found.Digest = digest(string(found.Evidence.Document))
	return found, err
}

// evidence is the release document, whose fields need not be valid, and a signature that names its signer.
func (r published) evidence(found source.Release) (e source.Evidence, err error) {
	document := release.Document{Format: release.DocumentVersion, Name: found.Name, Version: found.Version,
		Published: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Manifest: found.Manifest,
		Platforms: map[string]release.Platform{}}
	if r.republished {
		document.Published = document.Published.AddDate(0, 0, 1)
	}
	for platform, files := range found.Platforms {
		document.Platforms[platform] = release.Platform{Archive: strings.ReplaceAll(platform, "/", "_") + ".zip", Size: 1,
			Digest: files.Archive, Binary: files.Binary}
	}
	if e.Document, err = document.Encode(); err != nil {
		e.Document, err = json.Marshal(document)
	}
	if r.signer != (source.Signer{}) {
		e.Signatures = []source.Signature{{Kind: r.signer.Kind, Data: []byte(r.signer.Detail)}}
	}
	return e, err
}

// verifySignature believes a signature that names a key.
func verifySignature(_ context.Context, e source.Evidence, t source.Trust) (source.Signer, error) {
	for _, s := range e.Signatures {
		for _, key := range t.Keys {
			by := key.Signer()
			switch {
			case string(s.Data) == "forged":
				return source.Signer{}, errors.New("the signature is not of this content")
			case by.Kind != s.Kind || by.Detail != string(s.Data) || t.Require != "" && t.Require != key.Name:
			case !key.Revoked.IsZero():
				return source.Signer{}, errors.New("the key was revoked")
			default:
				return by, nil
			}
		}
	}
	if t.Require != "" {
		return source.Signer{}, errors.New("there is no signature by " + t.Require)
	}
	return source.Signer{}, nil
}

// world is a user's plugins and what their sources offer.
type world struct {
	*Plugins
	offers  map[string]published
	fetched []source.Request
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldIn(t.TempDir())
}

func worldIn(dir string) *world {
	w := &world{offers: map[string]published{}}
	w.Plugins = &Plugins{
		Store: filepath.Join(dir, "data", "plugins", "store"), Older: filepath.Join(dir, "data", "plugins"),
		LockPath: filepath.Join(dir, "config", "plugins.lock.json"), Declaration: filepath.Join(dir, "config",
			"plugins.toml"),
		Fetch: func(_ context.Context, r source.Request) (source.Release, error) {
			w.fetched = append(w.fetched, r)
			offer, ok := w.offers[r.Source.String()]
			if !ok {
				return source.Release{}, &source.Error{Kind: source.NotFound, Text: r.Source.String() + " is not there"}
			}
			found, err := offer.write(r.Into, cmp.Or(r.Platform, catalog.Platform()))
			found.Source = r.Source
			return found, err
		},
		VerifySignature: verifySignature,
		Describe: func(_ context.Context, path string, _ []string) (pluginv1.Manifest, error) {
			data, err := os.ReadFile(filepath.Join(filepath.Dir(path), manifestName))
			if err != nil {
				return pluginv1.Manifest{}, err
			}
			return pluginv1.ParseManifest(data)
		},
	}
	return w
}

// install gets what a source offers and installs it, if nothing is against it.
func (w *world) install(ctx context.Context, wanted Wanted, consent Consent) (err error) {
	if wanted.Source == "" {
		wanted.Source = rolesURL
	}
	c, err := w.Get(ctx, wanted)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Discard()) }()
	lock, err := w.Lock()
	if err != nil {
		return err
	}
	loaded, err := w.load()
	if err != nil {
		return err
	}
	if err := c.Refuse(catalog.NewReview(c.Plugin, c.Entry, loaded, lock, catalog.Lock{}), consent, false); err != nil {
		return err
	}
	return w.Apply(ctx, Change{Install: []*Candidate{c}})
}

func (w *world) load() (*catalog.Catalog, error) {
	lock, err := w.Lock()
	if err != nil {
		return nil, err
	}
	return catalog.Load(catalog.Sources{UserDir: w.Older, StoreDir: w.Store, Lock: lock})
}

func (w *world) mustInstall(t testing.TB, offer published) {
	t.Helper()
	w.offers[rolesURL] = offer
	if err := w.install(t.Context(), Wanted{}, Consent{Replace: []string{"roles"}}); err != nil {
		// Nothing is replaced by the first one.
		if err = w.install(t.Context(), Wanted{}, Consent{}); err != nil {
			t.Fatal(err)
		}
	}
}

// works checks that exactly the plugin roles of a version is loaded, with the binary that is locked, and that nothing
// is refused.
func (w *world) works(t *testing.T, version string) {
	t.Helper()
	found, err := w.load()
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Plugins()) != 1 || len(found.Refused()) > 0 {
		t.Fatalf("%d plugins are loaded, refused: %v", len(found.Plugins()), found.Refused())
	}
	p := found.Plugins()[0]
	if p.Version != version {
		t.Errorf("version %s is loaded, want %s", p.Version, version)
	}
	if is, err := catalog.DigestFile(p.Path); err != nil || is != p.Binary {
		t.Errorf("the binary is not the one that is locked: it would not start (%v)", err)
	}
	verified, err := w.Verify(t.Context(), nil)
	if err != nil || len(verified) != 1 || verified[0].Err != nil {
		t.Errorf("verify: %+v, %v", verified, err)
	}
}

// tree is all that is below a folder, with contents and modes.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		info, infoErr := e.Info()
		found[strings.TrimPrefix(path, dir)] = info.Mode().String() + " " + string(data)
		return errors.Join(err, infoErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameTree(a, b map[string]string) bool { return maps.Equal(a, b) }
