package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// downloadName is the archive's in the folder of the query. No plugin's file is called so.
const downloadName = ".download"

// offer is a release document with what belongs to it, wherever it was found.
type offer struct {
	// source is where, at the place of the document for messages.
	source     source.Source
	at         string
	document   []byte
	signatures []signature
	yanked     string
	origins    []string
	// open opens an archive that the document names.
	open func(ctx context.Context, name string) (io.ReadCloser, error)
}

// take checks a release and unpacks it.
func (f fetcher) take(ctx context.Context, o offer) (source.Release, error) {
	digest := catalog.Digest(sha256.Sum256(o.document))
	d, err := release.ParseDocument(o.document)
	if err != nil {
		return source.Release{}, fault(source.Refused, "%s is not a usable release document: %v", o.at, err)
	}
	if !f.query.Pinned.IsZero() && digest != f.query.Pinned {
		return source.Release{}, f.changed(d.Version, digest)
	}
	signer, err := f.signer("the release "+d.Version, o.document, o.signatures)
	if err != nil {
		return source.Release{}, err
	}
	ours, ok := d.Platforms[f.query.Platform]
	if !ok {
		return source.Release{}, fault(source.WrongPlatform, "%s %s has nothing for %s, only for %s: ask its author",
			d.Name, d.Version, f.query.Platform, strings.Join(slices.Sorted(maps.Keys(d.Platforms)), ", "))
	}
	from, err := o.open(ctx, ours.Archive)
	if err != nil {
		return source.Release{}, err
	}
	archive := filepath.Join(f.query.Into, downloadName)
	if err := download(from, archive, ours.Archive, ours.Size, ours.Digest); err != nil {
		return source.Release{}, err
	}
	got, err := f.unpack(ours.Archive, archive)
	if err != nil {
		return source.Release{}, fmt.Errorf("%s: %w", ours.Archive, err)
	}
	if err := matches(d, ours, got); err != nil {
		return source.Release{}, fmt.Errorf("%s: %w", ours.Archive, err)
	}
	r := source.Release{Source: o.source, Name: d.Name, Version: d.Version, Digest: digest, Manifest: d.Manifest,
		Platforms: map[string]source.Platform{}, Published: d.Published, Yanked: o.yanked, Origins: o.origins,
		Signer: signer, Evidence: source.Evidence{Document: o.document}}
	for _, s := range o.signatures {
		r.Evidence.Signatures = append(r.Evidence.Signatures, source.Signature{Kind: s.kind, Data: s.data})
	}
	for name, p := range d.Platforms {
		r.Platforms[name] = source.Platform{Archive: p.Digest, Size: p.Size, Binary: p.Binary}
	}
	return r, nil
}

// matches compares the content of an archive with its release document.
func matches(d release.Document, ours release.Platform, got unpacked) error {
	const advice = "Ask the author of the plugin for a sound release"
	switch {
	case got.manifest != d.Manifest:
		return fault(source.Refused, "its manifest is not the one of the release: %s, and the release document has %s. %s",
			got.manifest, d.Manifest, advice)
	case got.name != d.Name || got.version != d.Version:
		return fault(source.Refused, "its manifest is that of %s %s, and the release document is of %s %s. %s", got.name,
			got.version, d.Name, d.Version, advice)
	case got.binary != ours.Binary:
		return fault(source.Refused, "its executable is not the one of the release: %s, and the release document has %s. %s",
			got.binary, ours.Binary, advice)
	}
	return nil
}

// download writes a file of a known size and digest to path. What is longer is not read to its end.
func download(from io.ReadCloser, path, name string, size int64, digest catalog.Digest) (err error) {
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	hash := sha256.New()
	limit := size
	if limit < 0 {
		limit = release.MaxArchiveBytes
	}
	written, err := io.Copy(io.MultiWriter(to, hash), io.LimitReader(from, limit+1))
	found := catalog.Digest(hash.Sum(nil))
	local, isLocal := errors.AsType[*os.PathError](err)
	switch {
	case isLocal && local.Path == path:
		return fmt.Errorf("%s cannot be stored here: %w", name, err)
	case err != nil:
		return brokeOff(name, written, err)
	case written > limit:
		return fault(source.Refused, "%s is larger than the %d bytes that were announced, or allowed. Ask its author", name,
			limit)
	case size >= 0 && written < size:
		return fault(source.Refused, "%s has %d bytes and not the %d that were announced: try again, or ask its author",
			name, written, size)
	case !digest.IsZero() && found != digest:
		return fault(source.Refused, "%s is not what was announced: its digest is %s and not %s. It was changed, or is "+
			"damaged. Ask its author", name, found, digest)
	}
	return nil
}

// besides opens the files beside the one at a place.
func (f fetcher) besides(at string) func(context.Context, string) (io.ReadCloser, error) {
	return func(ctx context.Context, name string) (io.ReadCloser, error) {
		// name is a plain file name, which is sure to be relative
		path, err := resolve(at, "./"+name, nil)
		if err != nil {
			return nil, err
		}
		return f.open(ctx, path)
	}
}

// fetchFolder copies a plugin from a folder of this machine.
func (f fetcher) fetchFolder() (source.Release, error) {
	s := f.query.Source
	if name := f.query.Trust.Require; name != "" {
		return source.Release{}, fault(source.Unsigned, "a folder has no signature, and key %s is required: install from an "+
			"index or a registry, or without a key", name)
	}
	if err := checkFolder(s.At()); err != nil {
		return source.Release{}, err
	}
	p, err := catalog.ReadPlugin(filepath.Join(s.At(), manifestName))
	if err != nil {
		return source.Release{}, err
	}
	if err := checkProgram(p.Path, f.query.Platform); err != nil {
		return source.Release{}, err
	}
	inside, err := filepath.Rel(s.At(), p.Path)
	if err != nil {
		return source.Release{}, err
	}
	manifest, err := f.copy(p.ManifestPath, manifestName, 0o600)
	if err != nil {
		return source.Release{}, err
	}
	binary, err := f.copy(p.Path, inside, 0o700)
	if err != nil {
		return source.Release{}, err
	}
	if manifest != p.ManifestDigest {
		return source.Release{}, fault(source.Changed, "manifest.json changed while it was read: try again")
	}
	return source.Release{Source: s, Name: p.Name, Version: p.Version, Manifest: manifest,
		Platforms: map[string]source.Platform{f.query.Platform: {Binary: binary}}}, nil
}

func (f fetcher) copy(from, inside string, mode os.FileMode) (catalog.Digest, error) {
	file, err := openFile(from)
	if err != nil {
		return catalog.Digest{}, err
	}
	defer file.Close()
	return writeFile(f.query.Into, inside, mode, file)
}

// writeFile writes a new file below a folder.
func writeFile(folder, inside string, mode os.FileMode, from io.Reader) (digest catalog.Digest, err error) {
	path := filepath.Join(folder, filepath.FromSlash(inside))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return digest, err
	}
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return digest, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(to, hash), from); err != nil {
		return digest, err
	}
	return catalog.Digest(hash.Sum(nil)), to.Sync()
}

// fetchArchive takes a single archive: with the release document beside it on disk if there is one.
func (f fetcher) fetchArchive(ctx context.Context) (source.Release, error) {
	s := f.query.Source
	if !s.Remote() {
		o, err := f.documentOf(s)
		if err != nil {
			return source.Release{}, err
		}
		if o != nil {
			return f.take(ctx, *o)
		}
	}
	signer, err := f.signer("the archive", nil, nil)
	if err != nil {
		return source.Release{}, err
	}
	from, err := f.open(ctx, s.At())
	if err != nil {
		return source.Release{}, err
	}
	archive := filepath.Join(f.query.Into, downloadName)
	if err := download(from, archive, filepath.Base(s.At()), -1, s.Digest()); err != nil {
		return source.Release{}, err
	}
	digest, err := catalog.DigestFile(archive)
	if err != nil {
		return source.Release{}, err
	}
	info, err := os.Stat(archive)
	if err != nil {
		return source.Release{}, err
	}
	got, err := f.unpack(s.At(), archive)
	if err != nil {
		return source.Release{}, err
	}
	return source.Release{Source: s, Name: got.name, Version: got.version, Manifest: got.manifest, Signer: signer,
		Platforms: map[string]source.Platform{f.query.Platform: {Archive: digest, Size: info.Size(), Binary: got.binary}},
	}, nil
}

// documentOf finds the release document beside an archive that `plugin pack` has made: NAME_VERSION_GOOS_GOARCH.tar.gz.
// It is nil if there is none.
func (f fetcher) documentOf(s source.Source) (*offer, error) {
	folder, name := filepath.Split(s.At())
	parts := strings.Split(name, "_")
	if len(parts) < 4 {
		return nil, nil
	}
	at := filepath.Join(folder, strings.Join(parts[:len(parts)-2], "_")+release.DocumentSuffix)
	file, err := openFile(at)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o := &offer{source: s, at: at}
	if o.document, err = readAll(file, at, release.MaxDocumentBytes); err != nil {
		return nil, err
	}
	for kind, suffix := range map[string]string{release.SignatureMinisign: release.MinisignSuffix,
		release.SignatureSigstore: release.SigstoreSuffix} {
		file, err := openFile(at + suffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		data, err := readAll(file, at+suffix, maxSignatureBytes)
		if err != nil {
			return nil, err
		}
		o.signatures = append(o.signatures, signature{kind, data})
	}
	o.open = func(_ context.Context, wanted string) (io.ReadCloser, error) {
		if wanted != name {
			return nil, fault(source.WrongPlatform, "%s is not the archive for %s, which is %s", name, f.query.Platform, wanted)
		}
		return openFile(s.At())
	}
	return o, nil
}

// checkFolder refuses a path at which there is no folder of a plugin.
func checkFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fault(source.NotFound, "there is no such folder or file")
	case err != nil:
		return err
	case !info.IsDir():
		return fault(source.Refused, "want a folder, an archive (.tar.gz, .tgz or .zip), an index (.json) or a bundle (.tar)")
	}
	if _, err := os.Stat(filepath.Join(path, manifestName)); errors.Is(err, os.ErrNotExist) {
		return fault(source.NotFound, "it has no manifest.json: a plugin writes it itself: PLUGIN describe > manifest.json")
	}
	return nil
}

// checkProgram refuses an executable that is not for a platform.
func checkProgram(path, platform string) error {
	file, err := openFile(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, release.ProgramBytes)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	err = release.CheckProgram(head[:n], platform)
	if program, ok := errors.AsType[*release.ProgramError](err); ok {
		kind := source.WrongPlatform
		if program.Format == "" {
			kind = source.Refused
		}
		return fault(kind, "%v", program)
	}
	return err
}
