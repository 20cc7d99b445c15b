package source

import (
	"context"
	"errors"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// Evidence is what proves who signed a release: its release document, and the signatures that came with it.
type Evidence struct {
	Document   []byte      `json:"document"`
	Signatures []Signature `json:"signatures"`
}

// Signature is one of a release document. Kind is minisign or sigstore.
type Signature struct {
	Kind string `json:"kind"`
	Data []byte `json:"data"`
}

// MaxEvidence is above the largest release document with the most signatures, in base64.
const MaxEvidence = 5 << 20

// VerifySignature finds the key of the user that has signed a release which was accepted before: the one that is
// required, or any. Nothing is fetched. A key that has expired since counts, and one that was revoked does not. The
// signer is zero if none of the keys has signed it and none is required. The error is an *[Error].
func (f Fetcher) VerifySignature(ctx context.Context, e Evidence, t Trust) (Signer, error) {
	reply, err := f.ask(ctx, Query{Evidence: &e, Trust: t})
	if err != nil {
		return Signer{}, err
	}
	if reply.Signer == nil {
		return Signer{}, errors.New(programName + " named no signer: install auth0-mcp again")
	}
	return *reply.Signer, nil
}

// platform is that of a request: this machine's if it names none.
func (q Query) platform() string {
	if q.Platform == "" {
		return catalog.Platform()
	}
	return q.Platform
}
