package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const (
	// documentType is the media type of a release document, which is the config of an artifact.
	documentType     = "application/vnd.auth0-mcp.plugin.release.v1+json"
	maxManifestOCI   = 1 << 20
	maxLayoutIndex   = 4 << 20
	maxTags          = 10_000
	maxTagPages      = 100
	maxLayersOfOne   = 500
	layoutIndexName  = "index.json"
	tagInPlaceOfPlus = "_" // a tag has no "+"
)

// repository is a registry's, or an OCI layout on disk.
type repository interface {
	content.Fetcher
	content.Resolver
	registry.TagLister
}

// repository opens the repository of the query. done must be called at the end.
func (f fetcher) repository(ctx context.Context) (repo repository, done func(), err error) {
	s := f.query.Source
	if s.Kind() == source.OCI {
		repo, err = f.remote(s)
		return repo, func() {}, err
	}
	if info, err := os.Stat(filepath.Join(s.At(), layoutIndexName)); err != nil {
		return nil, nil, err
	} else if !info.Mode().IsRegular() || info.Size() > maxLayoutIndex {
		return nil, nil, fault(source.Refused, "its %s is not a file of at most %d bytes", layoutIndexName, maxLayoutIndex)
	}
	root, err := os.OpenRoot(s.At()) // no link leads out of it
	if err != nil {
		return nil, nil, err
	}
	repo, err = oci.NewFromFS(ctx, root.FS())
	if err != nil {
		return nil, nil, errors.Join(fault(source.Refused, "not a usable OCI layout: %v", err), root.Close())
	}
	return repo, func() { _ = root.Close() }, nil
}

func (f fetcher) remote(s source.Source) (*remote.Repository, error) {
	repo, err := remote.NewRepository(s.At())
	if err != nil {
		return nil, fault(source.Refused, "%v", err)
	}
	login, err := f.login()
	if err != nil {
		return nil, err
	}
	client := &auth.Client{Client: f.web.client, Cache: auth.NewCache(), Credential: login}
	client.SetUserAgent("auth0-mcp")
	repo.Client = client
	repo.PlainHTTP = isLoopback(&url.URL{Host: s.Host()})
	repo.TagListMaxPages = maxTagPages
	repo.MaxMetadataBytes = maxManifestOCI
	return repo, nil
}

// repositoryVersions lists the tags that are versions.
func (f fetcher) repositoryVersions(ctx context.Context) ([]source.Version, error) {
	repo, done, err := f.repository(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return f.tags(ctx, repo)
}

func (f fetcher) tags(ctx context.Context, repo repository) ([]source.Version, error) {
	var all []source.Version
	err := repo.Tags(ctx, "", func(tags []string) error {
		for _, tag := range tags {
			version := strings.Replace(tag, tagInPlaceOfPlus, "+", 1)
			if catalog.CheckNaming("any", version) == nil {
				all = append(all, source.Version{Version: version})
			}
		}
		if len(all) > maxTags {
			return fault(source.Refused, "it has more than %d versions", maxTags)
		}
		return nil
	})
	if err != nil {
		return nil, f.registryError(err)
	}
	return newestFirst(all), nil
}

// fetchFromRepository gets the version that is wanted from a registry or a layout.
func (f fetcher) fetchFromRepository(ctx context.Context) (source.Release, error) {
	repo, done, err := f.repository(ctx)
	if err != nil {
		return source.Release{}, err
	}
	defer done()
	reference, version, err := f.choose(ctx, repo)
	if err != nil {
		return source.Release{}, err
	}
	found, err := repo.Resolve(ctx, reference)
	if err != nil {
		return source.Release{}, f.registryError(err)
	}
	o, err := f.artifact(ctx, repo, found)
	if err != nil {
		return source.Release{}, fmt.Errorf("%s: %w", reference, err)
	}
	exact, err := catalog.ParseDigest(string(found.Digest))
	if err != nil {
		return source.Release{}, err
	}
	o.source = f.query.Source.WithDigest(exact)
	got, err := f.take(ctx, o)
	if err != nil {
		return source.Release{}, err
	}
	if version != "" && got.Version != version {
		return got, fault(source.Refused, "the tag says version %s, and the release document is of %s %s", version, got.Name,
			got.Version)
	}
	if ok, err := source.Satisfies(got.Version, f.query.Constraint); f.query.Constraint != "" && (err != nil || !ok) {
		return got, errors.Join(fault(source.NoVersion, "%s is version %s, which does not satisfy %q", reference, got.Version,
			f.query.Constraint), err)
	}
	return got, nil
}

// choose says which tag or digest is wanted, and which version the tag then means.
func (f fetcher) choose(ctx context.Context, repo repository) (reference, version string, err error) {
	s := f.query.Source
	switch {
	case !s.Digest().IsZero():
		return s.Digest().String(), "", nil
	case s.Tag() != "":
		return s.Tag(), "", nil
	}
	all, err := f.tags(ctx, repo)
	if err != nil {
		return "", "", err
	}
	chosen, err := source.Select(all, f.query.Constraint)
	if err != nil {
		return "", "", err
	}
	return strings.Replace(chosen.Version, "+", tagInPlaceOfPlus, 1), chosen.Version, nil
}

// artifact reads the manifest of an artifact, its release document and its signatures.
func (f fetcher) artifact(ctx context.Context, repo repository, found ocispec.Descriptor) (o offer, err error) {
	data, err := f.blob(ctx, repo, found, maxManifestOCI)
	if err != nil {
		return o, err
	}
	var m ocispec.Manifest
	if err := jsonv2.Unmarshal(data, &m); err != nil {
		return o, fault(source.Refused, "not the manifest of an artifact: %v", err)
	}
	if m.Config.MediaType != documentType {
		return o, fault(source.Refused, "not the release of a plugin: its config has the media type %q and not %q",
			m.Config.MediaType, documentType)
	}
	if len(m.Layers) > maxLayersOfOne {
		return o, fault(source.Refused, "it has more than %d layers", maxLayersOfOne)
	}
	o.at = "the config of " + string(found.Digest)
	if o.document, err = f.blob(ctx, repo, m.Config, release.MaxDocumentBytes); err != nil {
		return o, err
	}
	files := map[string]ocispec.Descriptor{}
	for _, layer := range m.Layers {
		name := layer.Annotations[ocispec.AnnotationTitle]
		if _, twice := files[name]; twice {
			return o, fault(source.Refused, "two layers are called %q", name)
		}
		files[name] = layer
		kind := signatureKind(name)
		if kind == "" || len(o.signatures) == maxSignatures {
			continue
		}
		data, err := f.blob(ctx, repo, layer, maxSignatureBytes)
		if err != nil {
			return o, err
		}
		o.signatures = append(o.signatures, signature{kind, data})
	}
	o.open = func(ctx context.Context, name string) (io.ReadCloser, error) {
		layer, ok := files[name]
		if !ok {
			return nil, fault(source.NotFound, "no layer is called %s, which the release document names", name)
		}
		from, err := repo.Fetch(ctx, layer)
		if err != nil {
			return nil, f.registryError(err)
		}
		return from, nil
	}
	return o, nil
}

func signatureKind(name string) string {
	switch {
	case strings.HasSuffix(name, release.MinisignSuffix):
		return release.SignatureMinisign
	case strings.HasSuffix(name, release.SigstoreSuffix):
		return release.SignatureSigstore
	}
	return ""
}

// blob reads something small by its descriptor, and compares its size and digest.
func (f fetcher) blob(ctx context.Context, repo repository, d ocispec.Descriptor, limit int64) ([]byte, error) {
	if d.Size <= 0 || d.Size > limit || d.Digest.Algorithm() != digest.SHA256 || d.Digest.Validate() != nil {
		return nil, fault(source.Refused, "a descriptor of %d bytes with digest %q: want at most %d bytes and SHA-256",
			d.Size, d.Digest, limit)
	}
	from, err := repo.Fetch(ctx, d)
	if err != nil {
		return nil, f.registryError(err)
	}
	defer from.Close()
	data, err := content.ReadAll(from, d)
	if err != nil {
		return nil, f.registryError(fmt.Errorf("%s: %w", d.Digest, err))
	}
	return data, nil
}

// registryError says what an error of a registry or a layout means.
func (f fetcher) registryError(err error) error {
	known, ours := errors.AsType[*source.Error](err)
	answered, ok := errors.AsType[*errcode.ErrorResponse](err)
	status := 0
	if ok {
		status = answered.StatusCode
	}
	switch {
	case ours:
		return known
	case errors.Is(err, auth.ErrBasicCredentialNotFound), status == http.StatusUnauthorized,
		status == http.StatusForbidden:
		return fault(source.NotFound, "the registry wants a user and password, and takes none that Docker's config file has "+
			"for %s: sign in with `docker login`. Credential helpers are not run: with one, copy the artifact with `oras copy "+
			"--to-oci-layout`, and install from there", f.query.Source.Host())
	case errors.Is(err, errdef.ErrNotFound), errors.Is(err, fs.ErrNotExist), status == http.StatusNotFound:
		return fault(source.NotFound, "it is not there (%v): check the repository, the tag and the digest", err)
	case errors.Is(err, content.ErrMismatchedDigest), errors.Is(err, content.ErrTrailingData),
		errors.Is(err, content.ErrInvalidDescriptorSize), errors.Is(err, errdef.ErrSizeExceedsLimit):
		return fault(source.Refused, "what came is not what was announced (%v): ask its author", err)
	case !f.query.Source.Remote():
		return fault(source.Refused, "not a usable OCI layout: %v", err)
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return f.web.unreachable(&url.URL{Host: f.query.Source.Host()}, err)
	}
	if ok {
		return fault(source.Unreachable, "the registry answered %d (%v): try again later", status, err)
	}
	return fault(source.Refused, "the registry's answer is not usable: %v", err)
}
