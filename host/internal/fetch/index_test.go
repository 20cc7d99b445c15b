package fetch

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"aead.dev/minisign"

	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

func TestFetchFromAnIndex(t *testing.T) {
	a := newAuthor(t)
	a.release("1.2.0")
	a.release("2.0.0-beta.1")
	a.release("1.10.0")
	for name, at := range map[string]string{"disk": filepath.Join(a.folder, "index.json"),
		"web": a.serve().URL + "/index.json"} {
		t.Run(name, func(t *testing.T) {
			f := fetching(t, at, a.trusted())
			r := fetched(t, f)
			if r.Name != "ok" || r.Version != "1.10.0" || r.Signer.Name != "acme" || r.Digest.IsZero() ||
				r.Source.String() != at || !r.Published.Equal(published) {
				t.Errorf("got %+v", r)
			}
			f = fetching(t, at, a.trusted())
			f.query.Constraint, f.query.Trust.Require = "~> 1.1, < 1.10", "acme"
			if r := fetched(t, f); r.Version != "1.2.0" {
				t.Errorf("got %+v", r)
			}
			f.query.Into = ""
			reply := f.answer(t.Context())
			var all []string
			for _, v := range reply.Versions {
				all = append(all, v.Version)
			}
			if !slices.Equal(all, []string{"2.0.0-beta.1", "1.10.0", "1.2.0"}) {
				t.Errorf("got %v, %v", all, reply.Error)
			}
		})
	}
}

// What an attacker may change of an index, a release or its signatures.
func TestIndexAttacks(t *testing.T) {
	for name, tt := range map[string]struct {
		attack func(a *author, f *fetcher)
		kind   source.ErrorKind
		text   string
	}{
		"index expired": {func(a *author, _ *fetcher) {
			a.index.Expires = now.Add(-time.Hour)
			a.writeIndex()
		}, source.Stale, "the index expired on 2026-11-30T23:00:00Z"},
		"index unsigned": {func(a *author, f *fetcher) {
			_ = os.Remove(filepath.Join(a.folder, "index.json.minisig"))
			f.query.Trust.Require = "acme"
		}, source.Unsigned, "the index is not signed: key acme is required"},
		"index changed": {func(a *author, f *fetcher) {
			data, _ := os.ReadFile(filepath.Join(a.folder, "index.json"))
			a.write("index.json", append(data, '\n'))
			f.query.Trust.Require = "acme"
		}, source.Untrusted, "the index: the signature of key acme is not of this content"},
		"index changes under the pin": {func(_ *author, f *fetcher) {
			f.query.Pinned = sha256.Sum256([]byte("what was there"))
		}, source.Changed, "version 1.2.0 is not the one that was pinned"},
		"document changed": {func(a *author, _ *fetcher) {
			a.write("ok_1.2.0.release.json", []byte("{}"))
		}, source.Refused, "is not what the index says"},
		"document of another version": {func(a *author, _ *fetcher) {
			a.index.Versions[0].Version = "1.3.0"
			a.writeIndex()
		}, source.Refused, "the index offers ok 1.3.0, and the release document is of ok 1.2.0"},
		"document of a newer format": {func(a *author, f *fetcher) {
			data := []byte(`{"releaseVersion":2,"grants":"everything"}`)
			a.write("new.json", data)
			a.index.Versions[0].Release = release.File{URL: "new.json", Digest: sha256.Sum256(data), Size: int64(len(data))}
			a.writeIndex()
			f.query.Trust.AllowUnsigned = true
		}, source.Refused, "needs a newer auth0-mcp"},
		"URL that leads out": {func(a *author, _ *fetcher) {
			a.index.Versions[0].Release.URL = "../secret.json"
			a.writeIndex()
		}, source.Refused, "leads out of the folder"},
		"signature missing": {func(a *author, _ *fetcher) {
			a.index.Versions[0].Signatures = nil
			a.writeIndex()
		}, source.Unsigned, "the release 1.2.0 is not signed"},
		"signature of other content": {func(a *author, f *fetcher) {
			a.write("ok_1.2.0.release.json.minisig", minisign.Sign(a.key, []byte("another release")))
			f.query.Trust.AllowUnsigned = true
		}, source.Untrusted, "the signature of key acme is not of this content"},
		"signature malformed": {func(a *author, _ *fetcher) {
			a.write("ok_1.2.0.release.json.minisig", []byte("untrusted comment: none\nnonsense\n"))
		}, source.Untrusted, "not one of minisign"},
		"unknown key": {func(_ *author, f *fetcher) { f.query.Trust.Keys = nil },
			source.Untrusted, "which you do not trust"},
		"required key unknown": {func(_ *author, f *fetcher) { f.query.Trust.Require = "other" },
			source.Untrusted, "key other is required and is not among the trusted keys"},
		"another key required": {func(a *author, f *fetcher) {
			other := newAuthor(a.t).trusted()
			other.Name = "other"
			f.query.Trust.Keys = append(f.query.Trust.Keys, other)
			f.query.Trust.Require = "other"
		}, source.Untrusted, "the index is signed by key acme, and key other is required"},
		"key expired": {func(_ *author, f *fetcher) { f.query.Trust.Keys[0].Expires = now },
			source.Untrusted, "key acme expired on 2026-12-01"},
		"key revoked": {func(_ *author, f *fetcher) {
			f.query.Trust.Keys[0].Revoked = published
			f.query.Trust.AllowUnsigned = true
		}, source.Untrusted, "key acme was revoked on 2026-11-01"},
		"other platform": {func(_ *author, f *fetcher) { f.query.Platform = "plan9/arm" },
			source.WrongPlatform, "has nothing for plan9/arm, only for linux/amd64"},
		"no such version": {func(_ *author, f *fetcher) { f.query.Constraint = "~> 3.0" },
			source.NoVersion, "there is 1.2.0"},
		"yanked": {func(a *author, _ *fetcher) {
			_ = a.index.Yank("1.2.0", "leaks\x1b[2J")
			a.writeIndex()
		}, source.NoVersion, `1.2.0 was withdrawn by its author (leaks\u{1B}[2J)`},
		"archive changed": {func(a *author, _ *fetcher) {
			path := filepath.Join(a.folder, "ok_1.2.0_linux_amd64.tar.gz")
			data, _ := os.ReadFile(path)
			data[len(data)/2] ^= 1
			a.write(filepath.Base(path), data)
		}, source.Refused, "is not what was announced"},
		"archive too short": {func(a *author, _ *fetcher) { a.write("ok_1.2.0_linux_amd64.tar.gz", []byte("short")) },
			source.Refused, "has 5 bytes and not the"},
		"archive too long": {func(a *author, _ *fetcher) { a.write("ok_1.2.0_linux_amd64.tar.gz", make([]byte, 1<<20)) },
			source.Refused, "is larger than the"},
		"archive missing": {func(a *author, _ *fetcher) {
			_ = os.Remove(filepath.Join(a.folder, "ok_1.2.0_linux_amd64.tar.gz"))
		}, source.NotFound, "ok_1.2.0_linux_amd64.tar.gz"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthor(t)
			a.release("1.2.0")
			f := fetching(t, filepath.Join(a.folder, "index.json"), a.trusted())
			tt.attack(a, &f)
			refused(t, f, tt.kind, tt.text)
		})
	}
}

// What was accepted before is accepted again: the digest vouches for it when the key and the index have expired.
func TestPinnedOutlivesItsKey(t *testing.T) {
	a := newAuthor(t)
	a.release("1.2.0")
	key := a.trusted()
	key.Expires = now
	f := fetching(t, filepath.Join(a.folder, "index.json"), key)
	f.query.Pinned = a.index.Versions[0].Release.Digest
	a.index.Expires = now
	a.writeIndex()
	fetched(t, f)

	f = fetching(t, filepath.Join(a.folder, "index.json"), key)
	f.query.Pinned = a.index.Versions[0].Release.Digest
	f.query.Trust.Keys[0].Revoked = now
	refused(t, f, source.Untrusted, "was revoked")
}

// A release document vouches for the whole content of an archive, not for the archive alone.
func TestDocumentDeviates(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(d *release.Document)
		text   string
	}{
		"manifest": {func(d *release.Document) { d.Manifest = sha256.Sum256(nil) },
			"its manifest is not the one of the release"},
		"name": {func(d *release.Document) { d.Name = "other" }, "its manifest is that of ok 1.2.0"},
		"binary": {func(d *release.Document) {
			p := d.Platforms[platform]
			p.Binary = sha256.Sum256(nil)
			d.Platforms[platform] = p
		}, "its executable is not the one of the release"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthor(t)
			d := a.document("1.2.0", tarball(t, sound(t)...))
			tt.change(&d)
			a.publish(d)
			f := fetching(t, filepath.Join(a.folder, "index.json"), a.trusted())
			refused(t, f, source.Refused, tt.text)
		})
	}
}

func TestOrigins(t *testing.T) {
	a, elsewhere := newAuthor(t), newAuthor(t)
	a.release("1.2.0")
	other := elsewhere.serve()
	for _, file := range []string{"ok_1.2.0.release.json", "ok_1.2.0_linux_amd64.tar.gz"} {
		data, err := os.ReadFile(filepath.Join(a.folder, file))
		if err != nil {
			t.Fatal(err)
		}
		elsewhere.write(file, data)
	}
	a.index.Versions[0].Release.URL = other.URL + "/ok_1.2.0.release.json"
	a.writeIndex()
	at := a.serve().URL + "/index.json"
	refused(t, fetching(t, at, a.trusted()), source.Refused, "is on another server than the index")
	a.index.Origins = []string{other.URL}
	a.writeIndex()
	if r := fetched(t, fetching(t, at, a.trusted())); !slices.Equal(r.Origins, a.index.Origins) {
		t.Errorf("got %+v", r)
	}
}

// Servers that redirect, are slow, break off or never end.
func TestServers(t *testing.T) {
	a := newAuthor(t)
	a.release("1.2.0")
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	for name, tt := range map[string]struct {
		handle http.HandlerFunc
		kind   source.ErrorKind
		text   string
		window time.Duration // zero: long enough for any machine
	}{
		"no answer": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-ended:
			}
		}, source.Unreachable, "did not answer within 200ms", 200 * time.Millisecond},
		"slow": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(10 * time.Millisecond):
				case <-ended:
					return
				}
			}
		}, source.Unreachable, "the server is too slow", 3 * time.Second}, // in which the answer must begin
		"half": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"indexVersion":1,`))
		}, source.Unreachable, "broke off", 0},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			block := make([]byte, 64<<10)
			for {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, source.Refused, "is larger than 4194304 bytes", 0},
		"redirects for ever": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/index.json", http.StatusFound)
		}, source.Refused, "redirects more than 5 times", 0},
		"redirects to plain http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://plugins.example.com/index.json", http.StatusFound)
		}, source.Refused, "which is not https", 0},
		"redirects to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, source.Refused, "which is not https", 0},
		"not there": {http.NotFound, source.NotFound, "is not there (404)", 0},
		"private": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
			source.NotFound, "may not be read without signing in", 0},
		"broken": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
			source.Unreachable, "answered 502 Bad Gateway", 0},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>\x1b[2J")) },
			source.Refused, "not a usable index", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.handle)
			defer server.Close()
			f := fetching(t, server.URL+"/index.json", a.trusted())
			if tt.window > 0 {
				f.limits.window, f.limits.least = tt.window, 1<<10
				f.web = newWeb(f.web.transport, f.limits)
			}
			refused(t, f, tt.kind, tt.text)
		})
	}
}

// A server elsewhere must not make this machine ask itself.
func TestRedirectToThisMachine(t *testing.T) {
	from, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://plugins.example.com/index.json", nil)
	for _, to := range []string{"http://127.0.0.1:8080/x", "https://localhost/x", "http://[::1]/x"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
		if err := checkRedirect(r, []*http.Request{from}); err == nil {
			t.Errorf("%s was followed", to)
		}
		if _, err := resolve(from.URL.String(), to, []string{release.Origin(r.URL)}); err == nil {
			t.Errorf("%s was taken from an index", to)
		}
	}
}
