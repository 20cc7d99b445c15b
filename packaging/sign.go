package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aead.dev/minisign"
)

const (
	// keyVariable holds the text of a minisign secret key file, passwordVariable its password if it has one.
	keyVariable      = "MINISIGN_SECRET_KEY"
	passwordVariable = "MINISIGN_PASSWORD"
)

// signer signs releases. https://jedisct1.github.io/minisign/
type signer struct{ private minisign.PrivateKey }

// signingKey is the key of the environment, or a new one; nil if there is none.
func signingKey(throwaway bool, getenv func(string) string) (*signer, error) {
	text := getenv(keyVariable)
	switch {
	case throwaway && text != "":
		return nil, errors.New("-throwaway-key and " + keyVariable + " exclude each other")
	case throwaway:
		_, private, err := minisign.GenerateKey(rand.Reader)
		return &signer{private}, err
	case text == "":
		return nil, nil //nolint:nilnil // not signed
	}
	private, err := parseKey(text, getenv(passwordVariable))
	if err != nil {
		// Not the error itself: it may quote the key.
		return nil, errors.New(keyVariable + " is not the text of a minisign secret key file, or " + passwordVariable +
			" is not its password")
	}
	return &signer{private}, nil
}

func parseKey(text, password string) (key minisign.PrivateKey, err error) {
	if minisign.IsEncrypted([]byte(text)) {
		return minisign.DecryptKey(password, []byte(text))
	}
	err = key.UnmarshalText([]byte(text))
	return key, err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writeChecksums lists the digests of all files, as sha256sum prints them, and signs the list. The trusted comment
// binds the signature to name and version: an older release is not passed off as this one.
func (r *Release) writeChecksums(out *output) error {
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(out.sums)) {
		fmt.Fprintf(&text, "%s  %s\n", out.sums[name], name)
	}
	name := r.fileName("checksums.txt")
	if err := out.add(name, text.Bytes()); err != nil || r.key == nil {
		return err
	}
	trusted := strings.Join([]string{r.Name, r.version, name}, " ")
	signature := minisign.SignWithComments(r.key.private, text.Bytes(), trusted, "signature of "+name)
	if err := out.add(name+".minisig", signature); err != nil {
		return err
	}
	public, ok := r.key.private.Public().(minisign.PublicKey)
	if !ok {
		return errors.New("the signing key has no public key")
	}
	encoded, err := public.MarshalText()
	if err != nil {
		return err
	}
	return out.add("minisign.pub", append(encoded, '\n'))
}
