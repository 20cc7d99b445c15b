package fetch

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

const (
	workflow = "https://github.com/acme/ok/.github/workflows/release.yml@refs/tags/v1.2.0"
	issuer   = "https://token.actions.githubusercontent.com"
)

// instance is a Sigstore instance of a test.
type instance struct {
	*ca.VirtualSigstore

	t *testing.T
}

func newInstance(t *testing.T) instance {
	t.Helper()
	virtual, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	return instance{virtual, t}
}

// trusted is an identity of the instance as a user has named it.
func (i instance) trusted(subject string) source.Key {
	i.t.Helper()
	logs := i.RekorLogs()
	for id, l := range logs {
		raw, err := hex.DecodeString(id)
		if err != nil {
			i.t.Fatal(err)
		}
		l.ID = raw // not its text, as the instance of the tests has it
	}
	// Its certificates are in no log.
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, i.FulcioCertificateAuthorities(), nil,
		i.TimestampingAuthorities(), logs)
	if err != nil {
		i.t.Fatal(err)
	}
	data, err := trusted.MarshalJSON()
	if err != nil {
		i.t.Fatal(err)
	}
	return source.Key{Name: "acme-ci", Sigstore: &source.Identity{Subject: subject, Issuer: issuer, Root: data}}
}

// sign is a bundle as `cosign sign-blob` writes it.
func (i instance) sign(identity string, message []byte) []byte {
	i.t.Helper()
	entity, err := i.Sign(identity, issuer, message)
	if err != nil {
		i.t.Fatal(err)
	}
	verification, err := entity.VerificationContent()
	if err != nil {
		i.t.Fatal(err)
	}
	content, err := entity.SignatureContent()
	if err != nil {
		i.t.Fatal(err)
	}
	entries, err := entity.TlogEntries()
	if err != nil {
		i.t.Fatal(err)
	}
	stamps, err := entity.Timestamps()
	if err != nil {
		i.t.Fatal(err)
	}
	// The instance of the tests leaves out the kind of entry, and the log's promise to include it.
	entry := entries[0].TransparencyLogEntry()
	entry.KindVersion = &rekorpb.KindVersion{Kind: "hashedrekord", Version: "0.0.1"}
	promise, err := i.RekorSignPayload(tlog.RekorPayload{Body: entries[0].Body(), IntegratedTime: entry.IntegratedTime,
		LogIndex: entry.LogIndex, LogID: hex.EncodeToString(entry.LogId.KeyId)})
	if err != nil {
		i.t.Fatal(err)
	}
	entry.InclusionPromise = &rekorpb.InclusionPromise{SignedEntryTimestamp: promise}
	material := &bundlepb.VerificationMaterial{
		Content: &bundlepb.VerificationMaterial_X509CertificateChain{X509CertificateChain: &commonpb.X509CertificateChain{
			Certificates: []*commonpb.X509Certificate{{RawBytes: verification.Certificate().Raw}}}},
		TlogEntries: []*rekorpb.TransparencyLogEntry{entry},
		TimestampVerificationData: &bundlepb.TimestampVerificationData{
			Rfc3161Timestamps: []*commonpb.RFC3161SignedTimestamp{{SignedTimestamp: stamps[0]}}},
	}
	data, err := protojson.Marshal(&bundlepb.Bundle{
		MediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1", VerificationMaterial: material,
		Content: &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: commonpb.HashAlgorithm_SHA2_256,
				Digest: content.MessageSignatureContent().Digest()},
			Signature: content.Signature()}}})
	if err != nil {
		i.t.Fatal(err)
	}
	return data
}

// publishWith signs a release with Sigstore alone.
func (a *author) publishWith(bundle func(document []byte) []byte) {
	a.t.Helper()
	d := a.release("1.2.0")
	data, err := os.ReadFile(filepath.Join(a.folder, d.FileName()))
	if err != nil {
		a.t.Fatal(err)
	}
	name := d.FileName() + release.SigstoreSuffix
	a.write(name, bundle(data))
	a.index.Versions[0].Signatures = []release.Signature{{Type: release.SignatureSigstore, URL: name}}
	a.writeIndex()
}

func TestSigstore(t *testing.T) {
	i := newInstance(t)
	a := newAuthor(t)
	a.publishWith(func(document []byte) []byte { return i.sign(workflow, document) })
	at := filepath.Join(a.folder, "index.json")
	for _, subject := range []string{workflow, "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"} {
		r := fetched(t, fetching(t, at, i.trusted(subject)))
		if r.Signer.Name != "acme-ci" || r.Signer.Kind != "sigstore" {
			t.Errorf("got %+v", r.Signer)
		}
	}

	// What was kept of the release is verified again, without its source.
	r := fetched(t, fetching(t, at, i.trusted(workflow)))
	revoked := i.trusted(workflow)
	revoked.Revoked = published
	changed := source.Evidence{Document: append(slices.Clone(r.Evidence.Document), ' '), Signatures: r.Evidence.Signatures}
	for _, tt := range []struct {
		key      source.Key
		evidence source.Evidence
		text     string
	}{
		{i.trusted(workflow), r.Evidence, ""},
		{i.trusted(workflow), changed, "the release: the Sigstore bundle does not verify"},
		{revoked, r.Evidence, "was revoked"},
	} {
		f := fetcher{query: source.Query{Evidence: &tt.evidence, Trust: source.Trust{Keys: source.Keys{tt.key}}}}
		reply := f.answer(t.Context())
		switch {
		case tt.text == "" && (reply.Signer == nil || reply.Signer.Name != "acme-ci"):
			t.Errorf("got %+v", reply)
		case tt.text != "" && (reply.Error == nil || !strings.Contains(reply.Error.Text, tt.text)):
			t.Errorf("got %+v, want %q", reply.Error, tt.text)
		}
	}

	// Where the identity is required, it must have signed the index too.
	f := fetching(t, at, i.trusted(workflow))
	f.query.Trust.Require = "acme-ci"
	refused(t, f, source.Unsigned, "the index is not signed: key acme-ci is required")
	data, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	a.write("index.json.sigstore.json", i.sign(workflow, data))
	fetched(t, f)
}

func TestSigstoreAttacks(t *testing.T) {
	i := newInstance(t)
	for name, tt := range map[string]struct {
		bundle func(document []byte) []byte
		trust  func() source.Key
		text   string
	}{
		"other content": {func([]byte) []byte { return i.sign(workflow, []byte("another release")) }, nil,
			"this content was changed after it was signed"},
		"other identity": {func(d []byte) []byte { return i.sign("https://github.com/mallory/ok/release.yml@main", d) }, nil,
			"is signed by https://github.com/mallory/ok/release.yml@main of " + issuer},
		"identity that contains the trusted one": {func(d []byte) []byte { return i.sign(workflow+"/mallory", d) }, nil,
			"which you do not trust"},
		"more than a star stands for": {func(d []byte) []byte {
			return i.sign("https://github.com/acme/ok/.github/workflows/release.yml@refs/heads/x@refs/tags/v1", d)
		}, func() source.Key { return i.trusted("https://github.com/acme/ok/.github/workflows/*@refs/tags/*") },
			"which you do not trust"},
		"other issuer": {func(d []byte) []byte { return i.sign(workflow, d) }, func() source.Key {
			key := i.trusted(workflow)
			key.Sigstore.Issuer = "https://accounts.example.com"
			return key
		}, "which you do not trust"},
		"other instance": {func(d []byte) []byte { return newInstance(t).sign(workflow, d) }, nil, "does not verify"},
		"no bundle":      {func([]byte) []byte { return []byte(`{"mediaType":"text/plain"}`) }, nil, "not a Sigstore bundle"},
		"revoked": {func(d []byte) []byte { return i.sign(workflow, d) }, func() source.Key {
			key := i.trusted(workflow)
			key.Revoked = published
			return key
		}, "was revoked"},
		"unusable root": {func(d []byte) []byte { return i.sign(workflow, d) }, func() source.Key {
			key := i.trusted(workflow)
			key.Sigstore.Root = json.RawMessage(`{}`)
			return key
		}, "its trusted root is not usable"},
		"no trusted identity": {func(d []byte) []byte { return i.sign(workflow, d) }, func() source.Key {
			return newAuthor(t).trusted()
		}, "is signed by an identity of Sigstore, which you do not trust"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthor(t)
			a.publishWith(tt.bundle)
			key := i.trusted(workflow)
			if tt.trust != nil {
				key = tt.trust()
			}
			refused(t, fetching(t, filepath.Join(a.folder, "index.json"), key), source.Untrusted, tt.text)
		})
	}
}
