package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// verifySigstore checks a Sigstore bundle with the trusted roots of the user's keys, without asking any server. The
// error is a *strangerError if the bundle is sound and of another identity.
func (f fetcher) verifySigstore(message, data []byte) (source.Key, error) {
	keys := f.query.Trust.Keys
	stranger := &strangerError{"an identity of Sigstore"}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return source.Key{}, fmt.Errorf("a signature is not a Sigstore bundle (%w): ask the author", err)
	}
	var wrong error
	sound := false
	for _, key := range keys {
		if key.Sigstore == nil {
			continue
		}
		signer, err := signerOfBundle(key, &b, message)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("key %s: %w", key.Name, err))
			continue
		}
		sound = true
		stranger.who = signer.SubjectAlternativeName + " of " + signer.Issuer
		identity, err := identityOf(*key.Sigstore)
		if err != nil {
			return source.Key{}, fmt.Errorf("key %s: %w", key.Name, err)
		}
		if identity.Verify(signer) == nil {
			return key, f.checkKey(key)
		}
	}
	if wrong != nil && !sound {
		return source.Key{}, fmt.Errorf("the Sigstore bundle does not verify: this content was changed after it was signed, "+
			"or another Sigstore instance than the trusted root's has signed it. Do not install it; ask the author (%w)", wrong)
	}
	return source.Key{}, stranger
}

// signerOfBundle verifies everything of a bundle but who the signer is, and says that. What the trusted root has is
// demanded: a log of signatures, a log of certificates. When it was signed must be witnessed in any case, because the
// certificate is valid for minutes only.
func signerOfBundle(key source.Key, b *bundle.Bundle, message []byte) (certificate.Summary, error) {
	trusted, err := root.NewTrustedRootFromJSON(key.Sigstore.Root)
	if err != nil {
		return certificate.Summary{}, fmt.Errorf("its trusted root is not usable: %w", err)
	}
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1)}
	if len(trusted.RekorLogs()) > 0 {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if len(trusted.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	verifier, err := verify.NewVerifier(trusted, options...)
	if err != nil {
		return certificate.Summary{}, err
	}
	policy := verify.NewPolicy(verify.WithArtifact(bytes.NewReader(message)), verify.WithoutIdentitiesUnsafe())
	result, err := verifier.Verify(b, policy)
	if err != nil {
		return certificate.Summary{}, err
	}
	if result.Signature == nil || result.Signature.Certificate == nil {
		return certificate.Summary{}, errors.New("it is signed with a key and not with an identity")
	}
	return *result.Signature.Certificate, nil
}

// identityOf is the identity that the user trusts. "*" stands for any characters but "/" and "@".
func identityOf(i source.Identity) (verify.CertificateIdentity, error) {
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(i.Subject), `\*`, "[^/@]*") + "$"
	return verify.NewShortCertificateIdentity(i.Issuer, "", "", pattern)
}
