package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// maxSignatures is how many of a release are read.
const maxSignatures = 10

func (f fetcher) readIndex(ctx context.Context) (release.Index, error) {
	at := f.query.Source.At()
	data, err := f.read(ctx, at, release.MaxIndexBytes)
	if err != nil {
		return release.Index{}, err
	}
	// What was pinned needs no index to be believed.
	if f.query.Trust.Require != "" && f.query.Pinned.IsZero() {
		if err := f.checkIndexSignature(ctx, at, data); err != nil {
			return release.Index{}, err
		}
	}
	x, err := release.ParseIndex(data)
	if err != nil {
		return release.Index{}, fault(source.Refused, "not a usable index: %v", err)
	}
	if !x.Expires.IsZero() && !x.Expires.After(f.now) && f.query.Pinned.IsZero() {
		return release.Index{}, fault(source.Stale, "the index expired on %s: it may hide newer versions. Ask its author to "+
			"renew it, or try again later", x.Expires.UTC().Format(time.RFC3339))
	}
	return x, nil
}

// checkIndexSignature checks the signature of an index by the key that the user requires: otherwise who controls the
// server could offer old releases for ever.
func (f fetcher) checkIndexSignature(ctx context.Context, at string, index []byte) error {
	key, err := f.requiredKey()
	if err != nil {
		return err
	}
	sig := signature{release.SignatureMinisign, nil}
	suffix := release.MinisignSuffix
	if key.Sigstore != nil {
		sig.kind, suffix = release.SignatureSigstore, release.SigstoreSuffix
	}
	sig.data, err = f.read(ctx, at+suffix, maxSignatureBytes)
	known, _ := errors.AsType[*source.Error](err)
	if errors.Is(err, fs.ErrNotExist) || known != nil && known.Kind == source.NotFound {
		return fault(source.Unsigned, "the index is not signed: key %s is required, and there is no %s. Ask its author to "+
			"sign it with `auth0-mcp plugin index --key`", key.Name, at+suffix)
	}
	if err != nil {
		return err
	}
	_, err = f.signer("the index", index, []signature{sig})
	return err
}

// fetchIndexed gets the version that is wanted from an index.
func (f fetcher) fetchIndexed(ctx context.Context) (source.Release, error) {
	x, err := f.readIndex(ctx)
	if err != nil {
		return source.Release{}, err
	}
	chosen, err := source.Select(versionsOf(x), f.query.Constraint)
	if err != nil {
		return source.Release{}, err
	}
	entry, _ := x.Find(chosen.Version)
	if pinned := f.query.Pinned; !pinned.IsZero() && entry.Release.Digest != pinned {
		return source.Release{}, f.changed(chosen.Version, entry.Release.Digest)
	}
	at := f.query.Source.At()
	documentAt, err := resolve(at, entry.Release.URL, x.Origins)
	if err != nil {
		return source.Release{}, err
	}
	o := offer{yanked: entry.Yanked, origins: x.Origins, source: f.query.Source, at: documentAt}
	if o.document, err = f.read(ctx, documentAt, entry.Release.Size); err != nil {
		return source.Release{}, err
	}
	if found := catalog.Digest(sha256.Sum256(o.document)); found != entry.Release.Digest {
		return source.Release{}, fault(source.Refused, "%s is not what the index says: its digest is %s, and the index has "+
			"%s. Ask its author", documentAt, found, entry.Release.Digest)
	}
	if o.signatures, err = f.indexedSignatures(ctx, at, x.Origins, entry.Signatures); err != nil {
		return source.Release{}, err
	}
	o.open = f.besides(documentAt)
	got, err := f.take(ctx, o)
	if err == nil && (got.Name != x.Name || got.Version != entry.Version) {
		err = fault(source.Refused, "the index offers %s %s, and the release document is of %s %s", x.Name, entry.Version,
			got.Name, got.Version)
	}
	return got, err
}

func (f fetcher) changed(version string, found catalog.Digest) error {
	return fault(source.Changed, "version %s is not the one that was pinned: the source offers %s, and %s is pinned. A "+
		"published version must not change: ask its author. To accept it nevertheless, remove the plugin and install it "+
		"again", version, found, f.query.Pinned)
}

func (f fetcher) indexedSignatures(ctx context.Context, at string, origins []string, listed []release.Signature,
) ([]signature, error) {
	var all []signature
	for _, s := range listed[:min(len(listed), maxSignatures)] {
		if s.Type != release.SignatureMinisign && s.Type != release.SignatureSigstore {
			continue
		}
		signatureAt, err := resolve(at, s.URL, origins)
		if err != nil {
			return nil, err
		}
		data, err := f.read(ctx, signatureAt, maxSignatureBytes)
		if err != nil {
			return nil, err
		}
		all = append(all, signature{s.Type, data})
	}
	return all, nil
}

func newestFirst(all []source.Version) []source.Version {
	slices.SortStableFunc(all, func(a, b source.Version) int { return release.CompareVersions(b.Version, a.Version) })
	return all
}
