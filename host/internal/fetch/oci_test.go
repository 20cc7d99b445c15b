package fetch

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"

	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// layout pushes a release of the author's folder to an OCI layout, under a tag, as `oras push` does.
func (a *author) layout(folder, tag string, d release.Document, change func(*ocispec.Manifest)) ocispec.Descriptor {
	a.t.Helper()
	ctx := a.t.Context()
	store, err := oci.New(folder)
	if err != nil {
		a.t.Fatal(err)
	}
	push := func(mediaType string, data []byte) ocispec.Descriptor {
		desc := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
		if exists, err := store.Exists(ctx, desc); err != nil || exists {
			return desc
		}
		if err := store.Push(ctx, desc, bytes.NewReader(data)); err != nil {
			a.t.Fatal(err)
		}
		return desc
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(a.folder, name))
		if err != nil {
			a.t.Fatal(err)
		}
		return data
	}
	m := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		ArtifactType: "application/vnd.auth0-mcp.plugin.v1", Config: push(documentType, read(d.FileName()))}
	names := []string{d.FileName() + release.MinisignSuffix}
	for _, p := range d.Platforms {
		names = append(names, p.Archive)
	}
	for _, name := range names {
		layer := push(ocispec.MediaTypeImageLayer, read(name))
		layer.Annotations = map[string]string{ocispec.AnnotationTitle: name}
		m.Layers = append(m.Layers, layer)
	}
	if change != nil {
		change(&m)
	}
	data, err := json.Marshal(m)
	if err != nil {
		a.t.Fatal(err)
	}
	desc := push(ocispec.MediaTypeImageManifest, data)
	if err := store.Tag(ctx, desc, tag); err != nil {
		a.t.Fatal(err)
	}
	return desc
}

// serveRegistry serves the layout of a folder as a repository called team/ok.
func serveRegistry(t *testing.T, folder string) string {
	t.Helper()
	blob := func(w http.ResponseWriter, r *http.Request, mediaType, sum string) {
		data, err := os.ReadFile(filepath.Join(folder, "blobs", "sha256", strings.TrimPrefix(sum, "sha256:")))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Docker-Content-Digest", sum)
		http.ServeContent(w, r, "", published, bytes.NewReader(data))
	}
	store, err := oci.NewFromFS(t.Context(), os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := strings.CutPrefix(r.URL.Path, "/v2/team/ok/")
		kind, name, _ := strings.Cut(path, "/")
		if !ok {
			http.NotFound(w, r)
			return
		}
		switch kind {
		case "blobs":
			blob(w, r, "application/octet-stream", name)
		case "manifests":
			desc, err := store.Resolve(r.Context(), name)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			blob(w, r, ocispec.MediaTypeImageManifest, string(desc.Digest))
		case "tags":
			var all []string
			_ = store.Tags(r.Context(), "", func(tags []string) error {
				all = append(all, tags...)
				return nil
			})
			_ = json.NewEncoder(w).Encode(map[string]any{"name": "team/ok", "tags": all})
		}
	}))
	t.Cleanup(server.Close)
	return "oci://" + strings.TrimPrefix(server.URL, "http://") + "/team/ok"
}

func TestRepositories(t *testing.T) {
	a, folder := newAuthor(t), t.TempDir()
	first := a.layout(folder, "1.2.0", a.release("1.2.0"), nil)
	a.layout(folder, "1.10.0", a.release("1.10.0"), nil)
	a.layout(folder, "latest", a.release("1.10.0"), nil)
	for _, at := range []string{"oci-layout:" + folder, serveRegistry(t, folder)} {
		f := fetching(t, at, a.trusted())
		f.query.Trust.Require = "acme"
		r := fetched(t, f)
		if r.Version != "1.10.0" || r.Signer.Name != "acme" || r.Source.Digest().IsZero() ||
			!strings.HasPrefix(r.Source.String(), at+"@sha256:") {
			t.Errorf("%s: %+v", at, r)
		}
		// What was found is found again by its digest, whatever the tags have become.
		f = fetching(t, r.Source.String(), a.trusted())
		f.query.Pinned = r.Digest
		fetched(t, f)
		for reference, version := range map[string]string{":1.2.0": "1.2.0", ":latest": "1.10.0",
			"@" + string(first.Digest): "1.2.0"} {
			if r := fetched(t, fetching(t, at+reference, a.trusted())); r.Version != version {
				t.Errorf("%s: %+v", reference, r)
			}
		}
		f = fetching(t, at, a.trusted())
		f.query.Into = ""
		reply := f.answer(t.Context())
		if len(reply.Versions) != 2 || reply.Versions[0].Version != "1.10.0" {
			t.Errorf("%s: %+v", at, reply)
		}
	}
}

func TestRepositoryAttacks(t *testing.T) {
	for name, tt := range map[string]struct {
		tag    string
		change func(*ocispec.Manifest)
		after  func(f *fetcher, folder string, desc ocispec.Descriptor)
		kind   source.ErrorKind
		text   string
	}{
		"no such tag": {after: func(f *fetcher, _ string, _ ocispec.Descriptor) { f.query.Constraint = "~> 2.0" },
			kind: source.NoVersion, text: "there is 1.2.0"},
		"tag of another version": {tag: "1.3.0", kind: source.Refused,
			text: "the tag says version 1.3.0, and the release document is of ok 1.2.0"},
		"tag changes under the pin": {after: func(f *fetcher, _ string, _ ocispec.Descriptor) {
			f.query.Pinned = sha256.Sum256(nil)
		}, kind: source.Changed, text: "is not the one that was pinned"},
		"an image": {change: func(m *ocispec.Manifest) { m.Config.MediaType = ocispec.MediaTypeImageConfig },
			kind: source.Refused, text: "not the release of a plugin"},
		"no archive": {change: func(m *ocispec.Manifest) { m.Layers = m.Layers[:1] },
			kind: source.NotFound, text: "no layer is called"},
		"no signature": {change: func(m *ocispec.Manifest) { m.Layers = m.Layers[1:] },
			kind: source.Unsigned, text: "is not signed"},
		"names twice": {change: func(m *ocispec.Manifest) { m.Layers = append(m.Layers, m.Layers[0]) },
			kind: source.Refused, text: "two layers are called"},
		"large document": {change: func(m *ocispec.Manifest) { m.Config.Size = 1 << 30 },
			kind: source.Refused, text: "a descriptor of 1073741824 bytes"},
		"weak digest": {change: func(m *ocispec.Manifest) {
			m.Config.Digest = "sha512:" + digest.Digest(strings.Repeat("a",
				128))
		},
			kind: source.Refused, text: "and SHA-256"},
		"manifest changed": {after: func(_ *fetcher, folder string, desc ocispec.Descriptor) {
			path := filepath.Join(folder, "blobs", "sha256", desc.Digest.Encoded())
			data, _ := os.ReadFile(path)
			_ = os.Chmod(path, 0o600)
			_ = os.WriteFile(path, bytes.Replace(data, []byte("image"), []byte("imagE"), 1), 0o600)
		}, kind: source.Refused, text: "what came is not what was announced"},
	} {
		t.Run(name, func(t *testing.T) {
			a, folder := newAuthor(t), t.TempDir()
			if tt.tag == "" {
				tt.tag = "1.2.0"
			}
			change := tt.change
			if change == nil {
				change = func(*ocispec.Manifest) {}
			}
			desc := a.layout(folder, tt.tag, a.release("1.2.0"), change)
			f := fetching(t, serveRegistry(t, folder), a.trusted())
			if tt.after != nil {
				tt.after(&f, folder, desc)
			}
			refused(t, f, tt.kind, tt.text)
		})
	}
}

func TestLayoutAttacks(t *testing.T) {
	a := newAuthor(t)
	d := a.release("1.2.0")
	folder := t.TempDir()
	desc := a.layout(folder, "1.2.0", d, nil)
	path := filepath.Join(folder, "blobs", "sha256", desc.Digest.Encoded())
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.Rename(path, outside); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, path); err != nil {
		t.Fatal(err)
	}
	refused(t, fetching(t, "oci-layout:"+folder, a.trusted()), source.Refused, "not a usable OCI layout")
	refused(t, fetching(t, "oci-layout:"+t.TempDir(), a.trusted()), source.NotFound, "index.json")
}

// A registry that wants a password, sends the client elsewhere for a token, or lists tags for ever.
func TestRegistries(t *testing.T) {
	for name, tt := range map[string]struct {
		handle http.HandlerFunc
		kind   source.ErrorKind
		text   string
	}{
		"wants a user": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
		}, source.NotFound, "wants a user and password"},
		"token from this machine's cloud": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://169.254.169.254/latest/meta-data",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		}, source.Refused, "in blocked prefix 169.254.0.0/16"},
		"tags for ever": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`<%s?last=%d>; rel="next"`, r.URL.Path, len(r.URL.RawQuery)))
			_, _ = w.Write([]byte(`{"name":"team/ok","tags":[]}`))
		}, source.Refused, "exceeded 100 pages"},
		"broken": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
			source.Unreachable, "answered 502"},
		"nothing there": {http.NotFound, source.NotFound, "it is not there"},
		"no registry": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
			source.Refused, "the registry's answer is not usable"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.handle)
			defer server.Close()
			at := "oci://" + strings.TrimPrefix(server.URL, "http://") + "/team/ok"
			refused(t, fetching(t, at), tt.kind, tt.text)
		})
	}
}

// A registry gets the credentials that Docker's config file has for it, and they are in no error. Another one gets
// none.
func TestRegistryWithCredentials(t *testing.T) {
	a, folder := newAuthor(t), t.TempDir()
	a.layout(folder, "1.2.0", a.release("1.2.0"), nil)
	open, err := url.Parse("http://" + strings.SplitN(strings.TrimPrefix(serveRegistry(t, folder), "oci://"), "/", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(open)
	basic := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "robot" || password != "canary-password" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer basic.Close()
	// A registry with tokens: the password goes to the server of the tokens, and the token to the registry.
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, ok := r.BasicAuth(); !ok || password != "canary-password" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"token":"canary-token"}`))
	}))
	defer tokens.Close()
	bearer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer canary-token" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+tokens.URL+`/token",service="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer bearer.Close()
	config := func(host, password string) string {
		path := filepath.Join(t.TempDir(), "config.json")
		login := base64.StdEncoding.EncodeToString([]byte("robot:" + password))
		text := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, login)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(broken, []byte(`{"auths": canary`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, server := range []*httptest.Server{basic, bearer} {
		host := strings.TrimPrefix(server.URL, "http://")
		for _, tt := range []struct {
			config string
			kind   source.ErrorKind
			text   string
		}{
			{config(host, "canary-password"), "", ""},
			{config(host, "canary-wrong"), source.NotFound, "takes none that Docker's config file has for " + host},
			{config("registry.example.com", "canary-password"), source.NotFound, "sign in with `docker login`"},
			{filepath.Join(t.TempDir(), "none.json"), source.NotFound, "Credential helpers are not run"},
			{broken, source.Refused, "is not a config file of Docker"},
			{t.TempDir(), source.Refused, "is not a regular file"},
		} {
			f := fetching(t, "oci://"+host+"/team/ok", a.trusted())
			f.query.RegistryConfig = tt.config
			if tt.kind == "" {
				fetched(t, f)
				continue
			}
			refused(t, f, tt.kind, tt.text)
			if reply := f.answer(t.Context()); strings.Contains(reply.Error.Text, "canary") {
				t.Errorf("a secret in %s", reply.Error.Text)
			}
		}
	}
}
