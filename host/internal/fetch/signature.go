package fetch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"aead.dev/minisign"

	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// maxSignatureBytes bounds one signature. A Sigstore bundle takes about 10 kB.
const maxSignatureBytes = 256 << 10

// signature is one that came with a release.
type signature struct {
	kind string
	data []byte
}

// requiredKey is the key that the user requires.
func (f fetcher) requiredKey() (source.Key, error) {
	name := f.query.Trust.Require
	key, ok := f.query.Trust.Keys.Find(name)
	if !ok {
		return source.Key{}, fault(source.Untrusted, "key %s is required and is not among the trusted keys: add it with "+
			"`auth0-mcp plugin keys add %s`", name, name)
	}
	return key, nil
}

// signer finds the trusted key that has signed a message; what names the message. One good signature is enough. Without
// one, a wrong signature is refused even where none is required: the content was changed.
func (f fetcher) signer(what string, message []byte, all []signature) (source.Signer, error) {
	trust := f.query.Trust
	if trust.Require != "" {
		if _, err := f.requiredKey(); err != nil {
			return source.Signer{}, err
		}
	}
	var unknown []string
	var wrong, others []error
	for _, s := range all {
		key, err := f.verify(message, s)
		var stranger *strangerError
		switch {
		case errors.As(err, &stranger):
			unknown = append(unknown, stranger.who)
		case err != nil:
			wrong = append(wrong, err)
		case trust.Require != "" && key.Name != trust.Require:
			others = append(others, fmt.Errorf("key %s", key.Name))
		default:
			return key.Signer(), nil
		}
	}
	switch {
	case len(wrong) > 0:
		return source.Signer{}, fault(source.Untrusted, "%s: %v", what, wrong[0])
	case len(others) > 0:
		return source.Signer{}, fault(source.Untrusted, "%s is signed by %v, and key %s is required. Require that key, or "+
			"ask the author", what, others[0], trust.Require)
	case trust.Require == "" && (trust.AllowUnsigned || !f.query.Pinned.IsZero()):
		return source.Signer{}, nil // what is pinned was accepted before
	case len(unknown) > 0:
		return source.Signer{}, fault(source.Untrusted, "%s is signed by %s, which you do not trust. If you do, "+
			"add the key that its author publishes: `auth0-mcp plugin keys add NAME KEY`", what, strings.Join(unknown, " and "))
	default:
		return source.Signer{}, fault(source.Unsigned, "%s is not signed%s. Ask its author to sign it, or accept what is "+
			"not signed with --allow-unsigned", what, requiring(trust.Require))
	}
}

// verifyAgain finds the trusted key that has signed a release which was accepted before, from what was kept of it.
func (f fetcher) verifyAgain(e source.Evidence) (source.Signer, error) {
	f.query.Pinned = sha256.Sum256(e.Document) // a key may expire after what it has signed was accepted
	var all []signature
	for _, s := range e.Signatures[:min(len(e.Signatures), maxSignatures)] {
		all = append(all, signature{s.Kind, s.Data})
	}
	return f.signer("the release", e.Document, all)
}

func requiring(name string) string {
	if name == "" {
		return ""
	}
	return ", and key " + name + " is required"
}

// strangerError is a signature by a key or an identity that the user has not added.
type strangerError struct{ who string }

func (e *strangerError) Error() string { return "unknown signer " + e.who }

// verify checks one signature. The error is a *strangerError if it is by no trusted key.
func (f fetcher) verify(message []byte, s signature) (source.Key, error) {
	if s.kind == release.SignatureSigstore {
		return f.verifySigstore(message, s.data)
	}
	var sig minisign.Signature
	if err := sig.UnmarshalText(s.data); err != nil {
		return source.Key{}, errors.New("a signature is not one of minisign: ask the author")
	}
	for _, key := range f.query.Trust.Keys {
		if key.Minisign == "" {
			continue
		}
		public, err := key.Public()
		if err != nil || public.ID() != sig.KeyID {
			continue
		}
		if !minisign.Verify(public, message, s.data) {
			return source.Key{}, fmt.Errorf("the signature of key %s is not of this content: it was changed after it was "+
				"signed, or the signature belongs to something else. Do not install it; ask the author", key.Name)
		}
		return key, f.checkKey(key)
	}
	return source.Key{}, &strangerError{"key " + source.KeyID(sig.KeyID)}
}

// checkKey refuses a key that the user does not trust any more. What is pinned was accepted while the key was good, so
// only a revocation counts against it.
func (f fetcher) checkKey(key source.Key) error {
	switch {
	case !key.Revoked.IsZero():
		return fmt.Errorf("key %s was revoked on %s: ask the author for a release that is signed with a new key", key.Name,
			key.Revoked.UTC().Format(time.DateOnly))
	case !key.Expires.IsZero() && !key.Expires.After(f.now) && f.query.Pinned.IsZero():
		return fmt.Errorf("key %s expired on %s: ask the author for the new key. To trust this one longer, "+
			"remove it and add it again with a later --expires", key.Name, key.Expires.UTC().Format(time.DateOnly))
	}
	return nil
}
