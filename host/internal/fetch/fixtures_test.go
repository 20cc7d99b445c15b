package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

const (
	platform   = "linux/amd64"
	executable = "auth0-mcp-plugin-ok"
	program    = "#!/bin/sh\necho plugin\n"
)

var (
	published = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	now       = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
)

// manifestOf is the manifest of a plugin that is called ok.
func manifestOf(t *testing.T, version string) []byte {
	t.Helper()
	m := fakeplugin.Manifest("ok")
	m.Version, m.Executable = version, executable
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// item is one entry of an archive that a test makes.
type item struct {
	name, data string
	mode       int64
	kind       byte
}

// sound are the entries of a sound archive.
func sound(t *testing.T) []item {
	t.Helper()
	return []item{{name: "manifest.json", data: string(manifestOf(t, "1.2.0")), mode: 0o644},
		{name: executable, data: program, mode: 0o755}}
}

func tarball(t *testing.T, items ...item) []byte {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	for _, i := range items {
		h := &tar.Header{Name: i.name, Typeflag: tar.TypeReg, Mode: i.mode, Size: int64(len(i.data))}
		if i.kind != 0 {
			h.Typeflag, h.Linkname, h.Size = i.kind, i.data, 0
		}
		_, err := 0, archive.WriteHeader(h)
		if err == nil && h.Size > 0 {
			_, err = archive.Write([]byte(i.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t *testing.T, items ...item) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, i := range items {
		h := &zip.FileHeader{Name: i.name, Method: zip.Deflate}
		h.SetMode(os.FileMode(i.mode))
		if i.kind == tar.TypeSymlink {
			h.SetMode(os.ModeSymlink | 0o777)
		}
		w, err := archive.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(i.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// author has a key, and a folder with what they publish.
type author struct {
	t      *testing.T
	folder string
	key    minisign.PrivateKey
	index  release.Index
}

func newAuthor(t *testing.T) *author {
	t.Helper()
	_, key, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &author{t: t, folder: t.TempDir(), key: key, index: release.Index{Updated: published}}
}

// trusted is the author's key as a user has named it.
func (a *author) trusted() source.Key {
	return source.Key{Name: "acme", Minisign: a.key.Public().(minisign.PublicKey).String()}
}

func (a *author) write(name string, data []byte) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.folder, name), data, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// document is the release document of an archive for the platform of the tests.
func (a *author) document(version string, archive []byte) release.Document {
	name := "ok_" + version + "_linux_amd64.tar.gz"
	if bytes.HasPrefix(archive, []byte("PK")) {
		name = "ok_" + version + "_linux_amd64.zip"
	}
	a.write(name, archive)
	return release.Document{Format: release.DocumentVersion, Name: "ok", Version: version, Published: published,
		Manifest: sha256.Sum256(manifestOf(a.t, version)), Platforms: map[string]release.Platform{platform: {
			Archive: name, Digest: sha256.Sum256(archive), Size: int64(len(archive)), Binary: sha256.Sum256([]byte(program))}}}
}

// publish signs a document and puts it into the index.
func (a *author) publish(d release.Document) {
	a.t.Helper()
	data, err := d.Encode()
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(d.FileName(), data)
	a.write(d.FileName()+release.MinisignSuffix, minisign.Sign(a.key, data))
	file := release.File{URL: d.FileName(), Digest: sha256.Sum256(data), Size: int64(len(data))}
	err = a.index.Add(d, file, []release.Signature{{Type: release.SignatureMinisign,
		URL: d.FileName() + release.MinisignSuffix}})
	if err != nil {
		a.t.Fatal(err)
	}
	a.writeIndex()
}

func (a *author) writeIndex() {
	a.t.Helper()
	data, err := a.index.Encode()
	if err != nil {
		a.t.Fatal(err)
	}
	a.write("index.json", data)
	a.write("index.json"+release.MinisignSuffix, minisign.Sign(a.key, data))
}

// release publishes a sound release.
func (a *author) release(version string) release.Document {
	a.t.Helper()
	items := sound(a.t)
	items[0].data = string(manifestOf(a.t, version))
	d := a.document(version, tarball(a.t, items...))
	a.publish(d)
	return d
}

// fetching is a fetcher for a source, with an empty folder.
func fetching(t *testing.T, reference string, keys ...source.Key) fetcher {
	t.Helper()
	s, err := source.Parse(reference)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := tenant.NewTransport("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return fetcher{now: now, limits: defaultLimits, web: newWeb(transport, defaultLimits), query: source.Query{Source: s,
		Into: t.TempDir(), Platform: platform, Trust: source.Trust{Keys: keys}}}
}

// refused expects that a fetch fails with an error of a kind that says something.
func refused(t *testing.T, f fetcher, kind source.ErrorKind, text string) {
	t.Helper()
	reply := f.answer(t.Context())
	if reply.Error == nil || reply.Error.Kind != kind || !strings.Contains(reply.Error.Text, text) {
		t.Errorf("got %+v, want %s: %q", reply, kind, text)
		if reply.Error != nil {
			t.Logf("%s: %s", reply.Error.Kind, reply.Error.Text)
		}
	}
}

// fetched expects that a fetch succeeds, and that the two files are there and nothing else.
func fetched(t *testing.T, f fetcher) source.Release {
	t.Helper()
	reply := f.answer(t.Context())
	if reply.Error != nil {
		t.Fatalf("%s: %v", reply.Error.Kind, reply.Error)
	}
	r := *reply.Release
	for name, want := range map[string]catalog.Digest{"manifest.json": r.Manifest,
		executable: r.Platforms[platform].Binary} {
		path := filepath.Join(f.query.Into, name)
		if got, err := catalog.DigestFile(path); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		info, err := os.Stat(path)
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if entries, err := os.ReadDir(f.query.Into); err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	return r
}

// serve serves the author's folder over plain http on this machine.
func (a *author) serve() *httptest.Server {
	s := httptest.NewServer(http.FileServer(http.Dir(a.folder)))
	a.t.Cleanup(s.Close)
	return s
}
